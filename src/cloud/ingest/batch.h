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
/*
 * An event without a time, or with one that cannot be, is stored under the batch's own time: nothing
 * a device sends is thrown away with its neighbours. -ENOSPC: the blocks are full, insert them and
 * add again; -ENOMEM.
 */
int batch_add(struct batch *b, struct event *e, const struct native_envelope *env);
/*
 * Inserts every block. A token is made of device, stream, number, part, table and day; part counts
 * the calls for one frame. The batch is empty afterwards, also on failure.
 */
int batch_insert(struct batch *b, struct telemetry *t, const struct native_envelope *env,
		 unsigned int part, struct err *err);

