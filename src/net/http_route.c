/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_route.c - which handler a request belongs to, and the hooks around it; on a worker
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "net/http_internal.h"

static const char *const method_names[] = { "GET", "POST", "PUT", "PATCH", "DELETE" };

struct found {
	const struct http_route *route;
	void *arg;
	struct http_params params;
	int allowed; /* methods of the patterns that match the path */
};

static void find_route(const struct http_router *router, struct http_job *job, struct found *best)
{
	for (size_t i = 0; i < router->set_count; i++) {
		for (const struct http_route *r = router->sets[i].routes; r->pattern; r++) {
			struct http_params params;

			if (!http_route_match(&job->arena, r->pattern, job->raw_path, &params))
				continue;
			best->allowed |= (int)r->method;
			if (r->method != job->req.method ||
			    (best->route && best->params.count <= params.count))
				continue;
			best->route = r;
			best->arg = router->sets[i].arg;
			best->params = params;
		}
	}
}

static const struct http_static *find_static(const struct http_router *router, const char *path)
{
	const struct http_static *best = NULL;

	for (size_t i = 0; i < router->static_count; i++) {
		const struct http_static *st = &router->statics[i];

		if (!strncasecmp(path, st->prefix, strlen(st->prefix)) &&
		    (!best || strlen(best->prefix) < strlen(st->prefix)))
			best = st;
	}
	return best && best->dir ? best : NULL;
}

static void refuse_method(struct http_job *job, int allowed)
{
	char text[64] = "";

	for (size_t i = 0; i < ARRAY_SIZE(method_names); i++)
		if (allowed >> i & 1)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
				 text[0] ? ", " : "", method_names[i]);
	http_response_header(&job->res, "Allow", text);
	http_job_error(job, 405, "MethodNotAllowed", "This method is not allowed here.");
}

static void run_handler(struct http_job *job, const struct found *found)
{
	int r = found->route->handler(&job->req, &job->res, found->arg);

	if (r == 0)
		r = buf_error(&job->res.body);
	if (r >= 0)
		return;
	LOG_RATELIMIT(LOG_LEVEL_ERROR, 1, "%s: request %s failed: %s",
		      found->route->operation ? found->route->operation : found->route->pattern,
		      job->request_id, strerror(-r));
	http_job_error(job, 500, "InternalServerError", "The request failed; the log says why.");
}

static void dispatch(const struct http_router *router, struct http_job *job,
		     const struct found *found)
{
	const struct http_static *st;

	if (found->route)
		run_handler(job, found);
	else if (found->allowed)
		refuse_method(job, found->allowed);
	else if (job->req.method == HTTP_GET && (st = find_static(router, job->raw_path)))
		http_static_answer(st, job);
	else
		http_job_error(job, 404, "NotFound", "There is nothing at this address.");
}

void http_router_run(const struct http_router *router, const struct http_server_options *o,
		     struct http_job *job)
{
	struct found found = { .route = NULL };
	int r = 0;

	find_route(router, job, &found);
	job->req.route = found.route;
	job->params = found.params;
	if (o->before)
		r = o->before(&job->req, &job->res, o->arg);
	if (r == 0) {
		dispatch(router, job, &found);
	} else if (r < 0) {
		LOG_RATELIMIT(LOG_LEVEL_ERROR, 1, "request %s failed: %s", job->request_id,
			      strerror(-r));
		http_job_error(job, 500, "InternalServerError",
			       "The request failed; the log says why.");
	}
	if (o->after)
		o->after(&job->req, &job->res, o->arg);
}
