/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search.c - what stands under a name in `detection`
 *
 * A map: every field item holds. A list of maps: one of them holds. Text, or a list of text:
 * keywords, looked for in every value of the event.
 */
#include <errno.h>
#include <string.h>

#include "rule.h"

static int refuse_twice(struct reader *r, const struct tree_node *map, unsigned int i)
{
	for (unsigned int k = 0; k < i; k++)
		if (map->keys[k]->len == map->keys[i]->len &&
		    !memcmp(map->keys[k]->text, map->keys[i]->text, map->keys[i]->len))
			return reader_refuse(
			    r, map->keys[i],
			    "'%.128s' stands twice in one map, first in line %u; "
			    "join the values in one list, with |all if each must hold",
			    map->keys[i]->text, map->keys[k]->line);
	return 0;
}

static int read_map(struct reader *r, const struct tree_node *map, struct expr **ret_expr)
{
	struct expr **kids = arena_array(&r->pool->arena, struct expr *, map->count + 1);

	if (!kids)
		return -ENOMEM;
	if (!map->count)
		return reader_refuse(r, map, "an empty map matches nothing");
	/* The comparison of every key with every other is quadratic. */
	if (map->count > RULE_SEARCHES_MAX)
		return reader_refuse(r, map, "more than %u fields in one map", RULE_SEARCHES_MAX);
	for (unsigned int i = 0; i < map->count; i++) {
		int res = refuse_twice(r, map, i);

		if (res == 0)
			res = value_read(r, map->keys[i], map->items[i], &kids[i]);
		if (res < 0)
			return res;
	}
	*ret_expr = expr_join(&r->pool->arena, EXPR_AND, kids, map->count);
	return *ret_expr ? 0 : -ENOMEM;
}

static int read_list(struct reader *r, const struct tree_node *list, struct expr **ret_expr)
{
	struct expr **kids = arena_array(&r->pool->arena, struct expr *, list->count + 1);

	if (!kids)
		return -ENOMEM;
	if (!list->count)
		return reader_refuse(r, list, "an empty list matches nothing");
	for (unsigned int i = 0; i < list->count; i++) {
		const struct tree_node *n = list->items[i];
		int res;

		if (n->kind == TREE_MAP)
			res = read_map(r, n, &kids[i]);
		else if (n->kind == TREE_SCALAR)
			res = value_read(r, NULL, n, &kids[i]);
		else
			res =
			    reader_refuse(r, n, "a list holds maps or text, not a list in a list");
		if (res < 0)
			return res;
	}
	*ret_expr = expr_join(&r->pool->arena, EXPR_OR, kids, list->count);
	return *ret_expr ? 0 : -ENOMEM;
}

int search_read(struct reader *r, const struct tree_node *node, struct expr **ret_expr)
{
	if (node->kind == TREE_MAP)
		return read_map(r, node, ret_expr);
	if (node->kind == TREE_LIST)
		return read_list(r, node, ret_expr);
	if (tree_is_null(node))
		return reader_refuse(r, node, "nothing stands under this name");
	return value_read(r, NULL, node, ret_expr);
}
