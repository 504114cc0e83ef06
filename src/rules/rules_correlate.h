/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules_correlate.h - what matches of rules mean together, in the time of the events
 *
 * Sigma specification, correlation rules 2.1.0. Each match of a rule that a correlation refers to
 * is added; a correlation that becomes true by it is reported and may be what another builds on.
 *
 * A condition of gt and gte alone is decided with each match, over the timespan that ends with it.
 * Once true, what made it true is spent: a hundred failures are one finding, the next hundred
 * another. Any other condition, an average or a percentile could become false again by more
 * matches. It is decided when the timespan that began with the group's first match is over, which
 * the group's next match tells, or rules_correlator_end().
 *
 * Matches may come out of order by RULES_LATENESS_NS; later ones are left out and counted. A late
 * one is looked at in the timespans that begin with one of the RULES_LATE_STARTS matches before it.
 *
 * Memory is bounded: CORRELATION_COUNT_MAX matches of a group, of all as many as are asked for.
 * Beyond that the groups go that were quiet for longest, and are counted.
 */
#pragma once

#include "rules/rules.h"

#define RULES_LATENESS_NS (300LL * 1000000000)
#define RULES_LATE_STARTS 32

struct rules_correlator;

struct rules_correlator_limits {
	size_t groups;	/* at least 1 */
	size_t entries; /* of 32 bytes; at least CORRELATION_COUNT_MAX */
};

struct rules_correlator_stats {
	size_t groups, entries; /* now */
	uint64_t fired;
	uint64_t late;	  /* matches that came too late */
	uint64_t dropped; /* matches that a group had no room for, or memory failed */
	uint64_t evicted; /* groups */
};

/* The set must outlive the correlator. One thread at a time. -EINVAL for limits that are too low.
 */
int rules_correlator_new(const struct rules_set *s, const struct rules_correlator_limits *limits,
			 struct rules_correlator **ret_correlator);
void rules_correlator_free(struct rules_correlator *c);
DEFINE_CLEANUP(struct rules_correlator *, rules_correlator_free)
/* Takes over what another set's correlations, of the same id and text, had seen; from loses it. */
void rules_correlator_adopt(struct rules_correlator *c, struct rules_correlator *from);

/* False where no match of the rule concerns a correlation. */
bool rules_set_feeds_correlation(const struct rules_set *s, unsigned int rule);

/* rule: the correlation that became true, by its number in the set. */
typedef void (*rules_fire_fn)(void *arg, unsigned int rule);

/* Where and when a match happened, and who is told. Scopes have nothing in common: a tenant is one.
 */
struct rules_occurrence {
	const char *scope;
	int64_t time_ns;
	const void *event; /* see struct rules_event; absent fields are a value like any other */
	rules_field_fn get;
	rules_fire_fn fire;
	void *arg;
};

/* Allocation failures cost the match, which is counted. */
void rules_correlator_add(struct rules_correlator *c, unsigned int rule,
			  const struct rules_occurrence *at);
/* Nothing more will come: decides what waits for its time to be over. */
void rules_correlator_end(struct rules_correlator *c, rules_fire_fn fire, void *arg);

void rules_correlator_get_stats(const struct rules_correlator *c,
				struct rules_correlator_stats *ret_stats);
