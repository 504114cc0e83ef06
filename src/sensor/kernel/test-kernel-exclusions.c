/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-kernel-exclusions.c - a process that is excluded leaves no records of files and connections
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "sensor/kernel/test-kernel.h"

#define TICK_NS 10000000LL
#define EXCLUSION 7u

/* When the calling process started, in boot time, as /proc tells it. */
static int64_t own_start_ns(void)
{
	_cleanup_free_ char *text = NULL;
	char *at;

	if (file_read("/proc/self/stat", 4096, &text, NULL, NULL) < 0)
		_exit(9);
	at = strrchr(text, ')') + 2; /* behind the name, whatever it holds: the third word */
	for (int word = 3; word < 22; word++)
		at = strchr(at, ' ') + 1;
	return strtoll(at, NULL, 10) * TICK_NS;
}

static void make_file(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	if (fd < 0 || close(fd) < 0 || unlink(path) < 0)
		_exit(8);
}

static void work_excluded(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(9157) };

	kernel_exclude(kernel, (uint32_t)getpid(), own_start_ns(), EXCLUSION);
	make_file("unseen");
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	(void)connect(socket(AF_INET, SOCK_DGRAM, 0), (struct sockaddr *)&a, sizeof(a));
	close(memfd_create("seen", 0));
	execl("/bin/true", "true", NULL);
}

static void what_an_excluded_process_does_to_files_is_counted_only(void **state _unused_)
{
	kernel_exclude_none(kernel);
	assert_int_equal(run_child(work_excluded), 0);
	assert_int_equal(count_kind(KERNEL_FILE_CREATE), 0);
	assert_int_equal(count_kind(KERNEL_FILE_DELETE), 0);
	assert_int_equal(count_kind(KERNEL_NET_CONNECT), 0);
	assert_int_equal(kernel_excluded(kernel, EXCLUSION), 3);
	/* Its start and end, and what reaches beyond files. */
	assert_int_equal(count_kind(KERNEL_PROCESS_EXEC), 1);
	assert_int_equal(count_kind(KERNEL_PROCESS_EXIT), 1);
	assert_int_equal(count_kind(KERNEL_MEMORY_FILE), 1);
	assert_int_equal(seen.lost, 0);
}

static void exec_another(void)
{
	char path[128];

	kernel_exclude(kernel, (uint32_t)getpid(), own_start_ns(), EXCLUSION);
	snprintf(path, sizeof(path), "%s/by-another", dir);
	execl("/bin/busybox", "busybox", "touch", path, NULL);
	_exit(7);
}

static void another_program_in_its_place_is_not_excluded(void **state _unused_)
{
	char path[128];

	kernel_exclude_none(kernel);
	assert_int_equal(run_child(exec_another), 0);
	snprintf(path, sizeof(path), "%s/by-another", dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(count_kind(KERNEL_FILE_CREATE), 1);
	assert_int_equal(kernel_excluded(kernel, EXCLUSION), 0);
}

static void with_the_start_of_another(void)
{
	kernel_exclude(kernel, (uint32_t)getpid(), own_start_ns() - 5 * TICK_NS, EXCLUSION);
	make_file("told");
	_exit(0);
}

static void a_number_that_another_process_had_is_not_excluded(void **state _unused_)
{
	kernel_exclude_none(kernel);
	assert_int_equal(run_child(with_the_start_of_another), 0);
	assert_int_equal(count_kind(KERNEL_FILE_CREATE), 1);
	kernel_exclude_none(kernel);
}

const struct CMUnitTest test_exclusions[] = {
	cmocka_unit_test(what_an_excluded_process_does_to_files_is_counted_only),
	cmocka_unit_test(another_program_in_its_place_is_not_excluded),
	cmocka_unit_test(a_number_that_another_process_had_is_not_excluded),
};
const size_t test_exclusions_count = ARRAY_SIZE(test_exclusions);
