/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value.c - a field item: name, modifiers and values become leaves
 *
 * Modifiers that change values (base64, windash, contains, ...) work in the order written; the
 * others say how the result is compared. One table has them all.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "item.h"

static const struct {
	const char *name;
	enum modifier modifier;
} modifiers[] = {
	{ "contains", M_CONTAINS },
	{ "startswith", M_STARTSWITH },
	{ "endswith", M_ENDSWITH },
	{ "all", M_ALL },
	{ "windash", M_WINDASH },
	{ "base64", M_BASE64 },
	{ "base64offset", M_BASE64OFFSET },
	{ "wide", M_WIDE },
	{ "utf16le", M_WIDE },
	{ "utf16be", M_UTF16BE },
	{ "utf16", M_UTF16 },
	{ "expand", M_EXPAND },
	{ "neq", M_NEQ },
	{ "cased", M_CASED },
	{ "re", M_RE },
	{ "cidr", M_CIDR },
	{ "fieldref", M_FIELDREF },
	{ "exists", M_EXISTS },
	{ "lt", M_LT },
	{ "lte", M_LTE },
	{ "gt", M_GT },
	{ "gte", M_GTE },
	{ "minute", M_MINUTE },
	{ "hour", M_HOUR },
	{ "day", M_DAY },
	{ "week", M_WEEK },
	{ "month", M_MONTH },
	{ "year", M_YEAR },
	{ "i", M_I },
	{ "ignorecase", M_I },
	{ "m", M_M },
	{ "multiline", M_M },
	{ "s", M_S },
	{ "dotall", M_S },
};

static int add_leaf(struct item *it, const struct leaf *leaf)
{
	int r =
	    item_grow(it, (void **)&it->exprs, &it->expr_cap, it->expr_count, sizeof(*it->exprs));
	struct expr *e;

	if (r < 0)
		return r;
	e = expr_new(it->arena, EXPR_LEAF, 0);
	if (!e)
		return -ENOMEM;
	e->leaf = *leaf;
	e->leaf.field = it->field;
	it->exprs[it->expr_count++] = e;
	return 0;
}

/* ---- key ---- */

static int apply_modifier(struct item *it, enum modifier m, const char *name)
{
	if (m <= M_EXPAND) {
		it->transforms = true;
	} else if (m == M_ALL) {
		it->all = true;
	} else if (m == M_NEQ) {
		it->neq = true;
	} else if (m == M_CASED) {
		it->cased = true;
	} else if (m >= M_I) {
		if (it->kind != M_RE)
			return reader_refuse(it->reader, it->key, "'%s' belongs behind 're'", name);
		it->regex_options |= m == M_I	? PCRE2_CASELESS
				     : m == M_M ? PCRE2_MULTILINE
						: PCRE2_DOTALL;
	} else if (m >= M_MINUTE) {
		it->time = (enum leaf_time)(TIME_MINUTE + (m - M_MINUTE));
	} else if (it->kind >= 0) {
		return reader_refuse(it->reader, it->key,
				     "'%s' cannot stand with another kind of comparison", name);
	} else {
		it->kind = (int)m;
	}
	it->order[it->count++] = m;
	return 0;
}

static int find_modifier(struct item *it, const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(modifiers); i++)
		if (strlen(modifiers[i].name) == len && !memcmp(modifiers[i].name, name, len))
			return apply_modifier(it, modifiers[i].modifier, modifiers[i].name);
	return reader_refuse_at(
	    it->reader, it->key->line, it->key->column + (unsigned int)(name - it->key->text),
	    "there is no modifier '%.*s'; known are contains, startswith, "
	    "endswith, all, re, cidr, windash, base64, base64offset, wide, "
	    "utf16le, utf16be, utf16, expand, cased, neq, fieldref, exists, lt, "
	    "lte, gt, gte, minute, hour, day, week, month, year and for re i, "
	    "m, s",
	    (int)MIN(len, (size_t)64), name);
}

static int check_modifiers(struct item *it)
{
	bool shape_only = true;

	for (unsigned int i = 0; i < it->count; i++)
		shape_only =
		    shape_only && (it->order[i] > M_ENDSWITH ? it->order[i] > M_EXPAND : true);
	if (it->kind >= 0 && it->transforms && !(it->kind == M_FIELDREF && shape_only))
		return reader_refuse(it->reader, it->key,
				     "a modifier that changes text cannot stand with 're', 'cidr', "
				     "'exists' or a comparison of numbers");
	if (it->cased && it->kind >= 0 && it->kind != M_FIELDREF)
		return reader_refuse(it->reader, it->key, "'cased' compares text only");
	if (it->time && (it->transforms || (it->kind >= 0 && it->kind < M_LT)))
		return reader_refuse(it->reader, it->key,
				     "a part of time is compared as a number only");
	if (it->field == FIELD_ANY && (it->kind == M_FIELDREF || it->kind == M_EXISTS || it->time))
		return reader_refuse(it->reader, it->key, "this modifier needs a field name");
	return 0;
}

static int read_key(struct item *it)
{
	const char *at = it->key->text, *end = at + it->key->len;
	const char *bar = memchr(at, '|', it->key->len);
	size_t len = bar ? (size_t)(bar - at) : it->key->len;
	int64_t field;
	int r;

	it->field = FIELD_ANY;
	if (len > RULE_FIELD_NAME_MAX || memchr(at, '\0', len))
		return reader_refuse(it->reader, it->key,
				     "a field name has at most %u characters and no NUL",
				     RULE_FIELD_NAME_MAX);
	if (len) {
		field = pool_field(it->reader->pool, at, len);
		if (field == -ENOSPC)
			return reader_refuse(it->reader, it->key, "more than %u different fields",
					     RULE_FIELDS_MAX);
		if (field < 0)
			return (int)field;
		it->field = (unsigned int)field;
	}
	while (bar) {
		const char *name = bar + 1;

		bar = memchr(name, '|', (size_t)(end - name));
		if (it->count == MODIFIERS_MAX)
			return reader_refuse(it->reader, it->key, "more than %d modifiers",
					     MODIFIERS_MAX);
		r = find_modifier(it, name, (size_t)((bar ? bar : end) - name));
		if (r < 0)
			return r;
	}
	return check_modifiers(it);
}

/* ---- values ---- */

static int add_text_value(struct item *it, const struct tree_node *v)
{
	struct symbols s;
	int r = symbols_parse(it->arena, v->text, v->len, &s);

	if (r == 0)
		r = item_transform(it, s);
	for (unsigned int i = 0; r == 0 && i < it->text_count; i++) {
		struct leaf leaf = { .cased = it->cased };
		struct symbols *t = &it->texts[i];
		uint16_t *around;

		/* A keyword may stand anywhere in a value. */
		if (it->field == FIELD_ANY) {
			around = arena_alloc(it->arena, (t->count + 2) * sizeof(*around));
			if (!around)
				return -ENOMEM;
			around[0] = around[t->count + 1] = SYMBOL_MANY;
			memcpy(around + 1, t->at, t->count * sizeof(*around));
			*t = (struct symbols){ around, t->count + 2 };
		}
		r = symbols_leaf(it->arena, t, &leaf);
		if (r == 0)
			r = add_leaf(it, &leaf);
	}
	return r;
}

static int add_regex(struct item *it, const struct tree_node *v)
{
	struct leaf leaf = { .op = LEAF_REGEX };
	struct err err = { 0 };
	int r = regex_compile(v->text, v->len, it->regex_options, &leaf.regex, &err);

	if (r == -EBADMSG)
		return reader_refuse(it->reader, v, "regular expression: %s", err.msg);
	if (r == 0)
		r = pool_own_regex(it->reader->pool, leaf.regex);
	if (r < 0)
		return r;
	regex_required(it->arena, v->text, v->len, it->regex_options & PCRE2_CASELESS, &leaf);
	return add_leaf(it, &leaf);
}

static int add_cidr(struct item *it, const struct tree_node *v)
{
	struct leaf leaf = { .op = LEAF_CIDR };
	char text[INET6_ADDRSTRLEN];
	const char *slash = strchr(v->text, '/');
	size_t len = slash ? (size_t)(slash - v->text) : v->len;
	struct in_addr v4;
	char *end = NULL;
	unsigned long bits =
	    slash && isdigit((unsigned char)slash[1]) ? strtoul(slash + 1, &end, 10) : 128;

	if (len < sizeof(text) && slash && end && !*end && strlen(v->text) == v->len) {
		memcpy(text, v->text, len);
		text[len] = '\0';
		if (bits <= 32 && inet_pton(AF_INET, text, &v4) == 1) {
			memset(leaf.cidr.address + 10, 0xff, 2);
			memcpy(leaf.cidr.address + 12, &v4, 4);
			leaf.cidr.prefix = (unsigned int)bits + 96;
			return add_leaf(it, &leaf);
		}
		if (bits <= 128 && inet_pton(AF_INET6, text, leaf.cidr.address) == 1) {
			leaf.cidr.prefix = (unsigned int)bits;
			return add_leaf(it, &leaf);
		}
	}
	return reader_refuse(it->reader, v,
			     "'%.64s' is no network; right would be 10.0.0.0/8 or 2001:db8::/32",
			     v->text);
}

static int add_fieldref(struct item *it, const struct tree_node *v)
{
	struct leaf leaf = { .op = LEAF_FIELD, .cased = it->cased };
	int64_t other;

	if (!v->len || v->len > RULE_FIELD_NAME_MAX || memchr(v->text, '\0', v->len))
		return reader_refuse(it->reader, v, "'fieldref' needs the name of a field");
	other = pool_field(it->reader->pool, v->text, v->len);
	if (other == -ENOSPC)
		return reader_refuse(it->reader, v, "more than %u different fields",
				     RULE_FIELDS_MAX);
	if (other < 0)
		return (int)other;
	leaf.ref.other = (unsigned int)other;
	leaf.ref.shape = LEAF_EQUAL;
	for (unsigned int i = 0; i < it->count; i++)
		if (it->order[i] <= M_ENDSWITH)
			leaf.ref.shape = it->order[i] == M_CONTAINS	? LEAF_CONTAINS
					 : it->order[i] == M_STARTSWITH ? LEAF_STARTS
									: LEAF_ENDS;
	return add_leaf(it, &leaf);
}

static int add_exists(struct item *it, const struct tree_node *v)
{
	struct leaf leaf = { .op = LEAF_EXISTS };

	if (strcasecmp(v->text, "true") && strcasecmp(v->text, "yes") &&
	    strcasecmp(v->text, "false") && strcasecmp(v->text, "no"))
		return reader_refuse(it->reader, v, "'exists' is true or false, not '%.64s'",
				     v->text);
	leaf.wanted = strchr("tTyY", v->text[0]) != NULL;
	return add_leaf(it, &leaf);
}

static int add_number(struct item *it, const struct tree_node *v)
{
	static const enum leaf_compare compare[] = { COMPARE_LT, COMPARE_LTE, COMPARE_GT,
						     COMPARE_GTE };
	struct leaf leaf = { .op = LEAF_NUMBER };
	char *end;

	leaf.number.value = strtod(v->text, &end);
	if (end == v->text || *end || strlen(v->text) != v->len || !isfinite(leaf.number.value))
		return reader_refuse(it->reader, v, "'%.64s' is no number", v->text);
	leaf.number.compare = it->kind < 0 ? COMPARE_EQ : compare[it->kind - M_LT];
	leaf.number.part = it->time;
	return add_leaf(it, &leaf);
}

static int add_null(struct item *it, const struct tree_node *v)
{
	struct leaf leaf = { .op = LEAF_NULL };

	if (it->field == FIELD_ANY || it->kind >= 0 || it->transforms || it->time)
		return reader_refuse(it->reader, v,
				     "null is compared only with a field that has no modifiers; "
				     "empty text is written ''");
	return add_leaf(it, &leaf);
}

static int add_value(struct item *it, const struct tree_node *v)
{
	if (v->kind != TREE_SCALAR)
		return reader_refuse(it->reader, v, "a value is text, a number or null, not a %s",
				     v->kind == TREE_MAP ? "map" : "list in a list");
	if (v->len > RULE_VALUE_MAX)
		return reader_refuse(it->reader, v, "a value has at most %u bytes", RULE_VALUE_MAX);
	if (tree_is_null(v))
		return add_null(it, v);
	switch (it->kind) {
	case M_RE:
		return add_regex(it, v);
	case M_CIDR:
		return add_cidr(it, v);
	case M_FIELDREF:
		return add_fieldref(it, v);
	case M_EXISTS:
		return add_exists(it, v);
	case -1:
		return it->time ? add_number(it, v) : add_text_value(it, v);
	default:
		return add_number(it, v);
	}
}

static struct expr *join_texts(struct item *it, unsigned int from)
{
	return expr_join(it->arena, EXPR_OR, it->exprs + from, it->expr_count - from);
}

/* With `all` each value must hold, in one of the forms that modifiers gave it. */
static int add_values(struct item *it, const struct tree_node *value)
{
	unsigned int n = value->kind == TREE_LIST ? value->count : 1;

	if (!n)
		return reader_refuse(it->reader, value, "an empty list matches nothing");
	for (unsigned int i = 0; i < n; i++) {
		unsigned int from = it->expr_count;
		struct expr *one;
		int r = add_value(it, value->kind == TREE_LIST ? value->items[i] : value);

		if (r < 0)
			return r;
		if (!it->all)
			continue;
		one = join_texts(it, from);
		if (!one)
			return -ENOMEM;
		it->exprs[from] = one;
		it->expr_count = from + 1;
	}
	return 0;
}

int value_read(struct reader *r, const struct tree_node *key, const struct tree_node *value,
	       struct expr **ret_expr)
{
	struct item it = { .reader = r, .arena = &r->pool->arena, .field = FIELD_ANY, .kind = -1 };
	struct expr *e;
	int res = 0;

	it.key = key ? key : value;
	if (key)
		res = read_key(&it);
	if (res == 0)
		res = add_values(&it, value);
	if (res < 0)
		return res;
	e = expr_join(it.arena, it.all ? EXPR_AND : EXPR_OR, it.exprs, it.expr_count);
	if (e && it.neq)
		e = expr_not(it.arena, e);
	if (!e)
		return -ENOMEM;
	*ret_expr = e;
	return 0;
}
