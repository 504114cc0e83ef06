/* SPDX-License-Identifier: Apache-2.0 */
#include "arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#ifdef __has_feature /* clang; gcc defines __SANITIZE_ADDRESS__ itself */
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#define POISON(p, n) ASAN_POISON_MEMORY_REGION(p, n)
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

#define ARENA_BLOCK_MIN 4096
#define ARENA_BLOCK_MAX (1024 * 1024)
#define ARENA_ALIGN 16

struct arena_block {
	struct arena_block *next;
	size_t cap;
	size_t len;
	/* Pads the header to a multiple of the alignment. */
	size_t reserved;
	char data[];
};

_Static_assert(offsetof(struct arena_block, data) % ARENA_ALIGN == 0, "data must be aligned");

void arena_init(struct arena *a, size_t max)
{
	*a = (struct arena){ .max = max };
}

static void free_chain(struct arena_block *b)
{
	while (b) {
		struct arena_block *next = b->next;

		UNPOISON(b->data, b->cap);
		free(b);
		b = next;
	}
}

void arena_done(struct arena *a)
{
	free_chain(a->head);
	arena_init(a, a->max);
}

void arena_reset(struct arena *a)
{
	struct arena_block *keep = a->head;

	a->used = 0;
	if (!keep)
		return;
	/* Blocks grow, so the newest is the largest, unless one giant request came between. */
	free_chain(keep->next);
	keep->next = NULL;
	if (keep->cap > ARENA_BLOCK_MAX) { /* a giant's: not kept for ever */
		free_chain(TAKE_PTR(a->head));
		return;
	}
	keep->len = 0;
	POISON(keep->data, keep->cap);
}

static struct arena_block *block_new(struct arena *a, size_t need)
{
	size_t cap = a->head ? a->head->cap * 2 : ARENA_BLOCK_MIN;
	struct arena_block *b;

	cap = MIN(cap, (size_t)ARENA_BLOCK_MAX);
	cap = MAX(cap, need);
	b = malloc(sizeof(*b) + cap);
	if (!b)
		return NULL;
	b->cap = cap;
	b->len = 0;
	b->next = a->head;
	POISON(b->data, cap);
	a->head = b;
	return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
	struct arena_block *b = a->head;
	size_t need;
	void *p;

	if (size > a->max || a->used > a->max - size)
		return NULL;
	need = (MAX(size, (size_t)1) + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	if (!b || b->cap - b->len < need) {
		b = block_new(a, need);
		if (!b)
			return NULL;
	}
	p = b->data + b->len;
	b->len += need;
	a->used += size;
	UNPOISON(p, size);
	return p;
}

void *arena_zalloc(struct arena *a, size_t size)
{
	void *p = arena_alloc(a, size);

	if (p)
		memset(p, 0, size);
	return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *p = arena_alloc(a, len + 1);

	if (!p)
		return NULL;
	memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return NULL;
	p = arena_alloc(a, (size_t)n + 1);
	if (!p)
		return NULL;
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}
