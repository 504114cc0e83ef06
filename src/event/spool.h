/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spool.h - frames on disk between sensor (writes) and uplink (reads and deletes)
 *
 * A folder of segments NNNNNNNNNNNN.seg, each a run of frames. The writer appends to the newest and
 * starts another at SPOOL_SEGMENT_BYTES; the reader follows, keeps its place in the file "acked"
 * and unlinks what is behind it. A torn frame at the end of an old segment (crash) is skipped and
 * counted. Above the byte limit the writer refuses with -ENOSPC: the sensor then counts a gap.
 */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define SPOOL_SEGMENT_BYTES (8u << 20)

struct spool_writer;
int spool_writer_open(const char *dir, uint64_t max_bytes, struct spool_writer **ret_writer,
		      struct err *err);
void spool_writer_close(struct spool_writer *w);
DEFINE_CLEANUP(struct spool_writer *, spool_writer_close)
/* One write(2) of a whole frame. -ENOSPC: limit or disk full. */
int spool_writer_append(struct spool_writer *w, const void *frame, size_t len, struct err *err);
int spool_writer_sync(struct spool_writer *w);
/* The limit from now on; what lies there already stays. */
void spool_writer_set_max(struct spool_writer *w, uint64_t max_bytes);
uint64_t spool_writer_bytes(struct spool_writer *w); /* what lies in the folder now */

/*
 * The last whole frame in the folder into out (cleared first): 1, or 0 where there is none. It stays
 * there until a writer has written another, however fast a reader is.
 */
int spool_last_frame(const char *dir, struct buf *out, struct err *err);

struct spool_reader;
int spool_reader_open(const char *dir, struct spool_reader **ret_reader, struct err *err);
void spool_reader_close(struct spool_reader *r);
DEFINE_CLEANUP(struct spool_reader *, spool_reader_close)
/* The next unacknowledged frame into out (cleared first): 1, or 0 where there is none yet. */
int spool_reader_next(struct spool_reader *r, struct buf *out, struct err *err);
/* The frame last given out is durable elsewhere: go past it for good. */
int spool_reader_ack(struct spool_reader *r, struct err *err);
uint64_t spool_reader_skipped_bytes(const struct spool_reader *r);
