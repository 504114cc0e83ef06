/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leaf.h - inside of src/rules: does one value satisfy one leaf?
 *
 * Used for leaves that no literal bit decides, and, as the plain reference, by tests.
 */
#pragma once

#include "rules/rule.h"

/* What regular expressions need while they run; one a thread. */
struct leaf_regex {
	pcre2_match_data *data;
	pcre2_match_context *context;
	pcre2_jit_stack *stack;
	uint64_t given_up; /* matches that ran into a limit and count as none */
};

int leaf_regex_init(struct leaf_regex *x);
void leaf_regex_done(struct leaf_regex *x);

/* v must outlive the call only; for LEAF_FIELD other is the other field's value, else NULL. */
bool leaf_holds(const struct leaf *leaf, const struct rules_value *v,
		const struct rules_value *other, struct leaf_regex *x);
