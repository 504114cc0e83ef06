/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_find.c - search and find: the rows of several tables for which a condition holds
 */
#include <string.h>

#include "kql/bind_call.h"
#include "kql/bind_union.h"

/* "term" in search is `* has "term"`; a name with a colon is a column. */
static struct bx *search_condition(struct binder *b, const struct ast *a)
{
	struct bx *left, *right;

	if (ast_is(a, AST_BINARY, "and") || ast_is(a, AST_BINARY, "or")) {
		left = search_condition(b, a->kids[0]);
		right = search_condition(b, a->kids[1]);
		return bx_call(b, a->text, a->span, 2, left, right);
	}
	if (a->kind == AST_CALL && !strcmp(a->text, "not") && a->count == 1)
		return bx_call(b, "not", a->span, 1, search_condition(b, a->kids[0]));
	if (a->kind == AST_LITERAL && a->type == KQL_STRING) {
		struct ast star = {
			.kind = AST_WILDCARD, .text = "*", .text_len = 1, .span = a->span
		};
		struct ast *kids[2] = { &star, (struct ast *)a };
		struct ast has = { .kind = AST_BINARY,
				   .text = "has",
				   .text_len = 3,
				   .span = a->span,
				   .count = 2 };
		struct ast pattern = *a;
		size_t len = a->text_len;

		/* a star at an end: the term only begins or ends so */
		if (len == 1 && *a->text == '*')
			return bx_cast(b, bx_long(b, 1, a->span), KQL_BOOL);
		if (len > 1 && (*a->text == '*' || a->text[len - 1] == '*')) {
			bool front = *a->text == '*', back = a->text[len - 1] == '*';

			pattern.text = arena_strndup(b->arena, a->text + front, len - front - back);
			pattern.text_len = (uint32_t)(len - front - back);
			kids[1] = &pattern;
			has.text = front && back ? "contains" : back ? "hasprefix" : "hassuffix";
			has.text_len = (uint32_t)strlen(has.text);
		}
		has.kids = kids;
		return bind_any_column(b, &has, has.text, false);
	}
	return bind_bool(b, a);
}

static bool gather(struct binder *b, const struct ast *sources, struct tables *l)
{
	struct ast all = { .kind = AST_WILDCARD, .text = "*", .text_len = 1 };
	bool good = true;

	if (!sources) {
		bind_tables_matching(b, l, &all);
		return true;
	}
	for (uint32_t i = 0; i < sources->count; i++)
		good &= bind_tables_add(b, l, sources->kids[i], false);
	return good;
}

/* Whether the condition reads a column of the name. */
static bool reads(const struct ast *a, const char *name)
{
	if (ast_is(a, AST_NAME, name))
		return true;
	for (uint32_t i = 0; a && i < a->count; i++)
		if (reads(a->kids[i], name))
			return true;
	return false;
}

static bool reads_any(const struct ast *a, const struct table *t)
{
	for (uint32_t i = 0; i < t->count; i++)
		if (reads(a, t->outs[i].name))
			return true;
	return false;
}

/* Columns of the condition that only other tables have: null in this one. */
static void lend_columns(struct binder *b, const struct tables *l, const struct ast *condition,
			 struct table *t)
{
	struct table own;

	table_copy(b, t, &own);
	own.rel = t->rel;
	own.name = t->name;
	*t = own;
	for (uint32_t i = 0; i < l->count; i++) {
		for (uint32_t k = 0; k < l->items[i].count; k++) {
			const struct output *out = &l->items[i].outs[k];

			if (table_find(t, out->name) || !reads(condition, out->name))
				continue;
			table_push(b, t, out->name,
				   table_column(b, t, out->name,
						bx_null(b, out->column->type, condition->span)));
		}
	}
}

static void filter_tables(struct binder *b, struct tables *l, const struct ast *condition)
{
	struct tables *all = arena_new(b->arena, struct tables);
	bool by_column = false;

	if (!all)
		return;
	*all = *l;
	l->count = 0;
	for (uint32_t i = 0; i < all->count; i++)
		by_column |= reads_any(condition, &all->items[i]);
	for (uint32_t i = 0; i < all->count; i++) {
		struct table t = all->items[i];
		struct row outer = b->row;
		struct bx *x;

		if (by_column && !reads_any(condition, &t))
			continue;
		lend_columns(b, all, condition, &t);
		b->row = (struct row){ .left = &t };
		x = search_condition(b, condition);
		b->row = outer;
		if (x->type != KQL_UNKNOWN)
			table_filter(b, &t, x);
		t.count = all->items[i].count;
		l->items[l->count++] = t;
		if (x->type == KQL_UNKNOWN)
			return;
	}
}

/* What is piped in, or the tables that the operator names, as far as its condition holds; nullable. */
static struct tables *filtered(struct binder *b, const struct ast *op, const struct table *t)
{
	struct tables *l = arena_new(b->arena, struct tables);

	if (!l || !ast_kid(op, 1))
		return NULL;
	if (t->rel)
		l->items[l->count++] = *t;
	else if (!gather(b, op->kids[0], l))
		return NULL;
	filter_tables(b, l, op->kids[1]);
	return l;
}

bool bind_search(struct binder *b, const struct ast *op, struct table *t)
{
	struct tables *l = filtered(b, op, t);

	return l && bind_union_tables(b, l->items, l->count, "$table", t);
}

/* The type of the column in the first table that has it. */
static enum kql_type type_among(const struct tables *l, const char *name)
{
	for (uint32_t i = 0; i < l->count; i++) {
		const struct output *out = table_find(&l->items[i], name);

		if (out)
			return out->column->type;
	}
	return KQL_STRING;
}

/* A column that a table lacks is null there. */
static void project_columns(struct binder *b, const struct tables *all, struct table *t,
			    const struct ast *columns)
{
	struct table next = { .rel = t->rel, .name = t->name };

	for (uint32_t i = 0; i < columns->count; i++) {
		const struct ast *typed = columns->kids[i];
		const struct output *out = typed->text ? table_find(t, typed->text) : NULL;
		enum kql_type type = typed->type ? typed->type : KQL_STRING;
		struct bx *x;

		if (!typed->text)
			continue;
		if (!typed->type)
			type = type_among(all, typed->text);
		x = out ? bx_column(b, out->column, typed->span) : bx_null(b, type, typed->span);
		if (typed->type)
			x = bx_cast(b, x, type);
		table_push(b, &next, typed->text, table_column(b, &next, typed->text, x));
	}
	*t = next;
}

static bool is_common(const struct tables *l, const char *name)
{
	for (uint32_t i = 0; i < l->count; i++)
		if (!table_find(&l->items[i], name))
			return false;
	return true;
}

/* Columns that all tables have or the condition reads stay; the others become one bag. */
static void project_smart(struct binder *b, const struct tables *all, struct table *t,
			  const struct ast *condition)
{
	struct bx **args = arena_array(b->arena, struct bx *, t->count * 2 + 1), *pack;
	struct table next = { .rel = t->rel, .name = t->name };
	unsigned int count = 0;

	for (uint32_t i = 0; args && i < t->count; i++) {
		const struct output *out = &t->outs[i];

		if (is_common(all, out->name) || reads(condition, out->name)) {
			table_push(b, &next, out->name, out->column);
			continue;
		}
		args[count++] =
		    bx_text(b, KQL_STRING, out->name, strlen(out->name), condition->span);
		args[count++] = bx_column(b, out->column, condition->span);
	}
	if (!args)
		return;
	if (count) {
		pack = bind_raw_call(b, "bag_pack", KQL_DYNAMIC, args, count, condition->span);
		table_push(b, &next, "pack_", table_column(b, &next, "pack_", pack));
	}
	*t = next;
}

/* Puts the column behind all others. */
static void last(struct table *t, const char *name)
{
	for (uint32_t i = 0; i + 1 < t->count; i++) {
		struct output swap = t->outs[i];

		if (strcmp(swap.name, name) != 0)
			continue;
		t->outs[i] = t->outs[i + 1];
		t->outs[i + 1] = swap;
	}
}

bool bind_find(struct binder *b, const struct ast *op, struct table *t)
{
	const struct ast *source = ast_option(op, "withsource"), *columns = ast_kid(op, 2);
	struct tables *l = filtered(b, op, t), *all = arena_new(b->arena, struct tables);

	if (!l || !all || b->diags->failed)
		return false;
	*all = *l;
	for (uint32_t i = 0; i < l->count; i++) {
		if (columns)
			project_columns(b, all, &l->items[i], columns);
		else
			project_smart(b, all, &l->items[i], op->kids[1]);
	}
	if (!bind_union_tables(b, l->items, l->count, source ? source->text : "source_", t))
		return false;
	last(t, "pack_");
	return true;
}
