/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_join.c - join and lookup
 *
 * Hints are for the planner of the reference's engine and have no meaning here.
 */
#include <string.h>

#include "kql/bind.h"

static const struct {
	const char *name;
	enum join_kind kind;
} kinds[] = {
	{ "innerunique", JOIN_INNERUNIQUE }, { "inner", JOIN_INNER },
	{ "leftouter", JOIN_LEFTOUTER },     { "rightouter", JOIN_RIGHTOUTER },
	{ "fullouter", JOIN_FULLOUTER },     { "leftsemi", JOIN_LEFTSEMI },
	{ "rightsemi", JOIN_RIGHTSEMI },     { "leftanti", JOIN_LEFTANTI },
	{ "rightanti", JOIN_RIGHTANTI },     { "leftantisemi", JOIN_LEFTANTI },
	{ "rightantisemi", JOIN_RIGHTANTI }, { "anti", JOIN_LEFTANTI },
};

struct joining {
	struct table left, right;
	struct rel *rel;
	const char *right_keys[64]; /* names, left out by lookup */
	unsigned int right_key_count;
};

static enum join_kind kind_of(struct binder *b, const struct ast *op)
{
	const struct ast *option = ast_option(op, "kind");

	for (size_t i = 0; option && option->text && i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(option->text, kinds[i].name))
			return kinds[i].kind;
	if (option) {
		diag_add(b->diags, DIAG_VALUE, option->span, "there is no kind '%s' of join",
			 option->text ? option->text : "");
		diag_expected(b->diags,
			      "innerunique, inner, leftouter, rightouter, fullouter, leftsemi, "
			      "rightsemi, leftanti or rightanti");
	}
	return !strcmp(op->text, "lookup") ? JOIN_LEFTOUTER : JOIN_INNERUNIQUE;
}

/* Which side an operand of == is of: 'l', 'r', or 0 where it is of neither. */
static char side_of(const struct ast *a)
{
	if (a->kind == AST_PATH && ast_is(a->kids[0], AST_NAME, "$left"))
		return 'l';
	if (a->kind == AST_PATH && ast_is(a->kids[0], AST_NAME, "$right"))
		return 'r';
	for (uint32_t i = 0; i < a->count; i++) {
		char side = a->kids[i] ? side_of(a->kids[i]) : 0;

		if (side)
			return side;
	}
	return 0;
}

static void add_pair(struct binder *b, struct joining *j, struct bx *left, struct bx *right,
		     struct span at)
{
	struct rel *r = j->rel;

	if (left->type == KQL_UNKNOWN || right->type == KQL_UNKNOWN)
		return;
	if (left->type == KQL_DYNAMIC)
		left = bx_cast(b, left, right->type == KQL_DYNAMIC ? KQL_STRING : right->type);
	if (right->type == KQL_DYNAMIC)
		right = bx_cast(b, right, left->type);
	if (left->type != right->type) {
		if (!kql_type_is_number(left->type) || !kql_type_is_number(right->type)) {
			diag_add(b->diags, DIAG_TYPE, at, "a join of %s with %s",
				 kql_type_name(left->type), kql_type_name(right->type));
			diag_expected(b->diags, "keys of one type");
			return;
		}
		left = bx_cast(b, left, MAX(left->type, right->type));
		right = bx_cast(b, right, left->type);
	}
	r->pairs[r->pair_count++] = (struct join_pair){
		bx_column(b, table_column(b, &j->left, "key", left), at),
		bx_column(b, table_column(b, &j->right, "key", right), at),
	};
}

static void remember_key(struct joining *j, const char *name)
{
	if (j->right_key_count < ARRAY_SIZE(j->right_keys))
		j->right_keys[j->right_key_count++] = name;
}

static void bind_condition(struct binder *b, struct joining *j, const struct ast *a)
{
	struct row outer = b->row;
	struct bx *x[2];

	if (a->kind == AST_NAME) { /* the same name on both sides */
		b->row = (struct row){ .left = &j->left };
		x[0] = bind_expr(b, a);
		b->row = (struct row){ .left = &j->right };
		x[1] = bind_expr(b, a);
		b->row = outer;
		remember_key(j, a->text);
		add_pair(b, j, x[0], x[1], a->span);
		return;
	}
	if (ast_is(a, AST_BINARY, "and")) {
		bind_condition(b, j, a->kids[0]);
		bind_condition(b, j, a->kids[1]);
		return;
	}
	if (!ast_is(a, AST_BINARY, "==") || a->count < 2 || !side_of(a->kids[0]) ||
	    !side_of(a->kids[1]) || side_of(a->kids[0]) == side_of(a->kids[1])) {
		if (a->kind == AST_BAD)
			return;
		diag_add(b->diags, DIAG_VALUE, a->span, "this is no condition of a join");
		diag_expected(b->diags, "a column of both tables, or $left.a == $right.b");
		return;
	}
	b->row = (struct row){ .left = &j->left, .right = &j->right };
	for (unsigned int i = 0; i < 2; i++) {
		x[side_of(a->kids[i]) == 'r'] = bind_expr(b, a->kids[i]);
		if (side_of(a->kids[i]) == 'r' && a->kids[i]->kind == AST_PATH)
			remember_key(j, a->kids[i]->text);
	}
	b->row = outer;
	add_pair(b, j, x[0], x[1], a->span);
}

/* Where the other side may be missing: every column but text can then be null. */
void bind_make_nullable(struct binder *b, struct table *t)
{
	struct rel *r = rel_new(b, REL_EXTEND, t->rel);

	for (uint32_t i = 0; i < t->count; i++) {
		const struct column *c = t->outs[i].column;

		if (c->nullable || c->type == KQL_STRING || c->type == KQL_UNKNOWN)
			continue;
		t->outs[i].column = rel_define(b, r, t->outs[i].name,
					       bx_call(b, "__nullable", (struct span){ 0, 0 }, 1,
						       bx_column(b, c, (struct span){ 0, 0 })));
	}
	if (r->def_count)
		t->rel = r;
}

static void deduplicate(struct binder *b, struct joining *j)
{
	struct rel *r = rel_new(b, REL_DISTINCT, j->left.rel);

	r->keys = arena_array(b->arena, struct definition, j->rel->pair_count + 1);
	for (uint32_t i = 0; r->keys && i < j->rel->pair_count; i++)
		r->keys[r->key_count++] =
		    (struct definition){ j->rel->pairs[i].left->column, j->rel->pairs[i].left };
	j->left.rel = r;
}

/* Whether x reads nothing but what is computed beneath r. */
static bool computed_beneath(const struct bx *x, const struct rel *r)
{
	bool found = x->kind != BX_COLUMN;

	for (const struct rel *at = r; at && !found; at = at->input) {
		for (uint32_t i = 0; i < at->def_count && !found; i++)
			found = at->defs[i].column == x->column;
		for (uint32_t i = 0; i < at->key_count && !found && at->kind == REL_AGGREGATE; i++)
			found = at->keys[i].column == x->column;
		if (at->kind == REL_AGGREGATE || at->kind == REL_JOIN)
			break; /* what is beneath is not in reach */
	}
	for (uint32_t i = 0; found && i < x->count; i++)
		found = computed_beneath(x->args[i], r);
	return found;
}

const struct rel *bind_push_filter(struct binder *b, const struct rel *filter)
{
	const struct rel *join = filter->input, *distinct = join ? join->input : NULL;
	struct rel *copies[3];

	if (!join || join->kind != REL_JOIN || join->join != JOIN_INNERUNIQUE ||
	    distinct->kind != REL_DISTINCT || !computed_beneath(filter->condition, distinct->input))
		return filter;
	copies[0] = rel_new(b, REL_JOIN, NULL);
	copies[1] = rel_new(b, REL_DISTINCT, NULL);
	copies[2] = rel_new(b, REL_FILTER, distinct->input);
	*copies[0] = *join;
	*copies[1] = *distinct;
	copies[0]->input = copies[1];
	copies[1]->input = copies[2];
	copies[2]->condition = filter->condition;
	return copies[0];
}

static bool is_right_key(const struct joining *j, const char *name)
{
	for (unsigned int i = 0; i < j->right_key_count; i++)
		if (!strcmp(j->right_keys[i], name))
			return true;
	return false;
}

/* The name of a right column: numbered where the left has it, by a number that neither side has. */
static const char *right_name(struct binder *b, const struct table *left, const struct table *right,
			      const char *wanted)
{
	const char *name = wanted;

	for (unsigned int i = 1; table_find(left, name) && i <= BIND_COLUMNS_MAX; i++) {
		do
			name = arena_printf(b->arena, "%s%u", wanted, i);
		while (name && table_find(right, name) && ++i <= BIND_COLUMNS_MAX);
		if (!name)
			return wanted;
	}
	return name;
}

static void outputs(struct binder *b, struct joining *j, bool lookup, struct table *ret)
{
	enum join_kind kind = j->rel->join;
	struct table t = { .rel = j->rel };

	if (kind != JOIN_RIGHTSEMI && kind != JOIN_RIGHTANTI)
		for (uint32_t i = 0; i < j->left.count; i++)
			table_push(b, &t, j->left.outs[i].name, j->left.outs[i].column);
	if (kind != JOIN_LEFTSEMI && kind != JOIN_LEFTANTI) {
		for (uint32_t i = 0; i < j->right.count; i++) {
			const char *name = j->right.outs[i].name;

			if (lookup && is_right_key(j, name))
				continue;
			table_push(b, &t, right_name(b, &t, &j->right, name),
				   j->right.outs[i].column);
		}
	}
	*ret = t;
}

bool bind_join(struct binder *b, const struct ast *op, struct table *t)
{
	const struct ast *on = ast_kid(op, 1);
	struct table *partition = b->partition;
	struct joining j = { .left = *t };
	bool good;

	if (!op->count)
		return false;
	b->partition = NULL;
	good = bind_table(b, op->kids[0], &j.right);
	b->partition = partition;
	if (!good)
		return false;
	table_copy(b, t, &j.left);
	j.rel = rel_new(b, REL_JOIN, NULL);
	j.rel->join = (uint8_t)kind_of(b, op);
	j.rel->pairs = arena_array(b->arena, struct join_pair, AST_NODES_MAX > 64 ? 64 : 1);
	if (!on || !j.rel->pairs) {
		diag_add(b->diags, DIAG_SYNTAX, op->span, "%s without a condition", op->text);
		diag_expected(b->diags, "on, and a column of both tables or $left.a == $right.b");
		return false;
	}
	if (j.rel->join == JOIN_RIGHTOUTER || j.rel->join == JOIN_FULLOUTER)
		bind_make_nullable(b, &j.left);
	if (j.rel->join == JOIN_LEFTOUTER || j.rel->join == JOIN_FULLOUTER)
		bind_make_nullable(b, &j.right);
	for (uint32_t i = 0; i < on->count; i++) {
		if (j.rel->pair_count >= 32) {
			diag_add(b->diags, DIAG_LIMIT, on->kids[i]->span,
				 "more than 32 keys of a join");
			break;
		}
		bind_condition(b, &j, on->kids[i]);
	}
	if (!j.rel->pair_count)
		return false;
	if (j.rel->join == JOIN_INNERUNIQUE)
		deduplicate(b, &j);
	j.rel->input = j.left.rel;
	j.rel->right = j.right.rel;
	outputs(b, &j, !strcmp(op->text, "lookup"), t);
	return true;
}
