/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.c - relations to blocks, and of each only what somebody reads
 */
#include "kql/plan.h"

#include "kql/func.h"
#include "kql/plan_block.h"

#define PLAN_DEPTH_MAX 500u

static struct block *build(struct planner *p, const struct rel *r);

static struct block *build_source(struct planner *p, const struct rel *r)
{
	struct block *b = block_new(p);

	if (!b)
		return NULL;
	b->source = r;
	if (r->kind == REL_JOIN) {
		b->input = build(p, r->input);
		b->right = build(p, r->right);
		return b->input && b->right ? b : NULL;
	}
	if (r->kind != REL_UNION)
		return b;
	b->inputs = arena_array(p->arena, struct block *, r->input_count);
	for (uint32_t i = 0; b->inputs && i < r->input_count; i++) {
		b->inputs[i] = build(p, r->inputs[i]);
		if (!b->inputs[i])
			return NULL;
	}
	b->input_count = r->input_count;
	return b->inputs ? b : NULL;
}

static struct block *build_step(struct planner *p, const struct rel *r)
{
	switch ((enum rel_kind)r->kind) {
	case REL_FILTER:
		return block_filter(p, build(p, r->input), r);
	case REL_EXTEND:
		return block_define(p, build(p, r->input), r);
	case REL_AGGREGATE:
		return block_aggregate(p, build(p, r->input), r);
	case REL_SORT:
		return block_sort(p, build(p, r->input), r);
	case REL_LIMIT:
		return block_limit(p, build(p, r->input), r);
	case REL_DISTINCT:
		return block_distinct(p, build(p, r->input), r);
	case REL_UNNEST:
		return block_unnest(p, build(p, r->input), r);
	case REL_WINDOW:
		return block_windows(p, build(p, r->input), r);
	default:
		return build_source(p, r);
	}
}

static struct block *build(struct planner *p, const struct rel *r)
{
	struct block *b;

	if (++p->depth > PLAN_DEPTH_MAX) {
		diag_add(p->diags, DIAG_LIMIT, (struct span){ 0, 0 },
			 "the query has more than %u steps one behind the other", PLAN_DEPTH_MAX);
		return NULL;
	}
	b = build_step(p, r);
	p->depth--;
	return b;
}

static void need_column(const struct column *c)
{
	((struct column *)c)->needed = true;
}

static void need(const struct bx *x)
{
	if (x->kind == BX_COLUMN)
		need_column(x->column);
	if (x->kind == BX_CALL && func_is_called(x->fn, "__element")) {
		const struct column *tuple = x->args[0]->column;

		if (tuple->used)
			tuple->used[x->args[1]->i] = true;
	}
	for (uint32_t i = 0; i < x->count; i++)
		need(x->args[i]);
}

/* Whether the first argument chooses the row. */
static bool decides(const struct func *f)
{
	return func_is_called(f, "__arg_max") || func_is_called(f, "__arg_min");
}

/* Of a tuple's aggregate only the elements that are read, and what decides. */
static void need_definition(const struct definition *d)
{
	const struct bx *x = d->value;

	if (!d->column->used) {
		need(x);
		return;
	}
	for (uint32_t i = 0; i < x->count; i++)
		if (d->column->used[i] || (!i && decides(x->fn)))
			need(x->args[i]);
}

static void output(struct block *b, const struct column *c)
{
	if (c->needed)
		b->outputs[b->output_count++] = c;
}

static uint32_t source_columns(const struct block *b);

static uint32_t produced(const struct block *b)
{
	return source_columns(b) + b->def_count + b->key_count +
	       (b->unnest ? b->unnest->def_count : 0);
}

static uint32_t source_columns(const struct block *b)
{
	if (b->source && b->source->kind == REL_JOIN)
		return produced(b->input) + produced(b->right);
	return b->source ? b->source->def_count : produced(b->input);
}

static void candidates(struct block *b, struct block *of);

static void source_candidates(struct block *b, struct block *of)
{
	if (of->source && of->source->kind == REL_JOIN) {
		candidates(b, of->input);
		candidates(b, of->right);
	} else if (of->source) {
		for (uint32_t i = 0; i < of->source->def_count; i++)
			output(b, of->source->defs[i].column);
	} else {
		candidates(b, of->input);
	}
	for (uint32_t i = 0; of->unnest && i < of->unnest->def_count; i++)
		output(b, of->unnest->defs[i].column);
}

/* What block `of` could give and somebody needs, as outputs of b. */
static void candidates(struct block *b, struct block *of)
{
	if (of->aggregated) {
		for (uint32_t i = 0; i < of->key_count; i++)
			output(b, of->keys[i].column);
		for (uint32_t i = of->visible_from; i < of->def_count; i++)
			output(b, of->defs[i].column);
		return;
	}
	source_candidates(b, of);
	for (uint32_t i = 0; i < of->def_count; i++)
		output(b, of->defs[i].column);
}

/* Keys that only follow from others and that nobody needs go. */
static void prune_keys(struct block *b)
{
	uint32_t kept = b->key_count - b->dependent_keys;

	for (uint32_t i = kept; i < b->key_count; i++)
		if (b->keys[i].column->needed)
			b->keys[kept++] = b->keys[i];
	b->key_count = kept;
	b->dependent_keys = 0;
}

static void need_clauses(struct block *b)
{
	for (uint32_t i = 0; i < b->order_count; i++)
		need(b->orders[i].value);
	for (uint32_t i = 0; i < b->limit_by_count; i++)
		need_column(b->limit_by[i]);
	for (uint32_t i = 0; b->distinct && i < b->distinct->key_count; i++)
		need_column(b->distinct->keys[i].column);
	for (uint32_t i = 0; i < b->filter_count; i++)
		need(b->filters[i]);
	for (uint32_t i = 0; i < b->key_count - b->dependent_keys; i++)
		need_column(b->keys[i].column);
}

static void need_source(struct block *b)
{
	const struct rel *r = b->source;

	for (uint32_t i = 0; b->unnest && i < b->unnest->def_count; i++)
		need(b->unnest->defs[i].value);
	for (uint32_t i = 0; r && r->kind == REL_JOIN && i < r->pair_count; i++) {
		need(r->pairs[i].left);
		need(r->pairs[i].right);
	}
	if (r && r->kind == REL_JOIN && r->condition)
		need(r->condition);
	for (uint32_t i = 0; r && r->kind == REL_UNION && i < r->input_count * r->def_count; i++)
		if (r->defs[i % r->def_count].column->needed)
			need(r->values[i]);
}

static void drop_unneeded(struct block *b)
{
	uint32_t kept = 0, visible_from = 0;

	for (uint32_t i = 0; i < b->def_count; i++) {
		if (!b->defs[i].column->needed)
			continue;
		visible_from += i < b->visible_from;
		b->defs[kept++] = b->defs[i];
	}
	b->def_count = kept;
	b->visible_from = visible_from;
}

static bool finish(struct planner *p, struct block *b)
{
	if (!plan_push_into_union(p, b))
		return false;
	b->outputs = arena_array(p->arena, const struct column *, produced(b) + 1);
	if (!b->outputs)
		return false;
	candidates(b, b);
	need_clauses(b);
	for (uint32_t i = b->def_count; i; i--)
		if (b->defs[i - 1].column->needed)
			need_definition(&b->defs[i - 1]);
	prune_keys(b);
	drop_unneeded(b);
	plan_find_latest(b);
	need_source(b);
	if (b->input && !finish(p, b->input))
		return false;
	if (b->right && !finish(p, b->right))
		return false;
	for (uint32_t i = 0; i < b->input_count; i++)
		if (!finish(p, b->inputs[i]))
			return false;
	return true;
}

struct block *plan_query(struct planner *p, const struct rel *r, const struct output *outputs,
			 uint32_t count)
{
	struct block *b;

	for (uint32_t i = 0; i < count; i++)
		need_column(outputs[i].column);
	b = build(p, r);
	return b && finish(p, b) ? b : NULL;
}
