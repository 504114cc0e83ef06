/* SPDX-License-Identifier: Apache-2.0 */
/*
 * respond.c - answers in the reference's form, and bodies on their way in
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cloud/api/api_internal.h"

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

int api_errorf(const struct http_request *req, struct http_response *res, int status,
	       const char *code, const char *fmt, ...)
{
	char message[1200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	return api_error(req, res, &(struct api_problem){ status, code, message });
}

int api_too_many(const struct http_request *req, struct http_response *res, unsigned int wait_s)
{
	char seconds[16];

	snprintf(seconds, sizeof(seconds), "%u", wait_s);
	http_response_header(res, "Retry-After", seconds);
	return api_errorf(req, res, 429, "TooManyRequests", "Too many requests; wait %u seconds.",
			  wait_s);
}

int api_send(struct http_response *res, int status, json_t *json)
{
	_cleanup_free_ char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	return text ? http_response_json(res, status, text, strlen(text)) : -ENOMEM;
}

int api_body(const struct http_request *req, struct http_response *res,
	     const struct body_field *fields, json_t **ret_json)
{
	struct err err = { 0 };
	int r = body_read(req->body, req->body_len, fields, ret_json, &err);

	if (r == -EINVAL)
		return api_error(
			   req, res,
			   &(struct api_problem){ 400, "InvalidRequestBody", err_msg(&err, r) })
			   ?: 1;
	return r;
}

struct odata_scope api_scope(const struct api *a, const struct http_request *req)
{
	return (struct odata_scope){ state_get(a->state), api_identity(req)->tenant_id, NULL,
				     NULL };
}
