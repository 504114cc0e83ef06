/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-tuning.c - what is decided about rules holds from the next frame on, is counted and expires
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* After the standard headers it needs. */
#include <cmocka.h>

#include "base/clock.h"
#include "base/fd.h"
#include "cloud/incident/evidence.h"
#include "cloud/tuning/conditions.h"
#include "cloud/tuning/tuning.h"

#define P(name) DeviceProcessEvents_##name
#define TENANT "t1"
#define DEVICE "d1"

static char dir[64];
static struct state *db;
static struct tuning *tuning;

static const struct rules_info rule = { .id = "rule-1", .title = "A rule", .level = RULES_HIGH };
static const struct rules_info other = { .id = "rule-2", .title = "Other", .level = RULES_LOW };

static int setup(void **state _unused_)
{
	char path[80];

	strcpy(dir, "/tmp/vakt-tuning-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/state.db", dir);
	return state_open(path, &db, NULL) ?: tuning_open(db, &tuning, NULL);
}

static int teardown(void **state _unused_)
{
	char command[80];

	tuning_close(tuning);
	state_close(db);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void make_event(struct event *e, const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path), "/usr/bin/%s", name);
	event_init(e, EVENT_DeviceProcessEvents);
	event_set_str(e, P(FileName), name);
	event_set_str(e, P(FolderPath), path);
	event_set_str(e, P(ProcessCommandLine), "backup --all /srv");
	event_set_str(e, P(AccountName), "root");
	event_set_str(e, P(InitiatingProcessFileName), "cron");
	event_set_str(e, P(ProcessUniqueId), "00000000000000000000000000000001");
}

static struct tuning_run *begin(const char *tenant, const char *device)
{
	struct tuning_run *run;

	assert_int_equal(tuning_run_new(tuning, tenant, device, &run, NULL), 0);
	return run;
}

static bool judged(struct tuning_run *run, const struct rules_info *info, const char *name,
		   enum rules_level *level)
{
	const struct detect_judge *judge = tuning_run_judge(run);
	struct event e;

	make_event(&e, name);
	*level = info->level;
	return judge->allows(judge->arg, info, &e, level);
}

/* What a frame of its own is told. */
static bool allowed(const char *tenant, const char *device, const char *name)
{
	_cleanup_(tuning_run_freep) struct tuning_run *run = begin(tenant, device);
	enum rules_level level;

	return judged(run, &rule, name, &level);
}

static int64_t number(const char *sql)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;

	assert_int_equal(state_query(state_get(db), &st, NULL, sql, ""), 0);
	assert_int_equal(state_step(st, NULL), 1);
	return state_int(st, 0);
}

static void run_sql(const char *sql)
{
	assert_int_equal(state_exec(state_get(db), NULL, sql, ""), 0);
}

static int except(const char *rule_id, const char *conditions, char ret_id[UUID_TEXT_SIZE],
		  struct err *err)
{
	_cleanup_(json_decrefp) json_t *json = json_loads(conditions, 0, NULL);
	const struct tuning_draft draft = { rule_id, NULL, json, "because", 90 };

	assert_non_null(json);
	return tuning_except(tuning, TENANT, "eva", &draft, ret_id, err);
}

#define NAME(value) "{\"field\":\"fileName\",\"operator\":\"equals\",\"value\":\"" value "\"}"

static void a_rule_is_switched_off_and_lowered_for_its_tenant_only(void **state _unused_)
{
	_cleanup_(tuning_run_freep) struct tuning_run *run = begin(TENANT, DEVICE), *later = NULL;
	struct tuning_setting setting = { false, NULL };
	enum rules_level level;

	assert_true(allowed(TENANT, DEVICE, "a"));
	assert_int_equal(tuning_set_rule(tuning, TENANT, "eva", "rule-1", &setting, NULL), 0);
	assert_false(allowed(TENANT, DEVICE, "a"));
	assert_true(allowed("t2", DEVICE, "a"));
	/* A frame keeps what it began with. */
	assert_true(judged(run, &rule, "a", &level));
	assert_int_equal(level, RULES_HIGH);

	setting = (struct tuning_setting){ true, "Low" };
	assert_int_equal(tuning_set_rule(tuning, TENANT, "eva", "rule-1", &setting, NULL), 0);
	later = begin(TENANT, DEVICE);
	assert_true(judged(later, &rule, "a", &level));
	assert_int_equal(level, RULES_LOW);
	tuning_run_free(later);
	/* Never raised. */
	setting.severity = "High";
	assert_int_equal(tuning_set_rule(tuning, TENANT, "eva", "rule-2", &setting, NULL), 0);
	later = begin(TENANT, DEVICE);
	assert_true(judged(later, &other, "a", &level));
	assert_int_equal(level, RULES_LOW);
}

static void each_field_narrows(void **state _unused_)
{
	static const struct {
		const char *field, *operator, * right, *wrong;
	} cases[] = {
		{ "fileName", "equals", "tool", "Tool" },
		{ "folderPath", "startsWith", "/usr/bin/", "/opt/" },
		{ "processCommandLine", "contains", "--all", "--none" },
		{ "processCommandLine", "endsWith", " /srv", "/srv " },
		{ "parentProcessFileName", "equals", "cron", "cro" },
		{ "accountName", "equals", "root", "rooted" },
		{ "machineId", "equals", "d1", "d2" },
		{ "machineTag", "equals", "web", "we" },
	};

	run_sql("INSERT INTO tenant VALUES ('t1', 'T', '', 1)");
	run_sql(
	    "INSERT INTO device (tenant_id, id, subscription_id, computer_dns_name, machine_tags,"
	    " first_seen_ns, last_seen_ns) VALUES ('t1', 'd1', '', 'd', '[\"db\",\"web\"]', 1, 1)");
	for (size_t i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		bool right = i % 2;
		char text[256], id[UUID_TEXT_SIZE];

		snprintf(text, sizeof(text),
			 "[{\"field\":\"%s\",\"operator\":\"%s\",\"value\":\"%s\"}]",
			 cases[i / 2].field, cases[i / 2].operator,
			 right ? cases[i / 2].right : cases[i / 2].wrong);
		assert_int_equal(except("rule-1", text, id, NULL), 0);
		if (allowed(TENANT, DEVICE, "tool") == right)
			fail_msg("%s", text);
		assert_true(allowed("t2", DEVICE, "tool"));
		assert_int_equal(tuning_remove(tuning, "t2", id, NULL), -ENOENT);
		assert_int_equal(tuning_remove(tuning, TENANT, id, NULL), 0);
		assert_true(allowed(TENANT, DEVICE, "tool"));
	}
}

static void all_conditions_must_hold_and_other_rules_go_on(void **state _unused_)
{
	_cleanup_(tuning_run_freep) struct tuning_run *run = NULL;
	enum rules_level level;
	char id[UUID_TEXT_SIZE];

	assert_int_equal(
	    except("rule-1",
		   "[" NAME("tool") ",{\"field\":\"machineId\",\"operator\":\"equals\","
				    "\"value\":\"d1\"}]",
		   id, NULL),
	    0);
	assert_false(allowed(TENANT, DEVICE, "tool"));
	assert_true(allowed(TENANT, "d2", "tool"));
	assert_true(allowed(TENANT, DEVICE, "tools"));
	run = begin(TENANT, DEVICE);
	assert_true(judged(run, &other, "tool", &level));
	/* One to any rule holds for all. */
	assert_int_equal(except(NULL, "[" NAME("tool") "]", id, NULL), 0);
	tuning_run_free(run);
	run = begin(TENANT, DEVICE);
	assert_false(judged(run, &other, "tool", &level));
}

static void what_would_silence_too_much_is_refused(void **state _unused_)
{
	static const char *const wrong[] = {
		"[]",
		"[{\"field\":\"fileName\",\"operator\":\"equals\",\"value\":\"\"}]",
		"[{\"field\":\"fileNam\",\"operator\":\"equals\",\"value\":\"x\"}]",
		"[{\"field\":\"fileName\",\"operator\":\"like\",\"value\":\"x\"}]",
		"[{\"field\":\"machineId\",\"operator\":\"equals\",\"value\":\"d1\"}]",
	};
	char id[UUID_TEXT_SIZE];
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(except(NULL, wrong[i], id, &err), -EINVAL);
	assert_non_null(strstr(err_msg(&err, 0), "silence whole devices"));
	assert_int_equal(except("rule-1", wrong[4], id, NULL), 0);
	run_sql(
	    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 499) INSERT "
	    "INTO rule_exception (tenant_id, id, conditions, reason, created_by, created_ns, "
	    "expires_ns) SELECT 't1', i, '[" NAME("x") "]', '', '', 1, 1 FROM n");
	assert_int_equal(except("rule-1", wrong[4], id, NULL), -ENOSPC);
}

static void what_is_silenced_is_counted_with_its_frame(void **state _unused_)
{
	_cleanup_(tuning_run_freep) struct tuning_run *run = NULL;
	struct state_conn *c = state_get(db);
	enum rules_level level;
	char id[UUID_TEXT_SIZE];

	assert_int_equal(except("rule-1", "[" NAME("tool") "]", id, NULL), 0);
	assert_int_equal(tuning_set_rule(tuning, TENANT, "eva", "rule-2",
					 &(struct tuning_setting){ false, NULL }, NULL),
			 0);
	for (int i = 0; i < 2; i++) {
		tuning_run_free(run);
		run = begin(TENANT, DEVICE);
		assert_false(judged(run, &rule, "tool", &level));
		assert_false(judged(run, &rule, "tool", &level));
		assert_false(judged(run, &other, "x", &level));
		assert_int_equal(state_begin(c, NULL), 0);
		assert_int_equal(tuning_run_write(run, c, NULL), 0);
		/* The first frame is not committed and comes again. */
		assert_int_equal(state_end(c, i ? 0 : -EIO, NULL), i ? 0 : -EIO);
	}
	assert_int_equal(number("SELECT matches FROM rule_exception"), 2);
	assert_true(number("SELECT last_match_ns FROM rule_exception") > 0);
	assert_int_equal(number("SELECT matches FROM rule_silenced WHERE rule_id = 'rule-1'"), 2);
	assert_int_equal(number("SELECT matches FROM rule_silenced WHERE rule_id = 'rule-2'"), 1);
}

static void an_exception_expires_and_is_forgotten_later(void **state _unused_)
{
	_cleanup_(tuning_run_freep) struct tuning_run *run = NULL;
	enum rules_level level;
	char id[UUID_TEXT_SIZE];
	int64_t now = clock_realtime_ns();

	assert_int_equal(except("rule-1", "[" NAME("tool") "]", id, NULL), 0);
	assert_true(number("SELECT expires_ns - created_ns FROM rule_exception") ==
		    90 * 86400 * NSEC_PER_SEC);
	/* It ends while it is kept in memory. */
	assert_int_equal(state_exec(state_get(db), NULL, "UPDATE rule_exception SET expires_ns = ?",
				    "i", now + 200 * NSEC_PER_MSEC),
			 0);
	run = begin(TENANT, DEVICE);
	assert_false(judged(run, &rule, "tool", &level));
	nanosleep(&(struct timespec){ .tv_nsec = 250000000 }, NULL);
	assert_true(judged(run, &rule, "tool", &level));
	assert_true(allowed(TENANT, DEVICE, "tool"));
	assert_int_equal(tuning_retain(db, now + 29 * 86400 * NSEC_PER_SEC, NULL), 0);
	assert_int_equal(number("SELECT count(*) FROM rule_exception"), 1);
	assert_int_equal(tuning_retain(db, now + 31 * 86400 * NSEC_PER_SEC, NULL), 0);
	assert_int_equal(number("SELECT count(*) FROM rule_exception"), 0);
}

/* The same answer whether an event comes in or its alert's evidence is looked at. */
static void evidence_is_seen_as_its_event_was(void **state _unused_)
{
	struct evidence list[EVIDENCE_PER_EVENT_MAX];
	struct facts live, kept;
	struct arena arena;
	unsigned int count;
	json_t *entity;
	struct event e;

	make_event(&e, "tool");
	facts_of_event(&e, &live);
	count = evidence_of_event(&e, 1, list);
	entity = json_loadb(list[0].entity.data, list[0].entity.len, 0, NULL);
	assert_non_null(entity);
	arena_init(&arena, 1 << 20);
	assert_int_equal(facts_of_evidence(entity, &arena, &kept), 0);
	for (int i = 0; i < TUNING_FIELD_COUNT; i++) {
		if (tuning_field_of((enum tuning_field)i) == TUNING_OF_DEVICE)
			continue;
		assert_true(live.values[i].len > 0);
		assert_int_equal(kept.values[i].len, live.values[i].len);
		assert_memory_equal(kept.values[i].s, live.values[i].s, live.values[i].len);
	}
	json_decref(entity);
	arena_done(&arena);
	evidence_done(list, count);
}

static void the_document_has_every_field_and_operator(void **state _unused_)
{
	_cleanup_free_ char *text = NULL;
	char line[256];
	size_t len;

	assert_int_equal(file_read(DOCUMENT, 1 << 20, &text, &len, NULL), 0);
	for (int i = 0; tuning_field_names[i]; i++) {
		snprintf(line, sizeof(line), "| `%s` | %s |", tuning_field_names[i],
			 tuning_field_docs[i]);
		if (!strstr(text, line))
			fail_msg("docs/tuning.md lacks: %s", line);
	}
	for (int i = 0; tuning_operator_names[i]; i++) {
		snprintf(line, sizeof(line), "`%s`", tuning_operator_names[i]);
		if (!strstr(text, line))
			fail_msg("docs/tuning.md lacks: %s", line);
	}
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_rule_is_switched_off_and_lowered_for_its_tenant_only),
		TEST(each_field_narrows),
		TEST(all_conditions_must_hold_and_other_rules_go_on),
		TEST(what_would_silence_too_much_is_refused),
		TEST(what_is_silenced_is_counted_with_its_frame),
		TEST(an_exception_expires_and_is_forgotten_later),
		TEST(evidence_is_seen_as_its_event_was),
		TEST(the_document_has_every_field_and_operator),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
