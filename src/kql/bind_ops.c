/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_ops.c - operators that choose rows or put them in order: where, sort, top, take; and the
 * small ones that are of no other kin
 */
#include <string.h>

#include "kql/bind_call.h"

struct rel *windows_begin(struct binder *b, struct table *t)
{
	struct rel *outer = b->windows;

	b->windows = t->ordered ? rel_new(b, REL_WINDOW, t->rel) : NULL;
	return outer;
}

void windows_end(struct binder *b, struct table *t, struct rel *outer)
{
	if (b->windows && b->windows->def_count)
		t->rel = b->windows;
	b->windows = outer;
}

bool bind_where(struct binder *b, const struct ast *op, struct table *t)
{
	struct row outer = b->row;
	struct rel *windows = windows_begin(b, t);
	struct bx *x;

	b->row = (struct row){ .left = t };
	x = op->count ? bind_bool(b, op->kids[0]) : bx_bad(b, op->span);
	b->row = outer;
	windows_end(b, t, windows);
	if (x->type != KQL_UNKNOWN)
		table_filter(b, t, x);
	return true;
}

static struct rel *limit(struct binder *b, struct table *t, const struct bx *count)
{
	struct rel *r = rel_new(b, REL_LIMIT, t->rel);

	r->args[0] = count;
	if (b->partition) {
		r->by = arena_array(b->arena, const struct column *, 1);
		if (r->by && b->partition->count)
			r->by[r->by_count++] = b->partition->outs[0].column;
	}
	t->rel = r;
	return r;
}

bool bind_take(struct binder *b, const struct ast *op, struct table *t)
{
	const struct bx *count = bind_constant(b, ast_kid(op, 0), KQL_LONG);

	if (!count)
		return true;
	if (count->i < 0) {
		diag_add(b->diags, DIAG_VALUE, op->kids[0]->span, "a negative number of rows");
		return true;
	}
	if (!strcmp(op->text, "sample")) {
		struct rel *sort = rel_new(b, REL_SORT, t->rel);

		sort->orders = arena_array(b->arena, struct order, 1);
		if (sort->orders)
			sort->orders[sort->order_count++].value = bx_call(b, "rand", op->span, 0);
		t->rel = sort;
	}
	(void)limit(b, t, count);
	return true;
}

static const struct ast *order_value(const struct ast *item)
{
	return item->kind == AST_NAMED && item->count ? item->kids[0] : item;
}

bool bind_orders(struct binder *b, const struct table *t, const struct ast *list, struct rel *sort)
{
	uint32_t extra = b->partition && b->partition->count ? 1 : 0;

	sort->orders = arena_array(b->arena, struct order, list->count + extra);
	if (!sort->orders)
		return false;
	if (extra)
		sort->orders[sort->order_count++].value =
		    bx_column(b, b->partition->outs[0].column, list->span);
	for (uint32_t i = 0; i < list->count; i++) {
		const struct ast *item = list->kids[i];
		struct order o = { .descending = !ast_is(item, AST_ORDER, "asc") };
		struct bx *x = table_expr(b, t, order_value(item->kids[0]));

		if (x->type == KQL_UNKNOWN)
			continue;
		if (x->type == KQL_DYNAMIC) {
			diag_add(b->diags, DIAG_TYPE, x->span,
				 "values of type dynamic have no order");
			diag_expected(b->diags, "a scalar: tostring(), tolong(), ...");
			continue;
		}
		o.value = x;
		o.nulls_first = !o.descending;
		if (item->flags & (AST_NULLS_FIRST | AST_NULLS_LAST))
			o.nulls_first = item->flags & AST_NULLS_FIRST;
		sort->orders[sort->order_count++] = o;
	}
	return true;
}

bool bind_sort(struct binder *b, const struct ast *op, struct table *t)
{
	struct rel *sort = rel_new(b, REL_SORT, t->rel);

	if (!op->count || !bind_orders(b, t, op->kids[0], sort))
		return true;
	if (sort->order_count)
		t->rel = sort;
	t->ordered = true;
	return true;
}

bool bind_top(struct binder *b, const struct ast *op, struct table *t)
{
	const struct bx *count = bind_constant(b, ast_kid(op, 0), KQL_LONG);
	struct rel *sort = rel_new(b, REL_SORT, t->rel);

	if (!ast_kid(op, 1) || !bind_orders(b, t, op->kids[1], sort) || !count)
		return true;
	if (sort->order_count)
		t->rel = sort;
	(void)limit(b, t, count);
	t->ordered = true;
	return true;
}

/* In place of the order of rows, which the engine keeps for a sorted input only. */
bool bind_serialize(struct binder *b, const struct ast *op, struct table *t)
{
	t->ordered = true;
	return ast_kid(op, 0) && op->kids[0]->count ? bind_extend(b, op, t) : true;
}

bool bind_as(struct binder *b, const struct ast *op, struct table *t)
{
	struct table *copy = arena_new(b->arena, struct table);

	if (!copy || !op->count || op->kids[0]->kind != AST_NAME)
		return true;
	if (ast_option(op, "hint.materialized"))
		bind_hold(b, t, op->span);
	*copy = *t;
	scope_add(b, op->kids[0]->text, ENTRY_TABLE)->table = copy;
	t->name = op->kids[0]->text;
	return true;
}

bool bind_render(struct binder *b, const struct ast *op, struct table *t)
{
	uint32_t n = op->opts ? op->opts->count : 0;
	const char **properties = arena_array(b->arena, const char *, n * 2 + 1);

	(void)t;
	if (!properties || !op->count || !op->kids[0]->text)
		return true;
	for (uint32_t i = 0; i < n; i++) {
		const struct ast *named = op->opts->kids[i], *value = ast_kid(named, 0);

		properties[2 * i] = named->text;
		properties[2 * i + 1] = value && value->text ? value->text : "";
	}
	b->bound->render = (struct kql_render){ op->kids[0]->text, properties };
	b->bound->has_render = true;
	return true;
}

bool bind_getschema(struct binder *b, const struct ast *op, struct table *t)
{
	static const struct {
		const char *name;
		enum kql_type type;
	} columns[] = { { "ColumnName", KQL_STRING },
			{ "ColumnOrdinal", KQL_INT },
			{ "DataType", KQL_STRING },
			{ "ColumnType", KQL_STRING } };
	struct rel *r = rel_new(b, REL_VALUES, NULL);
	struct table next = { .rel = r };

	r->values = arena_array(b->arena, const struct bx *, t->count * 4 + 1);
	for (size_t c = 0; c < ARRAY_SIZE(columns); c++)
		table_push(
		    b, &next, columns[c].name,
		    rel_define(b, r, columns[c].name, bx_null(b, columns[c].type, op->span)));
	for (uint32_t i = 0; r->values && i < t->count; i++) {
		enum kql_type type = t->outs[i].column->type;
		const char *texts[] = { t->outs[i].name, "", kql_type_system_name(type),
					kql_type_name(type) };

		for (size_t c = 0; c < ARRAY_SIZE(texts); c++)
			r->values[i * 4 + c] =
			    c == 1 ? bx_long(b, i, op->span)
				   : bx_text(b, KQL_STRING, texts[c], strlen(texts[c]), op->span);
		r->row_count++;
	}
	*t = next;
	return true;
}

bool bind_invoke(struct binder *b, const struct ast *op, struct table *t)
{
	const struct ast *call = ast_kid(op, 0);
	const struct entry *e =
	    call && call->kind == AST_CALL ? scope_find(b->scope, call->text) : NULL;
	struct table *input = arena_new(b->arena, struct table), result = { 0 };

	if (!call || call->kind != AST_CALL || !input)
		return false;
	if (!e && bind_library(b, call, t, &result)) {
		*t = result;
		return true;
	}
	if (b->diags->failed && !e && bind_is_library(call->text))
		return false;
	if (!e || e->kind != ENTRY_FUNCTION) {
		diag_add(b->diags, DIAG_FUNCTION, call->span, "there is no function '%s' to invoke",
			 call->text);
		diag_expected(b->diags, "a function of let whose first parameter is a table");
		return false;
	}
	*input = *t;
	if (!bind_user_table(b, call, e, input, &result))
		return false;
	*t = result;
	return true;
}
