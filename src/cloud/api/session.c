/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.c - log-in and log-out of people
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>

#include "base/clock.h"
#include "cloud/api/api.h"

static int answer(struct http_response *res, const struct access_identity *id)
{
	json_t *roles = json_array(), *o;
	_cleanup_free_ char *text = NULL;

	for (unsigned int bit = 1; bit <= ACCESS_SECURITY_ADMIN; bit <<= 1)
		if (id->roles & bit)
			json_array_append_new(roles, json_string(access_role_name(bit)));
	o = json_pack("{s:{s:s,s:s,s:o,s:s},s:s,s:s}", "user", "id", id->principal_id, "name",
		      id->name, "roles", roles, "language", id->language, "csrfToken",
		      id->csrf_token, "tenantId", id->tenant_id);
	text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	return text ? http_response_json(res, 200, text, strlen(text)) : -ENOMEM;
}

static int too_many(struct http_response *res, unsigned int wait_s)
{
	char seconds[16];

	snprintf(seconds, sizeof(seconds), "%u", wait_s);
	http_response_header(res, "Retry-After", seconds);
	return api_error(res, 429, "TooManyRequests", "Too many attempts; wait.");
}

static int try_login(struct api *a, struct http_request *req, struct http_response *res,
		     const char *name, const char *password)
{
	char by_name[160], by_address[96], token[ACCESS_TOKEN_SIZE], cookie[192];
	struct state_conn *c = state_get(a->state);
	int64_t now = clock_monotonic_ns();
	struct access_identity id;
	unsigned int wait_s;
	int r;

	snprintf(by_name, sizeof(by_name), "name:%s", name);
	snprintf(by_address, sizeof(by_address), "address:%s", req->peer_address);
	wait_s = MAX(access_throttle_wait(a->throttle, by_name, now),
		     access_throttle_wait(a->throttle, by_address, now));
	if (wait_s)
		return too_many(res, wait_s);
	r = access_login(c, name, password, token, NULL);
	if (r == -EACCES) {
		access_throttle_failed(a->throttle, by_name, now);
		access_throttle_failed(a->throttle, by_address, now);
		return api_error(res, 401, "Unauthorized", "Wrong name or password.");
	}
	if (r >= 0)
		r = access_session_get(c, token, clock_realtime_ns(), &id, NULL);
	if (r < 0)
		return r;
	access_throttle_cleared(a->throttle, by_name);
	snprintf(cookie, sizeof(cookie),
		 "vakt_session=%s; Path=/; HttpOnly; Secure; SameSite=Strict", token);
	r = http_response_header(res, "Set-Cookie", cookie);
	return r < 0 ? r : answer(res, &id);
}

int api_login(struct http_request *req, struct http_response *res, void *arg)
{
	json_t *o = json_loadb(req->body, req->body_len, JSON_REJECT_DUPLICATES, NULL);
	const char *name = json_string_value(json_object_get(o, "userName"));
	const char *password = json_string_value(json_object_get(o, "password"));
	int r;

	if (!name || !password || strlen(name) > 127 || strlen(password) > 1024)
		r = api_error(res, 400, "BadRequest", "userName and password are needed.");
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
	int r = access_session_end(state_get(a->state), http_request_cookie(req, "vakt_session"),
				   NULL);

	if (r < 0)
		return r;
	http_response_header(res, "Set-Cookie", "vakt_session=; Path=/; Max-Age=0; Secure; HttpOnly");
	res->status = 204;
	return 0;
}
