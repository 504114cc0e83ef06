/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch.h - the rows of one frame, sorted into blocks by table and day; and many such into the store
 *
 * A block lies within one partition, so the store takes it whole or not at all. Blocks of several
 * frames for one table and day go as one.
 */
#pragma once

#include "base/clock.h"
#include "base/err.h"
#include "event/wire.h"
#include "store/native.h"
#include "store/telemetry.h"

#define BATCH_DAY_NS (86400 * NSEC_PER_SEC)

struct batch;

int batch_new(struct batch **ret_batch);
void batch_free(struct batch *b);
DEFINE_CLEANUP(struct batch *, batch_free)
/*
 * Gives the event its ReportId, and the time of the frame's seal where it has none or one that cannot
 * be: nothing a device sends is thrown away with its neighbours. A resend gets the same.
 */
void batch_prepare(struct event *e, const struct native_envelope *env, int64_t sealed_ns);
/* The device by its certificate, whatever the event said: rules and correlations ask for it. */
void batch_name_device(struct event *e, const struct native_envelope *env);
/* Since 1970, of a prepared event: nanoseconds, days. */
int64_t batch_time(const struct event *e);
int64_t batch_day(const struct event *e);
/* Of a prepared event; env is the frame's. -ENOSPC: the blocks are full, insert them and add again; -ENOMEM. */
int batch_add(struct batch *b, const struct event *e, const struct native_envelope *env);
/* Of all blocks. */
size_t batch_bytes(const struct batch *b);
/*
 * Inserts the blocks of all, in the order of batches where they share a table and day. Each insert
 * has a token that begins with the given one, which must be new each time: it only keeps a request
 * that the HTTP client repeated on its own from counting twice. The batches are empty afterwards,
 * also on failure; what of them the store has then is not known. -EAGAIN, -ETIMEDOUT, -EINVAL as
 * telemetry_insert().
 */
int batch_insert(struct batch *const *batches, size_t count, struct telemetry *t, const char *token,
		 struct err *err);
