/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard.c - stands before every handler: who asks, may they, is the request really theirs
 */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "cloud/api/api.h"

const struct http_route api_routes[] = {
#define P(name) ACCESS_PERMISSION_##name
	{ HTTP_POST, "/portal/api/login", api_login, P(ANONYMOUS), "session_login" },
	{ HTTP_GET, "/portal/api/session", api_session, P(SELF), "session_get" },
	{ HTTP_PATCH, "/portal/api/session", api_session_change, P(SELF), "session_change" },
	{ HTTP_POST, "/portal/api/password", api_password, P(SELF), "password_change" },
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

int api_error(const struct http_request *req, struct http_response *res,
	      const struct api_problem *problem)
{
	_cleanup_buf_ struct buf b = BUF_INIT(16384);

	buf_append_str(&b, "{\"error\":{\"code\":");
	buf_append_json(&b, problem->code, strlen(problem->code));
	buf_append_str(&b, ",\"message\":");
	buf_append_json(&b, problem->message, strlen(problem->message));
	buf_printf(&b, ",\"target\":\"%s\"}}", req->request_id);
	return buf_error(&b) ?: http_response_json(res, problem->status, b.data, b.len);
}

static int audit(struct api *a, struct http_request *req, const char *outcome)
{
	struct access_event event = { req->route->operation, req->path, req->peer_address,
				      outcome };

	return access_audit(state_get(a->state), api_identity(req), &event, NULL);
}

static const struct api_problem
    not_logged_in = { 401, "Unauthorized", "Log in first." },
    not_allowed = { 403, "Forbidden", "The identity may not do this." },
    no_csrf = { 403, "Forbidden", "The session's X-CSRF-Token header is missing or wrong." },
    change_first = { 403, "PasswordChangeRequired", "Change the password first." };

/* Answers; the attempt of someone known is kept, a stranger's would let him fill the disk. */
static int refuse(struct api *a, struct http_request *req, struct http_response *res,
		  const struct api_problem *why)
{
	int r = req->user ? audit(a, req, "Denied") : 0;

	return r < 0 ? r : api_error(req, res, why) ?: 1;
}

static void set_headers(struct http_response *res)
{
	http_response_header(res, "X-Content-Type-Options", "nosniff");
	http_response_header(res, "Referrer-Policy", "no-referrer");
	http_response_header(res, "Strict-Transport-Security", "max-age=31536000");
	http_response_header(res, "Content-Security-Policy",
			     "default-src 'self'; style-src 'self' 'unsafe-inline';"
			     " img-src 'self' data:; worker-src 'self'; connect-src 'self';"
			     " object-src 'none'; base-uri 'none'; form-action 'self';"
			     " frame-ancestors 'none'");
}

/* 0 with req->user set where the session is good, unset where there is none. */
static int identify(struct api *a, struct http_request *req)
{
	const char *token = http_request_cookie(req, "vakt_session");
	_cleanup_free_ struct access_identity *id = NULL;
	int r;

	if (!token)
		return 0;
	id = calloc(1, sizeof(*id));
	if (!id)
		return -ENOMEM;
	r = access_session_get(state_get(a->state), token, clock_realtime_ns(), id, NULL);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	req->user = TAKE_PTR(id);
	return 0;
}

static int before(struct http_request *req, struct http_response *res, void *arg)
{
	const struct access_identity *id;
	enum access_permission needed;
	struct api *a = arg;
	int r;

	set_headers(res);
	if (!req->route) /* files of the portal hold no data */
		return 0;
	http_response_header(res, "Cache-Control", "no-store");
	needed = req->route->permission;
	r = identify(a, req);
	if (r < 0)
		return r;
	id = api_identity(req);
	if (needed == ACCESS_PERMISSION_ANONYMOUS)
		return 0;
	if (!id)
		return refuse(a, req, res, &not_logged_in);
	if (!access_allows(id, needed))
		return refuse(a, req, res, &not_allowed);
	if (id->must_change_password && needed != ACCESS_PERMISSION_SELF)
		return refuse(a, req, res, &change_first);
	if (req->method != HTTP_GET &&
	    !access_csrf_matches(id, http_request_header(req, "X-CSRF-Token")))
		return refuse(a, req, res, &no_csrf);
	return 0;
}

static void after(struct http_request *req, struct http_response *res, void *arg)
{
	/* Anonymous routes keep their own record: they know the name that was tried. */
	if (req->user && req->method != HTTP_GET && res->status != 403)
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
