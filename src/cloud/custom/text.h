/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.h - titles and descriptions of alerts: {{Column}} stands for the result's value
 *
 * Braces that are not two, and closed, are text. A column that is not there is refused when a rule
 * is saved; a value that is null leaves nothing.
 */
#pragma once

#include <stddef.h>

#include "base/buf.h"

#define TEXT_VALUE_MAX 256 /* bytes of a value; the rest is cut off */

struct text_place {
	size_t offset, length; /* of the braces and what is in them */
	size_t name, name_len; /* of the column, without blanks around it */
};
/* The first place at or behind from: 1; 0: there is none. */
int text_next(const char *text, size_t from, struct text_place *ret_place);

/* The value of a column; NULL where it says nothing. */
typedef const char *(*text_value_fn)(void *arg, const char *name, size_t len);
/* Appends the text with its places filled; what goes beyond max bytes is cut between characters. */
int text_fill(const char *text, text_value_fn value, void *arg, size_t max, struct buf *out);
/* The longest beginning of at most max bytes that ends between characters. */
size_t text_cut(const char *text, size_t len, size_t max);
