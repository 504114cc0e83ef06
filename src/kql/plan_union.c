/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan_union.c - what a block asks of a union is asked of each input
 *
 * A filter goes into the inputs, to where the store's indexes can answer it. Where no filter is left
 * behind, the first rows of the union are among the first rows of its inputs, so that the limit holds
 * in each of them as well: a table that lies in the order asked for is then read no further. What
 * must not be computed in several places (random numbers, queries in the query) stays where it is.
 */
#include "kql/func.h"
#include "kql/plan_block.h"

/* Of all the copies of one expression: a long filter over many tables is better written once. */
#define COPIES_NODES_MAX 4000u

/* An expression of a block, written again over the columns of one of its union's inputs. */
struct rewriting {
	struct planner *planner;
	const struct block *block;
	uint32_t input;
	uint32_t nodes; /* written so far */
};

static const struct bx *rewrite(struct rewriting *w, const struct bx *x);

static bool must_stay(const struct bx *x)
{
	const unsigned int flags = FUNC_VOLATILE | FUNC_AGGREGATE | FUNC_WINDOW | FUNC_TUPLE;

	if (x->kind == BX_SCALAR || x->kind == BX_ROWS || x->used || x->scan)
		return true;
	/* The plan looks for the tuple that an element is of by its column. */
	return x->kind == BX_CALL && (x->fn->flags & flags || func_is_called(x->fn, "__element"));
}

static const struct bx *rewrite_column(struct rewriting *w, const struct bx *x)
{
	const struct block *b = w->block;
	const struct rel *u = b->source;

	for (uint32_t i = 0; i < b->def_count; i++)
		if (b->defs[i].column == x->column)
			return rewrite(w, b->defs[i].value);
	for (uint32_t i = 0; i < u->def_count; i++)
		if (u->defs[i].column == x->column)
			return u->values[w->input * u->def_count + i];
	return NULL;
}

/* NULL: it stays. */
static const struct bx *rewrite(struct rewriting *w, const struct bx *x)
{
	struct bx *copy;

	if (++w->nodes > COPIES_NODES_MAX || must_stay(x))
		return NULL;
	if (x->kind == BX_COLUMN)
		return rewrite_column(w, x);
	if (!x->count)
		return x;
	copy = arena_new(w->planner->arena, struct bx);
	if (!copy)
		return NULL;
	*copy = *x;
	copy->args = arena_array(w->planner->arena, struct bx *, x->count);
	for (uint32_t i = 0; i < x->count; i++) {
		const struct bx *arg = copy->args ? rewrite(w, x->args[i]) : NULL;

		if (!arg)
			return NULL;
		copy->args[i] = (struct bx *)arg;
	}
	return copy;
}

/* ret_copies: one of each input. False: it stays. */
static bool rewrite_for_all(struct planner *p, const struct block *b, const struct bx *x,
			    const struct bx **ret_copies)
{
	struct rewriting w = { .planner = p, .block = b };

	for (; w.input < b->input_count; w.input++) {
		ret_copies[w.input] = rewrite(&w, x);
		if (!ret_copies[w.input])
			return false;
	}
	return true;
}

static bool push_filters(struct planner *p, struct block *b, const struct bx **copies)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < b->filter_count; i++) {
		if (!rewrite_for_all(p, b, b->filters[i], copies)) {
			b->filters[kept++] = b->filters[i];
			continue;
		}
		for (uint32_t k = 0; k < b->input_count; k++) {
			const struct rel filter = { .condition = copies[k] };

			b->inputs[k] = block_filter(p, b->inputs[k], &filter);
			if (!b->inputs[k])
				return false;
		}
	}
	b->filter_count = kept;
	return true;
}

static bool is_cut_alone(const struct block *b)
{
	return b->limit && !b->limit_by_count && !b->distinct && !b->filter_count &&
	       !b->aggregated && !b->unnest;
}

/* sorts: of each input, in that order; a constant orders nothing. False: the order stays. */
static bool rewrite_orders(struct planner *p, const struct block *b, const struct bx **copies,
			   struct rel *sorts)
{
	for (uint32_t k = 0; k < b->input_count; k++) {
		sorts[k].orders = arena_array(p->arena, struct order, b->order_count + 1);
		if (!sorts[k].orders)
			return false;
	}
	for (uint32_t i = 0; i < b->order_count; i++) {
		if (!rewrite_for_all(p, b, b->orders[i].value, copies))
			return false;
		for (uint32_t k = 0; k < b->input_count; k++) {
			struct order o = b->orders[i];

			o.value = copies[k];
			if (o.value->kind != BX_CONST)
				sorts[k].orders[sorts[k].order_count++] = o;
		}
	}
	return true;
}

static bool push_limit(struct planner *p, struct block *b, const struct bx **copies)
{
	const struct rel limit = { .args = { b->limit } };
	struct rel *sorts = arena_array(p->arena, struct rel, b->input_count);

	if (!sorts || !rewrite_orders(p, b, copies, sorts))
		return true;
	for (uint32_t k = 0; k < b->input_count; k++) {
		if (sorts[k].order_count)
			b->inputs[k] = block_sort(p, b->inputs[k], &sorts[k]);
		b->inputs[k] = block_limit(p, b->inputs[k], &limit);
		if (!b->inputs[k])
			return false;
	}
	return true;
}

bool plan_push_into_union(struct planner *p, struct block *b)
{
	const struct bx **copies;

	if (!b->source || b->source->kind != REL_UNION || !b->input_count)
		return true;
	copies = arena_array(p->arena, const struct bx *, b->input_count);
	if (!copies)
		return true;
	return push_filters(p, b, copies) && (!is_cut_alone(b) || push_limit(p, b, copies));
}
