/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-kernel.c - real system calls on this kernel, every field of what is reported
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "sensor/kernel/kernel.h"

#define EVENTS_MAX 4096

/* Events of one process id, strings copied. */
struct seen {
	uint32_t pid;
	size_t count;
	struct kernel_event events[EVENTS_MAX];
	char text[EVENTS_MAX][256];
	uint64_t exits;
	uint64_t lost;
};

static struct seen seen;
static struct kernel *kernel;
static char dir[] = "/tmp/vakt-kernel-XXXXXX";

static void on_event(void *arg _unused_, const struct kernel_event *e)
{
	struct kernel_event *copy;

	if (e->kind == KERNEL_PROCESS_EXIT && e->task.ppid == (uint32_t)getpid())
		seen.exits++;
	if (e->task.pid != seen.pid && !(e->kind == KERNEL_PROCESS_FORK && e->fork.child_pid == seen.pid))
		return;
	if (seen.count == EVENTS_MAX)
		return;
	copy = &seen.events[seen.count];
	*copy = *e;
	if (e->kind == KERNEL_PROCESS_EXEC)
		snprintf(seen.text[seen.count], sizeof(seen.text[0]), "%.*s|%.*s|%.*s",
			 (int)e->exec.path.len, e->exec.path.data, (int)e->exec.cwd.len,
			 e->exec.cwd.data, (int)strnlen(e->exec.argv.data, e->exec.argv.len),
			 e->exec.argv.data);
	if (e->kind >= KERNEL_FILE_CREATE && e->kind <= KERNEL_FILE_DELETE)
		snprintf(seen.text[seen.count], sizeof(seen.text[0]), "%.*s|%.*s",
			 (int)e->file.path.len, e->file.path.data, (int)e->file.old_path.len,
			 e->file.old_path.data);
	seen.count++;
}

static void on_loss(void *arg _unused_, const struct kernel_loss *loss)
{
	for (size_t i = 0; i < KERNEL_KIND_COUNT; i++)
		seen.lost += loss->by_kind[i];
}

static int setup(void **state _unused_)
{
	struct kernel_handlers handlers = { .on_event = on_event, .on_loss = on_loss };
	struct err err = { 0 };

	if (!mkdtemp(dir))
		return -1;
	if (kernel_open(NULL, &handlers, &kernel, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		return -1;
	}
	return 0;
}

static int teardown(void **state _unused_)
{
	char path[128];

	kernel_close(kernel);
	snprintf(path, sizeof(path), "%s/na\xff me", dir); /* still there where a test failed */
	unlink(path);
	/* With the mount its pins go, and with them the programs. */
	snprintf(path, sizeof(path), "%s/bpf", dir);
	umount2(path, MNT_DETACH);
	rmdir(path);
	return rmdir(dir);
}

/* Runs fn in a child that waits until we know its pid; returns its wait status. */
static int run_child(void (*fn)(void))
{
	int gate[2], status;
	pid_t pid;

	memset(&seen, 0, sizeof(seen));
	assert_int_equal(pipe(gate), 0);
	pid = fork();
	if (pid == 0) {
		char c;

		close(gate[1]);
		if (read(gate[0], &c, 1) == 1)
			fn();
		_exit(127);
	}
	seen.pid = (uint32_t)pid;
	assert_int_equal(write(gate[1], "x", 1), 1);
	close(gate[0]);
	close(gate[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	usleep(20000);
	assert_true(kernel_poll(kernel) >= 0);
	return status;
}

static const struct kernel_event *find(enum kernel_kind kind, size_t *ret_index)
{
	for (size_t i = 0; i < seen.count; i++) {
		if (seen.events[i].kind == kind) {
			if (ret_index)
				*ret_index = i;
			return &seen.events[i];
		}
	}
	fail_msg("no %s event", kernel_kind_name(kind));
	return NULL;
}

static void exec_true(void)
{
	if (chdir("/usr/lib") == 0)
		execl("/bin/true", "a name", "two words", "", "\xff", NULL);
}

static void a_start_is_seen_with_all_its_fields(void **state _unused_)
{
	const struct kernel_event *e, *f;
	int status = run_child(exec_true);
	struct stat st;
	size_t i = 0;

	assert_int_equal(status, 0);
	assert_int_equal(stat("/bin/true", &st), 0);
	f = find(KERNEL_PROCESS_FORK, NULL);
	assert_int_equal(f->task.pid, getpid());
	e = find(KERNEL_PROCESS_EXEC, &i);
	assert_string_equal(seen.text[i], "/usr/bin/true|/usr/lib|a name");
	assert_int_equal(e->exec.argv.len, sizeof("a name") + sizeof("two words") + 1 + 2);
	assert_int_equal(e->exec.inode, st.st_ino);
	assert_int_equal(e->exec.size, st.st_size);
	assert_int_equal(e->exec.mode, st.st_mode);
	assert_int_equal(e->exec.owner, 0);
	assert_int_equal(e->exec.mtime_ns, st.st_mtim.tv_sec * NSEC_PER_SEC + st.st_mtim.tv_nsec);
	assert_int_equal(e->exec.ctime_ns, st.st_ctim.tv_sec * NSEC_PER_SEC + st.st_ctim.tv_nsec);
	assert_false(e->exec.argv_truncated);
	assert_false(e->exec.gained_privilege);
	assert_false(e->exec.from_memory);
	assert_string_equal(e->task.comm, "true");
	assert_int_equal(e->task.ppid, getpid());
	assert_int_equal(e->task.uid, getuid());
	assert_int_equal(e->task.session, getsid(0));
	assert_true(e->task.start_boottime_ns == f->fork.child_start_boottime_ns);
	assert_true(e->boottime_ns > e->task.start_boottime_ns);
	assert_true(clock_boottime_ns() - e->boottime_ns < 5 * NSEC_PER_SEC);
}

static void exit_three(void)
{
	_exit(3);
}

static void die_by_signal(void)
{
	raise(SIGUSR1);
}

static void an_end_tells_status_or_signal(void **state _unused_)
{
	run_child(exit_three);
	assert_int_equal(find(KERNEL_PROCESS_EXIT, NULL)->exit.exit_code, 3 << 8);
	run_child(die_by_signal);
	assert_int_equal(find(KERNEL_PROCESS_EXIT, NULL)->exit.exit_code & 0x7f, SIGUSR1);
}

/* Close to the most that the kernel takes with the usual stack: 16 arguments of 120,000 bytes. */
static void exec_long(void)
{
	char *argv[18] = { (char *)"true" };
	char *arg = malloc(120001);

	memset(arg, 'x', 120000);
	arg[120000] = '\0';
	for (int i = 1; i < 17; i++)
		argv[i] = arg;
	execv("/bin/true", argv);
}

static void a_long_command_line_is_marked_as_cut(void **state _unused_)
{
	const struct kernel_event *e;

	run_child(exec_long);
	e = find(KERNEL_PROCESS_EXEC, NULL);
	assert_true(e->exec.argv_truncated);
	assert_true(e->exec.argv.len > 16000);
}

static void exec_memory(void)
{
	int fd = memfd_create("ghost", 0), from = open("/bin/true", O_RDONLY);
	char *argv[] = { (char *)"ghost", NULL }, *envp[] = { NULL };
	char block[65536];
	ssize_t n;

	while ((n = read(from, block, sizeof(block))) > 0) {
		if (write(fd, block, (size_t)n) != n)
			_exit(1);
	}
	fexecve(fd, argv, envp);
}

static void a_program_without_a_file_is_noticed(void **state _unused_)
{
	assert_int_equal(run_child(exec_memory), 0);
	assert_true(find(KERNEL_PROCESS_EXEC, NULL)->exec.from_memory);
}

static uint16_t test_port;

static void connect_to_test_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(test_port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	(void)connect(fd, (struct sockaddr *)&a, sizeof(a));
	_exit(0);
}

static int listen_somewhere(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	test_port = ntohs(a.sin_port);
	return fd;
}

static void a_connection_tells_both_ends_and_its_outcome(void **state _unused_)
{
	_cleanup_close_ int fd = listen_somewhere();
	const struct kernel_event *e;

	run_child(connect_to_test_port); /* bound but nobody listens */
	e = find(KERNEL_NET_CONNECT, NULL);
	assert_int_equal(e->net.error, ECONNREFUSED);
	assert_int_equal(listen(fd, 5), 0);
	run_child(connect_to_test_port);
	e = find(KERNEL_NET_CONNECT, NULL);
	assert_int_equal(e->net.error, 0);
	assert_int_equal(e->net.family, AF_INET);
	assert_int_equal(e->net.protocol, IPPROTO_TCP);
	assert_int_equal(e->net.remote_port, test_port);
	assert_true(e->net.local_port > 0);
	assert_memory_equal(e->net.remote_address, "\x7f\0\0\1", 4);
	assert_memory_equal(e->net.local_address, "\x7f\0\0\1", 4);
}

static void listen6(void)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM, 0);

	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(fd, 1) == 0)
		_exit(0);
}

static void a_listening_socket_is_seen(void **state _unused_)
{
	const struct kernel_event *e;

	assert_int_equal(run_child(listen6), 0);
	e = find(KERNEL_NET_LISTEN, NULL);
	assert_int_equal(e->net.family, AF_INET6);
	assert_true(e->net.local_port > 0);
	assert_int_equal(e->net.local_address[15], 1);
}

static size_t count_kind(enum kernel_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < seen.count; i++)
		n += seen.events[i].kind == kind;
	return n;
}

static void assert_path(size_t i, const char *path, const char *old)
{
	char text[512];

	snprintf(text, sizeof(text), "%s/%s|%s%s%s", dir, path, old ? dir : "",
		 old ? "/" : "", old ? old : "");
	assert_string_equal(seen.text[i], text);
}

static void write_file(void)
{
	int fd;

	if (chdir(dir) < 0)
		_exit(1);
	fd = open("na\xff me", O_WRONLY | O_CREAT | O_TRUNC, 0640);
	if (write(fd, "hello", 5) != 5 || close(fd) < 0)
		_exit(1);
	fd = open("na\xff me", O_RDONLY);
	close(fd);
	fd = open("/proc/self/comm", O_WRONLY);
	if (write(fd, "other", 5) != 5 || close(fd) < 0)
		_exit(1);
	_exit(0);
}

static void a_file_is_seen_made_and_written_but_not_read(void **state _unused_)
{
	const struct kernel_event *e;
	char path[128];
	struct stat st;
	size_t i = 0;

	assert_int_equal(run_child(write_file), 0);
	e = find(KERNEL_FILE_CREATE, &i);
	assert_path(i, "na\xff me", NULL);
	assert_int_equal(e->file.size, 0);
	e = find(KERNEL_FILE_WRITE, &i);
	assert_path(i, "na\xff me", NULL);
	snprintf(path, sizeof(path), "%s/na\xff me", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(e->file.size, 5);
	assert_int_equal(e->file.bytes_written, 5);
	assert_int_equal(e->file.inode, st.st_ino);
	assert_int_equal(e->file.device, st.st_dev);
	assert_int_equal(e->file.mode, st.st_mode);
	assert_int_equal(e->file.owner, st.st_uid);
	assert_int_equal(e->file.mtime_ns, st.st_mtim.tv_sec * NSEC_PER_SEC + st.st_mtim.tv_nsec);
	assert_int_equal(count_kind(KERNEL_FILE_CREATE), 1);
	assert_int_equal(count_kind(KERNEL_FILE_WRITE), 1);
}

static void overwrite_and_leave_open(void)
{
	int fd;

	if (chdir(dir) < 0)
		_exit(1);
	fd = open("na\xff me", O_WRONLY | O_TRUNC);
	_exit(write(fd, "other", 5) == 5 ? 0 : 1);
}

static void a_file_left_open_is_reported_when_the_process_ends(void **state _unused_)
{
	size_t i = 0, end = 0;

	assert_int_equal(run_child(overwrite_and_leave_open), 0);
	assert_int_equal(find(KERNEL_FILE_WRITE, &i)->file.size, 5);
	assert_path(i, "na\xff me", NULL);
	assert_int_equal(count_kind(KERNEL_FILE_CREATE), 0);
	find(KERNEL_PROCESS_EXIT, &end);
	assert_true(i < end);
}

static void rename_and_delete(void)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY);

	if (mkdirat(fd, "x", 0700) < 0)
		_exit(1);
	if (chdir("/") < 0 || renameat(fd, "na\xff me", fd, ".//new") < 0 ||
	    unlinkat(fd, "x/../new", 0) < 0)
		_exit(1);
	if (unlinkat(fd, "x", AT_REMOVEDIR) < 0) /* a folder is no file: not reported */
		_exit(1);
	_exit(unlink("/tmp/vakt-no-such-file") < 0 ? 0 : 1);
}

static void names_are_seen_changed_and_deleted_in_another_folder(void **state _unused_)
{
	size_t i = 0;

	assert_int_equal(run_child(rename_and_delete), 0);
	find(KERNEL_FILE_RENAME, &i);
	assert_path(i, "new", "na\xff me");
	find(KERNEL_FILE_DELETE, &i);
	assert_path(i, "new", NULL);
	assert_int_equal(count_kind(KERNEL_FILE_DELETE), 1);
}

static int listener = -1;

static void accept_one(void)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM, 0);

	a.sin6_port = htons(test_port);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		_exit(1);
	_exit(accept4(listener, NULL, NULL, SOCK_CLOEXEC) >= 0 ? 0 : 1);
}

static void an_accepted_connection_tells_both_ends(void **state _unused_)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	const struct kernel_event *e, *made;
	socklen_t len = sizeof(a);

	listener = socket(AF_INET6, SOCK_STREAM, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(listener, 5), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&a, &len), 0);
	test_port = ntohs(a.sin6_port);
	assert_int_equal(run_child(accept_one), 0);
	close(listener);
	made = find(KERNEL_NET_CONNECT, NULL);
	e = find(KERNEL_NET_ACCEPT, NULL);
	assert_int_equal(e->net.family, AF_INET6);
	assert_int_equal(e->net.protocol, IPPROTO_TCP);
	assert_int_equal(e->net.local_port, test_port);
	assert_int_equal(e->net.remote_port, made->net.local_port);
	assert_memory_equal(e->net.local_address, &in6addr_loopback, 16);
	assert_memory_equal(e->net.remote_address, &in6addr_loopback, 16);
	assert_true(e->net.socket_cookie && e->net.socket_cookie != made->net.socket_cookie);
}

static void connect_datagram(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(9153) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	_exit(connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 ? 0 : 1);
}

static void a_connected_datagram_socket_is_seen(void **state _unused_)
{
	const struct kernel_event *e;

	assert_int_equal(run_child(connect_datagram), 0);
	e = find(KERNEL_NET_CONNECT, NULL);
	assert_int_equal(e->net.protocol, IPPROTO_UDP);
	assert_int_equal(e->net.remote_port, 9153);
	assert_int_equal(e->net.error, 0);
}

static void no_end_is_lost_in_a_storm(void **state _unused_)
{
	memset(&seen, 0, sizeof(seen));
	for (int i = 0; i < 3000; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		assert_true(pid > 0);
		waitpid(pid, NULL, 0);
	}
	assert_true(kernel_poll(kernel) >= 6000);
	usleep(1100000);
	kernel_poll(kernel);
	assert_int_equal(seen.lost, 0);
	assert_int_equal(seen.exits, 3000);
}

/* Opens pinned, tells the parent and waits for its end. */
static void be_a_sensor(const char *pins, int ready)
{
	struct kernel_handlers handlers = { .on_event = on_event, .on_loss = on_loss };
	struct kernel_options options = { .pin_dir = pins, .ring_bytes = 1 << 20 };
	struct kernel *k;

	if (kernel_open(&options, &handlers, &k, NULL) < 0 || write(ready, "x", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static void read_on_after_a_kill(const char *pins)
{
	struct kernel_handlers handlers = { .on_event = on_event, .on_loss = on_loss };
	struct kernel_options options = { .pin_dir = pins, .ring_bytes = 1 << 20 };
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
	run_child(exec_true); /* nobody reads now but the kernel of the other tests */
	find(KERNEL_PROCESS_EXEC, NULL);
	seen.count = 0;
	if (kernel_open(&options, &handlers, &kernel, &err) < 0) {
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

static void every_signal_names_its_provider_or_why_not(void **state _unused_)
{
	const struct kernel_signal *signals;
	size_t n = kernel_signals(kernel, &signals);

	assert_int_equal(n, KERNEL_KIND_COUNT);
	for (size_t i = 0; i < n; i++) {
		if (!signals[i].provider || (signals[i].missing && strstr(signals[i].missing, "refused by the kernel")))
			fail_msg("%s: %s", signals[i].name, signals[i].missing);
	}
	assert_string_equal(signals[KERNEL_PROCESS_EXEC].provider, "tp_btf/sched_process_exec");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_start_is_seen_with_all_its_fields),
		cmocka_unit_test(an_end_tells_status_or_signal),
		cmocka_unit_test(a_long_command_line_is_marked_as_cut),
		cmocka_unit_test(a_program_without_a_file_is_noticed),
		cmocka_unit_test(a_connection_tells_both_ends_and_its_outcome),
		cmocka_unit_test(a_listening_socket_is_seen),
		cmocka_unit_test(a_file_is_seen_made_and_written_but_not_read),
		cmocka_unit_test(a_file_left_open_is_reported_when_the_process_ends),
		cmocka_unit_test(names_are_seen_changed_and_deleted_in_another_folder),
		cmocka_unit_test(an_accepted_connection_tells_both_ends),
		cmocka_unit_test(a_connected_datagram_socket_is_seen),
		cmocka_unit_test(no_end_is_lost_in_a_storm),
		cmocka_unit_test(a_killed_sensor_loses_nothing),
		cmocka_unit_test(every_signal_names_its_provider_or_why_not),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
