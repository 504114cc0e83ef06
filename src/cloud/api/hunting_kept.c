/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hunting_kept.c - queries that people keep, share and ran, for the portal
 *
 * Who may see and change which is cloud/hunt's to say (hunt/kept.h). Programs keep theirs in files.
 */
#include <errno.h>

#include "cloud/api/handlers.h"
#include "cloud/api/hunting.h"

static const struct odata_property query_properties[] = {
	{ "id", ODATA_TEXT, .sql = "q.id" },
	{ "name", ODATA_TEXT, .sql = "q.name" },
	{ "description", ODATA_TEXT, .sql = "q.description" },
	{ "query", ODATA_TEXT, .sql = "q.query" },
	{ "shared", ODATA_BOOL, .sql = "q.shared", .doc = "Everybody of the tenant sees it." },
	{ "ownerId", ODATA_TEXT, .sql = "q.owner_id", .doc = "Id of the user whose query it is." },
	{ "createdBy", ODATA_TEXT, .sql = "q.created_by" },
	{ "createdTime", ODATA_TIME, .sql = "q.created_ns" },
	{ "updatedBy", ODATA_TEXT, .sql = "q.updated_by" },
	{ "updatedTime", ODATA_TIME, .sql = "q.updated_ns" },
};

const struct odata_entity api_hunting_query = {
	.name = "HuntingQuery",
	.set = "HuntingQueries",
	.from = "hunting_query q",
	.tenant = "q.tenant_id",
	.order = "q.name, q.id",
	.unique = "q.id",
	.page_max = 200, /* each may be as long as a query may be */
	.properties = query_properties,
	.property_count = ARRAY_SIZE(query_properties),
};

static const struct odata_property past_run_properties[] = {
	{ "sequence", ODATA_NUMBER, .sql = "p.sequence" },
	{ "query", ODATA_TEXT, .sql = "p.query" },
	{ "startedTime", ODATA_TIME, .sql = "p.started_ns" },
	{ "milliseconds", ODATA_NUMBER, .sql = "p.took_ns / 1000000" },
	{ "rowCount", ODATA_NUMBER, ODATA_NULLABLE, "p.row_count" },
	{ "outcome", ODATA_TEXT, .sql = "p.outcome", .values = hunt_outcome_names },
};

const struct odata_entity api_hunting_past_run = {
	.name = "HuntingPastRun",
	.set = "HuntingPastRuns",
	.from = "hunting_history p",
	.tenant = "p.tenant_id",
	.order = "p.sequence DESC",
	.unique = "p.sequence",
	.page_max = HUNT_HISTORY_MAX,
	.properties = past_run_properties,
	.property_count = ARRAY_SIZE(past_run_properties),
};

#define QUERY_FIELDS(required)                                                                     \
	{ "name", BODY_TEXT, required, .min = 1, .max = HUNT_NAME_MAX },                           \
	    { "description", BODY_TEXT, .max = HUNT_NOTE_MAX },                                    \
	    { "query", BODY_TEXT, required, .min = 1, .max = KQL_TEXT_MAX },                       \
	{                                                                                          \
		"shared", BODY_BOOL, .doc = "Everybody of the tenant sees it."                     \
	}
const struct body_field api_hunting_query_fields[] = { QUERY_FIELDS(true), { 0 } };
const struct body_field api_hunting_query_change_fields[] = { QUERY_FIELDS(false), { 0 } };

static struct hunt_person person(const struct http_request *req)
{
	const struct access_identity *id = api_identity(req);

	return (struct hunt_person){ id->tenant_id, id->principal_id, id->name,
				     access_allows(id, ACCESS_PERMISSION_HUNT_SHARE) };
}

static struct hunt_kept_change read_change(const json_t *body)
{
	const json_t *shared = json_object_get(body, "shared");

	return (struct hunt_kept_change){ body_text(body, "name"), body_text(body, "description"),
					  body_text(body, "query"),
					  json_is_boolean(shared) ? json_is_true(shared) : -1 };
}

/* The body, of its query only the beginning. */
static void note(struct http_request *req, json_t *body)
{
	const char *query = body_text(body, "query");
	json_t *details = json_copy(body);

	if (details && query)
		json_object_set_new(details, "query", api_hunting_note(query));
	if (details)
		api_note(req, details);
	json_decref(details);
}

static int refused(const struct http_request *req, struct http_response *res, int r,
		   const struct err *err)
{
	switch (r) {
	case -ENOENT:
		return api_errorf(req, res, 404, "ResourceNotFound", "%s", err_msg(err, r));
	case -EPERM:
		return api_errorf(req, res, 403, "DisallowedOperation", "%s", err_msg(err, r));
	case -ENOSPC:
		return api_errorf(req, res, 409, "Conflict", "%s", err_msg(err, r));
	default:
		return r;
	}
}

static int send(const struct odata_scope *scope, struct http_response *res, int status,
		const char *id)
{
	const struct odata_scope one = { scope->conn, scope->tenant_id, "q.id = ?", id };
	int r = odata_append_one(&api_hunting_query, &one, &res->body);

	return r <= 0 ? MIN(r, -ENOENT) : http_response_json(res, status, "", 0);
}

int api_hunting_queries(struct http_request *req, struct http_response *res, void *arg)
{
	struct odata_scope scope = api_scope(arg, req);

	scope.where = "(q.shared OR q.owner_id = ?)";
	scope.key = api_identity(req)->principal_id;
	return odata_answer_list(&api_hunting_query, &scope, req, res);
}

int api_hunting_queries_get(struct http_request *req, struct http_response *res, void *arg)
{
	const struct odata_scope scope = api_scope(arg, req);
	const struct hunt_person who = person(req);
	const char *id = http_request_param(req, "id");
	struct err err = { 0 };
	int r = hunt_kept_find(scope.conn, &who, id, &err);

	return r < 0 ? refused(req, res, r, &err) : send(&scope, res, 200, id);
}

int api_hunting_queries_create(struct http_request *req, struct http_response *res, void *arg)
{
	const struct odata_scope scope = api_scope(arg, req);
	const struct hunt_person who = person(req);
	_cleanup_(json_decrefp) json_t *body = NULL;
	struct hunt_kept_change first;
	char id[UUID_TEXT_SIZE];
	struct err err = { 0 };
	int r = api_body(req, res, api_hunting_query_fields, &body);

	if (r != 0)
		return MIN(r, 0);
	note(req, body);
	first = read_change(body);
	r = hunt_kept_create(scope.conn, &who, &first, id, &err);
	return r < 0 ? refused(req, res, r, &err) : send(&scope, res, 201, id);
}

int api_hunting_queries_change(struct http_request *req, struct http_response *res, void *arg)
{
	const struct odata_scope scope = api_scope(arg, req);
	const char *id = http_request_param(req, "id");
	const struct hunt_person who = person(req);
	_cleanup_(json_decrefp) json_t *body = NULL;
	struct hunt_kept_change change;
	struct err err = { 0 };
	int r = api_body(req, res, api_hunting_query_change_fields, &body);

	if (r != 0)
		return MIN(r, 0);
	note(req, body);
	change = read_change(body);
	r = hunt_kept_change(scope.conn, &who, id, &change, &err);
	return r < 0 ? refused(req, res, r, &err) : send(&scope, res, 200, id);
}

int api_hunting_queries_delete(struct http_request *req, struct http_response *res, void *arg)
{
	const struct odata_scope scope = api_scope(arg, req);
	const struct hunt_person who = person(req);
	struct err err = { 0 };
	int r = hunt_kept_delete(scope.conn, &who, http_request_param(req, "id"), &err);

	if (r < 0)
		return refused(req, res, r, &err);
	res->status = 204;
	return 0;
}

int api_hunting_history(struct http_request *req, struct http_response *res, void *arg)
{
	struct odata_scope scope = api_scope(arg, req);

	scope.where = "p.principal_id = ?";
	scope.key = api_identity(req)->principal_id;
	return odata_answer_list(&api_hunting_past_run, &scope, req, res);
}

int api_hunting_history_clear(struct http_request *req, struct http_response *res, void *arg)
{
	const struct odata_scope scope = api_scope(arg, req);
	const struct hunt_person who = person(req);
	int r = hunt_history_clear(scope.conn, &who, NULL);

	if (r == 0)
		res->status = 204;
	return r;
}

void api_hunting_remember(const struct api *a, const struct http_request *req,
			  const struct hunt_past_run *run)
{
	const struct hunt_person who = person(req);

	/* The answer is good without: what was run stands in the audit log as well. */
	if (access_allows(api_identity(req), ACCESS_PERMISSION_HUNT_KEEP))
		(void)hunt_history_add(state_get(a->state), &who, run, NULL);
}
