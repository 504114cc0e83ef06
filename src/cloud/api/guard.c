/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard.c - stands before every handler: who asks, may they, is the request really theirs
 */
#include <errno.h>

#include "base/clock.h"
#include "cloud/api/api.h"

const struct http_route api_routes[] = {
#define P(name) ACCESS_PERMISSION_##name
	{ HTTP_POST, "/portal/api/login", api_login, P(ANONYMOUS), "session_login" },
	{ HTTP_GET, "/portal/api/session", api_session, P(SELF), "session_get" },
	{ HTTP_POST, "/portal/api/logout", api_logout, P(SELF), "session_logout" },
	{ HTTP_GET, "/api/machines", api_machines_list, P(MACHINE_READ), "machines_list" },
	{ HTTP_GET, "/api/machines/{id}", api_machines_get, P(MACHINE_READ), "machines_get" },
	{ HTTP_GET, "/api/v1.0/machines", api_machines_list, P(MACHINE_READ), "machines_list" },
	{ HTTP_GET, "/api/v1.0/machines/{id}", api_machines_get, P(MACHINE_READ), "machines_get" },
#undef P
	{ 0 },
};

const struct access_identity *api_identity(const struct http_request *req)
{
	return req->user;
}

int api_error(struct http_response *res, int status, const char *code, const char *message)
{
	_cleanup_buf_ struct buf b = BUF_INIT(4096);

	buf_append_str(&b, "{\"error\":{\"code\":");
	buf_append_json(&b, code, strlen(code));
	buf_append_str(&b, ",\"message\":");
	buf_append_json(&b, message, strlen(message));
	buf_append_str(&b, ",\"target\":null}}");
	return buf_error(&b) ?: http_response_json(res, status, b.data, b.len);
}

static int audit(struct api *a, struct http_request *req, const char *outcome)
{
	struct access_event event = { req->route->operation, req->path, req->peer_address, outcome };

	return access_audit(state_get(a->state), api_identity(req), &event, NULL);
}

static int refuse(struct api *a, struct http_request *req, struct http_response *res)
{
	int r = audit(a, req, "Denied");

	if (r >= 0 && !req->user)
		r = api_error(res, 401, "Unauthorized", "Log in first.");
	else if (r >= 0)
		r = api_error(res, 403, "Forbidden", "The identity may not do this.");
	return r < 0 ? r : 1;
}

static int before(struct http_request *req, struct http_response *res, void *arg)
{
	const char *token = http_request_cookie(req, "vakt_session");
	_cleanup_free_ struct access_identity *id = NULL;
	struct api *a = arg;
	int r;

	http_response_header(res, "X-Content-Type-Options", "nosniff");
	http_response_header(res, "Referrer-Policy", "no-referrer");
	http_response_header(res, "Strict-Transport-Security", "max-age=31536000");
	http_response_header(res, "Content-Security-Policy",
			     "default-src 'self'; style-src 'self' 'unsafe-inline';"
			     " img-src 'self' data:; frame-ancestors 'none'");
	if (!req->route)
		return 0; /* static files of the portal hold no data */
	if (token) {
		id = calloc(1, sizeof(*id));
		if (!id)
			return -ENOMEM;
		r = access_session_get(state_get(a->state), token, clock_realtime_ns(), id, NULL);
		if (r < 0 && r != -ENOENT)
			return r;
		if (r >= 0)
			req->user = TAKE_PTR(id);
	}
	if (!access_allows(req->user, req->route->permission))
		return refuse(a, req, res);
	if (req->method != HTTP_GET && req->route->permission != ACCESS_PERMISSION_ANONYMOUS &&
	    !access_csrf_matches(req->user, http_request_header(req, "X-CSRF-Token")))
		return refuse(a, req, res);
	return 0;
}

static void after(struct http_request *req, struct http_response *res, void *arg)
{
	if (req->route && req->method != HTTP_GET && res->status != 401 && res->status != 403)
		(void)audit(arg, req, res->status < 400 ? "Success" : "Failed");
	free(req->user);
	req->user = NULL;
}

void api_prepare(struct api *a, struct http_server_options *options)
{
	options->before = before;
	options->after = after;
	options->arg = a;
}
