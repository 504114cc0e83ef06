/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fd.h"
#include "sensor/process/file_hash.h"
#include "sensor/process/ip_type.h"
#include "sensor/process/proc_read.h"
#include "sensor/process/process_table.h"
#include "sensor/process/user_names.h"

#define PROCESSES_MAX 131072
#define GROWING_BYTES (64 << 20)
#define BOOT "0da61837-3532-4b9d-ae43-7dfa6055954f"
#define MS NSEC_PER_MSEC

static struct kernel_event fork_event(uint32_t parent, uint32_t child, int64_t start_ns)
{
	struct kernel_event e = { .kind = KERNEL_PROCESS_FORK };

	e.task.pid = parent;
	e.task.start_boottime_ns = 10 * MS;
	e.fork.child_pid = child;
	e.fork.child_start_boottime_ns = start_ns;
	return e;
}

static void a_reused_pid_is_another_process(void **state _unused_)
{
	_cleanup_(process_table_freep) struct process_table *t = NULL;
	struct kernel_event first = fork_event(1, 100, 1000 * MS);
	struct kernel_event second = fork_event(1, 100, 2000 * MS);
	struct process *a, *b;

	assert_int_equal(process_table_new(BOOT, PROCESSES_MAX, &t), 0);
	a = process_table_fork(t, &first);
	b = process_table_fork(t, &second);
	assert_ptr_not_equal(a, b);
	assert_string_not_equal(a->unique_id, b->unique_id);
	assert_ptr_equal(process_table_find(t, 100, 1000 * MS), a);
	assert_ptr_equal(process_table_find(t, 100, 2003 * MS), b);
	assert_null(process_table_find(t, 100, 3000 * MS));
}

static void a_child_begins_as_its_parent(void **state _unused_)
{
	_cleanup_(process_table_freep) struct process_table *t = NULL;
	struct kernel_event e = fork_event(1, 100, 1000 * MS);
	struct process *parent, *child;

	assert_int_equal(process_table_new(BOOT, PROCESSES_MAX, &t), 0);
	e.task.uid = 33;
	parent = process_table_of_task(t, &e.task);
	process_set_text(&parent->path, "/usr/sbin/nginx", 15);
	process_set_text(&parent->command_line, "nginx: master", 13);
	child = process_table_fork(t, &e);
	assert_string_equal(child->path, "/usr/sbin/nginx");
	assert_string_equal(child->command_line, "nginx: master");
	assert_int_equal(child->uid, 33);
	assert_int_equal(child->ppid, 1);
}

static struct process *fork_nth(struct process_table *t, uint32_t i)
{
	struct kernel_event e = fork_event(1, i + 2, 1000 * MS + i * 10 * MS);

	return process_table_fork(t, &e);
}

static void fifty_thousand_children_are_bounded(void **state _unused_)
{
	_cleanup_(process_table_freep) struct process_table *t = NULL;

	assert_int_equal(process_table_new(BOOT, PROCESSES_MAX, &t), 0);
	for (uint32_t i = 0; i < PROCESSES_MAX + 1000; i++)
		assert_int_equal(fork_nth(t, i) != NULL, i < PROCESSES_MAX - 1); /* and the parent */
	assert_int_equal(process_table_count(t), PROCESSES_MAX);
	assert_int_equal(process_table_refused(t), 1001);
}

static void of_those_that_ended_the_oldest_give_way(void **state _unused_)
{
	_cleanup_(process_table_freep) struct process_table *t = NULL;
	const size_t share = PROCESSES_MAX / PROCESS_EXITED_SHARE;
	struct process *p;

	assert_int_equal(process_table_new(BOOT, PROCESSES_MAX, &t), 0);
	for (uint32_t i = 0; i < 3 * PROCESSES_MAX; i++) {
		p = fork_nth(t, i);
		assert_non_null(p);
		process_table_exit(t, p, 1 + i);
		process_table_exit(t, p, 1 + i);
	}
	assert_int_equal(process_table_refused(t), 0);
	assert_int_equal(process_table_count(t), 1 + share + 1);
	/* Full of living ones: those that ended go first. */
	for (uint32_t i = 0; i < PROCESSES_MAX - 1; i++)
		assert_non_null(fork_nth(t, 4 * PROCESSES_MAX + i));
	assert_null(fork_nth(t, 6 * PROCESSES_MAX));
	process_table_expire(t, INT64_MAX);
	assert_int_equal(process_table_count(t), PROCESSES_MAX);
}

static void ends_are_forgotten_after_a_while(void **state _unused_)
{
	_cleanup_(process_table_freep) struct process_table *t = NULL;

	assert_int_equal(process_table_new(BOOT, PROCESSES_MAX, &t), 0);
	for (uint32_t i = 0; i < 100; i++)
		process_table_exit(t, fork_nth(t, i), 1 + i);
	process_table_expire(t, 51);
	assert_int_equal(process_table_count(t), 1 + 50);
	assert_null(process_table_find(t, 2 + 49, 1000 * MS + 49 * 10 * MS));
	assert_non_null(process_table_find(t, 2 + 50, 1000 * MS + 50 * 10 * MS));
	process_table_expire(t, INT64_MAX);
	assert_int_equal(process_table_count(t), 1);
}

static void proc_and_kernel_agree_on_identity(void **state _unused_)
{
	_cleanup_(process_table_freep) struct process_table *t = NULL;
	_cleanup_buf_ struct buf line = BUF_INIT(1 << 20);
	struct process *self = NULL;
	char name[64] = "";

	assert_int_equal(process_table_new(BOOT, PROCESSES_MAX, &t), 0);
	assert_true(proc_read_all(t, NULL) > 2);
	for (int64_t at = process_tick(clock_boottime_ns()); !self && at > 0; at -= PROCESS_TICK_NS)
		self = process_table_find(t, (uint32_t)getpid(), at);
	assert_non_null(self);
	assert_int_equal(self->ppid, getppid());
	assert_int_equal(self->uid, getuid());
	assert_non_null(strstr(self->path, "test-process"));
	assert_int_equal(proc_read_command_line(self->pid, self->start_ns, &line), 0);
	assert_string_equal(line.data, self->command_line);
	buf_clear(&line);
	assert_int_equal(proc_read_command_line(self->pid, self->start_ns + PROCESS_TICK_NS, &line),
			 -ESRCH);
	assert_true(snprintf(name, sizeof(name), "%s", self->unique_id) == 32);
}

static void arguments_are_joined_and_escaped(void **state _unused_)
{
	_cleanup_buf_ struct buf b = BUF_INIT(1000);

	assert_int_equal(proc_join_arguments("ls\0-l\0\0a b\0\xff\0", 14, &b), 0);
	assert_string_equal(b.data, "ls -l  a b \\xff");
	buf_clear(&b);
	assert_int_equal(proc_join_arguments("", 0, &b), 0);
	assert_int_equal(b.len, 0);
}

static void containers_are_known_by_their_control_group(void **state _unused_)
{
	static const char id[] = "3f4aa8cbd0e1f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b";
	char text[256], out[65];

	snprintf(text, sizeof(text), "0::/system.slice/docker-%s.scope\n", id);
	proc_parse_container(text, out);
	assert_string_equal(out, id);
	snprintf(text, sizeof(text), "12:cpu:/kubepods/burstable/pod1/%s\n", id);
	proc_parse_container(text, out);
	assert_string_equal(out, id);
	proc_parse_container("0::/user.slice/user-1000.slice\n", out);
	assert_string_equal(out, "");
}

static void programs_are_told_from_object_files(void **state _unused_)
{
	static const char elf[] = "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0";
	static const char object[] = "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\1\0";
	static const char big_endian[] = "\177ELF\2\2\1\0\0\0\0\0\0\0\0\0\0\1";

	assert_true(file_hash_is_program("#!", 2, "script"));
	assert_false(file_hash_is_program("#", 1, "text"));
	assert_false(file_hash_is_program("\177ELG", 4, "text"));
	assert_false(file_hash_is_program("", 0, "empty"));
	assert_true(file_hash_is_program(elf, 4, "cut"));
	assert_true(file_hash_is_program(elf, FILE_HASH_HEAD, "ls"));
	assert_false(file_hash_is_program(object, FILE_HASH_HEAD, "main.o"));
	assert_false(file_hash_is_program(big_endian, FILE_HASH_HEAD, "ko"));
	assert_true(file_hash_is_program(object, FILE_HASH_HEAD, "/lib/modules/x.ko"));
}

static void hashes_are_those_of_the_content(void **state _unused_)
{
	_cleanup_(file_hash_cache_freep) struct file_hash_cache *c = NULL;
	char path[] = "/tmp/vakt-hash-XXXXXX";
	_cleanup_close_ int fd = mkstemp(path);
	struct file_identity id;
	struct process_hashes h;
	struct stat st;

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, "abc", 3), 0);
	assert_int_equal(fstat(fd, &st), 0);
	id = (struct file_identity){ st.st_dev, st.st_ino, 3,
				     st.st_ctim.tv_sec * NSEC_PER_SEC + st.st_ctim.tv_nsec,
				     st.st_mtim.tv_sec * NSEC_PER_SEC + st.st_mtim.tv_nsec };
	assert_int_equal(file_hash_cache_new(1 << 20, &c), 0);
	file_hash(c, &id, path, &h);
	assert_string_equal(h.md5, "900150983cd24fb0d6963f7d28e17f72");
	assert_string_equal(h.sha1, "a9993e364706816aba3e25717850c26c9cd0d89d");
	assert_string_equal(
		h.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	unlink(path);
	/* From the cache: the file is gone. */
	file_hash(c, &id, path, &h);
	assert_string_equal(h.md5, "900150983cd24fb0d6963f7d28e17f72");
	/* Another file under a known name has no hashes rather than wrong ones. */
	id.inode++;
	file_hash(c, &id, "/bin/true", &h);
	assert_string_equal(h.md5, "");
}

static int growing_fd;
static volatile sig_atomic_t grown;

static void grow(int signal _unused_)
{
	grown = pwrite(growing_fd, "x", 1, GROWING_BYTES) == 1;
}

/*
 * The file grows once this process has used 10 ms of CPU, however busy the machine: long after the
 * file was opened, long before 64 MiB are hashed.
 */
static void a_file_that_changes_while_it_is_read_has_no_hashes(void **state _unused_)
{
	_cleanup_(file_hash_cache_freep) struct file_hash_cache *c = NULL;
	const struct itimerval after = { .it_value.tv_usec = 10000 };
	const struct sigaction action = { .sa_handler = grow, .sa_flags = SA_RESTART };
	char path[] = "/tmp/vakt-hash-XXXXXX";
	_cleanup_close_ int fd = mkstemp(path);
	struct file_identity id;
	struct process_hashes h;
	struct stat st;

	assert_true(fd >= 0);
	growing_fd = fd;
	assert_int_equal(ftruncate(fd, GROWING_BYTES), 0);
	assert_int_equal(fstat(fd, &st), 0);
	id = (struct file_identity){ st.st_dev, st.st_ino, GROWING_BYTES,
				     st.st_ctim.tv_sec * NSEC_PER_SEC + st.st_ctim.tv_nsec,
				     st.st_mtim.tv_sec * NSEC_PER_SEC + st.st_mtim.tv_nsec };
	assert_int_equal(file_hash_cache_new(2 * GROWING_BYTES, &c), 0);
	assert_int_equal(sigaction(SIGPROF, &action, NULL), 0);
	assert_int_equal(setitimer(ITIMER_PROF, &after, NULL), 0);
	file_hash(c, &id, path, &h);
	assert_true(grown);
	assert_string_equal(h.sha256, "");
	unlink(path);
	/* Nor were they kept. */
	file_hash(c, &id, path, &h);
	assert_string_equal(h.sha256, "");
}

static void user_names_follow_the_file(void **state _unused_)
{
	_cleanup_(user_names_freep) struct user_names *n = NULL;
	char path[] = "/tmp/vakt-passwd-XXXXXX";
	_cleanup_close_ int fd = mkstemp(path);
	static const char one[] = "root:x:0:0::/:/bin/sh\ntoor:x:0:0::/:/bin/sh\nbroken\n";
	static const char two[] = "admin:x:0:0::/:/bin/sh\n";

	assert_int_equal(file_write_atomic(path, one, sizeof(one) - 1, 0600, NULL), 0);
	assert_int_equal(user_names_new(path, &n), 0);
	assert_string_equal(user_names_get(n, 0), "root");
	assert_string_equal(user_names_get(n, 4294967295u), "4294967295");
	usleep(20000);
	assert_int_equal(file_write_atomic(path, two, sizeof(two) - 1, 0600, NULL), 0);
	user_names_refresh(n);
	assert_string_equal(user_names_get(n, 0), "admin");
	unlink(path);
}

static void addresses_have_the_schema_s_kinds(void **state _unused_)
{
	static const struct {
		const char *address, *type;
	} cases[] = {
		{ "8.8.8.8", "Public" },	{ "10.1.2.3", "Private" },
		{ "172.31.0.1", "Private" },	{ "172.32.0.1", "Public" },
		{ "127.0.0.53", "Loopback" },	{ "169.254.1.1", "LinkLocal" },
		{ "224.0.0.251", "Multicast" }, { "255.255.255.255", "Broadcast" },
		{ "0.0.0.0", "Unspecified" },	{ "::1", "Loopback" },
		{ "::", "Unspecified" },	{ "::ffff:1.2.3.4", "FourToSixMapping" },
		{ "fe80::1", "LinkLocal" },	{ "fd00::1", "UniqueLocal" },
		{ "ff02::1", "Multicast" },	{ "2001:4860::1", "Public" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t family = strchr(cases[i].address, ':') ? AF_INET6 : AF_INET, bytes[16];

		assert_int_equal(inet_pton(family, cases[i].address, bytes), 1);
		assert_string_equal(ip_type(family, bytes), cases[i].type);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reused_pid_is_another_process),
		cmocka_unit_test(a_child_begins_as_its_parent),
		cmocka_unit_test(fifty_thousand_children_are_bounded),
		cmocka_unit_test(of_those_that_ended_the_oldest_give_way),
		cmocka_unit_test(ends_are_forgotten_after_a_while),
		cmocka_unit_test(proc_and_kernel_agree_on_identity),
		cmocka_unit_test(arguments_are_joined_and_escaped),
		cmocka_unit_test(containers_are_known_by_their_control_group),
		cmocka_unit_test(programs_are_told_from_object_files),
		cmocka_unit_test(hashes_are_those_of_the_content),
		cmocka_unit_test(a_file_that_changes_while_it_is_read_has_no_hashes),
		cmocka_unit_test(user_names_follow_the_file),
		cmocka_unit_test(addresses_have_the_schema_s_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
