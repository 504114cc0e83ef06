/* SPDX-License-Identifier: Apache-2.0 */
/*
 * builder.h - inside of src/rules: the rules that were taken, in the order they came
 */
#pragma once

#include "rules/rule.h"

#define RULES_MAX 65536u
#define LINK_CORRELATIONS_MAX 4096u
#define LINK_DEPTH_MAX 8u /* correlations of correlations */

struct rules_builder {
	struct pool *pool;
	struct map *ids;   /* id -> struct rule * */
	struct map *names; /* name -> struct rule *, or the mark of a name that several have */
	struct rule **rules;
	unsigned int count, cap;
	unsigned int correlations; /* of count */
};

/* link.c: remembers what the rule may be called. -ENOMEM. */
int link_keep_name(struct rules_builder *b, struct rule *rule);
