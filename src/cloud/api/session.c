/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.c - log-in and log-out of people
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/fd.h"
#include "cloud/api/enums.h"
#include "cloud/api/handlers.h"

static json_t *role_names(const struct access_identity *id)
{
	json_t *list = json_array();

	for (unsigned int bit = 1; access_role_name(bit)[0]; bit <<= 1)
		if (id->roles & bit)
			json_array_append_new(list, json_string(access_role_name(bit)));
	return list;
}

static json_t *permission_names(const struct access_identity *id)
{
	json_t *list = json_array();

	for (enum access_permission p = ACCESS_PERMISSION_NONE + 1; p < ACCESS_PERMISSION_ANONYMOUS;
	     p++)
		if (access_allows(id, p))
			json_array_append_new(list, json_string(access_permission_name(p)));
	return list;
}

static int answer(struct http_response *res, const struct access_identity *id)
{
	return api_send(res, 200,
			json_pack("{s:{s:s,s:s,s:o,s:s},s:s,s:s,s:b,s:o}", "user", "id",
				  id->principal_id, "name", id->name, "roles", role_names(id),
				  "language", id->language, "csrfToken", id->csrf_token, "tenantId",
				  id->tenant_id, "mustChangePassword", id->must_change_password,
				  "permissions", permission_names(id)));
}

static int audit_login(struct api *a, const struct http_request *req, const char *name,
		       const struct access_identity *id)
{
	struct access_event event = { req->route->operation, name, req->peer_address,
				      id ? "Success" : "Failed" };

	return access_audit(state_get(a->state), id, &event, NULL);
}

static int try_login(struct api *a, struct http_request *req, struct http_response *res,
		     const char *name, const char *password)
{
	char by_name[160], by_address[96], token[ACCESS_TOKEN_SIZE], cookie[192];
	struct state_conn *c = state_get(a->state);
	int64_t now = clock_monotonic_ns();
	static const struct api_problem wrong = { 401, "Unauthorized", "Wrong name or password." };
	struct access_identity id;
	unsigned int wait_s;
	int r;

	snprintf(by_name, sizeof(by_name), "name:%s", name);
	snprintf(by_address, sizeof(by_address), "address:%s", req->peer_address);
	wait_s = MAX(access_throttle_wait(a->throttle, by_name, now),
		     access_throttle_wait(a->throttle, by_address, now));
	if (wait_s)
		return api_too_many(req, res, wait_s);
	r = access_login(c, name, password, token, NULL);
	if (r == -EACCES) {
		access_throttle_failed(a->throttle, by_name, now);
		access_throttle_failed(a->throttle, by_address, now);
		r = audit_login(a, req, name, NULL);
		return r < 0 ? r : api_error(req, res, &wrong);
	}
	if (r >= 0)
		r = access_session_get(c, token, clock_realtime_ns(), &id, NULL);
	if (r < 0)
		return r;
	access_throttle_cleared(a->throttle, by_name);
	r = audit_login(a, req, name, &id);
	if (r < 0)
		return r;
	snprintf(cookie, sizeof(cookie),
		 "vakt_session=%s; Path=/; HttpOnly; Secure; SameSite=Strict", token);
	r = http_response_header(res, "Set-Cookie", cookie);
	return r < 0 ? r : answer(res, &id);
}

const struct body_field api_login_fields[] = {
	{ "userName", BODY_TEXT, true, .min = 1, .max = 127 },
	{ "password", BODY_TEXT, true, .min = 1, .max = ACCESS_PASSWORD_MAX },
	{ 0 },
};

int api_login(struct http_request *req, struct http_response *res, void *arg)
{
	_cleanup_(json_decrefp) json_t *body = NULL;
	int r = api_body(req, res, api_login_fields, &body);

	if (r != 0)
		return MIN(r, 0);
	return try_login(arg, req, res, body_text(body, "userName"), body_text(body, "password"));
}

int api_session(struct http_request *req, struct http_response *res, void *arg)
{
	(void)arg;
	return answer(res, api_identity(req));
}

int api_logout(struct http_request *req, struct http_response *res, void *arg)
{
	struct api *a = arg;
	int r =
	    access_session_end(state_get(a->state), http_request_cookie(req, "vakt_session"), NULL);

	if (r < 0)
		return r;
	http_response_header(res, "Set-Cookie",
			     "vakt_session=; Path=/; Max-Age=0; Secure; HttpOnly");
	res->status = 204;
	return 0;
}

/* Once the first password is changed its file is of no use to anyone. */
static void forget_first_password(const struct api *a, const char *changed)
{
	_cleanup_free_ char *first = NULL;

	if (!a->first_password_file[0] ||
	    file_read(a->first_password_file, ACCESS_PASSWORD_MAX, &first, NULL, NULL) < 0)
		return;
	first[strcspn(first, "\n")] = '\0';
	if (strcmp(first, changed) == 0)
		(void)unlink(a->first_password_file);
}

static int change_password(struct api *a, struct http_request *req, struct http_response *res,
			   const struct access_password_change *change)
{
	const struct access_identity *id = api_identity(req);
	int64_t now = clock_monotonic_ns();
	struct err err = { 0 };
	unsigned int wait_s;
	char key[160];
	int r;

	/* A session that was left open must not let a passer-by guess. */
	snprintf(key, sizeof(key), "name:%s", id->name);
	wait_s = access_throttle_wait(a->throttle, key, now);
	if (wait_s)
		return api_too_many(req, res, wait_s);
	r = access_change_password(state_get(a->state), id, change, &err);
	if (r == -EACCES)
		access_throttle_failed(a->throttle, key, now);
	if (r == -EACCES || r == -EINVAL)
		return api_error(req, res,
				 &(struct api_problem){ 400, "InvalidInput", err_msg(&err, r) });
	if (r < 0)
		return r;
	forget_first_password(a, change->current);
	res->status = 204;
	return 0;
}

const struct body_field api_password_fields[] = {
	{ "current", BODY_TEXT, true, .min = 1, .max = ACCESS_PASSWORD_MAX },
	{ "new", BODY_TEXT, true, .min = 1, .max = ACCESS_PASSWORD_MAX },
	{ 0 },
};

int api_password(struct http_request *req, struct http_response *res, void *arg)
{
	_cleanup_(json_decrefp) json_t *body = NULL;
	struct access_password_change change = { .token =
						     http_request_cookie(req, "vakt_session") };
	int r = api_body(req, res, api_password_fields, &body);

	if (r != 0)
		return MIN(r, 0);
	change.current = body_text(body, "current");
	change.new = body_text(body, "new");
	return change_password(arg, req, res, &change);
}

const struct body_field api_session_fields[] = {
	{ "language", BODY_TEXT, true, .max = 2, .values = api_languages,
	  .doc = "Empty: the browser's." },
	{ 0 },
};

int api_session_change(struct http_request *req, struct http_response *res, void *arg)
{
	_cleanup_(json_decrefp) json_t *body = NULL;
	struct access_identity id = *api_identity(req);
	struct api *a = arg;
	int r = api_body(req, res, api_session_fields, &body);

	if (r != 0)
		return MIN(r, 0);
	r = access_set_language(state_get(a->state), &id, body_text(body, "language"), NULL);
	if (r < 0)
		return r;
	snprintf(id.language, sizeof(id.language), "%s", body_text(body, "language"));
	return answer(res, &id);
}
