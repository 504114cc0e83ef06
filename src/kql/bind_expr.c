/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_expr.c - scalar expressions: names, paths, operators
 *
 * Calls are bind_call.c's.
 */
#include <stdio.h>
#include <string.h>

#include "base/near.h"
#include "kql/bind_call.h"

static void offer_scope(const struct binder *b, struct near *near)
{
	for (const struct scope *s = b->scope; s; s = s->parent)
		near_offer(near, s->entry.name);
}

static struct bx *unknown_name(struct binder *b, const struct ast *a)
{
	char word[NEAR_WORD_MAX];
	struct near near = { .word = word };

	snprintf(word, sizeof(word), "%.*s", (int)MIN(a->text_len, 100u), a->text);
	for (unsigned int side = 0; side < 2; side++) {
		const struct table *t = side ? b->row.right : b->row.left;

		for (uint32_t i = 0; t && i < t->count; i++)
			near_offer(&near, t->outs[i].name);
	}
	offer_scope(b, &near);
	diag_add(b->diags, DIAG_NAME, a->span, "nothing is called '%s' here", word);
	diag_expected(b->diags,
		      b->row.left ? "a column of the table, or a name of let" : "a name of let");
	diag_suggest(b->diags, near.best);
	return bx_bad(b, a->span);
}

static struct bx *bind_name(struct binder *b, const struct ast *a)
{
	const struct output *out = table_find(b->row.left, a->text);
	const struct entry *e;

	if (!out)
		out = table_find(b->row.right, a->text);
	if (out)
		return bx_column(b, out->column, a->span);
	e = scope_find(b->scope, a->text);
	if (!e && b->row.left && b->row.left->open)
		return bx_null(b, b->options->probe ? KQL_STRING : KQL_DYNAMIC, a->span);
	if (e && e->kind == ENTRY_SCALAR) {
		struct bx *x = bx_new(b, BX_CONST, KQL_UNKNOWN, a->span);

		*x = *e->scalar;
		x->span = a->span;
		return x;
	}
	if (e && e->kind == ENTRY_FUNCTION && !e->tree->kids[0]->count)
		return bind_user_scalar(b, a, e); /* without parentheses, where nothing is wanted */
	if (e || (!b->row.left && bind_catalogue_table(b, a->text))) {
		diag_add(b->diags, DIAG_TYPE, a->span, "'%s' is a %s", a->text,
			 e && e->kind == ENTRY_FUNCTION ? "function" : "table");
		diag_expected(b->diags, "a scalar value; toscalar() makes one of a table");
		return bx_bad(b, a->span);
	}
	return unknown_name(b, a);
}

const struct output *bind_column(struct binder *b, const struct ast *a)
{
	const struct output *out;

	if (a->kind != AST_NAME) {
		diag_add(b->diags, DIAG_SYNTAX, a->span,
			 "an expression where only a column can stand");
		diag_expected(b->diags, "the name of a column");
		return NULL;
	}
	out = table_find(b->row.left, a->text);
	if (!out && !(b->row.left && b->row.left->open))
		(void)unknown_name(b, a);
	return out;
}

/* Member or element. A text column of the store that holds JSON need not be parsed by hand. */
static struct bx *access_part(struct binder *b, struct bx *base, struct bx *key, struct span span)
{
	if (base->type == KQL_STRING && base->kind == BX_COLUMN)
		base = bx_call(b, "parse_json", base->span, 1, base);
	if (base->type == KQL_UNKNOWN || key->type == KQL_UNKNOWN)
		return bx_bad(b, span);
	if (base->type != KQL_DYNAMIC) {
		diag_add(b->diags, DIAG_TYPE, span, "a value of type %s has no members",
			 kql_type_name(base->type));
		diag_expected(b->diags, "dynamic; parse_json() makes it of text");
		return bx_bad(b, span);
	}
	return bx_call(b, "[]", span, 2, base, key);
}

static struct bx *bind_path(struct binder *b, const struct ast *a)
{
	const struct ast *base = a->kids[0];
	struct bx *of_step = b->scanning ? bind_scan_path(b, a) : NULL;

	if (of_step)
		return of_step;
	if (base->kind == AST_NAME &&
	    (!strcmp(base->text, "$left") || !strcmp(base->text, "$right"))) {
		const struct table *side = base->text[1] == 'l' ? b->row.left : b->row.right;
		const struct output *out = table_find(side, a->text);

		if (out)
			return bx_column(b, out->column, a->span);
		if (!b->row.right) {
			diag_add(b->diags, DIAG_PLACE, base->span,
				 "%s outside of a join's conditions", base->text);
			return bx_bad(b, a->span);
		}
		return unknown_name(b, a);
	}
	return access_part(b, bind_expr(b, base),
			   bx_text(b, KQL_STRING, a->text, a->text_len, a->span), a->span);
}

static struct bx *bind_index(struct binder *b, const struct ast *a)
{
	struct bx *base, *key;

	if (a->count < 2)
		return bx_bad(b, a->span);
	base = bind_expr(b, a->kids[0]);
	key = bind_expr(b, a->kids[1]);
	return access_part(b, base, key, a->span);
}

static struct bx *negate(struct binder *b, struct bx *x, struct span span)
{
	return bx_call(b, "not", span, 1, x);
}

/* Both sides of an operator: a dynamic value takes the other's type; for == and != so does text
 * that is known, and a bool. */
static void align(struct binder *b, struct bx **left, struct bx **right, bool equality)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct bx **x = i ? left : right, *other = i ? *right : *left;

		if ((*x)->type == KQL_DYNAMIC && other->type != KQL_DYNAMIC)
			*x = bx_cast(b, *x, other->type);
		if (!equality)
			continue;
		if ((*x)->kind == BX_CONST && (*x)->type == KQL_STRING &&
		    other->type != KQL_DYNAMIC && other->type != KQL_UNKNOWN)
			*x = bx_cast(b, *x, other->type);
		if ((*x)->type == KQL_BOOL && kql_type_is_number(other->type))
			*x = bx_cast(b, *x, other->type);
	}
}

static struct bx *bind_between(struct binder *b, const struct ast *a)
{
	const struct ast *range = a->kids[1];
	struct bx *x = bind_expr(b, a->kids[0]), *low, *high, *result;

	if (range->kind != AST_RANGE || range->count < 2)
		return bx_bad(b, a->span);
	low = bind_expr(b, range->kids[0]);
	high = bind_expr(b, range->kids[1]);
	/* datetime between (start .. 7d): the end is that much later */
	if (x->type == KQL_DATETIME && low->type == KQL_DATETIME && high->type == KQL_TIMESPAN)
		high = bx_call(b, "+", range->span, 2, low, high);
	if (x->type == KQL_DYNAMIC)
		x = bx_cast(b, x, low->type);
	result = bx_call(b, "between", a->span, 3, x, low, high);
	return *a->text == '!' ? negate(b, result, a->span) : result;
}

static const char *without_bang(const char *op)
{
	static const char *const legacy[][2] = {
		{ "<>", "!=" },
		{ "notcontains", "!contains" },
		{ "notlike", "!like" },
		{ ":", "has" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(legacy); i++)
		if (!strcmp(op, legacy[i][0]))
			op = legacy[i][1];
	return *op == '!' && op[1] != '=' && op[1] != '~' ? op + 1 : op;
}

static bool is_negated(const char *op)
{
	return (*op == '!' && op[1] != '=' && op[1] != '~') || !strncmp(op, "not", 3);
}

/* has, contains, ... take any scalar as text. */
static bool is_text_operator(const char *op)
{
	static const char *const ops[] = { "has",     "contains", "startswith", "endswith",
					   "matches", "like",	  "=~",		"!~" };

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		if (!strncmp(op, ops[i], strlen(ops[i])))
			return true;
	return false;
}

/* Arithmetic of dynamic values alone: their numbers', and dynamic again. right may be NULL. */
static struct bx *dynamic_number(struct binder *b, const char *op, struct span span,
				 struct bx *left, struct bx *right)
{
	struct bx *x;

	left = bx_cast(b, left, KQL_REAL);
	x = right ? bx_call(b, op, span, 2, left, bx_cast(b, right, KQL_REAL))
		  : bx_call(b, op, span, 1, left);
	return bx_call(b, "__number", span, 1, x);
}

static struct bx *bind_binary(struct binder *b, const struct ast *a)
{
	const char *op = without_bang(a->text);
	struct bx *left, *right, *x;

	if (a->count < 2)
		return bx_bad(b, a->span);
	if (!strcmp(op, "between"))
		return bind_between(b, a);
	if (!strcmp(op, "in") || !strcmp(op, "in~") || !strcmp(op, "has_any") ||
	    !strcmp(op, "has_all")) {
		x = bind_set_operator(b, a, op);
		return is_negated(a->text) ? negate(b, x, a->span) : x;
	}
	/* `* has "x"`: any column */
	if (a->kids[0]->kind == AST_WILDCARD)
		return bind_any_column(b, a, op, is_negated(a->text));
	left = bind_expr(b, a->kids[0]);
	right = bind_expr(b, a->kids[1]);
	if (!strcmp(op, "and") || !strcmp(op, "or")) {
		left = left->type == KQL_DYNAMIC ? bx_cast(b, left, KQL_BOOL) : left;
		right = right->type == KQL_DYNAMIC ? bx_cast(b, right, KQL_BOOL) : right;
	} else if (is_text_operator(op)) {
		if (left->type == KQL_DYNAMIC)
			left = bx_cast(b, left, KQL_STRING);
		if (right->type == KQL_DYNAMIC)
			right = bx_cast(b, right, KQL_STRING);
	} else if (strchr("+-*/%", *op) && left->type == KQL_DYNAMIC &&
		   right->type == KQL_DYNAMIC) {
		return dynamic_number(b, op, a->span, left, right);
	} else {
		align(b, &left, &right, !strcmp(op, "==") || !strcmp(op, "!="));
	}
	x = bx_call(b, op, a->span, 2, left, right);
	return is_negated(a->text) ? negate(b, x, a->span) : x;
}

static struct bx *bind_unary(struct binder *b, const struct ast *a)
{
	struct bx *x;

	if (!a->count)
		return bx_bad(b, a->span);
	x = bind_expr(b, a->kids[0]);
	if (*a->text == '+')
		return x;
	if (x->type == KQL_DYNAMIC)
		return dynamic_number(b, "-", a->span, x, NULL);
	return bx_call(b, "-", a->span, 1, x);
}

static struct bx *bind_any(struct binder *b, const struct ast *a)
{
	switch ((enum ast_kind)a->kind) {
	case AST_LITERAL:
		return bind_literal(b, a);
	case AST_NAME:
		return bind_name(b, a);
	case AST_PATH:
		return bind_path(b, a);
	case AST_INDEX:
		return bind_index(b, a);
	case AST_CALL:
		return bind_call(b, a);
	case AST_UNARY:
		return bind_unary(b, a);
	case AST_BINARY:
		return bind_binary(b, a);
	case AST_BAD:
		return bx_bad(b, a->span);
	default:
		break;
	}
	if (a->kind == AST_PIPE) {
		diag_add(b->diags, DIAG_TYPE, a->span, "a table where a value should stand");
		diag_expected(b->diags, "toscalar(...) makes a value of a table");
	} else {
		diag_add(b->diags, DIAG_SYNTAX, a->span, "this is no expression");
	}
	return bx_bad(b, a->span);
}

struct bx *bind_expr(struct binder *b, const struct ast *a)
{
	struct bx *x;

	if (!a || !bind_enter(b, a->span))
		return bx_bad(b, a ? a->span : (struct span){ 0, 0 });
	x = bind_any(b, a);
	bind_leave(b);
	return x;
}

struct bx *bind_bool(struct binder *b, const struct ast *a)
{
	struct bx *x = bind_expr(b, a);

	if (x->type == KQL_DYNAMIC)
		x = bx_cast(b, x, KQL_BOOL);
	/* A number is true where it is not 0. */
	if (kql_type_is_number(x->type))
		x = bx_call(b, "!=", x->span, 2, x, bx_long(b, 0, x->span));
	if (x->type != KQL_BOOL && x->type != KQL_UNKNOWN) {
		diag_add(b->diags, DIAG_TYPE, x->span, "the condition is of type %s",
			 kql_type_name(x->type));
		diag_expected(b->diags, "bool");
		return bx_bad(b, x->span);
	}
	return x;
}

struct bx *table_expr(struct binder *b, const struct table *t, const struct ast *a)
{
	struct row outer = b->row;
	struct bx *x;

	b->row = (struct row){ .left = t };
	x = bind_expr(b, a);
	b->row = outer;
	return x;
}

static const char *joined(struct binder *b, const char *left, const char *right)
{
	const char *name = left && right ? arena_printf(b->arena, "%s_%s", left, right) : NULL;

	return name ? name : left;
}

const char *bind_expr_name(struct binder *b, const struct ast *a)
{
	const struct func *f;
	const char *argument;

	switch ((enum ast_kind)a->kind) {
	case AST_NAME:
	case AST_NAMED: /* toint(Total = sum(x)): the argument's name is the column's */
		return a->text;
	case AST_PATH:
		if (a->kids[0]->kind == AST_NAME && *a->kids[0]->text == '$')
			return a->text;
		return joined(b, bind_expr_name(b, a->kids[0]), a->text);
	case AST_INDEX:
		if (a->count < 2 || a->kids[1]->kind != AST_LITERAL)
			return NULL;
		return joined(b, bind_expr_name(b, a->kids[0]), a->kids[1]->text);
	case AST_CALL:
		if (!strcmp(a->text, "ingestion_time"))
			return "$IngestionTime";
		f = func_find(a->text);
		if (!f || scope_find(b->scope, a->text))
			return NULL;
		argument = a->count ? bind_expr_name(b, a->kids[0]) : NULL;
		if (f->flags & FUNC_NAME_ARG)
			return argument;
		if (f->flags & FUNC_TUPLE)
			return f->values || argument ? bind_value_name(b, a, 0) : NULL;
		if (!strncmp(a->text, "covariance", strlen("covariance")) && a->count > 1)
			argument = joined(b, argument, bind_expr_name(b, a->kids[1]));
		if (f->flags & FUNC_NAME_PREFIX)
			return joined(b, f->prefix ? f->prefix : a->text, argument ? argument : "");
		return f->prefix;
	default:
		return NULL;
	}
}
