/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-kernel-ring.c - nothing is lost, and what is lost is counted: storms, small rings, restarts
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sensor/kernel/test-kernel.h"

static void no_end_is_lost_in_a_storm(void **state _unused_)
{
	memset(&seen, 0, sizeof(seen));
	for (unsigned int i = 0; i < arg_forks; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		assert_true(pid > 0);
		waitpid(pid, NULL, 0);
		if (i % 1000 == 0)
			kernel_poll(kernel);
	}
	kernel_poll(kernel);
	usleep(1100000);
	kernel_poll(kernel);
	assert_int_equal(seen.lost, 0);
	assert_int_equal(seen.exits, arg_forks);
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
	cmocka_unit_test(each_lost_event_is_counted),
	cmocka_unit_test(a_killed_sensor_loses_nothing),
};
const size_t test_ring_count = ARRAY_SIZE(test_ring);
