/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stored.h - which rows of a frame the store has already
 *
 * Rows of one frame in one table and day reach the store in the frame's order, by one sender at a
 * time. What it has of them after a crash or a failure is therefore a beginning, and its length says
 * all. Asked only for frames that may have been sent before, see streams.h.
 */
#pragma once

#include <stdbool.h>

#include "event/event.h"
#include "store/native.h"
#include "store/telemetry.h"

/* Which tables and times the question is about. */
struct stored_range {
	bool tables[EVENT_TABLE_COUNT];
	int64_t first_ns, last_ns;
};
/* The event is prepared, see batch.h; so below. */
void stored_range_add(struct stored_range *range, const struct event *e);

struct stored;
/*
 * Waits until what was sent to the store before is done, also by a program that is dead. -EAGAIN,
 * -ETIMEDOUT: the store does not tell; -ENOMEM, -EBADMSG.
 */
int stored_ask(struct telemetry *t, const struct native_envelope *env,
	       const struct stored_range *range, struct stored **ret_stored, struct err *err);
void stored_free(struct stored *s);
DEFINE_CLEANUP(struct stored *, stored_free)
/* Whether the store has the next event of the frame; s is nullable: it has none. */
bool stored_has_next(struct stored *s, const struct event *e);
