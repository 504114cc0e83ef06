/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vaktctl_detections.c - custom detection rules: listed, shown, switched on and off, run now
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "vaktctl.h"

#define RULES "/beta/security/rules/detectionRules"
#define RUN_WAIT_S 300
#define RUN_LOOK_MS 500

/* What a list shows: names, and where in a rule each stands. */
static const struct {
	const char *name;
	const char *path[3];
} columns[] = {
	{ "id", { "id" } },
	{ "displayName", { "displayName" } },
	{ "isEnabled", { "isEnabled" } },
	{ "period", { "schedule", "period" } },
	{ "lastRun", { "lastRunDetails", "lastRunDateTime" } },
	{ "status", { "lastRunDetails", "status" } },
	{ "nextRun", { "schedule", "nextRunDateTime" } },
	{ "alerts", { "alertCount" } },
};

static json_t *value_of(const json_t *rule, const char *const path[3])
{
	json_t *value = (json_t *)rule;

	for (int i = 0; i < 3 && path[i]; i++)
		value = json_object_get(value, path[i]);
	return value;
}

static void print_rules(const struct ctl_arguments *a, const json_t *rules)
{
	_cleanup_(json_decrefp) json_t *names = json_array(), *rows = json_array();
	const json_t *rule;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(columns); i++)
		json_array_append_new(names, json_string(columns[i].name));
	json_array_foreach(rules, i, rule)
	{
		json_t *row = json_array();

		for (size_t k = 0; k < ARRAY_SIZE(columns); k++) {
			json_t *value = value_of(rule, columns[k].path);

			json_array_append_new(row, value ? json_incref(value) : json_null());
		}
		json_array_append_new(rows, row);
	}
	ctl_print_rows(a->output, names, rows);
}

static int list(struct ctl_session *s, const struct ctl_arguments *a, const char *path,
		struct err *err)
{
	_cleanup_(json_decrefp) json_t *json = NULL;
	int r = ctl_session_do(s, "GET", path, NULL, &json, err);

	if (r < 0)
		return r;
	if (a->output == CTL_JSON)
		ctl_print_json(json_object_get(json, "value"));
	else
		print_rules(a, json_object_get(json, "value"));
	return CTL_DONE;
}

static int show_rule(const struct ctl_arguments *a, const json_t *rule)
{
	_cleanup_(json_decrefp) json_t *one = json_pack("[O]", rule);

	if (a->output == CTL_JSON)
		ctl_print_json(rule);
	else
		print_rules(a, one);
	return CTL_DONE;
}

/* A rule is more than a table shows: its JSON can be kept, changed and sent back. */
static int show(struct ctl_session *s, const struct ctl_arguments *a, const char *path,
		struct err *err)
{
	_cleanup_(json_decrefp) json_t *rule = NULL;
	int r = ctl_session_do(s, "GET", path, NULL, &rule, err);

	if (r < 0)
		return r;
	if (a->output == CTL_TABLE)
		ctl_print_json(rule);
	else
		show_rule(a, rule);
	return CTL_DONE;
}

static int change(struct ctl_session *s, const struct ctl_arguments *a, const char *path, bool on,
		  struct err *err)
{
	_cleanup_(json_decrefp) json_t *body = json_pack("{s:b}", "isEnabled", on), *rule = NULL;
	int r = body ? ctl_session_do(s, "PATCH", path, body, &rule, err) : -ENOMEM;

	return r < 0 ? r : show_rule(a, rule);
}

static int enable(struct ctl_session *s, const struct ctl_arguments *a, const char *path,
		  struct err *err)
{
	return change(s, a, path, true, err);
}

static int disable(struct ctl_session *s, const struct ctl_arguments *a, const char *path,
		   struct err *err)
{
	return change(s, a, path, false, err);
}

/* Until it has run later than before; then how that went. */
static int wait_for_run(struct ctl_session *s, const char *path, const json_t *before,
			json_t **ret_rule, struct err *err)
{
	static const char *const when[3] = { "lastRunDetails", "lastRunDateTime" };

	for (int i = 0; i < RUN_WAIT_S * 1000 / RUN_LOOK_MS; i++) {
		_cleanup_(json_decrefp) json_t *rule = NULL;
		int r;

		nanosleep(&(struct timespec){ .tv_nsec = RUN_LOOK_MS * 1000000L }, NULL);
		r = ctl_session_do(s, "GET", path, NULL, &rule, err);
		if (r < 0)
			return r;
		if (json_equal(value_of(before, when), value_of(rule, when)))
			continue;
		*ret_rule = TAKE_PTR(rule);
		return 0;
	}
	return err_setf(err, -ETIMEDOUT, "the rule has not run for %d seconds", RUN_WAIT_S);
}

static int run(struct ctl_session *s, const struct ctl_arguments *a, const char *path,
	       struct err *err)
{
	static const char *const reason[3] = { "lastRunDetails", "failureReason" };
	_cleanup_(json_decrefp) json_t *before = NULL, *after = NULL, *none = NULL;
	_cleanup_buf_ struct buf address = BUF_INIT(512);
	const char *why;
	int r;

	buf_append_str(&address, "/portal/api/detection-rules/");
	ctl_escape(&address, a->words[1]);
	buf_append_str(&address, "/run");
	r = ctl_session_do(s, "GET", path, NULL, &before, err);
	if (r == 0)
		r = ctl_session_do(s, "POST", address.data, NULL, &none, err);
	if (r == 0)
		r = wait_for_run(s, path, before, &after, err);
	if (r < 0)
		return r;
	(void)show_rule(a, after);
	why = json_string_value(value_of(after, reason));
	if (why)
		fprintf(stderr, "vaktctl: %s\n", why);
	return why ? CTL_FAILED : CTL_DONE;
}

int ctl_detections(const struct ctl_arguments *a, struct err *err)
{
	static const struct ctl_verb list_of[] = {
		{ "list", false, list },      { "show", true, show }, { "enable", true, enable },
		{ "disable", true, disable }, { "run", true, run },
	};
	static const struct ctl_verbs verbs = { "detections", RULES,
						"a rule's id; `vaktctl detections` lists them", list_of,
						ARRAY_SIZE(list_of) };

	return ctl_run_verb(&verbs, a, err);
}
