/* SPDX-License-Identifier: Apache-2.0 */
/*
 * literals.h - finds all of many texts in one pass over a value (Aho and Corasick, 1975)
 *
 * Our own because vectorscan 5.4.9, which Debian 12 has, misses matches of small sets (".exe" at
 * the end of a path of 79 bytes, among .com .dll .exe .jar .ocx .pyc), and is slower on values as
 * short as command lines. ASCII letters are compared without their case, other bytes as they are.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

struct literals;

struct literal_text {
	const char *text; /* in small letters, distinct from all others, not empty */
	uint32_t len;
};

#define LITERALS_STATES_MAX (1u << 23)
#define LITERALS_BYTES_MAX ((size_t)512 << 20)

/* The number of a text is its position. -E2BIG beyond the bounds above, -ENOMEM. */
int literals_new(const struct literal_text *texts, uint32_t count, struct literals **ret_literals);
void literals_free(struct literals *l);
DEFINE_CLEANUP(struct literals *, literals_free)
size_t literals_bytes(const struct literals *l);

/* Calls found for every occurrence: the text's number and the position behind its last byte. */
typedef void (*literals_fn)(void *arg, uint32_t number, size_t end);
void literals_scan(const struct literals *l, const char *text, size_t len, literals_fn found,
		   void *arg);
