/* SPDX-License-Identifier: Apache-2.0 */
#include "vakt_rules_case.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fd.h"
#include "rules/rules_bind.h"
#include "vakt_rules_event.h"

#define CASE_FILE_MAX (256u << 20)
#define RULE_FILE_MAX (16u << 20)

#define EVENT_STEP_NS NSEC_PER_SEC /* between events that do not say when */

static const struct rules_correlator_limits correlation_limits = { 100000, 1u << 20 };

struct runner {
	const char *path;
	struct case_counts *counts;
	struct case_event event; /* large */
};

/* A case being run. */
struct trial {
	const char *name;
	const char *id; /* of the rule that is meant, or NULL */
	struct rules_set *set;
	struct rules_binding *binding;
	struct rules_scratch *scratch;
	struct rules_correlator *correlator;
	bool correlates; /* the case is about what events mean together */
	struct rules_occurrence at; /* of the event at hand */
	bool hit;
	unsigned int fired;
};

static void trial_done(struct trial *t)
{
	rules_correlator_free(t->correlator);
	rules_scratch_free(t->scratch);
	rules_binding_free(t->binding);
	rules_set_free(t->set);
}

static void keep_problem(void *arg, const struct rules_problem *p)
{
	struct err *err = arg;

	if (!err->msg[0])
		err_setf(err, 0, "%s:%u:%u: %s", p->file, p->line, p->column, p->message);
}

/* The path in a case is beside the case file. */
static int add_path(struct runner *run, struct rules_builder *b, const char *name, struct err *err)
{
	const char *slash = strrchr(run->path, '/');
	_cleanup_free_ char *path = NULL, *text = NULL;
	struct stat st;
	size_t len;
	int r;

	if (asprintf(&path, "%.*s%s", slash && *name != '/' ? (int)(slash - run->path + 1) : 0,
		     run->path, name) < 0)
		return -ENOMEM;
	if (stat(path, &st) < 0)
		return err_setf(err, -errno, "%s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return rules_builder_add_dir(b, path, keep_problem, err, err);
	r = file_read(path, RULE_FILE_MAX, &text, &len, err);
	return r < 0 ? r : rules_builder_add(b, path, text, len, keep_problem, err);
}

static int load_rules(struct runner *run, struct trial *t, const json_t *json, struct err *err)
{
	_cleanup_(rules_builder_freep) struct rules_builder *b = NULL;
	const json_t *text = json_object_get(json, "rule"), *path = json_object_get(json, "rules");
	int r = rules_builder_new(&b);

	err->msg[0] = '\0';
	if (r == 0 && json_is_string(text))
		r = rules_builder_add(b, run->path, json_string_value(text),
				      json_string_length(text), keep_problem, err);
	else if (r == 0 && json_is_string(path))
		r = add_path(run, b, json_string_value(path), err);
	else if (r == 0)
		r = err_setf(err, -EINVAL,
			     "a case needs \"rule\", a rule's text, or \"rules\", a path");
	if (r == 0)
		rules_builder_link(b, keep_problem, err);
	if (r == 0 && err->msg[0])
		r = -EBADMSG;
	if (r == 0)
		r = rules_builder_compile(b, &t->set, err);
	if (r == 0)
		r = rules_scratch_new(t->set, &t->scratch);
	if (r == 0)
		r = rules_correlator_new(t->set, &correlation_limits, &t->correlator);
	return r < 0 ? r : rules_binding_new(t->set, &t->binding);
}

static bool is_meant(const struct trial *t, unsigned int rule)
{
	return t->id ? !strcasecmp(rules_set_info(t->set, rule)->id, t->id)
		     : !rules_set_is_silent(t->set, rule);
}

/* Where no rule is named, a text with a correlation is about that. */
static int check_id(struct trial *t, struct err *err)
{
	bool found = false;

	for (unsigned int i = 0; i < rules_set_count(t->set); i++) {
		found |= is_meant(t, i);
		t->correlates |= is_meant(t, i) && rules_set_is_correlation(t->set, i);
	}
	if (t->id && !found)
		return err_setf(err, -ENOENT, "no rule has the id %s", t->id);
	return rules_set_count(t->set) ? 0 : err_setf(err, -ENOENT, "there is no rule");
}

static void on_fire(void *arg, unsigned int rule)
{
	struct trial *t = arg;

	t->fired += is_meant(t, rule);
}

static void on_match(void *arg, unsigned int rule)
{
	struct trial *t = arg;

	t->hit |= is_meant(t, rule);
	rules_correlator_add(t->correlator, rule, &t->at);
}

static void on_row_match(void *arg, unsigned int rule)
{
	struct trial *t = arg;

	t->hit |= is_meant(t, rule);
	rules_correlate_event(t->binding, t->correlator, rule, &t->at);
}

/* A row's Timestamp, or "time" beside an event's fields; else a second after the event before. */
static int set_time(struct trial *t, const json_t *json, struct err *err)
{
	const json_t *time = json_object_get(json, "time") ?: json_object_get(json, "Timestamp");

	t->at.time_ns += EVENT_STEP_NS;
	if (!time)
		return 0;
	if (json_is_number(time)) {
		double seconds = json_number_value(time);

		if (!(seconds >= 0 && seconds < 9e9))
			return err_setf(err, -EINVAL, "\"time\" is in seconds since 1970");
		t->at.time_ns = (int64_t)(seconds * (double)NSEC_PER_SEC);
		return 0;
	}
	if (!json_is_string(time) ||
	    clock_parse_rfc3339(json_string_value(time), &t->at.time_ns) < 0)
		return err_setf(err, -EINVAL,
				"\"time\" is a number of seconds or a text such as "
				"2026-01-31T12:00:00Z");
	return 0;
}

/* 1 where the rule is true of the event, in any of the event's categories. */
static int event_matches(struct runner *run, struct trial *t, const json_t *json, struct err *err)
{
	struct case_event *e = &run->event;
	struct rules_event view = { .event = e, .get = case_event_get, .value = case_event_value };
	int r = case_event_read(e, json, err);

	e->set = t->set;
	t->hit = false;
	if (r == 0)
		r = set_time(t, json, err);
	if (r < 0)
		return r;
	t->at.scope = "";
	t->at.fire = on_fire;
	t->at.arg = t;
	if (e->is_row) {
		t->at.event = &e->row;
		r = rules_match_event(t->binding, t->scratch, &e->row, on_row_match, t);
		return r < 0 ? r : t->hit;
	}
	t->at.event = e;
	t->at.get = case_event_get;
	view.product = e->product;
	view.service = e->service;
	for (unsigned int i = 0; i == 0 || (i < CASE_CATEGORIES_MAX && e->categories[i]); i++) {
		view.category = e->categories[i];
		r = rules_match(t->set, t->scratch, &view, on_match, t);
		if (r < 0)
			return r;
	}
	return t->hit;
}

/* How many matched against what the case expects; a text that says what was wrong, or NULL. */
static const char *judge(const json_t *json, unsigned int hits, unsigned int events, char room[128])
{
	const char *expect = json_string_value(json_object_get(json, "expect"));
	const json_t *count = json_object_get(json, "match_count");

	if (expect && strcmp(expect, "match") && strcmp(expect, "no match"))
		return "\"expect\" is \"match\" or \"no match\"";
	snprintf(room, 128, "%u of %u events match", hits, events);
	if (json_is_integer(count))
		return hits >= (unsigned int)json_integer_value(count) ? NULL : room;
	if (expect && !strcmp(expect, "no match"))
		return hits ? room : NULL;
	return hits == events ? NULL : room;
}

static int run_events(struct runner *run, struct trial *t, const json_t *json, char room[128],
		      const char **ret_wrong, struct err *err)
{
	const json_t *events = json_object_get(json, "events"), *event;
	unsigned int hits = 0;
	size_t i;

	if (!json_array_size(events))
		return err_setf(err, -EINVAL, "a case needs \"events\", a list that is not empty");
	json_array_foreach(events, i, event)
	{
		int r = event_matches(run, t, event, err);

		if (r < 0)
			return err_prefix(err, r, "event %zu: ", i);
		hits += (unsigned int)r;
	}
	if (t->correlates) {
		rules_correlator_end(t->correlator, on_fire, t);
		*ret_wrong = judge(json, t->fired, MAX(t->fired, 1u), room);
		if (*ret_wrong == room)
			snprintf(room, 128, "it became true %u times", t->fired);
		return 0;
	}
	*ret_wrong = judge(json, hits, (unsigned int)json_array_size(events), room);
	return 0;
}

static void run_case(struct runner *run, const json_t *json, size_t number)
{
	_cleanup_(trial_done) struct trial t = { 0 };
	const char *wrong = NULL;
	struct err err = { 0 };
	char room[128];
	int r;

	t.name = json_string_value(json_object_get(json, "name"));
	if (!t.name)
		t.name = json_string_value(json_object_get(json, "test"));
	t.id = json_string_value(json_object_get(json, "id"));
	if (!t.id)
		t.id = json_string_value(json_object_get(json, "rule_id"));
	r = json_is_object(json) ? load_rules(run, &t, json, &err)
				 : err_setf(&err, -EINVAL, "a case is a JSON object");
	if (r == 0)
		r = check_id(&t, &err);
	if (r == 0)
		r = run_events(run, &t, json, room, &wrong, &err);
	if (r < 0)
		wrong = err_msg(&err, r);
	if (!wrong) {
		run->counts->passed++;
		return;
	}
	run->counts->failed++;
	printf("%s: case %zu%s%s%s: %s\n", run->path, number, t.name ? " '" : "",
	       t.name ? t.name : "", t.name ? "'" : "", wrong);
}

static void run_value(struct runner *run, const json_t *json, size_t *number)
{
	const json_t *list = json_is_array(json) ? json : json_object_get(json, "cases"), *one;
	size_t i;

	if (!list) {
		run_case(run, json, ++*number);
		return;
	}
	json_array_foreach(list, i, one) run_case(run, one, ++*number);
}

/* One value, or one a line: jansson stops behind each. */
static int run_text(struct runner *run, const char *text, size_t len, struct err *err)
{
	size_t at = 0, number = 0;

	while (at < len) {
		json_error_t error;
		json_t *json;

		at += strspn(text + at, " \t\r\n");
		if (at >= len)
			break;
		json = json_loadb(text + at, len - at, JSON_DISABLE_EOF_CHECK, &error);
		if (!json)
			return err_setf(err, -EBADMSG, "%s: line %d, %d bytes behind byte %zu: %s",
					run->path, error.line, error.position, at, error.text);
		run_value(run, json, &number);
		json_decref(json);
		at += (size_t)error.position;
	}
	return number ? 0 : err_setf(err, -ENODATA, "%s: no cases", run->path);
}

int case_file_run(const char *path, struct case_counts *counts, struct err *err)
{
	_cleanup_free_ struct runner *run = calloc(1, sizeof(*run));
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r;

	if (!run)
		return -ENOMEM;
	run->path = path;
	run->counts = counts;
	r = file_read(path, CASE_FILE_MAX, &text, &len, err);
	return r < 0 ? r : run_text(run, text, len, err);
}
