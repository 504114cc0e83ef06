/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detection_runs.c - custom detection rules tried: checked while they are written, on history, now
 */
#include <errno.h>

#include "cloud/api/detections.h"
#include "cloud/api/events.h"
#include "cloud/api/handlers.h"
#include "cloud/api/hunting.h"

static bool is_gone(void *arg)
{
	return http_request_gone(arg);
}

/* A rule as somebody would have it, and what is wrong with it. */
struct asked {
	struct api_draft draft;
	struct custom_problems problems;
	json_t *body; /* the draft's texts are in it */
};

static void asked_done(struct asked *q)
{
	custom_problems_done(&q->problems);
	api_draft_done(&q->draft);
	json_decref(q->body);
}

/* 0; 1: it has been answered what is wrong; negative errno. asked_done() in each case. */
static int asked_read(const struct http_request *req, struct http_response *res, struct asked *ret_asked)
{
	struct err err = { 0 };
	int r;

	ret_asked->body = NULL;
	custom_problems_init(&ret_asked->problems);
	api_draft_init(&ret_asked->draft);
	r = api_body(req, res, api_detection_fields, &ret_asked->body);
	if (r != 0)
		return r;
	r = api_draft_read(ret_asked->body, true, &ret_asked->draft, &err);
	if (r == -EINVAL)
		return api_errorf(req, res, 400, "InvalidRequestBody", "%s", err_msg(&err, r)) ?: 1;
	return r;
}

static json_t *columns(const struct custom_problems *problems)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < problems->column_count; i++)
		json_array_append_new(list, json_string(problems->columns[i]));
	return list;
}

int api_detections_check(struct http_request *req, struct http_response *res, void *arg)
{
	_cleanup_(asked_done) struct asked asked;
	const struct custom_caller who = api_custom_caller(req);
	const struct api *a = arg;
	struct err err = { 0 };
	int r = asked_read(req, res, &asked);

	if (r != 0)
		return MIN(r, 0);
	r = custom_check(a->custom, &who, &asked.draft.draft, &asked.problems, &err);
	if (r < 0 && r != -EINVAL)
		return api_hunting_failed(a, req, res, r, &err);
	return api_send(res, 200,
			json_pack("{s:o,s:o}", "problems", api_draft_problems(&asked.problems), "columns",
				  columns(&asked.problems)));
}

/* It looks at events of people: the audit log keeps which were asked for. */
static void note_query(struct http_request *req, const char *text)
{
	json_t *note = json_pack("{s:o}", "query", api_hunting_note(text));

	if (note)
		api_note(req, note);
	json_decref(note);
}

int api_detections_dry_run(struct http_request *req, struct http_response *res, void *arg)
{
	_cleanup_(asked_done) struct asked asked;
	const struct custom_caller who = api_custom_caller(req);
	const struct api *a = arg;
	struct err err = { 0 };
	json_t *found;
	int r = asked_read(req, res, &asked);

	if (r != 0)
		return MIN(r, 0);
	note_query(req, asked.draft.draft.query);
	r = custom_check(a->custom, &who, &asked.draft.draft, &asked.problems, &err);
	if (r == -EINVAL)
		return api_send(res, 400,
				json_pack("{s:{s:s,s:s,s:s,s:o}}", "error", "code", "BadRequest",
					  "message", asked.problems.list[0].message, "target",
					  req->request_id, "details",
					  api_draft_problems(&asked.problems)));
	if (r == 0)
		r = custom_dry_run(a->custom, &who, &asked.draft.draft, is_gone, req, &found, &err);
	if (r == -ENOMEM)
		return r;
	return r < 0 ? api_hunting_failed(a, req, res, r, &err) : api_send(res, 200, found);
}

int api_detections_run(struct http_request *req, struct http_response *res, void *arg)
{
	const struct api *a = arg;
	struct err err = { 0 };
	int r =
	    custom_run_now(a->custom, api_identity(req)->tenant_id, api_detection_id(req), &err);

	if (r == -ENOENT)
		return api_no_detection(req, res);
	if (r == -EPERM)
		return api_errorf(req, res, 409, "Conflict", "%s", err_msg(&err, r));
	if (r == 0)
		res->status = 204;
	return r;
}

static json_t *run_json(struct state_stmt *st)
{
	return json_pack(
	    "{s:o,s:I,s:o,s:s,s:s?,s:s?,s:I,s:I,s:I,s:I}", "startTime",
	    event_time(state_int(st, 0)), "durationMilliseconds", (json_int_t)state_int(st, 1),
	    "fromTime", event_time(state_int(st, 2)), "status", state_text(st, 3), "errorCode",
	    state_text(st, 4), "failureReason", state_text(st, 5), "results",
	    (json_int_t)state_int(st, 6), "alerts", (json_int_t)state_int(st, 7), "joined",
	    (json_int_t)state_int(st, 8), "left", (json_int_t)state_int(st, 9));
}

static int find_rule(const struct api *a, const struct http_request *req)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(state_get(a->state), &st, NULL,
			    "SELECT 1 FROM custom_rule WHERE tenant_id = ? AND id = ?", "si",
			    api_identity(req)->tenant_id, api_detection_id(req));

	return r < 0 ? r : state_step(st, NULL);
}

int api_detections_runs(struct http_request *req, struct http_response *res, void *arg)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	_cleanup_(json_decrefp) json_t *list = json_array();
	const struct api *a = arg;
	int r = find_rule(a, req);

	if (r == 0)
		return api_no_detection(req, res);
	if (r > 0)
		r = state_query(
		    state_get(a->state), &st, NULL,
		    "SELECT started_ns, duration_ms, from_ns, status, error_code, error, "
		    "results, alerts, joined, left_over FROM custom_run WHERE tenant_id = ? "
		    "AND rule_id = ? ORDER BY started_ns DESC",
		    "si", api_identity(req)->tenant_id, api_detection_id(req));
	while (r == 0 && (r = state_step(st, NULL)) == 1)
		r = json_array_append_new(list, run_json(st)) < 0 ? -ENOMEM : 0;
	return r < 0 ? r : api_send(res, 200, json_pack("{s:O}", "value", list));
}
