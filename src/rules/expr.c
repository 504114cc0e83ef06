/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expr.c - nodes of a rule's expression
 */
#include "rule.h"

struct expr *expr_new(struct arena *a, enum expr_op op, unsigned int kids)
{
	struct expr *e = arena_new(a, struct expr);

	if (!e)
		return NULL;
	e->op = op;
	e->size = 1;
	if (!kids)
		return e;
	e->kids = arena_array(a, struct expr *, kids);
	return e->kids ? e : NULL;
}

struct expr *expr_join(struct arena *a, enum expr_op op, struct expr **kids, unsigned int count)
{
	struct expr *e;

	if (count == 1 && (op == EXPR_AND || op == EXPR_OR))
		return kids[0];
	e = expr_new(a, op, count);
	if (!e)
		return NULL;
	for (unsigned int i = 0; i < count; i++) {
		e->kids[i] = kids[i];
		e->size = MIN(e->size + kids[i]->size, RULE_NODES_MAX + 1);
	}
	e->count = count;
	return e;
}

struct expr *expr_not(struct arena *a, struct expr *kid)
{
	return expr_join(a, EXPR_NOT, &kid, 1);
}
