/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.h - memory of one unit of work, given back all at once
 *
 * A rule set, a request, a batch: what is allocated for it lives as long as it does. Under the
 * address sanitizer memory given back is poisoned. Not thread-safe: one arena, one owner.
 */
#pragma once

#include <stddef.h>

#include "macro.h"

struct arena_block;

struct arena {
	struct arena_block *head;
	size_t used;  /* bytes handed out since the last reset */
	size_t max;   /* beyond it arena_alloc() returns NULL */
};

void arena_init(struct arena *a, size_t max);
void arena_done(struct arena *a);
/* Gives everything back but keeps the largest block for the next unit of work. */
void arena_reset(struct arena *a);

/* 16-byte aligned, not zeroed; NULL when out of memory or over the maximum. */
void *arena_alloc(struct arena *a, size_t size);
void *arena_zalloc(struct arena *a, size_t size);
char *arena_strndup(struct arena *a, const char *s, size_t len);
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *fmt, ...) _printf_(2, 3);

#define arena_new(a, type) ((type *)arena_zalloc((a), sizeof(type)))
#define arena_array(a, type, n) ((type *)arena_zalloc((a), sizeof(type) * (n)))
