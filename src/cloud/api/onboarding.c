/* SPDX-License-Identifier: Apache-2.0 */
/*
 * onboarding.c - how a further machine comes under protection: tokens and the command to paste
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cloud/api/handlers.h"

#define HOURS_MAX 8760
#define USES_MAX 100000
#define TOKEN_FILE "vakt-token.json"

static const struct odata_property properties[] = {
	{ "id", ODATA_TEXT, .sql = "t.id" },
	{ "description", ODATA_TEXT, .sql = "t.description" },
	{ "createdBy", ODATA_TEXT, .sql = "t.created_by" },
	{ "createdTime", ODATA_TIME, .sql = "t.created_ns" },
	{ "expiresTime", ODATA_TIME, .sql = "t.expires_ns" },
	{ "usesMax", ODATA_NUMBER, .sql = "t.uses_max" },
	{ "uses", ODATA_NUMBER, .sql = "t.uses" },
	{ "revokedTime", ODATA_TIME, ODATA_NULLABLE, "t.revoked_ns" },
};

const struct odata_entity api_enrolment_token = {
	.name = "EnrolmentToken",
	.set = "EnrolmentTokens",
	.from = "enrolment_token t",
	.tenant = "t.tenant_id",
	.order = "t.created_ns DESC, t.id",
	.unique = "t.id",
	.page_max = 1000,
	.properties = properties,
	.property_count = ARRAY_SIZE(properties),
};

int api_onboarding(struct http_request *req, struct http_response *res, void *arg)
{
	struct api *a = arg;
	char address[512];

	(void)req;
	fleet_address(a->fleet, address, sizeof(address));
	return api_send(res, 200,
			json_pack("{s:s,s:s,s:s}", "address", address, "caFingerprint",
				  fleet_ca_fingerprint(a->fleet), "command",
				  "vakt onboard --token " TOKEN_FILE));
}

int api_tokens_list(struct http_request *req, struct http_response *res, void *arg)
{
	const struct odata_scope scope = api_scope(arg, req);

	return odata_answer_list(&api_enrolment_token, &scope, req, res);
}

const struct body_field api_token_fields[] = {
	{ "description", BODY_TEXT, .max = 200 },
	{ "hours", BODY_NUMBER, .min = 1, .max = HOURS_MAX, .doc = "How long it is valid; 24." },
	{ "uses", BODY_NUMBER, .min = 1, .max = USES_MAX, .doc = "Machines it enrols; 1." },
	{ 0 },
};

/* One line for a shell; the file's JSON has no single quote. */
static int send_token(struct http_response *res, const char *id, const char *file)
{
	_cleanup_buf_ struct buf command = BUF_INIT(16384);

	buf_printf(&command,
		   "printf '%%s' '%.*s' >" TOKEN_FILE " && vakt onboard --token " TOKEN_FILE,
		   (int)strcspn(file, "\n"), file);
	if (buf_error(&command))
		return buf_error(&command);
	return api_send(res, 201,
			json_pack("{s:s,s:o,s:s}", "id", id, "file", json_loads(file, 0, NULL),
				  "command", command.data));
}

int api_tokens_create(struct http_request *req, struct http_response *res, void *arg)
{
	_cleanup_buf_ struct buf file = BUF_INIT(8192);
	_cleanup_(json_decrefp) json_t *body = NULL;
	char id[UUID_TEXT_SIZE];
	struct api *a = arg;
	int r = api_body(req, res, api_token_fields, &body);

	if (r != 0)
		return MIN(r, 0);
	r = fleet_token_create(a->fleet, body_text(body, "description") ?: "",
			       api_identity(req)->name, body_number(body, "hours", 24) * 3600,
			       body_number(body, "uses", 1), id, &file, NULL);
	if (r < 0)
		return r;
	api_note(req, body);
	return send_token(res, id, file.data);
}

int api_tokens_revoke(struct http_request *req, struct http_response *res, void *arg)
{
	struct api *a = arg;
	int r = fleet_token_revoke(a->fleet, http_request_param(req, "id"), NULL);

	if (r == -ENOENT)
		return api_errorf(req, res, 404, "ResourceNotFound",
				  "There is no token %s to revoke.", http_request_param(req, "id"));
	if (r == 0)
		res->status = 204;
	return r;
}
