/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_table.c - tabular expressions: tables, names of let, pipes
 */
#include <stdio.h>
#include <string.h>

#include "base/near.h"
#include "kql/bind_source.h"

const struct kql_table *bind_catalogue_table(struct binder *b, const char *name)
{
	for (size_t i = 0; i < b->catalogue->count; i++)
		if (!strcmp(b->catalogue->tables[i].name, name))
			return &b->catalogue->tables[i];
	return NULL;
}

static const struct kql_table_column received = { .name = BIND_RECEIVED,
						  .sql = "ReceivedTime",
						  .type = KQL_DATETIME };

bool bind_scan(struct binder *b, const struct kql_table *table, struct table *ret)
{
	struct rel *scan = rel_new(b, REL_SCAN, NULL);
	struct table t = { .rel = scan, .name = table->name };

	scan->table = table;
	scan->defs = arena_array(b->arena, struct definition, table->column_count + 1);
	if (!scan->defs)
		return false;
	for (size_t i = 0; i <= table->column_count; i++) {
		const struct kql_table_column *stored =
		    i < table->column_count ? &table->columns[i] : &received;
		struct column *c = column_new(b, stored->name, stored->type,
					      stored->nullable || (!stored->sql && !stored->view));

		if (stored == &received && !table->stored)
			break;
		c->stored = stored;
		c->scan = scan;
		scan->defs[scan->def_count++].column = c;
		if (stored != &received)
			table_push(b, &t, stored->name, c);
	}
	*ret = t;
	return true;
}

static bool unknown_table(struct binder *b, const struct ast *a)
{
	char word[NEAR_WORD_MAX];
	struct near near = { .word = word };

	snprintf(word, sizeof(word), "%.*s", (int)MIN(a->text_len, 100u), a->text);
	for (size_t i = 0; i < b->catalogue->count; i++)
		near_offer(&near, b->catalogue->tables[i].name);
	for (const struct scope *s = b->scope; s; s = s->parent)
		near_offer(&near, s->entry.name);
	diag_add(b->diags, DIAG_NAME, a->span, "there is no table '%s'", word);
	diag_expected(b->diags, "a table, or a name of let");
	diag_suggest(b->diags, near.best);
	return false;
}

static bool bind_entry(struct binder *b, const struct ast *a, const struct entry *e,
		       struct table *ret)
{
	const struct scope *outer = b->scope;
	bool good;

	switch (e->kind) {
	case ENTRY_TABLE:
		return e->table && bind_clone(b, e->table, ret);
	case ENTRY_FUNCTION:
		return bind_user_table(b, a, e, NULL, ret);
	case ENTRY_TREE:
		/* Each use is bound anew: its columns are its own. */
		if (b->calls >= BIND_CALLS_MAX) {
			diag_add(b->diags, DIAG_LIMIT, a->span,
				 "names of let stand for each other more than %u deep",
				 BIND_CALLS_MAX);
			return false;
		}
		b->calls++;
		b->scope = e->scope;
		good = bind_table(b, e->tree, ret);
		b->scope = outer;
		b->calls--;
		return good;
	default:
		diag_add(b->diags, DIAG_TYPE, a->span, "'%s' is a scalar value", e->name);
		diag_expected(b->diags, "a table");
		return false;
	}
}

static bool bind_table_name(struct binder *b, const struct ast *a, const char *name,
			    struct table *ret)
{
	const struct entry *e = scope_find(b->scope, name);
	const struct kql_table *table;
	bool good;

	if (e) {
		good = bind_entry(b, a, e, ret);
		if (good)
			ret->name = e->name;
		return good;
	}
	table = bind_catalogue_table(b, name);
	return table ? bind_scan(b, table, ret) : unknown_table(b, a);
}

/* table("Name") */
static bool bind_table_call(struct binder *b, const struct ast *a, struct table *ret)
{
	const struct bx *name = a->count ? bind_constant(b, a->kids[0], KQL_STRING) : NULL;
	struct ast named = *a;

	if (!name) {
		diag_add(b->diags, DIAG_ARGUMENTS, a->span, "table() without the name of a table");
		return false;
	}
	named.text = name->s;
	named.text_len = name->len;
	named.kind = AST_NAME;
	return bind_table_name(b, &named, name->s, ret);
}

static bool bind_call_table(struct binder *b, const struct ast *a, struct table *ret)
{
	const struct entry *e = scope_find(b->scope, a->text);

	if (e)
		return bind_entry(b, a, e, ret);
	if (!strcmp(a->text, "materialize")) {
		if (a->count == 1)
			return bind_table(b, a->kids[0], ret);
		diag_add(b->diags, DIAG_ARGUMENTS, a->span, "materialize() with %u arguments",
			 a->count);
		return false;
	}
	if (!strcmp(a->text, "table"))
		return bind_table_call(b, a, ret);
	if (!strcmp(a->text, "database") || !strcmp(a->text, "cluster") ||
	    !strcmp(a->text, "workspace")) {
		diag_add(b->diags, DIAG_REFUSED, a->span,
			 "%s() reaches beyond this tenant's tables", a->text);
		diag_expected(b->diags, "the table alone");
		return false;
	}
	diag_add(b->diags, DIAG_FUNCTION, a->span, "there is no function '%s' that gives a table",
		 a->text);
	return false;
}

/* call(...).path: of a pattern the path is one more argument */
static bool bind_path_table(struct binder *b, const struct ast *a, struct table *ret)
{
	const struct ast *call = a->kids[0];
	const struct entry *e = scope_find(b->scope, call->text);
	struct ast path = { .kind = AST_LITERAL,
			    .type = KQL_STRING,
			    .span = a->span,
			    .text = a->text,
			    .text_len = a->text_len };
	struct ast with_path = *call;

	if (!e || e->kind != ENTRY_FUNCTION || e->tree->kind != AST_PATTERN)
		return bind_call_table(b, call, ret);
	with_path.kids = arena_array(b->arena, struct ast *, call->count + 1);
	if (!with_path.kids)
		return false;
	for (uint32_t i = 0; i < call->count; i++)
		with_path.kids[i] = call->kids[i];
	with_path.kids[with_path.count++] = a->kind == AST_INDEX ? a->kids[1] : &path;
	return bind_call_table(b, &with_path, ret);
}

static bool bind_pipe(struct binder *b, const struct ast *pipe, struct table *ret)
{
	struct table t = { 0 };
	unsigned int first = 1;
	bool good;

	if (pipe->count && pipe->kids[0]) {
		good = bind_table(b, pipe->kids[0], &t);
	} else {
		if (pipe->count < 2 || pipe->kids[1]->kind == AST_BAD)
			return false;
		good = bind_source_operator(b, pipe->kids[1], &t);
		first = 2;
	}
	if (!good)
		return false;
	if (!bind_operators(b, pipe, first, &t))
		return false;
	*ret = t;
	return true;
}

bool bind_table(struct binder *b, const struct ast *a, struct table *ret)
{
	struct row row = b->row;
	struct rel *aggregates = b->aggregates, *windows = b->windows;
	bool good = false;

	if (!bind_enter(b, a->span))
		return false;
	b->row = (struct row){ 0 };
	b->aggregates = b->windows = NULL;
	switch ((enum ast_kind)a->kind) {
	case AST_NAME:
	case AST_WILDCARD:
		good = bind_table_name(b, a, a->text, ret);
		break;
	case AST_PIPE:
		good = bind_pipe(b, a, ret);
		break;
	case AST_CALL:
		good = bind_call_table(b, a, ret);
		break;
	case AST_PATH:
	case AST_INDEX:
		if (a->kids[0]->kind == AST_CALL) {
			good = bind_path_table(b, a, ret);
			break;
		}
		/* fall through */
	default:
		if (a->kind != AST_BAD) {
			diag_add(b->diags, DIAG_TYPE, a->span,
				 "a value where a table should stand");
			diag_expected(b->diags,
				      "a table, a pipe, or a name of let that stands for one");
		}
	}
	bind_leave(b);
	b->row = row;
	b->aggregates = aggregates;
	b->windows = windows;
	return good;
}

static const struct {
	const char *name;
	bind_op bind;
} operators[] = {
	{ "as", bind_as },
	{ "consume", bind_count },
	{ "count", bind_count },
	{ "distinct", bind_distinct },
	{ "evaluate", bind_evaluate },
	{ "extend", bind_extend },
	{ "find", bind_find },
	{ "getschema", bind_getschema },
	{ "invoke", bind_invoke },
	{ "join", bind_join },
	{ "lookup", bind_join },
	{ "make-series", bind_make_series },
	{ "mv-apply", bind_mv_apply },
	{ "mv-expand", bind_mv_expand },
	{ "parse", bind_parse },
	{ "parse-kv", bind_parse_kv },
	{ "parse-where", bind_parse },
	{ "partition", bind_partition },
	{ "project", bind_project },
	{ "project-away", bind_project_columns },
	{ "project-by-names", bind_project_columns },
	{ "project-keep", bind_project_columns },
	{ "project-rename", bind_project_rename },
	{ "project-reorder", bind_project_columns },
	{ "reduce", bind_reduce },
	{ "render", bind_render },
	{ "sample", bind_take },
	{ "sample-distinct", bind_sample_distinct },
	{ "scan", bind_scan_op },
	{ "search", bind_search },
	{ "serialize", bind_serialize },
	{ "sort", bind_sort },
	{ "summarize", bind_summarize },
	{ "take", bind_take },
	{ "top", bind_top },
	{ "top-hitters", bind_top_hitters },
	{ "top-nested", bind_top_nested },
	{ "union", bind_union },
	{ "where", bind_where },
};

bool bind_operator(struct binder *b, const struct ast *op, struct table *t)
{
	if (op->kind != AST_OP)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(operators); i++)
		if (!strcmp(op->text, operators[i].name))
			return operators[i].bind(b, op, t);
	diag_add(b->diags, DIAG_REFUSED, op->span, "the operator '%s' is not supported here",
		 op->text);
	return false;
}

bool bind_operators(struct binder *b, const struct ast *pipe, unsigned int from, struct table *t)
{
	for (uint32_t i = from; i < pipe->count; i++)
		if (!bind_operator(b, pipe->kids[i], t))
			return false;
	return true;
}
