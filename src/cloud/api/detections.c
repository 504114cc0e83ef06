/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detections.c - custom detection rules: listed, made, changed, removed
 *
 * The reference's detectionRule; what it has no member for stands beside its members. How a rule
 * runs is cloud/custom's to know.
 */
#include "cloud/api/detections.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/api/enums.h"
#include "cloud/api/handlers.h"
#include "cloud/api/hunting.h"
#include "cloud/custom/schedule.h"

/* clang-format off */
#define WHEN_PERIOD(name, duration, period_s, lookback_s) " WHEN " #period_s " THEN '" name "'"
#define WHEN_DURATION(name, duration, period_s, lookback_s) " WHEN " #period_s " THEN '" duration "'"

#define QUERY_SQL                                                                                  \
	"json_object('queryText', r.query, 'lastModifiedDateTime', "                               \
	ODATA_TIME_SQL("r.query_changed_ns") ")"
#define SCHEDULE_SQL                                                                               \
	"json_object('period', CASE r.period_s" SCHEDULE_PERIODS(WHEN_PERIOD) " END, "             \
	"'frequency', CASE r.period_s" SCHEDULE_PERIODS(WHEN_DURATION) " END, "                    \
	"'nextRunDateTime', CASE WHEN r.enabled THEN " ODATA_TIME_SQL("r.next_run_ns") " END)"
#define RUN_SQL                                                                                    \
	"json_object('lastRunDateTime', CASE WHEN r.last_run_ns IS NOT NULL THEN "                 \
	ODATA_TIME_SQL("r.last_run_ns") " END, 'status', r.last_status, "                          \
	"'failureReason', r.last_error, 'errorCode', r.last_error_code)"
#define ASSETS_SQL                                                                                 \
	"(SELECT json_group_array(json_object('@odata.type', "                                     \
	"'#microsoft.graph.security.impacted' || upper(substr(e.value ->> 'kind', 1, 1)) || "      \
	"substr(e.value ->> 'kind', 2) || 'Asset', 'identifier', "                                 \
	"lower(substr(e.value ->> 'column', 1, 1)) || substr(e.value ->> 'column', 2))) FROM "     \
	"json_each(r.entities) e WHERE e.value ->> 'kind' IN ('device', 'user', 'mailbox'))"
#define RELATED_SQL                                                                                \
	"(SELECT json_group_array(json(e.value)) FROM json_each(r.entities) e WHERE "              \
	"e.value ->> 'kind' NOT IN ('device', 'user', 'mailbox'))"
#define ACTION_SQL                                                                                 \
	"json_object('alertTemplate', json_object('title', r.title, 'description', "               \
	"r.description, 'severity', lower(r.severity), 'category', r.category, "                   \
	"'recommendedActions', r.recommended, 'mitreTechniques', json(r.techniques), "             \
	"'impactedAssets', " ASSETS_SQL ", 'relatedEntities', " RELATED_SQL "), "                  \
	"'suppressionMinutes', r.suppress_s / 60, 'organizationalScope', NULL, "                   \
	"'responseActions', json_array())"

#define P(name, type) "\"" name "\":" type
#define TEXT "{\"type\":\"string\"}"
#define TEXT_OR_NULL "{\"type\":\"string\",\"nullable\":true}"
#define LIST(items) "{\"type\":\"array\",\"items\":" items "}"
#define OBJECT(properties)                                                                         \
	"{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{" properties "}}"

#define QUERY_SCHEMA OBJECT(P("queryText", TEXT) "," P("lastModifiedDateTime", TEXT))
#define SCHEDULE_SCHEMA                                                                            \
	OBJECT(P("period", TEXT) "," P("frequency", TEXT) "," P("nextRunDateTime", TEXT_OR_NULL))
#define RUN_SCHEMA                                                                                 \
	OBJECT(P("lastRunDateTime", TEXT_OR_NULL) "," P("status", TEXT_OR_NULL) ","                \
	       P("failureReason", TEXT_OR_NULL) "," P("errorCode", TEXT_OR_NULL))
#define ASSET_SCHEMA OBJECT(P("@odata.type", TEXT) "," P("identifier", TEXT))
#define RELATED_SCHEMA OBJECT(P("kind", TEXT) "," P("column", TEXT))
#define ALERT_SCHEMA                                                                               \
	OBJECT(P("title", TEXT) "," P("description", TEXT) "," P("severity", TEXT) ","             \
	       P("category", TEXT) "," P("recommendedActions", TEXT_OR_NULL) ","                   \
	       P("mitreTechniques", LIST(TEXT)) "," P("impactedAssets", LIST(ASSET_SCHEMA)) ","    \
	       P("relatedEntities", LIST(RELATED_SCHEMA)))
#define ACTION_SCHEMA                                                                              \
	OBJECT(P("alertTemplate", ALERT_SCHEMA) "," P("suppressionMinutes",                        \
	       "{\"type\":\"integer\"}") "," P("organizationalScope", TEXT_OR_NULL) ","            \
	       P("responseActions", LIST("{\"type\":\"object\"}")))
/* clang-format on */

static const struct odata_property properties[] = {
	{ "@odata.type", ODATA_TEXT, .sql = "'#microsoft.graph.security.detectionRule'" },
	{ "id", ODATA_TEXT, .sql = "CAST(r.id AS TEXT)" },
	{ "displayName", ODATA_TEXT, .sql = "r.name" },
	{ "isEnabled", ODATA_BOOL, .sql = "r.enabled" },
	{ "createdBy", ODATA_TEXT, .sql = "r.created_by" },
	{ "createdDateTime", ODATA_TIME, .sql = "r.created_ns" },
	{ "lastModifiedBy", ODATA_TEXT, .sql = "r.changed_by" },
	{ "lastModifiedDateTime", ODATA_TIME, .sql = "r.changed_ns" },
	{ "detectorId", ODATA_TEXT, .sql = "r.detector_id", .doc = "As its alerts have it." },
	{ "queryCondition", ODATA_JSON, .sql = QUERY_SQL, .schema = QUERY_SCHEMA },
	{ "schedule", ODATA_JSON, .sql = SCHEDULE_SQL, .schema = SCHEDULE_SCHEMA },
	{ "lastRunDetails", ODATA_JSON, .sql = RUN_SQL, .schema = RUN_SCHEMA },
	{ "detectionAction", ODATA_JSON, .sql = ACTION_SQL, .schema = ACTION_SCHEMA },
	{ "owner", ODATA_TEXT, ODATA_EXTENSION, "r.owner",
	  .doc = "Is told when the rule cannot run." },
	{ "lastRunResults", ODATA_NUMBER, ODATA_EXTENSION, "r.last_results" },
	{ "lastRunAlerts", ODATA_NUMBER, ODATA_EXTENSION, "r.last_alerts", .doc = "New ones." },
	{ "lastRunLeft", ODATA_NUMBER, ODATA_EXTENSION, "r.last_left",
	  .doc = "New results beyond the most alerts of a run; the next takes them." },
	{ "consecutiveFailures", ODATA_NUMBER, ODATA_EXTENSION, "r.failures" },
	{ "alertCount", ODATA_NUMBER, ODATA_EXTENSION,
	  "(SELECT count(*) FROM alert a WHERE a.tenant_id = r.tenant_id AND a.rule_id = "
	  "r.detector_id)",
	  .doc = "Alerts that are kept." },
};

const struct odata_entity api_detection_rule = {
	.name = "DetectionRule",
	.set = "DetectionRules",
	.from = "custom_rule r",
	.tenant = "r.tenant_id",
	.order = "r.name COLLATE NOCASE, r.id",
	.unique = "r.id",
	.page_max = CUSTOM_RULES_MAX,
	.properties = properties,
	.property_count = ARRAY_SIZE(properties),
};

struct custom_caller api_custom_caller(const struct http_request *req)
{
	const struct access_identity *id = api_identity(req);

	return (struct custom_caller){ id->tenant_id, id->principal_id, id->name, false };
}

int64_t api_detection_id(const struct http_request *req)
{
	const char *text = http_request_param(req, "id");
	size_t len = strlen(text);

	return len > 18 || strspn(text, "0123456789") != len ? -1 : strtoll(text, NULL, 10);
}

int api_no_detection(const struct http_request *req, struct http_response *res)
{
	return api_errorf(req, res, 404, "ResourceNotFound", "There is no detection rule %s.",
			  http_request_param(req, "id"));
}

static struct odata_scope scope_of(const struct api *a, const struct http_request *req,
				   const char *id)
{
	struct odata_scope scope = api_scope(a, req);

	scope.where = "r.id = CAST(? AS INTEGER)";
	scope.key = id;
	return scope;
}

int api_detections_list(struct http_request *req, struct http_response *res, void *arg)
{
	const struct odata_scope scope = api_scope(arg, req);

	return odata_answer_list(&api_detection_rule, &scope, req, res);
}

static int answer_rule(const struct api *a, const struct http_request *req,
		       struct http_response *res, int64_t id, int status)
{
	struct odata_scope scope;
	char key[24];
	int r;

	snprintf(key, sizeof(key), "%lld", (long long)id);
	scope = scope_of(a, req, key);
	r = odata_append_one(&api_detection_rule, &scope, &res->body);
	if (r == 0)
		return api_no_detection(req, res);
	return r < 0 ? r : http_response_json(res, status, "", 0);
}

int api_detections_get(struct http_request *req, struct http_response *res, void *arg)
{
	return answer_rule(arg, req, res, api_detection_id(req), 200);
}

/* 0: the draft is good; 1: it has been answered what is wrong with it. */
static int check(const struct api *a, const struct http_request *req, struct http_response *res,
		 const struct custom_draft *draft)
{
	_cleanup_(custom_problems_done) struct custom_problems problems;
	struct custom_caller who = api_custom_caller(req);
	const struct custom_problem *first = problems.list;
	struct err err = { 0 };
	int r;

	custom_problems_init(&problems);
	who.asks_store = true;
	r = custom_check(a->custom, &who, draft, &problems, &err);
	if (r == 0 || r == -ENOMEM)
		return r;
	if (r != -EINVAL)
		return api_hunting_failed(a, req, res, r, &err) ?: 1;
	return api_send(
		   res, 400,
		   json_pack(
		       "{s:{s:s,s:o,s:s,s:o}}", "error", "code", "InvalidRequestBody", "message",
		       json_sprintf("%s, line %u, column %u: %s%s%s", first->field, first->line,
				    first->column, first->message,
				    first->expected ? "; expected " : "", first->expected ?: ""),
		       "target", req->request_id, "details", api_draft_problems(&problems)))
		   ?: 1;
}

struct wanted {
	const json_t *rule;
	bool must_hold; /* is checked */
};

/* 0: *ret_draft is good; 1: it has been answered what is wrong. */
static int read_and_check(const struct api *a, const struct http_request *req,
			  struct http_response *res, const struct wanted *wanted,
			  struct api_draft *ret_draft)
{
	struct err err = { 0 };
	int r = api_draft_read(wanted->rule, false, ret_draft, &err);

	if (r == -EINVAL)
		return api_errorf(req, res, 400, "InvalidRequestBody", "%s", err_msg(&err, r)) ?: 1;
	if (r < 0)
		return r;
	return wanted->must_hold ? check(a, req, res, &ret_draft->draft) : 0;
}

static void note(struct http_request *req, int64_t id, const struct custom_draft *d)
{
	json_t *details =
	    json_pack("{s:I,s:s,s:b,s:I}", "id", (json_int_t)id, "displayName", d->name,
		      "isEnabled", d->enabled, "periodSeconds", (json_int_t)d->period_s);

	if (details)
		api_note(req, details);
	json_decref(details);
}

int api_detections_create(struct http_request *req, struct http_response *res, void *arg)
{
	_cleanup_(api_draft_done) struct api_draft draft;
	_cleanup_(json_decrefp) json_t *body = NULL;
	const struct custom_caller who = api_custom_caller(req);
	struct api *a = arg;
	struct err err = { 0 };
	int64_t id;
	int r;

	api_draft_init(&draft);
	r = api_body(req, res, api_detection_fields, &body);
	if (r == 0)
		r = read_and_check(a, req, res, &(struct wanted){ body, true }, &draft);
	if (r != 0)
		return MIN(r, 0);
	r = custom_create(a->custom, &who, &draft.draft, &id, &err);
	if (r == -ENOSPC)
		return api_errorf(req, res, 400, "TooManyRules", "%s", err_msg(&err, r));
	if (r < 0)
		return r;
	note(req, id, &draft.draft);
	return answer_rule(a, req, res, id, 201);
}

/* The rule as it stands, as JSON. 1, or 0 where there is none. */
static int load_rule(const struct api *a, const struct http_request *req, json_t **ret_rule)
{
	_cleanup_buf_ struct buf text = BUF_INIT(4u << 20);
	char key[24];
	struct odata_scope scope;
	int r;

	snprintf(key, sizeof(key), "%lld", (long long)api_detection_id(req));
	scope = scope_of(a, req, key);
	r = odata_append_one(&api_detection_rule, &scope, &text);
	if (r < 1)
		return r;
	*ret_rule = json_loadb(text.data, text.len, 0, NULL);
	return *ret_rule ? 1 : -ENOMEM;
}

/* A change of the schedule by one of its two names must not be overruled by the other. */
static void merge(json_t *rule, json_t *change)
{
	json_t *schedule = json_object_get(change, "schedule");

	if (json_object_get(schedule, "period") || json_object_get(schedule, "frequency")) {
		json_object_del(json_object_get(rule, "schedule"), "period");
		json_object_del(json_object_get(rule, "schedule"), "frequency");
	}
	json_object_update_recursive(rule, change);
}

/* One that the schema has overtaken must let itself be switched off, and be given another owner. */
static bool must_hold(const json_t *rule, const json_t *change)
{
	return json_is_true(json_object_get(rule, "isEnabled")) ||
	       json_object_get(change, "queryCondition") || json_object_get(change, "schedule") ||
	       json_object_get(change, "detectionAction");
}

int api_detections_change(struct http_request *req, struct http_response *res, void *arg)
{
	_cleanup_(json_decrefp) json_t *change = NULL, *rule = NULL;
	_cleanup_(api_draft_done) struct api_draft draft;
	const struct custom_caller who = api_custom_caller(req);
	struct api *a = arg;
	struct err err = { 0 };
	int r;

	api_draft_init(&draft);
	r = api_body(req, res, api_detection_fields, &change);
	if (r != 0)
		return MIN(r, 0);
	r = load_rule(a, req, &rule);
	if (r == 0)
		return api_no_detection(req, res);
	if (r < 0)
		return r;
	merge(rule, change);
	r = read_and_check(a, req, res, &(struct wanted){ rule, must_hold(rule, change) }, &draft);
	if (r != 0)
		return MIN(r, 0);
	r = custom_change(a->custom, &who, api_detection_id(req), &draft.draft, &err);
	if (r == -ENOENT)
		return api_no_detection(req, res);
	if (r < 0)
		return r;
	note(req, api_detection_id(req), &draft.draft);
	return answer_rule(a, req, res, api_detection_id(req), 200);
}

int api_detections_delete(struct http_request *req, struct http_response *res, void *arg)
{
	const struct api *a = arg;
	int r = custom_delete(a->custom, api_identity(req)->tenant_id, api_detection_id(req), NULL);

	if (r == -ENOENT)
		return api_no_detection(req, res);
	if (r == 0)
		res->status = 204;
	return r;
}
