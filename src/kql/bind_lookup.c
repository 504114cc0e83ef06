/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_lookup.c - evaluate ipv4_lookup and ipv6_lookup: rows with those networks that hold their
 * address
 */
#include <string.h>

#include "kql/bind_evaluate.h"

#define KEYS_MAX 16u

struct lookup {
	const struct ast *call;
	const struct ast *keys[KEYS_MAX]; /* further columns that must be equal, of both tables */
	uint32_t key_count;
	bool unmatched; /* rows without a network are wanted, too */
	struct table right;
	const char *within;
};

static bool take_keys(struct binder *b, struct lookup *l, const struct table *left)
{
	const struct ast *flag = evaluate_argument(l->call, 99, "return_unmatched");

	for (uint32_t i = 3; i < l->call->count; i++) {
		const struct ast *a = l->call->kids[i];

		if (a->kind == AST_NAMED)
			continue;
		if (a->kind == AST_LITERAL && a->type == KQL_BOOL && i + 1 == l->call->count) {
			flag = a;
			continue;
		}
		if (a->kind != AST_NAME || !table_find(left, a->text) ||
		    !table_find(&l->right, a->text)) {
			diag_add(b->diags, DIAG_NAME, a->span, "'%s' is no column of both tables",
				 a->text ? a->text : "");
			diag_expected(b->diags, "a column of both tables, or return_unmatched");
			return false;
		}
		if (l->key_count == KEYS_MAX) {
			diag_add(b->diags, DIAG_LIMIT, a->span, "more than %u keys", KEYS_MAX);
			return false;
		}
		l->keys[l->key_count++] = a;
	}
	if (flag) {
		const struct bx *yes = bind_constant(b, flag, KQL_BOOL);

		l->unmatched = yes && yes->i;
	}
	return true;
}

static bool is_key(const struct lookup *l, const char *name)
{
	for (uint32_t i = 0; i < l->key_count; i++)
		if (!strcmp(l->keys[i]->text, name))
			return true;
	return false;
}

static struct bx *equal(struct binder *b, const struct table *left, const struct table *right,
			const struct ast *key)
{
	return bx_call(b, "==", key->span, 2,
		       bx_column(b, table_find(left, key->text)->column, key->span),
		       bx_column(b, table_find(right, key->text)->column, key->span));
}

static struct bx *condition_of(struct binder *b, const struct lookup *l, const struct table *left,
			       struct bx *address, struct bx *network)
{
	struct span at = l->call->span;
	struct bx *x = bx_call(b, l->within, at, 2, address, network);

	for (uint32_t i = 0; i < l->key_count; i++)
		x = bx_call(b, "and", at, 2, x, equal(b, left, &l->right, l->keys[i]));
	return x;
}

/* Every row with every network, and those that fit. */
static bool match(struct binder *b, struct lookup *l, struct table *t, struct bx *address,
		  struct bx *network)
{
	struct span at = l->call->span;
	struct rel *join = rel_new(b, REL_JOIN, NULL);
	struct table next = { .rel = join, .name = t->name }, left = *t;
	struct bx *fits = condition_of(b, l, t, address, network);

	if (l->unmatched)
		bind_make_nullable(b, &l->right);
	join->join = l->unmatched ? JOIN_LEFTOUTER : JOIN_INNER;
	join->pairs = arena_array(b->arena, struct join_pair, 1);
	if (!join->pairs)
		return false;
	join->pairs[join->pair_count++] = (struct join_pair){
		bx_column(b, rel_define(b, table_extend(b, &left), "key", bx_long(b, 1, at)), at),
		bx_column(b, rel_define(b, table_extend(b, &l->right), "key", bx_long(b, 1, at)),
			  at),
	};
	join->input = left.rel;
	join->right = l->right.rel;
	for (uint32_t i = 0; i < t->count; i++)
		table_push(b, &next, t->outs[i].name, t->outs[i].column);
	for (uint32_t i = 0; i < l->right.count; i++)
		if (!is_key(l, l->right.outs[i].name))
			table_push(b, &next, table_free_name(b, &next, l->right.outs[i].name),
				   l->right.outs[i].column);
	if (l->unmatched)
		join->condition = fits;
	else
		table_filter(b, &next, fits);
	*t = next;
	return true;
}

bool bind_ip_lookup(struct binder *b, const struct ast *op, const struct ast *call, struct table *t)
{
	struct lookup l = { .call = call,
			    .within = strstr(call->text, "ipv6") ? "ipv6_is_in_range"
								 : "ipv4_is_in_range" };
	struct bx *address, *network;

	(void)op;
	if (call->count < 3) {
		diag_add(b->diags, DIAG_ARGUMENTS, call->span, "%s() with %u argument%s",
			 call->text, call->count, call->count == 1 ? "" : "s");
		diag_expected(b->diags, "table of networks, address, column of networks");
		return false;
	}
	if (!bind_table(b, call->kids[0], &l.right) || !take_keys(b, &l, t))
		return false;
	network = table_expr(b, &l.right, call->kids[2]);
	address = table_expr(b, t, call->kids[1]);
	if (address->type == KQL_UNKNOWN || network->type == KQL_UNKNOWN)
		return false;
	return match(b, &l, t, address, network);
}
