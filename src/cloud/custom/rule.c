/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule.c - rules in the state: made, changed, removed, and how their runs ended
 */
#include "cloud/custom/rule.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "cloud/custom/custom_internal.h"
#include "cloud/custom/schedule.h"

#define RULE_BYTES_MAX (4u << 20)

const char *const custom_kinds[] = {
	"device", "user", "mailbox", "file", "process", "address", NULL
};

void rule_free(struct custom_rule *r)
{
	if (!r)
		return;
	arena_done(&r->arena);
	free(r);
}

static void take_entities(struct custom_rule *r, const char *text)
{
	_cleanup_(json_decrefp) json_t *list = json_loads(text, 0, NULL);
	struct custom_draft *d = &r->draft;

	for (size_t i = 0; i < json_array_size(list) && d->entity_count < CUSTOM_ENTITIES_MAX;
	     i++) {
		const char *kind, *column;

		if (json_unpack(json_array_get(list, i), "{s:s,s:s}", "kind", &kind, "column",
				&column) < 0)
			continue;
		for (unsigned int k = 0; custom_kinds[k]; k++)
			if (strcmp(custom_kinds[k], kind) == 0)
				d->entities[d->entity_count++] =
				    (struct custom_entity){ k, arena_strdup(&r->arena, column) };
	}
}

static void take_techniques(struct custom_rule *r)
{
	_cleanup_(json_decrefp) json_t *list = json_loads(r->techniques, 0, NULL);
	struct custom_draft *d = &r->draft;

	for (size_t i = 0; i < json_array_size(list) && i < CUSTOM_TECHNIQUES_MAX; i++)
		d->techniques[d->technique_count++] =
		    arena_strdup(&r->arena, json_string_value(json_array_get(list, i)) ?: "");
}

#define COLUMNS                                                                                    \
	"id, version, tenant_id, detector_id, name, query, title, description, recommended, "      \
	"severity, category, techniques, owner, entities, period_s, suppress_s, enabled, "         \
	"next_run_ns, covered_ns, failures, coalesce(failing_since_ns, 0), "                       \
	"failure_alert_id IS NOT NULL"

static int take_row(struct custom_rule *r, struct state_stmt *st)
{
	struct custom_draft *d = &r->draft;
	const char **texts[] = { &r->tenant_id, &r->detector_id, &d->name,	  &d->query,
				 &d->title,	&d->description, &d->recommended, &d->severity,
				 &d->category,	&r->techniques,	 &d->owner };

	r->id = state_int(st, 0);
	r->version = state_int(st, 1);
	for (int i = 0; i < (int)ARRAY_SIZE(texts); i++) {
		const char *text = state_text(st, 2 + i);

		*texts[i] = text ? arena_strdup(&r->arena, text) : NULL;
		if (text && !*texts[i])
			return -ENOMEM;
	}
	take_entities(r, state_text(st, 13));
	take_techniques(r);
	d->period_s = state_int(st, 14);
	d->suppress_s = state_int(st, 15);
	d->enabled = state_int(st, 16);
	r->next_run_ns = state_int(st, 17);
	r->covered_ns = state_int(st, 18);
	r->failures = state_int(st, 19);
	r->failing_since_ns = state_int(st, 20);
	r->told = state_int(st, 21);
	return 0;
}

int rule_load(struct state_conn *c, const char *tenant_id, int64_t id,
	      struct custom_rule **ret_rule, struct err *err)
{
	_cleanup_(rule_freep) struct custom_rule *rule = calloc(1, sizeof(*rule));
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r;

	if (!rule)
		return -ENOMEM;
	arena_init(&rule->arena, RULE_BYTES_MAX);
	r = state_query(c, &st, err,
			"SELECT " COLUMNS " FROM custom_rule WHERE tenant_id = ? AND id = ?", "si",
			tenant_id, id);
	if (r == 0)
		r = state_step(st, err);
	if (r < 1)
		return r;
	r = take_row(rule, st);
	if (r < 0)
		return err_setf(err, r, "out of memory");
	*ret_rule = TAKE_PTR(rule);
	return 1;
}

int rule_due(struct state_conn *c, bool continuous, int64_t now_ns, int64_t *ret_id,
	     char ret_tenant_id[UUID_TEXT_SIZE], struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(c, &st, err,
			    "SELECT id, tenant_id, next_run_ns, period_s FROM custom_rule WHERE "
			    "enabled AND (period_s = ?) = ? ORDER BY next_run_ns, id",
			    "ii", (int64_t)SCHEDULE_CONTINUOUS_S, (int64_t)continuous);

	while (r == 0 && (r = state_step(st, err)) == 1) {
		if (schedule_is_due(state_int(st, 2), state_int(st, 3), now_ns)) {
			*ret_id = state_int(st, 0);
			snprintf(ret_tenant_id, UUID_TEXT_SIZE, "%s", state_text(st, 1));
			return 1;
		}
		r = 0;
	}
	return r;
}

static char *techniques_json(const struct custom_draft *d)
{
	_cleanup_(json_decrefp) json_t *list = json_array();

	for (unsigned int i = 0; i < d->technique_count; i++)
		json_array_append_new(list, json_string(d->techniques[i]));
	return json_dumps(list, JSON_COMPACT);
}

static char *entities_json(const struct custom_draft *d)
{
	_cleanup_(json_decrefp) json_t *list = json_array();

	for (unsigned int i = 0; i < d->entity_count; i++)
		json_array_append_new(list, json_pack("{s:s,s:s}", "kind",
						      custom_kinds[d->entities[i].kind], "column",
						      d->entities[i].column));
	return json_dumps(list, JSON_COMPACT);
}

static int count_rules(struct state_conn *c, const char *tenant_id, struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(c, &st, err, "SELECT count(*) FROM custom_rule WHERE tenant_id = ?",
			    "s", tenant_id);

	if (r == 0)
		r = state_step(st, err);
	return r < 0 ? r : (int)state_int(st, 0);
}

static int insert(struct state_conn *c, const struct custom_caller *who,
		  const struct custom_draft *d, int64_t *ret_id, struct err *err)
{
	_cleanup_free_ char *techniques = techniques_json(d), *entities = entities_json(d);
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int64_t now = clock_realtime_ns();
	char detector[UUID_TEXT_SIZE];
	/* A continuous rule sees what comes in from now on; the others begin with all there is. */
	int64_t covered = d->period_s == SCHEDULE_CONTINUOUS_S ? now : 0;
	int r;

	if (!techniques || !entities)
		return err_setf(err, -ENOMEM, "out of memory");
	uuid_random(detector);
	r = state_query(
	    c, &st, err,
	    "INSERT INTO custom_rule (tenant_id, detector_id, name, query, period_s, "
	    "title, description, recommended, severity, category, techniques, entities, "
	    "suppress_s, enabled, owner, created_by, created_ns, changed_by, changed_ns, "
	    "query_changed_ns, next_run_ns, covered_ns) VALUES (?, ?, ?, ?, ?, ?, ?, ?, "
	    "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
	    "ssssisssssssiissisiiii", who->tenant_id, detector, d->name, d->query, d->period_s,
	    d->title, d->description, d->recommended, d->severity, d->category, techniques,
	    entities, d->suppress_s, (int64_t)d->enabled, d->owner ?: who->name, who->name, now,
	    who->name, now, now, now, covered);
	if (r == 0)
		r = state_step(st, err);
	if (r < 1)
		return r < 0 ? r : err_setf(err, -EIO, "the rule was not written");
	*ret_id = state_int(st, 0);
	return 0;
}

int custom_create(struct custom *c, const struct custom_caller *who,
		  const struct custom_draft *draft, int64_t *ret_id, struct err *err)
{
	struct state_conn *conn = state_get(c->options.state);
	int r = conn ? state_begin(conn, err) : -ENOMEM;

	if (r < 0)
		return r;
	r = count_rules(conn, who->tenant_id, err);
	if (r >= CUSTOM_RULES_MAX)
		r = err_setf(err, -ENOSPC,
			     "There are %d rules, as many as there may be; remove one.",
			     CUSTOM_RULES_MAX);
	if (r >= 0)
		r = insert(conn, who, draft, ret_id, err);
	r = state_end(conn, r, err);
	if (r == 0)
		custom_wake(c);
	return r;
}

/*
 * A rule that is switched on, or changes its beat, begins anew: it neither makes up for the time it
 * was off nor waits for a beat that is no longer its own. With other words it is as whole as
 * before, and runs soon, so that whoever changed it sees what it does.
 */
#define CHANGE                                                                                     \
	"UPDATE custom_rule SET name = ?1, query = ?2, title = ?3, description = ?4, "             \
	"recommended = ?5, severity = ?6, category = ?7, techniques = ?8, entities = ?9, "         \
	"suppress_s = ?10, owner = coalesce(?11, owner), changed_by = ?12, changed_ns = ?13, "     \
	"query_changed_ns = iif(query = ?2, query_changed_ns, ?13), version = version + 1, "       \
	"covered_ns = iif((?14 AND NOT enabled) OR period_s <> ?15, ?13, covered_ns), "            \
	"next_run_ns = iif((?14 AND NOT enabled) OR period_s <> ?15 OR query <> ?2, ?13, "         \
	"next_run_ns), failures = iif(query = ?2, failures, 0), "                                  \
	"failing_since_ns = iif(query = ?2, failing_since_ns, NULL), "                             \
	"failure_alert_id = iif(query = ?2, failure_alert_id, NULL), "                             \
	"enabled = ?14, period_s = ?15 WHERE tenant_id = ?16 AND id = ?17"

int custom_change(struct custom *c, const struct custom_caller *who, int64_t id,
		  const struct custom_draft *d, struct err *err)
{
	_cleanup_free_ char *techniques = techniques_json(d), *entities = entities_json(d);
	struct state_conn *conn = state_get(c->options.state);
	int64_t now = clock_realtime_ns();
	int r = conn && techniques && entities ? state_begin(conn, err)
					       : err_setf(err, -ENOMEM, "out of memory");

	if (r < 0)
		return r;
	r = state_exec(conn, err, CHANGE, "sssssssssissiiisi", d->name, d->query, d->title,
		       d->description, d->recommended, d->severity, d->category, techniques,
		       entities, d->suppress_s, d->owner, who->name, now, (int64_t)d->enabled,
		       d->period_s, who->tenant_id, id);
	if (r == 0 && state_changes(conn) == 0)
		r = err_setf(err, -ENOENT, "There is no rule %lld.", (long long)id);
	r = state_end(conn, r, err);
	if (r == 0)
		custom_wake(c);
	return r;
}

int custom_delete(struct custom *c, const char *tenant_id, int64_t id, struct err *err)
{
	struct state_conn *conn = state_get(c->options.state);
	int r = conn ? state_begin(conn, err) : -ENOMEM;

	if (r < 0)
		return r;
	r = state_exec(conn, err, "DELETE FROM custom_rule WHERE tenant_id = ? AND id = ?", "si",
		       tenant_id, id);
	if (r == 0 && state_changes(conn) == 0)
		r = err_setf(err, -ENOENT, "There is no rule %lld.", (long long)id);
	if (r == 0)
		r = state_exec(conn, err,
			       "DELETE FROM custom_seen WHERE tenant_id = ? AND rule_id = ?", "si",
			       tenant_id, id);
	if (r == 0)
		r = state_exec(conn, err,
			       "DELETE FROM custom_run WHERE tenant_id = ? AND rule_id = ?", "si",
			       tenant_id, id);
	return state_end(conn, r, err);
}

int custom_run_now(struct custom *c, const char *tenant_id, int64_t id, struct err *err)
{
	_cleanup_(rule_freep) struct custom_rule *rule = NULL;
	struct state_conn *conn = state_get(c->options.state);
	int r = conn ? rule_load(conn, tenant_id, id, &rule, err) : -ENOMEM;

	if (r == 0)
		return err_setf(err, -ENOENT, "There is no rule %lld.", (long long)id);
	if (r < 0)
		return r;
	if (!rule->draft.enabled)
		return err_setf(err, -EPERM,
				"The rule is switched off; switch it on, or ask for a dry run.");
	r = state_begin(conn, err);
	if (r == 0)
		r = state_exec(
		    conn, err,
		    "UPDATE custom_rule SET next_run_ns = ? WHERE tenant_id = ? AND id = ?", "isi",
		    clock_realtime_ns(), tenant_id, id);
	r = state_end(conn, r, err);
	if (r == 0)
		custom_wake(c);
	return r;
}

/* A continuous rule that found nothing new leaves no trace but in its own row. */
static int keep_run(struct state_conn *c, const struct custom_rule *rule,
		    const struct run_outcome *o, struct err *err)
{
	int r;

	if (rule->draft.period_s == SCHEDULE_CONTINUOUS_S && !o->alerts && !o->joined && !o->error)
		return 0;
	r = state_exec(
	    c, err,
	    "INSERT INTO custom_run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT "
	    "DO NOTHING",
	    "siiiisssiiii", rule->tenant_id, rule->id, o->started_ns, o->duration_ms, o->from_ns,
	    o->status, o->error_code, o->error, (int64_t)o->results, (int64_t)o->alerts,
	    (int64_t)o->joined, (int64_t)o->left);
	return r < 0 ? r
		     : state_exec(
			   c, err,
			   "DELETE FROM custom_run WHERE tenant_id = ? AND rule_id = ? AND "
			   "started_ns < (SELECT started_ns FROM custom_run WHERE tenant_id = ? "
			   "AND rule_id = ? ORDER BY started_ns DESC LIMIT 1 OFFSET ?)",
			   "sisii", rule->tenant_id, rule->id, rule->tenant_id, rule->id,
			   (int64_t)CUSTOM_RUNS_KEPT - 1);
}

int rule_set_outcome(struct state_conn *c, const struct custom_rule *rule,
		     const struct run_outcome *o, struct err *err)
{
	bool failed = strcmp(o->status, "failed") == 0, counts = failed && !o->transient;
	int64_t period = rule->draft.period_s, now = clock_realtime_ns();
	unsigned int failures = failed ? (unsigned int)rule->failures + 1 : 0;
	int64_t next = failed ? schedule_retry(period, o->transient ? 1 : failures, now)
			      : schedule_next(rule->next_run_ns, period, now);
	int64_t covered =
	    failed ? rule->covered_ns
		   : schedule_covered(period, rule->covered_ns, o->started_ns, o->left > 0);
	int r = state_exec(
	    c, err,
	    "UPDATE custom_rule SET last_run_ns = ?1, last_status = ?2, last_error_code = ?3, "
	    "last_error = ?4, last_results = ?5, last_alerts = ?6, last_left = ?7, "
	    "failures = iif(?8, iif(?9, failures + 1, failures), 0), "
	    "failing_since_ns = iif(?8, coalesce(failing_since_ns, ?1), NULL), "
	    "failure_alert_id = iif(?8, failure_alert_id, NULL), "
	    "next_run_ns = iif(next_run_ns = ?10, ?11, next_run_ns), covered_ns = max(?12, "
	    "covered_ns) "
	    "WHERE tenant_id = ?13 AND id = ?14 AND version = ?15",
	    "isssiiiiiiiisii", o->started_ns, o->status, o->error_code, o->error,
	    (int64_t)o->results, (int64_t)o->alerts, (int64_t)o->left, (int64_t)failed,
	    (int64_t)counts, rule->next_run_ns, next, covered, rule->tenant_id, rule->id,
	    rule->version);

	if (r == 0 && state_changes(c) == 0)
		return err_setf(err, -ESTALE, "the rule was changed while it ran");
	return r < 0 ? r : keep_run(c, rule, o, err);
}

int custom_retain(struct state *state, int64_t now_ns, struct err *err)
{
	struct state_conn *c = state_get(state);
	int r = c ? state_begin(c, err) : -ENOMEM;

	if (r < 0)
		return r;
	/* A result was at most as old when it was seen, and can be found for as long again. */
	r = state_exec(c, err, "DELETE FROM custom_seen WHERE seen_ns < ?", "i",
		       now_ns - 2 * SCHEDULE_HISTORY_NS);
	return state_end(c, r, err);
}
