/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_summarize.c - summarize, distinct, count and what is made of them
 */
#include "kql/bind_summarize.h"

#include <stdio.h>
#include <string.h>

#include "kql/bind_call.h"

void summarize_keep_partition(struct binder *b, struct rel *r)
{
	struct table *p = b->partition;

	for (uint32_t i = 0; p && i < p->count; i++) {
		const struct column *old = p->outs[i].column;
		const struct column *key =
		    summarize_key(b, r, p->outs[i].name, bx_column(b, old, (struct span){ 0, 0 }));

		p->outs[i].column = key;
		r->dependent_keys += i > 0;
	}
}

const struct column *summarize_key(struct binder *b, struct rel *r, const char *name, struct bx *x)
{
	struct rel keys = { .defs = r->keys, .def_count = r->key_count };
	const struct column *c = rel_define(b, &keys, name, x);

	r->keys = keys.defs;
	r->key_count = keys.def_count;
	return c;
}

static bool is_arg_extreme(const struct ast *a)
{
	static const char *const names[] = { "arg_max", "arg_min", "argmax", "argmin" };

	for (size_t i = 0; a->kind == AST_CALL && i < ARRAY_SIZE(names); i++)
		if (!strcmp(a->text, names[i]))
			return true;
	return false;
}

static bool is_percentile(const struct ast *a)
{
	static const char *const names[] = { "percentile", "percentiles", "percentilew",
					     "percentilesw" };

	for (size_t i = 0; a->kind == AST_CALL && i < ARRAY_SIZE(names); i++)
		if (!strcmp(a->text, names[i]))
			return true;
	return false;
}

static bool is_any(const struct ast *a)
{
	return a->kind == AST_CALL && (!strcmp(a->text, "take_any") || !strcmp(a->text, "any"));
}

struct several {
	struct bx *args[BIND_COLUMNS_MAX];
	const char *names[BIND_COLUMNS_MAX];
	unsigned int count;
};

static void several_add(struct binder *b, struct several *s, const char *name, struct bx *x)
{
	if (s->count == ARRAY_SIZE(s->args)) {
		diag_add(b->diags, DIAG_LIMIT, x->span, "more than %zu columns",
			 ARRAY_SIZE(s->args));
		return;
	}
	s->names[s->count] = name;
	s->args[s->count++] = x;
}

/* The columns that a star stands for: all but keys and those that the call has already. */
static void several_star(struct binder *b, struct several *s, const struct summarize *to,
			 struct span span)
{
	const struct table *t = b->row.left;

	for (uint32_t i = 0; i < t->count; i++) {
		bool taken = false;

		for (uint32_t k = 0; k < to->key_count; k++)
			taken |= !strcmp(to->outs.outs[k].name, t->outs[i].name);
		for (unsigned int k = 0; k < s->count; k++)
			taken |= s->args[k]->kind == BX_COLUMN && s->names[k] &&
				 !strcmp(s->names[k], t->outs[i].name);
		if (!taken)
			several_add(b, s, t->outs[i].name, bx_column(b, t->outs[i].column, span));
	}
}

/* The older argmax, argmin and any say in the names of columns what they did. */
static const char *legacy_name(struct binder *b, const struct ast *call, const struct several *v,
			       unsigned int i)
{
	const char *name = v->names[i] ? v->names[i] : "", *result = NULL;

	if (!strcmp(call->text, "any"))
		result = arena_printf(b->arena, "any_%s", name);
	else if (!strcmp(call->text, "argmax") || !strcmp(call->text, "argmin"))
		result = i ? arena_printf(b->arena, "%.3s_%s_%s", call->text + 3, v->names[0], name)
			   : arena_printf(b->arena, "%.3s_%s", call->text + 3, name);
	return result ? result : v->names[i];
}

struct bx *bind_element(struct binder *b, const struct column *tuple, uint32_t i,
			enum kql_type type, struct span at)
{
	struct bx *args[2] = { bx_column(b, tuple, at), bx_long(b, i, at) };
	struct bx *x = bind_raw_call(b, "__element", type, args, 2, at);

	/* A tuple is never null, nor is a text in it. */
	args[0]->nullable = false;
	x->nullable = type != KQL_STRING;
	return x;
}

/* arg_max(by, columns), take_any(columns): one aggregate of a tuple, a column for each element. */
static void bind_several(struct binder *b, struct summarize *s, const struct ast *call,
			 const struct ast *item)
{
	bool any = is_any(call), max = strstr(call->text, "max");
	struct several v = { .count = 0 };
	struct rel *aggregates = b->aggregates;
	const struct column *tuple;
	struct bx *x;

	b->aggregates = NULL;
	for (uint32_t i = 0; i < call->count; i++) {
		const struct ast *a = call->kids[i];
		const char *name = a->kind == AST_NAMED ? a->text : bind_expr_name(b, a);

		if (a->kind == AST_WILDCARD) {
			several_star(b, &v, s, a->span);
			continue;
		}
		if (!i && !any && !name)
			name = strchr(call->text, '_')
				   ? arena_printf(b->arena, "%s_", max ? "max" : "min")
				   : "";
		several_add(b, &v, name, bind_expr(b, a->kind == AST_NAMED ? a->kids[0] : a));
	}
	b->aggregates = aggregates;
	if (!v.count) {
		diag_add(b->diags, DIAG_ARGUMENTS, call->span, "%s() without arguments",
			 call->text);
		return;
	}
	if (!any && (v.args[0]->type == KQL_DYNAMIC || v.args[0]->type == KQL_GUID)) {
		diag_add(b->diags, DIAG_TYPE, v.args[0]->span, "argument 1 of %s() is %s",
			 call->text, kql_type_name(v.args[0]->type));
		diag_expected(b->diags, "what has an order: convert it, as with tolong()");
		return;
	}
	x = bind_raw_call(b,
			  any	? "__any"
			  : max ? "__arg_max"
				: "__arg_min",
			  KQL_DYNAMIC, v.args, v.count, call->span);
	if (x->type == KQL_UNKNOWN)
		return;
	tuple = rel_define(b, b->aggregates, call->text, x);
	x->used = ((struct column *)tuple)->used = arena_array(b->arena, bool, v.count);
	((struct column *)tuple)->used_count = v.count;
	for (unsigned int i = 0; i < v.count; i++) {
		const struct ast *names = item->kind == AST_NAMED ? ast_kid(item, 1) : NULL;
		const char *name = legacy_name(b, call, &v, i);

		if (!name)
			name = "Column1";
		if (item->kind == AST_NAMED && item->text && !i)
			name = item->text;
		else if (names && i < names->count)
			name = names->kids[i]->text;
		name = table_free_name(b, &s->outs, name);
		table_push(b, &s->outs, name,
			   rel_define(b, s->extend, name,
				      bind_element(b, tuple, i, v.args[i]->type, v.args[i]->span)));
	}
}

static const char *percentile_name(struct binder *b, const char *of, const struct bx *p)
{
	char number[32] = "", *name;

	if (bx_is_const(p))
		snprintf(number, sizeof(number), "%.15g",
			 p->type == KQL_REAL ? p->d : (double)p->i);
	name = arena_printf(b->arena, "percentile_%s_%s", of ? of : "", number);
	for (char *c = name ? strrchr(name, '.') : NULL; c && *c == '.'; *c = '_')
		;
	return name;
}

/* percentiles(x, 5, 95): a column each; percentile(x, 5): one */
static void bind_percentiles(struct binder *b, struct summarize *s, const struct ast *call,
			     const struct ast *item)
{
	const char *name = call->count ? bind_expr_name(b, call->kids[0]) : NULL;
	struct rel *aggregates = b->aggregates;
	bool weighted = call->text[call->text_len - 1] == 'w';
	uint32_t first = weighted ? 2 : 1;
	struct bx *value, *weight = NULL;

	b->aggregates = NULL;
	value = call->count ? bind_expr(b, call->kids[0]) : bx_bad(b, call->span);
	if (weighted)
		weight = call->count > 1 ? bind_expr(b, call->kids[1]) : bx_bad(b, call->span);
	for (uint32_t i = first; i < call->count; i++) {
		const struct ast *names = item->kind == AST_NAMED ? ast_kid(item, 1) : NULL;
		struct bx *p = bind_expr(b, call->kids[i]);
		struct bx *x = weighted ? bx_call(b, "percentilew", call->span, 3, value, weight, p)
					: bx_call(b, "percentile", call->span, 2, value, p);
		const char *one = percentile_name(b, name, p);

		if (item->kind == AST_NAMED && item->text && i == first)
			one = item->text;
		if (names && i - first < names->count)
			one = names->kids[i - first]->text;

		if (x->type != KQL_UNKNOWN && one)
			table_push(b, &s->outs, table_free_name(b, &s->outs, one),
				   rel_define(b, s->rel, one, x));
	}
	b->aggregates = aggregates;
}

const char *summarize_name(struct binder *b, const struct table *outs, const struct ast *item)
{
	const char *name = item->kind == AST_NAMED ? item->text : bind_expr_name(b, item);

	if (name && *name)
		return table_free_name(b, outs, name);
	for (unsigned int i = 1;; i++) {
		name = arena_printf(b->arena, "Column%u", i);
		if (!name || !table_find(outs, name) || i > BIND_COLUMNS_MAX)
			return name ? name : "Column1";
	}
}

/* A column of a single row says nothing of a group. */
static bool only_aggregates(struct binder *b, const struct summarize *s, const struct bx *x)
{
	bool found = x->kind != BX_COLUMN;

	for (uint32_t i = 0; !found && i < s->rel->def_count; i++)
		found = s->rel->defs[i].column == x->column;
	if (!found) {
		diag_add(b->diags, DIAG_PLACE, x->span, "'%s' is not aggregated", x->column->name);
		diag_expected(b->diags, "an aggregate such as take_any(%s), or %s behind by",
			      x->column->name, x->column->name);
		return false;
	}
	for (uint32_t i = 0; i < x->count; i++)
		if (!only_aggregates(b, s, x->args[i]))
			return false;
	return true;
}

void summarize_item(struct binder *b, struct summarize *s, const struct ast *item)
{
	const struct ast *value = item->kind == AST_NAMED && item->count ? item->kids[0] : item;
	const char *name;
	struct bx *x;

	if (is_arg_extreme(value) ||
	    (is_any(value) && (value->count > 1 || ast_is(ast_kid(value, 0), AST_WILDCARD, "*")))) {
		bind_several(b, s, value, item);
		return;
	}
	if (is_percentile(value)) {
		bind_percentiles(b, s, value, item);
		return;
	}
	name = summarize_name(b, &s->outs, item);
	x = bind_expr(b, value);
	if (x->type == KQL_UNKNOWN || !only_aggregates(b, s, x)) {
		table_push(b, &s->outs, name, column_new(b, name, KQL_UNKNOWN, true));
		return;
	}
	table_push(b, &s->outs, name,
		   x->kind == BX_COLUMN ? x->column : rel_define(b, s->extend, name, x));
}

void summarize_begin(struct binder *b, struct summarize *s, struct table *t)
{
	*s = (struct summarize){ .input = t, .row = b->row, .outer = b->aggregates };
	s->rel = rel_new(b, REL_AGGREGATE, t->rel);
	s->extend = rel_new(b, REL_EXTEND, s->rel);
	b->row = (struct row){ .left = t };
}

void summarize_keys(struct binder *b, struct summarize *s, const struct ast *list)
{
	struct rel *windows = windows_begin(b, s->input);

	if (b->partition)
		summarize_keep_partition(b, s->rel);
	bind_refuse_twice(b, list, NULL);
	for (uint32_t i = 0; list && i < list->count; i++) {
		const struct ast *item = list->kids[i];
		const char *name = summarize_name(b, &s->outs, item);
		struct bx *x = bind_expr(b, item->kind == AST_NAMED ? item->kids[0] : item);

		if (x->type == KQL_DYNAMIC && x->kind != BX_CONST) {
			diag_add(b->diags, DIAG_TYPE, x->span,
				 "rows cannot be grouped by a dynamic value");
			diag_expected(b->diags, "a scalar: tostring(...)");
			x = bx_bad(b, x->span);
		}
		table_push(b, &s->outs, name, summarize_key(b, s->rel, name, x));
	}
	s->key_count = s->outs.count;
	windows_end(b, s->input, windows);
	s->rel->input = s->input->rel;
	/* Dependent keys are the last. */
	if (b->partition && s->rel->key_count > b->partition->count && b->partition->count > 1) {
		uint32_t n = b->partition->count - 1, keys = s->rel->key_count;
		struct definition *sorted = arena_array(b->arena, struct definition, keys);

		if (!sorted)
			return;
		sorted[0] = s->rel->keys[0];
		memcpy(sorted + 1, s->rel->keys + 1 + n, (keys - 1 - n) * sizeof(*sorted));
		memcpy(sorted + keys - n, s->rel->keys + 1, n * sizeof(*sorted));
		s->rel->keys = sorted;
	}
}

void summarize_end(struct binder *b, struct summarize *s, struct table *t)
{
	b->aggregates = s->outer;
	b->row = s->row;
	s->outs.rel = s->extend->def_count ? s->extend : s->rel;
	s->outs.name = t->name;
	*t = s->outs;
}

bool bind_summarize(struct binder *b, const struct ast *op, struct table *t)
{
	const struct ast *list = ast_kid(op, 0);
	struct summarize s;

	bind_refuse_twice(b, list, ast_kid(op, 1));
	summarize_begin(b, &s, t);
	summarize_keys(b, &s, ast_kid(op, 1));
	b->aggregates = s.rel;
	for (uint32_t i = 0; list && i < list->count; i++)
		summarize_item(b, &s, list->kids[i]);
	summarize_end(b, &s, t);
	return true;
}

bool bind_count(struct binder *b, const struct ast *op, struct table *t)
{
	struct summarize s;
	struct bx *count;

	(void)op;
	summarize_begin(b, &s, t);
	summarize_keys(b, &s, NULL);
	count = bx_call(b, "count", op->span, 0);
	table_push(b, &s.outs, "Count", rel_define(b, s.rel, "Count", count));
	summarize_end(b, &s, t);
	return true;
}

bool bind_distinct(struct binder *b, const struct ast *op, struct table *t)
{
	const struct ast *list = ast_kid(op, 0);
	struct summarize s;

	summarize_begin(b, &s, t);
	if (list && list->count == 1 && ast_is(list->kids[0], AST_WILDCARD, "*")) {
		if (b->partition)
			summarize_keep_partition(b, s.rel);
		for (uint32_t i = 0; i < t->count; i++)
			table_push(b, &s.outs, t->outs[i].name,
				   summarize_key(b, s.rel, t->outs[i].name,
						 bx_column(b, t->outs[i].column, op->span)));
		s.rel->dependent_keys = 0;
	} else {
		summarize_keys(b, &s, list);
	}
	summarize_end(b, &s, t);
	return true;
}

/* n distinct values of an expression */
bool bind_sample_distinct(struct binder *b, const struct ast *op, struct table *t)
{
	const struct bx *count = bind_constant(b, ast_kid(op, 0), KQL_LONG);
	struct ast list = { .kind = AST_LIST, .span = op->span, .count = 1 };
	struct ast *kids[1] = { ast_kid(op, 1) };
	struct ast distinct = { .kind = AST_OP, .text = "distinct", .span = op->span, .count = 1 };
	struct ast *lists[1] = { &list };
	struct rel *limit;

	if (!count || !kids[0])
		return true;
	list.kids = kids;
	distinct.kids = lists;
	(void)bind_distinct(b, &distinct, t);
	limit = rel_new(b, REL_LIMIT, t->rel);
	limit->args[0] = count;
	t->rel = limit;
	return true;
}

/* The n values that occur most often, or have the largest sum. */
bool bind_top_hitters(struct binder *b, const struct ast *op, struct table *t)
{
	const struct bx *count = bind_constant(b, ast_kid(op, 0), KQL_LONG);
	const struct ast *of = ast_kid(op, 1), *by = ast_kid(op, 2);
	struct ast list = { .kind = AST_LIST, .span = op->span, .count = 1 };
	struct ast *kids[1] = { (struct ast *)of };
	struct rel *sort, *limit;
	struct summarize s;
	const char *name;
	struct bx *x;

	if (!count || !of)
		return true;
	list.kids = kids;
	summarize_begin(b, &s, t);
	summarize_keys(b, &s, &list);
	x = by ? bx_call(b, "sum", op->span, 1, bind_expr(b, by))
	       : bx_call(b, "count", op->span, 0);
	name = by ? "approximate_sum_" : "approximate_count_";
	if (s.outs.count)
		name = arena_printf(b->arena, "%s%s", name,
				    by && bind_expr_name(b, by) ? bind_expr_name(b, by)
								: s.outs.outs[0].name);
	table_push(b, &s.outs, name ? name : "Column1", rel_define(b, s.rel, "approximate", x));
	summarize_end(b, &s, t);
	sort = rel_new(b, REL_SORT, t->rel);
	sort->orders = arena_array(b->arena, struct order, 1);
	if (sort->orders)
		sort->orders[sort->order_count++] =
		    (struct order){ bx_column(b, t->outs[t->count - 1].column, op->span), true,
				    false };
	limit = rel_new(b, REL_LIMIT, sort);
	limit->args[0] = count;
	t->rel = limit;
	return true;
}
