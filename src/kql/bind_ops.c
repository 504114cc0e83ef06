/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_ops.c - operators that keep rows as they are: where, extend, project and its kin, sort, take
 */
#include <fnmatch.h>
#include <stdlib.h>
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

/* The name that an item of extend, project, summarize gives; *explicit: it was written there. */
static const char *item_name(struct binder *b, const struct table *t, const struct ast *item,
			     bool *explicit)
{
	const char *name;

	*explicit = item->kind == AST_NAMED && item->text;
	if (*explicit)
		return item->text;
	name = bind_expr_name(b, item->kind == AST_NAMED ? item->kids[0] : item);
	if (name && *name)
		return table_free_name(b, t, name);
	for (unsigned int i = 1; i <= BIND_COLUMNS_MAX; i++) {
		name = arena_printf(b->arena, "Column%u", i);
		if (!name || !table_find(t, name))
			return name;
	}
	return NULL;
}

static const struct ast *item_value(const struct ast *item)
{
	return item->kind == AST_NAMED && item->count ? item->kids[0] : item;
}

/* (a, b) = expression that is an array: an element each */
static void extend_tuple(struct binder *b, struct table *t, struct rel *r, const struct ast *names,
			 struct bx *x)
{
	for (uint32_t i = 0; i < names->count; i++) {
		struct bx *element = bx_call(b, "[]", x->span, 2, x, bx_long(b, i, x->span));

		if (element->type != KQL_UNKNOWN)
			table_set(b, t, names->kids[i]->text,
				  rel_define(b, r, names->kids[i]->text, element));
	}
}

bool bind_extend(struct binder *b, const struct ast *op, struct table *t)
{
	const struct ast *list = ast_kid(op, 0);
	struct rel *windows = windows_begin(b, t), *r;
	struct row outer = b->row;
	struct table next;

	table_copy(b, t, &next);
	r = rel_new(b, REL_EXTEND, NULL);
	b->row = (struct row){ .left = t };
	for (uint32_t i = 0; list && i < list->count; i++) {
		const struct ast *item = list->kids[i];
		struct bx *x = bind_expr(b, item_value(item));
		const char *name;
		bool explicit;

		if (item->kind == AST_NAMED && item->count > 1) {
			extend_tuple(b, &next, r, item->kids[1], x);
			continue;
		}
		name = item_name(b, &next, item, &explicit);
		if (!name)
			break;
		table_set(b, &next, name,
			  x->kind == BX_COLUMN ? x->column : rel_define(b, r, name, x));
	}
	b->row = outer;
	windows_end(b, t, windows);
	r->input = t->rel;
	t->outs = next.outs;
	t->count = next.count;
	if (r->def_count)
		t->rel = r;
	return true;
}

bool bind_project(struct binder *b, const struct ast *op, struct table *t)
{
	const struct ast *list = ast_kid(op, 0);
	struct rel *windows = windows_begin(b, t), *r = rel_new(b, REL_EXTEND, NULL);
	struct table next = { .name = t->name, .ordered = t->ordered };
	struct row outer = b->row;

	b->row = (struct row){ .left = t };
	for (uint32_t i = 0; list && i < list->count; i++) {
		const struct ast *item = list->kids[i];
		struct bx *x = bind_expr(b, item_value(item));
		bool explicit;
		const char *name = item_name(b, &next, item, &explicit);

		if (!name)
			break;
		if (explicit && table_find(&next, name)) {
			diag_add(b->diags, DIAG_DUPLICATE, item->span, "a second column '%s'",
				 name);
			continue;
		}
		table_push(b, &next, name,
			   x->kind == BX_COLUMN ? x->column : rel_define(b, r, name, x));
	}
	b->row = outer;
	windows_end(b, t, windows);
	r->input = t->rel;
	next.rel = r->def_count ? r : t->rel;
	*t = next;
	return true;
}

static const char *order_pattern(const struct ast *item, const struct ast **ret_name)
{
	*ret_name = item->kind == AST_ORDER ? item->kids[0] : item;
	return item->kind == AST_ORDER ? item->text : NULL;
}

static bool matches(const struct ast *pattern, const char *name)
{
	if (pattern->kind != AST_WILDCARD)
		return !strcmp(pattern->text, name) ||
		       (!strcmp(pattern->text, "TimeGenerated") && !strcmp(name, "Timestamp"));
	return fnmatch(pattern->text, name, 0) == 0;
}

static int by_name(const void *x, const void *y)
{
	return strcmp(((const struct output *)x)->name, ((const struct output *)y)->name);
}

/* x10 behind x9 */
static int by_number(const void *x, const void *y)
{
	return strverscmp(((const struct output *)x)->name, ((const struct output *)y)->name);
}

static void place(struct output *outs, uint32_t count, const char *order)
{
	if (!order || count < 2)
		return;
	qsort(outs, count, sizeof(*outs), strstr(order, "granny") ? by_number : by_name);
	if (!strstr(order, "desc"))
		return;
	for (uint32_t i = 0; i < count / 2; i++) {
		struct output swap = outs[i];

		outs[i] = outs[count - 1 - i];
		outs[count - 1 - i] = swap;
	}
}

static void keep_matching(struct binder *b, struct table *t, const struct ast *list, bool wanted)
{
	struct table next = { .rel = t->rel, .name = t->name, .ordered = t->ordered };

	for (uint32_t i = 0; i < t->count; i++) {
		bool found = false;

		for (uint32_t k = 0; k < list->count; k++)
			found |= matches(list->kids[k], t->outs[i].name);
		if (found == wanted)
			table_push(b, &next, t->outs[i].name, t->outs[i].column);
	}
	*t = next;
}

/* Named ones first, in the order they are named; the rest where the star stands, else at the end.
 */
static void reorder(struct binder *b, struct table *t, const struct ast *list)
{
	bool *placed = arena_array(b->arena, bool, t->count + 1);
	uint32_t *item_of = arena_array(b->arena, uint32_t, t->count + 1);
	struct table next = { .rel = t->rel, .name = t->name, .ordered = t->ordered };

	if (!placed || !item_of)
		return;
	/* A star takes only what no other item names. */
	for (unsigned int stars = 0; stars < 2; stars++) {
		for (uint32_t k = 0; k < list->count; k++) {
			const struct ast *name;

			(void)order_pattern(list->kids[k], &name);
			if (ast_is(name, AST_WILDCARD, "*") != (bool)stars)
				continue;
			for (uint32_t i = 0; i < t->count; i++) {
				if (placed[i] || !matches(name, t->outs[i].name))
					continue;
				placed[i] = true;
				item_of[i] = k;
			}
		}
	}
	for (uint32_t k = 0; k < list->count; k++) {
		const struct ast *name;
		const char *order = order_pattern(list->kids[k], &name);
		uint32_t first = next.count;

		for (uint32_t i = 0; i < t->count; i++)
			if (placed[i] && item_of[i] == k)
				table_push(b, &next, t->outs[i].name, t->outs[i].column);
		place(next.outs + first, next.count - first, order);
	}
	for (uint32_t i = 0; i < t->count; i++)
		if (!placed[i])
			table_push(b, &next, t->outs[i].name, t->outs[i].column);
	*t = next;
}

static void check_named(struct binder *b, const struct table *t, const struct ast *list)
{
	struct row outer = b->row;

	b->row = (struct row){ .left = t };
	for (uint32_t i = 0; i < list->count; i++) {
		const struct ast *name;

		(void)order_pattern(list->kids[i], &name);
		if (name->kind == AST_NAME)
			(void)bind_column(b, name);
	}
	b->row = outer;
}

/* Names as columns, texts, or arrays of texts; each may be a pattern. */
static bool project_by_names(struct binder *b, struct table *t, const struct ast *list)
{
	struct table next = { .rel = t->rel, .name = t->name, .ordered = t->ordered };

	for (uint32_t i = 0; i < list->count; i++) {
		const struct ast *item = list->kids[i];
		struct token_list names = { NULL, 0 };
		const struct bx *x;

		if (item->kind == AST_NAME && table_find(t, item->text)) {
			const struct output *out = table_find(t, item->text);

			table_set(b, &next, out->name, out->column);
			continue;
		}
		x = bind_expr(b, item);
		if (!bx_is_const(x) || (x->type != KQL_DYNAMIC && x->type != KQL_STRING)) {
			if (x->type != KQL_UNKNOWN)
				diag_add(b->diags, DIAG_CONSTANT, item->span,
					 "names that are not known before the query runs");
			return false;
		}
		if (x->type == KQL_DYNAMIC) {
			struct diag_list quiet = { .arena = b->arena,
						   .source = x->s,
						   .source_len = x->len };

			if (token_scan(&quiet, x->s, x->len, &names) < 0)
				return false;
		}
		for (size_t n = 0; n < (x->type == KQL_DYNAMIC ? names.count : 1); n++) {
			struct ast pattern = { .kind = AST_WILDCARD, .text = x->s };

			if (x->type == KQL_DYNAMIC && names.items[n].kind != TOKEN_STRING)
				continue;
			if (x->type == KQL_DYNAMIC)
				pattern.text = names.items[n].text;
			for (uint32_t k = 0; k < t->count; k++)
				if (matches(&pattern, t->outs[k].name))
					table_set(b, &next, t->outs[k].name, t->outs[k].column);
		}
	}
	*t = next;
	return true;
}

bool bind_project_columns(struct binder *b, const struct ast *op, struct table *t)
{
	const struct ast *list = ast_kid(op, 0);

	if (!list)
		return true;
	if (!strcmp(op->text, "project-by-names"))
		return project_by_names(b, t, list);
	check_named(b, t, list);
	if (!strcmp(op->text, "project-reorder"))
		reorder(b, t, list);
	else
		keep_matching(b, t, list, !strcmp(op->text, "project-keep"));
	return true;
}

bool bind_project_rename(struct binder *b, const struct ast *op, struct table *t)
{
	const struct ast *list = ast_kid(op, 0);
	struct row outer = b->row;
	struct table next;

	table_copy(b, t, &next);
	next.ordered = t->ordered;
	b->row = (struct row){ .left = t };
	for (uint32_t i = 0; list && i < list->count; i++) {
		const struct ast *item = list->kids[i];
		const struct output *out;

		if (item->kind != AST_NAMED || !item->text) {
			diag_add(b->diags, DIAG_SYNTAX, item->span, "no new name is given here");
			diag_expected(b->diags, "new = old");
			continue;
		}
		out = bind_column(b, item->kids[0]);
		if (!out)
			continue;
		if (table_find(t, item->text) && strcmp(item->text, out->name) != 0) {
			diag_add(b->diags, DIAG_DUPLICATE, item->span,
				 "there is a column '%s' already", item->text);
			continue;
		}
		next.outs[out - t->outs].name = item->text;
	}
	b->row = outer;
	*t = next;
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
		struct bx *x = table_expr(b, t, item_value(item->kids[0]));

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
