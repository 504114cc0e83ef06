/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outbox.h - rows to sealed frames in the spool, in time and in order
 *
 * A batch is sealed when it is large or when outbox_tick() finds it old enough. When the spool is
 * full the batch is dropped and counted; outbox_take_dropped() tells how many rows, so that a gap
 * can be reported once there is room.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "event/event.h"

struct outbox;

struct outbox_options {
	const char *spool_dir;
	uint64_t spool_max_bytes;
	const char *boot_id;
	int64_t seal_after_ns;
	/*
	 * Rows are in the spool, or dropped and counted: all that were added, without last but the
	 * one being added. Nullable.
	 */
	void (*on_sealed)(void *arg, bool last);
	void *arg;
};

struct outbox_stats {
	uint64_t batches, events, frame_bytes, dropped_events, spool_bytes;
};

int outbox_new(const struct outbox_options *options, struct outbox **ret_outbox, struct err *err);
void outbox_free(struct outbox *o);
DEFINE_CLEANUP(struct outbox *, outbox_free)
/* Settings that may change while it runs. */
void outbox_configure(struct outbox *o, uint64_t spool_max_bytes, int64_t seal_after_ns);
void outbox_add(struct outbox *o, const struct event *e);
/*
 * Seals what has waited for seal_after_ns, but no sooner than four times that after the batch before;
 * all of it with force.
 */
void outbox_tick(struct outbox *o, bool force);
/* Rows dropped since the last call and since when (boot time); 0 while there is still no room. */
uint64_t outbox_take_dropped(struct outbox *o, int64_t *ret_since_ns);
/* Those not taken yet; and what an earlier sensor could not tell any more. */
uint64_t outbox_dropped(const struct outbox *o, int64_t *ret_since_ns);
void outbox_dropped_before(struct outbox *o, uint64_t count, int64_t since_ns);
/* Rows that are not sealed yet. */
uint32_t outbox_waiting(const struct outbox *o);
void outbox_get_stats(struct outbox *o, struct outbox_stats *ret_stats);
