/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jdoc.h - strict JSON (RFC 8259) read into a tree that knows the line and column of everything
 *
 * For files that people write: whoever refuses a value can say where it stands. Stricter than the
 * RFC where leniency hides mistakes: a key must not come twice, numbers are whole 64-bit ones or
 * finite. The tree lives in the caller's arena and keeps nothing of the text.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

#define JDOC_TEXT_MAX (1u << 20)
#define JDOC_DEPTH_MAX 32
#define JDOC_MEMBERS_MAX 1024   /* of one object */
#define JDOC_ELEMENTS_MAX 65536 /* of one list */

enum jdoc_type {
	JDOC_NULL,
	JDOC_BOOL,
	JDOC_INTEGER,
	JDOC_REAL,
	JDOC_TEXT,
	JDOC_LIST,
	JDOC_OBJECT,
};

struct jdoc {
	enum jdoc_type type;
	unsigned int line, column;         /* of the value, from 1; columns count characters */
	const char *key;                   /* NULL but for members of an object */
	unsigned int key_line, key_column;
	union {
		bool boolean;
		int64_t integer;
		double real;
		const char *text;          /* UTF-8 without NUL bytes */
	};
	const struct jdoc *first;          /* of a list or object, in the order of the text */
	const struct jdoc *next;
};

/* -EINVAL: err is "LINE:COLUMN: what is wrong"; -EFBIG; -ENOMEM. */
int jdoc_parse(struct arena *a, const char *text, size_t len, const struct jdoc **ret_root,
	       struct err *err);
/* The member of that name, or NULL. */
const struct jdoc *jdoc_member(const struct jdoc *object, const char *key);
/* "a number", "text", ...: for messages. */
const char *jdoc_type_name(enum jdoc_type type);
