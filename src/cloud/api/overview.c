/* SPDX-License-Identifier: Apache-2.0 */
/*
 * overview.c - counts for the landing page, and the audit log
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/api/events.h"
#include "cloud/api/handlers.h"

#define AUDIT_PAGE 100

/* "{value: count}" over an entity's property, of the rows that a condition holds for. */
static json_t *count_by(const struct api *a, const char *tenant_id, const struct odata_entity *e,
			const char *property, const char *where)
{
	const struct odata_property *p = odata_property_find(e, property, strlen(property));
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	_cleanup_(json_decrefp) json_t *counts = json_object();
	_cleanup_buf_ struct buf sql = BUF_INIT(16384);

	buf_printf(&sql, "SELECT %s, count(*) FROM %s WHERE %s = ? AND %s GROUP BY 1", p->sql,
		   e->from, e->tenant, where);
	if (buf_error(&sql) ||
	    state_query(state_get(a->state), &st, NULL, sql.data, "s", tenant_id) < 0)
		return NULL;
	while (state_step(st, NULL) > 0)
		json_object_set_new(counts, state_text(st, 0) ?: "",
				    json_integer(state_int(st, 1)));
	return TAKE_PTR(counts);
}

int api_summary(struct http_request *req, struct http_response *res, void *arg)
{
	const char *tenant = api_identity(req)->tenant_id;
	const char *open_alerts = "a.status <> 'Resolved'";
	struct api *a = arg;

	return api_send(
	    res, 200,
	    json_pack("{s:o,s:o,s:o,s:o,s:o}", "alertsBySeverity",
		      count_by(a, tenant, &api_alert, "severity", open_alerts), "alertsByStatus",
		      count_by(a, tenant, &api_alert, "status", "true"), "incidentsByStatus",
		      count_by(a, tenant, &api_incident, "status", "true"), "machinesByHealth",
		      count_by(a, tenant, &api_machine, "healthStatus", "true"), "machinesByRisk",
		      count_by(a, tenant, &api_machine, "riskScore", "true")));
}

static json_t *audit_row(struct state_stmt *st)
{
	return json_pack(
	    "{s:I,s:o,s:s,s:s,s:s,s:s,s:s,s:o}", "sequence", (json_int_t)state_int(st, 0), "time",
	    event_time(state_int(st, 1)), "actor", state_text(st, 2), "address", state_text(st, 3),
	    "operation", state_text(st, 4), "target", state_text(st, 5), "outcome",
	    state_text(st, 6), "details", json_loads(state_text(st, 7), 0, NULL) ?: json_object());
}

int api_audit(struct http_request *req, struct http_response *res, void *arg)
{
	const char *cursor = http_request_query(req, "cursor");
	char *end = NULL;
	int64_t before = cursor && *cursor ? strtoll(cursor, &end, 10) : INT64_MAX, last = 0;
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	_cleanup_(json_decrefp) json_t *rows = json_array();
	struct api *a = arg;
	char next[24];
	int r;

	if (end && *end)
		return api_errorf(req, res, 400, "BadRequest", "cursor: not one of ours");
	r = state_query(
	    state_get(a->state), &st, NULL,
	    "SELECT sequence, time_ns, actor, address, operation, target, outcome, details"
	    " FROM audit WHERE tenant_id = ? AND sequence < ? ORDER BY sequence DESC LIMIT ?",
	    "sii", api_identity(req)->tenant_id, before, (int64_t)AUDIT_PAGE + 1);
	while (r >= 0 && (r = state_step(st, NULL)) > 0 && json_array_size(rows) < AUDIT_PAGE) {
		json_array_append_new(rows, audit_row(st));
		last = state_int(st, 0);
	}
	if (r < 0)
		return r;
	snprintf(next, sizeof(next), "%lld", (long long)last);
	return api_send(res, 200,
			json_pack("{s:O,s:s?}", "value", rows, "nextCursor", r > 0 ? next : NULL));
}
