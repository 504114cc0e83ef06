/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/incident/incident.h"

#include <errno.h>
#include <stdio.h>

#include "cloud/incident/alert.h"
#include "cloud/incident/classify.h"

#define TITLE_MAX 512

/* Names and command lines are for the story of a new alert; most matches join one. */
static int want_names(const struct incident_sources *sources, const struct incident_scope *scope,
		      const struct detections *list, struct ancestry *a, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < detections_count(list) && r >= 0; i++) {
		struct alert_write w = {
			.conn = sources->conn,
			.scope = scope,
			.detection = detections_get(list, i),
			.ancestry = a,
			.window_ns = ALERT_WINDOW_NS,
		};

		alert_set_group(&w);
		r = alert_find_group(&w, err);
		if (r == 0)
			r = ancestry_want_names(a, w.detection->actor);
	}
	return MIN(r, 0);
}

int incident_ancestry(const struct incident_sources *sources, const struct incident_scope *scope,
		      const struct detections *list, struct ancestry **ret_ancestry,
		      struct err *err)
{
	_cleanup_(ancestry_freep) struct ancestry *a = NULL;
	int r = ancestry_new(scope->tenant_id, scope->device_id, sources->lineage, &a);

	for (size_t i = 0; i < detections_count(list) && r == 0; i++)
		r = ancestry_want(a, detections_get(list, i)->actor);
	if (r < 0)
		return err_setf(err, r, "out of memory");
	r = ancestry_load(a, sources->telemetry, err);
	if (r == 0)
		r = want_names(sources, scope, list, a, err);
	if (r == 0)
		r = ancestry_load_names(a, sources->telemetry, err);
	/*
	 * A store that is away will come back and the frame with it. One that answers but cannot
	 * tell in time must not hold the frame for ever: the alert is made with what is known.
	 */
	if (r == -EAGAIN || r == -ENOMEM)
		return r;
	*ret_ancestry = TAKE_PTR(a);
	return 0;
}

/* The open incident of the tree, or 0. */
static int find_incident(struct alert_write *w, struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(w->conn, &st, err,
			    "SELECT id FROM incident WHERE tenant_id = ? AND device_id = ? AND "
			    "root_unique_id = ? AND status <> 'Resolved' AND updated_ns >= ? "
			    "ORDER BY id DESC LIMIT 1",
			    "sssi", w->scope->tenant_id, w->scope->device_id, w->root,
			    w->now_ns - INCIDENT_WINDOW_NS);

	if (r == 0)
		r = state_step(st, err);
	w->incident_id = r == 1 ? state_int(st, 0) : 0;
	return MIN(r, 0);
}

static int make_incident(struct alert_write *w, struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(w->conn, &st, err,
			    "SELECT coalesce(max(id), 0) + 1 FROM incident WHERE tenant_id = ?",
			    "s", w->scope->tenant_id);

	if (r == 0)
		r = state_step(st, err);
	if (r < 0)
		return r;
	w->incident_id = state_int(st, 0);
	state_done(TAKE_PTR(st));
	return state_exec(w->conn, err,
			  "INSERT INTO incident (tenant_id, id, title, severity, device_id, "
			  "root_unique_id, created_ns, updated_ns) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			  "sissssii", w->scope->tenant_id, w->incident_id, w->text.title,
			  w->text.severity, w->scope->device_id, w->root, w->now_ns, w->now_ns);
}

struct summary {
	char title[TITLE_MAX];
	char severity[16];
	int64_t alerts;
};

/* Title and severity of the whole: of its worst alert, the first of these. */
static int summarise(struct alert_write *w, struct summary *ret, struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r =
	    state_query(w->conn, &st, err,
			"SELECT title, severity FROM alert WHERE tenant_id = ? AND incident_id = ? "
			"ORDER BY created_ns, id LIMIT 1000",
			"si", w->scope->tenant_id, w->incident_id);
	char title[TITLE_MAX / 2] = "";
	int worst = -1, n;

	ret->alerts = 0;
	while (r == 0 && (r = state_step(st, err)) == 1) {
		int rank = classify_severity_rank(state_text(st, 1));

		if (rank > worst) {
			worst = rank;
			snprintf(title, sizeof(title), "%s", state_text(st, 0));
			snprintf(ret->severity, sizeof(ret->severity), "%s", state_text(st, 1));
		}
		ret->alerts++;
		r = 0;
	}
	if (ret->alerts < 2)
		n = snprintf(ret->title, sizeof(ret->title), "%s", title);
	else
		n = snprintf(ret->title, sizeof(ret->title), "%s and %lld more", title,
			     (long long)ret->alerts - 1);
	/* Some are of no device. */
	if (w->scope->device_name[0])
		snprintf(ret->title + n, sizeof(ret->title) - (size_t)n, " on %s",
			 w->scope->device_name);
	return MIN(r, 0);
}

static int update_incident(struct alert_write *w, struct err *err)
{
	struct summary s = { 0 };
	int r = summarise(w, &s, err);

	return r < 0
		   ? r
		   : state_exec(w->conn, err,
				"UPDATE incident SET title = ?, severity = ?, updated_ns = ? WHERE "
				"tenant_id = ? AND id = ?",
				"ssisi", s.title, s.severity, w->now_ns, w->scope->tenant_id,
				w->incident_id);
}

static int write_techniques(const struct rules_info *rule, struct buf *out)
{
	buf_append_byte(out, '[');
	for (size_t i = 0; rule->techniques && rule->techniques[i]; i++) {
		if (i)
			buf_append_byte(out, ',');
		buf_append_json(out, rule->techniques[i], strlen(rule->techniques[i]));
	}
	return buf_append_byte(out, ']');
}

static struct incident_text text_of_rule(const struct detection *d, const struct buf *techniques)
{
	return (struct incident_text){
		.title = d->rule->title,
		.description = d->rule->description ?: d->rule->title,
		.severity = classify_severity(d->level),
		.category = classify_category(d->rule),
		.techniques = techniques->data,
		.source = d->custom ? "CustomDetection" : "WindowsDefenderAtp",
	};
}

static int make_alert(struct alert_write *w, struct incident_counts *counts, struct err *err)
{
	int r;

	/* Nothing is shared with what has no known process. */
	if (!w->root[0])
		snprintf(w->root, sizeof(w->root), "%.*s", (int)sizeof(w->root) - 1, w->id + 2);
	r = find_incident(w, err);
	if (r == 0 && !w->incident_id) {
		r = make_incident(w, err);
		counts->incidents++;
	}
	if (r == 0)
		r = alert_insert(w, err);
	if (r == 0)
		r = update_incident(w, err);
	counts->alerts++;
	return r;
}

static int join_alert(struct alert_write *w, struct err *err)
{
	int r = alert_join(w, err);

	return r < 0
		   ? r
		   : state_exec(w->conn, err,
				"UPDATE incident SET updated_ns = ? WHERE tenant_id = ? AND id = ?",
				"isi", w->now_ns, w->scope->tenant_id, w->incident_id);
}

static int record_one(struct alert_write *w, struct incident_counts *counts, struct err *err)
{
	_cleanup_buf_ struct buf techniques = BUF_INIT(1 << 16);
	bool limited = false;
	int r = write_techniques(w->detection->rule, &techniques);

	if (r < 0)
		return err_setf(err, r, "the techniques of the rule cannot be written");
	w->text = text_of_rule(w->detection, &techniques);
	r = alert_begin(w, err);
	if (r < 0)
		return r;
	counts->repeated += w->detection->count - w->count;
	if (!w->count)
		return 0;
	r = alert_find(w, &limited, err);
	if (r < 0)
		return r;
	if (r == 0)
		return make_alert(w, counts, err);
	counts->joined += w->count;
	counts->limited += limited ? w->count : 0;
	return join_alert(w, err);
}

int incident_record(struct state_conn *c, const struct incident_scope *scope,
		    const struct detections *list, const struct ancestry *ancestry,
		    struct incident_counts *counts, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < detections_count(list) && r == 0; i++) {
		struct alert_write w = {
			.conn = c,
			.scope = scope,
			.detection = detections_get(list, i),
			.ancestry = ancestry,
			.window_ns = ALERT_WINDOW_NS,
			.now_ns = clock_realtime_ns(),
		};

		r = record_one(&w, counts, err);
	}
	return r;
}

static void begin_custom(struct alert_write *w, struct state_conn *c,
			 const struct incident_scope *scope, const struct incident_custom *custom)
{
	*w = (struct alert_write){
		.conn = c,
		.scope = scope,
		.detection = custom->detection,
		.text = custom->text,
		.entities = custom->entities,
		.entity_count = custom->entity_count,
		.window_ns = custom->join_ns,
		.now_ns = clock_realtime_ns(),
		.count = custom->detection->count,
	};
	snprintf(w->id, sizeof(w->id), "%s", custom->id);
	snprintf(w->group_key, sizeof(w->group_key), "%s", custom->group_key);
}

int incident_would_join(struct state_conn *c, const struct incident_scope *scope,
			const struct incident_custom *custom, struct err *err)
{
	struct alert_write w;

	begin_custom(&w, c, scope, custom);
	return custom->join_ns ? alert_find_group(&w, err) : 0;
}

/* Of its process tree, else of the rule on the device. */
static void set_root(struct alert_write *w, const struct ancestry *ancestry)
{
	char key[512];
	int n;

	if (w->detection->sample_count)
		w->ancestry = ancestry;
	if (w->ancestry)
		ancestry_root(w->ancestry, w->detection->actor, w->root);
	if (w->root[0])
		return;
	n = snprintf(key, sizeof(key), "%s/%s", w->scope->device_id, w->detection->rule->id);
	incident_hash(key, MIN((size_t)n, sizeof(key) - 1), w->root);
}

int incident_record_custom(struct state_conn *c, const struct incident_scope *scope,
			   const struct incident_custom *custom, const struct ancestry *ancestry,
			   char ret_id[INCIDENT_ALERT_ID_SIZE], struct err *err)
{
	struct incident_counts counts = { 0 };
	struct alert_write w;
	int r;

	begin_custom(&w, c, scope, custom);
	r = alert_exists(&w, err);
	if (r == 0) {
		r = custom->join_ns ? alert_find_group(&w, err) : 0;
		if (r == 1)
			r = join_alert(&w, err) ?: 1;
	}
	if (r == 0) {
		set_root(&w, ancestry);
		r = make_alert(&w, &counts, err);
	} else if (r > 0) {
		r = 0;
	}
	if (r < 0)
		return r;
	memcpy(ret_id, w.id, INCIDENT_ALERT_ID_SIZE);
	return counts.alerts > 0;
}
