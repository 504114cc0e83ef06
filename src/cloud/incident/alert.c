/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/incident/alert.h"

#include <errno.h>
#include <stdio.h>
#include <xxhash.h>

#include "base/buf.h"
#include "base/hex.h"
#include "cloud/detect/subject.h"
#include "cloud/incident/evidence.h"

#define KEY_MAX 1024

void incident_hash(const char *text, size_t len, char ret_hex[INCIDENT_GROUP_SIZE])
{
	XXH128_canonical_t canonical;

	XXH128_canonicalFromHash(&canonical, XXH3_128bits(text, len));
	hex_encode(canonical.digest, sizeof(canonical.digest), ret_hex);
}

static void set_id(struct alert_write *w)
{
	const struct detection *d = w->detection;
	char key[KEY_MAX];
	unsigned int first = 0;
	int n;

	while (first < d->id_count && w->known[first])
		first++;
	if (first == d->id_count)
		first = 0;
	n = snprintf(key, sizeof(key), "%s/%s/%s/%lld", w->scope->tenant_id, w->scope->device_id,
		     d->rule->id, (long long)d->ids[first].report_id);
	memcpy(w->id, "da", 2);
	incident_hash(key, MIN((size_t)n, sizeof(key) - 1), w->id + 2);
}

/* 1 when an alert of the rule has the event. */
static int is_known(struct alert_write *w, const struct detection_id *id, struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(w->conn, &st, err,
			    "SELECT 1 FROM alert_event WHERE tenant_id = ? AND device_id = ? AND "
			    "rule_id = ? AND report_id = ?",
			    "sssi", w->scope->tenant_id, w->scope->device_id,
			    w->detection->rule->id, id->report_id);

	return r < 0 ? r : state_step(st, err);
}

void alert_set_group(struct alert_write *w)
{
	char key[KEY_MAX];
	int n;

	ancestry_root(w->ancestry, w->detection->actor, w->root);
	n = snprintf(key, sizeof(key), "%s/%s/%s/%s", w->scope->tenant_id, w->scope->device_id,
		     w->detection->rule->id, w->root);
	incident_hash(key, MIN((size_t)n, sizeof(key) - 1), w->group_key);
}

int alert_begin(struct alert_write *w, struct err *err)
{
	const struct detection *d = w->detection;

	alert_set_group(w);
	w->count = d->count;
	for (unsigned int i = 0; i < d->id_count; i++) {
		int r = is_known(w, &d->ids[i], err);

		if (r < 0)
			return r;
		w->known[i] = r;
		w->count -= (uint64_t)r;
	}
	set_id(w);
	return 0;
}

/* Reads the alert of the first row into w: 1, or 0 where there is none. */
static int take_found(struct alert_write *w, struct state_stmt *st, struct err *err)
{
	int r = state_step(st, err);

	if (r < 1)
		return r;
	snprintf(w->id, sizeof(w->id), "%s", state_text(st, 0));
	w->incident_id = state_int(st, 1);
	return 1;
}

int alert_find_group(struct alert_write *w, struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(
	    w->conn, &st, err,
	    "SELECT id, incident_id FROM alert WHERE tenant_id = ? AND group_key = ? "
	    "AND last_event_ns >= ? AND first_event_ns <= ? AND status <> 'Resolved' "
	    "ORDER BY last_event_ns DESC LIMIT 1",
	    "ssii", w->scope->tenant_id, w->group_key, w->detection->first_ns - w->window_ns,
	    w->detection->last_ns + w->window_ns);

	return r < 0 ? r : take_found(w, st, err);
}

int alert_exists(struct alert_write *w, struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(w->conn, &st, err,
			    "SELECT id, incident_id FROM alert WHERE tenant_id = ? AND id = ?",
			    "ss", w->scope->tenant_id, w->id);

	return r < 0 ? r : take_found(w, st, err);
}

/* The newest alert of a rule that has made as many as it may. */
static int find_limited(struct alert_write *w, struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL, *count = NULL;
	const struct incident_scope *s = w->scope;
	const char *rule = w->detection->rule->id;
	int r = state_query(w->conn, &count, err,
			    "SELECT count(*) FROM alert WHERE tenant_id = ? AND device_id = ? AND "
			    "rule_id = ? AND created_ns > ?",
			    "sssi", s->tenant_id, s->device_id, rule, w->now_ns - ALERT_WINDOW_NS);

	if (r == 0)
		r = state_step(count, err);
	if (r < 0 || state_int(count, 0) < ALERT_RATE_MAX)
		return MIN(r, 0);
	r = state_query(
	    w->conn, &st, err,
	    "SELECT id, incident_id FROM alert WHERE tenant_id = ? AND device_id = ? AND "
	    "rule_id = ? ORDER BY created_ns DESC LIMIT 1",
	    "sss", s->tenant_id, s->device_id, rule);
	return r < 0 ? r : take_found(w, st, err);
}

int alert_find(struct alert_write *w, bool *ret_limited, struct err *err)
{
	int r = alert_find_group(w, err);

	*ret_limited = false;
	if (r != 0)
		return r;
	r = find_limited(w, err);
	*ret_limited = r == 1;
	return r;
}

static int64_t count_rows(struct alert_write *w, const char *sql, struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(w->conn, &st, err, sql, "ss", w->scope->tenant_id, w->id);

	if (r == 0)
		r = state_step(st, err);
	return r < 0 ? r : state_int(st, 0);
}

static int add_events(struct alert_write *w, struct err *err)
{
	const struct detection *d = w->detection;
	int64_t have = count_rows(w,
				  "SELECT count(*) FROM alert_event WHERE tenant_id = ? AND "
				  "alert_id = ?",
				  err);

	for (unsigned int i = 0; have >= 0 && i < d->id_count && have < ALERT_EVENTS_MAX; i++) {
		int r;

		if (w->known[i])
			continue;
		r = state_exec(
		    w->conn, err,
		    "INSERT INTO alert_event VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO "
		    "NOTHING",
		    "sssissi", w->scope->tenant_id, w->scope->device_id, d->rule->id,
		    d->ids[i].report_id, w->id, d->ids[i].table->name, d->ids[i].time_ns);
		if (r < 0)
			return r;
		have++;
	}
	return have < 0 ? (int)have : 0;
}

static int add_entities(struct alert_write *w, const struct event *e, int64_t *have,
			struct err *err)
{
	struct evidence list[EVIDENCE_PER_EVENT_MAX];
	unsigned int count = evidence_of_event(e, w->now_ns, list);
	int r = 0;

	for (unsigned int i = 0; i < count && r == 0 && *have < ALERT_EVIDENCE_MAX; i++) {
		r = buf_error(&list[i].entity) ? buf_error(&list[i].entity)
					       : buf_error(&list[i].key);
		if (r == 0)
			r = state_exec(w->conn, err,
				       "INSERT INTO alert_evidence VALUES (?, ?, ?, ?, ?, ?) ON "
				       "CONFLICT DO NOTHING",
				       "ssSsis", w->scope->tenant_id, w->id, list[i].key.data,
				       list[i].key.len, evidence_type_name(list[i].type), w->now_ns,
				       list[i].entity.data);
		if (r == 0)
			*have += state_changes(w->conn);
	}
	evidence_done(list, count);
	return r;
}

/* Unless an event has told of it already, under another of its names. */
static int add_named(struct alert_write *w, const struct incident_entity *named, int64_t *have,
		     struct err *err)
{
	_cleanup_buf_ struct buf value = BUF_INIT(8 * EVIDENCE_TEXT_MAX);
	struct evidence e;
	int r;

	buf_append_json(&value, named->value, strlen(named->value));
	evidence_of_column(named->type, named->column, named->value, w->now_ns, &e);
	r = buf_error(&value) ?: buf_error(&e.key) ?: buf_error(&e.entity);
	if (r == 0)
		r = state_exec(
		    w->conn, err,
		    "INSERT INTO alert_evidence SELECT ?, ?, ?, ?, ?, ? WHERE NOT EXISTS "
		    "(SELECT 1 FROM alert_evidence WHERE tenant_id = ? AND alert_id = ? AND "
		    "entity_type = ? AND instr(entity, ?)) ON CONFLICT DO NOTHING",
		    "ssSsisssss", w->scope->tenant_id, w->id, e.key.data, e.key.len,
		    evidence_type_name(e.type), w->now_ns, e.entity.data, w->scope->tenant_id,
		    w->id, evidence_type_name(e.type), value.data);
	if (r == 0)
		*have += state_changes(w->conn);
	evidence_done(&e, 1);
	return r;
}

static int add_evidence(struct alert_write *w, struct err *err)
{
	const struct detection *d = w->detection;
	int64_t have = count_rows(w,
				  "SELECT count(*) FROM alert_evidence WHERE tenant_id = ? AND "
				  "alert_id = ?",
				  err);
	int r = have < 0 ? (int)have : 0;

	for (unsigned int i = 0; i < d->sample_count && r == 0 && have < ALERT_EVIDENCE_MAX; i++)
		r = add_entities(w, d->samples[i], &have, err);
	for (unsigned int i = 0; i < w->entity_count && r == 0 && have < ALERT_EVIDENCE_MAX; i++)
		r = add_named(w, &w->entities[i], &have, err);
	return r;
}

/* From the top of the tree down to the actor. */
static void write_ancestors(struct alert_write *w, struct buf *out)
{
	char ids[ANCESTRY_DEPTH_MAX][EVENT_UNIQUE_ID_SIZE];
	unsigned int n = w->ancestry ? ancestry_chain(w->ancestry, w->detection->actor, ids) : 0;

	while (n-- > 0) {
		const struct ancestor *p = ancestry_find(w->ancestry, ids[n]);

		if (!p)
			continue;
		evidence_step_of_ancestor(p, out);
		buf_append_byte(out, ',');
	}
}

static int write_story(struct alert_write *w, struct buf *out)
{
	const struct detection *d = w->detection;

	buf_append_str(out, "{\"steps\":[");
	write_ancestors(w, out);
	for (unsigned int i = 0; i < d->sample_count; i++) {
		if (i)
			buf_append_byte(out, ',');
		evidence_step_of_event(d->samples[i], out);
	}
	return buf_append_str(out, "]}");
}

/* What the alert's row says of the process that the story is about. */
struct subject {
	const char *id, *account, *domain;
	size_t id_len, account_len, domain_len;
};

static struct subject subject_of(const struct alert_write *w)
{
	const struct event *e = w->detection->sample_count ? w->detection->samples[0] : NULL;
	const struct subject_columns *c = e ? subject_columns(e->table) : NULL;
	struct subject s = { "", "", "", 0, 0, 0 };

	if (!c)
		return s;
	s.id = subject_text(e, c->unique_id, &s.id_len);
	s.account = subject_text(e, c->account_name, &s.account_len);
	s.domain = subject_text(e, c->account_domain, &s.domain_len);
	return s;
}

static int insert_row(struct alert_write *w, const char *story, struct err *err)
{
	const struct detection *d = w->detection;
	const struct incident_text *t = &w->text;
	const struct subject s = subject_of(w);

	return state_exec(
	    w->conn, err,
	    "INSERT INTO alert (tenant_id, id, incident_id, device_id, rule_id, title, "
	    "description, severity, category, techniques, detection_source, group_key, "
	    "event_count, process_unique_id, account_name, account_domain, story, "
	    "first_event_ns, last_event_ns, created_ns, updated_ns, assigned_to) VALUES "
	    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    "ssisssssssssiSSSsiiiis", w->scope->tenant_id, w->id, w->incident_id,
	    w->scope->device_id, d->rule->id, t->title, t->description, t->severity, t->category,
	    t->techniques, t->source, w->group_key, (int64_t)w->count, s.id, s.id_len, s.account,
	    s.account_len, s.domain, s.domain_len, story, d->first_ns, d->last_ns, w->now_ns,
	    w->now_ns, t->assigned_to);
}

int alert_insert(struct alert_write *w, struct err *err)
{
	_cleanup_buf_ struct buf story = BUF_INIT(8u << 20);
	int r = write_story(w, &story);

	if (r < 0)
		return err_setf(err, r, "the alert's story cannot be written");
	r = insert_row(w, story.data, err);
	if (r == 0)
		r = add_evidence(w, err);
	return r < 0 ? r : add_events(w, err);
}

/* SQLite appends to its own JSON, so that the story is not carried to and fro. */
static int extend_story(struct alert_write *w, struct err *err)
{
	const struct detection *d = w->detection;
	int64_t have = count_rows(w,
				  "SELECT json_array_length(story, '$.steps') FROM alert WHERE "
				  "tenant_id = ? AND id = ?",
				  err);
	int r = have < 0 ? (int)have : 0;

	for (unsigned int i = 0; i < d->sample_count && r == 0 && have < ALERT_STEPS_MAX; i++) {
		_cleanup_buf_ struct buf step = BUF_INIT(1 << 20);

		if (w->known[i])
			continue;
		r = evidence_step_of_event(d->samples[i], &step);
		if (r == 0)
			r = state_exec(w->conn, err,
				       "UPDATE alert SET story = json_insert(story, '$.steps[#]', "
				       "json(?)) WHERE tenant_id = ? AND id = ?",
				       "sss", step.data, w->scope->tenant_id, w->id);
		have++;
	}
	return r;
}

int alert_join(struct alert_write *w, struct err *err)
{
	const struct detection *d = w->detection;
	int r = state_exec(w->conn, err,
			   "UPDATE alert SET event_count = event_count + ?, first_event_ns = "
			   "min(first_event_ns, ?), last_event_ns = max(last_event_ns, ?), "
			   "updated_ns = ? WHERE tenant_id = ? AND id = ?",
			   "iiiiss", (int64_t)w->count, d->first_ns, d->last_ns, w->now_ns,
			   w->scope->tenant_id, w->id);

	if (r == 0)
		r = extend_story(w, err);
	if (r == 0)
		r = add_evidence(w, err);
	return r < 0 ? r : add_events(w, err);
}
