/* SPDX-License-Identifier: Apache-2.0 */
/*
 * correlation.h - inside of src/rules: what a `correlation:` document asks of the events of others
 *
 * Sigma specification, correlation rules 2.1.0. Not here: the state while events come
 * (correlate.c).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rules/rule.h"

#define CORRELATION_RULES_MAX 64u /* rules that one correlation refers to */
#define CORRELATION_GROUP_MAX 16u /* fields of group-by */
#define CORRELATION_VALUES_MAX 8u /* fields whose values are counted together */
#define CORRELATION_SPAN_MAX_NS (31LL * 86400 * 1000000000)
/* What gt and gte may ask for: so many entries are kept of a group. */
#define CORRELATION_COUNT_MAX 10000
#define CORRELATION_BOUNDS_MAX 6u

enum correlation_kind {
	CORRELATION_EVENT_COUNT,
	CORRELATION_VALUE_COUNT,
	CORRELATION_TEMPORAL,
	CORRELATION_TEMPORAL_ORDERED,
	CORRELATION_VALUE_SUM,
	CORRELATION_VALUE_AVG,
	CORRELATION_VALUE_PERCENTILE,
};

enum bound_op { BOUND_GT, BOUND_GTE, BOUND_LT, BOUND_LTE, BOUND_EQ, BOUND_NEQ };
struct bound {
	enum bound_op op;
	double value;
};

/* A rule that is referred to. Linked: the rule is known; before, only its name or id. */
struct correlation_ref {
	const char *name;
	unsigned int line, column;
	const struct rule *rule;
	/* Pool fields by the position in group-by and in field; aliases are resolved. */
	unsigned int *group, *values;
};

struct correlation {
	enum correlation_kind kind;
	struct correlation_ref *refs;
	unsigned int ref_count;
	const char **group_names;
	unsigned int group_count;
	const char **value_names;
	unsigned int value_count;
	int64_t span_ns;
	uint64_t signature; /* of what stands below `correlation` */
	struct bound bounds[CORRELATION_BOUNDS_MAX];
	unsigned int bound_count;
	double percentile; /* of numbers; below 0: each value's share in percent */
	bool generate;	   /* the rules of the same file alert by themselves, too */
	/* More events could make the condition false again: it is decided when its time is over. */
	bool deferred;
	bool linked;
};

/* The document's `correlation`; -EBADMSG with r->problem set, -ENOMEM. */
int correlation_read(struct reader *r, const struct tree_node *root, struct correlation **ret_corr);

bool correlation_holds(const struct correlation *c, double number);
