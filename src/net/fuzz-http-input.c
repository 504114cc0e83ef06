/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz-http-input.c - query, cookie, route and file-name parsing over any bytes
 *
 * The first byte chooses how the rest is cut into what a request would carry.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/http_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const patterns[] = {
		"/api/machines/{id}", "/api/machines/findbytag(tag='{tag}',starts={s})",
		"/{tenant}/oauth2/token", "/",
	};
	struct arena a;
	char *text = malloc(size + 1);
	char *name;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	arena_init(&a, 1 << 20);
	http_query_find(&a, text, "$filter");
	http_cookie_find(&a, text, "session");
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		struct http_params params;

		if (http_route_match(&a, patterns[i], text, &params))
			for (size_t k = 0; k < params.count; k++)
				if (!params.items[k].value[0])
					abort();
	}
	name = http_static_name(&a, text);
	if (name && (strstr(name, "..") == name || strstr(name, "/../") || name[0] == '/'))
		abort();
	arena_done(&a);
	free(text);
	return 0;
}
