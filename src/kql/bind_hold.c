/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_hold.c - tables whose random values must be the same wherever they are read
 *
 * The engine computes a table anew at each place. One with random values becomes a single value, an
 * array of its rows, which the engine computes once a statement.
 */
#include "kql/bind.h"
#include "kql/bind_source.h"

static bool is_random(const struct bx *x)
{
	if (x->kind == BX_CALL && x->fn->flags & FUNC_VOLATILE &&
	    !func_is_called(x->fn, "__row_id"))
		return true;
	for (uint32_t i = 0; i < x->count; i++)
		if (is_random(x->args[i]))
			return true;
	return false;
}

static bool any_random(const struct definition *defs, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (defs[i].value && is_random(defs[i].value))
			return true;
	return false;
}

bool bind_is_random(const struct rel *r)
{
	for (; r; r = r->input) {
		if (any_random(r->defs, r->def_count) || any_random(r->keys, r->key_count) ||
		    (r->condition && is_random(r->condition)))
			return true;
		for (uint32_t i = 0; i < r->order_count; i++)
			if (is_random(r->orders[i].value))
				return true;
		for (uint32_t i = 0; i < r->input_count; i++)
			if (bind_is_random(r->inputs[i]))
				return true;
		if (r->right && bind_is_random(r->right))
			return true;
	}
	return false;
}

/* All rows as one array of arrays. */
static struct bx *rows_of(struct binder *b, const struct table *t, struct span at)
{
	struct rel *all = rel_new(b, REL_AGGREGATE, t->rel);
	struct bx **cells = arena_array(b->arena, struct bx *, t->count + 1), *row, *x;

	if (!cells)
		return bx_bad(b, at);
	for (uint32_t i = 0; i < t->count; i++)
		cells[i] = bx_column(b, t->outs[i].column, at);
	row = bind_overload(b, "pack_array", cells, t->count, at);
	x = bx_new(b, BX_SCALAR, KQL_DYNAMIC, at);
	if (x == &b->spare)
		return x;
	x->result = rel_define(b, all, "rows", bx_call(b, "__collect", at, 1, row));
	x->rel = all;
	return x;
}

void bind_hold(struct binder *b, struct table *t, struct span at)
{
	struct rel *one = rel_new(b, REL_EXTEND, bind_values(b, 1)), *unnest, *cells;
	struct table held = { .name = t->name };
	const struct column *rows, *row;

	if (!bind_is_random(t->rel))
		return;
	rows = rel_define(b, one, "rows", rows_of(b, t, at));
	unnest = rel_new(b, REL_UNNEST, one);
	row = rel_define(b, unnest, "row", bx_column(b, rows, at));
	cells = rel_new(b, REL_EXTEND, unnest);
	for (uint32_t i = 0; i < t->count; i++) {
		struct bx *item = bx_call(b, "__item", at, 1, bx_column(b, row, at));
		struct bx *x = bx_call(b, "[]", at, 2, item, bx_long(b, i, at));

		x = bx_cast(b, x, t->outs[i].column->type);
		table_push(b, &held, t->outs[i].name, rel_define(b, cells, t->outs[i].name, x));
	}
	held.rel = cells;
	*t = held;
}
