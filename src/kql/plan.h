/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.h - relations put together into as few SELECTs as their meaning allows
 *
 * A block is one SELECT. In it the clauses are: source, array join, filters, keys, definitions
 * (before and behind the aggregation), orders, limits. What is not needed by anything above is left
 * out. Blocks are changed until plan_finish().
 */
#pragma once

#include "kql/bound.h"
#include "kql/diag.h"

#define PLAN_BLOCKS_MAX 2000u

struct block {
	const struct rel *source; /* SCAN, VALUES, RANGE, JOIN, UNION; NULL: input alone */
	struct block *input, *right;
	struct block **inputs; /* of UNION */
	uint32_t input_count;
	const struct rel *unnest; /* array join */
	struct definition *defs;  /* in the order of their making */
	uint32_t def_count;
	const struct bx **filters;
	uint32_t filter_count;
	bool aggregated;
	uint32_t visible_from; /* aggregated: definitions from here on stand behind it */
	struct definition *keys;
	uint32_t key_count, dependent_keys;
	/* aggregated: arg_max or arg_min that is all what is computed; other rows need not be read */
	const struct bx *extreme;
	struct order *orders;
	uint32_t order_count;
	const struct bx *limit;
	const struct column **limit_by; /* limit holds for each combination of these */
	uint32_t limit_by_count;
	const struct rel *distinct; /* one row a key */
	bool windowed;
	bool closed; /* has what must not be computed twice */
	const struct column **outputs;
	uint32_t output_count;
};

struct planner {
	struct diag_list *diags;
	struct arena *arena;
	uint32_t blocks;
	unsigned int depth;
};

/* NULL after a complaint. outputs: what the caller reads; marked as needed. */
struct block *plan_query(struct planner *p, const struct rel *r, const struct output *outputs,
			 uint32_t count);
void plan_dump(const struct block *b, struct buf *out);
