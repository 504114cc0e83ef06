/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-state-migrate.c - upgrades of the database, those that fail, and the way back
 *
 * "The older build" is the real code with fewer migrations: state_open_version().
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/fd.h"
#include "store/state_internal.h"

#define OLD 1
#define OPENERS 6

static char dir[32], path[64];

static int setup(void **state _unused_)
{
	strcpy(dir, "/tmp/vakt-state-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/state.db", dir);
	return 0;
}

static int teardown(void **state _unused_)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static struct state *open_as(int64_t version)
{
	struct state *s = NULL;
	struct err err = { 0 };

	if (state_open_version(path, version, &s, &err) < 0)
		fail_msg("%s", err.msg);
	return s;
}

static struct state *open_new(void)
{
	return open_as(state_newest_version());
}

static void run(struct state *s, const char *sql)
{
	struct err err = { 0 };

	if (state_exec(state_get(s), &err, sql, "") < 0)
		fail_msg("%s", err.msg);
}

static int64_t number_of(struct state *s, const char *sql)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;

	assert_int_equal(state_query(state_get(s), &st, NULL, sql, ""), 0);
	assert_int_equal(state_step(st, NULL), 1);
	return state_int(st, 0);
}

/* A database as the older build left it, with something of value in it. */
static void make_old(const char *tenant)
{
	_cleanup_(state_closep) struct state *s = open_as(OLD);

	assert_int_equal(state_exec(state_get(s), NULL,
				    "INSERT INTO tenant VALUES (?, 'Tenant', 'se', 42)", "s",
				    tenant),
			 0);
}

static int is_copy(const struct dirent *entry)
{
	return strncmp(entry->d_name, "state.db.v", 10) == 0;
}

static int count_copies(void)
{
	struct dirent **entries;
	int n = scandir(dir, &entries, is_copy, NULL);

	for (int i = 0; i < n; i++)
		free(entries[i]);
	free(entries);
	return n;
}

static bool exists(const char *name)
{
	char file[192];

	snprintf(file, sizeof(file), "%s/%s", dir, name);
	return access(file, F_OK) == 0;
}

static void put(const char *name, const char *content)
{
	char file[192];

	snprintf(file, sizeof(file), "%s/%s", dir, name);
	assert_int_equal(file_write_atomic(file, content, strlen(content), 0600, NULL), 0);
}

static void an_upgrade_leaves_a_copy_of_before(void **st _unused_)
{
	_cleanup_(state_closep) struct state *s = NULL, *before = NULL;
	struct stat stat_of;

	make_old("a");
	s = open_new();
	assert_int_equal(number_of(s, "PRAGMA user_version"), state_newest_version());
	assert_int_equal(number_of(s, "SELECT count(*) FROM tenant WHERE id = 'a'"), 1);
	assert_int_equal(number_of(s, "SELECT count(*) FROM alert_event"), 0);
	assert_non_null(state_copy(s));
	assert_int_equal(stat(state_copy(s), &stat_of), 0);
	assert_int_equal(stat_of.st_mode & 0777, 0600);
	assert_int_equal(state_open_version(state_copy(s), OLD, &before, NULL), 0);
	assert_int_equal(number_of(before, "SELECT count(*) FROM tenant WHERE id = 'a'"), 1);
	assert_int_equal(count_copies(), 3); /* it, opened, has -wal and -shm beside it */
	assert_false(exists("state.db.copy-unfinished"));
}

static void what_is_new_or_current_needs_no_copy(void **st _unused_)
{
	_cleanup_(state_closep) struct state *s = open_new();

	assert_null(state_copy(s));
	state_close(TAKE_PTR(s));
	s = open_new();
	assert_null(state_copy(s));
	assert_int_equal(count_copies(), 0);
}

/* What the last migration makes is there already; those before it have run when it fails. */
static void a_failed_upgrade_changes_nothing_and_names_the_copy(void **st _unused_)
{
	_cleanup_(state_closep) struct state *s = NULL;
	_cleanup_free_ char *before = NULL, *after = NULL;
	size_t before_len, after_len;
	struct err err = { 0 };
	char copy[128];
	const char *named;

	make_old("a");
	s = open_as(OLD);
	run(s, "CREATE TABLE incident_comment (mine TEXT)");
	state_close(TAKE_PTR(s));
	assert_int_equal(file_read(path, 1 << 24, &before, &before_len, NULL), 0);
	assert_int_equal(state_open(path, &s, &err), -EIO);
	assert_null(s);
	assert_int_equal(file_read(path, 1 << 24, &after, &after_len, NULL), 0);
	assert_int_equal(before_len, after_len);
	assert_memory_equal(before, after, before_len);
	assert_non_null(strstr(err.msg, "to version 3: table incident_comment already exists"));
	assert_non_null(strstr(err.msg, "the database is unchanged (version 1"));
	named = strstr(err.msg, ".db.v1-");
	assert_non_null(named);
	snprintf(copy, sizeof(copy), "state%.*s", (int)strcspn(named, ")"), named);
	assert_true(exists(copy));
	s = open_as(OLD);
	assert_int_equal(number_of(s, "SELECT count(*) FROM tenant WHERE id = 'a'"), 1);
	assert_int_equal(
	    number_of(s, "SELECT count(*) FROM sqlite_schema WHERE name = 'alert_event'"), 0);
}

static void a_version_set_back_is_such_a_failure(void **st _unused_)
{
	_cleanup_(state_closep) struct state *s = open_new();
	struct err err = { 0 };

	run(s, "PRAGMA user_version=0");
	state_close(TAKE_PTR(s));
	assert_int_equal(state_open(path, &s, &err), -EIO);
	assert_non_null(strstr(err.msg, "to version 1: table tenant already exists"));
	s = open_as(0);
	assert_int_equal(number_of(s, "SELECT count(*) FROM incident_comment"), 0);
}

/* As a supervisor does; the copy of an earlier upgrade must outlive it. */
static void trying_again_and_again_leaves_one_copy(void **st _unused_)
{
	_cleanup_(state_closep) struct state *s = NULL;
	struct err err = { 0 };

	make_old("a");
	put("state.db.v1-1000", "earlier");
	s = open_as(OLD);
	run(s, "CREATE TABLE incident_comment (mine TEXT)");
	state_close(TAKE_PTR(s));
	for (int i = 0; i < 5; i++)
		assert_int_equal(state_open(path, &s, &err), -EIO);
	assert_int_equal(count_copies(), 2);
	assert_true(exists("state.db.v1-1000"));
}

static void the_newest_three_copies_are_kept(void **st _unused_)
{
	static const char *const others[] = { "state.db.v1-1000.gz", "state.db.v1-01000",
					      "state.db.v-1000",     "state.db.v1-",
					      "state.db.v1",	     "state.db.v0-1000",
					      "state.db-v1-1000",    "state.dbs.v1-1000",
					      "my-state.db.v1-1000", "state.db.v1-1000 " };
	_cleanup_(state_closep) struct state *s = NULL;

	make_old("a");
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		put(others[i], "not ours");
	put("state.db.v1-1000", "a");
	put("state.db.v2-1003", "b");
	put("state.db.v1-1002", "c");
	put("state.db.v1-1001", "d");
	put("state.db.v9-999", "e");
	s = open_new();
	assert_int_equal(access(state_copy(s), F_OK), 0);
	assert_true(exists("state.db.v2-1003"));
	assert_true(exists("state.db.v1-1002"));
	assert_false(exists("state.db.v1-1001"));
	assert_false(exists("state.db.v1-1000"));
	assert_false(exists("state.db.v9-999"));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (!exists(others[i]))
			fail_msg("%s is gone", others[i]);
}

/* A clock that was ahead once must not cost the copy that is made now. */
static void copies_of_the_future_do_not_push_out_the_new_one(void **st _unused_)
{
	_cleanup_(state_closep) struct state *s = NULL;

	make_old("a");
	put("state.db.v1-99999999990", "a");
	put("state.db.v1-99999999991", "b");
	put("state.db.v1-99999999992", "c");
	s = open_new();
	assert_int_equal(access(state_copy(s), F_OK), 0);
	assert_true(exists("state.db.v1-99999999993"));
	assert_false(exists("state.db.v1-99999999990"));
}

/* Where no copy can be made (here its name is taken by a folder) nothing is changed. */
static void without_a_copy_there_is_no_upgrade(void **st _unused_)
{
	_cleanup_(state_closep) struct state *s = NULL;
	struct err err = { 0 };
	char folder[128];

	make_old("a");
	snprintf(folder, sizeof(folder), "%s/state.db.copy-unfinished", dir);
	assert_int_equal(mkdir(folder, 0700), 0);
	assert_true(state_open(path, &s, &err) < 0);
	assert_non_null(strstr(err.msg, "no copy could be made"));
	s = open_as(OLD);
	assert_int_equal(number_of(s, "PRAGMA user_version"), OLD);
}

static void open_in_child(int wait_fd)
{
	struct state *s = NULL;
	struct err err = { 0 };
	char byte;
	int r;

	/* The end of the pipe lets all of them go at once. */
	r = read(wait_fd, &byte, 1) == 0 ? state_open(path, &s, &err) : -EIO;
	if (r < 0)
		fprintf(stderr, "%s\n", err.msg);
	state_close(s);
	_exit(r < 0);
}

static void open_at_once(void)
{
	int fds[2], status;
	pid_t pids[OPENERS];

	assert_int_equal(pipe(fds), 0);
	for (int i = 0; i < OPENERS; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			close(fds[1]);
			open_in_child(fds[0]);
		}
	}
	close(fds[0]);
	close(fds[1]);
	for (int i = 0; i < OPENERS; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
}

static void openers_at_once_upgrade_once(void **st _unused_)
{
	_cleanup_(state_closep) struct state *s = NULL;

	make_old("a");
	open_at_once();
	assert_int_equal(count_copies(), 1);
	s = open_new();
	assert_null(state_copy(s));
	assert_int_equal(number_of(s, "PRAGMA user_version"), state_newest_version());
	assert_int_equal(number_of(s, "SELECT count(*) FROM tenant"), 1);
}

static void openers_at_once_make_one_database(void **st _unused_)
{
	_cleanup_(state_closep) struct state *s = NULL;

	open_at_once();
	s = open_new();
	assert_int_equal(number_of(s, "PRAGMA user_version"), state_newest_version());
	assert_int_equal(count_copies(), 0);
}

/* By the commands of the README, against the older build's own refusal. */
static void the_way_back(void **st _unused_)
{
	_cleanup_(state_closep) struct state *s = NULL;
	char copy[128], command[512];
	struct err err = { 0 };

	make_old("a");
	s = open_new();
	snprintf(copy, sizeof(copy), "%s", state_copy(s));
	run(s, "INSERT INTO tenant VALUES ('b', 'Since then', 'se', 43)");
	state_close(TAKE_PTR(s));

	assert_int_equal(state_open_version(path, OLD, &s, &err), -EPROTO);
	assert_non_null(strstr(err.msg, "this program knows 1"));
	assert_non_null(strstr(err.msg, copy));

	snprintf(command, sizeof(command), "cp %s %s && rm -f %s-wal %s-shm", copy, path, path,
		 path);
	assert_int_equal(system(command), 0);
	s = open_as(OLD);
	assert_int_equal(number_of(s, "SELECT count(*) FROM tenant WHERE id = 'a'"), 1);
	assert_int_equal(number_of(s, "SELECT count(*) FROM tenant WHERE id = 'b'"), 0);
	run(s, "INSERT INTO tenant VALUES ('c', 'After the way back', 'se', 44)");
	state_close(TAKE_PTR(s));

	s = open_new();
	assert_int_equal(number_of(s, "SELECT count(*) FROM tenant WHERE id IN ('a', 'c')"), 2);
	assert_int_equal(count_copies(), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_upgrade_leaves_a_copy_of_before, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_is_new_or_current_needs_no_copy, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_failed_upgrade_changes_nothing_and_names_the_copy,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_version_set_back_is_such_a_failure, setup,
						teardown),
		cmocka_unit_test_setup_teardown(trying_again_and_again_leaves_one_copy, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_newest_three_copies_are_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(copies_of_the_future_do_not_push_out_the_new_one,
						setup, teardown),
		cmocka_unit_test_setup_teardown(without_a_copy_there_is_no_upgrade, setup,
						teardown),
		cmocka_unit_test_setup_teardown(openers_at_once_upgrade_once, setup, teardown),
		cmocka_unit_test_setup_teardown(openers_at_once_make_one_database, setup, teardown),
		cmocka_unit_test_setup_teardown(the_way_back, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
