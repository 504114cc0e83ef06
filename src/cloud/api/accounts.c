/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accounts.c - users and API clients, for those who may let others in
 */
#include <errno.h>
#include <string.h>

#include "cloud/api/handlers.h"

#define PERMISSIONS_MAX 20

static const struct odata_property client_properties[] = {
	{ "id", ODATA_TEXT, .sql = "k.id", .doc = "The client_id." },
	{ "name", ODATA_TEXT, .sql = "k.name" },
	{ "permissions", ODATA_TEXTS, .sql = "k.permissions" },
	{ "createdBy", ODATA_TEXT, .sql = "k.created_by" },
	{ "createdTime", ODATA_TIME, .sql = "k.created_ns" },
	{ "expiresTime", ODATA_TIME, ODATA_NULLABLE, "k.expires_ns" },
	{ "revokedTime", ODATA_TIME, ODATA_NULLABLE, "k.revoked_ns" },
};

const struct odata_entity api_client = {
	.name = "ApiClient",
	.set = "ApiClients",
	.from = "api_client k",
	.tenant = "k.tenant_id",
	.order = "k.created_ns DESC, k.id",
	.unique = "k.id",
	.page_max = 1000,
	.properties = client_properties,
	.property_count = ARRAY_SIZE(client_properties),
};

static const struct odata_property user_properties[] = {
	{ "id", ODATA_TEXT, .sql = "u.id" },
	{ "name", ODATA_TEXT, .sql = "u.name" },
	{ "roles", ODATA_TEXTS,
	  .sql = "(SELECT json_group_array(r.role) FROM role_assignment r WHERE"
		 " r.tenant_id = u.tenant_id AND r.principal_id = u.id)" },
	{ "language", ODATA_TEXT, .sql = "u.language" },
	{ "createdTime", ODATA_TIME, .sql = "u.created_ns" },
	{ "disabled", ODATA_BOOL, .sql = "u.disabled_ns IS NOT NULL" },
	{ "mustChangePassword", ODATA_BOOL, .sql = "u.must_change_password" },
};

const struct odata_entity api_user = {
	.name = "User",
	.set = "Users",
	.from = "user u",
	.tenant = "u.tenant_id",
	.order = "u.name, u.id",
	.unique = "u.id",
	.page_max = 1000,
	.properties = user_properties,
	.property_count = ARRAY_SIZE(user_properties),
};

/* What the access module refuses, in HTTP's words. */
static int refused(const struct http_request *req, struct http_response *res, int r,
		   const struct err *err)
{
	switch (r) {
	case -ENOENT:
		return api_errorf(req, res, 404, "ResourceNotFound", "%s", err_msg(err, r));
	case -EEXIST:
		return api_errorf(req, res, 409, "Conflict", "%s", err_msg(err, r));
	case -EINVAL:
		return api_errorf(req, res, 400, "InvalidInput", "%s", err_msg(err, r));
	case -EPERM:
		return api_errorf(req, res, 403, "DisallowedOperation", "%s", err_msg(err, r));
	default:
		return r;
	}
}

static int append_by_id(const struct odata_entity *e, struct odata_scope scope, const char *where,
			const char *id, struct buf *out)
{
	scope.where = where;
	scope.key = id;
	return odata_append_one(e, &scope, out);
}

int api_clients_list(struct http_request *req, struct http_response *res, void *arg)
{
	const struct odata_scope scope = api_scope(arg, req);

	return odata_answer_list(&api_client, &scope, req, res);
}

const struct body_field api_client_fields[] = {
	{ "name", BODY_TEXT, true, .min = 1, .max = 127 },
	{ "permissions", BODY_TEXTS, true, .min = 1, .max = PERMISSIONS_MAX,
	  .doc = "\"Alert.Read.All\", as the reference's application permissions." },
	{ 0 },
};

/* The first that grants nothing here; NULL: all do. */
static const char *unknown_permission(const json_t *list)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item) if (!access_app_permission_known(json_string_value(
						  item))) return json_string_value(item);
	return NULL;
}

static int send_client(const struct odata_scope *scope, struct http_response *res, const char *id,
		       const char *secret)
{
	_cleanup_buf_ struct buf client = BUF_INIT(16384);
	json_t *json;
	int r = append_by_id(&api_client, *scope, "k.id = ?", id, &client);

	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	json = json_loadb(client.data, client.len, 0, NULL);
	json_object_set_new(json, "secret", json_string(secret));
	return api_send(res, 201, json);
}

int api_clients_create(struct http_request *req, struct http_response *res, void *arg)
{
	const struct odata_scope scope = api_scope(arg, req);
	_cleanup_(json_decrefp) json_t *body = NULL;
	_cleanup_free_ char *permissions = NULL;
	char id[UUID_TEXT_SIZE], secret[ACCESS_TOKEN_SIZE];
	struct access_client_new client;
	struct err err = { 0 };
	const char *unknown;
	int r = api_body(req, res, api_client_fields, &body);

	if (r != 0)
		return MIN(r, 0);
	unknown = unknown_permission(json_object_get(body, "permissions"));
	if (unknown)
		return api_errorf(req, res, 400, "InvalidRequestBody",
				  "permissions: '%.60s' grants nothing here", unknown);
	permissions = json_dumps(json_object_get(body, "permissions"), JSON_COMPACT);
	if (!permissions)
		return -ENOMEM;
	client = (struct access_client_new){ body_text(body, "name"), api_identity(req)->name,
					     permissions };
	r = access_client_create(scope.conn, scope.tenant_id, &client, id, secret, &err);
	if (r < 0)
		return refused(req, res, r, &err);
	api_note(req, body);
	return send_client(&scope, res, id, secret);
}

int api_clients_revoke(struct http_request *req, struct http_response *res, void *arg)
{
	const struct odata_scope scope = api_scope(arg, req);
	struct err err = { 0 };
	int r =
	    access_client_revoke(scope.conn, scope.tenant_id, http_request_param(req, "id"), &err);

	if (r < 0)
		return refused(req, res, r, &err);
	res->status = 204;
	return 0;
}

int api_users_list(struct http_request *req, struct http_response *res, void *arg)
{
	const struct odata_scope scope = api_scope(arg, req);

	return odata_answer_list(&api_user, &scope, req, res);
}

#define ROLES_FIELD(required)                                                                      \
	{                                                                                          \
		"roles", BODY_TEXTS, required, .min = 1, .max = 8, .values = access_role_names     \
	}
#define PASSWORD_FIELD(required)                                                                   \
	{                                                                                          \
		"password", BODY_TEXT, required, .min = ACCESS_PASSWORD_MIN,                       \
						 .max = ACCESS_PASSWORD_MAX,                       \
						 .doc = "To be changed at the next log-in."        \
	}

const struct body_field api_user_fields[] = {
	{ "name", BODY_TEXT, true, .min = 1, .max = 127 },
	ROLES_FIELD(true),
	PASSWORD_FIELD(true),
	{ 0 },
};

const struct body_field api_user_change_fields[] = {
	ROLES_FIELD(false),
	{ "disabled", BODY_BOOL },
	PASSWORD_FIELD(false),
	{ 0 },
};

static struct access_user_change read_change(const json_t *body)
{
	const json_t *roles = json_object_get(body, "roles");
	const json_t *disabled = json_object_get(body, "disabled");
	struct access_user_change change = { -1, -1, body_text(body, "password") };
	json_t *role;
	size_t i;

	if (json_is_array(roles))
		change.roles = 0;
	json_array_foreach(roles, i, role) change.roles |=
	    (int)access_role_of(json_string_value(role));
	if (json_is_boolean(disabled))
		change.disabled = json_is_true(disabled);
	return change;
}

/* The body without what nobody may read. */
static void note(struct http_request *req, json_t *body)
{
	if (json_object_get(body, "password"))
		json_object_set_new(body, "password", json_true());
	api_note(req, body);
}

static int send_user(const struct odata_scope *scope, struct http_response *res, int status,
		     const char *id)
{
	int r = append_by_id(&api_user, *scope, "u.id = ?", id, &res->body);

	return r <= 0 ? MIN(r, -ENOENT) : http_response_json(res, status, "", 0);
}

int api_users_create(struct http_request *req, struct http_response *res, void *arg)
{
	const struct odata_scope scope = api_scope(arg, req);
	_cleanup_(json_decrefp) json_t *body = NULL;
	struct access_user_change first;
	char id[UUID_TEXT_SIZE];
	struct err err = { 0 };
	int r = api_body(req, res, api_user_fields, &body);

	if (r != 0)
		return MIN(r, 0);
	first = read_change(body);
	r = access_user_create(scope.conn, scope.tenant_id, body_text(body, "name"), &first, id,
			       &err);
	note(req, body);
	return r < 0 ? refused(req, res, r, &err) : send_user(&scope, res, 201, id);
}

int api_users_change(struct http_request *req, struct http_response *res, void *arg)
{
	const struct odata_scope scope = api_scope(arg, req);
	const char *id = http_request_param(req, "id");
	_cleanup_(json_decrefp) json_t *body = NULL;
	struct access_user_change change;
	struct err err = { 0 };
	int r = api_body(req, res, api_user_change_fields, &body);

	if (r != 0)
		return MIN(r, 0);
	change = read_change(body);
	r = access_user_change(scope.conn, scope.tenant_id, id, &change, &err);
	note(req, body);
	return r < 0 ? refused(req, res, r, &err) : send_user(&scope, res, 200, id);
}
