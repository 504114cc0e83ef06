/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match.c - one event against a set
 *
 * Scans each field that a concerned group asks for once, then evaluates the rules that a found
 * literal woke and those that nothing can rule out. No allocation; everything lives in the scratch,
 * whose marks are valid if they carry the number of the current event.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "leaf.h"
#include "set.h"

struct rules_scratch {
	const struct rules_set *set;
	struct leaf_regex regex;
	const struct rules_event *event;
	uint32_t number;       /* of the current event */
	uint32_t *bit_marks;   /* by bit */
	uint32_t *rule_marks;  /* by rule: woken */
	uint32_t *value_marks; /* by field: fetched */
	struct rules_value *values;
	uint32_t *woken;
	unsigned int woken_count;
	unsigned int *groups; /* that rules_match() chose */
	unsigned int group_count;
	/* during a scan */
	const struct set_scan *scan;
	size_t scan_len;
};

int rules_scratch_new(const struct rules_set *s, struct rules_scratch **ret_scratch)
{
	_cleanup_(rules_scratch_freep) struct rules_scratch *x = calloc(1, sizeof(*x));

	if (!x)
		return -ENOMEM;
	x->set = s;
	x->bit_marks = calloc((size_t)s->bit_count + 1, sizeof(*x->bit_marks));
	x->rule_marks = calloc((size_t)s->rule_count + 1, sizeof(*x->rule_marks));
	x->value_marks = calloc((size_t)s->field_count + 1, sizeof(*x->value_marks));
	x->values = calloc((size_t)s->field_count + 1, sizeof(*x->values));
	x->woken = calloc((size_t)s->rule_count + 1, sizeof(*x->woken));
	x->groups = calloc((size_t)s->group_count + 1, sizeof(*x->groups));
	if (!x->groups || !x->bit_marks || !x->rule_marks || !x->value_marks || !x->values ||
	    !x->woken)
		return -ENOMEM;
	if (leaf_regex_init(&x->regex) < 0)
		return -ENOMEM;
	*ret_scratch = TAKE_PTR(x);
	return 0;
}

void rules_scratch_free(struct rules_scratch *x)
{
	if (!x)
		return;
	leaf_regex_done(&x->regex);
	free(x->bit_marks);
	free(x->rule_marks);
	free(x->value_marks);
	free(x->values);
	free(x->woken);
	free(x->groups);
	free(x);
}

uint64_t rules_scratch_given_up(const struct rules_scratch *x)
{
	return x->regex.given_up;
}

static void begin_event(struct rules_scratch *x, const struct rules_event *event)
{
	const struct rules_set *s = x->set;

	x->event = event;
	x->woken_count = 0;
	if (++x->number)
		return;
	/* After 2^32 events old marks would look new. */
	memset(x->bit_marks, 0, s->bit_count * sizeof(*x->bit_marks));
	memset(x->rule_marks, 0, s->rule_count * sizeof(*x->rule_marks));
	memset(x->value_marks, 0, s->field_count * sizeof(*x->value_marks));
	x->number = 1;
}

static const struct rules_value *get_value(struct rules_scratch *x, unsigned int field)
{
	struct rules_value *v = &x->values[field];

	if (x->value_marks[field] == x->number)
		return v;
	x->value_marks[field] = x->number;
	v->kind = RULES_ABSENT;
	x->event->get(x->event->event, field, v);
	return v;
}

static void wake(struct rules_scratch *x, uint32_t rule)
{
	if (x->rule_marks[rule] == x->number)
		return;
	x->rule_marks[rule] = x->number;
	x->woken[x->woken_count++] = rule;
}

static void set_bit(struct rules_scratch *x, uint32_t bit)
{
	const struct rules_set *s = x->set;

	if (x->bit_marks[bit] == x->number)
		return;
	x->bit_marks[bit] = x->number;
	for (uint32_t i = s->wake_start[bit]; i < s->wake_start[bit + 1]; i++)
		wake(x, s->woken[i]);
}

static void on_literal(void *arg, uint32_t number, size_t end)
{
	struct rules_scratch *x = arg;
	const struct set_literal *l = &x->scan->literals[number];
	bool begins = end == l->len, ends = end == x->scan_len;

	if (l->bits[LEAF_CONTAINS] != BIT_NONE)
		set_bit(x, l->bits[LEAF_CONTAINS]);
	if (begins && l->bits[LEAF_STARTS] != BIT_NONE)
		set_bit(x, l->bits[LEAF_STARTS]);
	if (ends && l->bits[LEAF_ENDS] != BIT_NONE)
		set_bit(x, l->bits[LEAF_ENDS]);
	if (begins && ends && l->bits[LEAF_EQUAL] != BIT_NONE)
		set_bit(x, l->bits[LEAF_EQUAL]);
}

static void scan_value(struct rules_scratch *x, const struct set_scan *scan,
		       const struct rules_value *v)
{
	if (v->kind != RULES_TEXT && v->kind != RULES_NUMBER && v->kind != RULES_BOOL)
		return;
	x->scan = scan;
	x->scan_len = v->len;
	literals_scan(scan->matcher, v->text, v->len, on_literal, x);
}

static void scan_field(struct rules_scratch *x, const struct set_scan *scan)
{
	struct rules_value v;

	if (scan->field != FIELD_ANY) {
		scan_value(x, scan, get_value(x, scan->field));
		return;
	}
	if (!x->event->value)
		return;
	for (unsigned int i = 0; x->event->value(x->event->event, i, &v); i++)
		scan_value(x, scan, &v);
}

/* ---- evaluation ---- */

static bool any_value_holds(struct rules_scratch *x, const struct leaf *leaf)
{
	struct rules_value v;

	if (!x->event->value)
		return false;
	for (unsigned int i = 0; x->event->value(x->event->event, i, &v); i++)
		if (leaf_holds(leaf, &v, NULL, &x->regex))
			return true;
	return false;
}

static bool eval_leaf(struct rules_scratch *x, const struct set_node *n)
{
	const struct rules_value *other = NULL;

	if (n->arg != BIT_NONE && x->bit_marks[n->arg] != x->number)
		return false;
	if (n->leaf->field == FIELD_ANY)
		return any_value_holds(x, n->leaf);
	if (n->leaf->op == LEAF_FIELD)
		other = get_value(x, n->leaf->ref.other);
	return leaf_holds(n->leaf, get_value(x, n->leaf->field), other, &x->regex);
}

/* As deep as conditions and searches nest, which reading bounds. */
static bool eval(struct rules_scratch *x, uint32_t at)
{
	const struct set_node *nodes = x->set->nodes, *n = &nodes[at];
	uint32_t found = 0;

	switch ((enum node_op)n->op) {
	case NODE_BIT:
		return x->bit_marks[n->arg] == x->number;
	case NODE_LEAF:
		return eval_leaf(x, n);
	case NODE_NOT:
		return !eval(x, at + 1);
	case NODE_AND:
		for (uint32_t k = at + 1; k < n->end; k = nodes[k].end)
			if (!eval(x, k))
				return false;
		return true;
	case NODE_OR:
		for (uint32_t k = at + 1; k < n->end; k = nodes[k].end)
			if (eval(x, k))
				return true;
		return false;
	case NODE_ATLEAST:
		for (uint32_t k = at + 1; k < n->end && found < n->arg; k = nodes[k].end)
			found += eval(x, k);
		return found >= n->arg;
	}
	return false;
}

static int compare_rules(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static int eval_woken(struct rules_scratch *x, rules_match_fn match, void *arg)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < x->woken_count; i++) {
		uint32_t rule = x->woken[i];

		if (eval(x, x->set->rules[rule].start))
			x->woken[n++] = rule;
	}
	/* Literals are found in no order that a reader of alerts would understand. */
	if (n > 1)
		qsort(x->woken, n, sizeof(*x->woken), compare_rules);
	for (unsigned int i = 0; i < n; i++)
		match(arg, x->woken[i]);
	return (int)n;
}

int set_match(const struct rules_set *s, struct rules_scratch *x, const unsigned int *groups,
	      unsigned int group_count, const struct rules_event *event, rules_match_fn match,
	      void *arg)
{
	begin_event(x, event);
	for (unsigned int i = 0; i < group_count; i++) {
		const struct set_group *g = &s->groups[groups[i]];

		for (unsigned int k = 0; k < g->scan_count; k++)
			scan_field(x, &g->scans[k]);
		for (unsigned int k = 0; k < g->always_count; k++)
			wake(x, g->always[k]);
	}
	return eval_woken(x, match, arg);
}

int rules_match(const struct rules_set *s, struct rules_scratch *x, const struct rules_event *event,
		rules_match_fn match, void *arg)
{
	x->group_count = 0;
	for (unsigned int g = 0; g < s->group_count; g++)
		if (set_group_concerns(&s->groups[g], event->category, event->product,
				       event->service))
			x->groups[x->group_count++] = g;
	return set_match(s, x, x->groups, x->group_count, event, match, arg);
}
