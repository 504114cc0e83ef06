/* SPDX-License-Identifier: Apache-2.0 */
/*
 * item.h - inside of src/rules: a field item while its values become leaves
 */
#pragma once

#include "rules/rule.h"

#define MODIFIERS_MAX 16

enum modifier {
	M_CONTAINS,
	M_STARTSWITH,
	M_ENDSWITH, /* transform text */
	M_WINDASH,
	M_BASE64,
	M_BASE64OFFSET,
	M_WIDE,
	M_UTF16BE,
	M_UTF16,
	M_EXPAND,
	M_ALL,
	M_NEQ,
	M_CASED, /* flags */
	M_RE,
	M_CIDR,
	M_FIELDREF,
	M_EXISTS,
	M_LT,
	M_LTE,
	M_GT,
	M_GTE, /* kinds of comparison */
	M_MINUTE,
	M_HOUR,
	M_DAY,
	M_WEEK,
	M_MONTH,
	M_YEAR,
	M_I,
	M_M,
	M_S, /* of re */
};

/* What the modifiers of one key add up to. */
struct item {
	struct reader *reader;
	struct arena *arena;
	const struct tree_node *key; /* NULL for keywords */
	unsigned int field;
	enum modifier order[MODIFIERS_MAX];
	unsigned int count;
	bool all, neq, cased, transforms;
	int kind; /* M_RE .. M_GTE, or -1 */
	enum leaf_time time;
	uint32_t regex_options;
	/* values while they are made */
	struct symbols *texts;
	unsigned int text_count, text_cap;
	struct expr **exprs;
	unsigned int expr_count, expr_cap;
};

/* Room for one more in an array of the arena, at most RULE_VALUES_MAX. */
int item_grow(struct item *it, void **array, unsigned int *cap, unsigned int count, size_t size);

/* transform.c: runs the text modifiers over one value; the results are in it->texts. */
int item_transform(struct item *it, struct symbols in);
