/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_assert.c - assert(): what must be true before the query runs
 *
 * Only what is made of constants can be told; the engine is not asked.
 */
#include <string.h>

#include "kql/bind_call.h"

enum truth { FALSE, TRUE, UNTOLD };

static enum truth truth_of(const struct bx *x);

static enum truth told(bool value)
{
	return value ? TRUE : FALSE;
}

/* -1, 0 or 1; false: these cannot be compared. */
static bool order_of(const struct bx *l, const struct bx *r, int *ret)
{
	if (l->kind != BX_CONST || r->kind != BX_CONST || l->null || r->null || l->type != r->type)
		return false;
	if (l->type == KQL_STRING)
		*ret = strcmp(l->s, r->s);
	else if (l->type == KQL_REAL)
		*ret = (l->d > r->d) - (l->d < r->d);
	else if (l->type == KQL_DECIMAL || l->type == KQL_DYNAMIC || l->type == KQL_GUID)
		return false;
	else
		*ret = (l->i > r->i) - (l->i < r->i);
	return true;
}

static enum truth compared(const struct bx *x)
{
	int order;

	if (!order_of(x->args[0], x->args[1], &order))
		return UNTOLD;
	if (func_is_called(x->fn, "=="))
		return told(!order);
	if (func_is_called(x->fn, "!="))
		return told(order);
	if (func_is_called(x->fn, "<"))
		return told(order < 0);
	if (func_is_called(x->fn, "<="))
		return told(order <= 0);
	if (func_is_called(x->fn, ">"))
		return told(order > 0);
	if (func_is_called(x->fn, ">="))
		return told(order >= 0);
	return UNTOLD;
}

static enum truth truth_of(const struct bx *x)
{
	enum truth l, r;

	if (x->kind == BX_CONST)
		return x->null ? FALSE : told(x->i);
	if (x->kind != BX_CALL)
		return UNTOLD;
	if (func_is_called(x->fn, "not") && x->count == 1) {
		l = truth_of(x->args[0]);
		return l == UNTOLD ? l : told(l == FALSE);
	}
	if (x->count == 1 &&
	    (func_is_called(x->fn, "isempty") || func_is_called(x->fn, "isnotempty"))) {
		bool empty =
		    x->args[0]->null || (x->args[0]->type == KQL_STRING && !x->args[0]->len);

		return x->args[0]->kind == BX_CONST
			   ? told(empty == func_is_called(x->fn, "isempty"))
			   : UNTOLD;
	}
	if (x->count != 2)
		return UNTOLD;
	if (!func_is_called(x->fn, "and") && !func_is_called(x->fn, "or"))
		return compared(x);
	l = truth_of(x->args[0]);
	r = truth_of(x->args[1]);
	if (func_is_called(x->fn, "and"))
		return l == FALSE || r == FALSE ? FALSE : l == TRUE && r == TRUE ? TRUE : UNTOLD;
	return l == TRUE || r == TRUE ? TRUE : l == FALSE && r == FALSE ? FALSE : UNTOLD;
}

struct bx *bind_assert(struct binder *b, const struct ast *a)
{
	const struct bx *message;
	struct bx *condition;

	if (a->count != 2) {
		diag_add(b->diags, DIAG_ARGUMENTS, a->span, "assert() with %u argument%s", a->count,
			 a->count == 1 ? "" : "s");
		diag_expected(b->diags, "2: a condition and what to say where it is false");
		return bx_bad(b, a->span);
	}
	condition = bind_bool(b, a->kids[0]);
	message = bind_constant(b, a->kids[1], KQL_STRING);
	if (condition->type == KQL_UNKNOWN || !message)
		return bx_bad(b, a->span);
	switch (truth_of(condition)) {
	case TRUE:
		break;
	case FALSE:
		diag_add(b->diags, DIAG_VALUE, a->span, "assert() has failed with message: '%s'",
			 message->s);
		return bx_bad(b, a->span);
	case UNTOLD:
		diag_add(b->diags, DIAG_CONSTANT, a->kids[0]->span,
			 "a condition that is not known before the query runs");
		diag_expected(b->diags, "comparisons of constants");
		return bx_bad(b, a->span);
	}
	return bx_cast(b, bx_long(b, 1, a->span), KQL_BOOL);
}
