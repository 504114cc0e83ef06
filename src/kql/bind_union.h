/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_union.h - lists of tables, for union, search and find
 */
#pragma once

#include "kql/bind.h"

#define UNION_TABLES_MAX 64u

struct tables {
	struct table items[UNION_TABLES_MAX];
	uint32_t count;
};

/* Adds tables of the catalogue, and of views, whose names match. */
void bind_tables_matching(struct binder *b, struct tables *l, const struct ast *pattern);
/*
 * Adds a table, or those that match a pattern; false after a complaint. fuzzy: what does not
 * resolve is left out, and its complaints with it.
 */
bool bind_tables_add(struct binder *b, struct tables *l, const struct ast *a, bool fuzzy);
