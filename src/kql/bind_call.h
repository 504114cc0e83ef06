/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_call.h - between the files that bind expressions
 */
#pragma once

#include "kql/bind.h"

struct bx *bind_call(struct binder *b, const struct ast *a);
/* in, in~, has_any, has_all: the right side is a list, an array or a table. */
struct bx *bind_set_operator(struct binder *b, const struct ast *a, const char *op);
/* `* op value`: true where it is of any column. */
struct bx *bind_any_column(struct binder *b, const struct ast *a, const char *op, bool negated);
/* A call of the entry without choice and conversion. */
struct bx *bind_raw_call(struct binder *b, const char *name, enum kql_type type, struct bx **args,
			 unsigned int count, struct span span);
/* assert(condition, message): true, or bad after a complaint. */
struct bx *bind_assert(struct binder *b, const struct ast *a);
/* Calls that are no plain function of their arguments; false: this one is. */
bool bind_special_call(struct binder *b, const struct ast *a, struct bx **ret);
