/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch.h - the rows of one frame, sorted into blocks by table and day
 *
 * A block lies within one partition, so the store takes it whole or not at all.
 */
#pragma once

#include "base/err.h"
#include "event/wire.h"
#include "store/native.h"
#include "store/telemetry.h"

struct batch;

int batch_new(struct batch **ret_batch);
void batch_free(struct batch *b);
DEFINE_CLEANUP(struct batch *, batch_free)
/* -EBADMSG: the event has no time, or the batch spreads over too many days. */
int batch_add(struct batch *b, struct event *e, const struct native_envelope *env, struct err *err);
/*
 * Inserts every block; tokens are made of stream, number, table and day. The batch is empty
 * afterwards, also on failure.
 */
int batch_insert(struct batch *b, struct telemetry *t, const struct wire_batch *wire,
		 struct err *err);
