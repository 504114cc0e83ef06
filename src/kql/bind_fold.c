/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_fold.c - constants made of constants
 *
 * Only what the language's own constructs need to be constant (bounds, counts, patterns) or what
 * makes the statement plainer is computed here; the engine folds the rest.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kql/bind.h"

#define NS_PER_TICK 100

static struct bx *number(struct binder *b, const struct bx *like, enum kql_type type, double d,
			 int64_t i)
{
	struct bx *x = bx_new(b, BX_CONST, type, like->span);

	if (type == KQL_REAL)
		x->d = d;
	else
		x->i = i;
	return x;
}

/* A time of constants; left to the engine, which knows no such time either, where it cannot be
 * held. */
static struct bx *moved(struct binder *b, struct bx *x, int64_t ns, const struct bx *by,
			int64_t unit)
{
	int64_t change;

	if (__builtin_mul_overflow(by->i, unit, &change) ||
	    __builtin_add_overflow(ns, change, &ns) || ns < KQL_DATETIME_FIRST_NS ||
	    ns > KQL_DATETIME_LAST_NS)
		return x;
	return number(b, x, KQL_DATETIME, 0, ns);
}

static bool integral(const struct bx *x)
{
	return x->type == KQL_INT || x->type == KQL_LONG;
}

static struct bx *fold_integers(struct binder *b, struct bx *x, char op)
{
	int64_t l = x->args[0]->i, r = x->args[1]->i, result;
	bool over;

	switch (op) {
	case '+':
		over = __builtin_add_overflow(l, r, &result);
		break;
	case '-':
		over = __builtin_sub_overflow(l, r, &result);
		break;
	case '*':
		over = __builtin_mul_overflow(l, r, &result);
		break;
	case '/':
		if (!r || (l == INT64_MIN && r == -1))
			return x;
		over = false;
		result = l / r;
		break;
	default:
		return x;
	}
	return over ? x : number(b, x, x->type, 0, result);
}

static struct bx *fold_reals(struct binder *b, struct bx *x, char op)
{
	double l = x->args[0]->d, r = x->args[1]->d;

	switch (op) {
	case '+':
		return number(b, x, KQL_REAL, l + r, 0);
	case '-':
		return number(b, x, KQL_REAL, l - r, 0);
	case '*':
		return number(b, x, KQL_REAL, l * r, 0);
	case '/':
		return number(b, x, KQL_REAL, l / r, 0);
	}
	return x;
}

static double as_real(const struct bx *x)
{
	return x->type == KQL_REAL ? x->d : (double)x->i;
}

/* datetime and timespan with each other and with numbers */
static struct bx *fold_times(struct binder *b, struct bx *x, char op)
{
	const struct bx *l = x->args[0], *r = x->args[1];
	double real;
	int64_t ticks;

	if (l->type == KQL_DATETIME && r->type == KQL_TIMESPAN && (op == '+' || op == '-'))
		return moved(b, x, l->i, r, op == '+' ? NS_PER_TICK : -NS_PER_TICK);
	if (l->type == KQL_DATETIME && r->type == KQL_DATETIME && op == '-') {
		if (__builtin_sub_overflow(l->i / NS_PER_TICK, r->i / NS_PER_TICK, &ticks))
			return x;
		return number(b, x, KQL_TIMESPAN, 0, ticks);
	}
	if (l->type == KQL_TIMESPAN && r->type == KQL_TIMESPAN) {
		if (op == '/')
			return r->i ? number(b, x, KQL_REAL, (double)l->i / (double)r->i, 0) : x;
		if (op == '+' ? __builtin_add_overflow(l->i, r->i, &ticks)
			      : op != '-' || __builtin_sub_overflow(l->i, r->i, &ticks))
			return x;
		return number(b, x, KQL_TIMESPAN, 0, ticks);
	}
	if (x->type != KQL_TIMESPAN || (op != '*' && op != '/'))
		return x;
	real = op == '*' ? as_real(l) * as_real(r) : as_real(l) / as_real(r);
	return isfinite(real) && fabs(real) < 9e18 ? number(b, x, KQL_TIMESPAN, 0, (int64_t)real)
						   : x;
}

static struct bx *fold_operator(struct binder *b, struct bx *x)
{
	char op = *x->fn->sig;

	if (x->count == 1 && op == '-') {
		if (x->type == KQL_REAL)
			return number(b, x, KQL_REAL, -x->args[0]->d, 0);
		if ((integral(x) || x->type == KQL_TIMESPAN) && x->args[0]->i != INT64_MIN)
			return number(b, x, x->type, 0, -x->args[0]->i);
		return x;
	}
	if (x->count != 2 || !strchr("+-*/", op) || x->fn->sig[1] != '(')
		return x;
	for (unsigned int i = 0; i < 2; i++)
		if (x->args[i]->type == KQL_DECIMAL || x->args[i]->type == KQL_DYNAMIC)
			return x;
	if (integral(x) && integral(x->args[0]) && integral(x->args[1]))
		return fold_integers(b, x, op);
	if (x->type == KQL_REAL && x->args[0]->type == KQL_REAL && x->args[1]->type == KQL_REAL)
		return fold_reals(b, x, op);
	return fold_times(b, x, op);
}

static struct bx *fold_strcat(struct binder *b, struct bx *x)
{
	size_t len = 0;
	char *joined;

	for (unsigned int i = 0; i < x->count; i++)
		len += x->args[i]->len;
	joined = len < KQL_TEXT_MAX ? arena_alloc(b->arena, len + 1) : NULL;
	if (!joined)
		return x;
	len = 0;
	for (unsigned int i = 0; i < x->count; i++) {
		memcpy(joined + len, x->args[i]->s, x->args[i]->len);
		len += x->args[i]->len;
	}
	joined[len] = '\0';
	return bx_text(b, KQL_STRING, joined, len, x->span);
}

static struct bx *fold_cast(struct binder *b, struct bx *x)
{
	const struct bx *from = x->args[0];
	char *text;

	if (from->type == KQL_STRING || from->type == KQL_DYNAMIC || from->type == KQL_DECIMAL)
		return x;
	if (x->type == KQL_REAL && integral(from))
		return number(b, x, KQL_REAL, (double)from->i, 0);
	if (x->type == KQL_LONG && from->type == KQL_INT)
		return number(b, x, KQL_LONG, 0, from->i);
	if (x->type == KQL_INT && from->type == KQL_LONG && from->i == (int32_t)from->i)
		return number(b, x, KQL_INT, 0, from->i);
	if (x->type == KQL_LONG && from->type == KQL_REAL && fabs(from->d) < 9e18)
		return number(b, x, KQL_LONG, 0, (int64_t)from->d);
	if (x->type == KQL_STRING && integral(from)) {
		text = arena_printf(b->arena, "%lld", (long long)from->i);
		return text ? bx_text(b, KQL_STRING, text, strlen(text), x->span) : x;
	}
	return x;
}

struct bx *bind_fold(struct binder *b, struct bx *x)
{
	for (unsigned int i = 0; i < x->count; i++)
		if (!bx_is_const(x->args[i]))
			return x;
	if (x->kind == BX_CAST)
		return fold_cast(b, x);
	if (x->kind != BX_CALL)
		return x;
	if (func_is_called(x->fn, "now") && !x->count)
		return number(b, x, KQL_DATETIME, 0, b->options->now_ns);
	if (func_is_called(x->fn, "ago") || func_is_called(x->fn, "now"))
		return moved(b, x, b->options->now_ns, x->args[0],
			     func_is_called(x->fn, "ago") ? -NS_PER_TICK : NS_PER_TICK);
	if (func_is_called(x->fn, "strcat"))
		return fold_strcat(b, x);
	return x->count && strchr("+-*/", *x->fn->sig) ? fold_operator(b, x) : x;
}
