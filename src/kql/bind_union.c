/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_union.c - union, search, find: the same columns of several tables
 */
#include <fnmatch.h>
#include <string.h>

#include "kql/bind_call.h"

#define UNION_TABLES_MAX 64u

struct tables {
	struct table items[UNION_TABLES_MAX];
	uint32_t count;
};

static bool add(struct binder *b, struct tables *l, const struct table *t, struct span at)
{
	if (l->count == UNION_TABLES_MAX) {
		diag_add(b->diags, DIAG_LIMIT, at, "more than %u tables", UNION_TABLES_MAX);
		return false;
	}
	l->items[l->count++] = *t;
	return true;
}

/* Tables of the catalogue, and of views, whose names match. */
static void add_matching(struct binder *b, struct tables *l, const struct ast *pattern)
{
	for (const struct scope *s = b->scope; s; s = s->parent) {
		struct ast name = { .kind = AST_NAME,
				    .span = pattern->span,
				    .text = s->entry.name };
		struct table t;

		if (!s->entry.view || fnmatch(pattern->text, s->entry.name, 0) != 0)
			continue;
		name.text_len = (uint32_t)strlen(name.text);
		if (bind_table(b, &name, &t))
			(void)add(b, l, &t, pattern->span);
	}
	for (size_t i = 0; i < b->catalogue->count; i++) {
		struct table t;

		if (fnmatch(pattern->text, b->catalogue->tables[i].name, 0) == 0 &&
		    bind_scan(b, &b->catalogue->tables[i], &t))
			(void)add(b, l, &t, pattern->span);
	}
}

/* isfuzzy: what does not resolve is left out; its complaints with it. */
static bool add_one(struct binder *b, struct tables *l, const struct ast *a, bool fuzzy)
{
	struct diag_list before = *b->diags;
	struct table t = { 0 };

	if (a->kind == AST_WILDCARD) {
		add_matching(b, l, a);
		return true;
	}
	if (bind_table(b, a, &t))
		return add(b, l, &t, a->span);
	if (!fuzzy)
		return false;
	*b->diags = before;
	return true;
}

struct merged {
	const char *name;
	enum kql_type type;
	uint32_t tables; /* that have it */
};

struct merge {
	struct merged items[BIND_COLUMNS_MAX];
	uint32_t count;
};

static struct merged *merge_find(struct merge *m, const char *name, enum kql_type type)
{
	for (uint32_t i = 0; i < m->count; i++)
		if (!strcmp(m->items[i].name, name) && m->items[i].type == type)
			return &m->items[i];
	return NULL;
}

/* Behind the last of its name, else at the end. */
static void merge_insert(struct merge *m, const struct output *out)
{
	uint32_t at = m->count++;

	for (uint32_t i = m->count - 1; i; i--)
		if (!strcmp(m->items[i - 1].name, out->name)) {
			at = i;
			break;
		}
	memmove(m->items + at + 1, m->items + at, (m->count - 1 - at) * sizeof(*m->items));
	m->items[at] = (struct merged){ out->name, out->column->type, 1 };
}

static void merge_columns(struct binder *b, const struct table *tables, uint32_t count,
			  struct merge *m)
{
	for (uint32_t i = 0; i < count; i++) {
		for (uint32_t k = 0; k < tables[i].count; k++) {
			const struct output *out = &tables[i].outs[k];
			struct merged *found = merge_find(m, out->name, out->column->type);

			if (found) {
				found->tables++;
			} else if (m->count < BIND_COLUMNS_MAX) {
				merge_insert(m, out);
			} else {
				diag_add(b->diags, DIAG_LIMIT, (struct span){ 0, 0 },
					 "the union has more than %u columns", BIND_COLUMNS_MAX);
				return;
			}
		}
	}
}

static bool name_taken(const struct merge *m, const char *name)
{
	for (uint32_t i = 0; i < m->count; i++)
		if (!strcmp(m->items[i].name, name))
			return true;
	return false;
}

/* Columns of one name and several types are told apart by their type. */
static const char *merged_name(struct binder *b, const struct merge *m, const struct table *t,
			       uint32_t i)
{
	const char *name = m->items[i].name;
	bool alone = true;

	for (uint32_t k = 0; k < m->count; k++)
		alone &= k == i || strcmp(m->items[k].name, name) != 0;
	if (!alone)
		name = arena_printf(b->arena, "%s_%s", name, kql_type_name(m->items[i].type));
	if (name && !alone && name_taken(m, name)) {
		for (unsigned int n = 1; n < BIND_COLUMNS_MAX; n++) {
			const char *numbered = arena_printf(b->arena, "%s%u", name, n);

			if (!numbered || (!name_taken(m, numbered) && !table_find(t, numbered)))
				return numbered;
		}
	}
	return name;
}

static const struct bx *value_in(struct binder *b, const struct table *t, const char *name,
				 enum kql_type type)
{
	for (uint32_t i = 0; i < t->count; i++)
		if (!strcmp(t->outs[i].name, name) && t->outs[i].column->type == type)
			return bx_column(b, t->outs[i].column, (struct span){ 0, 0 });
	return bx_null(b, type, (struct span){ 0, 0 });
}

static bool union_of(struct binder *b, const struct table *tables, uint32_t count,
		     const char *withsource, bool inner, struct table *ret)
{
	struct merge *m = arena_new(b->arena, struct merge);
	struct rel *r = rel_new(b, REL_UNION, NULL);
	struct table t = { .rel = r };

	r->inputs = arena_array(b->arena, const struct rel *, count);
	r->input_count = count;
	if (!m || !r->inputs)
		return false;
	for (uint32_t i = 0; i < count; i++)
		r->inputs[i] = tables[i].rel;
	merge_columns(b, tables, count, m);
	if (withsource) {
		table_push(
		    b, &t, withsource,
		    rel_define(b, r, withsource, bx_null(b, KQL_STRING, (struct span){ 0, 0 })));
	}
	for (uint32_t i = 0; i < m->count; i++) {
		const char *name = merged_name(b, m, &t, i);
		struct bx *typed = bx_null(b, m->items[i].type, (struct span){ 0, 0 });

		if (inner && m->items[i].tables < count)
			m->items[i].name = NULL;
		else if (name)
			table_push(b, &t, name, rel_define(b, r, name, typed));
		if (!m->items[i].name)
			m->items[i].name = "";
	}
	r->values = arena_array(b->arena, const struct bx *, count * r->def_count + 1);
	for (uint32_t i = 0; r->values && i < count; i++) {
		const char *source =
		    tables[i].name ? tables[i].name : arena_printf(b->arena, "union_arg%u", i);
		uint32_t c = 0;

		if (withsource && source)
			r->values[i * r->def_count + c++] =
			    bx_text(b, KQL_STRING, source, strlen(source), (struct span){ 0, 0 });
		for (uint32_t k = 0; k < m->count; k++)
			if (*m->items[k].name)
				r->values[i * r->def_count + c++] =
				    value_in(b, &tables[i], m->items[k].name, m->items[k].type);
	}
	*ret = t;
	return r->values != NULL;
}

bool bind_union_tables(struct binder *b, struct table *tables, uint32_t count,
		       const char *withsource, struct table *ret)
{
	return union_of(b, tables, count, withsource, false, ret);
}

bool bind_union(struct binder *b, const struct ast *op, struct table *t)
{
	const struct ast *list = ast_kid(op, 0), *fuzzy = ast_option(op, "isfuzzy"),
			 *kind = ast_option(op, "kind");
	const struct ast *source = ast_option(op, "withsource");
	struct tables *l = arena_new(b->arena, struct tables);
	struct table *partition = b->partition;
	bool good = true;

	if (!l || !list)
		return false;
	if (!source)
		source = ast_option(op, "with_source");
	if (t->rel)
		l->items[l->count++] = *t;
	b->partition = NULL;
	for (uint32_t i = 0; i < list->count; i++)
		good &= add_one(b, l, list->kids[i],
				fuzzy && fuzzy->text && !strcmp(fuzzy->text, "true"));
	b->partition = partition;
	if (!good)
		return false;
	if (!l->count) {
		diag_add(b->diags, DIAG_NAME, op->span, "none of the tables exists");
		return false;
	}
	return union_of(b, l->items, l->count, source ? source->text : NULL,
			ast_is(kind, AST_LITERAL, "inner"), t);
}

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
		add_matching(b, l, &all);
		return true;
	}
	for (uint32_t i = 0; i < sources->count; i++)
		good &= add_one(b, l, sources->kids[i], false);
	return good;
}

/* Tables that lack a column of the condition are left out, unless all do. */
static void filter_tables(struct binder *b, struct tables *l, const struct ast *condition)
{
	uint32_t kept = 0;
	struct diag_list first = *b->diags;

	for (uint32_t i = 0; i < l->count; i++) {
		struct diag_list before = *b->diags;
		struct table t = l->items[i];
		struct row outer = b->row;
		struct bx *x;

		b->row = (struct row){ .left = &t };
		x = search_condition(b, condition);
		b->row = outer;
		if (x->type == KQL_UNKNOWN) {
			if (!i)
				first = *b->diags;
			*b->diags = before;
			continue;
		}
		table_filter(b, &t, x);
		l->items[kept++] = t;
	}
	if (!kept && l->count)
		*b->diags = first;
	l->count = kept ? kept : l->count;
}

bool bind_search(struct binder *b, const struct ast *op, struct table *t)
{
	struct tables *l = arena_new(b->arena, struct tables);

	if (!l || !ast_kid(op, 1))
		return false;
	if (t->rel)
		l->items[l->count++] = *t;
	else if (!gather(b, op->kids[0], l))
		return false;
	filter_tables(b, l, op->kids[1]);
	if (t->rel) {
		*t = l->items[0];
		return true;
	}
	return union_of(b, l->items, l->count, "$table", false, t);
}

/* A column that a table lacks is null there. */
static void complete(struct binder *b, struct table *t, const struct ast *columns)
{
	struct table next = { .rel = t->rel, .name = t->name };

	for (uint32_t i = 0; i < columns->count; i++) {
		const struct ast *typed = columns->kids[i];
		const struct output *out = typed->text ? table_find(t, typed->text) : NULL;
		enum kql_type type = typed->type ? typed->type : KQL_STRING;
		struct bx *x =
		    out ? bx_column(b, out->column, typed->span) : bx_null(b, type, typed->span);

		if (!typed->text)
			continue;
		if (typed->type)
			x = bx_cast(b, x, type);
		table_push(b, &next, typed->text, table_column(b, &next, typed->text, x));
	}
	*t = next;
}

bool bind_find(struct binder *b, const struct ast *op, struct table *t)
{
	const struct ast *source = ast_option(op, "withsource"), *columns = ast_kid(op, 2);
	struct tables *l = arena_new(b->arena, struct tables);

	if (!l || !ast_kid(op, 1))
		return false;
	if (t->rel)
		l->items[l->count++] = *t;
	else if (!gather(b, op->kids[0], l))
		return false;
	filter_tables(b, l, op->kids[1]);
	for (uint32_t i = 0; columns && i < l->count; i++)
		complete(b, &l->items[i], columns);
	return union_of(b, l->items, l->count, source ? source->text : "source_", false, t);
}
