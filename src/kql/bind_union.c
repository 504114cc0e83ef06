/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_union.c - union: the same columns of several tables
 */
#include "kql/bind_union.h"

#include <fnmatch.h>
#include <string.h>

static bool add(struct binder *b, struct tables *l, const struct table *t, struct span at)
{
	if (l->count == UNION_TABLES_MAX) {
		diag_add(b->diags, DIAG_LIMIT, at, "more than %u tables", UNION_TABLES_MAX);
		return false;
	}
	l->items[l->count++] = *t;
	return true;
}

void bind_tables_matching(struct binder *b, struct tables *l, const struct ast *pattern)
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

bool bind_tables_add(struct binder *b, struct tables *l, const struct ast *a, bool fuzzy)
{
	struct diag_list before = *b->diags;
	struct table t = { 0 };

	if (a->kind == AST_WILDCARD) {
		bind_tables_matching(b, l, a);
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
		good &= bind_tables_add(b, l, list->kids[i],
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
