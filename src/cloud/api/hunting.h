/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hunting.h - what the language knows of a query, as JSON
 *
 * NULL where memory is short; the caller owns what it gets.
 */
#pragma once

#include <jansson.h>

#include "cloud/hunt/hunt.h"

json_t *api_hunting_diagnostics(const struct kql_query *q);
json_t *api_hunting_columns(const struct kql_query *q);
/* null where the query draws nothing. */
json_t *api_hunting_render(const struct kql_query *q);
json_t *api_hunting_statistics(const struct hunt_result *result, unsigned int days);
/* names: of the stages in their order. null where the query did not come as far. */
json_t *api_hunting_explain(const struct kql_query *q, const char *const *names, const char *stage);
/* Appends json, which it takes. */
int api_hunting_put(struct buf *out, json_t *json);
