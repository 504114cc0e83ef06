/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "store/state.h"

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

static struct state *open_state(void)
{
	struct state *s = NULL;
	struct err err = { 0 };

	if (state_open(path, &s, &err) < 0)
		fail_msg("%s", err.msg);
	return s;
}

static void add_tenant(struct state_conn *c, const char *id)
{
	assert_int_equal(state_exec(c, NULL, "INSERT INTO tenant VALUES (?, ?, 'se', ?)", "ssi", id,
				    "Tenant", (int64_t)42), 0);
}

static int64_t count_tenants(struct state_conn *c)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;

	assert_int_equal(state_query(c, &st, NULL, "SELECT count(*) FROM tenant", ""), 0);
	assert_int_equal(state_step(st, NULL), 1);
	return state_int(st, 0);
}

static void values_come_back_after_reopening(void **st _unused_)
{
	_cleanup_(state_closep) struct state *s = open_state();
	_cleanup_(state_donep) struct state_stmt *row = NULL;

	add_tenant(state_get(s), "t'; DROP TABLE tenant --");
	state_close(TAKE_PTR(s));
	s = open_state();
	assert_int_equal(state_query(state_get(s), &row, NULL,
				     "SELECT id, created_ns, NULL FROM tenant WHERE name = ?", "s",
				     "Tenant"), 0);
	assert_int_equal(state_step(row, NULL), 1);
	assert_string_equal(state_text(row, 0), "t'; DROP TABLE tenant --");
	assert_int_equal(state_int(row, 1), 42);
	assert_true(state_is_null(row, 2));
	assert_int_equal(state_step(row, NULL), 0);
}

static void what_is_not_committed_is_gone(void **st _unused_)
{
	_cleanup_(state_closep) struct state *s = open_state();
	struct state_conn *c = state_get(s);

	assert_int_equal(state_begin(c, NULL), 0);
	add_tenant(c, "a");
	state_rollback(c);
	assert_int_equal(count_tenants(c), 0);
	assert_int_equal(state_begin(c, NULL), 0);
	add_tenant(c, "a");
	assert_int_equal(state_commit(c, NULL), 0);
	state_rollback(c);
	assert_int_equal(count_tenants(c), 1);
}

static void errors_have_a_code_and_the_place(void **st _unused_)
{
	_cleanup_(state_closep) struct state *s = open_state();
	struct state_conn *c = state_get(s);
	struct err err = { 0 };

	add_tenant(c, "a");
	assert_int_equal(state_exec(c, &err, "INSERT INTO tenant VALUES ('a', 'b', 'c', 1)", ""),
			 -EEXIST);
	assert_non_null(strstr(err.msg, "UNIQUE constraint failed: tenant.id"));
	assert_int_equal(state_exec(c, &err, "SELECT nonsense FROM tenant", ""), -EIO);
	assert_non_null(strstr(err.msg, "no such column: nonsense"));
}

static void a_newer_database_is_refused(void **st _unused_)
{
	_cleanup_(state_closep) struct state *s = open_state();
	struct state *again = NULL;
	struct err err = { 0 };

	assert_int_equal(state_exec(state_get(s), NULL, "PRAGMA user_version=99", ""), 0);
	assert_int_equal(state_open(path, &again, &err), -EPROTO);
	assert_non_null(strstr(err.msg, "has version 99"));
	assert_null(again);
}

static void *insert_hundred(void *arg)
{
	struct state *s = arg;
	struct state_conn *c = state_get(s);
	char id[64];

	for (int i = 0; i < 100; i++) {
		snprintf(id, sizeof(id), "%p-%d", (void *)c, i);
		assert_int_equal(state_begin(c, NULL), 0);
		add_tenant(c, id);
		assert_int_equal(state_commit(c, NULL), 0);
	}
	return NULL;
}

static void threads_write_side_by_side(void **st _unused_)
{
	_cleanup_(state_closep) struct state *s = open_state();
	pthread_t threads[4];

	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, insert_hundred, s), 0);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(count_tenants(state_get(s)), 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(values_come_back_after_reopening, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_not_committed_is_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(errors_have_a_code_and_the_place, setup, teardown),
		cmocka_unit_test_setup_teardown(a_newer_database_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(threads_write_side_by_side, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
