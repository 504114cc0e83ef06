/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.c - log-in and log-out of people
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/fd.h"
#include "cloud/api/api.h"

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
	_cleanup_(json_decrefp) json_t *o =
	    json_pack("{s:{s:s,s:s,s:o,s:s},s:s,s:s,s:b,s:o}", "user", "id", id->principal_id,
		      "name", id->name, "roles", role_names(id), "language", id->language,
		      "csrfToken", id->csrf_token, "tenantId", id->tenant_id, "mustChangePassword",
		      id->must_change_password, "permissions", permission_names(id));
	_cleanup_free_ char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;

	return text ? http_response_json(res, 200, text, strlen(text)) : -ENOMEM;
}

static int too_many(const struct http_request *req, struct http_response *res, unsigned int wait_s)
{
	char seconds[16];

	snprintf(seconds, sizeof(seconds), "%u", wait_s);
	http_response_header(res, "Retry-After", seconds);
	return api_error(
	    req, res, &(struct api_problem){ 429, "TooManyRequests", "Too many attempts; wait." });
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
		return too_many(req, res, wait_s);
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

static const struct api_problem incomplete = { 400, "InvalidRequestBody",
					       "userName and password are needed." };

int api_login(struct http_request *req, struct http_response *res, void *arg)
{
	json_t *o = json_loadb(req->body, req->body_len, JSON_REJECT_DUPLICATES, NULL);
	const char *name = json_string_value(json_object_get(o, "userName"));
	const char *password = json_string_value(json_object_get(o, "password"));
	int r;

	if (!name || !password || strlen(name) > 127 || strlen(password) > 1024)
		r = api_error(req, res, &incomplete);
	else
		r = try_login(arg, req, res, name, password);
	json_decref(o);
	return r;
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

	if (!a->first_password_file ||
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
		return too_many(req, res, wait_s);
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

int api_password(struct http_request *req, struct http_response *res, void *arg)
{
	static const struct api_problem needed = { 400, "InvalidRequestBody",
						   "current and new are needed, both texts." };
	_cleanup_(json_decrefp) json_t *o =
	    json_loadb(req->body, req->body_len, JSON_REJECT_DUPLICATES, NULL);
	struct access_password_change change = {
		.current = json_string_value(json_object_get(o, "current")),
		.new = json_string_value(json_object_get(o, "new")),
		.token = http_request_cookie(req, "vakt_session"),
	};

	if (!change.current || !change.new || strlen(change.current) > ACCESS_PASSWORD_MAX)
		return api_error(req, res, &needed);
	return change_password(arg, req, res, &change);
}

int api_session_change(struct http_request *req, struct http_response *res, void *arg)
{
	static const struct api_problem needed = { 400, "InvalidRequestBody",
						   "language: en, sv or empty is expected." };
	_cleanup_(json_decrefp) json_t *o =
	    json_loadb(req->body, req->body_len, JSON_REJECT_DUPLICATES, NULL);
	const char *language = json_string_value(json_object_get(o, "language"));
	struct access_identity id = *api_identity(req);
	struct api *a = arg;
	int r;

	if (!language || (*language && strcmp(language, "en") != 0 && strcmp(language, "sv") != 0))
		return api_error(req, res, &needed);
	r = access_set_language(state_get(a->state), &id, language, NULL);
	if (r < 0)
		return r;
	snprintf(id.language, sizeof(id.language), "%s", language);
	return answer(res, &id);
}
