/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf.h - a growing byte buffer with a stated maximum
 *
 * Errors stick: after one failed append every further append fails with the same code, so a
 * writer may append many times and check once with buf_error(). The data is always followed by a
 * NUL that does not count.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "macro.h"

struct buf {
	char *data;
	size_t len;
	size_t cap;
	size_t max;
	int error; /* 0 or the first negative errno: -ENOMEM, -EMSGSIZE */
};

#define BUF_INIT(max_bytes) { .max = (max_bytes) }

void buf_init(struct buf *b, size_t max);
void buf_done(struct buf *b);
/* Forgets content and error, keeps the memory. */
void buf_clear(struct buf *b);
int buf_reserve(struct buf *b, size_t extra);
int buf_append(struct buf *b, const void *data, size_t len);
int buf_append_str(struct buf *b, const char *s);
int buf_append_byte(struct buf *b, uint8_t byte);
int buf_printf(struct buf *b, const char *fmt, ...) _printf_(2, 3);
/* s as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
int buf_append_json(struct buf *b, const char *s, size_t len);
/* Hands the NUL-terminated data to the caller, who frees it; NULL if an append failed. */
char *buf_take(struct buf *b);

static inline int buf_error(const struct buf *b)
{
	return b->error;
}

#define _cleanup_buf_ _cleanup_(buf_done)
