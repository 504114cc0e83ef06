/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alerts.c - Alert objects, and what people decide about them
 */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "cloud/api/enums.h"
#include "cloud/api/handlers.h"

#define COMMENTS_SQL                                                                               \
	"(SELECT json_group_array(json_object('comment', m.comment, 'createdBy', m.created_by,"    \
	" 'createdTime', " ODATA_TIME_SQL(                                                         \
	    "m.created_ns") ")) FROM (SELECT * FROM alert_comment c"                               \
			    " WHERE c.tenant_id = a.tenant_id AND "                                \
			    "c.alert_id = a.id ORDER BY c.sequence) m)"

#define EVIDENCE_SQL                                                                               \
	"(SELECT json_group_array(json(v.entity)) FROM (SELECT * FROM alert_evidence e"            \
	" WHERE e.tenant_id = a.tenant_id AND e.alert_id = a.id ORDER BY e.created_ns,"            \
	" e.entity_key) v)"

#define TEXT_OR_NULL "{\"type\":\"string\",\"nullable\":true}"
#define NUMBER_OR_NULL "{\"type\":\"integer\",\"nullable\":true}"
#define P(name, type) "\"" name "\":" type
#define EVIDENCE_SCHEMA                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                     \
	"{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"entityType\"],"                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                 \
	"\"properties\":{" P("entityType", "{\"type\":\"string\"}") "," P(                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                  \
	    "evidenceCreationTime",                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                         \
	    TEXT_OR_NULL) "," P("sha1", TEXT_OR_NULL) "," P("sha256",                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                       \
							    TEXT_OR_NULL) "," P("fileName",                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                 \
										TEXT_OR_NULL) "," P("filePath", TEXT_OR_NULL) "," P("processId", NUMBER_OR_NULL) "," P("processCommandLine", TEXT_OR_NULL) "," P("processCreationTime", TEXT_OR_NULL) "," P("parentProcessId", NUMBER_OR_NULL) "," P("parentProcessCreationTime", TEXT_OR_NULL) "," P("parentProcessFileName",                                                                                                                                                                                                                                                                                                                                                                                              \
																																										      TEXT_OR_NULL) "," P("parentProcessFilePath", TEXT_OR_NULL) "," P("ipAddress", TEXT_OR_NULL) "," P("url", TEXT_OR_NULL) "," P("registryKey", TEXT_OR_NULL) "," P("registryHive",                                                                                                                                                                                                                                       \
																																																														      TEXT_OR_NULL) "," P("registryValueType", TEXT_OR_NULL) "," P("registryValue", TEXT_OR_NULL) "," P("accountName", TEXT_OR_NULL) "," P("domainName", TEXT_OR_NULL) "," P("userSid",                                                                     \
																																																																																			     TEXT_OR_NULL) "," P("aadUserId",                                               \
																																																																																						 TEXT_OR_NULL) "," P("userPrincipalName",                   \
																																																																																								     TEXT_OR_NULL) "," P("detectionStatus", \
																																																																																											 TEXT_OR_NULL) "}}}"

#define COMMENTS_SCHEMA                                                                            \
	"{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"comment\"],"           \
	"\"properties\":{" P("comment", "{\"type\":\"string\"}") "," P(                            \
	    "createdBy", "{\"type\":\"string\"}") "," P("createdTime",                             \
							"{\"type\":\"string\"}") "}}}"

#define USER_SCHEMA                                                                                \
	"{\"type\":\"object\",\"nullable\":true,\"properties\":{" P(                               \
	    "userName", TEXT_OR_NULL) "," P("domainName", TEXT_OR_NULL) "}}"

#define ANY_OBJECT "{\"type\":\"object\"}"

static const struct odata_property properties[] = {
	{ "id", ODATA_TEXT, .sql = "a.id" },
	{ "title", ODATA_TEXT, .sql = "a.title" },
	{ "description", ODATA_TEXT, .sql = "a.description" },
	{ "alertCreationTime", ODATA_TIME, .sql = "a.created_ns" },
	{ "firstEventTime", ODATA_TIME, .sql = "a.first_event_ns" },
	{ "lastEventTime", ODATA_TIME, .sql = "a.last_event_ns" },
	{ "lastUpdateTime", ODATA_TIME, .sql = "a.updated_ns" },
	{ "resolvedTime", ODATA_TIME, ODATA_NULLABLE, "a.resolved_ns" },
	{ "incidentId", ODATA_NUMBER, .sql = "a.incident_id" },
	{ "investigationId", ODATA_NUMBER, ODATA_NULLABLE, "NULL" },
	{ "investigationState", ODATA_TEXT, .sql = "'Unknown'",
	  .values = api_investigation_states },
	{ "assignedTo", ODATA_TEXT, ODATA_NULLABLE, "a.assigned_to" },
	{ "rbacGroupName", ODATA_TEXT, ODATA_NULLABLE, "NULL" },
	{ "mitreTechniques", ODATA_TEXTS, .sql = "a.techniques" },
	{ "relatedUser", ODATA_JSON, ODATA_NULLABLE,
	  "CASE WHEN a.account_name <> '' THEN json_object('userName', a.account_name, "
	  "'domainName',"
	  " a.account_domain) END",
	  .schema = USER_SCHEMA },
	{ "severity", ODATA_TEXT, .sql = "a.severity", .values = api_severities },
	{ "status", ODATA_TEXT, .sql = "a.status", .values = api_alert_statuses },
	{ "classification", ODATA_TEXT, ODATA_NULLABLE, "a.classification", api_classifications },
	{ "determination", ODATA_TEXT, ODATA_NULLABLE, "a.determination", api_determinations },
	{ "category", ODATA_TEXT, .sql = "a.category", .values = api_categories },
	{ "detectionSource", ODATA_TEXT, .sql = "a.detection_source" },
	{ "detectorId", ODATA_TEXT, .sql = "a.rule_id", .doc = "The rule's id." },
	{ "threatFamilyName", ODATA_TEXT, ODATA_NULLABLE, "NULL" },
	{ "threatName", ODATA_TEXT, ODATA_NULLABLE, "NULL" },
	{ "machineId", ODATA_TEXT, .sql = "a.device_id" },
	{ "computerDnsName", ODATA_TEXT, ODATA_NULLABLE, "d.computer_dns_name" },
	{ "aadTenantId", ODATA_TEXT, .sql = "a.tenant_id" },
	{ "comments", ODATA_JSON, .sql = COMMENTS_SQL, .schema = COMMENTS_SCHEMA },
	{ "evidence", ODATA_JSON, ODATA_EXPANDED, EVIDENCE_SQL, .schema = EVIDENCE_SCHEMA },
	{ "eventCount", ODATA_NUMBER, ODATA_EXTENSION, "a.event_count",
	  .doc = "Events that matched; they joined this alert." },
	{ "processUniqueId", ODATA_TEXT, ODATA_EXTENSION, "a.process_unique_id",
	  .doc = "The process that the story is about." },
	{ "story", ODATA_JSON, ODATA_EXTENSION, "a.story", .schema = ANY_OBJECT,
	  .doc = "The steps that led here, in order of time." },
};

const struct odata_entity api_alert = {
	.name = "Alert",
	.set = "Alerts",
	.from = "alert a LEFT JOIN device d ON d.tenant_id = a.tenant_id AND d.id = a.device_id",
	.tenant = "a.tenant_id",
	.order = "a.created_ns DESC, a.id",
	.unique = "a.id",
	.page_max = 10000,
	.properties = properties,
	.property_count = ARRAY_SIZE(properties),
};

int api_alerts_list(struct http_request *req, struct http_response *res, void *arg)
{
	const struct odata_scope scope = api_scope(arg, req);

	return odata_answer_list(&api_alert, &scope, req, res);
}

int api_alerts_get(struct http_request *req, struct http_response *res, void *arg)
{
	struct odata_scope scope = api_scope(arg, req);
	int r;

	scope.where = "a.id = ?";
	scope.key = http_request_param(req, "id");
	r = odata_append_one(&api_alert, &scope, &res->body);
	if (r == 0)
		return api_errorf(req, res, 404, "ResourceNotFound", "There is no alert %s.",
				  scope.key);
	return r < 0 ? r : http_response_json(res, 200, "", 0);
}

int api_alerts_machine(struct http_request *req, struct http_response *res, void *arg)
{
	struct odata_scope scope = api_scope(arg, req);

	scope.where = "d.id = (SELECT x.device_id FROM alert x WHERE x.tenant_id = d.tenant_id AND"
		      " x.id = ?)";
	scope.key = http_request_param(req, "id");
	return api_answer_machine(req, res, &scope);
}

/* All of them or none. */
static int change_all(const struct triage *t, const json_t *ids, struct err *err)
{
	int r = state_begin(t->conn, err);

	for (size_t i = 0; i < json_array_size(ids) && r == 0; i++)
		r = triage_alert(t, json_string_value(json_array_get(ids, i)), err);
	return state_end(t->conn, r, err);
}

static int change(struct api *a, struct http_request *req, struct http_response *res,
		  const json_t *body, const json_t *ids)
{
	struct triage t = { state_get(a->state), api_identity(req), body, clock_realtime_ns() };
	struct err err = { 0 };
	int r = change_all(&t, ids, &err);

	if (r == -ENOENT)
		return api_errorf(req, res, 404, "ResourceNotFound", "%s", err_msg(&err, r)) ?: 1;
	if (r == -ENOSPC || r == -EINVAL)
		return api_errorf(req, res, 400, "InvalidInput", "%s", err_msg(&err, r)) ?: 1;
	if (r == 0)
		api_note(req, body);
	return r;
}

int api_alerts_change(struct http_request *req, struct http_response *res, void *arg)
{
	_cleanup_(json_decrefp) json_t *body = NULL, *ids = NULL;
	int r = api_body(req, res, triage_alert_fields, &body);

	if (r == 0) {
		ids = json_pack("[s]", http_request_param(req, "id"));
		r = ids ? change(arg, req, res, body, ids) : -ENOMEM;
	}
	if (r != 0)
		return MIN(r, 0);
	return api_alerts_get(req, res, arg);
}

int api_alerts_change_many(struct http_request *req, struct http_response *res, void *arg)
{
	_cleanup_(json_decrefp) json_t *body = NULL;
	int r = api_body(req, res, triage_alerts_fields, &body);

	if (r == 0)
		r = change(arg, req, res, body, json_object_get(body, "alertIds"));
	return MIN(r, 0);
}
