/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/custom/found.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/map.h"
#include "cloud/detect/subject.h"
#include "cloud/incident/evidence.h"

#define ANSWER_MAX (64u << 20)
#define SQL_MAX (1u << 20)
#define EVENTS_BYTES_MAX (256u << 20)
#define TABLES_MAX 64
#define MARGIN_NS NSEC_PER_SEC /* times of results have seven digits, the store's nine */

struct found {
	struct arena arena; /* events and their texts */
	struct map *events;
};

struct key {
	char device[64];
	int64_t report_id;
};

void found_free(struct found *f)
{
	if (!f)
		return;
	map_free(f->events);
	arena_done(&f->arena);
	free(f);
}

static struct key make_key(const char *device, int64_t report_id)
{
	struct key key;

	memset(&key, 0, sizeof(key)); /* all of it is hashed */
	snprintf(key.device, sizeof(key.device), "%s", device);
	key.report_id = report_id;
	return key;
}

struct event *found_get(const struct found *f, const char *device, int64_t report_id)
{
	const struct key key = make_key(device, report_id);

	return map_get(f->events, &key, sizeof(key));
}

/* Only what looks like an id goes into the question; a query may make up any text. */
static bool is_plain(const char *device)
{
	return *device && strspn(device, "0123456789abcdefABCDEF-") == strlen(device);
}

static void put_column(const struct event_field *f, struct buf *sql)
{
	if (f->type == EVENT_DATETIME)
		buf_printf(sql, ", toUnixTimestamp64Nano(%s)", f->name);
	else if (f->type == EVENT_STRING || f->type == EVENT_DYNAMIC)
		buf_printf(sql, ", toValidUTF8(substring(%s, 1, %d))", f->name, EVIDENCE_TEXT_MAX);
	else
		buf_printf(sql, ", %s", f->name);
}

/* 0, or 1 where there is nothing to ask for. */
static int write_question(const struct event_table *t, const struct found_key *keys, size_t count,
			  struct buf *sql)
{
	int64_t from = INT64_MAX, to = INT64_MIN;
	size_t plain = 0;

	buf_append_str(sql, "SELECT DeviceId, DeviceName");
	for (unsigned int i = 0; i < t->field_count; i++)
		if (t->fields[i].flags & EVENT_FIELD_STORED)
			put_column(&t->fields[i], sql);
	buf_printf(sql,
		   " FROM vakt.%s WHERE TenantId = {tenant:String} AND (DeviceId, ReportId) IN (",
		   t->name);
	for (size_t i = 0; i < MIN(count, (size_t)FOUND_MAX); i++) {
		if (!is_plain(keys[i].device) || !keys[i].report_id)
			continue;
		buf_printf(sql, "%s('%s',%lld)", plain++ ? "," : "", keys[i].device,
			   (long long)keys[i].report_id);
		from = MIN(from, keys[i].time_ns);
		to = MAX(to, keys[i].time_ns);
	}
	buf_printf(sql,
		   ") AND Timestamp >= fromUnixTimestamp64Nano(toInt64(%lld))"
		   " AND Timestamp <= fromUnixTimestamp64Nano(toInt64(%lld)) LIMIT %d",
		   (long long)(plain ? from - MARGIN_NS : 0),
		   (long long)(plain ? to + MARGIN_NS : 0), 2 * FOUND_MAX);
	return buf_error(sql) ?: !plain;
}

static int64_t number_of(const json_t *value)
{
	if (json_is_string(value))
		return strtoll(json_string_value(value), NULL, 10);
	return json_is_boolean(value) ? json_is_true(value) : json_integer_value(value);
}

static void set_text(struct found *f, struct event *e, unsigned int field, const json_t *value)
{
	size_t len = json_string_length(value);
	const char *text = arena_strndup(&f->arena, json_string_value(value), len);

	if (text)
		event_set_text(e, field, text, len);
}

static void set_field(struct found *f, struct event *e, unsigned int field, const json_t *value)
{
	switch (e->table->fields[field].type) {
	case EVENT_STRING:
	case EVENT_DYNAMIC:
		if (json_is_string(value))
			set_text(f, e, field, value);
		break;
	case EVENT_REAL:
		event_set_real(e, field, json_number_value(value));
		break;
	default:
		event_set_int(e, field, number_of(value));
	}
}

/* A number that the store cannot leave out is absent where it is 0, as it came. */
static bool says_something(const struct event_field *f, const json_t *value)
{
	if (!value || json_is_null(value))
		return false;
	return f->flags & EVENT_FIELD_NULLABLE || json_is_string(value) || number_of(value) ||
	       json_number_value(value) != 0;
}

static int take_event(struct found *f, const struct event_table *t, const json_t *values)
{
	struct event *e = arena_new(&f->arena, struct event);
	int device = event_field_find(t, "DeviceId"), name = event_field_find(t, "DeviceName");
	const struct subject_columns *c = subject_columns(t);
	struct key key;
	size_t at = 2;

	if (!e)
		return -ENOMEM;
	event_init(e, (enum event_table_id)(t - event_tables));
	if (device >= 0)
		set_text(f, e, (unsigned int)device, json_array_get(values, 0));
	if (name >= 0)
		set_text(f, e, (unsigned int)name, json_array_get(values, 1));
	for (unsigned int i = 0; i < t->field_count; i++) {
		const json_t *value;

		if (!(t->fields[i].flags & EVENT_FIELD_STORED))
			continue;
		value = json_array_get(values, at++);
		if (says_something(&t->fields[i], value))
			set_field(f, e, i, value);
	}
	key = make_key(json_string_value(json_array_get(values, 0)) ?: "",
		       subject_number(e, c->report_id));
	return map_put(f->events, &key, sizeof(key), e, NULL);
}

static int take_answer(struct found *f, const struct event_table *t, const struct buf *answer)
{
	const char *line = answer->data, *end = line ? line + answer->len : NULL, *stop;
	int r = 0;

	for (; line < end && r >= 0; line = stop + 1) {
		_cleanup_(json_decrefp) json_t *values = NULL;

		stop = memchr(line, '\n', (size_t)(end - line)) ?: end;
		values = json_loadb(line, (size_t)(stop - line), JSON_ALLOW_NUL, NULL);
		if (json_is_array(values))
			r = take_event(f, t, values);
	}
	return r;
}

static int ask(struct found *f, const struct found_question *question,
	       const struct event_table *table, struct err *err)
{
	_cleanup_buf_ struct buf sql = BUF_INIT(SQL_MAX), answer = BUF_INIT(ANSWER_MAX);
	const struct telemetry_param params[] = { { "tenant", question->tenant_id },
						  { NULL, NULL } };
	struct telemetry_query q = { .params = params, .format = "JSONCompactEachRow" };
	int r = write_question(table, question->keys, question->count, &sql);

	if (r != 0)
		return MIN(r, 0);
	q.sql = sql.data;
	r = telemetry_query(question->telemetry, &q, &answer, err);
	return r < 0 ? r : take_answer(f, table, &answer);
}

int found_load(const struct found_question *q, struct found **ret_found, struct err *err)
{
	_cleanup_(found_freep) struct found *f = calloc(1, sizeof(*f));
	const struct kql_table *tables[TABLES_MAX];
	size_t table_count =
	    MIN(kql_query_tables(q->query, tables, TABLES_MAX), (size_t)TABLES_MAX);
	int r = 0;

	if (!f)
		return err_setf(err, -ENOMEM, "out of memory");
	arena_init(&f->arena, EVENTS_BYTES_MAX);
	f->events = map_new(4 * FOUND_MAX);
	if (!f->events)
		return err_setf(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < table_count && r == 0; i++) {
		const struct event_table *table = event_table_find(tables[i]->name);

		if (table && subject_columns(table))
			r = ask(f, q, table, err);
	}
	if (r < 0)
		return r;
	*ret_found = TAKE_PTR(f);
	return 0;
}
