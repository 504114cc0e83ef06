/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring.h - reads the kernel's ring buffer without giving up what was read
 *
 * libbpf gives a record's room back as soon as its callback returns. Here the reader says when: a
 * record that is given up only once it is on disk is read again by the next reader if this one is
 * killed. Layout: kernel/bpf/ringbuf.c and BPF_RINGBUF_* in linux/bpf.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct ring;

/* data lies in the ring and may not be changed; it is valid during the call. */
typedef void (*ring_fn)(void *arg, const void *data, size_t len);

/* Of the map's own size; map_fd stays the caller's and may be closed. */
int ring_open(int map_fd, ring_fn fn, void *arg, struct ring **ret_ring, struct err *err);
void ring_close(struct ring *r);
/* To be watched for reading: ready when the kernel woke the reader since the last ring_read(). */
int ring_fd(const struct ring *r);
/* Hands on what has come since the last call, in order. Count of records. */
int ring_read(struct ring *r);
/*
 * Gives up what was handed on. Inside of the callback that is all before the record at hand, with
 * current that one as well, once its callback returns.
 */
void ring_commit(struct ring *r, bool current);
/* Bytes that were handed on and not given up. */
size_t ring_held(const struct ring *r);
