/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wake.c - which literals wake a rule: without one of them it cannot be true
 *
 * Of several choices the one is taken that is met least often for nothing.
 */
#include <errno.h>
#include <stdlib.h>

#include "set.h"

/*
 * How often the bits below a node, of which one must be set for the node to be true, may be set
 * for nothing: 8^-length each. A sum of COST_NONE means that no such bits exist.
 */
#define COST_NONE 1e9

static double bit_cost(const struct leaf *leaf)
{
	size_t len = leaf_is_literal(leaf) ? leaf->len : leaf->need ? leaf->need_len : 0;
	double cost = 1;

	if (!len)
		return COST_NONE;
	for (size_t i = 0; i < MIN(len, (size_t)10); i++)
		cost /= 8;
	return cost;
}

static uint32_t best_kid(const struct rules_set *s, uint32_t at, double *ret_cost);

static double wake_cost(const struct rules_set *s, uint32_t at)
{
	const struct set_node *n = &s->nodes[at];
	double sum = 0;

	switch ((enum node_op)n->op) {
	case NODE_BIT:
	case NODE_LEAF:
		return bit_cost(n->leaf);
	case NODE_NOT:
		return COST_NONE;
	case NODE_AND:
		best_kid(s, at, &sum);
		return sum;
	default:
		for (uint32_t k = at + 1; k < n->end; k = s->nodes[k].end)
			sum += wake_cost(s, k);
		return MIN(sum, COST_NONE);
	}
}

static uint32_t best_kid(const struct rules_set *s, uint32_t at, double *ret_cost)
{
	uint32_t best = at + 1;

	*ret_cost = COST_NONE;
	for (uint32_t k = at + 1; k < s->nodes[at].end; k = s->nodes[k].end) {
		double cost = wake_cost(s, k);

		if (cost < *ret_cost) {
			*ret_cost = cost;
			best = k;
		}
	}
	return best;
}

static int add_wake(struct wakes *w, uint32_t bit, uint32_t rule)
{
	if (w->count == w->cap) {
		size_t cap = w->cap ? w->cap * 2 : 1024;
		struct wake *more = realloc(w->items, cap * sizeof(*more));

		if (!more)
			return -ENOMEM;
		w->items = more;
		w->cap = cap;
	}
	w->items[w->count++] = (struct wake){ bit, rule };
	return 0;
}

static int collect(struct wakes *w, const struct rules_set *s, uint32_t at, uint32_t rule)
{
	const struct set_node *n = &s->nodes[at];
	double cost;

	if (n->op == NODE_BIT || n->op == NODE_LEAF)
		return add_wake(w, n->arg, rule);
	if (n->op == NODE_AND)
		return collect(w, s, best_kid(s, at, &cost), rule);
	for (uint32_t k = at + 1; k < n->end; k = s->nodes[k].end) {
		int r = collect(w, s, k, rule);

		if (r < 0)
			return r;
	}
	return 0;
}

int wakes_collect(struct wakes *w, const struct rules_set *s, uint32_t at, uint32_t rule)
{
	return wake_cost(s, at) < COST_NONE ? collect(w, s, at, rule) : -ENOENT;
}

static int compare_wakes(const void *a, const void *b)
{
	const struct wake *x = a, *y = b;

	if (x->bit != y->bit)
		return x->bit < y->bit ? -1 : 1;
	return x->rule < y->rule ? -1 : x->rule > y->rule;
}

/* wakes become one array sorted by bit, each pair once. */
int wakes_index(struct wakes *w, struct rules_set *s)
{
	uint32_t n = 0;

	s->wake_start = arena_array(&s->arena, uint32_t, (size_t)s->bit_count + 1);
	s->woken = arena_array(&s->arena, uint32_t, w->count + 1);
	if (!s->wake_start || !s->woken)
		return -ENOMEM;
	if (w->count)
		qsort(w->items, w->count, sizeof(*w->items), compare_wakes);
	for (uint32_t bit = 0, i = 0; bit < s->bit_count; bit++) {
		s->wake_start[bit] = n;
		for (; i < w->count && w->items[i].bit == bit; i++)
			if (n == s->wake_start[bit] || s->woken[n - 1] != w->items[i].rule)
				s->woken[n++] = w->items[i].rule;
	}
	s->wake_start[s->bit_count] = n;
	return 0;
}
