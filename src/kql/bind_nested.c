/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_nested.c - top-nested: the best of each level, within the best of the level before
 *
 * Each level is an aggregation of its own over the same rows; a level is joined with the one before
 * by their common keys.
 */
#include "kql/bind_summarize.h"

#include <string.h>

#include "kql/bind_call.h"

#define LEVELS_MAX 8u

struct level {
	struct table t;	       /* keys of all levels so far, then the aggregate */
	const char *aggregate; /* its name */
};

/* The level's keys and aggregate over all rows. */
static bool aggregate(struct binder *b, const struct ast *op, uint32_t depth,
		      const struct table *input, struct level *ret)
{
	const struct ast *order = op->kids[depth]->kids[3];
	struct summarize s;
	struct table t;
	const char *name;

	if (!bind_clone(b, input, &t))
		return false;
	summarize_begin(b, &s, &t);
	for (uint32_t i = 0; i <= depth; i++) {
		const struct ast *of = op->kids[i]->kids[1];
		struct bx *x = bind_expr(b, of->kind == AST_NAMED ? of->kids[0] : of);

		name = summarize_name(b, &s.outs, of);
		table_push(b, &s.outs, name, summarize_key(b, s.rel, name, x));
	}
	name = order->kids[0]->kind == AST_NAMED
		   ? NULL
		   : arena_printf(b->arena, "aggregated_%s", s.outs.outs[depth].name);
	b->aggregates = s.rel;
	summarize_item(b, &s, order->kids[0]);
	if (name)
		s.outs.outs[s.outs.count - 1].name = name;
	ret->aggregate = s.outs.outs[s.outs.count - 1].name;
	summarize_end(b, &s, &ret->t);
	return true;
}

static void keep_best(struct binder *b, const struct ast *level, uint32_t depth, struct table *t)
{
	const struct bx *count = level->kids[0] ? bind_constant(b, level->kids[0], KQL_LONG) : NULL;
	struct rel *sort, *limit;

	if (!count)
		return;
	sort = rel_new(b, REL_SORT, t->rel);
	sort->orders = arena_array(b->arena, struct order, 1);
	if (sort->orders)
		sort->orders[sort->order_count++] =
		    (struct order){ bx_column(b, t->outs[t->count - 1].column, level->span),
				    !ast_is(level->kids[3], AST_ORDER, "asc"), false };
	limit = rel_new(b, REL_LIMIT, sort);
	limit->args[0] = count;
	limit->by = arena_array(b->arena, const struct column *, depth + 1);
	for (uint32_t i = 0; limit->by && i < depth; i++)
		limit->by[limit->by_count++] = t->outs[i].column;
	t->rel = limit;
}

/* The level's rows whose keys of the levels before are among theirs. */
static void join_levels(struct binder *b, uint32_t depth, const struct table *before,
			struct level *level)
{
	struct rel *join = rel_new(b, REL_JOIN, before->rel);
	struct table t = { .rel = join };

	join->right = level->t.rel;
	join->join = JOIN_INNER;
	join->pairs = arena_array(b->arena, struct join_pair, depth + 1);
	for (uint32_t i = 0; join->pairs && i < depth; i++)
		join->pairs[join->pair_count++] = (struct join_pair){
			bx_column(b, before->outs[2 * i].column, (struct span){ 0, 0 }),
			bx_column(b, level->t.outs[i].column, (struct span){ 0, 0 }),
		};
	for (uint32_t i = 0; i < before->count; i++)
		table_push(b, &t, before->outs[i].name, before->outs[i].column);
	table_push(b, &t, table_free_name(b, &t, level->t.outs[depth].name),
		   level->t.outs[depth].column);
	table_push(b, &t, table_free_name(b, &t, level->aggregate),
		   level->t.outs[depth + 1].column);
	level->t = t;
}

/* One row for all that is not among the best of the only level; none where that is nothing. */
static bool add_others(struct binder *b, const struct ast *level, const struct table *input,
		       struct table *best)
{
	const struct ast *of = level->kids[1];
	struct table parts[2], rest, shown;
	struct summarize s;
	struct bx *args[2], *name;
	const struct column *rows;

	if (!bind_clone(b, input, &rest) || !bind_clone(b, best, &shown))
		return false;
	args[0] = table_expr(b, &rest, of->kind == AST_NAMED ? of->kids[0] : of);
	args[1] = bx_new(b, BX_ROWS, args[0]->type, level->span);
	if (args[1] == &b->spare || args[0]->type == KQL_UNKNOWN)
		return false;
	args[1]->rel = shown.rel;
	args[1]->result = shown.outs[0].column;
	table_filter(b, &rest,
		     bx_call(b, "not", level->span, 1,
			     bind_raw_call(b, "in", KQL_BOOL, args, 2, level->span)));
	summarize_begin(b, &s, &rest);
	summarize_keys(b, &s, NULL);
	b->aggregates = s.rel;
	summarize_item(b, &s, level->kids[3]->kids[0]);
	rows = rel_define(b, s.rel, "rows", bx_call(b, "count", level->span, 0));
	name = bx_cast(b, bind_expr(b, level->kids[2]), best->outs[0].column->type);
	summarize_end(b, &s, &rest);
	table_filter(b, &rest,
		     bx_call(b, ">", level->span, 2, bx_column(b, rows, level->span),
			     bx_long(b, 0, level->span)));
	parts[0] = *best;
	parts[1] = (struct table){ .rel = rest.rel };
	table_push(b, &parts[1], best->outs[0].name,
		   table_column(b, &parts[1], best->outs[0].name, name));
	table_push(b, &parts[1], best->outs[1].name, rest.outs[0].column);
	return bind_union_tables(b, parts, 2, NULL, best);
}

bool bind_top_nested(struct binder *b, const struct ast *op, struct table *t)
{
	struct table input = *t, before = { 0 };

	if (!op->count || op->count > LEVELS_MAX) {
		diag_add(b->diags, DIAG_LIMIT, op->span, "top-nested with %u levels", op->count);
		return false;
	}
	for (uint32_t i = 0; i < op->count; i++) {
		struct level level = { 0 };

		if (op->kids[i]->count < 4)
			return false;
		if (op->kids[i]->kids[2] && op->count > 1) {
			diag_add(b->diags, DIAG_REFUSED, op->kids[i]->kids[2]->span,
				 "top-nested of several levels with others");
			diag_expected(b->diags, "one level, or levels without others");
			return false;
		}
		if (!aggregate(b, op, i, &input, &level))
			return false;
		if (b->diags->failed)
			return false;
		if (i) {
			struct table keyed = { 0 };

			/* Only what is within the best of before may be the best of here. */
			join_levels(b, i, &before, &level);
			keyed.rel = level.t.rel;
			for (uint32_t k = 0; k < i; k++)
				table_push(b, &keyed, "", before.outs[2 * k].column);
			table_push(b, &keyed, "", level.t.outs[level.t.count - 1].column);
			keep_best(b, op->kids[i], i, &keyed);
			level.t.rel = keyed.rel;
		} else {
			keep_best(b, op->kids[i], 0, &level.t);
		}
		before = level.t;
	}
	if (op->kids[0]->kids[2] && !add_others(b, op->kids[0], &input, &before))
		return false;
	*t = before;
	return true;
}
