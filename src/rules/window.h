/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window.h - inside of src/rules: the matches of one group in the order of their time
 */
#pragma once

#include "rules/correlation.h"

struct entry {
	int64_t time_ns;
	uint64_t value; /* hash of the values of `field` */
	double number;	/* the value as a number; NAN where it is none */
	uint32_t ref;	/* which of the correlation's rules matched */
};

struct window {
	const struct correlation *corr;
	struct entry *entries;
	unsigned int count, cap;
};

struct window_counts {
	uint64_t late, dropped;
};

/* True for kinds that calculate. */
bool window_needs_numbers(const struct correlation *c);
/*
 * Adds a match. *ret_fired: how often the condition became true. A window that is left without
 * entries may go. False without memory.
 */
bool window_add(struct window *w, const struct entry *entry, unsigned int *ret_fired,
		struct window_counts *counts);
/* How often the condition becomes true if nothing more comes. Leaves no entries. */
unsigned int window_end(struct window *w);
