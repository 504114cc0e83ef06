/* SPDX-License-Identifier: Apache-2.0 */
/*
 * budget.h - memory that may be taken at a time by all who share it
 *
 * Nobody waits here: who does not fit is told so at once and comes back later. It counts only, it
 * does not allocate. All functions may be called from any thread.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct budget {
	size_t max;
	_Atomic size_t used;
};

/* False, and nothing is taken, where that many bytes do not fit beside what is taken already. */
bool budget_take(struct budget *b, size_t bytes);
/* Of what was taken. */
void budget_give(struct budget *b, size_t bytes);
