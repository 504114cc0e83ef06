/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/outbox.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/log.h"
#include "event/spool.h"
#include "event/wire.h"

/*
 * A batch is one insert, and one resend. In memory it is its bytes, unpacked, and a frame: the
 * larger part of what the sensor needs beside the ring.
 */
#define BATCH_EVENTS 10000u
#define BATCH_BYTES (4u << 20)
/*
 * Under steady load batches come this many times seal_after_ns apart: each is an insert into every
 * table that it has rows of, which costs the store more than the rows do.
 */
#define STEADY_FACTOR 4

struct outbox {
	struct wire_batch batch;
	struct wire_writer *writer;
	struct spool_writer *spool;
	struct buf frame;
	struct outbox_options options;
	int64_t first_ns;  /* monotonic: when the oldest row of the batch came */
	int64_t sealed_ns; /* likewise: when the last batch was written */
	int64_t dropped_since_ns;
	uint64_t dropped; /* not yet told */
	bool full;        /* the last append was refused */
	struct outbox_stats stats;
};

int outbox_new(const struct outbox_options *options, struct outbox **ret_outbox, struct err *err)
{
	_cleanup_(outbox_freep) struct outbox *o = calloc(1, sizeof(*o));
	uint8_t stream[16];
	int r;

	if (!o)
		return err_setf(err, -ENOMEM, "out of memory");
	/* Room for content that does not shrink; what is not used takes no memory. */
	buf_init(&o->frame, WIRE_UNPACKED_MAX + (1u << 20));
	o->options = *options;
	o->options.spool_dir = o->options.boot_id = NULL; /* the caller's */
	random_bytes(stream, sizeof(stream));
	hex_encode(stream, sizeof(stream), o->batch.stream);
	snprintf(o->batch.boot_id, sizeof(o->batch.boot_id), "%s", options->boot_id);
	if (wire_writer_new(&o->writer) < 0)
		return err_setf(err, -ENOMEM, "out of memory");
	r = spool_writer_open(options->spool_dir, options->spool_max_bytes, &o->spool, err);
	if (r < 0)
		return r;
	*ret_outbox = TAKE_PTR(o);
	return 0;
}

void outbox_free(struct outbox *o)
{
	if (!o)
		return;
	wire_writer_free(o->writer);
	spool_writer_close(o->spool);
	buf_done(&o->frame);
	free(o);
}

void outbox_configure(struct outbox *o, uint64_t spool_max_bytes, int64_t seal_after_ns)
{
	spool_writer_set_max(o->spool, spool_max_bytes);
	o->options.seal_after_ns = seal_after_ns;
}

static void drop(struct outbox *o, uint64_t count)
{
	if (!o->dropped)
		o->dropped_since_ns = clock_boottime_ns();
	o->dropped += count;
	o->stats.dropped_events += count;
}

static void write_frame(struct outbox *o)
{
	uint32_t count = wire_writer_count(o->writer);
	struct err err = { 0 };
	int r;

	buf_clear(&o->frame);
	o->batch.number++;
	o->batch.sealed_realtime_ns = clock_realtime_ns();
	o->batch.sealed_boottime_ns = clock_boottime_ns();
	r = wire_writer_seal(o->writer, &o->batch, &o->frame);
	if (r == 0)
		r = spool_writer_append(o->spool, o->frame.data, o->frame.len, &err);
	o->full = r < 0;
	if (r < 0) {
		LOG_RATELIMIT(LOG_LEVEL_ERROR, 60, "%u events dropped: %s", count, err_msg(&err, r));
		drop(o, count);
		return;
	}
	o->stats.batches++;
	o->stats.events += count;
	o->stats.frame_bytes += o->frame.len;
}

static void seal(struct outbox *o, bool last)
{
	if (!wire_writer_count(o->writer))
		return;
	write_frame(o);
	o->sealed_ns = clock_monotonic_ns();
	if (o->options.on_sealed)
		o->options.on_sealed(o->options.arg, last);
}

void outbox_add(struct outbox *o, const struct event *e)
{
	if (!wire_writer_count(o->writer))
		o->first_ns = clock_monotonic_ns();
	if (wire_writer_add(o->writer, e) < 0) {
		seal(o, false);
		o->first_ns = clock_monotonic_ns();
		if (wire_writer_add(o->writer, e) < 0)
			drop(o, 1);
	}
	if (wire_writer_count(o->writer) >= BATCH_EVENTS || wire_writer_bytes(o->writer) >= BATCH_BYTES)
		seal(o, true);
}

void outbox_tick(struct outbox *o, bool force)
{
	int64_t now = clock_monotonic_ns(), wait = o->options.seal_after_ns;

	if (force || (now - o->first_ns >= wait && now - o->sealed_ns >= STEADY_FACTOR * wait))
		seal(o, true);
}

uint64_t outbox_take_dropped(struct outbox *o, int64_t *ret_since_ns)
{
	uint64_t dropped = o->dropped;

	if (o->full || !dropped)
		return 0;
	*ret_since_ns = o->dropped_since_ns;
	o->dropped = 0;
	return dropped;
}

uint32_t outbox_waiting(const struct outbox *o)
{
	return wire_writer_count(o->writer);
}

uint64_t outbox_dropped(const struct outbox *o, int64_t *ret_since_ns)
{
	*ret_since_ns = o->dropped_since_ns;
	return o->dropped;
}

void outbox_dropped_before(struct outbox *o, uint64_t count, int64_t since_ns)
{
	o->dropped = count;
	o->dropped_since_ns = since_ns;
}

void outbox_get_stats(struct outbox *o, struct outbox_stats *ret_stats)
{
	*ret_stats = o->stats;
	ret_stats->spool_bytes = spool_writer_bytes(o->spool);
}
