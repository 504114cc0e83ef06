/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_clone.c - copies relations with columns of their own
 */
#include <string.h>

#include "kql/bind.h"

#define CLONE_DEPTH_MAX 2000u
#define SHARED_MAX 64u

struct clone {
	struct binder *b;
	const struct column **map; /* old id -> new column */
	uint32_t count;
	unsigned int depth;
	bool failed;
	/* Columns that share a list of used elements do so in the copy, too. */
	bool *shared[SHARED_MAX], *copies[SHARED_MAX];
	unsigned int shared_count;
};

static const struct rel *clone_rel(struct clone *c, const struct rel *r);

static const struct column *clone_column(struct clone *c, const struct column *column)
{
	return column && column->id < c->count && c->map[column->id] ? c->map[column->id] : column;
}

static bool *clone_used(struct clone *c, const struct column *column)
{
	bool *copy;

	if (!column->used)
		return NULL;
	for (unsigned int i = 0; i < c->shared_count; i++)
		if (c->shared[i] == column->used)
			return c->copies[i];
	copy = arena_array(c->b->arena, bool, column->used_count);
	c->failed |= !copy || c->shared_count == SHARED_MAX;
	if (c->failed)
		return NULL;
	memcpy(copy, column->used, column->used_count * sizeof(bool));
	c->shared[c->shared_count] = column->used;
	c->copies[c->shared_count++] = copy;
	return copy;
}

static const struct column *new_column(struct clone *c, const struct column *column)
{
	struct column *copy = column_new(c->b, column->name, column->type, column->nullable);

	copy->stored = column->stored;
	copy->used = clone_used(c, column);
	copy->used_count = column->used_count;
	if (column->id < c->count)
		c->map[column->id] = copy;
	return copy;
}

static struct bx *clone_expr(struct clone *c, const struct bx *x)
{
	struct bx *copy;

	if (!x || c->failed)
		return NULL;
	copy = bx_new(c->b, x->kind, x->type, x->span);
	if (copy == &c->b->spare || ++c->depth > CLONE_DEPTH_MAX) {
		c->failed = true;
		return copy;
	}
	*copy = *x;
	if (x->kind == BX_COLUMN)
		copy->column = clone_column(c, x->column);
	if (x->count) {
		copy->args = arena_array(c->b->arena, struct bx *, x->count);
		for (uint32_t i = 0; copy->args && i < x->count; i++)
			copy->args[i] = clone_expr(c, x->args[i]);
		c->failed |= !copy->args;
	}
	c->depth--;
	return copy;
}

/* Keys of a distinct are columns from beneath, not new ones. */
static struct definition *clone_distinct_keys(struct clone *c, const struct rel *r)
{
	struct definition *copy = arena_array(c->b->arena, struct definition, r->key_count + 1);

	c->failed |= !copy;
	for (uint32_t i = 0; copy && i < r->key_count; i++) {
		copy[i].value = clone_expr(c, r->keys[i].value);
		copy[i].column = clone_column(c, r->keys[i].column);
	}
	return copy;
}

static struct definition *clone_defs(struct clone *c, const struct definition *defs, uint32_t count)
{
	struct definition *copy = arena_array(c->b->arena, struct definition, count + 1);

	c->failed |= !copy;
	for (uint32_t i = 0; copy && i < count; i++) {
		copy[i].value = defs[i].value ? clone_expr(c, defs[i].value) : NULL;
		copy[i].column = new_column(c, defs[i].column);
		if (copy[i].value && copy[i].value->used)
			((struct bx *)copy[i].value)->used = copy[i].column->used;
	}
	return copy;
}

static void clone_lists(struct clone *c, const struct rel *r, struct rel *copy)
{
	struct arena *a = c->b->arena;

	copy->orders = arena_array(a, struct order, r->order_count + 1);
	copy->pairs = arena_array(a, struct join_pair, r->pair_count + 1);
	copy->by = arena_array(a, const struct column *, r->by_count + 1);
	if (!copy->orders || !copy->pairs || !copy->by) {
		c->failed = true;
		return;
	}
	for (uint32_t i = 0; i < r->order_count; i++) {
		copy->orders[i] = r->orders[i];
		copy->orders[i].value = clone_expr(c, r->orders[i].value);
	}
	for (uint32_t i = 0; i < r->pair_count; i++) {
		copy->pairs[i].left = clone_expr(c, r->pairs[i].left);
		copy->pairs[i].right = clone_expr(c, r->pairs[i].right);
	}
	for (uint32_t i = 0; i < r->by_count; i++)
		copy->by[i] = clone_column(c, r->by[i]);
}

static void clone_inputs(struct clone *c, const struct rel *r, struct rel *copy)
{
	uint32_t n = (r->kind == REL_UNION ? r->input_count : r->row_count) * r->def_count;

	copy->inputs = arena_array(c->b->arena, const struct rel *, r->input_count + 1);
	copy->values = arena_array(c->b->arena, const struct bx *, n + 1);
	if (!copy->inputs || !copy->values) {
		c->failed = true;
		return;
	}
	for (uint32_t i = 0; i < r->input_count; i++)
		copy->inputs[i] = clone_rel(c, r->inputs[i]);
	for (uint32_t i = 0; i < n; i++)
		copy->values[i] = clone_expr(c, r->values[i]);
}

static const struct rel *clone_rel(struct clone *c, const struct rel *r)
{
	struct rel *copy;

	if (!r || c->failed)
		return NULL;
	copy = rel_new(c->b, r->kind, NULL);
	if (++c->depth > CLONE_DEPTH_MAX) {
		c->failed = true;
		return copy;
	}
	*copy = *r;
	copy->input = clone_rel(c, r->input);
	copy->right = clone_rel(c, r->right);
	if (r->kind == REL_UNION || r->kind == REL_VALUES)
		clone_inputs(c, r, copy);
	copy->keys = r->kind == REL_DISTINCT ? clone_distinct_keys(c, r)
					     : clone_defs(c, r->keys, r->key_count);
	copy->defs = clone_defs(c, r->defs, r->def_count);
	for (uint32_t i = 0; r->kind == REL_SCAN && i < r->def_count && copy->defs; i++)
		((struct column *)copy->defs[i].column)->scan = copy;
	copy->condition = clone_expr(c, r->condition);
	for (unsigned int i = 0; i < ARRAY_SIZE(r->args); i++)
		copy->args[i] = clone_expr(c, r->args[i]);
	clone_lists(c, r, copy);
	c->depth--;
	return copy;
}

bool bind_clone(struct binder *b, const struct table *t, struct table *ret)
{
	struct clone c = { .b = b, .count = b->next_column };
	struct table copy = { .name = t->name };

	c.map = arena_array(b->arena, const struct column *, c.count + 1);
	if (!c.map)
		return false;
	copy.rel = clone_rel(&c, t->rel);
	for (uint32_t i = 0; i < t->count; i++)
		table_push(b, &copy, t->outs[i].name, clone_column(&c, t->outs[i].column));
	if (c.failed) {
		diag_add(b->diags, DIAG_LIMIT, (struct span){ 0, 0 },
			 "a table that is used twice is too large");
		return false;
	}
	*ret = copy;
	return true;
}
