/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hunting.h - what the language knows of a query, as JSON
 *
 * NULL where memory is short; the caller owns what it gets.
 */
#pragma once

#include <jansson.h>

#include "cloud/api/api_internal.h"
#include "cloud/hunt/kept.h"

json_t *api_hunting_diagnostics(const struct kql_query *q);
/* null where the query draws nothing. */
json_t *api_hunting_render(const struct kql_query *q);
json_t *api_hunting_statistics(const struct hunt_result *result, unsigned int days);
/* names: of the stages in their order. null where the query did not come as far. */
json_t *api_hunting_explain(const struct kql_query *q, const char *const *names, const char *stage);
/* What the audit log keeps of a query: its beginning. */
json_t *api_hunting_note(const char *text);
/* hunting_kept.c: the caller's own history; programs have none. */
void api_hunting_remember(const struct api *a, const struct http_request *req,
			  const struct hunt_past_run *run);
/* Answers why a hunting query of the caller's could not be run, by the error of cloud/hunt. */
int api_hunting_failed(const struct api *a, const struct http_request *req,
		       struct http_response *res, int r, const struct err *err);
/* Appends json, which it takes. */
int api_hunting_put(struct buf *out, json_t *json);
