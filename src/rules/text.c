/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.c - values of Sigma as symbols: bytes and wildcards
 *
 * Escapes as the specification has them: a backslash makes a wildcard or a backslash behind it
 * plain and stands for itself before anything else.
 */
#include <errno.h>
#include <string.h>

#include "rule.h"

int symbols_literal(struct arena *a, const char *text, size_t len, struct symbols *ret)
{
	uint16_t *at = arena_alloc(a, (len + 1) * sizeof(*at));

	if (!at)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++)
		at[i] = (uint8_t)text[i];
	*ret = (struct symbols){ at, len };
	return 0;
}

int symbols_parse(struct arena *a, const char *text, size_t len, struct symbols *ret)
{
	uint16_t *at = arena_alloc(a, (len + 1) * sizeof(*at));
	size_t n = 0;

	if (!at)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '\\' && i + 1 < len && strchr("*?\\", text[i + 1]) && text[i + 1])
			at[n++] = (uint8_t)text[++i];
		else if (c == '*')
			at[n++] = SYMBOL_MANY;
		else if (c == '?')
			at[n++] = SYMBOL_ONE;
		else
			at[n++] = (uint8_t)c;
	}
	*ret = (struct symbols){ at, n };
	return 0;
}

bool symbols_have_wildcards(const struct symbols *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->at[i] > 255)
			return true;
	return false;
}

static char *to_text(struct arena *a, const uint16_t *at, size_t count)
{
	char *s = arena_alloc(a, count + 1);

	if (!s)
		return NULL;
	for (size_t i = 0; i < count; i++)
		s[i] = (char)at[i];
	s[count] = '\0';
	return s;
}

/* The longest run without a wildcard: what a match surely holds. */
static int fill_need(struct arena *a, const uint16_t *at, size_t count, struct leaf *leaf)
{
	size_t best = 0, best_at = 0, run = 0;

	for (size_t i = 0; i < count; i++) {
		run = at[i] < 256 ? run + 1 : 0;
		if (run > best) {
			best = run;
			best_at = i + 1 - run;
		}
	}
	leaf->need_len = best;
	leaf->need = best ? to_text(a, at + best_at, best) : NULL;
	return best && !leaf->need ? -ENOMEM : 0;
}

static int glob_leaf(struct arena *a, const uint16_t *at, size_t count, struct leaf *leaf)
{
	leaf->op = LEAF_GLOB;
	leaf->glob.symbols = at;
	leaf->glob.count = count;
	return fill_need(a, at, count, leaf);
}

int symbols_leaf(struct arena *a, const struct symbols *s, struct leaf *leaf)
{
	uint16_t *at = arena_alloc(a, (s->count + 1) * sizeof(*at));
	bool head, tail;
	size_t n = 0;

	if (!at)
		return -ENOMEM;
	for (size_t i = 0; i < s->count; i++)
		if (s->at[i] != SYMBOL_MANY || !n || at[n - 1] != SYMBOL_MANY)
			at[n++] = s->at[i];
	if (!n) {
		leaf->op = LEAF_EMPTY;
		return 0;
	}
	if (n == 1 && at[0] == SYMBOL_MANY) {
		leaf->op = LEAF_PRESENT;
		return 0;
	}
	head = at[0] == SYMBOL_MANY;
	tail = at[n - 1] == SYMBOL_MANY;
	for (size_t i = head; i < n - tail; i++)
		if (at[i] > 255)
			return glob_leaf(a, at, n, leaf);
	leaf->op = head && tail ? LEAF_CONTAINS
		   : head	? LEAF_ENDS
		   : tail	? LEAF_STARTS
				: LEAF_EQUAL;
	leaf->len = n - head - tail;
	leaf->text = to_text(a, at + head, leaf->len);
	return leaf->text ? 0 : -ENOMEM;
}
