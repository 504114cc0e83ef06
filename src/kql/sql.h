/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql.h - blocks and expressions as text of the engine's SQL
 *
 * Nothing that stood in the query gets into the text but through sql_text() and sql_name(); what is
 * called a column here is named after its number.
 */
#pragma once

#include "base/buf.h"
#include "kql/plan.h"

struct sql {
	struct buf out;
	struct planner planner;
	const struct kql_options *options;
	const struct bound *bound; /* has the texts of externaldata */
	const struct kql_catalogue *catalogue;
	const struct rel
	    *scan; /* the block's own table: its columns go by the names they are stored under */
	unsigned int depth;
	unsigned int lambdas; /* number of the innermost lambda's parameter */
	bool failed;
};

/* The statement for what the binder found; columns by their names. -EINVAL after a complaint. */
int sql_statement(struct sql *s, const struct bound *b, struct block **ret_plan);
/* One column of a relation as a query of its own, for probes. */
int sql_probe(struct sql *s, const struct rel *r, const struct column *c);

void sql_expr(struct sql *s, const struct bx *x);
/* Without NULL: '' in place of it. */
void sql_expr_filled(struct sql *s, const struct bx *x);
void sql_list(struct sql *s, const struct bx *call, uint32_t from);
void sql_put(struct sql *s, const char *text);
void sql_printf(struct sql *s, const char *fmt, ...) _printf_(2, 3);
/* A literal of text: the one way for a value into the statement. */
void sql_text(struct sql *s, const char *text, size_t len);
/* A name in backticks: the one way for a name. */
void sql_name(struct sql *s, const char *name);
void sql_column(struct sql *s, const struct column *c);
void sql_template(struct sql *s, const char *tpl, const struct bx *call);
void sql_const(struct sql *s, const struct bx *x);
void sql_cast(struct sql *s, const struct bx *x);
/* Any scalar as a JSON text: what it is inside of a dynamic value. Never NULL: null. */
void sql_json(struct sql *s, const struct bx *x);
/* A dynamic value as text: what a string in it says, else its JSON. */
void sql_dynamic_text(struct sql *s, const struct bx *x);
/* SELECT of the relation's column, in parentheses. */
void sql_subquery(struct sql *s, const struct rel *r, const struct column *c);
void sql_block(struct sql *s, const struct block *b);
/* FROM and WHERE of a block over a table of the store. */
void sql_scan(struct sql *s, const struct block *b);
void sql_scan_filters(struct sql *s, const struct block *b);

/* Definitions of the helpers (lambdas kql_...) that the statement calls, as the list of WITH. */
int sql_helpers(const char *statement, struct buf *out);
