/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_series.c - make-series: aggregates by steps of an axis, a row of arrays for each key
 *
 * First the aggregates by keys and number of the step, then by keys alone the arrays of them; steps
 * without rows get the default.
 */
#include "kql/bind_summarize.h"

#include <string.h>

struct series {
	struct bx *axis, *from, *to, *step;
	const char *axis_name;
	struct bx *points; /* how many steps there are */
};

/* The first or last step that has rows, where the query does not say. */
static struct bx *border(struct binder *b, const struct table *t, const struct series *s,
			 const struct ast *axis, bool last)
{
	struct table copy;
	struct bx *x, *value;
	struct rel *r;

	if (!bind_clone(b, t, &copy))
		return bx_bad(b, axis->span);
	value = bx_call(b, "bin", axis->span, 2, table_expr(b, &copy, axis), s->step);
	if (last)
		value = bx_call(b, "+", axis->span, 2, value, s->step);
	r = rel_new(b, REL_AGGREGATE, copy.rel);
	x = bx_new(b, BX_SCALAR, value->type, axis->span);
	if (x == &b->spare)
		return x;
	x->result =
	    rel_define(b, r, "border", bx_call(b, last ? "max" : "min", axis->span, 1, value));
	x->rel = r;
	x->nullable = true;
	return x;
}

static bool bind_axis(struct binder *b, const struct ast *op, const struct table *t,
		      struct series *s)
{
	const struct ast *axis = ast_kid(op, 1);
	struct span at = axis->span;

	s->axis = table_expr(b, t, axis);
	s->axis_name = bind_expr_name(b, axis);
	if (!s->axis_name)
		s->axis_name = "Column1";
	if (!ast_kid(op, 4)) {
		diag_add(b->diags, DIAG_SYNTAX, op->span, "make-series without a step");
		diag_expected(b->diags, "step and a number or timespan");
		return false;
	}
	s->step = bind_expr(b, op->kids[4]);
	if (kql_type_is_number(s->axis->type) && s->axis->type != KQL_REAL)
		s->axis = bx_cast(b, s->axis,
				  kql_type_is_number(s->step->type) ? s->step->type : KQL_LONG);
	s->from = ast_kid(op, 2) ? bind_expr(b, op->kids[2]) : border(b, t, s, axis, false);
	s->to = ast_kid(op, 3) ? bind_expr(b, op->kids[3]) : border(b, t, s, axis, true);
	if (s->axis->type == KQL_UNKNOWN || s->from->type == KQL_UNKNOWN ||
	    s->to->type == KQL_UNKNOWN)
		return false;
	/* floor((to - from - 1) / step) + 1 */
	s->points = bx_call(b, "__steps", at, 3, s->from, s->to, s->step);
	return s->points->type != KQL_UNKNOWN;
}

static struct bx *filled_default(struct binder *b, const struct ast *one, const struct bx *value)
{
	struct bx *x = ast_kid(one, 1) ? bind_expr(b, one->kids[1]) : bx_long(b, 0, one->span);

	if (x->type == KQL_LONG && value->type != KQL_LONG && value->type != KQL_INT)
		x = bx_cast(b, x, value->type);
	return x;
}

static void bind_arrays(struct binder *b, const struct ast *op, const struct series *s,
			struct summarize *inner, struct table *t)
{
	struct summarize outer;
	const struct column *indexes, *number = inner->rel->keys[inner->rel->key_count - 1].column;
	const struct ast *list = op->kids[0];
	struct table binned = inner->outs;
	uint32_t keys = binned.count - list->count;

	binned.rel = inner->extend->def_count ? inner->extend : inner->rel;
	summarize_begin(b, &outer, &binned);
	summarize_keys(b, &outer, NULL);
	for (uint32_t i = 0; i < keys; i++)
		table_push(b, &outer.outs, binned.outs[i].name,
			   summarize_key(b, outer.rel, binned.outs[i].name,
					 bx_column(b, binned.outs[i].column, op->span)));
	indexes = rel_define(
	    b, outer.rel, "steps",
	    bx_call(b, "__collect_numbers", op->span, 1, bx_column(b, number, op->span)));
	for (uint32_t i = 0; i < list->count; i++) {
		const struct output *value = &binned.outs[keys + i];
		struct bx *x = bx_column(b, value->column, op->span);
		const struct column *values =
		    rel_define(b, outer.rel, "values", bx_call(b, "__collect", op->span, 1, x));
		struct bx *series = bx_call(
		    b, "__series", op->span, 4, bx_column(b, indexes, op->span),
		    bx_column(b, values, op->span), s->points, filled_default(b, list->kids[i], x));

		if (series->type != KQL_UNKNOWN)
			table_push(b, &outer.outs, value->name,
				   rel_define(b, outer.extend, value->name, series));
	}
	table_push(b, &outer.outs, s->axis_name,
		   rel_define(b, outer.extend, s->axis_name,
			      bx_call(b, "__axis", op->span, 3, s->from, s->step, s->points)));
	summarize_end(b, &outer, t);
	if (!ast_is(ast_option(op, "kind"), AST_LITERAL, "nonempty") && !keys)
		table_filter(b, t,
			     bx_call(b, "__filled", op->span, 1, bx_column(b, indexes, op->span)));
}

bool bind_make_series(struct binder *b, const struct ast *op, struct table *t)
{
	const struct ast *list = ast_kid(op, 0);
	struct summarize inner;
	struct series s = { 0 };
	struct bx *within;

	if (!list || !ast_kid(op, 1) || !bind_axis(b, op, t, &s))
		return false;
	within = bx_call(b, "and", op->span, 2, bx_call(b, ">=", op->span, 2, s.axis, s.from),
			 bx_call(b, "<", op->span, 2, s.axis, s.to));
	if (within->type == KQL_UNKNOWN)
		return false;
	table_filter(b, t, within);
	summarize_begin(b, &inner, t);
	summarize_keys(b, &inner, ast_kid(op, 5));
	(void)summarize_key(b, inner.rel, "step",
			    bx_call(b, "__step_of", op->span, 3, s.axis, s.from, s.step));
	b->aggregates = inner.rel;
	for (uint32_t i = 0; i < list->count; i++)
		summarize_item(b, &inner, list->kids[i]->kids[0]);
	b->aggregates = inner.outer;
	b->row = inner.row;
	if (b->diags->failed)
		return false;
	bind_arrays(b, op, &s, &inner, t);
	return true;
}
