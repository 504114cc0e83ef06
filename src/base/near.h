/* SPDX-License-Identifier: Apache-2.0 */
/*
 * near.h - which of the allowed words a mistyped one was meant to be
 */
#pragma once

#include <stddef.h>

#define NEAR_WORD_MAX 128

struct near {
	const char *word; /* what was typed */
	const char *best; /* NULL: nothing comes near; points to a candidate */
	unsigned int distance;
};

/* Changes of one letter (insert, delete, replace, swap, case) from a to b; UINT_MAX: too long. */
unsigned int near_distance(const char *a, const char *b);
/* Offers one candidate after the other; near->best is the nearest that is near enough. */
void near_offer(struct near *near, const char *candidate);
