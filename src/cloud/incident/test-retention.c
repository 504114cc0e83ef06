/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-retention.c - what goes with time and what stays, in a real state database
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* After the standard headers it needs. */
#include <cmocka.h>

#include "cloud/incident/retention.h"

#define OLD 1000
#define LIMIT 2000
#define RECENT 3000

struct fixture {
	char dir[32];
	struct state *state;
	struct state_conn *c;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char path[64];

	strcpy(f->dir, "/tmp/vakt-retention-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(path, sizeof(path), "%s/state.db", f->dir);
	assert_int_equal(state_open(path, &f->state, NULL), 0);
	f->c = state_get(f->state);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[64];
	int r;

	state_close(f->state);
	snprintf(command, sizeof(command), "rm -rf %s", f->dir);
	r = system(command);
	free(f);
	return r;
}

static void write_row(struct fixture *f, const char *sql, const char *id, int64_t incident,
		      int64_t time)
{
	struct err err = { 0 };

	assert_int_equal(state_begin(f->c, NULL), 0);
	if (state_exec(f->c, &err, sql, "sii", id, incident, time) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(state_commit(f->c, NULL), 0);
}

static void make_incident(struct fixture *f, int64_t incident, int64_t time)
{
	write_row(f,
		  "INSERT INTO incident (title, id, updated_ns, tenant_id, severity, device_id,"
		  " root_unique_id, created_ns) VALUES (?1, ?2, ?3, 't', 'Low', 'd', 'r', ?3)",
		  "an incident", incident, time);
	write_row(f,
		  "INSERT INTO incident_comment (comment, incident_id, created_ns, tenant_id,"
		  " sequence, created_by) VALUES (?, ?, ?, 't', 1, 'me')",
		  "seen", incident, time);
}

static void make_alert(struct fixture *f, const char *id, int64_t incident, int64_t time)
{
	write_row(f,
		  "INSERT INTO alert (id, incident_id, updated_ns, tenant_id, device_id, rule_id,"
		  " title, description, severity, category, techniques, detection_source,"
		  " group_key, process_unique_id, first_event_ns, last_event_ns, created_ns)"
		  " VALUES (?1, ?2, ?3, 't', 'd', ?1, '', '', 'Low', '', '[]', '', '', '', ?3,"
		  " ?3, ?3)",
		  id, incident, time);
	write_row(f,
		  "INSERT INTO alert_event (alert_id, report_id, time_ns, tenant_id, device_id,"
		  " rule_id, table_name) VALUES (?1, ?2, ?3, 't', 'd', ?1, 'DeviceProcessEvents')",
		  id, incident, time);
	write_row(f,
		  "INSERT INTO alert_evidence (alert_id, entity_type, created_ns, tenant_id,"
		  " entity_key, entity) VALUES (?, ?, ?, 't', 'k', '{}')",
		  id, incident, time);
	write_row(f,
		  "INSERT INTO alert_comment (alert_id, sequence, created_ns, tenant_id, comment,"
		  " created_by) VALUES (?, ?, ?, 't', 'c', 'me')",
		  id, incident, time);
}

static int64_t count(struct fixture *f, const char *table)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	char sql[64];

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", table);
	assert_int_equal(state_query(f->c, &st, NULL, sql, ""), 0);
	assert_int_equal(state_step(st, NULL), 1);
	return state_int(st, 0);
}

static void assert_left(struct fixture *f, int64_t alerts, int64_t incidents)
{
	static const char *const of_alert[] = { "alert", "alert_event", "alert_evidence",
						"alert_comment" };

	for (size_t i = 0; i < ARRAY_SIZE(of_alert); i++)
		assert_int_equal(count(f, of_alert[i]), alerts);
	assert_int_equal(count(f, "incident"), incidents);
	assert_int_equal(count(f, "incident_comment"), incidents);
}

static void what_is_old_goes_with_all_that_belongs_to_it(void **state)
{
	struct fixture *f = *state;
	int64_t removed;

	make_incident(f, 1, OLD);
	make_alert(f, "a", 1, OLD);
	make_alert(f, "b", 1, OLD);
	make_incident(f, 2, RECENT);
	make_alert(f, "c", 2, OLD);
	make_alert(f, "d", 2, RECENT);
	assert_int_equal(incident_retain(f->state, LIMIT, &removed, NULL), 0);
	assert_int_equal(removed, 3);
	assert_left(f, 1, 1);
	assert_int_equal(incident_retain(f->state, LIMIT, &removed, NULL), 0);
	assert_int_equal(removed, 0);
}

static void an_incident_with_an_alert_stays(void **state)
{
	struct fixture *f = *state;
	int64_t removed;

	make_incident(f, 1, OLD);
	make_alert(f, "a", 1, RECENT);
	make_incident(f, 2, RECENT);
	assert_int_equal(incident_retain(f->state, LIMIT, &removed, NULL), 0);
	assert_int_equal(removed, 0);
	assert_int_equal(count(f, "incident"), 2);
}

static void the_newest_number_is_never_given_again(void **state)
{
	struct fixture *f = *state;
	int64_t removed;

	make_incident(f, 1, OLD);
	make_incident(f, 2, OLD);
	make_alert(f, "a", 2, OLD);
	assert_int_equal(incident_retain(f->state, LIMIT, &removed, NULL), 0);
	assert_int_equal(removed, 1);
	assert_left(f, 0, 1);
}

static void many_go_in_one_call(void **state)
{
	struct fixture *f = *state;
	int64_t removed;
	char id[16];

	make_incident(f, 1, RECENT);
	for (int i = 0; i < 250; i++) {
		snprintf(id, sizeof(id), "a%d", i);
		make_alert(f, id, 1, i < 230 ? OLD : RECENT);
	}
	assert_int_equal(incident_retain(f->state, LIMIT, &removed, NULL), 0);
	assert_int_equal(removed, 230);
	assert_left(f, 20, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_old_goes_with_all_that_belongs_to_it, setup,
						teardown),
		cmocka_unit_test_setup_teardown(an_incident_with_an_alert_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(the_newest_number_is_never_given_again, setup,
						teardown),
		cmocka_unit_test_setup_teardown(many_go_in_one_call, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
