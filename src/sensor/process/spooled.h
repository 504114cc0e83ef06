/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spooled.h - what a killed sensor had already written, so that the next does not write it again
 *
 * The kernel's ring gives a record up only after its row is in the spool, so between the two a
 * record stands in both. Such records lie in the last frame.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct spooled;

/* Of a frame of another boot nothing is kept: its numbers mean nothing now. */
int spooled_read(const char *spool_dir, const char *boot_id, struct spooled **ret_spooled,
		 struct err *err);
void spooled_free(struct spooled *s);
DEFINE_CLEANUP(struct spooled *, spooled_free)
/* NULL is an empty one. */
bool spooled_has(const struct spooled *s, uint16_t cpu, uint64_t sequence);
/* Each event of the last frame, in no order. */
void spooled_each(const struct spooled *s, void (*fn)(void *arg, uint16_t cpu, uint64_t sequence),
		  void *arg);
size_t spooled_count(const struct spooled *s);
