/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire.h - batches of events as frames: the same bytes in the spool and on the network
 *
 * Frame, little endian: "VKT1", u32 length of the packed payload, u32 length unpacked, u32 count of
 * events, u64 XXH3 of the packed payload, payload. The payload is a zstd frame around the protobuf
 * message Batch (build: schema.gen.proto). Unknown fields are skipped, so that an old cloud reads
 * a new sensor. A frame is never trusted: every length is checked, a bad one is -EBADMSG with why.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/hex.h"
#include "event/event.h"

#define WIRE_HEADER_SIZE 24
#define WIRE_PACKED_MAX (16u << 20)
#define WIRE_UNPACKED_MAX (64u << 20)
#define WIRE_EVENTS_MAX 20000u
#define WIRE_STREAM_SIZE 33

/* (stream, number) names a batch for ever; numbers of a stream rise by one from 1. */
struct wire_batch {
	char stream[WIRE_STREAM_SIZE]; /* 32 hex digits, new at each start of a sensor */
	uint64_t number;
	char boot_id[UUID_TEXT_SIZE];
	int64_t sealed_realtime_ns; /* the device's clocks when the batch was sealed */
	int64_t sealed_boottime_ns;
	uint32_t event_count;
};

struct wire_writer;
int wire_writer_new(struct wire_writer **ret_writer);
void wire_writer_free(struct wire_writer *w);
DEFINE_CLEANUP(struct wire_writer *, wire_writer_free)
/* Encodes the event at once, so its strings may go. -EMSGSIZE: the batch is full, seal it first. */
int wire_writer_add(struct wire_writer *w, const struct event *e);
uint32_t wire_writer_count(const struct wire_writer *w);
size_t wire_writer_bytes(const struct wire_writer *w); /* unpacked so far */
/* Appends the frame to out and empties the writer. event_count is taken from the writer. */
int wire_writer_seal(struct wire_writer *w, const struct wire_batch *batch, struct buf *out);

/* Whole length of the frame that starts at data, or -EAGAIN (too few bytes yet), -EBADMSG. */
int64_t wire_frame_length(const void *data, size_t len);
/*
 * What it unpacks to by its header, at most WIRE_UNPACKED_MAX; errors as above. One that unpacks to
 * more than it says is refused by the reader before it takes more.
 */
int64_t wire_frame_unpacked(const void *data, size_t len);

struct wire_reader;
int wire_reader_new(struct wire_reader **ret_reader);
void wire_reader_free(struct wire_reader *r);
DEFINE_CLEANUP(struct wire_reader *, wire_reader_free)
/* Checks and unpacks a frame; the events' strings live in the reader until the next open. */
int wire_reader_open(struct wire_reader *r, const void *frame, size_t len,
		     struct wire_batch *ret_batch, struct err *err);
/* 1: *e is the next event, 0: no more, -EBADMSG. */
int wire_reader_next(struct wire_reader *r, struct event *e, struct err *err);
