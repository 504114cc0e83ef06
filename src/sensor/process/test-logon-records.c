/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "sensor/process/logon_records.h"

static char dir[] = "/tmp/vakt-logons-XXXXXX";
static char told[8192];

static void note(void *arg _unused_, const struct utmp *u, bool failed)
{
	size_t used = strlen(told);

	snprintf(told + used, sizeof(told) - used, "%s%.*s;", failed ? "!" : "",
		 (int)strnlen(u->ut_user, sizeof(u->ut_user)), u->ut_user);
}

static void add(const char *name, int type, const char *user)
{
	struct utmp u = { .ut_type = (short)type };
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "ae");
	assert_non_null(f);
	memcpy(u.ut_user, user, strlen(user)); /* 32 bytes have no NUL */
	assert_int_equal(fwrite(&u, sizeof(u), 1, f), 1);
	fclose(f);
}

static const char *read_new(struct logon_records *l, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_true(logon_records_have(l, path, strlen(path)));
	told[0] = '\0';
	logon_records_read(l, path, strlen(path), note, NULL);
	return told;
}

static void only_what_is_added_is_told_and_only_log_ons(void **state _unused_)
{
	_cleanup_(logon_records_freep) struct logon_records *l = NULL;

	add("wtmp", USER_PROCESS, "before");
	assert_int_equal(logon_records_new(dir, &l), 0);
	assert_string_equal(read_new(l, "wtmp"), "");
	add("wtmp", BOOT_TIME, "reboot");
	add("wtmp", USER_PROCESS, "ann");
	add("wtmp", DEAD_PROCESS, "ann");
	assert_string_equal(read_new(l, "wtmp"), "ann;");
	add("wtmp", USER_PROCESS, "0123456789abcdef0123456789abcdef");
	assert_string_equal(read_new(l, "wtmp"), "0123456789abcdef0123456789abcdef;");
	add("btmp", LOGIN_PROCESS, "eve"); /* was not there at first */
	add("btmp", LOGIN_PROCESS, "");
	assert_string_equal(read_new(l, "btmp"), "!eve;!;");
	assert_false(logon_records_have(l, "/var/log/wtmp.1", 15));
}

static void a_file_begun_anew_is_read_from_its_start(void **state _unused_)
{
	_cleanup_(logon_records_freep) struct logon_records *l = NULL;
	char path[64];

	assert_int_equal(logon_records_new(dir, &l), 0);
	snprintf(path, sizeof(path), "%s/wtmp", dir);
	assert_int_equal(truncate(path, 0), 0);
	add("wtmp", USER_PROCESS, "bob");
	assert_string_equal(read_new(l, "wtmp"), "bob;");
	assert_int_equal(unlink(path), 0);
	assert_string_equal(read_new(l, "wtmp"), "");
	add("wtmp", USER_PROCESS, "eve");
	add("wtmp", USER_PROCESS, "dan");
	assert_string_equal(read_new(l, "wtmp"), "eve;dan;");
	/* A record that is not whole yet waits. */
	assert_int_equal(truncate(path, 2 * (off_t)sizeof(struct utmp) + 100), 0);
	assert_string_equal(read_new(l, "wtmp"), "");
}

static int setup(void **state _unused_)
{
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state _unused_)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/wtmp", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/btmp", dir);
	unlink(path);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_is_added_is_told_and_only_log_ons),
		cmocka_unit_test(a_file_begun_anew_is_read_from_its_start),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
