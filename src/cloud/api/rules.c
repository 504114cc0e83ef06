/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules.c - which Sigma rules there are, how each does, and what the tenant has decided about it
 *
 * For whoever keeps the rules: one that floods, one that never matched, one that cannot run.
 * Matches are of the whole control plane, not of one tenant, so only those who run it may read
 * them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/api/enums.h"
#include "cloud/api/events.h"
#include "cloud/api/handlers.h"
#include "cloud/incident/classify.h"
#include "cloud/tuning/tuning.h"

#define RULES_SHOWN_MAX 5000 /* as answers.toml says */

/* How a rule can be: no state is silent. Words of answers.toml. */
#define RULE_STATES(X)                                                                             \
	X(RUNNING, "running")                                                                      \
	X(SWITCHED_OFF, "switchedOff")                                                             \
	X(BLIND, "noDataSource")                                                                   \
	X(REFUSED, "error")

enum rule_state {
#define X(name, text) RULE_##name,
	RULE_STATES(X)
#undef X
};
static const char *const state_names[] = {
#define X(name, text) text,
	RULE_STATES(X)
#undef X
};

struct row {
	uint64_t matches;
	json_t *json; /* owned; NULL: out of memory */
};

struct rows {
	struct row *rows;
	size_t count, room;
	json_t *decided; /* by the rule's id: the tenant's settings and what was silenced */
};

static int read_settings(struct state_conn *c, const char *tenant_id, json_t *decided)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(c, &st, NULL,
			    "SELECT rule_id, enabled, severity, changed_by, changed_ns FROM "
			    "rule_setting WHERE tenant_id = ?",
			    "s", tenant_id);

	while (r >= 0 && (r = state_step(st, NULL)) == 1)
		json_object_set_new(decided, state_text(st, 0),
				    json_pack("{s:b,s:s?,s:s,s:o}", "enabled",
					      (int)state_int(st, 1), "severity", state_text(st, 2),
					      "changedBy", state_text(st, 3), "changedTime",
					      event_time(state_int(st, 4))));
	return r;
}

static int read_silenced(struct state_conn *c, const char *tenant_id, json_t *decided)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(c, &st, NULL,
			    "SELECT rule_id, matches, last_match_ns FROM rule_silenced WHERE "
			    "tenant_id = ?",
			    "s", tenant_id);

	while (r >= 0 && (r = state_step(st, NULL)) == 1) {
		const char *id = state_text(st, 0);
		json_t *of = json_object_get(decided, id);

		if (!of) {
			of = json_object();
			json_object_set_new(decided, id, of);
		}
		json_object_set_new(of, "silenced", json_integer(state_int(st, 1)));
		json_object_set_new(of, "lastSilencedTime", event_time(state_int(st, 2)));
	}
	return r;
}

static json_t *member_or_null(const json_t *of, const char *name)
{
	json_t *value = json_object_get(of, name);

	return value ? json_incref(value) : json_null();
}

/* Lowered, never raised. */
static const char *effective(const char *own, const json_t *decided)
{
	const char *most = json_string_value(json_object_get(decided, "severity"));

	return most && classify_severity_rank(most) < classify_severity_rank(own) ? most : own;
}

static json_t *techniques(const struct rules_info *info)
{
	json_t *list = json_array();

	for (size_t i = 0; info->techniques && info->techniques[i]; i++)
		json_array_append_new(list, json_string(info->techniques[i]));
	return list;
}

static json_t *describe(const struct detect_rule *rule, const json_t *decided)
{
	const struct rules_info *info = rule->info;
	const char *own = classify_severity(info->level);
	bool off = json_is_false(json_object_get(decided, "enabled"));
	enum rule_state state = off ? RULE_SWITCHED_OFF : rule->missing ? RULE_BLIND : RULE_RUNNING;
	const json_t *silenced = json_object_get(decided, "silenced");

	return json_pack("{s:s,s:s,s:s?,s:s,s:s,s:s,s:o,s:b,s:s,s:s?,s:I,s:o,s:I,s:o,s:o,s:o}", "id",
			 info->id, "title", info->title, "description", info->description, "level",
			 rules_level_name(info->level), "ruleSeverity", own, "severity",
			 effective(own, decided), "mitreTechniques", techniques(info), "custom",
			 rule->custom, "state", state_names[state], "stateReason",
			 rule->missing, "matches", (json_int_t)rule->matches, "lastMatchTime",
			 event_time(rule->last_match_ns), "silenced", json_integer_value(silenced),
			 "lastSilencedTime", member_or_null(decided, "lastSilencedTime"),
			 "changedBy", member_or_null(decided, "changedBy"), "changedTime",
			 member_or_null(decided, "changedTime"));
}

static void add_rule(void *arg, const struct detect_rule *rule)
{
	struct rows *list = arg;

	/* Rules that came since they were counted wait for the next question. */
	if (list->count == list->room)
		return;
	list->rows[list->count++] = (struct row){
		rule->matches,
		describe(rule, json_object_get(list->decided, rule->info->id)),
	};
}

static int compare(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->matches != y->matches)
		return x->matches < y->matches ? 1 : -1;
	return strcmp(json_string_value(json_object_get(x->json, "title")) ?: "",
		      json_string_value(json_object_get(y->json, "title")) ?: "");
}

/* Takes what the rows own; NULL where memory is short. */
static json_t *make_list(struct rows *list)
{
	json_t *value = json_array();
	bool whole = value;

	qsort(list->rows, list->count, sizeof(*list->rows), compare);
	for (size_t i = 0; i < list->count; i++) {
		if (i >= RULES_SHOWN_MAX)
			json_decref(list->rows[i].json);
		else
			whole = json_array_append_new(value, list->rows[i].json) == 0 && whole;
	}
	if (whole)
		return value;
	json_decref(value);
	return NULL;
}

static int read_decided(const struct api *a, const struct http_request *req, json_t **ret_decided)
{
	const char *tenant_id = api_identity(req)->tenant_id;
	_cleanup_(json_decrefp) json_t *decided = json_object();
	struct state_conn *c = state_get(a->state);
	int r = c && decided ? read_settings(c, tenant_id, decided) : -ENOMEM;

	if (r >= 0)
		r = read_silenced(c, tenant_id, decided);
	if (r < 0)
		return r;
	*ret_decided = TAKE_PTR(decided);
	return 0;
}

static void add_refused(void *arg, const struct detect_refused *refused)
{
	json_array_append_new(arg, json_pack("{s:s?,s:s,s:i,s:s,s:s}", "title", refused->title,
					     "file", refused->file, "line", (int)refused->line,
					     "state", state_names[RULE_REFUSED], "stateReason",
					     refused->message));
}

int api_rules(struct http_request *req, struct http_response *res, void *arg)
{
	_cleanup_(json_decrefp) json_t *decided = NULL;
	struct api *a = arg;
	struct detect_stats stats;
	struct rows list = { 0 };
	json_t *value, *refused;
	int r = read_decided(a, req, &decided);

	if (r < 0)
		return r;
	detect_get_stats(a->detect, &stats);
	list.decided = decided;
	list.room = stats.rules;
	list.rows = calloc(list.room + 1, sizeof(*list.rows));
	refused = json_array();
	if (!list.rows || !refused)
		return -ENOMEM;
	detect_each_rule(a->detect, add_rule, &list);
	detect_each_refused(a->detect, add_refused, refused);
	value = make_list(&list);
	free(list.rows);
	return api_send(res, 200,
			json_pack("{s:o,s:I,s:I,s:o,s:o}", "since", event_time(stats.since_ns),
				  "total", (json_int_t)stats.rules, "refused",
				  (json_int_t)stats.refused, "refusedRules", refused, "value",
				  value));
}

struct finding {
	const char *id;
	struct api_rule *rule;
	const json_t *decided;
	json_t *json;
	bool found;
};

static void find(void *arg, const struct detect_rule *rule)
{
	struct finding *f = arg;

	if (f->found || strcmp(rule->info->id, f->id) != 0)
		return;
	f->found = true;
	f->json = f->decided ? describe(rule, json_object_get(f->decided, f->id)) : NULL;
	if (!f->rule)
		return;
	f->rule->severity = classify_severity(rule->info->level);
	snprintf(f->rule->title, sizeof(f->rule->title), "%s", rule->info->title);
}

bool api_rule_find(const struct api *a, const char *id, struct api_rule *ret_rule)
{
	struct finding f = { .id = id, .rule = ret_rule };

	detect_each_rule(a->detect, find, &f);
	return f.found;
}

static int no_rule(const struct http_request *req, struct http_response *res)
{
	return api_errorf(req, res, 404, "ResourceNotFound", "There is no rule %s.",
			  http_request_param(req, "id"));
}

int api_rules_get(struct http_request *req, struct http_response *res, void *arg)
{
	_cleanup_(json_decrefp) json_t *decided = NULL;
	struct finding f = { .id = http_request_param(req, "id") };
	struct api *a = arg;
	int r = read_decided(a, req, &decided);

	if (r < 0)
		return r;
	f.decided = decided;
	detect_each_rule(a->detect, find, &f);
	return f.found ? api_send(res, 200, f.json) : no_rule(req, res);
}

const struct body_field api_rule_fields[] = {
	{ "enabled", BODY_BOOL, .doc = "Off: its matches are counted and make no alert." },
	{ "severity", BODY_TEXT, .nullable = true, .min = 1, .max = 32,
	  .values = api_severities + 1, .doc = "Of its alerts at most; null: the rule's own." },
	{ 0 },
};

/* What the body leaves out stays as it is. */
static int change(const struct api *a, const struct http_request *req, const json_t *body,
		  struct err *err)
{
	const struct access_identity *who = api_identity(req);
	const json_t *enabled = json_object_get(body, "enabled"),
		     *severity = json_object_get(body, "severity");
	_cleanup_(json_decrefp) json_t *all = NULL;
	struct tuning_setting setting;
	const char *id = http_request_param(req, "id");
	const json_t *old;
	int r = read_decided(a, req, &all);

	if (r < 0)
		return r;
	old = json_object_get(all, id);
	setting.enabled =
	    enabled ? json_is_true(enabled) : !json_is_false(json_object_get(old, "enabled"));
	setting.severity = json_string_value(severity ?: json_object_get(old, "severity"));
	return tuning_set_rule(a->tuning, who->tenant_id, who->name, id, &setting, err);
}

int api_rules_change(struct http_request *req, struct http_response *res, void *arg)
{
	_cleanup_(json_decrefp) json_t *body = NULL;
	struct api_rule rule;
	struct api *a = arg;
	struct err err = { 0 };
	int r = api_body(req, res, api_rule_fields, &body);

	if (r != 0)
		return MIN(r, 0);
	if (!api_rule_find(a, http_request_param(req, "id"), &rule))
		return no_rule(req, res);
	if (classify_severity_rank(body_text(body, "severity") ?: rule.severity) >
	    classify_severity_rank(rule.severity))
		return api_errorf(req, res, 400, "InvalidRequestBody",
				  "severity: the rule's own is %s, and it can only be lowered",
				  rule.severity);
	r = change(a, req, body, &err);
	if (r < 0)
		return r;
	json_object_set_new(body, "title", json_string(rule.title));
	api_note(req, body);
	return api_rules_get(req, res, arg);
}
