/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-kernel-acts.c - what a process does to others and to the system: traced, read, mounted, ...
 *
 * Processes that are acted on are children of the test's own.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "sensor/kernel/test-kernel.h"

#define NOBODY 65534

/* What the child tells the test. */
static struct shared {
	pid_t target;
	uint32_t number;
} *shared;

static void share(void)
{
	if (!shared)
		shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(shared, MAP_FAILED);
	memset(shared, 0, sizeof(*shared));
}

/* A process to be acted on; it waits for its end, or for 10 seconds. */
static pid_t make_target(uid_t uid, const char *name)
{
	int ready[2];
	char c;
	pid_t pid;

	if (pipe(ready) < 0)
		_exit(1);
	pid = fork();
	if (pid == 0) {
		if ((uid && setuid(uid) < 0) || (name && prctl(PR_SET_NAME, name) < 0))
			_exit(1);
		prctl(PR_SET_DUMPABLE, 1);
		if (write(ready[1], "x", 1) == 1)
			sleep(10);
		_exit(0);
	}
	if (pid < 0 || read(ready[0], &c, 1) != 1)
		_exit(1);
	close(ready[0]);
	close(ready[1]);
	shared->target = pid;
	return pid;
}

static void end_target(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void assert_target(const struct kernel_event *e, uid_t uid)
{
	assert_int_equal(e->act.target_pid, shared->target);
	assert_int_equal(e->act.target_uid, uid);
	assert_true(e->act.target_start_boottime_ns > e->task.start_boottime_ns);
	assert_true(e->act.target_start_boottime_ns < e->boottime_ns);
}

static void trace_another(void)
{
	pid_t pid = make_target(NOBODY, NULL);

	if (ptrace(PTRACE_SEIZE, pid, 0, 0) < 0 || ptrace(PTRACE_INTERRUPT, pid, 0, 0) < 0)
		_exit(1);
	end_target(pid);
	_exit(ptrace(PTRACE_ATTACH, 0x7ffffff0, 0, 0) < 0 ? 0 : 1); /* there is none: not told */
}

static void trace_oneself(void)
{
	_exit(ptrace(PTRACE_TRACEME, 0, 0, 0) == 0 ? 0 : 1);
}

static void a_traced_process_is_named(void **state _unused_)
{
	const struct kernel_event *e;

	share();
	assert_int_equal(run_child(trace_another), 0);
	e = find(KERNEL_PROCESS_TRACE, NULL);
	assert_int_equal(e->act.call, PTRACE_SEIZE);
	assert_target(e, NOBODY);
	assert_int_equal(count_kind(KERNEL_PROCESS_TRACE), 1);
	assert_int_equal(run_child(trace_oneself), 0);
	e = find(KERNEL_PROCESS_TRACE, NULL);
	assert_int_equal(e->act.call, PTRACE_TRACEME);
	assert_int_equal(e->act.target_pid, seen.pid);
}

static void reach_into_another(void)
{
	static char theirs[16], ours[16];
	struct iovec local = { ours, sizeof(ours) }, remote = { theirs, sizeof(theirs) };
	pid_t pid = make_target(0, NULL);
	char path[64];
	int fd, ro;

	for (int i = 0; i < 3; i++) {
		if (process_vm_readv(pid, &local, 1, &remote, 1, 0) != 16 ||
		    process_vm_readv(getpid(), &local, 1, &remote, 1, 0) != 16)
			_exit(1);
	}
	if (process_vm_writev(pid, &local, 1, &remote, 1, 0) != 16)
		_exit(1);
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR);
	ro = open(path, O_RDONLY);
	if (fd < 0 || ro < 0 || open("/proc/self/mem", O_RDWR) < 0)
		_exit(1);
	end_target(pid);
	_exit(0);
}

static void memory_of_others_is_seen_read_and_written(void **state _unused_)
{
	const struct kernel_event *e;
	unsigned int ways[2] = { 0, 0 };

	share();
	assert_int_equal(run_child(reach_into_another), 0);
	e = find(KERNEL_PROCESS_READ, NULL);
	assert_target(e, 0);
	assert_int_equal(e->act.call, KERNEL_ACCESS_CALL);
	for (size_t i = 0; i < seen.count; i++) {
		if (seen.events[i].kind != KERNEL_PROCESS_WRITE)
			continue;
		assert_target(&seen.events[i], 0);
		ways[seen.events[i].act.call]++;
	}
	assert_int_equal(ways[KERNEL_ACCESS_CALL], 1);
	assert_int_equal(ways[KERNEL_ACCESS_FILE], 1);
	/* A file opened to read is seen where the kernel's function is. */
	assert_int_equal(count_kind(KERNEL_PROCESS_READ), sees_all(KERNEL_PROCESS_READ) ? 2 : 1);
}

/* The number that a process has in a namespace of its own is not what the machine knows it by. */
static void reach_into_another_of_a_namespace(void)
{
	static char theirs[16], ours[16];
	struct iovec local = { ours, sizeof(ours) }, remote = { theirs, sizeof(theirs) };
	int status;
	pid_t pid;

	if (unshare(CLONE_NEWPID) < 0)
		_exit(1);
	pid = fork(); /* its number 1 */
	if (pid == 0) {
		pid_t inner = fork();

		if (inner == 0) {
			sleep(10);
			_exit(0);
		}
		usleep(50000);
		if (inner != 2 || process_vm_readv(inner, &local, 1, &remote, 1, 0) != 16)
			_exit(1);
		_exit(0);
	}
	_exit(waitpid(pid, &status, 0) == pid && status == 0 ? 0 : 1);
}

static void a_process_of_a_namespace_is_named_as_the_machine_knows_it(void **state _unused_)
{
	assert_int_equal(run_child(reach_into_another_of_a_namespace), 0);
	assert_int_equal(seen.of_grandchildren[KERNEL_PROCESS_READ], 1);
	assert_true(seen.grandchildren_target > 2);
}

static void make_memory(void)
{
	_exit(memfd_create("vakt ghost", MFD_CLOEXEC) >= 0 ? 0 : 1);
}

static void a_file_in_memory_is_seen_made(void **state _unused_)
{
	const struct kernel_event *e;
	size_t i = 0;

	assert_int_equal(run_child(make_memory), 0);
	e = find(KERNEL_MEMORY_FILE, &i);
	assert_string_equal(seen.text[i], "|vakt ghost");
	assert_int_equal(e->act.values[0], MFD_CLOEXEC);
}

static void load_program(void)
{
	const struct bpf_insn code[] = { { .code = 0xb7 }, { .code = 0x95 } }; /* r0 = 0; exit */
	union bpf_attr a = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insn_cnt = 2 };

	a.insns = (uint64_t)(uintptr_t)code;
	a.license = (uint64_t)(uintptr_t)"GPL";
	strcpy(a.prog_name, "vakt_probe");
	_exit(syscall(SYS_bpf, BPF_PROG_LOAD, &a, sizeof(a)) >= 0 ? 0 : 1);
}

static void a_bpf_program_is_seen_loaded(void **state _unused_)
{
	const struct kernel_event *e;
	size_t i = 0;

	assert_int_equal(run_child(load_program), 0);
	e = find(KERNEL_BPF_LOAD, &i);
	assert_string_equal(seen.text[i], "|vakt_probe");
	assert_int_equal(e->act.call, BPF_PROG_TYPE_SOCKET_FILTER);
	assert_true(e->act.values[0] > 0);
	assert_int_equal(count_kind(KERNEL_BPF_LOAD), 1);
}

static void mount_and_unmount(void)
{
	char at[128];

	snprintf(at, sizeof(at), "%s/stack", dir);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		_exit(1);
	if (mkdir(at, 0700) < 0 || mount("vakt disk", at, "tmpfs", MS_NOSUID, "size=64k") < 0)
		_exit(1);
	if (mount("none", "/nowhere/at/all", "tmpfs", 0, NULL) == 0)
		_exit(1);
	if (chdir(dir) < 0 || umount2("./stack", MNT_DETACH) < 0 || rmdir(at) < 0)
		_exit(1);
	_exit(0);
}

static void a_file_system_is_seen_mounted_and_taken_away(void **state _unused_)
{
	const struct kernel_event *e;
	char text[256];
	size_t i = 0;

	assert_int_equal(run_child(mount_and_unmount), 0);
	assert_int_equal(count_kind(KERNEL_MOUNT), 2);
	for (size_t n = 0; n < seen.count; n++)
		i = seen.events[n].kind == KERNEL_MOUNT ? n : i;
	e = &seen.events[i];
	snprintf(text, sizeof(text), "%s/stack|vakt disk", dir);
	assert_string_equal(seen.text[i], text);
	assert_int_equal(e->act.text.len, sizeof("vakt disk") + sizeof("tmpfs"));
	assert_int_equal(e->act.values[0], MS_NOSUID);
	e = find(KERNEL_UNMOUNT, &i);
	snprintf(text, sizeof(text), "%s/stack|", dir);
	assert_string_equal(seen.text[i], text);
	assert_int_equal(e->act.values[0], MNT_DETACH);
}

static void change_namespaces(void)
{
	int fd = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC), status;
	pid_t pid;

	if (unshare(CLONE_NEWUTS) < 0 || unshare(CLONE_FS) < 0 || setns(fd, 0) < 0)
		_exit(1);
	pid = (pid_t)syscall(SYS_clone, CLONE_NEWNET | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		_exit(0);
	shared->target = pid;
	_exit(waitpid(pid, &status, 0) == pid ? 0 : 1);
}

static void namespaces_are_seen_made_and_entered(void **state _unused_)
{
	static const struct {
		enum kernel_separation call;
		uint64_t namespaces;
	} expected[] = {
		{ KERNEL_BY_UNSHARE, CLONE_NEWUTS },
		{ KERNEL_BY_SETNS, CLONE_NEWUTS },
		{ KERNEL_BY_CLONE, CLONE_NEWNET },
	};
	size_t n = 0;

	share();
	assert_int_equal(run_child(change_namespaces), 0);
	for (size_t i = 0; i < seen.count; i++) {
		const struct kernel_event *e = &seen.events[i];

		if (e->kind != KERNEL_NAMESPACE)
			continue;
		assert_true(n < ARRAY_SIZE(expected));
		assert_int_equal(e->act.call, expected[n].call);
		assert_int_equal(e->act.values[0], expected[n].namespaces);
		if (e->act.call == KERNEL_BY_CLONE)
			assert_int_equal(e->act.target_pid, shared->target);
		n++;
	}
	assert_int_equal(n, ARRAY_SIZE(expected));
}

static void signal_others(void)
{
	pid_t pid = make_target(0, NULL);

	end_target(pid); /* of the same user: not told */
	pid = make_target(NOBODY, NULL);
	if (kill(pid, 0) < 0 || kill(pid, SIGTERM) < 0)
		_exit(1);
	_exit(waitpid(pid, NULL, 0) == pid ? 0 : 1);
}

static void stop_ours(void)
{
	pid_t pid = make_target(0, "vakt-test");

	if (kill(pid, SIGCONT) < 0) /* not one that stops it: not told */
		_exit(1);
	end_target(pid);
	_exit(0);
}

static void signals_to_others_are_seen(void **state _unused_)
{
	const struct kernel_event *e;

	share();
	assert_int_equal(run_child(signal_others), 0);
	e = find(KERNEL_SIGNAL, NULL);
	assert_int_equal(e->act.call, SIGTERM);
	assert_target(e, NOBODY);
	assert_int_equal(count_kind(KERNEL_SIGNAL), 1);
	assert_int_equal(run_child(stop_ours), 0);
	e = find(KERNEL_SIGNAL, NULL);
	assert_int_equal(e->act.call, SIGKILL);
	assert_target(e, 0);
	assert_int_equal(count_kind(KERNEL_SIGNAL), 1);
}

/* Nobody, but with the right to become anyone. */
static void become_root(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2] = { 0 };

	caps[0].effective = caps[0].permitted = 1u << CAP_SETUID;
	if (prctl(PR_SET_KEEPCAPS, 1) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0 ||
	    syscall(SYS_capset, &head, caps) < 0)
		_exit(1);
	if (setresuid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(0, 0, 0) < 0)
		_exit(1);
	_exit(setresuid(NOBODY, 0, 0) == 0 && seteuid(NOBODY) == 0 && seteuid(0) == 0 ? 0 : 1);
}

static void privilege_gained_by_a_running_process_is_seen(void **state _unused_)
{
	const struct kernel_event *e;

	assert_int_equal(run_child(become_root), 0);
	e = find(KERNEL_PRIVILEGE, NULL);
	assert_int_equal(e->task.uid, NOBODY);
	assert_int_equal(e->act.values[0], 1u << CAP_SETUID);
	assert_int_equal(e->act.values[1], 1u << CAP_SETUID);
	assert_int_equal(e->act.values[2], 0);
	assert_int_equal(count_kind(KERNEL_PRIVILEGE), 1);
}

static char module_path[256];

static void load_module(void)
{
	int fd = open(module_path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0) < 0)
		_exit(1);
	_exit(syscall(SYS_delete_module, "dummy", O_NONBLOCK) == 0 ? 0 : 1);
}

static void a_module_is_seen_loaded(void **state _unused_)
{
	const struct kernel_signal *signals;
	const struct kernel_event *e;
	struct utsname u;
	struct stat st;
	char text[512];
	size_t i = 0;

	assert_int_equal(uname(&u), 0);
	snprintf(module_path, sizeof(module_path),
		 "/usr/lib/modules/%s/kernel/drivers/net/dummy.ko", u.release);
	if (stat(module_path, &st) < 0) { /* a kernel without modules, or with packed ones */
		print_message("# no module is loaded here: %s: %s\n", module_path, strerror(errno));
		kernel_signals(kernel, &signals);
		assert_int_equal(signals[KERNEL_MODULE_LOAD].absent, access("/proc/modules", F_OK) < 0);
		return;
	}
	assert_int_equal(run_child(load_module), 0);
	e = find(KERNEL_MODULE_LOAD, &i);
	snprintf(text, sizeof(text), "%s|dummy", module_path);
	assert_string_equal(seen.text[i], text);
	assert_int_equal(e->act.values[0], st.st_ino);
}

const struct CMUnitTest test_acts[] = {
	cmocka_unit_test(a_traced_process_is_named),
	cmocka_unit_test(memory_of_others_is_seen_read_and_written),
	cmocka_unit_test(a_process_of_a_namespace_is_named_as_the_machine_knows_it),
	cmocka_unit_test(a_file_in_memory_is_seen_made),
	cmocka_unit_test(a_bpf_program_is_seen_loaded),
	cmocka_unit_test(a_file_system_is_seen_mounted_and_taken_away),
	cmocka_unit_test(namespaces_are_seen_made_and_entered),
	cmocka_unit_test(signals_to_others_are_seen),
	cmocka_unit_test(privilege_gained_by_a_running_process_is_seen),
	cmocka_unit_test(a_module_is_seen_loaded),
};
const size_t test_acts_count = ARRAY_SIZE(test_acts);
