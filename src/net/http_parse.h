/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_parse.h - the parts of a request that a stranger writes, taken apart
 *
 * Pure functions over text; results live in the caller's arena. A NUL or a broken escape refuses
 * the text rather than being guessed at.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

#define HTTP_PARAMS_MAX 8
#define HTTP_SEGMENTS_MAX 32

struct http_param {
	const char *name; /* not NUL-terminated: it lies in the pattern */
	size_t name_len;
	const char *value;
};

struct http_params {
	size_t count;
	struct http_param items[HTTP_PARAMS_MAX];
};

/* Percent-decodes s ('+' is a blank where plus says so); NULL: broken escape, NUL, or arena full. */
char *http_decode(struct arena *a, const char *s, size_t len, bool plus);
/* Value of the first parameter called name, decoded; NULL. */
char *http_query_find(struct arena *a, const char *query, const char *name);
/* Value of the cookie in a Cookie header, without quotes; NULL. */
char *http_cookie_find(struct arena *a, const char *header, const char *name);
/*
 * Compares the raw path (no query) with a pattern, segment by segment and case-insensitively.
 * {x} takes text up to what follows it in the pattern's segment, at least one character:
 * "/api/machines/findbytag(tag='{tag}')" works as well as "/api/machines/{id}".
 */
bool http_route_match(struct arena *a, const char *pattern, const char *path,
		      struct http_params *ret_params);
/*
 * The file below a folder that a raw path names: decoded, without leading '/'. NULL for anything
 * with an empty, "." or ".." segment, a backslash or a hidden name.
 */
char *http_static_name(struct arena *a, const char *path);
