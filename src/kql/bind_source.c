/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_source.c - operators that begin a pipe: print, range, datatable
 */
#include "kql/bind_source.h"

#include <string.h>

#include "kql/bind_call.h"

static struct table values_table(struct binder *b, const struct rel *r)
{
	struct table t = { .rel = r };

	for (uint32_t i = 0; i < r->def_count; i++)
		table_push(b, &t, r->defs[i].column->name, r->defs[i].column);
	return t;
}

struct rel *bind_values(struct binder *b, uint32_t rows)
{
	struct rel *r = rel_new(b, REL_VALUES, NULL);

	r->row_count = rows;
	return r;
}

static void print_values(struct binder *b, struct table *t, const struct ast *item,
			 const char *name, struct bx *x)
{
	uint32_t n = item->kind == AST_NAMED ? 1 : bind_value_count(x);
	const struct ast *names = item->kind == AST_NAMED ? ast_kid(item, 1) : NULL;
	struct values v = bind_values_hold(b, table_extend(b, t), x);

	if (names && !bind_names_fit(b, names, x))
		return;
	for (uint32_t i = 0; i < (names ? names->count : n); i++) {
		struct bx *value = names && bind_value_count(x) < 2
				       ? bx_call(b, "[]", x->span, 2, x, bx_long(b, i, x->span))
				       : bind_value(b, &v, i);
		const char *one = names	  ? names->kids[i]->text
				  : n > 1 ? bind_value_name(b, item, i)
					  : name;

		one = table_free_name(b, t, one);
		table_push(b, t, one, rel_define(b, table_extend(b, t), one, value));
	}
}

/* One row without columns; print extends it. */
static bool bind_print(struct binder *b, const struct ast *op, struct table *ret)
{
	struct table t = { .rel = bind_values(b, 1) };
	const struct ast *list = ast_kid(op, 0);

	for (uint32_t i = 0; list && i < list->count; i++) {
		const struct ast *item = list->kids[i];
		const struct ast *value = item->kind == AST_NAMED ? item->kids[0] : item;
		const char *name = item->kind == AST_NAMED ? item->text : NULL;
		struct bx *x = bind_expr(b, value);

		if (name && table_find(&t, name))
			diag_add(b->diags, DIAG_DUPLICATE, item->span, "a second column '%s'",
				 name);
		if (!name)
			name = arena_printf(b->arena, "print_%u", i);
		if (!name)
			return false;
		print_values(b, &t, item, name, x);
	}
	*ret = t;
	return true;
}

static bool bind_range(struct binder *b, const struct ast *op, struct table *ret)
{
	struct rel *r = rel_new(b, REL_RANGE, NULL);
	struct bx *x[3];
	enum kql_type type;

	if (op->count < 3)
		return false;
	x[0] = bind_expr(b, op->kids[1]);
	x[1] = bind_expr(b, op->kids[2]);
	type = x[0]->type;
	x[2] = ast_kid(op, 3)	      ? bind_expr(b, op->kids[3])
	       : type == KQL_DATETIME ? bx_new(b, BX_CONST, KQL_TIMESPAN, op->span)
				      : bx_long(b, 1, op->span);
	if (!ast_kid(op, 3) && type == KQL_DATETIME)
		x[2]->i = 3600 * KQL_TICKS_PER_SECOND;
	for (unsigned int i = 0; i < 3; i++)
		if (x[i]->type == KQL_UNKNOWN)
			return false;
	if (kql_type_is_number(type)) {
		type = x[0]->type == KQL_REAL || x[1]->type == KQL_REAL || x[2]->type == KQL_REAL
			   ? KQL_REAL
			   : KQL_LONG;
		for (unsigned int i = 0; i < 3; i++)
			x[i] = bx_cast(b, x[i], type);
	}
	if ((type != KQL_LONG && type != KQL_REAL && type != KQL_DATETIME &&
	     type != KQL_TIMESPAN) ||
	    x[1]->type != type || x[2]->type != (type == KQL_DATETIME ? KQL_TIMESPAN : type)) {
		diag_add(b->diags, DIAG_TYPE, op->span, "a range from %s to %s by %s",
			 kql_type_name(x[0]->type), kql_type_name(x[1]->type),
			 kql_type_name(x[2]->type));
		diag_expected(b->diags, "numbers, timespans, or datetimes with a timespan as step");
		return false;
	}
	for (unsigned int i = 0; i < 3; i++)
		r->args[i] = x[i];
	(void)rel_define(b, r, op->kids[0]->text, bx_cast(b, x[0], type));
	/* defs[0].value only says the type; the rows are args' */
	*ret = values_table(b, r);
	ret->ordered = true;
	return true;
}

static bool bind_datatable(struct binder *b, const struct ast *op, struct table *ret)
{
	const struct ast *schema = ast_kid(op, 0), *list = ast_kid(op, 1);
	uint32_t columns = schema ? schema->count : 0;
	struct rel *r;

	if (!list || !columns)
		return false;
	if (list->count % columns) {
		diag_add(b->diags, DIAG_VALUE, list->span,
			 "%u values do not fill rows of %u columns", list->count, columns);
		return false;
	}
	r = bind_values(b, list->count / columns);
	for (uint32_t i = 0; i < columns; i++) {
		const struct ast *typed = schema->kids[i];

		if (typed->kind != AST_TYPED || typed->type == KQL_UNKNOWN) {
			diag_add(b->diags, DIAG_SYNTAX, typed->span, "a column without a type");
			diag_expected(b->diags, "name:type");
			return false;
		}
		(void)rel_define(b, r, typed->text, bx_null(b, typed->type, typed->span));
	}
	r->values = arena_array(b->arena, const struct bx *, list->count + 1);
	if (!r->values)
		return false;
	for (uint32_t i = 0; i < list->count; i++)
		r->values[i] =
		    bx_cast(b, bind_expr(b, list->kids[i]), r->defs[i % columns].column->type);
	*ret = values_table(b, r);
	return true;
}

bool bind_source_operator(struct binder *b, const struct ast *op, struct table *ret)
{
	static const struct {
		const char *name;
		bool (*bind)(struct binder *, const struct ast *, struct table *);
	} sources[] = {
		{ "print", bind_print },	 { "range", bind_range },
		{ "datatable", bind_datatable }, { "externaldata", bind_external },
		{ "union", bind_union },	 { "search", bind_search },
		{ "find", bind_find },
	};
	struct table none = { 0 };

	for (size_t i = 0; op->kind == AST_OP && i < ARRAY_SIZE(sources); i++) {
		if (strcmp(op->text, sources[i].name) != 0)
			continue;
		*ret = none;
		return sources[i].bind(b, op, ret);
	}
	if (op->kind == AST_OP) {
		diag_add(b->diags, DIAG_PLACE, op->span, "'%s' needs a table before it", op->text);
		diag_expected(b->diags, "Table | %s", op->text);
	}
	return false;
}
