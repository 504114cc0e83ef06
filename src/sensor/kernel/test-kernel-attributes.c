/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-kernel-attributes.c - mode, owner and attributes of files, by every call that changes them
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "sensor/kernel/test-kernel.h"

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452 /* the same on every machine; since 6.6 */
#endif

/* The changes of a kind, in their order. */
static const struct kernel_event *nth(enum kernel_kind kind, size_t n, size_t *ret_index)
{
	for (size_t i = 0; i < seen.count; i++) {
		if (seen.events[i].kind == kind && n-- == 0) {
			*ret_index = i;
			return &seen.events[i];
		}
	}
	fail_msg("not so many %s events", kernel_kind_name(kind));
	return NULL;
}

/* The value before, on tiers that know it. */
static void assert_before(const struct kernel_event *e, uint64_t before)
{
	assert_true(e->file.change == (sees_all(e->kind) ? before : UINT64_MAX));
}

static int make(void)
{
	int fd;

	if (chdir(dir) < 0)
		_exit(1);
	umask(0);
	fd = open("changed", O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd < 0)
		_exit(1);
	return fd;
}

static void change_modes(void)
{
	int fd = make(), here = open(".", O_RDONLY | O_DIRECTORY);

	if (chmod("changed", 04755) < 0 || fchmod(fd, 0640) < 0 ||
	    fchmodat(here, "./changed", 0600, 0) < 0)
		_exit(1);
	if (chmod("none", 0777) == 0 || (chmod("/proc/self", 0777) == 0))
		_exit(1);
	if (syscall(SYS_fchmodat2, here, "changed", 0611, 0) < 0 && errno != ENOSYS)
		_exit(1);
	_exit(unlink("changed"));
}

static void modes_are_seen_changed(void **state _unused_)
{
	static const uint32_t modes[] = { 0100600, 0104755, 0100640, 0100600, 0100611 };
	size_t n, i;

	assert_int_equal(run_child(change_modes), 0);
	n = count_kind(KERNEL_FILE_MODE);
	assert_in_range(n, 3, 4);
	for (size_t c = 0; c < n; c++) {
		const struct kernel_event *e = nth(KERNEL_FILE_MODE, c, &i);

		assert_path(i, "changed", NULL);
		assert_int_equal(e->file.mode & 07777, modes[c + 1] & 07777);
		assert_before(e, modes[c]);
	}
}

/* A change that changes nothing is no news where that is known. */
static void change_nothing(void)
{
	int fd = make();

	if (fchmod(fd, 0600) < 0 || fchown(fd, 0, 0) < 0)
		_exit(1);
	_exit(unlink("changed"));
}

static void a_change_of_nothing_is_not_told(void **state _unused_)
{
	assert_int_equal(run_child(change_nothing), 0);
	assert_int_equal(count_kind(KERNEL_FILE_MODE), sees_all(KERNEL_FILE_MODE) ? 0 : 1);
	assert_int_equal(count_kind(KERNEL_FILE_OWNER), sees_all(KERNEL_FILE_OWNER) ? 0 : 1);
}

static void change_owners(void)
{
	int fd = make(), here = open(".", O_RDONLY | O_DIRECTORY);

	if (chown("changed", 11, (gid_t)-1) < 0 || fchown(fd, 12, 13) < 0 ||
	    fchownat(here, "changed", 14, 15, AT_SYMLINK_NOFOLLOW) < 0 || lchown("changed", 0, 0) < 0)
		_exit(1);
	_exit(unlink("changed"));
}

static void owners_are_seen_changed(void **state _unused_)
{
	static const uint32_t owners[][2] = { { 0, 0 }, { 11, 0 }, { 12, 13 }, { 14, 15 }, { 0, 0 } };
	size_t i;

	assert_int_equal(run_child(change_owners), 0);
	assert_int_equal(count_kind(KERNEL_FILE_OWNER), 4);
	for (size_t c = 0; c < 4; c++) {
		const struct kernel_event *e = nth(KERNEL_FILE_OWNER, c, &i);
		uint32_t group = owners[c + 1][1];

		/* The words of the first leave the group as it is. */
		if (c == 0 && !sees_all(KERNEL_FILE_OWNER))
			group = UINT32_MAX;
		assert_path(i, "changed", NULL);
		assert_int_equal(e->file.owner, owners[c + 1][0]);
		assert_int_equal(e->file.group, group);
		assert_before(e, owners[c][0] | (uint64_t)owners[c][1] << 32);
	}
}

/* A capability that a program of this file is to have: version 2, CAP_NET_RAW permitted. */
static const uint8_t capability[20] = { 0, 0, 0, 2, 0, 0x20 };

static void change_attributes(void)
{
	int fd = make();

	if (setxattr("changed", "security.capability", capability, sizeof(capability), 0) < 0 ||
	    fsetxattr(fd, "security.capability", capability, sizeof(capability), 0) < 0 ||
	    removexattr("changed", "security.capability") < 0)
		_exit(1);
	/* Others are not told: programs keep what they like in them. */
	if (setxattr("changed", "user.note", "x", 1, 0) < 0 && errno != EOPNOTSUPP)
		_exit(1);
	_exit(unlink("changed"));
}

static void security_attributes_are_seen_changed(void **state _unused_)
{
	char text[256];
	size_t i;

	assert_int_equal(run_child(change_attributes), 0);
	snprintf(text, sizeof(text), "%s/changed|security.capability", dir);
	assert_int_equal(count_kind(KERNEL_FILE_ATTRIBUTE), 3);
	for (size_t c = 0; c < 3; c++) {
		assert_int_equal(nth(KERNEL_FILE_ATTRIBUTE, c, &i)->file.change, c == 2);
		assert_string_equal(seen.text[i], text);
	}
}

static void change_flags(void)
{
	int fd = make(), flags = 0, with;

	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0) {
		unlink("changed");
		_exit(3); /* this file system has none */
	}
	with = flags | FS_IMMUTABLE_FL;
	if (ioctl(fd, FS_IOC_SETFLAGS, &with) < 0 || ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0)
		_exit(1);
	_exit(unlink("changed"));
}

static void a_file_is_seen_made_immutable(void **state _unused_)
{
	const struct kernel_event *e;
	size_t i;

	assert_int_equal(run_child(change_flags), 0);
	if (!sees_all(KERNEL_FILE_ATTRIBUTE)) {
		assert_int_equal(count_kind(KERNEL_FILE_ATTRIBUTE), 0);
		return;
	}
	assert_int_equal(count_kind(KERNEL_FILE_ATTRIBUTE), 2);
	e = nth(KERNEL_FILE_ATTRIBUTE, 0, &i);
	assert_path(i, "changed", NULL);
	assert_true(e->file.change & FS_IMMUTABLE_FL);
	assert_false(nth(KERNEL_FILE_ATTRIBUTE, 1, &i)->file.change & FS_IMMUTABLE_FL);
}

const struct CMUnitTest test_attributes[] = {
	cmocka_unit_test(modes_are_seen_changed),
	cmocka_unit_test(a_change_of_nothing_is_not_told),
	cmocka_unit_test(owners_are_seen_changed),
	cmocka_unit_test(security_attributes_are_seen_changed),
	cmocka_unit_test(a_file_is_seen_made_immutable),
};
const size_t test_attributes_count = ARRAY_SIZE(test_attributes);
