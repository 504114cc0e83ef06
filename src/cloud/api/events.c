/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/api/events.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "cloud/api/handlers.h"

const struct event_kind event_kinds[EVENT_KIND_COUNT] = {
	{ "process", EVENT_DeviceProcessEvents }, { "file", EVENT_DeviceFileEvents },
	{ "network", EVENT_DeviceNetworkEvents }, { "logon", EVENT_DeviceLogonEvents },
	{ "device", EVENT_DeviceEvents },	  { "gap", EVENT_SensorGaps },
};

int event_device_find(const struct api *a, const struct http_request *req,
		      struct http_response *res, struct event_device *ret_device)
{
	int r = api_find_machine(a, req, ret_device->id);

	if (r == 0)
		return api_no_machine(req, res) ?: 1;
	if (r < 0)
		return r;
	snprintf(ret_device->tenant_id, sizeof(ret_device->tenant_id), "%s",
		 api_identity(req)->tenant_id);
	return 0;
}

int event_question_begin(struct event_question *q, const struct api *a, const char *tenant_id)
{
	q->telemetry = a->telemetry;
	arena_init(&q->arena, 64u << 10);
	buf_init(&q->sql, 1u << 20);
	q->param_count = 0;
	q->execution_s = 0;
	return event_question_text(q, "tenant", tenant_id);
}

int event_question_init(struct event_question *q, const struct api *a,
			const struct event_device *device)
{
	int r = event_question_begin(q, a, device->tenant_id);

	return r < 0 ? r : event_question_text(q, "device", device->id);
}

void event_question_done(struct event_question *q)
{
	arena_done(&q->arena);
	buf_done(&q->sql);
}

int event_question_text(struct event_question *q, const char *name, const char *value)
{
	struct telemetry_param *p = &q->params[q->param_count];

	if (q->param_count == EVENTS_PARAMS_MAX)
		return -E2BIG;
	p->name = arena_strdup(&q->arena, name);
	p->value = arena_strdup(&q->arena, value);
	if (!p->name || !p->value)
		return -ENOMEM;
	q->params[++q->param_count] = (struct telemetry_param){ NULL, NULL };
	return 0;
}

int event_question_number(struct event_question *q, const char *name, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	return event_question_text(q, name, text);
}

int event_question_ask(struct event_question *q, struct buf *out, struct err *err)
{
	const struct telemetry_query query = { .sql = q->sql.data,
					       .params = q->params,
					       .execution_s = q->execution_s,
					       .format = "JSONCompactEachRow" };

	if (buf_error(&q->sql))
		return buf_error(&q->sql);
	return telemetry_query(q->telemetry, &query, out, err);
}

int event_rows(const struct buf *answer, int (*row)(const json_t *values, void *arg), void *arg)
{
	const char *line = answer->data;
	const char *end = line ? line + answer->len : NULL;
	int r = 0;

	while (line < end && r == 0) {
		const char *stop = memchr(line, '\n', (size_t)(end - line)) ?: end;
		_cleanup_(json_decrefp) json_t *values =
		    json_loadb(line, (size_t)(stop - line), 0, NULL);

		if (!json_is_array(values))
			return -EBADMSG;
		r = row(values, arg);
		line = stop + 1;
	}
	return r;
}

int event_id_list(const char *const *ids, size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++) {
		if (strspn(ids[i], "0123456789abcdef") != strlen(ids[i]))
			return -EINVAL;
		buf_printf(out, "%s'%s'", i ? ", " : "", ids[i]);
	}
	return buf_error(out);
}

int64_t event_number(const json_t *value)
{
	if (json_is_string(value))
		return strtoll(json_string_value(value), NULL, 10);
	return json_integer_value(value);
}

json_t *event_time(int64_t ns)
{
	char text[CLOCK_RFC3339_SIZE];

	if (ns == 0)
		return json_null();
	clock_format_rfc3339(ns, 7, text);
	return json_string(text);
}

int event_time_parameter(const struct http_request *req, const char *name, int64_t otherwise,
			 int64_t *ret_ns)
{
	const char *text = http_request_query(req, name);

	if (text)
		return clock_parse_rfc3339(text, ret_ns) < 0 ? -EINVAL : 0;
	*ret_ns = otherwise;
	return 0;
}

int event_failed(const struct http_request *req, struct http_response *res, int r,
		 const struct err *err)
{
	if (r != -EAGAIN && r != -ETIMEDOUT) {
		LOG_RATELIMIT(LOG_LEVEL_ERROR, 1, "%s: request %s: %s", req->route->operation,
			      req->request_id, err_msg(err, r));
		return r;
	}
	http_response_header(res, "Retry-After", "5");
	return api_errorf(req, res, 503, "StoreUnavailable",
			  r == -EAGAIN ? "The event store does not answer at the moment."
				       : "The event store did not answer in time.");
}

/* A column as it is asked for: times as numbers, long texts cut, bytes that are no text mended. */
static void put_column(const struct event_field *f, struct buf *sql)
{
	if (f->type == EVENT_DATETIME)
		buf_printf(sql, ", toUnixTimestamp64Nano(%s)", f->name);
	else if (f->type != EVENT_STRING && f->type != EVENT_DYNAMIC)
		buf_printf(sql, ", %s", f->name);
	else
		buf_printf(sql, ", toValidUTF8(substringUTF8(%s, 1, %d))", f->name,
			   EVENTS_COLUMN_MAX);
}

/* NULL where the column says nothing: such columns are left out. */
static json_t *column_value(const struct event_field *f, json_t *value)
{
	bool optional = f->flags & EVENT_FIELD_NULLABLE;
	int64_t number;
	char text[24];

	if (!value || json_is_null(value))
		return NULL;
	switch (f->type) {
	case EVENT_STRING:
	case EVENT_DYNAMIC:
		return json_string_length(value) ? json_incref(value) : NULL;
	case EVENT_DATETIME:
		number = event_number(value);
		return number ? event_time(number) : NULL;
	case EVENT_LONG: /* as text: a number of JavaScript is too small */
		number = event_number(value);
		snprintf(text, sizeof(text), "%lld", (long long)number);
		return number || optional ? json_string(text) : NULL;
	case EVENT_INT:
		number = event_number(value);
		return number || optional ? json_integer(number) : NULL;
	default:
		return json_incref(value);
	}
}

/* The process that a row is about: the created one, or the one that acted. */
static json_t *process_of(const struct event_table *t, const json_t *columns)
{
	static const char *const created[] = { "ProcessUniqueId",    "ProcessId",
					       "FileName",	     "FolderPath",
					       "ProcessCommandLine", "AccountName" };
	static const char *const acting[] = {
		"InitiatingProcessUniqueId",	"InitiatingProcessId",
		"InitiatingProcessFileName",	"InitiatingProcessFolderPath",
		"InitiatingProcessCommandLine", "InitiatingProcessAccountName",
	};
	static const char *const names[] = { "uniqueId",   "processId",	  "fileName",
					     "folderPath", "commandLine", "accountName" };
	const char *const *from = event_field_find(t, created[0]) >= 0 ? created : acting;
	json_t *process;

	if (event_field_find(t, from[0]) < 0)
		return json_null();
	process = json_object();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		json_t *value = json_object_get(columns, from[i]);

		if (i == 1) /* a process id fits a number */
			json_object_set_new(process, names[i],
					    value ? json_integer(event_number(value))
						  : json_null());
		else
			json_object_set_new(process, names[i], json_incref(value) ?: json_null());
	}
	return process;
}

struct loading {
	const struct event_kind *kind;
	json_t *list;
	bool of_many; /* the list's second value is the device's id */
};

static int add_event(const json_t *values, void *arg)
{
	const struct loading *l = arg;
	const struct event_table *t = &event_tables[l->kind->table];
	json_t *columns = json_object(), *event;
	size_t n = 1;

	if (l->of_many)
		json_object_set(columns, "DeviceId", json_array_get(values, n++));
	for (unsigned int i = 0; i < t->field_count; i++) {
		json_t *value;

		if (!(t->fields[i].flags & EVENT_FIELD_STORED))
			continue;
		value = column_value(&t->fields[i], json_array_get(values, n++));
		if (value)
			json_object_set_new(columns, t->fields[i].name, value);
	}
	event = json_pack("{s:O?,s:o,s:s,s:O?,s:O?,s:o,s:o}", "time",
			  json_object_get(columns, "Timestamp"), "receivedTime",
			  event_time(event_number(json_array_get(values, 0))), "kind",
			  l->kind->name, "actionType", json_object_get(columns, "ActionType"),
			  "reportId", json_object_get(columns, "ReportId"), "process",
			  process_of(t, columns), "columns", columns);
	return event ? json_array_append_new(l->list, event) : -ENOMEM;
}

static int put_whose(const struct event_pick *pick, struct buf *sql)
{
	if (!pick->device_ids)
		return buf_append_str(sql, " AND DeviceId = {device:String}");
	buf_append_str(sql, " AND DeviceId IN (");
	if (event_id_list(pick->device_ids, pick->count, sql) < 0)
		return -EINVAL;
	buf_append_str(sql, ") AND (DeviceId, ReportId) IN (");
	for (size_t i = 0; i < pick->count; i++)
		buf_printf(sql, "%s('%s', %lld)", i ? "," : "", pick->device_ids[i],
			   (long long)pick->report_ids[i]);
	return buf_append_str(sql, ")");
}

int events_load(const struct api *a, const struct event_device *device,
		const struct event_pick *pick, json_t *list, struct err *err)
{
	struct loading loading = { &event_kinds[pick->kind], list, pick->device_ids != NULL };
	const struct event_table *t = &event_tables[loading.kind->table];
	_cleanup_buf_ struct buf answer = BUF_INIT(EVENTS_ANSWER_MAX);
	_cleanup_(event_question_done) struct event_question q;
	int r = event_question_init(&q, a, device);

	if (r == 0)
		r = event_question_number(&q, "from", pick->from_ns);
	if (r == 0)
		r = event_question_number(&q, "to", pick->to_ns);
	if (r < 0)
		return r;
	buf_append_str(&q.sql, "SELECT toUnixTimestamp64Nano(ReceivedTime)");
	if (loading.of_many)
		buf_append_str(&q.sql, ", DeviceId");
	for (unsigned int i = 0; i < t->field_count; i++)
		if (t->fields[i].flags & EVENT_FIELD_STORED)
			put_column(&t->fields[i], &q.sql);
	buf_printf(&q.sql,
		   " FROM vakt.%s WHERE TenantId = {tenant:String}"
		   " AND Timestamp >= fromUnixTimestamp64Nano({from:Int64})"
		   " AND Timestamp <= fromUnixTimestamp64Nano({to:Int64}) AND ReportId IN (",
		   t->name);
	for (size_t i = 0; i < pick->count; i++)
		buf_printf(&q.sql, "%s%lld", i ? "," : "", (long long)pick->report_ids[i]);
	buf_append_str(&q.sql, ")");
	r = put_whose(pick, &q.sql);
	if (r == 0)
		r = event_question_ask(&q, &answer, err);
	return r < 0 ? r : event_rows(&answer, add_event, &loading);
}
