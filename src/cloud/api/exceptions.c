/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exceptions.c - what a tenant expects: exceptions to Sigma rules, made, tried, listed and removed
 */
#include <errno.h>

#include "base/clock.h"
#include "cloud/api/handlers.h"
#include "cloud/tuning/conditions.h"
#include "cloud/tuning/tuning.h"

#define CONDITIONS_SCHEMA                                                                          \
	"{\"type\":\"array\",\"items\":{\"type\":\"object\",\"additionalProperties\":false,"       \
	"\"required\":[\"field\",\"operator\",\"value\"],\"properties\":{"                         \
	"\"field\":{\"type\":\"string\"},\"operator\":{\"type\":\"string\"},"                      \
	"\"value\":{\"type\":\"string\"}}}}"

static const struct odata_property properties[] = {
	{ "id", ODATA_TEXT, .sql = "x.id" },
	{ "ruleId", ODATA_TEXT, ODATA_NULLABLE, "x.rule_id", .doc = "null: any Sigma rule." },
	{ "ruleTitle", ODATA_TEXT, ODATA_NULLABLE, "x.rule_title",
	  .doc = "When the exception was made." },
	{ "conditions", ODATA_JSON, .sql = "x.conditions", .schema = CONDITIONS_SCHEMA,
	  .doc = "All must hold." },
	{ "reason", ODATA_TEXT, .sql = "x.reason" },
	{ "createdBy", ODATA_TEXT, .sql = "x.created_by" },
	{ "createdTime", ODATA_TIME, .sql = "x.created_ns" },
	{ "expirationTime", ODATA_TIME, .sql = "x.expires_ns" },
	{ "matches", ODATA_NUMBER, .sql = "x.matches",
	  .doc = "Events that made no alert because of it; they are in the store." },
	{ "lastMatchTime", ODATA_TIME, ODATA_NULLABLE, "x.last_match_ns" },
};

const struct odata_entity api_rule_exception = {
	.name = "RuleException",
	.set = "RuleExceptions",
	.from = "rule_exception x",
	.tenant = "x.tenant_id",
	.order = "x.created_ns DESC, x.id",
	.unique = "x.id",
	.page_max = TUNING_EXCEPTIONS_MAX,
	.properties = properties,
	.property_count = ARRAY_SIZE(properties),
};

static const struct body_field condition_fields[] = {
	{ "field", BODY_TEXT, true, .min = 1, .max = 64, .values = tuning_field_names },
	{ "operator", BODY_TEXT, true, .min = 1, .max = 64, .values = tuning_operator_names,
	  .doc = "Of the text, byte for byte." },
	{ "value", BODY_TEXT, true, .min = 1, .max = TUNING_VALUE_MAX },
	{ 0 },
};

#define DRAFT_FIELDS                                                                               \
	{ "ruleId", BODY_TEXT, .min = 1, .max = 128, .doc = "Missing: any Sigma rule." },          \
	{                                                                                          \
		"conditions", BODY_OBJECTS, true, .min = 1, .max = TUNING_CONDITIONS_MAX,          \
						  .fields = condition_fields,                      \
						  .doc = "All must hold."                          \
	}
const struct body_field api_exception_fields[] = {
	DRAFT_FIELDS,
	{ "reason", BODY_TEXT, true, .min = 1, .max = TUNING_REASON_MAX,
	  .doc = "Why this is expected." },
	{ "days", BODY_NUMBER, .min = 1, .max = TUNING_DAYS_MAX,
	  .doc = "Until it expires; 90 unless told otherwise." },
	{ 0 },
};
const struct body_field api_exception_preview_fields[] = { DRAFT_FIELDS, { 0 } };

/* 0: *ret_draft is good; 1: it has been answered what is wrong. Texts are the body's and the
 * arena's. */
static int read_draft(const struct api *a, const struct http_request *req,
		      struct http_response *res, const json_t *body, struct tuning_draft *ret_draft)
{
	struct tuning_draft d = { .rule_id = body_text(body, "ruleId"),
				  .conditions = json_object_get(body, "conditions"),
				  .reason = body_text(body, "reason"),
				  .days = body_number(body, "days", TUNING_DAYS_DEFAULT) };
	struct api_rule rule;

	if (d.rule_id && !api_rule_find(a, d.rule_id, &rule))
		return api_errorf(req, res, 400, "InvalidRequestBody",
				  "ruleId: there is no rule %.60s", d.rule_id)
			   ?: 1;
	*ret_draft = d;
	return 0;
}

static int refused(const struct http_request *req, struct http_response *res, int r,
		   const struct err *err)
{
	switch (r) {
	case -EINVAL:
		return api_errorf(req, res, 400, "InvalidRequestBody", "conditions: %s",
				  err_msg(err, r));
	case -ENOENT:
		return api_errorf(req, res, 404, "ResourceNotFound", "%s", err_msg(err, r));
	case -ENOSPC:
		return api_errorf(req, res, 409, "Conflict", "%s", err_msg(err, r));
	default:
		return r;
	}
}

int api_exceptions_list(struct http_request *req, struct http_response *res, void *arg)
{
	const struct odata_scope scope = api_scope(arg, req);

	return odata_answer_list(&api_rule_exception, &scope, req, res);
}

static int answer_one(const struct api *a, const struct http_request *req,
		      struct http_response *res, const char *id)
{
	struct odata_scope scope = api_scope(a, req);
	int r;

	scope.where = "x.id = ?";
	scope.key = id;
	r = odata_append_one(&api_rule_exception, &scope, &res->body);
	return r <= 0 ? MIN(r, -ENOENT) : http_response_json(res, 201, "", 0);
}

int api_exceptions_create(struct http_request *req, struct http_response *res, void *arg)
{
	const struct access_identity *who = api_identity(req);
	_cleanup_(json_decrefp) json_t *body = NULL;
	struct tuning_draft draft;
	char id[UUID_TEXT_SIZE];
	struct api_rule rule;
	struct api *a = arg;
	struct err err = { 0 };
	int r = api_body(req, res, api_exception_fields, &body);

	if (r == 0)
		r = read_draft(a, req, res, body, &draft);
	if (r != 0)
		return MIN(r, 0);
	if (draft.rule_id && api_rule_find(a, draft.rule_id, &rule))
		draft.rule_title = rule.title;
	r = tuning_except(a->tuning, who->tenant_id, who->name, &draft, id, &err);
	if (r < 0)
		return refused(req, res, r, &err);
	json_object_set_new(body, "id", json_string(id));
	api_note(req, body);
	return answer_one(a, req, res, id);
}

int api_exceptions_preview(struct http_request *req, struct http_response *res, void *arg)
{
	_cleanup_(json_decrefp) json_t *body = NULL;
	struct tuning_draft draft;
	struct api *a = arg;
	struct err err = { 0 };
	json_t *found;
	int r = api_body(req, res, api_exception_preview_fields, &body);

	if (r == 0)
		r = read_draft(a, req, res, body, &draft);
	if (r != 0)
		return MIN(r, 0);
	r = tuning_preview(a->tuning, api_identity(req)->tenant_id, &draft, &found, &err);
	return r < 0 ? refused(req, res, r, &err) : api_send(res, 200, found);
}

int api_exceptions_delete(struct http_request *req, struct http_response *res, void *arg)
{
	const char *id = http_request_param(req, "id");
	struct api *a = arg;
	struct err err = { 0 };
	int r = tuning_remove(a->tuning, api_identity(req)->tenant_id, id, &err);

	if (r < 0)
		return refused(req, res, r, &err);
	res->status = 204;
	return 0;
}

int api_exceptions_terms(struct http_request *req _unused_, struct http_response *res,
			 void *arg _unused_)
{
	json_t *fields = json_array(), *operators = json_array();

	for (int i = 0; tuning_field_names[i]; i++)
		json_array_append_new(
		    fields,
		    json_pack("{s:s,s:s,s:s}", "name", tuning_field_names[i], "of",
			      tuning_field_of((enum tuning_field)i) == TUNING_OF_DEVICE ? "device"
											: "process",
			      "description", tuning_field_docs[i]));
	for (int i = 0; tuning_operator_names[i]; i++)
		json_array_append_new(operators, json_string(tuning_operator_names[i]));
	return api_send(res, 200,
			json_pack("{s:o,s:o,s:i,s:i,s:i}", "fields", fields, "operators", operators,
				  "daysDefault", TUNING_DAYS_DEFAULT, "daysMax", TUNING_DAYS_MAX,
				  "conditionsMax", TUNING_CONDITIONS_MAX));
}
