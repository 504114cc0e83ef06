/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hunting.c - hunting queries, in the two forms that programs of the reference speak and in our own
 *
 * Playbooks call advancedqueries/run or Graph's runHuntingQuery; the portal and vaktctl want more
 * than these tell. What a query may cost is cloud/hunt's to say, what the language is kql's.
 * learn.microsoft.com/defender-endpoint/api/run-advanced-query-api,
 * learn.microsoft.com/graph/api/security-security-runhuntingquery
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "cloud/api/handlers.h"
#include "cloud/api/hunting.h"

#define LOOKBACK_S_MAX (36500 * INT64_C(86400))

static const char *const explain_names[] = { "tokens", "ast", "bound", "plan", "sql", NULL };

#define QUERY(name, said)                                                                          \
	{                                                                                          \
		name, BODY_TEXT, .max = KQL_TEXT_MAX, .doc = said                                  \
	}
const struct body_field api_hunting_defender_fields[] = {
	QUERY("Query", "The query."),
	QUERY("query", "The same, as some clients write it."),
	{ NULL },
};
const struct body_field api_hunting_graph_fields[] = {
	QUERY("Query", "The query."),
	QUERY("query", "The same, as some clients write it."),
	{ "Timespan", BODY_TEXT, .nullable = true, .max = 64,
	  .doc = "How far the query looks back, as ISO 8601 has it: P7D, PT12H." },
	{ "timespan", BODY_TEXT, .nullable = true, .max = 64, .doc = "The same." },
	{ NULL },
};
const struct body_field api_hunting_run_fields[] = {
	{ "query", BODY_TEXT, .required = true, .max = KQL_TEXT_MAX, .doc = "The query." },
	{ "id", BODY_TEXT, .min = 1, .max = HUNT_RUN_ID_MAX,
	  .doc = "Made up by the caller, who takes the run back by it." },
	{ "longsAsText", BODY_BOOL,
	  .doc = "Values of type long as texts: numbers of JavaScript hold 53 bits." },
	{ NULL },
};
const struct body_field api_hunting_check_fields[] = {
	{ "query", BODY_TEXT, .required = true, .max = KQL_TEXT_MAX, .doc = "The query." },
	{ "explain", BODY_TEXT, .values = explain_names, .max = 16,
	  .doc = "A stage of the compiler whose outcome is wanted." },
	{ NULL },
};

/* "System.Data.SqlTypes.SqlDecimal" is "SqlDecimal" here. */
static const char *type_name(enum kql_type type)
{
	const char *name = kql_type_system_name(type), *dot = strrchr(name, '.');

	return dot ? dot + 1 : name;
}

static bool is_gone(void *arg)
{
	return http_request_gone(arg);
}

/* A duration of weeks, days, hours, minutes, seconds; -EINVAL. */
static int parse_timespan(const char *text, int64_t *ret_ns)
{
	static const struct {
		char unit;
		bool in_time;
		int64_t seconds;
	} units[] = { { 'W', false, 604800 },
		      { 'D', false, 86400 },
		      { 'H', true, 3600 },
		      { 'M', true, 60 },
		      { 'S', true, 1 } };
	bool in_time = false, any = false;
	int64_t seconds = 0;

	if (*text++ != 'P')
		return -EINVAL;
	for (size_t u = 0; *text;) {
		unsigned int n;
		int used = 0;

		if (*text == 'T' && !in_time) {
			in_time = true;
			text++;
			continue;
		}
		if (sscanf(text, "%6u%n", &n, &used) != 1 || *text == '+' || *text == '-')
			return -EINVAL;
		text += used;
		while (u < ARRAY_SIZE(units) &&
		       (units[u].unit != *text || units[u].in_time != in_time))
			u++;
		if (u == ARRAY_SIZE(units))
			return -EINVAL;
		seconds = MIN(seconds + n * units[u++].seconds, LOOKBACK_S_MAX);
		text++;
		any = true;
	}
	*ret_ns = seconds * NSEC_PER_SEC;
	return any && seconds > 0 ? 0 : -EINVAL;
}

/* The first mistake in words, and all of them with their places. */
static int refuse(const struct http_request *req, struct http_response *res,
		  const struct kql_query *q)
{
	const struct kql_diagnostic *list;
	size_t count = kql_query_diagnostics(q, &list);
	json_t *message =
	    count
		? json_sprintf("Line %u, column %u: %s%s%s%s%s%s", list[0].line, list[0].column,
			       list[0].message, list[0].expected ? "; expected " : "",
			       list[0].expected ?: "", list[0].suggestion ? "; did you mean '" : "",
			       list[0].suggestion ?: "", list[0].suggestion ? "'?" : "")
		: json_string("The query cannot be run.");

	return api_send(res, 400,
			json_pack("{s:{s:s,s:o,s:s,s:o}}", "error", "code", "BadRequest", "message",
				  message ?: json_string("The query is refused."), "target",
				  req->request_id, "details", api_hunting_diagnostics(q)));
}

int api_hunting_failed(const struct api *a, const struct http_request *req,
		       struct http_response *res, int r, const struct err *err)
{
	switch (r) {
	case -EBUSY:
	case -EDQUOT: {
		char seconds[16];

		snprintf(seconds, sizeof(seconds), "%u",
			 hunt_retry_after_s(a->hunt, api_identity(req)->tenant_id, r));
		http_response_header(res, "Retry-After", seconds);
		return api_errorf(req, res, 429, "TooManyRequests", "%s Retry after %s seconds.",
				  err_msg(err, r), seconds);
	}
	case -EEXIST:
		return api_errorf(req, res, 409, "Conflict", "%s", err_msg(err, r));
	case -ECANCELED:
		return api_errorf(req, res, 409, "Cancelled", "The query was taken back.");
	case -ETIMEDOUT:
		return api_errorf(
		    req, res, 400, "BadRequest",
		    "The query took longer than %d seconds; look at less time or fewer rows.",
		    HUNT_EXECUTION_S);
	case -ENOBUFS:
		return api_errorf(
		    req, res, 400, "BadRequest",
		    "The query takes more memory than one may; filter or summarize earlier.");
	case -EMSGSIZE:
		return api_errorf(req, res, 400, "BadRequest",
				  "The result is larger than %u MiB; filter, or project fewer columns.",
				  HTTP_RESPONSE_MAX >> 20);
	case -EAGAIN:
		http_response_header(res, "Retry-After", "5");
		return api_errorf(req, res, 503, "ServiceUnavailable",
				  "The event store does not answer.");
	default:
		LOG_RATELIMIT(LOG_LEVEL_ERROR, 60, "hunting query: %s", err_msg(err, r));
		return api_errorf(req, res, 500, "InternalServerError",
				  "The query could not be run; the control plane's log says why.");
	}
}

static void note_query(struct http_request *req, const char *text)
{
	json_t *note = json_pack("{s:o}", "query", api_hunting_note(text));

	if (note)
		api_note(req, note);
	json_decref(note);
}

/* 0 with the run; 1 when it has been answered why not. */
static int begin(const struct api *a, struct http_request *req, struct http_response *res,
		 struct hunt_request *request, struct hunt_run **ret_run)
{
	struct hunt_run *run = NULL;
	struct err err = { 0 };
	int r;

	note_query(req, request->text);
	request->len = strlen(request->text);
	request->tenant_id = api_identity(req)->tenant_id;
	request->principal_id = api_identity(req)->principal_id;
	request->gone = is_gone;
	request->gone_arg = req;
	r = hunt_begin(a->hunt, request, &run, &err);
	if (run && r == -EINVAL && !request->compile_only) {
		r = refuse(req, res, hunt_run_query(run));
		hunt_end(run);
		return r ?: 1;
	}
	if (!run)
		return r == -ENOMEM ? r : api_hunting_failed(a, req, res, r, &err) ?: 1;
	*ret_run = run;
	return 0;
}

/* Rows into the answer that has begun; an answer of its own where that fails. */
static int execute(const struct api *a, struct http_request *req, struct http_response *res,
		   struct hunt_run *run, struct hunt_result *ret_result)
{
	struct err err = { 0 };
	int r = buf_error(&res->body) ?: hunt_execute(run, &res->body, ret_result, &err);

	if (r == 0)
		return 0;
	buf_clear(&res->body);
	return r == -ENOMEM ? r : api_hunting_failed(a, req, res, r, &err) ?: 1;
}

static int finish(struct http_response *res, const char *end)
{
	int r = http_response_header(res, "Content-Type", "application/json");

	if (r < 0)
		return r;
	res->status = 200;
	return buf_append_str(&res->body, end);
}

/* What differs between the two forms of the reference. */
struct form {
	const char *schema, *name, *type, *results;
};

static int answer_query(const struct api *a, struct http_request *req, struct http_response *res,
			struct hunt_request *request, const struct form *form)
{
	_cleanup_(hunt_endp) struct hunt_run *run = NULL;
	const struct kql_column *columns;
	struct hunt_result result;
	size_t count;
	int r = begin(a, req, res, request, &run);

	if (r != 0)
		return r < 0 ? r : 0;
	count = kql_query_columns(hunt_run_query(run), &columns);
	buf_printf(&res->body, "{\"%s\":[", form->schema);
	for (size_t i = 0; i < count; i++) {
		buf_printf(&res->body, "%s{\"%s\":", i ? "," : "", form->name);
		buf_append_json(&res->body, columns[i].name, strlen(columns[i].name));
		buf_printf(&res->body, ",\"%s\":\"%s\"}", form->type, type_name(columns[i].type));
	}
	buf_printf(&res->body, "],\"%s\":[", form->results);
	r = execute(a, req, res, run, &result);
	if (r != 0)
		return r < 0 ? r : 0;
	return finish(res, "]}");
}

static int no_query(const struct http_request *req, struct http_response *res)
{
	return api_errorf(req, res, 400, "InvalidRequestBody", "Query is needed");
}

int api_hunting_defender(struct http_request *req, struct http_response *res, void *arg)
{
	static const struct form form = { "Schema", "Name", "Type", "Results" };
	_cleanup_(json_decrefp) json_t *body = NULL;
	struct hunt_request request = { 0 };
	int r = api_body(req, res, api_hunting_defender_fields, &body);

	if (r != 0)
		return r < 0 ? r : 0;
	request.text = body_text(body, "Query") ?: body_text(body, "query");
	return request.text ? answer_query(arg, req, res, &request, &form) : no_query(req, res);
}

int api_hunting_graph(struct http_request *req, struct http_response *res, void *arg)
{
	static const struct form form = { "schema", "name", "type", "results" };
	_cleanup_(json_decrefp) json_t *body = NULL;
	struct hunt_request request = { 0 };
	const char *timespan;
	int r = api_body(req, res, api_hunting_graph_fields, &body);

	if (r != 0)
		return r < 0 ? r : 0;
	request.text = body_text(body, "Query") ?: body_text(body, "query");
	timespan = body_text(body, "Timespan") ?: body_text(body, "timespan");
	if (!request.text)
		return no_query(req, res);
	if (timespan && parse_timespan(timespan, &request.lookback_ns) < 0)
		return api_errorf(req, res, 400, "InvalidRequestBody",
				  "Timespan: '%s' is no duration such as P7D or PT12H", timespan);
	return answer_query(arg, req, res, &request, &form);
}

/* What the portal and vaktctl want to know of a run; past->query is set where it came to one. */
static int answer_run(const struct api *a, struct http_request *req, struct http_response *res,
		      struct hunt_request *request, struct hunt_past_run *past)
{
	_cleanup_(hunt_endp) struct hunt_run *run = NULL;
	_cleanup_buf_ struct buf tail = BUF_INIT(64u << 10);
	struct hunt_result result = { 0 };
	int r = begin(a, req, res, request, &run);

	if (r == 0 || res->status == 400)
		past->query = request->text;
	if (r != 0)
		return r < 0 ? r : 0;
	buf_append_str(&res->body, "{\"columns\":");
	api_hunting_put(&res->body, hunt_columns_json(hunt_run_query(run)));
	buf_append_str(&res->body, ",\"rows\":[");
	r = execute(a, req, res, run, &result);
	past->outcome = r == 0		     ? (result.limited ? HUNT_LIMITED : HUNT_SUCCESS)
			: res->status == 409 ? HUNT_CANCELLED
					     : HUNT_FAILED;
	if (r != 0)
		return r < 0 ? r : 0;
	past->rows = (int64_t)result.rows;
	buf_printf(&tail, "],\"rowCount\":%llu,\"limited\":%s,\"render\":",
		   (unsigned long long)result.rows, result.limited ? "true" : "false");
	api_hunting_put(&tail, api_hunting_render(hunt_run_query(run)));
	buf_append_str(&tail, ",\"statistics\":");
	api_hunting_put(&tail, api_hunting_statistics(&result, hunt_days(a->hunt)));
	buf_append_str(&tail, "}");
	return buf_error(&tail) ?: finish(res, tail.data);
}

int api_hunting_run(struct http_request *req, struct http_response *res, void *arg)
{
	struct hunt_past_run past = { .started_ns = clock_realtime_ns(),
				      .rows = -1,
				      .outcome = HUNT_REFUSED };
	int64_t before = clock_monotonic_ns();
	_cleanup_(json_decrefp) json_t *body = NULL;
	struct hunt_request request = { 0 };
	int r = api_body(req, res, api_hunting_run_fields, &body);

	if (r != 0)
		return r < 0 ? r : 0;
	request.text = body_text(body, "query");
	request.run_id = body_text(body, "id");
	request.form =
	    json_is_true(json_object_get(body, "longsAsText")) ? HUNT_LISTS_OF_TEXT : HUNT_LISTS;
	r = answer_run(arg, req, res, &request, &past);
	past.took_ns = clock_monotonic_ns() - before;
	if (r == 0 && past.query)
		api_hunting_remember(arg, req, &past);
	return r;
}

int api_hunting_check(struct http_request *req, struct http_response *res, void *arg)
{
	_cleanup_(hunt_endp) struct hunt_run *run = NULL;
	_cleanup_(json_decrefp) json_t *body = NULL;
	struct hunt_request request = { .compile_only = true };
	int64_t before = clock_monotonic_ns();
	const struct kql_query *q;
	const char *explain;
	int r = api_body(req, res, api_hunting_check_fields, &body);

	if (r == 0) {
		request.text = body_text(body, "query");
		r = begin(arg, req, res, &request, &run);
	}
	if (r != 0)
		return r < 0 ? r : 0;
	q = hunt_run_query(run);
	explain = body_text(body, "explain");
	return api_send(
	    res, 200,
	    json_pack("{s:o,s:o,s:o,s:I}", "diagnostics", api_hunting_diagnostics(q), "columns",
		      hunt_columns_json(q), "explain",
		      explain ? api_hunting_explain(q, explain_names, explain) : json_null(),
		      "compileMicroseconds",
		      (json_int_t)((clock_monotonic_ns() - before) / NSEC_PER_USEC)));
}

int api_hunting_cancel(struct http_request *req, struct http_response *res, void *arg)
{
	const struct access_identity *id = api_identity(req);
	const struct api *a = arg;

	if (hunt_cancel(a->hunt, id->tenant_id, id->principal_id, http_request_param(req, "id")) <
	    0)
		return api_errorf(req, res, 404, "NotFound",
				  "No query of yours with this id is running.");
	res->status = 204;
	return 0;
}
