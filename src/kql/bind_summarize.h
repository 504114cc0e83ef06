/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_summarize.h - making one aggregation, for summarize and the operators that contain one
 */
#pragma once

#include "kql/bind.h"

struct summarize {
	struct table *input;
	struct rel *rel;    /* the aggregation */
	struct rel *extend; /* what is computed of its results */
	struct table outs;
	uint32_t key_count; /* the first of outs that are keys */
	struct row row;	    /* of the binder, put back at the end */
	struct rel *outer;
};

void summarize_begin(struct binder *b, struct summarize *s, struct table *t);
void summarize_keys(struct binder *b, struct summarize *s, const struct ast *list);
/* An aggregate, or an expression of several; b->aggregates must be s->rel. */
void summarize_item(struct binder *b, struct summarize *s, const struct ast *item);
/* *t becomes the result. */
void summarize_end(struct binder *b, struct summarize *s, struct table *t);

const struct column *summarize_key(struct binder *b, struct rel *r, const char *name, struct bx *x);
void summarize_keep_partition(struct binder *b, struct rel *r);
const char *summarize_name(struct binder *b, const struct table *outs, const struct ast *item);
/* An element of a column that is a tuple (of an aggregate of several columns). */
struct bx *bind_element(struct binder *b, const struct column *tuple, uint32_t i,
			enum kql_type type, struct span at);
