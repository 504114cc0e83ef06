/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-kernel-files.c - files made, written, renamed and deleted in every way there is
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "sensor/kernel/test-kernel.h"

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
	assert_int_equal(e->file.change, 5);
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
	/* Files have their end behind the tracepoint of the process's; system calls' tier looks before. */
	assert_true(sees_all(KERNEL_FILE_WRITE) ? i > end : i < end);
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


/* Makes a file of five bytes below dir and leaves it open. */
static int make_file(const char *name, int flags)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | flags, 0600);
	if (fd < 0 || write(fd, "hello", 5) != 5)
		_exit(1);
	return fd;
}

static void remove_file(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(unlink(path), 0);
}

static void close_a_range(void)
{
	int fd = make_file("range", 0), high = dup2(fd, 300);

	close(fd);
	_exit(syscall(SYS_close_range, high, ~0U, 0) == 0 ? 0 : 1);
}

static void a_file_closed_with_its_neighbours_is_seen(void **state _unused_)
{
	size_t i = 0;

	assert_int_equal(run_child(close_a_range), 0);
	assert_int_equal(find(KERNEL_FILE_WRITE, &i)->file.size, 5);
	assert_path(i, "range", NULL);
	assert_int_equal(count_kind(KERNEL_FILE_WRITE), 1);
	remove_file("range");
}

static void close_by_exec(void)
{
	make_file("exec", O_CLOEXEC);
	execl("/bin/true", "true", NULL);
}

/* Told by tracepoints only where the kernel has one before an exec (6.12). */
static bool sees_exec_closing(void)
{
	const struct kernel_signal *signals;

	kernel_signals(kernel, &signals);
	return !signals[KERNEL_FILE_WRITE].missing ||
	       !strstr(signals[KERNEL_FILE_WRITE].missing, "sched_prepare_exec refused");
}

static void a_file_closed_by_an_exec_is_seen(void **state _unused_)
{
	size_t i = 0;

	assert_int_equal(run_child(close_by_exec), 0);
	remove_file("exec");
	if (!sees_exec_closing()) {
		assert_int_equal(count_kind(KERNEL_FILE_WRITE), 0);
		return;
	}
	find(KERNEL_FILE_WRITE, &i);
	assert_path(i, "exec", NULL);
	assert_int_equal(count_kind(KERNEL_FILE_WRITE), 1);
}

static void end_with_a_high_number(void)
{
	int fd = make_file("high", 0);

	if (dup2(fd, 900) != 900)
		_exit(1);
	/* Closed once for each of its numbers: nothing was written in between. */
	_exit(0);
}

static void a_file_with_two_numbers_is_told_once(void **state _unused_)
{
	assert_int_equal(run_child(end_with_a_high_number), 0);
	assert_int_equal(count_kind(KERNEL_FILE_CREATE), 1);
	assert_int_equal(count_kind(KERNEL_FILE_WRITE), 1);
	remove_file("high");
}

static void make_names(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (chdir(dir) < 0)
		_exit(1);
	close(make_file("hard", 0));
	strcpy(a.sun_path, "socket");
	if (link("hard", "./hard2") < 0 || symlink("/nowhere", "soft") < 0 ||
	    mkfifo("pipe", 0600) < 0 || mknod("plain", S_IFREG | 0600, 0) < 0 ||
	    bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		_exit(1);
	if (link("hard", "soft") == 0 || errno != EEXIST)
		_exit(1);
	_exit(0);
}

static void links_and_special_files_are_seen_made(void **state _unused_)
{
	static const char *const names[] = { "hard", "hard2", "soft", "pipe", "plain", "socket" };
	static const mode_t types[] = { S_IFREG, S_IFREG, S_IFLNK, S_IFIFO, S_IFREG, S_IFSOCK };
	bool all = sees_all(KERNEL_FILE_CREATE);
	size_t n = 0;

	assert_int_equal(run_child(make_names), 0);
	for (size_t i = 0; i < seen.count; i++) {
		if (seen.events[i].kind != KERNEL_FILE_CREATE)
			continue;
		assert_true(n < ARRAY_SIZE(names));
		assert_path(i, names[n], NULL);
		if (all)
			assert_int_equal(seen.events[i].file.mode & S_IFMT, types[n]);
		n++;
	}
	assert_int_equal(n, all ? ARRAY_SIZE(names) : ARRAY_SIZE(names) - 1); /* not the socket */
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		remove_file(names[i]);
}

static void fail_to_change(void)
{
	if (chdir(dir) < 0 || mkdir("a", 0700) < 0 || mkdir("b", 0700) < 0 || mkdir("b/c", 0700) < 0)
		_exit(1);
	if (unlink("a") == 0 || rename("a", "b") == 0 || errno != ENOTEMPTY)
		_exit(1);
	_exit(rmdir("b/c") < 0 || rmdir("b") < 0 || rmdir("a") < 0);
}

static void what_failed_is_not_told(void **state _unused_)
{
	assert_int_equal(run_child(fail_to_change), 0);
	assert_int_equal(count_kind(KERNEL_FILE_DELETE), 0);
	assert_int_equal(count_kind(KERNEL_FILE_RENAME), 0);
}

static void change_behind_a_link(void)
{
	if (chdir(dir) < 0 || mkdir("real", 0700) < 0 || symlink("real", "link") < 0)
		_exit(1);
	close(make_file("link/one", 0));
	if (rename("link/one", "link/../link/two") < 0 || unlink("link/two") < 0 ||
	    rename("link", "moved") < 0 || unlink("moved") < 0)
		_exit(1);
	_exit(rmdir("real") < 0);
}

static void names_behind_links_are_the_real_ones(void **state _unused_)
{
	size_t i = 0;

	assert_int_equal(run_child(change_behind_a_link), 0);
	assert_int_equal(count_kind(KERNEL_FILE_RENAME), 2);
	assert_int_equal(count_kind(KERNEL_FILE_DELETE), 2);
	find(KERNEL_FILE_RENAME, &i);
	if (!sees_all(KERNEL_FILE_RENAME)) {
		assert_path(i, "link/two", "link/one");
		return;
	}
	assert_path(i, "real/two", "real/one");
	assert_int_equal(seen.events[i].file.size, 5);
	assert_true(seen.events[i].file.inode != 0);
	assert_int_equal(find(KERNEL_FILE_DELETE, &i)->file.size, 5);
	assert_path(i, "real/two", NULL);
}

static void change_places(void)
{
	if (chdir(dir) < 0)
		_exit(1);
	close(make_file("left", 0));
	close(make_file("right", 0));
	_exit(renameat2(AT_FDCWD, "left", AT_FDCWD, "right", RENAME_EXCHANGE) < 0);
}

static void files_that_change_places_are_two_renames(void **state _unused_)
{
	size_t i = 0;

	assert_int_equal(run_child(change_places), 0);
	remove_file("left");
	remove_file("right");
	find(KERNEL_FILE_RENAME, &i);
	assert_path(i, "right", "left");
	if (!sees_all(KERNEL_FILE_RENAME))
		return;
	assert_int_equal(count_kind(KERNEL_FILE_RENAME), 2);
	assert_path(i + 1, "left", "right");
	assert_true(seen.events[i].file.inode != seen.events[i + 1].file.inode);
}

static void make_folder(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

/* Lower and upper folder, and what both look like from above. */
static void change_a_stacked_tree(void)
{
	int fd;

	/* Copied up at the first write; then one that is new. */
	if (chdir(dir) < 0 || (fd = open("stack/merged/old", O_WRONLY | O_APPEND)) < 0 ||
	    write(fd, "more", 4) != 4 || close(fd) < 0)
		_exit(1);
	close(make_file("stack/merged/new", 0));
	if (rename("stack/merged/new", "stack/merged/newer") < 0 || unlink("stack/merged/old") < 0)
		_exit(2);
	_exit(0);
}

static void check_stacked(void)
{
	size_t i = 0;

	assert_int_equal(run_child(change_a_stacked_tree), 0);
	assert_int_equal(count_kind(KERNEL_FILE_CREATE), 1);
	assert_int_equal(count_kind(KERNEL_FILE_WRITE), 2);
	assert_int_equal(count_kind(KERNEL_FILE_RENAME), 1);
	assert_int_equal(count_kind(KERNEL_FILE_DELETE), 1);
	find(KERNEL_FILE_CREATE, &i);
	assert_path(i, "stack/merged/new", NULL);
	find(KERNEL_FILE_WRITE, &i);
	assert_path(i, "stack/merged/old", NULL);
	find(KERNEL_FILE_RENAME, &i);
	assert_path(i, "stack/merged/newer", "stack/merged/new");
	find(KERNEL_FILE_DELETE, &i);
	assert_path(i, "stack/merged/old", NULL);
}

/* As in containers: what is below is the file system's affair and is not told again. */
static void a_stacked_file_system_tells_things_once(void **state _unused_)
{
	char options[512], merged[128];

	make_folder("stack"); /* another file system, so that nothing is left of it at the end */
	snprintf(merged, sizeof(merged), "%s/stack", dir);
	assert_int_equal(mount("tmpfs", merged, "tmpfs", 0, NULL), 0);
	make_folder("stack/lower");
	make_folder("stack/upper");
	make_folder("stack/work");
	make_folder("stack/merged");
	close(make_file("stack/lower/old", 0));
	snprintf(merged, sizeof(merged), "%s/stack/merged", dir);
	snprintf(options, sizeof(options), "lowerdir=%s/stack/lower,upperdir=%s/stack/upper,"
		 "workdir=%s/stack/work", dir, dir, dir);
	assert_int_equal(mount("overlay", merged, "overlay", 0, options), 0);
	check_stacked();
	assert_int_equal(umount(merged), 0);
	snprintf(merged, sizeof(merged), "%s/stack", dir);
	assert_int_equal(umount(merged), 0);
	assert_int_equal(rmdir(merged), 0);
}

static char new_root[128], written[128];

static void write_below_a_root(void)
{
	int fd;

	if (chroot(new_root) < 0)
		_exit(1);
	fd = open(written, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	_exit(fd >= 0 && write(fd, "hello", 5) == 5 && close(fd) == 0 ? 0 : 2);
}

/* Where a written file is looked for depends on it: its path begins there. */
static void assert_root_is_other(bool other)
{
	const struct kernel_event *e;
	char text[160];
	size_t i = 0;

	assert_int_equal(run_child(write_below_a_root), 0);
	e = find(KERNEL_FILE_WRITE, &i);
	assert_int_equal(e->file.other_root, other);
	snprintf(text, sizeof(text), "%s|", written);
	assert_string_equal(seen.text[i], text);
}

static void a_root_of_its_own_is_told(void **state _unused_)
{
	make_folder("root");
	snprintf(new_root, sizeof(new_root), "%s/root", dir);
	strcpy(written, "/rooted");
	assert_root_is_other(true);
	remove_file("root/rooted");
	assert_int_equal(mount("tmpfs", new_root, "tmpfs", 0, NULL), 0);
	assert_root_is_other(true);
	assert_int_equal(umount(new_root), 0);
	assert_int_equal(rmdir(new_root), 0);
	strcpy(new_root, "/");
	snprintf(written, sizeof(written), "%s/rooted", dir);
	assert_root_is_other(false);
	remove_file("rooted");
}

static void change_by_uring(void)
{
	struct io_uring_sqe open_one = { .opcode = IORING_OP_OPENAT, .fd = AT_FDCWD,
					 .open_flags = O_WRONLY | O_CREAT, .len = 0600 };
	struct io_uring_sqe rename_it = { .opcode = IORING_OP_RENAMEAT, .fd = AT_FDCWD };
	struct io_uring_sqe unlink_it = { .opcode = IORING_OP_UNLINKAT, .fd = AT_FDCWD };
	struct io_uring_sqe close_it = { .opcode = IORING_OP_CLOSE };
	int fd;

	if (chdir(dir) < 0)
		_exit(1);
	open_one.addr = (uintptr_t)"uring";
	fd = uring_do(&open_one);
	if (fd < 0 || write(fd, "hello", 5) != 5)
		_exit(2);
	close_it.fd = fd;
	rename_it.addr = (uintptr_t)"uring";
	rename_it.len = (uint32_t)AT_FDCWD;
	rename_it.addr2 = (uintptr_t)"uring2";
	unlink_it.addr = (uintptr_t)"uring2";
	if (uring_do(&close_it) < 0 || uring_do(&rename_it) < 0 || uring_do(&unlink_it) < 0)
		_exit(3);
	_exit(0);
}

/* In the ways that have no tracepoint of a system call: seen with hooks, and else said to be not. */
static void assert_changes(const char *way, const char *before, const char *after)
{
	const struct kernel_signal *signals;
	size_t i = 0;

	kernel_signals(kernel, &signals);
	for (unsigned int kind = KERNEL_FILE_CREATE; kind <= KERNEL_FILE_DELETE; kind++) {
		if (sees_all((enum kernel_kind)kind)) {
			assert_int_equal(count_kind((enum kernel_kind)kind), 1);
			find((enum kernel_kind)kind, &i);
			assert_path(i, kind < KERNEL_FILE_RENAME ? before : after,
				    kind == KERNEL_FILE_RENAME ? before : NULL);
		} else {
			assert_int_equal(count_kind((enum kernel_kind)kind), 0);
			assert_non_null(strstr(signals[kind].missing, way));
		}
	}
}

static void changes_by_io_uring_are_seen_or_said_to_be_not(void **state _unused_)
{
	assert_int_equal(run_child(change_by_uring), 0);
	assert_changes("io_uring", "uring", "uring2");
}

#ifdef __x86_64__
/* A system call of 32-bit programs, by its number there; pointers must fit. */
static long call32(long number, long a, long b, long c)
{
	long ret;

	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(number), "b"(a), "c"(b), "d"(c)
			 : "memory", "r8", "r9", "r10", "r11");
	return ret;
}

static void change_by_calls_of_32_bits(void)
{
	char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long one = (long)low, two = one + 64, fd;

	signal(SIGSEGV, SIG_DFL); /* the test's library catches it, in children as well */
	if (chdir(dir) < 0 || low == MAP_FAILED)
		_exit(1);
	strcpy(low, "narrow");
	strcpy(low + 64, "narrow2");
	fd = call32(5, one, O_WRONLY | O_CREAT, 0600); /* open */
	if (fd < 0 || call32(4, fd, one, 5) != 5)      /* write */
		_exit(2);
	/* close, rename, unlink */
	if (call32(6, fd, 0, 0) < 0 || call32(38, one, two, 0) < 0 || call32(10, two, 0, 0) < 0)
		_exit(3);
	_exit(0);
}

static void changes_by_32_bit_calls_are_seen_or_said_to_be_not(void **state _unused_)
{
	int status = run_child(change_by_calls_of_32_bits);

	/* A kernel without these calls ends the child: there is nothing to be missed then. */
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV)
		return;
	assert_int_equal(status, 0);
	assert_changes("32-bit", "narrow", "narrow2");
}
#endif

const struct CMUnitTest test_files[] = {
	cmocka_unit_test(a_file_is_seen_made_and_written_but_not_read),
	cmocka_unit_test(a_file_left_open_is_reported_when_the_process_ends),
	cmocka_unit_test(names_are_seen_changed_and_deleted_in_another_folder),
	cmocka_unit_test(a_file_closed_with_its_neighbours_is_seen),
	cmocka_unit_test(a_file_closed_by_an_exec_is_seen),
	cmocka_unit_test(a_file_with_two_numbers_is_told_once),
	cmocka_unit_test(links_and_special_files_are_seen_made),
	cmocka_unit_test(what_failed_is_not_told),
	cmocka_unit_test(names_behind_links_are_the_real_ones),
	cmocka_unit_test(files_that_change_places_are_two_renames),
	cmocka_unit_test(a_stacked_file_system_tells_things_once),
	cmocka_unit_test(a_root_of_its_own_is_told),
	cmocka_unit_test(changes_by_io_uring_are_seen_or_said_to_be_not),
#ifdef __x86_64__
	cmocka_unit_test(changes_by_32_bit_calls_are_seen_or_said_to_be_not),
#endif
};
const size_t test_files_count = ARRAY_SIZE(test_files);
