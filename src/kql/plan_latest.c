/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan_latest.c - the latest row of each device, without reading the others
 *
 * arg_max(Timestamp, ...) by DeviceId would read all its columns of all rows, to keep one row of each
 * device. The store's tables lie by device and time: which rows these are is found by the two columns
 * alone, and the others are then read in a few places. Both readings see the same rows: the engine
 * gives all of a statement one view of a table. Only over a table itself, where nothing else is
 * computed of the rows, filters do not tell another thing the second time, and do not read more than is
 * spared.
 */
#include <string.h>

#include "kql/func.h"
#include "kql/plan_block.h"

static bool is_stored(const struct block *b, const struct bx *x, const char *name)
{
	return x->kind == BX_COLUMN && x->column->scan == b->source && x->column->stored->sql &&
	       (!name || !strcmp(x->column->stored->sql, name)) && !x->nullable;
}

/* Of the table's own columns alone, and the same each time. */
static bool is_repeatable(const struct block *b, const struct bx *x)
{
	if (x->kind == BX_COLUMN)
		return x->column->scan == b->source;
	if (x->kind == BX_SCALAR || x->kind == BX_ROWS ||
	    (x->kind == BX_CALL && x->fn->flags & FUNC_VOLATILE))
		return false;
	for (uint32_t i = 0; i < x->count; i++)
		if (!is_repeatable(b, x->args[i]))
			return false;
	return true;
}

static bool is_extreme(const struct block *b, const struct bx *x)
{
	return x->kind == BX_CALL && x->used && is_stored(b, x->args[0], "Timestamp") &&
	       (func_is_called(x->fn, "__arg_max") || func_is_called(x->fn, "__arg_min"));
}

/* The only aggregate of the block; NULL: there are others, or it is of another kind. */
static const struct bx *lone_extreme(const struct block *b)
{
	const struct bx *found = NULL;

	for (uint32_t i = b->visible_from; i < b->def_count; i++) {
		const struct bx *x = b->defs[i].value;

		if (!block_calls(x, FUNC_AGGREGATE))
			continue;
		if (found || !is_extreme(b, x))
			return NULL;
		found = x;
	}
	return found;
}

/* How many columns of texts x reads: most of what a row costs. */
static uint32_t texts_read(const struct bx *x)
{
	const struct kql_table_column *stored = x->kind == BX_COLUMN ? x->column->stored : NULL;
	uint32_t count = 0;

	if (stored)
		return (stored->type == KQL_STRING || stored->type == KQL_DYNAMIC) &&
		       (stored->sql || stored->view) && !stored->low_cardinality;
	for (uint32_t i = 0; i < x->count; i++)
		count += texts_read(x->args[i]);
	return count;
}

/* Of the rows that are not kept. */
static uint32_t texts_spared(const struct bx *extreme)
{
	uint32_t count = 0;

	for (uint32_t i = 1; i < extreme->count; i++)
		if (extreme->used[i])
			count += texts_read(extreme->args[i]);
	return count;
}

void plan_find_latest(struct block *b)
{
	const struct rel *r = b->source;
	const struct bx *extreme;
	uint32_t read_twice = 0;

	if (!r || r->kind != REL_SCAN || !r->table->stored || r->table->replaced ||
	    !b->aggregated || b->unnest || b->key_count > 1 ||
	    (b->key_count && !is_stored(b, b->keys[0].value, "DeviceId")))
		return;
	for (uint32_t i = 0; i < b->filter_count; i++) {
		if (!is_repeatable(b, b->filters[i]))
			return;
		read_twice += texts_read(b->filters[i]);
	}
	extreme = lone_extreme(b);
	if (extreme && texts_spared(extreme) > read_twice)
		b->extreme = extreme;
}
