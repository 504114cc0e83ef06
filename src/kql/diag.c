/* SPDX-License-Identifier: Apache-2.0 */
#include "kql/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const codes[DIAG_COUNT] = {
#define X(name, code, doc) [name] = code,
	DIAG_CODES(X)
#undef X
};

static void locate(const struct diag_list *l, struct kql_diagnostic *d)
{
	d->line = d->column = 1;
	for (size_t i = 0; i < d->offset && i < l->source_len; i++) {
		if (l->source[i] == '\n') {
			d->line++;
			d->column = 1;
		} else if (((unsigned char)l->source[i] & 0xC0) != 0x80) {
			d->column++;
		}
	}
}

static const char *format(struct diag_list *l, const char *fmt, va_list ap)
{
	char text[512];
	int n = vsnprintf(text, sizeof(text), fmt, ap);

	if (n < 0)
		return NULL;
	return arena_strndup(l->arena, text, MIN((size_t)n, sizeof(text) - 1));
}

void diag_add(struct diag_list *l, enum diag_code code, struct span at, const char *fmt, ...)
{
	struct kql_diagnostic *d;
	va_list ap;

	l->failed = true;
	l->last = NULL;
	/* A place in a text of our own is none in the query. */
	if (at.pos > l->source_len)
		at = (struct span){ 0, 0 };
	at.len = MIN(at.len, (uint32_t)(l->source_len - at.pos));
	for (unsigned int i = 0; i < l->count; i++)
		if (l->items[i].offset == at.pos && l->items[i].length == at.len)
			return;
	if (l->count == DIAG_MAX) {
		l->dropped++;
		return;
	}
	d = &l->items[l->count];
	*d = (struct kql_diagnostic){ .code = codes[code], .offset = at.pos, .length = at.len };
	locate(l, d);
	va_start(ap, fmt);
	d->message = format(l, fmt, ap);
	va_end(ap);
	if (!d->message)
		d->message = "out of memory";
	l->last = d;
	l->count++;
}

void diag_expected(struct diag_list *l, const char *fmt, ...)
{
	va_list ap;

	if (!l->last)
		return;
	va_start(ap, fmt);
	l->last->expected = format(l, fmt, ap);
	va_end(ap);
}

void diag_suggest(struct diag_list *l, const char *word)
{
	if (l->last && word)
		l->last->suggestion = arena_strdup(l->arena, word);
}
