/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan_block.c - clauses put into a block
 *
 * Whether an operator may join the block beneath it is decided here and nowhere else: by what SQL's
 * order of clauses computes first.
 */
#include "kql/plan_block.h"

#include <string.h>

#include "kql/func.h"

/* The engine puts a definition in the place of its name: what grows beyond this is computed
 * beneath. */
#define PLAN_WEIGHT_MAX 400u
/* Likewise of all that one step defines: each of a row's seventy columns may hold the whole row. */
#define PLAN_WEIGHT_SUM_MAX 2000u

struct block *block_new(struct planner *p)
{
	struct block *b = p->blocks < PLAN_BLOCKS_MAX ? arena_new(p->arena, struct block) : NULL;

	if (!b)
		diag_add(p->diags, p->blocks < PLAN_BLOCKS_MAX ? DIAG_MEMORY : DIAG_LIMIT,
			 (struct span){ 0, 0 }, "the query has more than %u steps",
			 PLAN_BLOCKS_MAX);
	else
		p->blocks++;
	return b;
}

/* Room doubles at each power of two. */
static void *grow(struct planner *p, void *items, uint32_t count, size_t size)
{
	void *more;

	if (count && (count & (count - 1)))
		return items;
	more = arena_zalloc(p->arena, size * (count ? count * 2 : 1));
	if (!more)
		diag_add(p->diags, DIAG_MEMORY, (struct span){ 0, 0 }, "out of memory");
	else if (count)
		memcpy(more, items, size * count);
	return more;
}

/*
 * How often the statement evaluates an argument: the engine puts lambdas, too, in their places. A
 * rough number is enough.
 */
static uint32_t copies_of(const struct bx *x)
{
	if (x->kind == BX_CAST)
		return x->args[0]->type == KQL_DYNAMIC ? 3 : 1;
	if (x->kind != BX_CALL)
		return 1;
	if (func_is_called(x->fn, "parse_json") || func_is_called(x->fn, "__arg_max") ||
	    func_is_called(x->fn, "__arg_min"))
		return 4;
	return x->fn->sql && strstr(x->fn->sql, "kql_") ? 2 : 1;
}

/* How large x is with the block's own definitions put in their places. */
static uint32_t weight_of(const struct block *b, const struct bx *x)
{
	uint32_t weight = 1, copies = copies_of(x);

	if (x->kind == BX_CALL && x->fn->values) /* each of them looks into it */
		return PLAN_WEIGHT_MAX + 1;
	for (uint32_t i = 0; x->kind == BX_COLUMN && i < b->def_count; i++)
		if (b->defs[i].column == x->column)
			return x->column->weight;
	if (x->kind == BX_COLUMN && x->column->stored && !x->column->stored->sql &&
	    x->column->stored->view) /* of the store's columns, such as JSON of many */
		return 1 + (uint32_t)strlen(x->column->stored->view) / 8;
	for (uint32_t i = 0; i < x->count && weight <= PLAN_WEIGHT_MAX; i++)
		weight += copies * weight_of(b, x->args[i]);
	return weight;
}

static bool too_heavy(const struct block *b, const struct rel *r)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; b->def_count && i < r->def_count; i++) {
		uint32_t weight = weight_of(b, r->defs[i].value);

		sum += weight;
		if (weight > PLAN_WEIGHT_MAX || sum > PLAN_WEIGHT_SUM_MAX)
			return true;
	}
	return false;
}

static bool define(struct planner *p, struct block *b, const struct definition *d)
{
	struct definition *defs = grow(p, b->defs, b->def_count, sizeof(*defs));

	if (!defs)
		return false;
	((struct column *)d->column)->weight = weight_of(b, d->value);
	b->defs = defs;
	b->defs[b->def_count++] = *d;
	return true;
}

static struct block *wrap(struct planner *p, struct block *input)
{
	struct block *b = block_new(p);

	if (b)
		b->input = input;
	return b;
}

bool block_calls(const struct bx *x, unsigned int flags)
{
	if (x->kind == BX_CALL && x->fn->flags & flags)
		return true;
	for (uint32_t i = 0; i < x->count; i++)
		if (block_calls(x->args[i], flags))
			return true;
	return false;
}

static bool cuts(const struct block *b)
{
	return b->limit || b->distinct;
}

struct block *block_filter(struct planner *p, struct block *b, const struct rel *r)
{
	const struct bx **filters;

	if (b && (b->aggregated || cuts(b) || b->windowed || b->closed ||
		  (b->def_count && weight_of(b, r->condition) > PLAN_WEIGHT_MAX)))
		b = wrap(p, b);
	if (!b)
		return NULL;
	filters = grow(p, b->filters, b->filter_count, sizeof(*filters));
	if (!filters)
		return NULL;
	b->filters = filters;
	b->filters[b->filter_count++] = r->condition;
	return b;
}

struct block *block_define(struct planner *p, struct block *b, const struct rel *r)
{
	bool once = false;

	for (uint32_t i = 0; i < r->def_count; i++)
		once |= block_calls(r->defs[i].value, FUNC_VOLATILE);
	if (b && (b->closed || too_heavy(b, r) ||
		  (once && (b->aggregated || cuts(b) || b->order_count))))
		b = wrap(p, b);
	for (uint32_t i = 0; b && i < r->def_count; i++)
		if (!define(p, b, &r->defs[i]))
			return NULL;
	if (b)
		b->closed |= once;
	return b;
}

struct block *block_aggregate(struct planner *p, struct block *b, const struct rel *r)
{
	/* An order counts for what is collected into lists. */
	if (b && (b->aggregated || cuts(b) || b->windowed || b->closed || b->order_count ||
		  too_heavy(b, r)))
		b = wrap(p, b);
	if (!b)
		return NULL;
	b->aggregated = true;
	b->keys = arena_array(p->arena, struct definition, r->key_count + 1);
	if (!b->keys)
		return NULL;
	for (uint32_t i = 0; i < r->key_count; i++) {
		b->keys[b->key_count++] = r->keys[i];
		if (!define(p, b, &r->keys[i]))
			return NULL;
	}
	b->dependent_keys = r->dependent_keys;
	b->visible_from = b->def_count;
	for (uint32_t i = 0; i < r->def_count; i++)
		if (!define(p, b, &r->defs[i]))
			return NULL;
	return b;
}

struct block *block_sort(struct planner *p, struct block *b, const struct rel *r)
{
	if (b && cuts(b))
		b = wrap(p, b);
	if (!b)
		return NULL;
	b->orders = r->orders;
	b->order_count = r->order_count;
	return b;
}

struct block *block_limit(struct planner *p, struct block *b, const struct rel *r)
{
	if (b && (b->limit || (b->distinct && r->by_count)))
		b = wrap(p, b);
	if (!b)
		return NULL;
	b->limit = r->args[0];
	b->limit_by = r->by;
	b->limit_by_count = r->by_count;
	return b;
}

struct block *block_distinct(struct planner *p, struct block *b, const struct rel *r)
{
	if (b && (cuts(b) || b->windowed))
		b = wrap(p, b);
	if (b)
		b->distinct = r;
	return b;
}

struct block *block_unnest(struct planner *p, struct block *b, const struct rel *r)
{
	if (b && (b->unnest || b->def_count || b->filter_count || b->aggregated || b->order_count ||
		  cuts(b)))
		b = wrap(p, b);
	if (b)
		b->unnest = r;
	return b;
}

/* Windows see the rows as the block beneath gives them. */
struct block *block_windows(struct planner *p, struct block *b, const struct rel *r)
{
	b = b ? wrap(p, b) : NULL;
	for (uint32_t i = 0; b && i < r->def_count; i++)
		if (!define(p, b, &r->defs[i]))
			return NULL;
	if (b)
		b->windowed = true;
	return b;
}

