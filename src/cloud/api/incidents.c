/* SPDX-License-Identifier: Apache-2.0 */
/*
 * incidents.c - Incident objects: alerts that belong to one story
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cloud/api/enums.h"
#include "cloud/api/handlers.h"

#define COMMENTS_SQL                                                                               \
	"(SELECT json_group_array(json_object('comment', m.comment, 'createdBy', m.created_by,"    \
	" 'createdTime', " ODATA_TIME_SQL("m.created_ns") ")) FROM (SELECT * FROM"                 \
							  " incident_comment c WHERE c.tenant_id " \
							  "= i.tenant_id AND c.incident_id = i.id" \
							  " ORDER BY c.sequence) m)"

#define COMMENTS_SCHEMA                                                                            \
	"{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"comment\"],"           \
	"\"properties\":{\"comment\":{\"type\":\"string\"},\"createdBy\":{\"type\":\"string\"},"   \
	"\"createdTime\":{\"type\":\"string\"}}}}"

static const struct odata_property properties[] = {
	{ "incidentId", ODATA_NUMBER, .sql = "i.id" },
	{ "incidentName", ODATA_TEXT, .sql = "i.title" },
	{ "severity", ODATA_TEXT, .sql = "i.severity", .values = api_severities },
	{ "status", ODATA_TEXT, .sql = "i.status", .values = api_incident_statuses },
	{ "assignedTo", ODATA_TEXT, ODATA_NULLABLE, "i.assigned_to" },
	{ "classification", ODATA_TEXT, ODATA_NULLABLE, "i.classification", api_classifications },
	{ "determination", ODATA_TEXT, ODATA_NULLABLE, "i.determination", api_determinations },
	{ "createdTime", ODATA_TIME, .sql = "i.created_ns" },
	{ "lastUpdateTime", ODATA_TIME, .sql = "i.updated_ns" },
	{ "tags", ODATA_TEXTS, .sql = "i.tags" },
	{ "comments", ODATA_JSON, .sql = COMMENTS_SQL, .schema = COMMENTS_SCHEMA },
	{ "machineId", ODATA_TEXT, ODATA_EXTENSION, "i.device_id" },
	{ "alerts", ODATA_NESTED, .sql = "i.id", .nested = &api_alert,
	  .nested_key = "a.incident_id = CAST(? AS INTEGER)" },
};

const struct odata_entity api_incident = {
	.name = "Incident",
	.set = "Incidents",
	.from = "incident i",
	.tenant = "i.tenant_id",
	.order = "i.id DESC",
	.unique = "i.id",
	.page_max = 100,
	.properties = properties,
	.property_count = ARRAY_SIZE(properties),
};

int api_incidents_list(struct http_request *req, struct http_response *res, void *arg)
{
	const struct odata_scope scope = api_scope(arg, req);

	return odata_answer_list(&api_incident, &scope, req, res);
}

/* The {id} in the path; -1, which no incident has, for what is no number. */
static int64_t id_of(const struct http_request *req)
{
	const char *text = http_request_param(req, "id");
	size_t len = strlen(text);

	return len > 18 || strspn(text, "0123456789") != len ? -1 : strtoll(text, NULL, 10);
}

int api_incidents_get(struct http_request *req, struct http_response *res, void *arg)
{
	struct odata_scope scope = api_scope(arg, req);
	char key[24];
	int r;

	snprintf(key, sizeof(key), "%lld", (long long)id_of(req));
	scope.where = "i.id = CAST(? AS INTEGER)";
	scope.key = key;
	r = odata_append_one(&api_incident, &scope, &res->body);
	if (r == 0)
		return api_errorf(req, res, 404, "ResourceNotFound", "There is no incident %s.",
				  http_request_param(req, "id"));
	return r < 0 ? r : http_response_json(res, 200, "", 0);
}

static int change(const struct triage *t, int64_t id, struct err *err)
{
	int r = state_begin(t->conn, err);

	if (r == 0)
		r = triage_incident(t, id, err);
	return state_end(t->conn, r, err);
}

int api_incidents_change(struct http_request *req, struct http_response *res, void *arg)
{
	struct api *a = arg;
	struct triage t = { state_get(a->state), api_identity(req), NULL, clock_realtime_ns() };
	_cleanup_(json_decrefp) json_t *body = NULL;
	struct err err = { 0 };
	int r = api_body(req, res, triage_incident_fields, &body);

	if (r != 0)
		return MIN(r, 0);
	t.change = body;
	r = change(&t, id_of(req), &err);
	if (r == -ENOENT)
		return api_errorf(req, res, 404, "ResourceNotFound", "%s", err_msg(&err, r));
	if (r == -ENOSPC || r == -EINVAL)
		return api_errorf(req, res, 400, "InvalidInput", "%s", err_msg(&err, r));
	if (r < 0)
		return r;
	api_note(req, body);
	return api_incidents_get(req, res, arg);
}
