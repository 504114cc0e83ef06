/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan_block.h - inside of the plan: a relation's clause put into a block
 *
 * Each takes the block of the relation's input (NULL after a complaint, which goes through) and gives
 * the block that has the clause, too: the same, or a new one around it where the clause would be
 * computed too early. NULL after a complaint. Of the relation only its own clause is read.
 */
#pragma once

#include "kql/plan.h"

struct block *block_new(struct planner *p);
struct block *block_filter(struct planner *p, struct block *b, const struct rel *r);
struct block *block_define(struct planner *p, struct block *b, const struct rel *r);
struct block *block_aggregate(struct planner *p, struct block *b, const struct rel *r);
struct block *block_sort(struct planner *p, struct block *b, const struct rel *r);
struct block *block_limit(struct planner *p, struct block *b, const struct rel *r);
struct block *block_distinct(struct planner *p, struct block *b, const struct rel *r);
struct block *block_unnest(struct planner *p, struct block *b, const struct rel *r);
struct block *block_windows(struct planner *p, struct block *b, const struct rel *r);
/* Whether x calls a function that has one of the flags (FUNC_VOLATILE, ...). */
bool block_calls(const struct bx *x, unsigned int flags);

/*
 * plan_union.c: filters of a block over a union, and its limit, for each of the union's inputs as
 * well. The block has its final clauses, and needs are not marked yet. False after a complaint.
 */
bool plan_push_into_union(struct planner *p, struct block *b);

/* plan_latest.c: sets b->extreme. What is needed of the block's definitions is marked already. */
void plan_find_latest(struct block *b);
