/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_call.c - calls: of the language's functions, of aggregates, of the query's own
 */
#include <stdio.h>
#include <string.h>

#include "base/near.h"
#include "kql/bind_call.h"

struct bx *bind_raw_call(struct binder *b, const char *name, enum kql_type type, struct bx **args,
			 unsigned int count, struct span span)
{
	struct bx *x = bx_new(b, BX_CALL, type, span);

	if (x == &b->spare)
		return x;
	x->fn = func_find(name);
	x->args = arena_array(b->arena, struct bx *, count ? count : 1);
	if (!x->args || !x->fn)
		return bx_bad(b, span);
	x->count = count;
	for (unsigned int i = 0; i < count; i++) {
		if (args[i]->type == KQL_UNKNOWN)
			return bx_bad(b, span);
		x->args[i] = args[i];
		x->nullable |= args[i]->nullable;
	}
	if (type == KQL_STRING)
		x->nullable = false;
	return x;
}

static void offer(void *arg, const struct func_family *family, const struct func *f)
{
	char name[48];

	(void)family;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(f->sig, "("), f->sig);
	if (!func_is_hidden(name) &&
	    func_find(name) ==
		f) { /* the first of its overloads; the signature outlives the complaint */
		struct near *near = arg;
		const char *before = near->best;

		near_offer(near, name);
		if (near->best != before)
			near->best = f->sig;
	}
}

static struct bx *unknown_function(struct binder *b, const struct ast *a)
{
	char word[NEAR_WORD_MAX];
	struct near near = { .word = word };

	snprintf(word, sizeof(word), "%.*s", (int)MIN(a->text_len, 100u), a->text);
	func_each(offer, &near);
	if (near.best)
		near.best = arena_strndup(b->arena, near.best, strcspn(near.best, "("));
	for (const struct scope *s = b->scope; s; s = s->parent)
		near_offer(&near, s->entry.name);
	diag_add(b->diags, DIAG_FUNCTION, a->span, "there is no function '%s'", word);
	diag_suggest(b->diags, near.best);
	for (uint32_t i = 0; i < a->count; i++)
		if (a->kids[i]->kind != AST_NAMED && !bind_is_tabular(b, a->kids[i]) &&
		    a->kids[i]->kind != AST_WILDCARD)
			(void)bind_expr(b, a->kids[i]); /* for its own mistakes */
	return bx_bad(b, a->span);
}

/* An aggregate becomes a column of the relation that is being made. */
static struct bx *collect_aggregate(struct binder *b, const struct ast *a, struct bx *x)
{
	if (!b->aggregates) {
		diag_add(b->diags, DIAG_PLACE, a->span, "the aggregate %s() outside of summarize",
			 a->text);
		diag_expected(b->diags, "summarize, make-series or top-nested");
		return bx_bad(b, a->span);
	}
	return bx_column(b, rel_define(b, b->aggregates, a->text, x), a->span);
}

static bool depends_on(const struct bx *x, const struct rel *r)
{
	for (uint32_t i = 0; x->kind == BX_COLUMN && i < r->def_count; i++)
		if (r->defs[i].column == x->column)
			return true;
	for (uint32_t i = 0; i < x->count; i++)
		if (depends_on(x->args[i], r))
			return true;
	return false;
}

static struct bx *collect_window(struct binder *b, const struct ast *a, struct bx *x)
{
	if (!b->windows) {
		diag_add(b->diags, DIAG_PLACE, a->span, "%s() needs rows in an order", a->text);
		diag_expected(b->diags, "serialize, sort or top before it");
		return bx_bad(b, a->span);
	}
	/* A window over another's result is computed behind it. */
	if (depends_on(x, b->windows))
		b->windows = rel_new(b, REL_WINDOW, b->windows);
	return bx_column(b, rel_define(b, b->windows, a->text, x), a->span);
}

/* typeof(long) as the last argument */
static enum kql_type take_typeof(struct binder *b, const struct ast *a, unsigned int *count)
{
	const struct ast *last = *count ? a->kids[*count - 1] : NULL;
	enum kql_type type;

	if (!ast_is(last, AST_CALL, "typeof") || last->count != 1 ||
	    last->kids[0]->kind != AST_NAME)
		return KQL_UNKNOWN;
	(*count)--;
	type = kql_type_find(last->kids[0]->text, last->kids[0]->text_len);
	if (type == KQL_UNKNOWN) {
		diag_add(b->diags, DIAG_TYPE, last->kids[0]->span, "'%s' is no type",
			 last->kids[0]->text);
		return KQL_STRING;
	}
	return type;
}

static struct bx *bind_function(struct binder *b, const struct ast *a)
{
	unsigned int count = a->count;
	enum kql_type type = take_typeof(b, a, &count);
	const struct func *f = func_find_call(a->text, count);
	bool aggregate = f->flags & FUNC_AGGREGATE, nested = b->in_aggregate;
	struct bx **args = arena_array(b->arena, struct bx *, count + 1), *x;

	if (!args || count > FUNC_ARGS_MAX) {
		diag_add(b->diags, DIAG_LIMIT, a->span, "more than %u arguments", FUNC_ARGS_MAX);
		return bx_bad(b, a->span);
	}
	if (aggregate && nested) {
		diag_add(b->diags, DIAG_PLACE, a->span, "the aggregate %s() inside of an aggregate",
			 a->text);
		return bx_bad(b, a->span);
	}
	b->in_aggregate |= aggregate;
	for (unsigned int i = 0; i < count; i++) {
		const struct ast *kid = a->kids[i];

		if (kid->kind == AST_NAMED && kid->count)
			kid = kid->kids[0];
		args[i] = bind_expr(b, kid);
		if (args[i]->kind == BX_CALL && args[i]->fn->values) {
			diag_add(b->diags, DIAG_PLACE, kid->span,
				 "%s() gives several values, which %s() cannot take", kid->text,
				 a->text);
			diag_expected(b->diags, "extend (a, b) = %s(...) before it", kid->text);
			args[i] = bx_bad(b, kid->span);
		}
	}
	b->in_aggregate = nested;
	x = bind_overload(b, a->text, args, count, a->span);
	if (x->type == KQL_UNKNOWN)
		return x;
	if (aggregate)
		return collect_aggregate(b, a, x);
	if (f->flags & FUNC_WINDOW)
		return collect_window(b, a, x);
	/* Numbers that stand for times are ticks. */
	if (x->type == KQL_REAL && (type == KQL_DATETIME || type == KQL_TIMESPAN))
		x = bx_cast(b, x, KQL_LONG);
	return type == KQL_UNKNOWN ? x : bx_cast(b, x, type);
}

struct bx *bind_call(struct binder *b, const struct ast *a)
{
	const struct entry *e = scope_find(b->scope, a->text);
	struct bx *x;

	if (e && e->kind == ENTRY_FUNCTION)
		return bind_user_scalar(b, a, e);
	if (bind_special_call(b, a, &x))
		return x;
	if (func_is_hidden(a->text) || !func_find(a->text))
		return unknown_function(b, a);
	return bind_function(b, a);
}

static struct bx *rows_of(struct binder *b, const struct ast *a)
{
	struct row outer = b->row;
	struct table t = { 0 };
	struct bx *x;
	bool good;

	b->row = (struct row){ 0 };
	good = bind_table(b, a, &t);
	b->row = outer;
	if (!good || !t.count)
		return bx_bad(b, a->span);
	x = bx_new(b, BX_ROWS, t.outs[0].column->type, a->span);
	if (x == &b->spare)
		return x;
	x->rel = t.rel;
	x->result = t.outs[0].column;
	return x;
}

static struct bx *items_of(struct binder *b, const struct ast *list, const struct bx *left,
			   bool text)
{
	enum kql_type type = text ? KQL_STRING : left->type;
	struct bx *x = bx_new(b, BX_LIST, type, list->span);
	struct bx **args = arena_array(b->arena, struct bx *, list->count + 1);

	if (!args || x == &b->spare)
		return bx_bad(b, list->span);
	x->args = args;
	for (uint32_t i = 0; i < list->count; i++) {
		struct bx *item = bind_expr(b, list->kids[i]);

		if (item->type == KQL_UNKNOWN)
			return bx_bad(b, list->span);
		/* What a dynamic value is compared with says what it is taken for. */
		if (!i && type == KQL_DYNAMIC)
			x->type = type = item->type;
		if (item->type != type && item->type != KQL_DYNAMIC &&
		    !(kql_type_is_number(item->type) && kql_type_is_number(type)) &&
		    !(item->kind == BX_CONST && item->type == KQL_STRING)) {
			diag_add(b->diags, DIAG_TYPE, item->span,
				 "a %s in a list that is compared with %s",
				 kql_type_name(item->type), kql_type_name(type));
			diag_expected(b->diags, "%s", kql_type_name(type));
			return bx_bad(b, list->span);
		}
		/* 0.5 is not among integers, but may be asked for. */
		args[x->count++] = kql_type_is_number(item->type) && kql_type_is_number(type)
				       ? item
				       : bx_cast(b, item, type);
	}
	return x;
}

/* One element of an array of JSON as text, from *at on; NULL where it is no text that is easily
 * told. */
static struct bx *json_item(struct binder *b, const char **at, const char *end, struct span span)
{
	const char *from = *at, *p = from;
	struct diag_list quiet = { .arena = b->arena, .source = from };
	struct token_list tokens;

	if (*p != '"') {
		while (p < end && *p != ',' && *p != ']')
			p++;
		*at = p;
		return strchr("[{", *from) || !strncmp(from, "null", 4)
			   ? NULL
			   : bx_text(b, KQL_STRING,
				     arena_strndup(b->arena, from, (size_t)(p - from)),
				     (size_t)(p - from), span);
	}
	for (p++; p < end && *p != '"'; p++)
		p += *p == '\\';
	*at = p + 1;
	quiet.source_len = (size_t)(p + 1 - from);
	if (p >= end || token_scan(&quiet, from, quiet.source_len, &tokens) < 0 || quiet.failed ||
	    tokens.items[0].kind != TOKEN_STRING)
		return NULL;
	return bx_text(b, KQL_STRING, tokens.items[0].text, tokens.items[0].text_len, span);
}

/* An array that is known before the query runs, as a list of texts: indexes can answer those. */
static struct bx *known_items(struct binder *b, struct bx *array)
{
	const char *at, *end;
	struct bx *x, **args;
	uint32_t count = 1;

	if (!bx_is_const(array) || array->type != KQL_DYNAMIC || array->len < 3 || *array->s != '[')
		return array;
	at = array->s;
	end = at + array->len;
	for (const char *p = at; p < end; p++)
		count += *p == ',';
	x = bx_new(b, BX_LIST, KQL_STRING, array->span);
	args = arena_array(b->arena, struct bx *, count);
	if (!args || x == &b->spare)
		return array;
	for (at++; at < end && *at != ']'; at += *at == ',') {
		struct bx *item = json_item(b, &at, end, array->span);

		if (!item || !item->s || x->count == count || at >= end ||
		    (*at != ',' && *at != ']'))
			return array;
		args[x->count++] = item;
	}
	x->args = args;
	return x;
}

struct bx *bind_set_operator(struct binder *b, const struct ast *a, const char *op)
{
	const struct ast *set = a->kids[1];
	struct bx *args[2] = { NULL, NULL };
	bool text = strncmp(op, "in", 2) != 0 || op[2] == '~';

	if (a->kids[0]->kind == AST_WILDCARD)
		return bind_any_column(b, a, op, false);
	args[0] = bind_expr(b, a->kids[0]);
	if (set->kind == AST_LIST && set->count == 1 &&
	    (set->kids[0]->kind != AST_LITERAL || set->kids[0]->type == KQL_DYNAMIC))
		set = set->kids[0];
	if (set->kind == AST_LIST) {
		args[1] = items_of(b, set, args[0], text);
	} else if (bind_is_tabular(b, set)) {
		args[1] = rows_of(b, set);
	} else {
		args[1] = bind_expr(b, set);
		if (args[1]->type != KQL_DYNAMIC && args[1]->type != KQL_UNKNOWN) {
			struct ast one = { .kind = AST_LIST, .span = set->span, .count = 1 };
			struct ast *kids[1] = { (struct ast *)set };

			one.kids = kids;
			args[1] = items_of(b, &one, args[0], text);
		}
	}
	if (args[0]->type == KQL_UNKNOWN || args[1]->type == KQL_UNKNOWN)
		return bx_bad(b, a->span);
	if (text && args[0]->type == KQL_DYNAMIC)
		args[0] = bx_cast(b, args[0], KQL_STRING);
	if (text && args[0]->type != KQL_STRING) {
		diag_add(b->diags, DIAG_TYPE, a->kids[0]->span, "'%s' of a %s", op,
			 kql_type_name(args[0]->type));
		diag_expected(b->diags, "string");
		return bx_bad(b, a->span);
	}
	if (args[0]->type == KQL_STRING)
		args[1] = known_items(b, args[1]);
	if (args[1]->kind == BX_LIST && args[0]->type == KQL_DYNAMIC)
		args[0] = bx_cast(b, args[0], args[1]->type);
	if (args[1]->kind == BX_ROWS && args[0]->type == KQL_DYNAMIC)
		args[0] = bx_cast(b, args[0], args[1]->type);
	return bind_raw_call(b, op, KQL_BOOL, args, 2, a->span);
}

struct bx *bind_any_column(struct binder *b, const struct ast *a, const char *op, bool negated)
{
	struct bx *value = bind_expr(b, a->kids[1]), *any = NULL;

	for (uint32_t i = 0; b->row.left && i < b->row.left->count; i++) {
		struct bx *x = bx_column(b, b->row.left->outs[i].column, a->span);

		if (x->type != value->type && value->type == KQL_STRING)
			x = bx_cast(b, x, KQL_STRING);
		if (x->type != value->type)
			continue;
		x = bx_call(b, op, a->span, 2, x, value);
		any = any ? bx_call(b, "or", a->span, 2, any, x) : x;
	}
	if (!any)
		return bx_bad(b, a->span);
	return negated ? bx_call(b, "not", a->span, 1, any) : any;
}
