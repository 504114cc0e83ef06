/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_expand.c - a row for each element of an array: mv-expand, mv-apply; and partition
 */
#include <string.h>

#include "kql/bind.h"

struct expand {
	struct rel *arrays; /* beneath the unnesting; NULL: it makes its only one itself */
	struct rel *unnest, *extend;
	struct table next;
	bool pairs;	       /* members of bags as arrays of name and value */
	const struct bx *most; /* elements of a row; NULL: all */
};

static const char *expand_name(struct binder *b, const struct ast *item)
{
	const struct ast *value = ast_kid(item, 0);

	if (value->kind == AST_NAMED)
		return value->text;
	return bind_expr_name(b, value);
}

/* The element as the value of the column: typed where asked for. */
static struct bx *element_value(struct binder *b, const struct column *raw, enum kql_type type,
				struct span at)
{
	struct bx *x = bx_call(b, "__item", at, 1, bx_column(b, raw, at));

	return type == KQL_UNKNOWN ? x : bx_cast(b, x, type);
}

static void expand_one(struct binder *b, struct expand *e, const struct table *t,
		       const struct ast *item)
{
	const struct ast *value = ast_kid(item, 0);
	const char *name = expand_name(b, item);
	const struct column *raw;
	struct bx *x;

	if (!name)
		name = "Column1";
	x = table_expr(b, t, value->kind == AST_NAMED ? value->kids[0] : value);
	if (x->type == KQL_UNKNOWN)
		return;
	if (x->type == KQL_STRING && x->kind == BX_COLUMN)
		x = bx_call(b, "parse_json", x->span, 1, x);
	if (x->type != KQL_DYNAMIC) {
		diag_add(b->diags, DIAG_TYPE, x->span,
			 "only dynamic values can be expanded, this is %s", kql_type_name(x->type));
		diag_expected(b->diags, "dynamic: an array or a property bag");
		return;
	}
	x = bx_call(b, e->pairs ? "__pairs" : "__items", x->span, 1, x);
	if (e->most)
		x = bx_call(b, "__first", x->span, 2, x, e->most);
	if (e->arrays)
		x = bx_column(b, rel_define(b, e->arrays, name, x), x->span);
	raw = rel_define(b, e->unnest, name, x);
	table_set(b, &e->next, name,
		  rel_define(b, e->extend, name, element_value(b, raw, item->type, item->span)));
}

static bool expand(struct binder *b, const struct ast *op, struct table *t)
{
	const struct ast *list = ast_kid(op, 0), *index = ast_option(op, "with_itemindex");
	const struct ast *kind = ast_option(op, "kind"), *limit = ast_option(op, "limit");
	struct expand e = { .unnest = rel_new(b, REL_UNNEST, t->rel) };

	if (!list)
		return false;
	if (!kind)
		kind = ast_option(op, "bagexpansion");
	/* Side by side each array is measured beside each other: they are made beneath. */
	if (list->count > 1 || index)
		e.unnest->input = e.arrays = rel_new(b, REL_EXTEND, t->rel);
	e.extend = rel_new(b, REL_EXTEND, e.unnest);
	table_copy(b, t, &e.next);
	e.pairs = ast_is(kind, AST_LITERAL, "array");
	if (limit)
		e.most = bind_constant(b, limit, KQL_LONG);
	for (uint32_t i = 0; i < list->count; i++)
		expand_one(b, &e, t, list->kids[i]);
	if (!e.unnest->def_count)
		return true;
	if (index && index->text) {
		struct bx *numbers =
		    bx_call(b, "__indexes", op->span, 1, (struct bx *)e.unnest->defs[0].value);
		const struct column *raw = rel_define(b, e.unnest, index->text, numbers);
		struct bx *number = bx_cast(b, bx_column(b, raw, op->span), KQL_LONG);

		table_set(b, &e.next, index->text, rel_define(b, e.extend, index->text, number));
	}
	e.next.rel = e.extend;
	e.next.ordered = false;
	*t = e.next;
	return true;
}

bool bind_mv_expand(struct binder *b, const struct ast *op, struct table *t)
{
	return expand(b, op, t);
}

/*
 * Each row's elements are a table of their own to the pipe inside. Rows are numbered and all
 * operators inside keep rows of different numbers apart; the row's other columns go along.
 */
bool bind_mv_apply(struct binder *b, const struct ast *op, struct table *t)
{
	const struct ast *pipe = ast_kid(op, 1);
	struct table *outer = b->partition, *kept = arena_new(b->arena, struct table);
	struct table inner, result = { 0 };
	const struct column *number;

	if (!pipe || !kept)
		return false;
	number = rel_define(b, table_extend(b, t), "row", bx_call(b, "__row_id", op->span, 0));
	table_push(b, kept, "", number);
	for (uint32_t i = 0; i < t->count; i++)
		table_push(b, kept, t->outs[i].name, t->outs[i].column);
	if (!expand(b, op, t))
		return false;
	inner = *t;
	inner.ordered = true;
	b->partition = kept;
	if (!bind_operators(b, pipe, 1, &inner)) {
		b->partition = outer;
		return false;
	}
	b->partition = outer;
	result.rel = inner.rel;
	for (uint32_t i = 1; i < kept->count; i++)
		if (!table_find(&inner, kept->outs[i].name))
			table_push(b, &result, kept->outs[i].name, kept->outs[i].column);
	for (uint32_t i = 0; i < inner.count; i++)
		table_push(b, &result, inner.outs[i].name, inner.outs[i].column);
	*t = result;
	return true;
}

/* The pipe inside runs once for each value of the column. */
bool bind_partition(struct binder *b, const struct ast *op, struct table *t)
{
	const struct ast *pipe = ast_kid(op, 1);
	struct table *outer = b->partition, *kept = arena_new(b->arena, struct table);
	struct row row = b->row;
	const struct output *out;
	bool good;

	if (!pipe || !kept)
		return false;
	b->row = (struct row){ .left = t };
	out = bind_column(b, op->kids[0]);
	b->row = row;
	if (!out)
		return false;
	if (pipe->kind != AST_PIPE) {
		diag_add(b->diags, DIAG_REFUSED, pipe->span, "partition with a whole query inside");
		diag_expected(b->diags, "operators in parentheses");
		return false;
	}
	table_push(b, kept, out->name, out->column);
	b->partition = kept;
	good = bind_operators(b, pipe, 1, t);
	b->partition = outer;
	return good;
}
