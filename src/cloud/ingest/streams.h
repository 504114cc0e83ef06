/* SPDX-License-Identifier: Apache-2.0 */
/*
 * streams.h - what is known of each device's stream: its last number, and whether the store may
 * have rows beyond it
 *
 * Rows reach the store before the number reaches state. When nothing went wrong in this process the
 * store has exactly what state says, and need not be asked; of a stream that is new here, or whose
 * last frame failed on its way, it may have a part of the next frame. Holds a bounded number of
 * streams; one that was forgotten is as one that is new. Any thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/macro.h"

#define STREAMS_MAX 65536

struct streams;

struct stream {
	bool known;    /* the store has just what mark says, and mark is state's */
	int64_t mark;  /* the highest number taken in; only where known */
	int64_t begun; /* the highest number of which the store may have rows */
	bool alone; /* its last frame failed to get in: the next shares an insert with no other */
	/* private */
	bool busy;
};

int streams_new(struct streams **ret_streams);
void streams_free(struct streams *s);
DEFINE_CLEANUP(struct streams *, streams_free)
/*
 * The stream is the caller's until streams_leave(). -EBUSY: a frame of it is being taken in, so
 * this one came twice; -ENOSPC: as many streams as may be are busy; -ENOMEM.
 */
int streams_enter(struct streams *s, const char *device_id, const char *stream,
		  struct stream **ret_stream);
/* st is nullable. */
void streams_leave(struct streams *s, struct stream *st);
