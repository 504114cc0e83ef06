/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alert_events.c - the rows that an alert was raised for
 *
 * The state keeps which they are; the store has them for as long as its retention.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/api/events.h"
#include "cloud/api/handlers.h"

#define ALERT_EVENTS_MAX 100

struct found {
	struct event_device device;
	struct event_pick picks[EVENT_KIND_COUNT];
	int64_t ids[EVENT_KIND_COUNT][ALERT_EVENTS_MAX];
};

static void take(struct found *f, struct state_stmt *st)
{
	const char *table = state_text(st, 1);
	int64_t time_ns = state_int(st, 2);

	for (unsigned int kind = 0; table && kind < EVENT_KIND_COUNT; kind++) {
		struct event_pick *pick = &f->picks[kind];

		if (strcmp(event_tables[event_kinds[kind].table].name, table) != 0 ||
		    pick->count == ALERT_EVENTS_MAX)
			continue;
		pick->from_ns = pick->count ? MIN(pick->from_ns, time_ns) : time_ns;
		pick->to_ns = pick->count ? MAX(pick->to_ns, time_ns) : time_ns;
		f->ids[kind][pick->count++] = state_int(st, 3);
	}
}

/* 1, or 0 where there is no such alert. */
static int find(const struct api *a, const struct http_request *req, struct found *f)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	const char *tenant = api_identity(req)->tenant_id;
	int r = state_query(state_get(a->state), &st, NULL,
			    "SELECT a.device_id, e.table_name, e.time_ns, e.report_id FROM alert a"
			    " LEFT JOIN alert_event e ON e.tenant_id = a.tenant_id AND"
			    " e.alert_id = a.id WHERE a.tenant_id = ? AND a.id = ?",
			    "ss", tenant, http_request_param(req, "id"));
	int rows = 0;

	for (unsigned int kind = 0; kind < EVENT_KIND_COUNT; kind++)
		f->picks[kind] = (struct event_pick){ .kind = kind, .report_ids = f->ids[kind] };
	while (r >= 0 && (r = state_step(st, NULL)) > 0) {
		snprintf(f->device.tenant_id, sizeof(f->device.tenant_id), "%s", tenant);
		snprintf(f->device.id, sizeof(f->device.id), "%s", state_text(st, 0));
		take(f, st);
		rows = 1;
	}
	return r < 0 ? r : rows;
}

static int by_time(const void *a, const void *b)
{
	const json_t *const *x = a, *const *y = b;

	return strcmp(json_string_value(json_object_get(*x, "time")) ?: "",
		      json_string_value(json_object_get(*y, "time")) ?: "");
}

static json_t *sorted(const json_t *events)
{
	size_t n = json_array_size(events);
	_cleanup_free_ json_t **list = calloc(n + 1, sizeof(*list));
	json_t *out = json_array();

	for (size_t i = 0; list && i < n; i++)
		list[i] = json_array_get(events, i);
	if (list)
		qsort(list, n, sizeof(*list), by_time);
	for (size_t i = 0; list && i < n; i++)
		json_array_append(out, list[i]);
	return out;
}

int api_alert_events(struct http_request *req, struct http_response *res, void *arg)
{
	_cleanup_(json_decrefp) json_t *events = json_array();
	_cleanup_free_ struct found *f = calloc(1, sizeof(*f));
	struct err err = { 0 };
	int r = f ? find(arg, req, f) : -ENOMEM;

	if (r < 0)
		return r;
	if (r == 0)
		return api_errorf(req, res, 404, "ResourceNotFound", "There is no alert %s.",
				  http_request_param(req, "id"));
	r = 0;
	for (unsigned int kind = 0; kind < EVENT_KIND_COUNT && r == 0; kind++)
		if (f->picks[kind].count)
			r = events_load(arg, &f->device, &f->picks[kind], events, &err);
	if (r < 0)
		return event_failed(req, res, r, &err);
	return api_send(res, 200, json_pack("{s:o}", "events", sorted(events)));
}
