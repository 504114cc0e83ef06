/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_project.c - operators that keep rows as they are and change columns: extend, project and its
 * kin
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "kql/bind_call.h"

static const struct ast *item_value(const struct ast *item)
{
	return item->kind == AST_NAMED && item->count ? item->kids[0] : item;
}

/* What a column is to be called, where the item says it; NULL where a name is made up. */
static const char *declared_name(const struct ast *item)
{
	return item->kind == AST_NAMED || item->kind == AST_NAME ? item->text : NULL;
}

static bool is_declared(const struct ast *list, uint32_t count, const char *name)
{
	for (uint32_t i = 0; list && i < count; i++) {
		const char *one = declared_name(list->kids[i]);

		if (one && !strcmp(one, name))
			return true;
	}
	return false;
}

void bind_refuse_twice(struct binder *b, const struct ast *list, const struct ast *others)
{
	for (uint32_t i = 0; list && i < list->count; i++) {
		const char *name = declared_name(list->kids[i]);

		if (name && (is_declared(list, i, name) ||
			     (others && is_declared(others, others->count, name))))
			diag_add(b->diags, DIAG_DUPLICATE, list->kids[i]->span,
				 "a second column '%s'", name);
	}
}

uint32_t bind_value_count(const struct bx *x)
{
	struct func_value value;
	uint32_t n = x->count;

	if (x->kind != BX_CALL || !(x->fn->flags & FUNC_TUPLE))
		return 1;
	if (!x->fn->values)
		return n && x->args[n - 1]->type == KQL_BOOL ? n - 1 : n;
	for (n = 0; func_value(x->fn, n, &value);)
		n++;
	return n;
}

bool bind_names_fit(struct binder *b, const struct ast *names, const struct bx *x)
{
	uint32_t count = bind_value_count(x);

	if (count < 2 || names->count <= count)
		return true;
	diag_add(b->diags, DIAG_ARGUMENTS, names->span, "%u names for %u values", names->count,
		 count);
	return false;
}

struct values bind_values_hold(struct binder *b, struct rel *r, struct bx *call)
{
	struct values v = { call, call };

	if (bind_value_count(call) > 1 && call->fn->values)
		v.held = bx_column(b, rel_define(b, r, "values", call), call->span);
	return v;
}

struct bx *bind_value(struct binder *b, const struct values *v, uint32_t i)
{
	struct span at = v->call->span;
	struct func_value value;
	struct bx *element;

	if (bind_value_count(v->call) < 2)
		return v->call;
	element = bx_call(b, "[]", at, 2, v->held, bx_long(b, i, at));
	return func_value(v->call->fn, i, &value) ? bx_cast(b, element, value.type) : element;
}

const char *bind_value_name(struct binder *b, const struct ast *call, uint32_t i)
{
	const struct func *f = func_find(call->text);
	const char *argument, *name;
	struct func_value value;

	if (f && func_value(f, i, &value)) {
		argument = call->count ? bind_expr_name(b, call->kids[0]) : NULL;
		name = arena_printf(b->arena, "%s_%s_%s", call->text, argument ? argument : "",
				    value.name);
		return name ? name : "Column1";
	}
	argument = i < call->count ? bind_expr_name(b, call->kids[i]) : NULL;
	name = argument ? arena_printf(b->arena, "%s_sorted", argument)
			: arena_printf(b->arena, "array%u_sorted", i);
	return name ? name : "Column1";
}

/* What is under way while the items of extend or project are bound. */
struct items {
	struct table *next; /* the columns behind the operator */
	struct rel *r;	    /* what is computed for them */
	struct rel *beneath; /* calls that give several values, each computed once */
	bool replaces;	    /* a name that is there already: extend puts the new in its place */
};

/* What a call gives, from the first value on without a name for it: a column each. */
static void push_values(struct binder *b, const struct items *to, const struct ast *call,
			const struct values *v, uint32_t from)
{
	for (uint32_t i = from; i < bind_value_count(v->call); i++) {
		const char *name = table_free_name(b, to->next, bind_value_name(b, call, i));

		table_push(b, to->next, name, rel_define(b, to->r, name, bind_value(b, v, i)));
	}
}

/*
 * (a, b) = expression that gives several values, or is an array: one each. What project has no name
 * for keeps its own, extend leaves it out.
 */
static void put_tuple(struct binder *b, const struct items *to, const struct ast *item,
		      struct bx *x)
{
	const struct ast *names = item->kids[1], *call = item->kids[0];
	struct values v = bind_values_hold(b, to->beneath, x);
	uint32_t count = bind_value_count(x);

	if (!bind_names_fit(b, names, x))
		return;
	for (uint32_t i = 0; i < names->count; i++) {
		struct bx *value = count > 1
				       ? bind_value(b, &v, i)
				       : bx_call(b, "[]", x->span, 2, x, bx_long(b, i, x->span));

		if (value->type != KQL_UNKNOWN)
			table_set(b, to->next, names->kids[i]->text,
				  rel_define(b, to->r, names->kids[i]->text, value));
	}
	if (!to->replaces && count > 1)
		push_values(b, to, call, &v, names->count);
}

/* The name that an item gives; what extend computes of a column is put in its place. */
static const char *item_name(struct binder *b, const struct items *to, const struct ast *item)
{
	const char *name;

	if (item->kind == AST_NAMED && item->text)
		return to->replaces ? item->text : table_free_name(b, to->next, item->text);
	name = bind_expr_name(b, item_value(item));
	if (name && *name)
		return to->replaces && table_find(b->row.left, name)
			   ? name
			   : table_free_name(b, to->next, name);
	for (unsigned int i = 1; i <= BIND_COLUMNS_MAX; i++) {
		name = arena_printf(b->arena, "Column%u", i);
		if (!name || !table_find(to->next, name))
			return name;
	}
	return NULL;
}

static void put_item(struct binder *b, const struct items *to, const char *name, struct bx *x)
{
	const struct column *column;

	column = x->kind == BX_COLUMN ? x->column : rel_define(b, to->r, name, x);
	if (to->replaces)
		table_set(b, to->next, name, column);
	else
		table_push(b, to->next, name, column);
}

/* False: no name is left for it. */
static bool bind_item(struct binder *b, const struct items *to, const struct ast *item)
{
	struct bx *x = bind_expr(b, item_value(item));
	struct values v = { x, x };
	const char *name;

	if (item->kind == AST_NAMED && item->count > 1) {
		put_tuple(b, to, item, x);
		return true;
	}
	if (item->kind != AST_NAMED && bind_value_count(x) > 1) {
		v = bind_values_hold(b, to->beneath, x);
		push_values(b, to, item, &v, 0);
		return true;
	}
	x = bind_value(b, &v, 0);
	name = item_name(b, to, item);
	if (name)
		put_item(b, to, name, x);
	return name != NULL;
}

/* The items see the columns of t, which afterwards has those of to->next. */
static void bind_items(struct binder *b, const struct ast *list, struct table *t,
		       const struct items *to)
{
	struct rel *windows = windows_begin(b, t);
	struct row outer = b->row;

	b->row = (struct row){ .left = t };
	bind_refuse_twice(b, list, NULL);
	for (uint32_t i = 0; list && i < list->count; i++)
		if (!bind_item(b, to, list->kids[i]))
			break;
	b->row = outer;
	windows_end(b, t, windows);
	to->beneath->input = t->rel;
	to->r->input = to->beneath->def_count ? to->beneath : t->rel;
	to->next->rel = to->r->def_count ? to->r : t->rel;
	*t = *to->next;
}

bool bind_extend(struct binder *b, const struct ast *op, struct table *t)
{
	struct table next = *t, columns;

	table_copy(b, t, &columns);
	next.outs = columns.outs;
	next.count = columns.count;
	bind_items(b, ast_kid(op, 0), t,
		   &(struct items){ &next, rel_new(b, REL_EXTEND, NULL),
				    rel_new(b, REL_EXTEND, NULL), true });
	return true;
}

bool bind_project(struct binder *b, const struct ast *op, struct table *t)
{
	struct table next = { .name = t->name, .ordered = t->ordered };

	bind_items(b, ast_kid(op, 0), t,
		   &(struct items){ &next, rel_new(b, REL_EXTEND, NULL),
				    rel_new(b, REL_EXTEND, NULL), false });
	return true;
}

static const char *order_pattern(const struct ast *item, const struct ast **ret_name)
{
	*ret_name = item->kind == AST_ORDER ? item->kids[0] : item;
	return item->kind == AST_ORDER ? item->text : NULL;
}

static bool matches(const struct ast *pattern, const char *name)
{
	if (!pattern->text) /* what could not be read */
		return false;
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
		if (next.count > first)
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
