/* SPDX-License-Identifier: Apache-2.0 */
/*
 * set.h - inside of src/rules: the compiled set
 *
 * Rules of one logsource are a group. A group has one literal matcher for each field that its rules
 * look into, so an event is scanned only for what may concern it. Each (field, shape, text) is a
 * bit; scanning sets bits and wakes the rules that cannot be true without one of them.
 */
#pragma once

#include "rules/literals.h"
#include "rules/rule.h"

#define BIT_NONE UINT32_MAX

struct set_literal {
	uint32_t bits[LEAF_SHAPES]; /* by enum leaf_op; BIT_NONE where nobody asks */
	uint32_t len;
};

/* The matcher of one field in one group. */
struct set_scan {
	unsigned int field; /* or FIELD_ANY */
	struct literals *matcher;
	struct set_literal *literals; /* by the matcher's numbers */
	unsigned int count;
};

struct set_group {
	const char *category, *product, *service;
	struct set_scan *scans;
	unsigned int scan_count;
	unsigned int *always; /* rules that no bit can rule out */
	unsigned int always_count;
};

enum node_op { NODE_AND, NODE_OR, NODE_NOT, NODE_ATLEAST, NODE_BIT, NODE_LEAF };

/* Programs are in preorder; end is the position behind the node's last descendant. */
struct set_node {
	uint8_t op;
	uint32_t end;
	uint32_t arg; /* ATLEAST: how many; BIT: which; LEAF: bit it needs, or BIT_NONE */
	const struct leaf *leaf;
};

struct set_rule {
	const struct rule *rule;
	uint32_t start; /* of its program */
	uint32_t group;
	bool silent; /* see rules_set_is_silent() */
	/* Correlations that its matches go to: feeds[feed_start .. + feed_count). */
	uint32_t feed_start, feed_count;
};

/* A match of one rule is the correlation's event number ref. */
struct set_feed {
	uint32_t correlation; /* rule of the set */
	uint32_t ref;
};

struct rules_set {
	struct pool *pool;
	struct arena arena;
	const char *const *field_names;
	unsigned int field_count;
	struct set_rule *rules; /* correlations last */
	unsigned int rule_count;
	unsigned int plain_count; /* rules that are no correlations */
	struct set_feed *feeds;
	struct set_group *groups;
	unsigned int group_count;
	struct set_node *nodes;
	uint32_t node_count, node_cap;
	uint32_t bit_count;
	/* rules that bit b wakes: woken[wake_start[b] .. wake_start[b + 1]) */
	uint32_t *wake_start;
	uint32_t *woken;
};

/* Rules of the group may be true of an event of this logsource. */
bool set_group_concerns(const struct set_group *g, const char *category, const char *product,
			const char *service);

/* wake.c: (bit, rule) pairs while a set is compiled. */
struct wake {
	uint32_t bit, rule;
};
struct wakes {
	struct wake *items;
	size_t count, cap;
};
/* The bits that wake the rule whose program begins at at; -ENOENT where nothing rules it out. */
int wakes_collect(struct wakes *w, const struct rules_set *s, uint32_t at, uint32_t rule);
/* Fills the set's wake_start and woken. */
int wakes_index(struct wakes *w, struct rules_set *s);

/* match.c: as rules_match(), over groups that the caller chose. */
int set_match(const struct rules_set *s, struct rules_scratch *x, const unsigned int *groups,
	      unsigned int group_count, const struct rules_event *event, rules_match_fn match,
	      void *arg);
