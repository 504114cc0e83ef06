/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.c - relations to blocks
 *
 * Whether an operator may join the block beneath it is decided here and nowhere else: by what SQL's
 * order of clauses computes first.
 */
#include "kql/plan.h"

#include <string.h>

#include "kql/func.h"

#define PLAN_DEPTH_MAX 500u
/* The engine puts a definition in the place of its name: what grows beyond this is computed
 * beneath. */
#define PLAN_WEIGHT_MAX 400u

static struct block *block_new(struct planner *p)
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
	for (uint32_t i = 0; b->def_count && i < r->def_count; i++)
		if (weight_of(b, r->defs[i].value) > PLAN_WEIGHT_MAX)
			return true;
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

static bool is_volatile(const struct bx *x)
{
	if (x->kind == BX_CALL && x->fn->flags & FUNC_VOLATILE)
		return true;
	for (uint32_t i = 0; i < x->count; i++)
		if (is_volatile(x->args[i]))
			return true;
	return false;
}

static bool cuts(const struct block *b)
{
	return b->limit || b->distinct;
}

static struct block *add_filter(struct planner *p, struct block *b, const struct rel *r)
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

static struct block *add_definitions(struct planner *p, struct block *b, const struct rel *r)
{
	bool once = false;

	for (uint32_t i = 0; i < r->def_count; i++)
		once |= is_volatile(r->defs[i].value);
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

static struct block *add_aggregation(struct planner *p, struct block *b, const struct rel *r)
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

static struct block *add_sort(struct planner *p, struct block *b, const struct rel *r)
{
	if (b && cuts(b))
		b = wrap(p, b);
	if (!b)
		return NULL;
	b->orders = r->orders;
	b->order_count = r->order_count;
	return b;
}

static struct block *add_limit(struct planner *p, struct block *b, const struct rel *r)
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

static struct block *add_distinct(struct planner *p, struct block *b, const struct rel *r)
{
	if (b && (cuts(b) || b->windowed))
		b = wrap(p, b);
	if (b)
		b->distinct = r;
	return b;
}

static struct block *add_unnest(struct planner *p, struct block *b, const struct rel *r)
{
	if (b && (b->unnest || b->def_count || b->filter_count || b->aggregated || b->order_count ||
		  cuts(b)))
		b = wrap(p, b);
	if (b)
		b->unnest = r;
	return b;
}

/* Windows see the rows as the block beneath gives them. */
static struct block *add_windows(struct planner *p, struct block *b, const struct rel *r)
{
	b = b ? wrap(p, b) : NULL;
	for (uint32_t i = 0; b && i < r->def_count; i++)
		if (!define(p, b, &r->defs[i]))
			return NULL;
	if (b)
		b->windowed = true;
	return b;
}

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
		return add_filter(p, build(p, r->input), r);
	case REL_EXTEND:
		return add_definitions(p, build(p, r->input), r);
	case REL_AGGREGATE:
		return add_aggregation(p, build(p, r->input), r);
	case REL_SORT:
		return add_sort(p, build(p, r->input), r);
	case REL_LIMIT:
		return add_limit(p, build(p, r->input), r);
	case REL_DISTINCT:
		return add_distinct(p, build(p, r->input), r);
	case REL_UNNEST:
		return add_unnest(p, build(p, r->input), r);
	case REL_WINDOW:
		return add_windows(p, build(p, r->input), r);
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

static void prune_keys(struct block *b)
{
	uint32_t kept = b->key_count - b->dependent_keys;

	for (uint32_t i = kept; i < b->key_count; i++)
		if (b->keys[i].column->needed)
			b->keys[kept++] = b->keys[i];
	b->key_count = kept;
	b->dependent_keys = 0;
	for (uint32_t i = 0; i < b->key_count; i++)
		need_column(b->keys[i].column);
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
	prune_keys(b);
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
	b->outputs = arena_array(p->arena, const struct column *, produced(b) + 1);
	if (!b->outputs)
		return false;
	candidates(b, b);
	need_clauses(b);
	for (uint32_t i = b->def_count; i; i--)
		if (b->defs[i - 1].column->needed)
			need_definition(&b->defs[i - 1]);
	drop_unneeded(b);
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
