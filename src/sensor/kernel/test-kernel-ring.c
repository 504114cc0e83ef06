/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-kernel-ring.c - nothing is lost, and what is lost is counted: storms, small rings, restarts
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "sensor/kernel/test-kernel.h"

static void no_end_is_lost_in_a_storm(void **state _unused_)
{
	memset(&seen, 0, sizeof(seen));
	for (unsigned int i = 0; i < arg_forks; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		assert_true(pid > 0);
		/* Some at a time: to wait for each would measure the scheduler of a busy machine. */
		if (i % 100 != 99 && i + 1 < arg_forks)
			continue;
		while (waitpid(-1, NULL, 0) > 0)
			;
		kernel_poll(kernel);
	}
	kernel_poll(kernel);
	usleep(1100000);
	kernel_poll(kernel);
	assert_int_equal(seen.lost, 0);
	assert_int_equal(seen.of_children[KERNEL_PROCESS_EXIT], arg_forks);
}

#define BURST_MAKERS 2

/* As fast as one process can: three events of files and one of a socket each time round. */
static void make_burst(int maker, unsigned int rounds)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(9156) };
	char path[128];

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	snprintf(path, sizeof(path), "%s/burst%d", dir, maker);
	for (unsigned int i = 0; i < rounds; i++) {
		int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
		int s = socket(AF_INET, SOCK_DGRAM, 0);

		if (write(fd, "x", 1) != 1 || connect(s, (struct sockaddr *)&a, sizeof(a)) < 0)
			_exit(1);
		close(fd);
		close(s);
		if (unlink(path) < 0)
			_exit(1);
	}
	_exit(0);
}

/* Reads as the sensor does: when the ring fills, else 40 times a second. */
static void read_while_children_run(size_t children)
{
	struct pollfd p = { .fd = kernel_fd(kernel), .events = POLLIN };
	int status;

	while (children > 0) {
		(void)poll(&p, 1, 25);
		assert_true(kernel_poll(kernel) >= 0);
		while (children > 0 && waitpid(-1, &status, WNOHANG) > 0) {
			assert_int_equal(status, 0);
			children--;
		}
	}
	usleep(1100000); /* losses are looked at once a second */
	kernel_poll(kernel);
}

static void a_burst_of_files_and_sockets_is_told_whole(void **state _unused_)
{
	unsigned int rounds = arg_forks;
	int64_t begin = clock_monotonic_ns(), ns;

	memset(&seen, 0, sizeof(seen));
	for (int maker = 0; maker < BURST_MAKERS; maker++) {
		if (fork() == 0)
			make_burst(maker, rounds);
	}
	read_while_children_run(BURST_MAKERS);
	ns = clock_monotonic_ns() - begin - 1100 * NSEC_PER_MSEC;
	print_message("# %u events, %lld a second\n", BURST_MAKERS * rounds * 4,
		      (long long)(BURST_MAKERS * rounds * 4LL * NSEC_PER_SEC / ns));
	assert_int_equal(seen.lost, 0);
	assert_int_equal(seen.of_children[KERNEL_FILE_CREATE], BURST_MAKERS * rounds);
	assert_int_equal(seen.of_children[KERNEL_FILE_WRITE], BURST_MAKERS * rounds);
	assert_int_equal(seen.of_children[KERNEL_FILE_DELETE], BURST_MAKERS * rounds);
	assert_int_equal(seen.of_children[KERNEL_NET_CONNECT], BURST_MAKERS * rounds);
}

/* Makes an event on each processor, so that the highest number of each is known. */
static void touch_processors(long cpus)
{
	for (long cpu = 0; cpu < cpus; cpu++) {
		cpu_set_t set;
		pid_t pid;

		CPU_ZERO(&set);
		CPU_SET((size_t)cpu, &set);
		assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
		pid = fork();
		if (pid == 0)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
	kernel_poll(kernel);
}

static uint64_t numbers_given(long cpus)
{
	uint64_t sum = 0;

	for (long cpu = 0; cpu < cpus; cpu++)
		sum += seen.sequence[cpu];
	return sum;
}

/* All that was given so far, with what was lost of it reported: that is done once a second. */
static uint64_t settle(long cpus)
{
	usleep(1100000);
	kernel_poll(kernel);
	touch_processors(cpus);
	return numbers_given(cpus);
}

static void overrun(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t before, given;

	assert_true(cpus <= (long)ARRAY_SIZE(seen.sequence));
	before = settle(cpus);
	seen.all = seen.lost = 0;
	for (int i = 0; i < 1000; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
	given = settle(cpus) - before;
	assert_true(given >= 2000);
	assert_true(seen.lost > 1000);
	assert_int_equal(seen.all + seen.lost, given);
}

static void each_lost_event_is_counted(void **state _unused_)
{
	const struct kernel_options options = { .ring_bytes = 16384, .first_tier = arg_tier };
	struct kernel *outer = kernel;
	cpu_set_t before;
	struct err err = { 0 };

	memset(&seen, 0, sizeof(seen));
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	if (kernel_open(&options, &test_handlers, &kernel, &err) < 0) {
		kernel = outer;
		fail_msg("%s", err.msg);
	}
	overrun();
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
	kernel_close(kernel);
	kernel = outer;
}

static void start_true(void)
{
	execl("/bin/true", "true", NULL);
}

/* Opens pinned, tells the parent and waits for its end. */
static void be_a_sensor(const char *pins, int ready)
{
	struct kernel_options options = { .pin_dir = pins, .ring_bytes = 1 << 20,
					 .first_tier = arg_tier };
	struct kernel *k;

	if (kernel_open(&options, &test_handlers, &k, NULL) < 0 || write(ready, "x", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static void read_on_after_a_kill(const char *pins)
{
	struct kernel_options options = { .pin_dir = pins, .ring_bytes = 1 << 20,
					 .first_tier = arg_tier };
	struct kernel *outer = kernel;
	struct err err = { 0 };
	int ready[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0)
		be_a_sensor(pins, ready[1]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	run_child(start_true); /* nobody reads now but the kernel of the other tests */
	find(KERNEL_PROCESS_EXEC, NULL);
	seen.count = 0;
	if (kernel_open(&options, &test_handlers, &kernel, &err) < 0) {
		kernel = outer;
		fail_msg("%s", err.msg);
	}
	kernel_poll(kernel);
	kernel_close(kernel);
	kernel = outer;
	assert_int_equal(find(KERNEL_PROCESS_EXEC, NULL)->task.pid, seen.pid);
	assert_int_equal(count_kind(KERNEL_PROCESS_EXEC), 1);
	find(KERNEL_PROCESS_EXIT, NULL);
}

static void a_killed_sensor_loses_nothing(void **state _unused_)
{
	char mounted[64], pins[96];

	snprintf(mounted, sizeof(mounted), "%s/bpf", dir);
	snprintf(pins, sizeof(pins), "%s/vakt", mounted);
	assert_int_equal(mkdir(mounted, 0700), 0);
	assert_int_equal(mount("bpf", mounted, "bpf", 0, NULL), 0);
	read_on_after_a_kill(pins);
	assert_int_equal(kernel_unpin(pins), 0);
	assert_int_equal(access(pins, F_OK), -1);
	assert_int_equal(umount(mounted), 0);
	assert_int_equal(rmdir(mounted), 0);
}

const struct CMUnitTest test_ring[] = {
	cmocka_unit_test(no_end_is_lost_in_a_storm),
	cmocka_unit_test(a_burst_of_files_and_sockets_is_told_whole),
	cmocka_unit_test(each_lost_event_is_counted),
	cmocka_unit_test(a_killed_sensor_loses_nothing),
};
const size_t test_ring_count = ARRAY_SIZE(test_ring);
