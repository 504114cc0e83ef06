/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-exclusions.c - which texts an exclusion takes, and which scope counts
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sensor/process/exclusions.h"

#define GLOBAL "\"scopes\":[\"epp\",\"global\"]"

static struct exclusions *make(const char *json)
{
	_cleanup_(user_names_freep) struct user_names *users = NULL;
	struct exclusions *x;

	assert_int_equal(user_names_new("/etc/passwd", &users), 0);
	assert_int_equal(exclusions_new(json, users, &x), 0);
	return x;
}

static void paths_and_their_wildcards(void **state _unused_)
{
	static const struct {
		const char *pattern, *path;
		bool taken;
	} cases[] = {
		{ "/srv/data", "/srv/data", true },
		{ "/srv/data", "/srv/data/x", false },
		{ "/srv/*/log", "/srv/a/log", true },
		{ "/srv/*/log", "/srv/a/b/log", false },
		{ "/srv/*/l*g", "/srv/long/log", true },
		{ "/srv/*", "/srv/a/b/c", true },
		{ "/srv/*", "/srv", false },
		{ "/srv/?", "/srv/a", true },
		{ "/srv/a?b", "/srv/a/b", false },
		{ "/*/*/c", "/a/b/c", true },
		{ "/*/*/c", "/a/c", false },
		{ "/a*b*c", "/axxbyybzzc", true },
		{ "/a*b*c", "/axxbyybzzcd", false },
	};
	char json[256];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(exclusions_freep) struct exclusions *x = NULL;

		snprintf(json, sizeof(json), "[{\"$type\":\"excludedPath\",\"path\":\"%s\"," GLOBAL "}]",
			 cases[i].pattern);
		x = make(json);
		if ((exclusions_find_file(x, cases[i].path) == 0) != cases[i].taken)
			fail_msg("%s and %s", cases[i].pattern, cases[i].path);
	}
}

static void a_folder_takes_all_below_it(void **state _unused_)
{
	_cleanup_(exclusions_freep) struct exclusions *x =
		make("[{\"$type\":\"excludedPath\",\"isDirectory\":true,\"path\":\"/run/x/\"," GLOBAL "}]");

	assert_int_equal(exclusions_find_file(x, "/run/x/a/b"), 0);
	assert_int_equal(exclusions_find_file(x, "/run/xy"), -1);
}

static void only_what_is_global_counts(void **state _unused_)
{
	_cleanup_(exclusions_freep) struct exclusions *x = make(
		"[{\"$type\":\"excludedFileExtension\",\"extension\":\".pdf\",\"scopes\":[\"epp\"]},"
		"{\"$type\":\"excludedFileExtension\",\"extension\":\".log\"," GLOBAL "}]");

	assert_int_equal(exclusions_count(x), 1);
	assert_int_equal(exclusions_find_file(x, "/a/b.log"), 0);
	assert_int_equal(exclusions_find_file(x, "/a/b.pdf"), -1);
	assert_int_equal(exclusions_find_file(x, "/a.log/b"), -1);
}

static void processes_users_and_containers(void **state _unused_)
{
	_cleanup_(exclusions_freep) struct exclusions *x = make(
		"[{\"$type\":\"excludedFileName\",\"name\":\"backup\",\"inherit\":true," GLOBAL "},"
		"{\"$type\":\"excludedFileName\",\"name\":\"/opt/*/agent\"," GLOBAL "},"
		"{\"$type\":\"excludedUser\",\"user\":\"daemon\"," GLOBAL "},"
		"{\"$type\":\"excludedUser\",\"user\":\"nobody-has-this-name\"," GLOBAL "},"
		"{\"$type\":\"excludedContainer\",\"container\":\"0123456789ab\"," GLOBAL "}]");
	_cleanup_buf_ struct buf text = BUF_INIT(EXCLUSIONS_TEXT_MAX);

	assert_int_equal(exclusions_find_process(x, "/usr/bin/backup", ""), 0);
	assert_int_equal(exclusions_find_process(x, "/usr/bin/backup2", ""), -1);
	assert_int_equal(exclusions_find_process(x, "/opt/any/agent", ""), 1);
	assert_int_equal(exclusions_find_process(x, "/usr/bin/agent", ""), -1);
	assert_int_equal(exclusions_find_user(x, 1), 2);
	assert_int_equal(exclusions_find_user(x, 0), -1);
	assert_int_equal(exclusions_find_user(x, UINT32_MAX), -1);
	assert_int_equal(exclusions_find_process(x, "/bin/sh", "0123456789abcdef"), 4);
	assert_int_equal(exclusions_find_process(x, "/bin/sh", "1123456789abcdef"), -1);
	assert_true(exclusions_inherited(x, 0));
	assert_false(exclusions_inherited(x, 1));
	exclusions_note(x, 1);
	assert_int_equal(exclusions_noted(x, 1), 1);
	exclusions_describe(x, 0, &text);
	assert_string_equal(text.data, "process backup and what it starts");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_and_their_wildcards),
		cmocka_unit_test(a_folder_takes_all_below_it),
		cmocka_unit_test(only_what_is_global_counts),
		cmocka_unit_test(processes_users_and_containers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
