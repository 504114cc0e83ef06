/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz-body.c - JSON bodies by a stranger against every table of fields; what is taken keeps its
 * word
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/api/handlers.h"
#include "cloud/api/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct body_field *f, const json_t *json)
{
	const json_t *value = json_object_get(json, f->name);
	const char *text = body_text(json, f->name);

	if (f->required && !value)
		abort();
	if (f->type == BODY_TEXT && text && strlen(text) > (size_t)f->max)
		abort();
	if (f->type == BODY_TEXTS && json_array_size(value) > (size_t)f->max)
		abort();
}

static void try_form(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = strndup((const char *)data, size);
	_cleanup_(arena_done) struct arena arena;
	struct token_form form;

	arena_init(&arena, 64u << 10);
	if (text)
		token_form_read(&arena, text, &form);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_form(data, size);
	for (const struct api_route *r = api_route_table; r->path; r++) {
		_cleanup_(json_decrefp) json_t *json = NULL;
		struct err err = { 0 };
		int code = r->request ? body_read(data, size, r->request, &json, &err) : -EINVAL;

		if (code < 0 && code != -EINVAL)
			abort();
		for (const struct body_field *f = r->request; code == 0 && f->name; f++)
			check(f, json);
	}
	return 0;
}
