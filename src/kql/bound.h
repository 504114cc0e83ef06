/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bound.h - a query with every name resolved and every expression typed
 *
 * A relation computes columns; a column has an identity of its own, whatever names it is given on
 * the way: renaming, leaving out and putting in another order cost nothing and are no relation,
 * only another list of outputs (struct table). All are made in the compilation's arena and never
 * change once they are part of something.
 */
#pragma once

#include "base/buf.h"
#include "kql/ast.h"

struct func;
struct rel;
struct scan;

struct column {
	uint32_t id;	  /* unique in the compilation */
	const char *name; /* as it was called first */
	enum kql_type type;
	bool nullable;			       /* in SQL */
	const struct kql_table_column *stored; /* of a scan, else NULL */
	bool *used; /* of a tuple: which elements are, set by the plan; NULL: no tuple */
	uint32_t used_count;
	const char *sql; /* stands for this text of the binder's own: in the lambdas of a scan */
	uint32_t
	    weight;  /* set by the plan: nodes of what defines it, with those in the same block */
	bool needed; /* set by the plan */
	const struct rel *scan; /* of a scan */
};

enum bx_kind {
	BX_CONST,
	BX_COLUMN,
	BX_CALL,   /* function, operator, aggregate or window function of the tables */
	BX_CAST,   /* arg 0 to type; what cannot be converted is null */
	BX_LIST,   /* right side of in, has_any: expressions */
	BX_SCALAR, /* the first row's first column of a table */
	BX_ROWS,   /* the first column of a table, as a set */
};

struct bx {
	uint8_t kind;
	uint8_t type; /* enum kql_type */
	bool nullable;
	bool null; /* CONST */
	struct span span;
	union {
		int64_t i; /* CONST bool, int, long, datetime (ns), timespan (ticks) */
		double d;  /* CONST real */
		struct {   /* CONST string, dynamic (JSON), guid, decimal */
			const char *s;
			uint32_t len;
		};
		const struct column *column;
		const struct func *fn; /* CALL */
		const struct rel *rel; /* SCALAR, ROWS */
	};
	const struct column *result; /* SCALAR, ROWS */
	struct bx **args;
	bool *used;		 /* CALL that gives a tuple: its column's */
	const struct scan *scan; /* CALL of __scan */
	uint32_t count;
};

struct definition {
	const struct column *column;
	const struct bx *value;
};

struct order {
	const struct bx *value;
	bool descending, nulls_first;
};

enum rel_kind {
	REL_SCAN,      /* table */
	REL_VALUES,    /* rows of constants, definitions name the columns */
	REL_RANGE,     /* first, last, step: a column of them */
	REL_FILTER,    /* condition */
	REL_EXTEND,    /* definitions */
	REL_AGGREGATE, /* keys and definitions (aggregates) */
	REL_SORT,      /* orders */
	REL_LIMIT,     /* count, by columns (partition) */
	REL_JOIN,      /* left, right, kind, pairs */
	REL_UNION,     /* inputs, for each column one value an input */
	REL_UNNEST,    /* definitions: arrays (of JSON texts) side by side, an element a row */
	REL_WINDOW,    /* definitions over the whole input in its order */
	REL_DISTINCT,  /* one row of those with the same keys: arg of innerunique */
};

enum join_kind {
	JOIN_INNERUNIQUE,
	JOIN_INNER,
	JOIN_LEFTOUTER,
	JOIN_RIGHTOUTER,
	JOIN_FULLOUTER,
	JOIN_LEFTSEMI,
	JOIN_RIGHTSEMI,
	JOIN_LEFTANTI,
	JOIN_RIGHTANTI,
};

struct join_pair {
	const struct bx *left, *right;
};

struct rel {
	uint8_t kind;
	uint8_t join; /* enum join_kind */
	const struct kql_table *table;
	const struct rel *input, *right;
	struct definition *defs; /* SCAN and UNION too: the columns; value NULL there */
	uint32_t def_count;
	struct definition *keys;
	uint32_t key_count;
	uint32_t
	    dependent_keys; /* the last so many follow from the others: kept only where needed */
	const struct bx *condition; /* FILTER; JOIN: what must hold beside the pairs, nullable */
	struct order *orders;
	uint32_t order_count;
	struct join_pair *pairs;
	uint32_t pair_count;
	const struct rel **inputs; /* UNION */
	uint32_t input_count;
	/* UNION: values[i * def_count + c] is column c of input i. VALUES: rows; UNNEST: none. */
	const struct bx **values;
	uint32_t row_count;
	const struct bx *args[3]; /* LIMIT: count; RANGE: first, last, step */
	const struct column **by; /* LIMIT: as many of each */
	uint32_t by_count;
};

struct output {
	const char *name;
	const struct column *column;
};

/* What a tabular expression is: relations and the names that their columns have here. */
struct table {
	const struct rel *rel;
	struct output *outs;
	uint32_t count;
	const char *name; /* of the table or let it came from, for withsource; nullable */
	bool open;	  /* of data that is empty, or not looked at: it might have columns of any
			     name, without a value */
	bool ordered; /* the rows have an order: window functions are possible */
};

struct render {
	const char *kind;
	const char **properties; /* name, value, ..., NULL */
};

/* What externaldata read: a literal of the statement, by the name kql_text_ and its number. */
struct bound_text {
	const char *address, *s;
	size_t len;
};

struct bound {
	struct bound_text texts[16];
	uint32_t text_count;
	struct table result;
	struct kql_render render;
	bool has_render;
	uint32_t column_count; /* ids are below it */
};

void bound_dump(const struct bound *b, struct buf *out);
void bound_dump_expr(const struct bx *x, struct buf *out);

bool bx_is_const(const struct bx *x); /* CONST that is not null */
