/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard.c - stands before every handler: who asks, may they, is the request really theirs
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "cloud/api/api_internal.h"

/* The reference's usual limits of a program; people at the portal scroll. */
static const struct api_rate program_rate = { 100, 1500 }, person_rate = { 2000, 60000 };

/* What a request carries from before to after. */
struct caller {
	struct access_identity id;
	bool program; /* a token instead of a session */
	char *details;
};

static struct caller *caller_of(const struct http_request *req)
{
	return req->user;
}

const struct access_identity *api_identity(const struct http_request *req)
{
	return req->user ? &caller_of(req)->id : NULL;
}

void api_note(struct http_request *req, const json_t *details)
{
	struct caller *caller = caller_of(req);

	free(caller->details);
	caller->details = json_dumps(details, JSON_COMPACT);
}

static int audit(struct api *a, struct http_request *req, const char *outcome)
{
	struct access_event event = { req->route->operation, req->path, req->peer_address, outcome,
				      caller_of(req)->details };

	return access_audit(state_get(a->state), api_identity(req), &event, NULL);
}

static const struct api_problem
    not_logged_in = { 401, "Unauthorized", "Log in first." },
    bad_token = { 401, "Unauthorized", "The token is not valid or no longer so." },
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

static const char *bearer_of(const struct http_request *req)
{
	const char *value = http_request_header(req, "Authorization");

	return value && strncasecmp(value, "Bearer ", 7) == 0 ? value + 7 : NULL;
}

/* 0 with req->user set where token or session is good, unset where there is none. */
static int identify(struct api *a, struct http_request *req)
{
	const char *session = http_request_cookie(req, "vakt_session"), *bearer = bearer_of(req);
	_cleanup_free_ struct caller *caller = calloc(1, sizeof(*caller));
	struct state_conn *c = state_get(a->state);
	int64_t now = clock_realtime_ns();
	int r = -ENOENT;

	if (!caller || !c)
		return -ENOMEM;
	caller->program = bearer != NULL;
	if (bearer)
		r = access_token_check(a->signer, c, bearer, now, &caller->id, NULL);
	else if (session)
		r = access_session_get(c, session, now, &caller->id, NULL);
	if (r == 0)
		req->user = TAKE_PTR(caller);
	return r == -ENOENT ? 0 : r;
}

/* One request in a row too many is answered; 0: go on. */
static int limit(struct api *a, const struct http_request *req, struct http_response *res)
{
	struct api_rate rate = api_route_of(a, req)->rate;
	const struct caller *caller = caller_of(req);
	unsigned int wait_s;

	if (!rate.a_minute)
		rate = caller->program ? program_rate : person_rate;
	wait_s = api_limit_take(a->limit, caller->id.principal_id, req->route->operation, rate,
				clock_monotonic_ns());
	return wait_s ? (api_too_many(req, res, wait_s) ?: 1) : 0;
}

static int check(struct api *a, struct http_request *req, struct http_response *res,
		 enum access_permission needed)
{
	const struct access_identity *id = api_identity(req);

	if (!id && bearer_of(req)) {
		http_response_header(res, "WWW-Authenticate", "Bearer error=\"invalid_token\"");
		return refuse(a, req, res, &bad_token);
	}
	if (!id)
		return refuse(a, req, res, &not_logged_in);
	if (!access_allows(id, needed))
		return refuse(a, req, res, &not_allowed);
	if (id->must_change_password && needed != ACCESS_PERMISSION_SELF)
		return refuse(a, req, res, &change_first);
	/* A browser sends the cookie for others as well; it never sends a token by itself. */
	if (req->method != HTTP_GET && !caller_of(req)->program &&
	    !access_csrf_matches(id, http_request_header(req, "X-CSRF-Token")))
		return refuse(a, req, res, &no_csrf);
	return limit(a, req, res);
}

static int before(struct http_request *req, struct http_response *res, void *arg)
{
	int r;

	set_headers(res);
	if (!req->route) /* files of the portal hold no data */
		return 0;
	http_response_header(res, "Cache-Control", "no-store");
	if (req->route->permission == ACCESS_PERMISSION_ANONYMOUS)
		return 0;
	r = identify(arg, req);
	return r < 0 ? r : check(arg, req, res, req->route->permission);
}

static void after(struct http_request *req, struct http_response *res, void *arg)
{
	struct caller *caller = caller_of(req);

	if (!caller)
		return;
	/* Anonymous routes keep their own record: they know the name that was tried. */
	if (req->method != HTTP_GET && !api_route_of(arg, req)->unaudited && res->status != 403 &&
	    res->status != 429)
		(void)audit(arg, req, res->status < 400 ? "Success" : "Failed");
	free(caller->details);
	free(caller);
	req->user = NULL;
}

void api_prepare(struct api *a, struct http_server_options *options)
{
	options->before = before;
	options->after = after;
	options->arg = a;
}
