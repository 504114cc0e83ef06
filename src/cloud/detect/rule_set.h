/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule_set.h - the rules as they were loaded once: immutable, counted references, pooled scratch
 *
 * Private to detect/. A frame holds a reference while it is looked at, so that rules can be loaded
 * anew beside it.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "cloud/detect/detect.h"
#include "rules/rules.h"
#include "rules/rules_bind.h"

struct rule_set;

/* The folders as they stand: changes when a rule file comes, goes or is written. -errno. */
int rule_set_fingerprint(const struct detect_options *options, uint64_t *ret_fingerprint,
			 struct err *err);
/*
 * One reference. Refused rules are reported and counted. before (nullable): the set whose counts, and
 * what its correlations have seen, go on in the rules of the same id.
 */
int rule_set_load(const struct detect_options *options, struct rule_set *before,
		  struct rule_set **ret_set, struct err *err);
struct rule_set *rule_set_ref(struct rule_set *s);
void rule_set_unref(struct rule_set *s);
DEFINE_CLEANUP(struct rule_set *, rule_set_unref)

size_t rule_set_count(const struct rule_set *s);
size_t rule_set_refused(const struct rule_set *s);
/* The first DETECT_REFUSED_MAX; NULL behind the last. */
const struct detect_refused *rule_set_refusal(const struct rule_set *s, size_t i);
const struct rules_info *rule_set_info(const struct rule_set *s, unsigned int rule);
/* True for a rule of the operator's own. */
bool rule_set_is_custom(const struct rule_set *s, unsigned int rule);
/* As detect_rule.missing. */
const char *rule_set_missing(const struct rule_set *s, unsigned int rule);
/* Shared by the sets that the rule was in: a frame that still has an old one counts here, too. */
struct rule_count {
	_Atomic unsigned int refs;
	_Atomic uint64_t matches;
	_Atomic int64_t last_ns; /* 0: none yet */
};
struct rule_count *rule_set_counter(const struct rule_set *s, unsigned int rule);

/* Scratch memory from the set's pool; NULL when out of memory. */
struct rules_scratch *rule_set_take_scratch(struct rule_set *s);
void rule_set_give_scratch(struct rule_set *s, struct rules_scratch *scratch);
const struct rules_binding *rule_set_binding(const struct rule_set *s);
bool rule_set_is_silent(const struct rule_set *s, unsigned int rule);
/* A match of the rule goes to the correlations that refer to it; from any thread. */
void rule_set_correlate(struct rule_set *s, unsigned int rule, const struct rules_occurrence *at);
/* Matches that no correlation could take, since the set was loaded. */
uint64_t rule_set_uncorrelated(struct rule_set *s);
