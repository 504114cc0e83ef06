/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-content.c - our rules against their cases: rows recorded from the real sensor, and fields of
 * events that no sensor of ours sends yet
 *
 * A case is a line of cases/RULE.jsonl: {"rule", "expect": "match" or "no_match", "event":
 * {columns}} or, instead of event, {"logsource": {"category", "product"}, "fields": {...}}.
 */
#include <errno.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* After the standard headers it needs. */
#include <cmocka.h>
#include <jansson.h>

#include "base/fd.h"
#include "cloud/detect/detect.h"

static void on_problem(void *arg, const struct rules_problem *p)
{
	unsigned int *count = arg;

	print_error("%s:%u:%u: %s\n", p->file, p->line, p->column, p->message);
	(*count)++;
}

static void set_column(struct event *e, const char *name, const json_t *value)
{
	int field = event_field_find(e->table, name);

	if (field < 0)
		fail_msg("%s has no column %s", e->table->name, name);
	if (json_is_string(value))
		event_set_str(e, (unsigned int)field, json_string_value(value));
	else if (json_is_boolean(value))
		event_set_int(e, (unsigned int)field, json_is_true(value));
	else
		event_set_int(e, (unsigned int)field, json_integer_value(value));
}

static void make_event(struct event *e, const json_t *columns)
{
	const struct event_table *t =
	    event_table_find(json_string_value(json_object_get(columns, "Table")));
	const char *name;
	json_t *value;

	assert_non_null(t);
	event_init(e, (enum event_table_id)(t - event_tables));
	json_object_foreach((json_t *)columns, name, value)
	{
		if (strcmp(name, "Table") != 0)
			set_column(e, name, value);
	}
}

/* True for the rule of the file RULE.yml. */
static bool is_rule(const struct rules_info *info, const char *rule)
{
	const char *slash = strrchr(info->file, '/'), *dot = strrchr(info->file, '.');
	size_t len = strlen(rule);

	return slash && (size_t)(dot - slash - 1) == len && strncmp(slash + 1, rule, len) == 0;
}

static bool event_matches(struct detect *d, const json_t *columns, const char *rule)
{
	_cleanup_(detect_run_freep) struct detect_run *run = NULL;
	const struct detections *list;
	struct event e;

	make_event(&e, columns);
	assert_int_equal(detect_run_new(d, NULL, &run), 0);
	assert_int_equal(detect_run_event(run, &e), 0);
	list = detect_run_detections(run);
	for (size_t i = 0; i < detections_count(list); i++) {
		if (is_rule(detections_get(list, i)->rule, rule))
			return true;
	}
	return false;
}

struct fields {
	const struct rules_set *set;
	const json_t *values;
	const char *rule;
	bool matched;
};

static void get_field(const void *arg, unsigned int field, struct rules_value *ret_value)
{
	const struct fields *f = arg;
	const json_t *value = json_object_get(f->values, rules_set_field(f->set, field));

	*ret_value = (struct rules_value){ .kind = RULES_ABSENT };
	if (!value)
		return;
	ret_value->kind = RULES_TEXT;
	ret_value->text = json_string_value(value);
	ret_value->len = json_string_length(value);
}

static void on_match(void *arg, unsigned int rule)
{
	struct fields *f = arg;

	f->matched |= is_rule(rules_set_info(f->set, rule), f->rule);
}

static bool fields_match(const struct rules_set *set, const json_t *c, const char *rule)
{
	_cleanup_(rules_scratch_freep) struct rules_scratch *scratch = NULL;
	const json_t *source = json_object_get(c, "logsource");
	struct fields f = { .set = set, .values = json_object_get(c, "fields"), .rule = rule };
	const struct rules_event e = {
		.category = json_string_value(json_object_get(source, "category")),
		.product = json_string_value(json_object_get(source, "product")),
		.event = &f,
		.get = get_field,
	};

	assert_int_equal(rules_scratch_new(set, &scratch), 0);
	assert_true(rules_match(set, scratch, &e, on_match, &f) >= 0);
	return f.matched;
}

struct tally {
	unsigned int cases, wrong;
};

static void try_case(struct detect *d, const struct rules_set *set, const char *line,
		     struct tally *tally)
{
	json_t *c = json_loads(line, 0, NULL);
	const char *rule = json_string_value(json_object_get(c, "rule"));
	const char *expect = json_string_value(json_object_get(c, "expect"));
	bool wanted, found;

	if (!rule || !expect)
		fail_msg("no case: %s", line);
	wanted = strcmp(expect, "match") == 0;
	found = json_object_get(c, "event") ? event_matches(d, json_object_get(c, "event"), rule)
					    : fields_match(set, c, rule);
	if (found != wanted) {
		print_error("%s: %s expected: %s\n", rule, expect, line);
		tally->wrong++;
	}
	tally->cases++;
	json_decref(c);
}

static void try_file(struct detect *d, const struct rules_set *set, const char *path,
		     struct tally *tally)
{
	_cleanup_free_ char *data = NULL;
	char *rest, *line;
	size_t len;

	assert_int_equal(file_read(path, 1 << 20, &data, &len, NULL), 0);
	rest = data;
	while ((line = strsep(&rest, "\n")) && *line)
		try_case(d, set, line, tally);
	assert_non_null(strstr(path, ".jsonl"));
}

static void every_case_is_as_expected(void **state _unused_)
{
	_cleanup_(rules_builder_freep) struct rules_builder *b = NULL;
	_cleanup_(rules_set_freep) struct rules_set *set = NULL;
	_cleanup_(detect_closep) struct detect *d = NULL;
	unsigned int problems = 0;
	struct detect_options options = { .dir = RULES_DIR,
					  .problem = on_problem,
					  .arg = &problems };
	struct tally tally = { 0 };
	glob_t files;

	assert_int_equal(detect_open(&options, &d, NULL), 0);
	assert_int_equal(detect_reload(d, true, NULL), 1);
	assert_int_equal(problems, 0);
	assert_int_equal(rules_builder_new(&b), 0);
	assert_true(rules_builder_add_dir(b, RULES_DIR, NULL, NULL, NULL) >= 0);
	assert_int_equal(rules_builder_compile(b, &set, NULL), 0);
	assert_int_equal(glob(RULES_DIR "/cases/*.jsonl", 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++)
		try_file(d, set, files.gl_pathv[i], &tally);
	globfree(&files);
	assert_int_equal(tally.wrong, 0);
	assert_true(tally.cases >= 40);
}

/* A rule that nothing proves is not ours. */
static void check_rule(void *arg, const struct detect_rule *counted)
{
	const struct rules_info *rule = counted->info;
	unsigned int *count = arg;
	const char *slash = strrchr(rule->file, '/');
	_cleanup_free_ char *data = NULL;
	char path[4096];
	size_t len;

	snprintf(path, sizeof(path), RULES_DIR "/cases/%.*s.jsonl", (int)strcspn(slash + 1, "."),
		 slash + 1);
	if (file_read(path, 1 << 20, &data, &len, NULL) < 0)
		fail_msg("%s has no cases", rule->file);
	if (!strstr(data, "\"expect\":\"match\"") || !strstr(data, "\"expect\":\"no_match\""))
		fail_msg("%s needs cases that match and such that do not", path);
	assert_non_null(rule->id);
	assert_non_null(rule->description);
	assert_non_null(rule->tactics[0]);
	assert_non_null(rule->techniques[0]);
	(*count)++;
}

static void every_rule_has_cases_of_both_kinds(void **state _unused_)
{
	struct detect_options options = { .dir = RULES_DIR };
	_cleanup_(detect_closep) struct detect *d = NULL;
	unsigned int count = 0;

	assert_int_equal(detect_open(&options, &d, NULL), 0);
	assert_int_equal(detect_reload(d, true, NULL), 1);
	detect_each_rule(d, check_rule, &count);
	assert_true(count > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_case_is_as_expected),
		cmocka_unit_test(every_rule_has_cases_of_both_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
