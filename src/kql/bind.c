/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind.c - the binder's nodes: expressions, columns, relations
 */
#include "kql/bind.h"

#include <string.h>

struct bx *bx_new(struct binder *b, enum bx_kind kind, enum kql_type type, struct span span)
{
	struct bx *x = b->nodes < BIND_NODES_MAX ? arena_new(b->arena, struct bx) : NULL;

	if (!x) {
		diag_add(b->diags, b->nodes < BIND_NODES_MAX ? DIAG_MEMORY : DIAG_LIMIT, span,
			 "the query is too large once its functions are put in their places");
		b->spare = (struct bx){ .kind = BX_CONST, .type = KQL_UNKNOWN, .null = true };
		return &b->spare;
	}
	b->nodes++;
	x->kind = (uint8_t)kind;
	x->type = (uint8_t)type;
	x->span = span;
	return x;
}

bool bind_enter(struct binder *b, struct span at)
{
	if (b->depth < BIND_DEPTH_MAX) {
		b->depth++;
		return true;
	}
	diag_add(b->diags, DIAG_LIMIT, at, "nested deeper than %u levels", BIND_DEPTH_MAX);
	return false;
}

void bind_leave(struct binder *b)
{
	b->depth--;
}

struct bx *bx_bad(struct binder *b, struct span span)
{
	return bx_null(b, KQL_UNKNOWN, span);
}

struct bx *bx_null(struct binder *b, enum kql_type type, struct span span)
{
	struct bx *x = bx_new(b, BX_CONST, type, span);

	x->null = type != KQL_STRING;
	x->nullable = x->null;
	if (type == KQL_STRING)
		x->s = "";
	return x;
}

struct bx *bx_column(struct binder *b, const struct column *c, struct span span)
{
	struct bx *x = bx_new(b, BX_COLUMN, c->type, span);

	if (x == &b->spare)
		return x;
	x->column = c;
	x->nullable = c->nullable;
	return x;
}

struct bx *bx_long(struct binder *b, int64_t value, struct span span)
{
	struct bx *x = bx_new(b, BX_CONST, KQL_LONG, span);

	x->i = value;
	return x;
}

struct bx *bx_text(struct binder *b, enum kql_type type, const char *s, size_t len,
		   struct span span)
{
	struct bx *x = bx_new(b, BX_CONST, type, span);

	x->s = s;
	x->len = (uint32_t)len;
	return x;
}

bool bx_is_const(const struct bx *x)
{
	return x->kind == BX_CONST && !x->null && x->type != KQL_UNKNOWN;
}

struct bx *bx_cast(struct binder *b, struct bx *x, enum kql_type type)
{
	struct bx *cast;

	if (x->type == type || x->type == KQL_UNKNOWN || type == KQL_UNKNOWN)
		return x;
	cast = bx_new(b, BX_CAST, type, x->span);
	cast->args = arena_array(b->arena, struct bx *, 1);
	if (!cast->args)
		return bx_bad(b, x->span);
	cast->args[0] = x;
	cast->count = 1;
	cast->nullable = x->nullable || !kql_type_is_number(x->type) || !kql_type_is_number(type) ||
			 (type == KQL_INT && x->type != KQL_INT) ||
			 (type == KQL_LONG && x->type != KQL_INT);
	if (type == KQL_STRING)
		cast->nullable = false;
	return bind_fold(b, cast);
}

struct column *column_new(struct binder *b, const char *name, enum kql_type type, bool nullable)
{
	struct column *c = arena_new(b->arena, struct column);
	static struct column spare = { .name = "" };

	if (!c) {
		diag_add(b->diags, DIAG_MEMORY, (struct span){ 0, 0 }, "out of memory");
		return &spare;
	}
	c->id = b->next_column++;
	c->name = name;
	c->type = type;
	c->nullable = nullable && type != KQL_STRING;
	return c;
}

struct rel *rel_new(struct binder *b, enum rel_kind kind, const struct rel *input)
{
	struct rel *r = arena_new(b->arena, struct rel);
	static struct rel spare;

	if (!r) {
		diag_add(b->diags, DIAG_MEMORY, (struct span){ 0, 0 }, "out of memory");
		spare = (struct rel){ .kind = REL_VALUES };
		return &spare;
	}
	r->kind = (uint8_t)kind;
	r->input = input;
	return r;
}

/* Room for one more: doubles at each power of two. */
static void *grow(struct binder *b, void *items, uint32_t count, size_t size)
{
	void *more;

	if (count && (count & (count - 1)))
		return items;
	more = arena_zalloc(b->arena, size * (count ? count * 2 : 1));
	if (!more) {
		diag_add(b->diags, DIAG_MEMORY, (struct span){ 0, 0 }, "out of memory");
		return NULL;
	}
	if (count)
		memcpy(more, items, size * count);
	return more;
}

const struct column *rel_define(struct binder *b, struct rel *r, const char *name,
				const struct bx *value)
{
	struct column *c = column_new(b, name, value->type, value->nullable);
	struct definition *defs = grow(b, r->defs, r->def_count, sizeof(*defs));

	if (!defs)
		return c;
	r->defs = defs;
	r->defs[r->def_count++] = (struct definition){ c, value };
	return c;
}

void table_push(struct binder *b, struct table *t, const char *name, const struct column *c)
{
	struct output *outs;

	if (t->count == BIND_COLUMNS_MAX) {
		diag_add(b->diags, DIAG_LIMIT, (struct span){ 0, 0 },
			 "a table has at most %u columns", BIND_COLUMNS_MAX);
		return;
	}
	outs = grow(b, t->outs, t->count, sizeof(*outs));
	if (!outs)
		return;
	t->outs = outs;
	t->outs[t->count++] = (struct output){ name, c };
}

const struct output *table_find(const struct table *t, const char *name)
{
	for (uint32_t i = 0; t && i < t->count; i++)
		if (!strcmp(t->outs[i].name, name))
			return &t->outs[i];
	/* What detections of the logs service call it. */
	if (t && !strcmp(name, "TimeGenerated"))
		return table_find(t, "Timestamp");
	return NULL;
}

void table_copy(struct binder *b, const struct table *from, struct table *ret)
{
	struct table t = { .rel = from->rel, .name = from->name };

	for (uint32_t i = 0; i < from->count; i++)
		table_push(b, &t, from->outs[i].name, from->outs[i].column);
	*ret = t;
}

void table_set(struct binder *b, struct table *t, const char *name, const struct column *c)
{
	for (uint32_t i = 0; i < t->count; i++) {
		if (strcmp(t->outs[i].name, name) != 0)
			continue;
		t->outs[i].column = c;
		return;
	}
	table_push(b, t, name, c);
}

const char *table_free_name(struct binder *b, const struct table *t, const char *wanted)
{
	const char *name = wanted;

	for (unsigned int i = 1; table_find(t, name) && i <= BIND_COLUMNS_MAX; i++) {
		name = arena_printf(b->arena, "%s%u", wanted, i);
		if (!name)
			return wanted;
	}
	return name;
}

struct rel *table_extend(struct binder *b, struct table *t)
{
	struct rel *r = rel_new(b, REL_EXTEND, t->rel);

	t->rel = r;
	return r;
}

const struct column *table_column(struct binder *b, struct table *t, const char *name, struct bx *x)
{
	if (x->kind == BX_COLUMN)
		return x->column;
	return rel_define(b, table_extend(b, t), name, x);
}

void table_filter(struct binder *b, struct table *t, struct bx *condition)
{
	struct rel *r = rel_new(b, REL_FILTER, t->rel);

	r->condition = condition;
	t->rel = bind_push_filter(b, r);
}
