/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limit.h - how often a program may call one operation
 *
 * A fixed table indexed by a hash, so memory is bounded; keys that collide share a count, which
 * errs on the side of waiting. Windows are fixed minutes and hours of the monotonic clock.
 */
#pragma once

#include <stdint.h>

#include "base/macro.h"

struct api_limit;

struct api_rate {
	unsigned int a_minute, an_hour;
};

struct api_limit *api_limit_new(void);
void api_limit_free(struct api_limit *l);
DEFINE_CLEANUP(struct api_limit *, api_limit_free)
/* Counts a call of who to what. 0: it may go on; else seconds until it may. */
unsigned int api_limit_take(struct api_limit *l, const char *who, const char *what,
			    struct api_rate rate, int64_t now_ns);
