/* SPDX-License-Identifier: Apache-2.0 */
/*
 * builder.h - inside of src/rules: the rules that were taken, in the order they came
 */
#pragma once

#include "rules/rule.h"

#define RULES_MAX 65536u

struct rules_builder {
	struct pool *pool;
	struct map *ids; /* id -> struct rule * */
	const struct rule **rules;
	unsigned int count, cap;
};
