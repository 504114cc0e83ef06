/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-incident.c - grouping, idempotence and incidents in a real state database
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* After the standard headers it needs. */
#include <cmocka.h>
#include <jansson.h>

#include "cloud/incident/classify.h"
#include "cloud/incident/incident.h"

#define T0 (1700000000 * NSEC_PER_SEC)
#define MINUTE (60 * NSEC_PER_SEC)
#define P(name) DeviceProcessEvents_##name

/* Ids as the sensor makes them: 32 digits. */
#define SHELL "00000000000000000000000000000001"
#define SCRIPT "00000000000000000000000000000002"
#define OTHER "00000000000000000000000000000003"

static const char *const techniques[] = { "T1083", "T1552.001", NULL };
static const char *const discovery[] = { "discovery", "credential-access", NULL };
static const struct rules_info search = {
	.id = "11111111-1111-4111-8111-111111111111",
	.title = "Search for \"secrets\"",
	.description = "Someone looks",
	.level = RULES_LOW,
	.techniques = techniques,
	.tactics = discovery,
};
static const struct rules_info shell = {
	.id = "22222222-2222-4222-8222-222222222222",
	.title = "Reverse shell",
	.level = RULES_CRITICAL,
};
static const struct incident_scope scope = { "tenant", "device", "host" };

struct fixture {
	char dir[32];
	struct state *state;
	struct state_conn *c;
	struct lineage *lineage;
	struct ancestry *ancestry;
	struct incident_counts counts;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char path[64];

	strcpy(f->dir, "/tmp/vakt-incident-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(path, sizeof(path), "%s/state.db", f->dir);
	assert_int_equal(state_open(path, &f->state, NULL), 0);
	f->c = state_get(f->state);
	assert_int_equal(lineage_new(&f->lineage), 0);
	assert_int_equal(ancestry_new("tenant", "device", f->lineage, &f->ancestry), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[64];
	int r;

	ancestry_free(f->ancestry);
	lineage_free(f->lineage);
	state_close(f->state);
	snprintf(command, sizeof(command), "rm -rf %s", f->dir);
	r = system(command);
	free(f);
	return r;
}

static void know(struct fixture *f, const char *id, const char *name, const char *parent,
		 const char *parent_name)
{
	struct ancestor p = { .file_name = (char *)name,
			      .command_line = (char *)name,
			      .parent_file_name = (char *)parent_name,
			      .process_id = 100,
			      .parent_process_id = 50,
			      .started_ns = T0 - MINUTE };

	snprintf(p.id, sizeof(p.id), "%s", id);
	snprintf(p.parent_id, sizeof(p.parent_id), "%s", parent);
	assert_int_equal(ancestry_add(f->ancestry, &p), 0);
}

/* A process started by parent. */
static struct event start_event(int64_t report_id, int64_t time_ns, const char *parent)
{
	struct event e;

	event_init(&e, EVENT_DeviceProcessEvents);
	event_set_int(&e, P(Timestamp), time_ns);
	event_set_int(&e, P(ReportId), report_id);
	event_set_str(&e, P(ActionType), "ProcessCreated");
	event_set_str(&e, P(ProcessUniqueId), OTHER);
	event_set_int(&e, P(ProcessId), 4711);
	event_set_str(&e, P(FileName), "grep");
	event_set_str(&e, P(FolderPath), "/usr/bin/grep");
	event_set_str(&e, P(ProcessCommandLine), "grep -r password \"\xff\"");
	event_set_str(&e, P(AccountName), "root");
	event_set_str(&e, P(AccountDomain), "host");
	event_set_str(&e, P(InitiatingProcessUniqueId), parent);
	event_set_int(&e, P(InitiatingProcessId), 100);
	event_set_str(&e, P(InitiatingProcessFileName), "sh");
	event_set_str(&e, P(InitiatingProcessFolderPath), "/usr/bin/sh");
	return e;
}

/* As ingest does: one frame in one transaction. */
static void take(struct fixture *f, const struct rules_info *rule, const struct event *events,
		 size_t count)
{
	_cleanup_(detections_freep) struct detections *list = NULL;
	struct err err = { 0 };

	assert_int_equal(detections_new(&list), 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(detections_add(list, &(struct detection_rule){ rule, rule->level, false },
						&events[i]), 0);
	assert_int_equal(state_begin(f->c, NULL), 0);
	if (incident_record(f->c, &scope, list, f->ancestry, &f->counts, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(state_commit(f->c, NULL), 0);
}

static void take_one(struct fixture *f, const struct rules_info *rule, int64_t report_id,
		     int64_t time_ns, const char *parent)
{
	struct event e = start_event(report_id, time_ns, parent);

	take(f, rule, &e, 1);
}

static int64_t ask(struct fixture *f, const char *sql)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;

	assert_int_equal(state_query(f->c, &st, NULL, sql, ""), 0);
	assert_int_equal(state_step(st, NULL), 1);
	return state_int(st, 0);
}

static void ask_text(struct fixture *f, const char *sql, const char *expected)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;

	assert_int_equal(state_query(f->c, &st, NULL, sql, ""), 0);
	assert_int_equal(state_step(st, NULL), 1);
	assert_string_equal(state_text(st, 0), expected);
}

static void an_alert_says_what_the_rule_and_the_event_say(void **state)
{
	struct fixture *f = *state;

	take_one(f, &search, 7, T0, SHELL);
	ask_text(f,
		 "SELECT title || '|' || description || '|' || severity || '|' || category || '|' "
		 "|| techniques || '|' || status || '|' || detection_source || '|' || "
		 "account_domain || '|' || account_name || '|' || process_unique_id FROM alert",
		 "Search for \"secrets\"|Someone looks|Low|Discovery|[\"T1083\",\"T1552.001\"]|New|"
		 "WindowsDefenderAtp|host|root|" OTHER);
	assert_int_equal(ask(f, "SELECT first_event_ns FROM alert"), T0);
	ask_text(f, "SELECT substr(id, 1, 2) || length(id) FROM alert", "da34");
	ask_text(f, "SELECT title || '|' || severity || '|' || status FROM incident",
		 "Search for \"secrets\" on host|Low|Active");
	ask_text(f, "SELECT table_name || report_id FROM alert_event", "DeviceProcessEvents7");
	ask_text(f, "SELECT group_concat(entity_type) FROM alert_evidence", "Process,User");
}

static void evidence_and_story_are_whole_json(void **state)
{
	static const char *const properties[] = {
		"entityType",
		"evidenceCreationTime",
		"sha1",
		"sha256",
		"fileName",
		"filePath",
		"processId",
		"processCommandLine",
		"processCreationTime",
		"parentProcessId",
		"parentProcessCreationTime",
		"parentProcessFileName",
		"parentProcessFilePath",
		"ipAddress",
		"url",
		"registryKey",
		"registryHive",
		"registryValueType",
		"registryValue",
		"accountName",
		"domainName",
		"userSid",
		"aadUserId",
		"userPrincipalName",
		"detectionStatus",
	};
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	struct fixture *f = *state;
	json_t *entity, *story, *step;

	know(f, SCRIPT, "sh", SHELL, "bash");
	know(f, SHELL, "bash", "", "sshd");
	take_one(f, &search, 7, T0, SCRIPT);
	assert_int_equal(state_query(f->c, &st, NULL,
				     "SELECT e.entity, a.story FROM alert a JOIN "
				     "alert_evidence e WHERE e.entity_type = 'Process'",
				     ""),
			 0);
	assert_int_equal(state_step(st, NULL), 1);
	entity = json_loads(state_text(st, 0), 0, NULL);
	assert_int_equal(json_object_size(entity), ARRAY_SIZE(properties));
	for (size_t i = 0; i < ARRAY_SIZE(properties); i++)
		assert_non_null(json_object_get(entity, properties[i]));
	assert_string_equal(json_string_value(json_object_get(entity, "filePath")), "/usr/bin");
	assert_string_equal(json_string_value(json_object_get(entity, "processCommandLine")),
			    "grep -r password \"\xef\xbf\xbd\"");
	story = json_loads(state_text(st, 1), 0, NULL);
	assert_int_equal(json_array_size(json_object_get(story, "steps")), 3);
	step = json_array_get(json_object_get(story, "steps"), 0);
	assert_string_equal(
	    json_string_value(json_object_get(json_object_get(step, "process"), "uniqueId")),
	    SHELL);
	assert_true(json_is_false(json_object_get(step, "matched")));
	step = json_array_get(json_object_get(story, "steps"), 2);
	/* Text: a reader whose numbers are doubles would round it. */
	assert_string_equal(json_string_value(json_object_get(step, "reportId")), "7");
	json_decref(entity);
	json_decref(story);
}

static void a_loop_of_a_thousand_is_one_alert(void **state)
{
	struct fixture *f = *state;
	struct event events[100];

	for (int frame = 0; frame < 10; frame++) {
		for (int i = 0; i < 100; i++)
			events[i] = start_event(frame * 100 + i + 1, T0 + frame * MINUTE, SHELL);
		take(f, &search, events, 100);
	}
	assert_int_equal(ask(f, "SELECT count(*) FROM alert"), 1);
	assert_int_equal(ask(f, "SELECT event_count FROM alert"), 1000);
	assert_int_equal(ask(f, "SELECT last_event_ns FROM alert"), T0 + 9 * MINUTE);
	assert_int_equal(ask(f, "SELECT count(*) FROM alert_event"), ALERT_EVENTS_MAX);
	assert_int_equal(ask(f, "SELECT json_array_length(story, '$.steps') FROM alert"),
			 ALERT_STEPS_MAX);
	assert_int_equal(f->counts.joined, 900);
}

/* Each round of the loop is a script of its own that runs the command: the tree is the same. */
static void a_loop_of_scripts_is_one_alert(void **state)
{
	struct fixture *f = *state;

	know(f, SHELL, "bash", "", "sshd");
	for (int i = 0; i < 50; i++) {
		char id[EVENT_UNIQUE_ID_SIZE];

		snprintf(id, sizeof(id), "%032x", i + 0x1000);
		know(f, id, "sh", SHELL, "bash");
		take_one(f, &search, i + 1, T0 + i, id);
	}
	assert_int_equal(ask(f, "SELECT count(*) FROM alert"), 1);
	assert_int_equal(ask(f, "SELECT event_count FROM alert"), 50);
	ask_text(f, "SELECT root_unique_id FROM incident", SHELL);
}

static void the_same_again_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct event events[3];

	for (int i = 0; i < 3; i++)
		events[i] = start_event(i + 1, T0 + i, SHELL);
	take(f, &search, events, 3);
	take(f, &search, events, 3);
	/* Cut differently, and after the analyst has closed it. */
	take(f, &search, events + 1, 2);
	assert_int_equal(state_exec(f->c, NULL, "UPDATE alert SET status = 'Resolved'", ""), 0);
	take(f, &search, events, 1);
	assert_int_equal(ask(f, "SELECT count(*) FROM alert"), 1);
	assert_int_equal(ask(f, "SELECT event_count FROM alert"), 3);
	assert_int_equal(ask(f, "SELECT count(*) FROM incident"), 1);
	assert_int_equal(f->counts.repeated, 6);
	/* Half old, half new. */
	events[0] = start_event(9, T0 + 9, SHELL);
	take(f, &search, events, 3);
	assert_int_equal(ask(f, "SELECT count(*) FROM alert"), 2);
	assert_int_equal(ask(f, "SELECT event_count FROM alert WHERE status = 'New'"), 1);
}

static void a_rollback_leaves_nothing(void **state)
{
	_cleanup_(detections_freep) struct detections *list = NULL;
	struct fixture *f = *state;
	struct event e = start_event(1, T0, SHELL);

	assert_int_equal(detections_new(&list), 0);
	assert_int_equal(detections_add(list, &(struct detection_rule){ &search, search.level, false }, &e), 0);
	assert_int_equal(state_begin(f->c, NULL), 0);
	assert_int_equal(incident_record(f->c, &scope, list, f->ancestry, &f->counts, NULL), 0);
	state_rollback(f->c);
	assert_int_equal(ask(f, "SELECT (SELECT count(*) FROM alert) + (SELECT count(*) FROM "
				"incident) + (SELECT count(*) FROM alert_event) + (SELECT count(*) "
				"FROM alert_evidence)"),
			 0);
	take(f, &search, &e, 1);
	assert_int_equal(ask(f, "SELECT count(*) FROM alert"), 1);
}

static void what_is_later_or_elsewhere_is_another_alert(void **state)
{
	struct fixture *f = *state;

	take_one(f, &search, 1, T0, SHELL);
	take_one(f, &search, 2, T0 + 59 * MINUTE, SHELL);
	assert_int_equal(ask(f, "SELECT count(*) FROM alert"), 1);
	take_one(f, &search, 3, T0 + 120 * MINUTE, SHELL);
	assert_int_equal(ask(f, "SELECT count(*) FROM alert"), 2);
	take_one(f, &search, 4, T0, SCRIPT);
	assert_int_equal(ask(f, "SELECT count(*) FROM alert"), 3);
	assert_int_equal(ask(f, "SELECT count(*) FROM incident"), 2);
}

static void alerts_of_a_tree_are_an_incident(void **state)
{
	struct fixture *f = *state;

	know(f, SCRIPT, "sh", SHELL, "bash");
	know(f, SHELL, "bash", OTHER, "sshd");
	take_one(f, &search, 1, T0, SHELL);
	take_one(f, &shell, 2, T0 + 1, SCRIPT);
	assert_int_equal(ask(f, "SELECT count(*) FROM alert"), 2);
	assert_int_equal(ask(f, "SELECT count(*) FROM incident"), 1);
	ask_text(f, "SELECT title || '|' || severity || '|' || root_unique_id FROM incident",
		 "Reverse shell and 1 more on host|High|" SHELL);
	ask_text(f, "SELECT category FROM alert WHERE severity = 'High'", "SuspiciousActivity");
	/* A closed incident takes nothing in. */
	assert_int_equal(state_exec(f->c, NULL, "UPDATE incident SET status = 'Resolved'", ""), 0);
	assert_int_equal(state_exec(f->c, NULL, "UPDATE alert SET status = 'Resolved'", ""), 0);
	take_one(f, &search, 3, T0 + 2, SHELL);
	assert_int_equal(ask(f, "SELECT count(*) FROM incident"), 2);
}

/* Two log-ins have sshd in common, and nothing else. */
static void sessions_are_apart(void **state)
{
	struct fixture *f = *state;

	know(f, SHELL, "bash", OTHER, "sshd");
	know(f, SCRIPT, "bash", OTHER, "sshd");
	take_one(f, &search, 1, T0, SHELL);
	take_one(f, &search, 2, T0, SCRIPT);
	assert_int_equal(ask(f, "SELECT count(*) FROM incident"), 2);
	assert_int_equal(ask(f, "SELECT count(*) FROM alert"), 2);
}

static void a_flood_of_trees_is_bounded_and_counted(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < ALERT_RATE_MAX + 30; i++) {
		char id[EVENT_UNIQUE_ID_SIZE];

		snprintf(id, sizeof(id), "%032x", i + 0x1000);
		take_one(f, &search, i + 1, T0, id);
	}
	assert_int_equal(ask(f, "SELECT count(*) FROM alert"), ALERT_RATE_MAX);
	assert_int_equal(ask(f, "SELECT sum(event_count) FROM alert"), ALERT_RATE_MAX + 30);
	assert_int_equal(f->counts.limited, 30);
	/* Another rule is not held up. */
	take_one(f, &shell, 1000, T0, SHELL);
	assert_int_equal(ask(f, "SELECT count(*) FROM alert"), ALERT_RATE_MAX + 1);
}

static void one_frame_holds_a_bounded_number_of_entries(void **state _unused_)
{
	_cleanup_(detections_freep) struct detections *list = NULL;
	uint64_t sum = 0;

	assert_int_equal(detections_new(&list), 0);
	for (int i = 0; i < 2 * DETECTIONS_MAX; i++) {
		char id[EVENT_UNIQUE_ID_SIZE];
		struct event e;

		snprintf(id, sizeof(id), "%032x", i);
		e = start_event(i + 1, T0, id);
		assert_int_equal(detections_add(list, &(struct detection_rule){ &search, search.level, false }, &e), 0);
	}
	assert_int_equal(detections_count(list), DETECTIONS_MAX + 1);
	for (size_t i = 0; i < detections_count(list); i++)
		sum += detections_get(list, i)->count;
	assert_int_equal(sum, 2 * DETECTIONS_MAX);
}

static void network_and_file_events_name_what_was_acted_on(void **state)
{
	struct fixture *f = *state;
	struct event e;

	event_init(&e, EVENT_DeviceNetworkEvents);
	event_set_int(&e, DeviceNetworkEvents_Timestamp, T0);
	event_set_int(&e, DeviceNetworkEvents_ReportId, 1);
	event_set_str(&e, DeviceNetworkEvents_RemoteIP, "2001:db8::1");
	event_set_int(&e, DeviceNetworkEvents_RemotePort, 443);
	event_set_str(&e, DeviceNetworkEvents_InitiatingProcessUniqueId, SHELL);
	take(f, &shell, &e, 1);
	ask_text(f, "SELECT json_extract(story, '$.steps[0].remote') FROM alert",
		 "[2001:db8::1]:443");
	ask_text(f,
		 "SELECT json_extract(entity, '$.ipAddress') FROM alert_evidence WHERE "
		 "entity_type = 'Ip'",
		 "2001:db8::1");
	event_init(&e, EVENT_DeviceFileEvents);
	event_set_int(&e, DeviceFileEvents_Timestamp, T0);
	event_set_int(&e, DeviceFileEvents_ReportId, 2);
	event_set_str(&e, DeviceFileEvents_FolderPath, "/etc/ld.so.preload");
	event_set_str(&e, DeviceFileEvents_FileName, "ld.so.preload");
	event_set_str(&e, DeviceFileEvents_InitiatingProcessUniqueId, SHELL);
	take(f, &search, &e, 1);
	ask_text(f,
		 "SELECT json_extract(entity, '$.filePath') || json_extract(entity, '$.fileName') "
		 "FROM alert_evidence WHERE entity_type = 'File'",
		 "/etcld.so.preload");
	assert_int_equal(ask(f, "SELECT count(*) FROM incident"), 1);
}

/* As it is for a running control plane: rows came in before, the store need not be asked. */
static void a_tree_is_known_from_the_rows_that_came_in(void **state)
{
	struct fixture *f = *state;
	char parent[EVENT_UNIQUE_ID_SIZE] = "";
	struct event e = start_event(1, T0, SHELL);

	lineage_observe(f->lineage, "device", &e);
	assert_int_equal(lineage_get(f->lineage, "device", OTHER, parent), 1);
	assert_string_equal(parent, SHELL);
	assert_int_equal(lineage_get(f->lineage, "another", OTHER, parent), -ENOENT);
	/* The orphan's new parent does not count. */
	event_set_str(&e, P(InitiatingProcessUniqueId), SCRIPT);
	lineage_observe(f->lineage, "device", &e);
	assert_int_equal(lineage_get(f->lineage, "device", OTHER, parent), 1);
	assert_string_equal(parent, SHELL);
	/* What sshd begins is a top. */
	event_set_str(&e, P(ProcessUniqueId), SHELL);
	event_set_str(&e, P(InitiatingProcessFileName), "sshd");
	lineage_observe(f->lineage, "device", &e);
	assert_int_equal(lineage_get(f->lineage, "device", SHELL, parent), 0);
	take_one(f, &search, 7, T0, OTHER);
	ask_text(f, "SELECT root_unique_id FROM incident", SHELL);
}

static void lineage_is_bounded_and_forgets_the_oldest(void **state)
{
	struct fixture *f = *state;
	char id[EVENT_UNIQUE_ID_SIZE], parent[EVENT_UNIQUE_ID_SIZE];
	unsigned int kept = 0;

	for (int i = 0; i < 1000000; i++) {
		snprintf(id, sizeof(id), "%032x", i);
		lineage_put(f->lineage, "device", id, SHELL);
	}
	assert_int_equal(lineage_get(f->lineage, "device", id, parent), 1);
	for (int i = 0; i < 1000000; i++) {
		snprintf(id, sizeof(id), "%032x", i);
		kept += lineage_get(f->lineage, "device", id, parent) == 1;
	}
	assert_true(kept > 200000 && kept <= 262144);
}

static void tactics_become_categories(void **state _unused_)
{
	static const struct {
		const char *tactic, *category;
	} cases[] = { { "command-and-control", "CommandAndControl" },
		      { "credential_access", "CredentialAccess" },
		      { "execution", "Execution" },
		      { "privilege-escalation", "PrivilegeEscalation" },
		      { "impact", "SuspiciousActivity" },
		      { "exec", "SuspiciousActivity" } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *const tactics[] = { cases[i].tactic, NULL };
		struct rules_info rule = { .tactics = tactics };

		assert_string_equal(classify_category(&rule), cases[i].category);
	}
	assert_string_equal(classify_severity(RULES_INFORMATIONAL), "Informational");
	assert_string_equal(classify_severity(RULES_CRITICAL), "High");
	assert_int_equal(classify_severity_rank("High"), 3);
	assert_int_equal(classify_severity_rank("high"), -1);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_alert_says_what_the_rule_and_the_event_say),
		TEST(evidence_and_story_are_whole_json),
		TEST(a_loop_of_a_thousand_is_one_alert),
		TEST(a_loop_of_scripts_is_one_alert),
		TEST(the_same_again_changes_nothing),
		TEST(a_rollback_leaves_nothing),
		TEST(what_is_later_or_elsewhere_is_another_alert),
		TEST(alerts_of_a_tree_are_an_incident),
		TEST(sessions_are_apart),
		TEST(a_flood_of_trees_is_bounded_and_counted),
		cmocka_unit_test(one_frame_holds_a_bounded_number_of_entries),
		TEST(network_and_file_events_name_what_was_acted_on),
		TEST(a_tree_is_known_from_the_rows_that_came_in),
		TEST(lineage_is_bounded_and_forgets_the_oldest),
		cmocka_unit_test(tactics_become_categories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
