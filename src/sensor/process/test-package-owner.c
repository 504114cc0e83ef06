/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-package-owner.c - this machine's own packages, and databases made to be difficult
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fd.h"
#include "sensor/process/package_index.h"
#include "sensor/process/package_owner.h"

/* What dpkg itself says of a path; "" where nobody owns it. */
static void ask_dpkg(const char *path, char *dst, size_t size)
{
	char command[512], package[256] = "";
	FILE *f;

	snprintf(command, sizeof(command),
		 "p=$(dpkg -S %s 2>/dev/null | grep -v ^diversion | head -n1 | cut -d: -f1); "
		 "[ -n \"$p\" ] && dpkg-query -W -f '${Package}=${Version}\\n' $p | head -n1", path);
	f = popen(command, "r");
	assert_non_null(f);
	if (fgets(package, sizeof(package), f))
		package[strcspn(package, "\n")] = '\0';
	pclose(f);
	snprintf(dst, size, "%s", package);
}

static uint64_t inode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_ino : 0;
}

/* The database has /bin/ls, the kernel says /usr/bin/ls. */
static void this_machine_s_files_are_known(void **state _unused_)
{
	static const struct {
		const char *ours, *dpkgs;
	} files[] = {
		{ "/usr/bin/ls", "/bin/ls" },
		{ "/usr/bin/bash", "/bin/bash" },
		{ "/usr/bin/env", "/usr/bin/env" },
		{ "/usr/bin/dpkg", "/usr/bin/dpkg" },
		{ "/usr/bin/python3.11", "/usr/bin/python3.11" },
	};
	_cleanup_(package_owner_freep) struct package_owner *o = NULL;
	struct package_owner_stats stats;
	char expected[512];

	if (access("/var/lib/dpkg/status", R_OK) < 0)
		fail_msg("this test needs a system with dpkg");
	assert_int_equal(package_owner_new("", &o), 0);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		ask_dpkg(files[i].dpkgs, expected, sizeof(expected));
		assert_true(expected[0]);
		assert_string_equal(package_owner_find(o, files[i].ours, inode_of(files[i].ours)), expected);
	}
	package_owner_get_stats(o, &stats);
	assert_true(stats.packages > 100);
	assert_true(stats.files > 1000);
	assert_int_equal(stats.refused, 0);
	/* 16 bytes a file at most (slots are at least three eighths full), and the names. */
	assert_true(stats.bytes < 24 * stats.files + 512 * stats.packages + 131072);
	assert_string_equal(package_owner_find(o, "/usr/bin/no-such-program", 1), "");
	/* Another file of the same name, as in a container. */
	assert_string_equal(package_owner_find(o, "/usr/bin/ls", 1), "");
}

struct fixture {
	char root[64];
};

static void put(const struct fixture *f, const char *path, const char *text)
{
	char full[512], *slash;

	snprintf(full, sizeof(full), "%s%s", f->root, path);
	slash = strrchr(full, '/');
	*slash = '\0';
	assert_int_equal(dir_make(full, 0755, NULL), 0);
	*slash = '/';
	assert_int_equal(file_write_atomic(full, text, strlen(text), 0644, NULL), 0);
}

static const char *find(const struct fixture *f, struct package_owner *o, const char *path)
{
	char full[512];

	snprintf(full, sizeof(full), "%s%s", f->root, path);
	return package_owner_find(o, path, inode_of(full));
}

#define PARAGRAPH(name, status, version, arch)                                                     \
	"Package: " name "\nStatus: " status "\nArchitecture: " arch "\nVersion: " version "\n\n"

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char link[128];

	strcpy(f->root, "/tmp/vakt-test-packages-XXXXXX");
	assert_non_null(mkdtemp(f->root));
	put(f, "/usr/bin/tool", "1");
	put(f, "/usr/bin/tool.distrib", "2");
	put(f, "/opt/a/run", "3");
	put(f, "/usr/bin/gone", "4");
	put(f, "/usr/lib/two.so", "5");
	snprintf(link, sizeof(link), "%s/bin", f->root);
	assert_int_equal(symlink("usr/bin", link), 0);
	put(f, "/var/lib/dpkg/status",
	    PARAGRAPH("first", "install ok installed", "1:2.0-3", "amd64")
	    PARAGRAPH("second", "hold ok half-configured", "4", "all")
	    PARAGRAPH("two", "install ok installed", "5", "arm64")
	    PARAGRAPH("gone", "deinstall ok config-files", "6", "all")
	    "Package: broken\nVersion");
	put(f, "/var/lib/dpkg/info/first.list", "/.\n/bin\n/bin/tool\n/usr\n/usr/share/doc/first/x\n");
	put(f, "/var/lib/dpkg/info/second.list", "/.\n/bin/tool\n/opt\n/opt/a\n/opt/a/run");
	put(f, "/var/lib/dpkg/info/two:arm64.list", "/usr/lib/two.so\n");
	put(f, "/var/lib/dpkg/info/gone.list", "/usr/bin/gone\n");
	/* second brings its own /bin/tool, first's lies beside it. */
	put(f, "/var/lib/dpkg/diversions", "/bin/tool\n/bin/tool.distrib\nsecond\n");
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", f->root);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static void diversions_versions_and_states_are_heeded(void **state)
{
	const struct fixture *f = *state;
	_cleanup_(package_owner_freep) struct package_owner *o = NULL;

	assert_int_equal(package_owner_new(f->root, &o), 0);
	assert_string_equal(find(f, o, "/usr/bin/tool.distrib"), "first=1:2.0-3");
	assert_string_equal(find(f, o, "/usr/bin/tool"), "second=4");
	assert_string_equal(find(f, o, "/opt/a/run"), "second=4");
	assert_string_equal(find(f, o, "/usr/lib/two.so"), "two=5");
	assert_string_equal(find(f, o, "/usr/bin/gone"), "");
}

static void a_changed_database_is_read_anew(void **state)
{
	const struct fixture *f = *state;
	_cleanup_(package_owner_freep) struct package_owner *o = NULL;
	char path[128];

	assert_int_equal(package_owner_new(f->root, &o), 0);
	put(f, "/var/lib/dpkg/info/late.list", "/usr/bin/gone\n");
	put(f, "/var/lib/dpkg/status", PARAGRAPH("late", "install ok installed", "7", "all"));
	/* On a busy machine a tick's time may be up before it has read anything. */
	for (int i = 0; i < 1000 && !*find(f, o, "/usr/bin/gone"); i++)
		package_owner_tick(o);
	assert_string_equal(find(f, o, "/usr/bin/gone"), "late=7");
	assert_string_equal(find(f, o, "/opt/a/run"), "");
	snprintf(path, sizeof(path), "%s/var/lib/dpkg/status", f->root);
	assert_int_equal(unlink(path), 0);
	package_owner_tick(o);
	assert_string_equal(find(f, o, "/usr/bin/gone"), "");
}

static void a_system_without_dpkg_has_no_packages(void **state)
{
	const struct fixture *f = *state;
	_cleanup_(package_owner_freep) struct package_owner *o = NULL;
	char empty[128];

	snprintf(empty, sizeof(empty), "%s/opt", f->root);
	assert_int_equal(package_owner_new(empty, &o), 0);
	assert_string_equal(package_owner_find(o, "/a/run", 1), "");
}

static void the_index_has_limits(void **state _unused_)
{
	struct package_index *x = NULL;
	struct package_owner_stats stats;

	assert_int_equal(package_index_new(&x), 0);
	for (int i = 0; i < PACKAGES_MAX + 10; i++)
		assert_int_equal(package_index_add_package(x, "p", "1", "all"), 0);
	for (uint64_t i = 0; i < PACKAGE_FILES_MAX + 10; i++)
		assert_int_equal(package_index_add_file(x, (i + 1) * 0x9e3779b97f4a7c15u, i % 60000), 0);
	package_index_get_stats(x, &stats);
	assert_int_equal(stats.files, PACKAGE_FILES_MAX);
	assert_int_equal(stats.packages, PACKAGES_MAX - 1);
	assert_int_equal(stats.refused, 11 + 10);
	assert_string_equal(package_index_find(x, 5 * 0x9e3779b97f4a7c15u), "p=1");
	assert_null(package_index_find(x, 0x123456789abcdefu));
	package_index_free(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(this_machine_s_files_are_known),
		cmocka_unit_test_setup_teardown(diversions_versions_and_states_are_heeded, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_changed_database_is_read_anew, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_system_without_dpkg_has_no_packages, set_up, tear_down),
		cmocka_unit_test(the_index_has_limits),
	};

	return cmocka_run_group_tests_name("package-owner", tests, NULL, NULL);
}
