/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transform.c - modifiers that make other text of a value: shapes, dashes, encodings, placeholders
 *
 * Each may make several values of one; all are bounded by RULE_VALUES_MAX.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "item.h"

int item_grow(struct item *it, void **array, unsigned int *cap, unsigned int count, size_t size)
{
	unsigned int bigger = *cap ? *cap * 2 : 8;
	void *p;

	if (count < *cap)
		return 0;
	if (count >= RULE_VALUES_MAX)
		return reader_refuse(it->reader, it->key, "more than %u values", RULE_VALUES_MAX);
	p = arena_alloc(it->arena, bigger * size);
	if (!p)
		return -ENOMEM;
	if (count)
		memcpy(p, *array, count * size);
	*array = p;
	*cap = bigger;
	return 0;
}

static int add_text(struct item *it, struct symbols s)
{
	int r =
	    item_grow(it, (void **)&it->texts, &it->text_cap, it->text_count, sizeof(*it->texts));

	if (r < 0)
		return r;
	if (s.count > RULE_VALUE_MAX * 4)
		return reader_refuse(it->reader, it->key, "a value grows over %u bytes",
				     RULE_VALUE_MAX * 4);
	it->texts[it->text_count++] = s;
	return 0;
}

static bool word(uint16_t c)
{
	return c < 128 ? isalnum(c) || c == '_' : c < 256;
}

/* A dash or slash that begins an option: not behind a word character, before one. */
static bool begins_option(const struct symbols *s, size_t i)
{
	return (s->at[i] == '-' || s->at[i] == '/') && (i == 0 || !word(s->at[i - 1])) &&
	       i + 1 < s->count && word(s->at[i + 1]);
}

/* in with the bytes from .. from+drop replaced by text. */
static int replaced(struct item *it, const struct symbols *in, size_t from, size_t drop,
		    const char *text, struct symbols *ret)
{
	size_t len = strlen(text);
	uint16_t *at = arena_alloc(it->arena, (in->count - drop + len + 1) * sizeof(*at));

	if (!at)
		return -ENOMEM;
	memcpy(at, in->at, from * sizeof(*at));
	for (size_t i = 0; i < len; i++)
		at[from + i] = (uint8_t)text[i];
	memcpy(at + from + len, in->at + from + drop, (in->count - from - drop) * sizeof(*at));
	*ret = (struct symbols){ at, in->count - drop + len };
	return 0;
}

/* Every way to write the options of in; bounded by RULE_VALUES_MAX. */
static int add_windash(struct item *it, const struct symbols *in, size_t from)
{
	static const char *const dashes[] = { "-", "/", "\xe2\x80\x93", "\xe2\x80\x94",
					      "\xe2\x80\x95" };
	size_t i = from;

	while (i < in->count && !begins_option(in, i))
		i++;
	if (i == in->count)
		return add_text(it, *in);
	for (size_t d = 0; d < ARRAY_SIZE(dashes); d++) {
		struct symbols out;
		int r = replaced(it, in, i, 1, dashes[d], &out);

		if (r == 0)
			r = add_windash(it, &out, i + strlen(dashes[d]));
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_expanded(struct item *it, const struct symbols *in, size_t from)
{
	char name[RULE_FIELD_NAME_MAX];
	const struct placeholder *p;
	size_t i = from, len = 0;

	while (i < in->count && in->at[i] != '%')
		i++;
	while (i + 1 + len < in->count && in->at[i + 1 + len] != '%' && len < sizeof(name)) {
		name[len] = (char)in->at[i + 1 + len];
		len++;
	}
	if (i >= in->count || !len || i + 1 + len >= in->count || len == sizeof(name))
		return add_text(it, *in);
	p = map_get(it->reader->pool->placeholders, name, len);
	if (!p)
		return reader_refuse(it->reader, it->key,
				     "the placeholder %%%.*s%% has no values here; give it some or "
				     "leave the rule out",
				     (int)len, name);
	for (unsigned int k = 0; k < p->count; k++) {
		struct symbols out;
		int r = replaced(it, in, i, len + 2, p->values[k], &out);

		if (r == 0)
			r = add_expanded(it, &out, i + strlen(p->values[k]));
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_shaped(struct item *it, const struct symbols *in, enum modifier m)
{
	uint16_t *at = arena_alloc(it->arena, (in->count + 2) * sizeof(*at));
	size_t n = 0;

	if (!at)
		return -ENOMEM;
	if (m != M_STARTSWITH)
		at[n++] = SYMBOL_MANY;
	memcpy(at + n, in->at, in->count * sizeof(*at));
	n += in->count;
	if (m != M_ENDSWITH)
		at[n++] = SYMBOL_MANY;
	return add_text(it, (struct symbols){ at, n });
}

static int add_base64(struct item *it, const struct symbols *in, enum modifier m)
{
	unsigned int offsets = m == M_BASE64 ? 1 : 3;

	if (symbols_have_wildcards(in))
		return reader_refuse(
		    it->reader, it->key,
		    "base64 of a wildcard does not exist; 'contains' belongs behind "
		    "'base64offset', and * or ? are written \\* and \\?");
	for (unsigned int i = 0; i < offsets; i++) {
		struct symbols out;
		int r = encode_base64(it->arena, in, i, m == M_BASE64OFFSET, &out);

		if (r == 0)
			r = add_text(it, out);
		if (r < 0)
			return r;
	}
	return 0;
}

static int transform_one(struct item *it, const struct symbols *in, enum modifier m)
{
	struct symbols out;
	int r;

	switch (m) {
	case M_CONTAINS:
	case M_STARTSWITH:
	case M_ENDSWITH:
		return add_shaped(it, in, m);
	case M_WINDASH:
		return add_windash(it, in, 0);
	case M_BASE64:
	case M_BASE64OFFSET:
		return add_base64(it, in, m);
	case M_EXPAND:
		return add_expanded(it, in, 0);
	default:
		r = encode_utf16(it->arena, in, m == M_UTF16BE, m == M_UTF16, &out);
		return r < 0 ? r : add_text(it, out);
	}
}

int item_transform(struct item *it, struct symbols in)
{
	int r;

	it->texts = NULL;
	it->text_count = it->text_cap = 0;
	r = add_text(it, in);
	for (unsigned int i = 0; r == 0 && i < it->count; i++) {
		struct symbols *old = it->texts;
		unsigned int n = it->text_count;

		if (it->order[i] > M_EXPAND)
			continue;
		it->texts = NULL;
		it->text_count = it->text_cap = 0;
		for (unsigned int k = 0; r == 0 && k < n; k++)
			r = transform_one(it, &old[k], it->order[i]);
	}
	return r;
}
