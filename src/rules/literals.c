/* SPDX-License-Identifier: Apache-2.0 */
/*
 * literals.c - a dense automaton
 *
 * Bytes that no text holds share one column, so a row has as many columns as the texts use bytes.
 * States are numbered by depth: those near the root, where nearly all time is spent, lie together.
 * A cell holds the next row's position; its top bit says that texts end there.
 */
#include "literals.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX
#define ENDS_HERE 0x80000000u

struct literals {
	uint8_t column[256];
	uint32_t columns;
	uint32_t states;
	uint32_t *cells;  /* states * columns */
	uint32_t *number; /* by state: the text that ends there, or NONE */
	uint32_t *suffix; /* by state: the longest shorter state where a text ends, or 0 */
};

/* The tree of all texts: brothers are a list. Node 0 is the root. */
struct node {
	uint32_t child, brother;
	uint32_t number; /* of the text that ends here, or NONE */
	uint32_t state;	 /* number by depth */
	uint8_t column;
};

struct tree {
	struct node *nodes;
	uint32_t count, cap;
};

static void assign_columns(struct literals *l, const struct literal_text *texts, uint32_t count)
{
	bool used[256] = { false };

	for (uint32_t i = 0; i < count; i++)
		for (uint32_t k = 0; k < texts[i].len; k++)
			used[(uint8_t)texts[i].text[k]] = true;
	l->columns = 1;
	for (unsigned int b = 0; b < 256; b++)
		if (used[b])
			l->column[b] = (uint8_t)l->columns++;
	for (unsigned int b = 'A'; b <= 'Z'; b++)
		l->column[b] = l->column[b + 'a' - 'A'];
}

static int64_t add_node(struct tree *t, uint32_t parent, uint8_t column)
{
	if (t->count == t->cap) {
		uint32_t cap = t->cap ? t->cap * 2 : 1024;
		struct node *more = realloc(t->nodes, cap * sizeof(*more));

		if (!more)
			return -ENOMEM;
		t->nodes = more;
		t->cap = cap;
	}
	if (t->count == LITERALS_STATES_MAX)
		return -E2BIG;
	t->nodes[t->count] = (struct node){ .number = NONE, .column = column };
	if (t->count) {
		t->nodes[t->count].brother = t->nodes[parent].child;
		t->nodes[parent].child = t->count;
	}
	return t->count++;
}

static int64_t child_of(struct tree *t, uint32_t parent, uint8_t column)
{
	for (uint32_t n = t->nodes[parent].child; n; n = t->nodes[n].brother)
		if (t->nodes[n].column == column)
			return n;
	return add_node(t, parent, column);
}

static int grow_tree(const struct literals *l, const struct literal_text *texts, uint32_t count,
		     struct tree *t)
{
	int64_t n = add_node(t, 0, 0);

	for (uint32_t i = 0; i < count; i++) {
		n = 0;
		for (uint32_t k = 0; n >= 0 && k < texts[i].len; k++)
			n = child_of(t, (uint32_t)n, l->column[(uint8_t)texts[i].text[k]]);
		if (n < 0)
			return (int)n;
		t->nodes[n].number = i;
	}
	return n < 0 ? (int)n : 0;
}

/* Nodes in the order of their depth; each node learns its state. */
static uint32_t *by_depth(struct tree *t)
{
	uint32_t *order = calloc(t->count, sizeof(*order)), n = 1;

	for (uint32_t i = 0; order && i < n; i++) {
		t->nodes[order[i]].state = i;
		for (uint32_t c = t->nodes[order[i]].child; c; c = t->nodes[c].brother)
			order[n++] = c;
	}
	return order;
}

static uint32_t cell_of(const struct literals *l, uint32_t state)
{
	return state * l->columns | (l->number[state] != NONE || l->suffix[state] ? ENDS_HERE : 0);
}

static uint32_t state_of(const struct literals *l, uint32_t cell)
{
	return (cell & ~ENDS_HERE) / l->columns;
}

/*
 * A row begins as the row of the longest proper suffix that is a state too, which stands nearer to
 * the root and is finished, then the node's own children replace what they know better.
 */
static void fill_rows(struct literals *l, const struct tree *t, const uint32_t *order,
		      uint32_t *fallback)
{
	for (uint32_t s = 0; s < l->states; s++) {
		const struct node *n = &t->nodes[order[s]];
		uint32_t *row = l->cells + (size_t)s * l->columns;
		const uint32_t *base = l->cells + (size_t)fallback[s] * l->columns;

		if (s)
			memcpy(row, base, l->columns * sizeof(*row));
		for (uint32_t c = n->child; c; c = t->nodes[c].brother) {
			const struct node *child = &t->nodes[c];
			uint32_t to = s ? state_of(l, base[child->column]) : 0;

			fallback[child->state] = to;
			l->number[child->state] = child->number;
			l->suffix[child->state] = l->number[to] != NONE ? to : l->suffix[to];
			row[child->column] = cell_of(l, child->state);
		}
	}
}

static int build(struct literals *l, const struct literal_text *texts, uint32_t count,
		 struct tree *t)
{
	_cleanup_free_ uint32_t *order = NULL, *fallback = NULL;
	int r = grow_tree(l, texts, count, t);

	if (r < 0)
		return r;
	l->states = t->count;
	if ((size_t)l->states * l->columns >= ENDS_HERE || literals_bytes(l) > LITERALS_BYTES_MAX)
		return -E2BIG;
	order = by_depth(t);
	fallback = calloc(l->states, sizeof(*fallback));
	l->cells = calloc((size_t)l->states * l->columns, sizeof(*l->cells));
	l->number = malloc(l->states * sizeof(*l->number));
	l->suffix = calloc(l->states, sizeof(*l->suffix));
	if (!order || !fallback || !l->cells || !l->number || !l->suffix)
		return -ENOMEM;
	memset(l->number, 0xff, l->states * sizeof(*l->number));
	fill_rows(l, t, order, fallback);
	return 0;
}

int literals_new(const struct literal_text *texts, uint32_t count, struct literals **ret_literals)
{
	_cleanup_(literals_freep) struct literals *l = calloc(1, sizeof(*l));
	struct tree t = { 0 };
	int r;

	if (!l)
		return -ENOMEM;
	assign_columns(l, texts, count);
	r = build(l, texts, count, &t);
	free(t.nodes);
	if (r < 0)
		return r;
	*ret_literals = TAKE_PTR(l);
	return 0;
}

void literals_free(struct literals *l)
{
	if (!l)
		return;
	free(l->cells);
	free(l->number);
	free(l->suffix);
	free(l);
}

size_t literals_bytes(const struct literals *l)
{
	return sizeof(*l) + (size_t)l->states * (l->columns + 2) * sizeof(uint32_t);
}

static void report(const struct literals *l, uint32_t state, size_t end, literals_fn found,
		   void *arg)
{
	for (; state; state = l->suffix[state])
		if (l->number[state] != NONE)
			found(arg, l->number[state], end);
}

void literals_scan(const struct literals *l, const char *text, size_t len, literals_fn found,
		   void *arg)
{
	const uint32_t *cells = l->cells;
	uint32_t at = 0;

	for (size_t i = 0; i < len; i++) {
		uint32_t cell = cells[at + l->column[(uint8_t)text[i]]];

		at = cell & ~ENDS_HERE;
		if (cell & ENDS_HERE)
			report(l, at / l->columns, i + 1, found, arg);
	}
}
