/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/api/sightings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cloud/api/handlers.h"

#define HOUR_NS (3600 * NSEC_PER_SEC)
#define AHEAD_NS (24 * HOUR_NS) /* a device's clock may be ahead of ours */
#define RETENTION_HOURS (181 * 24)
#define LOOK_BACK_MAX 720
#define EXECUTION_S 20

struct sightings sightings_of(const struct api *a, const struct http_request *req,
			      const struct entity *e, unsigned int hours)
{
	int64_t now = clock_realtime_ns();

	return (struct sightings){
		.api = a,
		.tenant_id = api_identity(req)->tenant_id,
		.entity = e,
		.from_ns = now - (int64_t)(hours ?: RETENTION_HOURS) * HOUR_NS,
		.to_ns = now + AHEAD_NS,
		.execution_s = EXECUTION_S,
	};
}

static bool is_stored(const struct event_table *t, const char *column)
{
	int field = event_field_find(t, column);

	return field >= 0 && (t->fields[field].flags & EVENT_FIELD_STORED);
}

/* One table and column that may hold the entity. */
struct place {
	const struct event_table *table;
	unsigned int kind; /* of event_kinds */
	const char *column, *value;
	const char *prefix; /* of the columns that tell of the same thing */
};

static void put_where(const struct place *p, bool folds, struct buf *sql)
{
	buf_printf(sql,
		   " FROM vakt.%s WHERE TenantId = {tenant:String}"
		   " AND Timestamp >= fromUnixTimestamp64Nano({from:Int64})"
		   " AND Timestamp < fromUnixTimestamp64Nano({to:Int64}) AND ",
		   p->table->name);
	buf_printf(sql, folds ? "lower(%s) = {value:String}" : "%s = {value:String}", p->column);
}

/* What a question asks of each place; the parts are joined by UNION ALL. */
struct form {
	void (*select)(const struct place *p, struct buf *sql);
	const char *end;
};

static void put_places(const struct entity *e, const struct form *form, struct buf *sql)
{
	bool first = true;

	for (unsigned int kind = 0; kind < EVENT_KIND_COUNT; kind++) {
		const struct event_table *t = &event_tables[event_kinds[kind].table];

		for (size_t i = 0; i < ENTITY_COLUMNS_MAX && e->kind->columns[i]; i++) {
			struct place p = { t, kind, e->kind->columns[i], e->value, "" };

			if (!is_stored(t, p.column))
				continue;
			if (strncmp(p.column, "InitiatingProcess", 17) == 0)
				p.prefix = "InitiatingProcess";
			/* A part that ends with an order must stand alone. */
			buf_printf(sql, "%sSELECT * FROM (SELECT ", first ? "" : " UNION ALL ");
			form->select(&p, sql);
			put_where(&p, e->kind->folds, sql);
			buf_printf(sql, "%s)", form->end);
			first = false;
		}
	}
}

static int begin(const struct sightings *s, struct event_question *q)
{
	int r = event_question_begin(q, s->api, s->tenant_id);

	q->execution_s = s->execution_s;
	if (r == 0)
		r = event_question_number(q, "from", s->from_ns);
	if (r == 0)
		r = event_question_number(q, "to", s->to_ns);
	return r < 0 ? r : event_question_text(q, "value", s->entity->value);
}

/* head, the parts, tail; row is called for each list of the answer. */
struct shape {
	const char *head;
	struct form form;
	const char *tail;
	int (*row)(const json_t *values, void *arg);
};

static int ask(const struct sightings *s, const struct shape *shape, void *arg, struct err *err)
{
	_cleanup_buf_ struct buf answer = BUF_INIT(EVENTS_ANSWER_MAX);
	_cleanup_(event_question_done) struct event_question q;
	int r = begin(s, &q);

	if (r < 0)
		return r;
	buf_append_str(&q.sql, shape->head);
	put_places(s->entity, &shape->form, &q.sql);
	buf_append_str(&q.sql, shape->tail);
	r = event_question_ask(&q, &answer, err);
	return r < 0 ? r : event_rows(&answer, shape->row, arg);
}

#define STRINGIFY_(x) #x
#define STRINGIFY(x) STRINGIFY_(x)

static void select_device(const struct place *p _unused_, struct buf *sql)
{
	buf_append_str(sql, "DeviceId AS device, any(DeviceName) AS name,"
			    " toUnixTimestamp64Nano(min(Timestamp)) AS first,"
			    " toUnixTimestamp64Nano(max(Timestamp)) AS last");
}

static int add_device(const json_t *values, void *arg)
{
	struct sightings_summary *s = arg;
	int64_t first = event_number(json_array_get(values, 2));

	s->first_ns = s->count++ ? MIN(s->first_ns, first) : first;
	s->last_ns = MAX(s->last_ns, event_number(json_array_get(values, 3)));
	return json_array_append(s->devices, (json_t *)values);
}

int sightings_devices(const struct sightings *s, struct sightings_summary *ret_summary,
		      struct err *err)
{
	static const struct shape shape = {
		"SELECT device, any(name), min(first), max(last) AS newest FROM (",
		{ select_device, " GROUP BY DeviceId" },
		") GROUP BY device ORDER BY newest DESC, device LIMIT " STRINGIFY(
		    SIGHTINGS_DEVICES_MAX),
		add_device,
	};
	struct sightings_summary found = { .devices = json_array() };
	int r = found.devices ? ask(s, &shape, &found, err) : -ENOMEM;

	if (r < 0) {
		json_decref(found.devices);
		return r;
	}
	*ret_summary = found;
	return 0;
}

static void select_name(const struct place *p, struct buf *sql)
{
	char size[64];

	snprintf(size, sizeof(size), "%sFileSize", p->prefix);
	buf_printf(sql,
		   "%1$sFileName AS name, %1$sFolderPath AS path, %1$sSHA1 AS sha1,"
		   " %1$sSHA256 AS sha256, %1$sMD5 AS md5, max(%2$s) AS size, count() AS rows",
		   p->prefix, is_stored(p->table, size) ? size : "CAST(NULL AS Nullable(Int64))");
}

static void keep(char *out, size_t size, const json_t *value)
{
	if (!out[0])
		snprintf(out, size, "%s", json_string_value(value) ?: "");
}

static int add_name(const json_t *values, void *arg)
{
	struct sightings_file *f = arg;
	const json_t *size = json_array_get(values, 5);

	keep(f->sha1, sizeof(f->sha1), json_array_get(values, 2));
	keep(f->sha256, sizeof(f->sha256), json_array_get(values, 3));
	keep(f->md5, sizeof(f->md5), json_array_get(values, 4));
	if (f->size < 0 && !json_is_null(size))
		f->size = event_number(size);
	return json_array_append_new(
	    f->names, json_pack("[O,O]", json_array_get(values, 0), json_array_get(values, 1)));
}

int sightings_file(const struct sightings *s, struct sightings_file *ret_file, struct err *err)
{
	static const struct shape shape = {
		"SELECT toValidUTF8(name), toValidUTF8(path), any(sha1), any(sha256), any(md5),"
		" max(size), sum(rows) AS all FROM (",
		{ select_name, " GROUP BY name, path, sha1, sha256, md5" },
		") GROUP BY name, path ORDER BY all DESC, path LIMIT " STRINGIFY(
		    SIGHTINGS_NAMES_MAX),
		add_name,
	};
	struct sightings_file found = { .names = json_array(), .size = -1 };
	int r = found.names ? ask(s, &shape, &found, err) : -ENOMEM;

	if (r < 0) {
		json_decref(found.names);
		return r;
	}
	*ret_file = found;
	return 0;
}

struct key {
	unsigned int kind;
	char device[FLEET_DEVICE_ID_SIZE];
	int64_t time_ns, report_id;
};

struct keys {
	struct key list[SIGHTINGS_EVENTS_MAX];
	size_t count;
};

static void select_key(const struct place *p, struct buf *sql)
{
	buf_printf(sql,
		   "%u AS kind, DeviceId AS device, toUnixTimestamp64Nano(Timestamp) AS time,"
		   " ReportId AS id",
		   p->kind);
}

static int add_key(const json_t *values, void *arg)
{
	struct keys *keys = arg;
	struct key *k = &keys->list[keys->count];

	if (keys->count == SIGHTINGS_EVENTS_MAX)
		return -E2BIG;
	keys->count++;
	k->kind = (unsigned int)event_number(json_array_get(values, 0));
	snprintf(k->device, sizeof(k->device), "%s",
		 json_string_value(json_array_get(values, 1)) ?: "");
	k->time_ns = event_number(json_array_get(values, 2));
	k->report_id = event_number(json_array_get(values, 3));
	return 0;
}

/* The rows of one kind, in one question. */
static int load_kind(const struct sightings *s, const struct keys *keys, unsigned int kind,
		     json_t *events, struct err *err)
{
	const char *devices[SIGHTINGS_EVENTS_MAX];
	int64_t ids[SIGHTINGS_EVENTS_MAX];
	struct event_pick pick = {
		.kind = kind, .from_ns = INT64_MAX, .report_ids = ids, .device_ids = devices
	};
	struct event_device tenant = { .id = "" };

	for (size_t i = 0; i < keys->count; i++) {
		const struct key *k = &keys->list[i];

		if (k->kind != kind)
			continue;
		devices[pick.count] = k->device;
		ids[pick.count++] = k->report_id;
		pick.from_ns = MIN(pick.from_ns, k->time_ns);
		pick.to_ns = MAX(pick.to_ns, k->time_ns);
	}
	snprintf(tenant.tenant_id, sizeof(tenant.tenant_id), "%s", s->tenant_id);
	return pick.count ? events_load(s->api, &tenant, &pick, events, err) : 0;
}

static bool is_of(const json_t *event, const struct key *k)
{
	const json_t *columns = json_object_get(event, "columns");

	return event_number(json_object_get(event, "reportId")) == k->report_id &&
	       strcmp(json_string_value(json_object_get(columns, "DeviceId")) ?: "", k->device) ==
		   0;
}

/* As the keys are: the newest first. */
static void put_in_order(const struct keys *keys, const json_t *loaded, json_t *ordered)
{
	json_t *event;
	size_t n;

	for (size_t i = 0; i < keys->count; i++)
		json_array_foreach(loaded, n, event) if (is_of(event, &keys->list[i]))
		{
			json_array_append(ordered, event);
			break;
		}
}

int sightings_events(const struct sightings *s, json_t *events, struct err *err)
{
	static const struct shape shape = {
		"SELECT DISTINCT kind, device, time, id FROM (",
		{ select_key, " ORDER BY Timestamp DESC LIMIT " STRINGIFY(SIGHTINGS_EVENTS_MAX) },
		") ORDER BY time DESC, id DESC LIMIT " STRINGIFY(SIGHTINGS_EVENTS_MAX),
		add_key,
	};
	_cleanup_(json_decrefp) json_t *loaded = json_array();
	struct keys keys = { .count = 0 };
	int r = ask(s, &shape, &keys, err);

	for (unsigned int kind = 0; kind < EVENT_KIND_COUNT && r == 0; kind++)
		r = load_kind(s, &keys, kind, loaded, err);
	if (r == 0)
		put_in_order(&keys, loaded, events);
	return r;
}

static void select_one(const struct place *p _unused_, struct buf *sql)
{
	buf_append_str(sql, "1 AS one");
}

static int set_found(const json_t *values _unused_, void *arg)
{
	*(bool *)arg = true;
	return 0;
}

int sightings_any(const struct sightings *s, struct err *err)
{
	static const struct shape shape = {
		"SELECT one FROM (",
		{ select_one, " LIMIT 1" },
		") LIMIT 1",
		set_found,
	};
	bool found = false;
	int r = ask(s, &shape, &found, err);

	return r < 0 ? r : found;
}

static int add_id(const json_t *values, void *arg)
{
	return json_array_append(arg, json_array_get(values, 0));
}

/* The answer's list of one entity, of those whose ids are in the list; takes the list. */
static int answer_by_ids(const struct odata_entity *e, struct odata_scope *scope, json_t *ids,
			 const struct http_request *req, struct http_response *res)
{
	_cleanup_free_ char *key = json_dumps(ids, JSON_COMPACT);

	json_decref(ids);
	if (!key)
		return -ENOMEM;
	scope->key = key;
	return odata_answer_list(e, scope, req, res);
}

int sightings_answer_machines(const struct api *a, const struct http_request *req,
			      struct http_response *res, const struct entity *e)
{
	const struct sightings s = sightings_of(a, req, e, LOOK_BACK_MAX);
	struct odata_scope scope = api_scope(a, req);
	struct sightings_summary summary;
	json_t *ids = json_array(), *device;
	struct err err = { 0 };
	int r = sightings_devices(&s, &summary, &err);
	size_t i;

	if (r < 0) {
		json_decref(ids);
		return event_failed(req, res, r, &err);
	}
	json_array_foreach(summary.devices, i, device)
	    json_array_append(ids, json_array_get(device, 0));
	json_decref(summary.devices);
	scope.where = "d.id IN (SELECT value FROM json_each(?))";
	return answer_by_ids(&api_machine, &scope, ids, req, res);
}

/* An MD5 stands in no evidence; the SHA-256 of the same file does. */
static int evidence_entity(const struct sightings *s, struct entity *ret_entity, struct err *err)
{
	struct sightings_file file;
	int r;

	*ret_entity = *s->entity;
	if (s->entity->kind->evidence)
		return 1;
	r = sightings_file(s, &file, err);
	if (r < 0)
		return r;
	json_decref(file.names);
	return entity_set_sha256(file.sha256, ret_entity) == 0;
}

static int alert_ids(const struct sightings *s, json_t *ids, struct err *err)
{
	_cleanup_buf_ struct buf answer = BUF_INIT(1u << 20);
	_cleanup_(event_question_done) struct event_question q;
	const char *column = s->entity->kind->evidence;
	int r = begin(s, &q);

	if (r < 0)
		return r;
	buf_append_str(&q.sql, "SELECT DISTINCT AlertId FROM vakt.AlertEvidence WHERE TenantId ="
			       " {tenant:String} AND Timestamp >="
			       " fromUnixTimestamp64Nano({from:Int64}) AND Timestamp <"
			       " fromUnixTimestamp64Nano({to:Int64}) AND ");
	/* Evidence may have a whole address of the web. */
	if (s->entity->kind->type == ENTITY_DOMAIN)
		buf_printf(&q.sql, "{value:String} IN (lower(%1$s), lower(domain(%1$s)))", column);
	else
		buf_printf(&q.sql, "%s = {value:String}", column);
	buf_printf(&q.sql, " ORDER BY AlertId LIMIT %d", SIGHTINGS_DEVICES_MAX);
	r = event_question_ask(&q, &answer, err);
	return r < 0 ? r : event_rows(&answer, add_id, ids);
}

int sightings_answer_alerts(const struct api *a, const struct http_request *req,
			    struct http_response *res, const struct entity *e)
{
	struct sightings s = sightings_of(a, req, e, 0);
	struct odata_scope scope = api_scope(a, req);
	json_t *ids = json_array();
	struct entity evidence;
	struct err err = { 0 };
	int r = evidence_entity(&s, &evidence, &err);

	s.entity = &evidence;
	if (r > 0)
		r = alert_ids(&s, ids, &err);
	if (r < 0) {
		json_decref(ids);
		return event_failed(req, res, r, &err);
	}
	scope.where = "a.id IN (SELECT value FROM json_each(?))";
	return answer_by_ids(&api_alert, &scope, ids, req, res);
}

int sightings_look_back(const struct http_request *req, struct http_response *res,
			unsigned int *ret_hours)
{
	const char *text = http_request_query(req, "lookBackHours");
	char *end = NULL;
	long hours = text ? strtol(text, &end, 10) : LOOK_BACK_MAX;

	if (hours < 1 || hours > LOOK_BACK_MAX || (end && (end == text || *end)))
		return api_errorf(req, res, 400, "BadRequest",
				  "lookBackHours: a number from 1 to %d", LOOK_BACK_MAX)
			   ?: 1;
	*ret_hours = (unsigned int)hours;
	return 0;
}

json_t *sightings_count(size_t count)
{
	return json_sprintf("%zu", count);
}

int sightings_answer_stats(const struct sightings *s, const struct http_request *req,
			   struct http_response *res, const char *name)
{
	struct sightings_summary summary;
	struct err err = { 0 };
	int r = sightings_devices(s, &summary, &err);

	if (r < 0)
		return event_failed(req, res, r, &err);
	json_decref(summary.devices);
	return api_send(res, 200,
			json_pack("{s:s,s:o,s:o,s:o}", name, s->entity->value, "orgPrevalence",
				  sightings_count(summary.count), "orgFirstSeen",
				  event_time(summary.first_ns), "orgLastSeen",
				  event_time(summary.last_ns)));
}
