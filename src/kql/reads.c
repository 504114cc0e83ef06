/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reads.c - what a query reads, and whether its answer for new rows is an answer for new rows alone
 *
 * A rule that runs each minute over what came in since is right only where each row of its answer
 * is made of one row of one table, by itself: then the answers of the minutes together are the
 * answer for the whole. Operators are looked up in the tree, for that has their places; tables in
 * the relations, for only these are read.
 */
#include "kql/reads.h"

#include <string.h>

/* Operators that look at one row at a time and leave no row out because of another. */
static const char *const one_row[] = {
	"as",		"extend",	  "mv-expand",
	"parse",	"parse-kv",	  "parse-where",
	"project",	"project-away",	  "project-by-names",
	"project-keep", "project-rename", "project-reorder",
	"render",	"sort",		  "where",
};

#define NODES_MAX 200000u

struct walk {
	struct reads *reads;
	unsigned int nodes;
};

static void walk_rel(struct walk *w, const struct rel *r);

static void walk_expr(struct walk *w, const struct bx *x)
{
	if (!x || w->nodes++ > NODES_MAX)
		return;
	if (x->kind == BX_SCALAR || x->kind == BX_ROWS)
		walk_rel(w, x->rel);
	if (x->kind != BX_CALL && x->kind != BX_CAST && x->kind != BX_LIST)
		return;
	for (uint32_t i = 0; i < x->count; i++)
		walk_expr(w, x->args[i]);
}

static void add_table(struct reads *reads, const struct kql_table *table)
{
	reads->scans++;
	for (size_t i = 0; i < reads->count; i++)
		if (reads->tables[i] == table)
			return;
	if (reads->count < READS_TABLES_MAX)
		reads->tables[reads->count++] = table;
}

static void walk_rel(struct walk *w, const struct rel *r)
{
	/* Chains of operators are long: only what stands beside them costs the stack anything. */
	for (; r && w->nodes++ <= NODES_MAX; r = r->input) {
		if (r->kind == REL_SCAN)
			add_table(w->reads, r->table);
		walk_expr(w, r->condition);
		for (uint32_t i = 0; i < r->def_count; i++)
			walk_expr(w, r->defs[i].value);
		for (uint32_t i = 0; i < r->key_count; i++)
			walk_expr(w, r->keys[i].value);
		for (uint32_t i = 0; i < r->order_count; i++)
			walk_expr(w, r->orders[i].value);
		for (uint32_t i = 0; i < r->input_count; i++)
			walk_rel(w, r->inputs[i]);
		walk_rel(w, r->right);
	}
}

void reads_of(const struct bound *bound, struct reads *ret_reads)
{
	struct walk w = { .reads = ret_reads };

	*ret_reads = (struct reads){ 0 };
	walk_rel(&w, bound->result.rel);
}

static bool is_one_row(const char *operator)
{
	for (size_t i = 0; i < ARRAY_SIZE(one_row); i++)
		if (strcmp(one_row[i], operator) == 0)
			return true;
	return false;
}

static void check_operators(struct diag_list *diags, const struct ast *a)
{
	if (!a)
		return;
	if (a->kind == AST_OP && !is_one_row(a->text)) {
		diag_add(diags, DIAG_PLACE, a->span,
			 "'%s' puts rows together, and a continuous rule sees only those that just "
			 "came in",
			 a->text);
		diag_expected(diags,
			      "operators that look at one row at a time, such as where, extend "
			      "and project; or a rule that runs every hour");
		return;
	}
	for (uint32_t i = 0; i < a->count; i++)
		check_operators(diags, a->kids[i]);
}

void reads_check_continuous(struct diag_list *diags, const struct ast *tree,
			    const struct bound *bound)
{
	struct reads reads;

	check_operators(diags, tree);
	reads_of(bound, &reads);
	if (diags->failed || reads.scans == 1)
		return;
	diag_add(diags, DIAG_PLACE, tree->span,
		 reads.scans ? "the query reads %zu tables" : "the query reads no table",
		 reads.scans);
	diag_expected(diags,
		      "exactly one table in a continuous rule; or a rule that runs every hour");
}
