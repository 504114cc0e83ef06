/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind.h - inside of the binder: tree to relations and typed expressions
 *
 * Bind functions complain by themselves and answer with something of type KQL_UNKNOWN, so that one
 * mistake is told once and the rest is looked at, too. Where memory is out they answer the spare
 * node; the compilation fails at its end.
 */
#pragma once

#include "kql/bound.h"
#include "kql/func.h"

#define BIND_DEPTH_MAX 1000u /* of expressions and tables, functions put in their places */
#define BIND_CALLS_MAX 64u   /* of user functions within each other */
#define BIND_NODES_MAX                                                                             \
	100000u /* expressions of a query after its functions are put in their places */
#define BIND_COLUMNS_MAX 2000u /* of one table */

/* Column of a scan that no star gives: what ingestion_time() answers. */
#define BIND_RECEIVED "$ReceivedTime"

enum entry_kind { ENTRY_SCALAR, ENTRY_TABLE, ENTRY_FUNCTION, ENTRY_TREE };

/* A name of let, of a parameter, of `as`. */
struct entry {
	const char *name;
	enum entry_kind kind;
	const struct bx *scalar;
	const struct table *table; /* bound already: as, parameter */
	const struct ast *tree;	   /* bound anew at each use, in scope */
	const struct scope *scope;
	bool view;
};

/* One name more than its parent: what a let sees is what stood before it. */
struct scope {
	struct entry entry;
	const struct scope *parent;
};

/* The columns that an expression may name. */
struct row {
	const struct table *left;
	const struct table *right; /* of a join's conditions */
};

struct binder {
	struct diag_list *diags;
	struct arena *arena;
	const struct kql_options *options;
	const struct kql_catalogue *catalogue;
	const struct ast *tree; /* the whole query */
	const struct scope *scope;
	struct row row;
	uint32_t next_column;
	uint32_t nodes;
	unsigned int calls, depth;
	/* Aggregates are collected here while the operands of summarize are bound; NULL: not
	 * allowed. */
	struct rel *aggregates;
	bool in_aggregate;
	struct scanning *scanning; /* the scan whose steps are bound */
	struct rel *windows;	   /* likewise window functions; NULL: the rows have no order */
	/* mv-apply and partition: what the operators inside keep apart, and what they carry along.
	 */
	struct table *partition;
	struct bound *bound;
	struct bx spare;
};

int bind_query(struct diag_list *diags, const struct ast *tree, const struct kql_options *options,
	       struct bound *ret_bound);

/* bind.c: nodes */
struct bx *bx_new(struct binder *b, enum bx_kind kind, enum kql_type type, struct span span);
struct bx *bx_bad(struct binder *b, struct span span);
struct bx *bx_column(struct binder *b, const struct column *c, struct span span);
struct bx *bx_long(struct binder *b, int64_t value, struct span span);
struct bx *bx_text(struct binder *b, enum kql_type type, const char *s, size_t len,
		   struct span span);
struct bx *bx_null(struct binder *b, enum kql_type type, struct span span);
struct bx *bx_cast(struct binder *b, struct bx *x, enum kql_type type);
/* A call of a table's entry by the binder itself: overload chosen, arguments converted. */
struct bx *bx_call(struct binder *b, const char *name, struct span span, unsigned int count, ...);
/* Calls fn as args fit it; complains where none of the overloads does. */
struct bx *bind_overload(struct binder *b, const char *name, struct bx **args, unsigned int count,
			 struct span span);
struct column *column_new(struct binder *b, const char *name, enum kql_type type, bool nullable);
struct rel *rel_new(struct binder *b, enum rel_kind kind, const struct rel *input);
const struct column *rel_define(struct binder *b, struct rel *r, const char *name,
				const struct bx *value);
void table_push(struct binder *b, struct table *t, const char *name, const struct column *c);
const struct output *table_find(const struct table *t, const char *name);
/* Sets or replaces an output; in its old place where there is one. */
void table_set(struct binder *b, struct table *t, const char *name, const struct column *c);
const char *table_free_name(struct binder *b, const struct table *t, const char *wanted);
void table_copy(struct binder *b, const struct table *from, struct table *ret);

/* false after a complaint: too deep. Each true wants a bind_leave(). */
bool bind_enter(struct binder *b, struct span at);
void bind_leave(struct binder *b);

/* bind_expr.c */
struct bx *bind_expr(struct binder *b, const struct ast *a);
struct bx *bind_bool(struct binder *b, const struct ast *a);
struct bx *bind_literal(struct binder *b, const struct ast *a);
/* How many values a call gives (array_sort_asc of two arrays: 2), one of them, and its name. */
uint32_t bind_value_count(const struct bx *x);
struct values {
	struct bx *call;
	struct bx
	    *held; /* where they are: the call, or a column of r that it is computed for once */
};
struct values bind_values_hold(struct binder *b, struct rel *r, struct bx *call);
struct bx *bind_value(struct binder *b, const struct values *v, uint32_t i);
/* false after a complaint: a call that gives several values has more names than them. */
bool bind_names_fit(struct binder *b, const struct ast *names, const struct bx *x);
const char *bind_value_name(struct binder *b, const struct ast *call, uint32_t i);
/* Complains of items that give a column the name that another of the list, or one of the others
 * (may be NULL), says already. */
void bind_refuse_twice(struct binder *b, const struct ast *list, const struct ast *others);
/* A constant of the type; NULL after a complaint. */
const struct bx *bind_constant(struct binder *b, const struct ast *a, enum kql_type type);
const char *bind_expr_name(struct binder *b, const struct ast *a); /* NULL: it gives none */
const struct output *bind_column(struct binder *b, const struct ast *a);
/* bind_fold.c: what of constants is constant itself. */
struct bx *bind_fold(struct binder *b, struct bx *x);
/* bind_dynamic.c: the literal of dynamic(...) as JSON. */
char *bind_json(struct binder *b, const char *s, size_t len, struct span span);

/* bind_scope.c */
const struct entry *scope_find(const struct scope *s, const char *name);
struct entry *scope_add(struct binder *b, const char *name, enum entry_kind kind);
struct bx *bind_user_scalar(struct binder *b, const struct ast *call, const struct entry *e);
bool bind_user_table(struct binder *b, const struct ast *call, const struct entry *e,
		     const struct table *invoked, struct table *ret);
bool bind_block(struct binder *b, const struct ast *block, struct table *ret_table,
		struct bx **ret_scalar);
bool bind_is_tabular(struct binder *b, const struct ast *a);
/* What `set name=value` gives; NULL where it is not set. */
const struct ast *bind_setting(const struct binder *b, const char *name);
/* bind_library.c: functions that are queries themselves. */
bool bind_is_library(const char *name);
bool bind_library(struct binder *b, const struct ast *call, const struct table *input,
		  struct table *ret);

/* bind_join.c: all columns may be null, as those of an outer join's other side. */
void bind_make_nullable(struct binder *b, struct table *t);
/* A filter right behind a join of kind innerunique looks at the left rows before one
 * of each key is chosen, as the language promises. */
const struct rel *bind_push_filter(struct binder *b, const struct rel *filter);

/* bind_hold.c: whether random values are computed; and a table with such as one that has them once. */
bool bind_is_random(const struct rel *r);
void bind_hold(struct binder *b, struct table *t, struct span at);

/* bind_clone.c: the same relations with columns of their own, so that both can stand in one query.
 */
bool bind_clone(struct binder *b, const struct table *t, struct table *ret);

/* bind_table.c */
bool bind_table(struct binder *b, const struct ast *a, struct table *ret);
bool bind_scan(struct binder *b, const struct kql_table *t, struct table *ret);
const struct kql_table *bind_catalogue_table(struct binder *b, const char *name);
/* The operators of a pipe from its i-th kid on, applied to t. */
bool bind_operators(struct binder *b, const struct ast *pipe, unsigned int from, struct table *t);
bool bind_operator(struct binder *b, const struct ast *op, struct table *t);
bool bind_external(struct binder *b, const struct ast *op, struct table *ret);
bool bind_source_operator(struct binder *b, const struct ast *op, struct table *ret);

/* Operators, a file a kin. Each changes t and answers false after a complaint that leaves no table.
 */
typedef bool (*bind_op)(struct binder *b, const struct ast *op, struct table *t);
bool bind_where(struct binder *b, const struct ast *op, struct table *t);
bool bind_extend(struct binder *b, const struct ast *op, struct table *t);
bool bind_project(struct binder *b, const struct ast *op, struct table *t);
bool bind_project_columns(struct binder *b, const struct ast *op, struct table *t);
bool bind_project_rename(struct binder *b, const struct ast *op, struct table *t);
bool bind_distinct(struct binder *b, const struct ast *op, struct table *t);
bool bind_take(struct binder *b, const struct ast *op, struct table *t);
bool bind_sort(struct binder *b, const struct ast *op, struct table *t);
bool bind_top(struct binder *b, const struct ast *op, struct table *t);
bool bind_count(struct binder *b, const struct ast *op, struct table *t);
bool bind_summarize(struct binder *b, const struct ast *op, struct table *t);
bool bind_join(struct binder *b, const struct ast *op, struct table *t);
bool bind_union(struct binder *b, const struct ast *op, struct table *t);
bool bind_union_tables(struct binder *b, struct table *tables, uint32_t count,
		       const char *withsource, struct table *ret);
bool bind_mv_expand(struct binder *b, const struct ast *op, struct table *t);
bool bind_mv_apply(struct binder *b, const struct ast *op, struct table *t);
bool bind_partition(struct binder *b, const struct ast *op, struct table *t);
bool bind_parse(struct binder *b, const struct ast *op, struct table *t);
bool bind_parse_kv(struct binder *b, const struct ast *op, struct table *t);
bool bind_make_series(struct binder *b, const struct ast *op, struct table *t);
bool bind_serialize(struct binder *b, const struct ast *op, struct table *t);
bool bind_getschema(struct binder *b, const struct ast *op, struct table *t);
bool bind_search(struct binder *b, const struct ast *op, struct table *t);
bool bind_find(struct binder *b, const struct ast *op, struct table *t);
bool bind_evaluate(struct binder *b, const struct ast *op, struct table *t);
bool bind_invoke(struct binder *b, const struct ast *op, struct table *t);
bool bind_top_nested(struct binder *b, const struct ast *op, struct table *t);
bool bind_scan_op(struct binder *b, const struct ast *op, struct table *t);
/* step.column inside of a scan; NULL where a is no such path. */
struct bx *bind_scan_path(struct binder *b, const struct ast *a);
bool bind_reduce(struct binder *b, const struct ast *op, struct table *t);
bool bind_as(struct binder *b, const struct ast *op, struct table *t);
bool bind_render(struct binder *b, const struct ast *op, struct table *t);
bool bind_sample_distinct(struct binder *b, const struct ast *op, struct table *t);
bool bind_top_hitters(struct binder *b, const struct ast *op, struct table *t);

/* While expressions over t are bound, window functions in them are collected beneath. */
struct rel *windows_begin(struct binder *b, struct table *t);
void windows_end(struct binder *b, struct table *t, struct rel *windows);
/* A relation of definitions on top of t, to be filled with rel_define(). */
struct rel *table_extend(struct binder *b, struct table *t);
/* The value as a column: itself where it is one, else defined in an extension of t. */
const struct column *table_column(struct binder *b, struct table *t, const char *name,
				  struct bx *x);
void table_filter(struct binder *b, struct table *t, struct bx *condition);
/* Binds with the columns of t in reach. */
struct bx *table_expr(struct binder *b, const struct table *t, const struct ast *a);
bool bind_orders(struct binder *b, const struct table *t, const struct ast *list, struct rel *sort);

/* kql.c: asks the engine for a column's texts; -ENOTSUP where the caller gave no probe. */
int kql_ask(struct binder *b, const struct rel *r, const struct column *c, kql_probe_row row,
	    void *arg);
