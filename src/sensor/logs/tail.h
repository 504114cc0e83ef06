/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tail.h - the lines that are added to one file, each once
 *
 * Follows the file over renaming and over copying and truncating: a file is known by its number and
 * by a hash of how it begins, and what was renamed or copied away is looked for beside it and read to
 * its end first. The place may be kept and given back later. Reads only; never blocks on more than
 * a disk.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"

#define TAIL_LINE_MAX 16384u /* bytes of a line that are handed on; the rest is skipped */

struct tail_place {
	uint64_t device, inode; /* inode 0: there was no file */
	int64_t offset;		/* of the next byte to be read */
	uint64_t head;		/* hash of the first head_len bytes */
	uint32_t head_len;
	bool skipping; /* inside of a line that was too long */
};

enum tail_state {
	TAIL_READING,
	TAIL_ABSENT,	/* no such file */
	TAIL_FORBIDDEN, /* cannot be read, or is no ordinary file: tail_error() */
};

struct tail;

/* place: the end of what was read before; NULL: begins at the file's end. -ENOMEM. */
int tail_new(const char *path, const struct tail_place *place, struct tail **ret_tail);
void tail_free(struct tail *t);
DEFINE_CLEANUP(struct tail *, tail_free)

/* A line without its end, at most TAIL_LINE_MAX bytes of it, and where the next begins. */
typedef void (*tail_line_fn)(void *arg, const char *line, size_t len, int64_t next);

enum tail_result {
	TAIL_MORE,   /* there may be more now */
	TAIL_CAUGHT, /* all that stood there was read */
	TAIL_ENDED,  /* this file is done: tail_next() goes on to the one that took its place */
};

/* Reads about max_bytes at most. What cannot be read is tried again; tail_state() says why. */
enum tail_result tail_read(struct tail *t, size_t max_bytes, tail_line_fn fn, void *arg);
/* After TAIL_ENDED. */
void tail_next(struct tail *t);
void tail_place(const struct tail *t, struct tail_place *ret_place);
/* Goes on behind the line that ends at offset; before the first read. */
void tail_forward(struct tail *t, int64_t offset);
/* Leaves out what has not been read yet; the bytes that are lost so. */
int64_t tail_skip_to_end(struct tail *t);
/* Bytes that wait to be read. */
int64_t tail_waiting(const struct tail *t);
enum tail_state tail_state(const struct tail *t, int *ret_error);
/* Lines longer than TAIL_LINE_MAX, since it was made. */
uint64_t tail_cut(const struct tail *t);
/* True once after lines may have gone unread: the file was emptied, or renamed out of reach. */
bool tail_take_loss(struct tail *t);
