/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kql.h - hunting queries (Kusto's language) compiled to one SQL statement of the event store
 *
 *   text -> lexer -> tokens -> parser -> tree -> binder -> relations -> plan -> blocks -> SQL
 *
 * A query is a value: compile, read the answers, free. Nothing is executed here and nothing is
 * read but what the options hand in. What the SQL may touch is decided here: tables of the
 * catalogue only, each scan with the tenant's predicate; names and texts of the query reach SQL
 * through sql_quote.h alone. Language: learn.microsoft.com/kusto/query
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "kql/type.h"

#define KQL_TEXT_MAX (256u << 10)   /* bytes of a query */
#define KQL_EXTERNAL_MAX (2u << 20) /* bytes that externaldata takes from an address */
#define KQL_SQL_MAX (6u << 20)	    /* bytes of the statement made of it */
#define KQL_MEMORY_MAX (64u << 20)  /* of one compilation */
#define KQL_DEPTH_MAX 200u	    /* of nested expressions */

struct kql_diagnostic {
	const char *code;	 /* "KQL201" */
	const char *message;	 /* what was found */
	const char *expected;	 /* nullable: what would be right */
	const char *suggestion;	 /* nullable: a name that comes near */
	uint32_t offset, length; /* bytes */
	uint32_t line, column;	 /* from 1; columns are characters */
};

struct kql_column {
	const char *name;
	enum kql_type type;
	bool nullable; /* what the SQL gives may be NULL */
};

/* A table that a query may name. */
struct kql_table {
	const char *name;
	const char *doc;
	const struct kql_table_column *columns;
	size_t column_count;
	bool stored;   /* false: it has no source yet and is always empty */
	bool replaced; /* a row may be there in older versions, which do not count */
};

struct kql_table_column {
	const char *name;
	const char *sql; /* column in the store; NULL: it is none */
	const char
	    *view; /* SQL over the store's columns; with sql NULL, too: not filled, always empty */
	const char *doc;
	enum kql_type type;
	bool nullable;	 /* in the store */
	bool text_index; /* lower(column) has a text index */
	bool digest;	 /* hexadecimal in lower case, or empty; the column has an index of its values */
	bool low_cardinality; /* numbers of texts are stored: cheap to read */
};

struct kql_catalogue {
	const struct kql_table *tables;
	size_t count;
	const char *database;
};
/* The event tables of schema/. */
const struct kql_catalogue *kql_catalogue(void);

/* A value for `declare query_parameters`, as the caller of the API wrote it. */
struct kql_parameter {
	const char *name;
	const char *value;
};

/*
 * Some operators (bag_unpack, pivot, narrow by data) have columns that only the data tells. The
 * compiler then asks: runs sql, which gives one text column, and calls row for each.
 */
typedef void (*kql_probe_row)(void *arg, const char *text, size_t len);
typedef int (*kql_probe)(void *context, const char *sql, kql_probe_row row, void *arg);

struct buf;
struct err;
/*
 * externaldata reads through the caller alone: appends what stands at an address that one of the
 * prefixes of kql_options.externaldata allows. 0; -EMSGSIZE: more than body holds; -EKEYREJECTED: a
 * certificate that is not trusted; or another negative errno, and err says why.
 */
typedef int (*kql_fetch)(void *context, const char *address, struct buf *body, struct err *err);

struct kql_options {
	const struct kql_catalogue *catalogue; /* NULL: kql_catalogue() */
	const char *tenant;		       /* every scan is limited to it */
	int64_t now_ns;			       /* what now() answers, realtime */
	int64_t oldest_ns;		       /* events before it are not seen; 0: no such limit */
	int64_t recent_ns;   /* nor those that happened and came in before this; 0: no such limit */
	int64_t received_ns; /* nor those that came in before this; 0: no such limit */
	bool continuous;     /* refuse what does not look at each row of one table by itself */
	const struct kql_parameter *parameters; /* ends with name NULL; nullable */
	/* Nullable, where the statement will not run: such columns may then have any name. */
	kql_probe probe;
	void *probe_context;
	/* Prefixes (https://...) of addresses that externaldata may read, ends with NULL; nullable.
	 */
	const char *const *externaldata;
	/* Nullable, where the statement will not run: what may be read is taken for empty. */
	kql_fetch fetch;
	void *fetch_context;
};

struct kql_query;

/*
 * 0; -EINVAL: refused, the diagnostics say why; -ENOMEM. Where *ret_query is set the caller frees
 * it, also on -EINVAL. Texts live as long as the query.
 */
int kql_compile(const char *text, size_t len, const struct kql_options *options,
		struct kql_query **ret_query);
void kql_query_free(struct kql_query *q);
DEFINE_CLEANUP(struct kql_query *, kql_query_free)

size_t kql_query_diagnostics(const struct kql_query *q, const struct kql_diagnostic **ret_list);
const char *kql_query_sql(const struct kql_query *q);
size_t kql_query_columns(const struct kql_query *q, const struct kql_column **ret_columns);

/* `render`: kind of chart and its properties, NULL where the query has none. */
struct kql_render {
	const char *kind;
	const char *const *properties; /* name, value, ..., NULL */
};
const struct kql_render *kql_query_render(const struct kql_query *q);

enum kql_stage { KQL_STAGE_TOKENS, KQL_STAGE_AST, KQL_STAGE_BOUND, KQL_STAGE_PLAN, KQL_STAGE_SQL };
struct buf;
/* The tables that are read, each once, at most max; how many there are. 0 where it was refused. */
size_t kql_query_tables(const struct kql_query *q, const struct kql_table **ret_tables, size_t max);
/* Appends what the stage made, as text for people; -ENODATA where it was not reached. */
int kql_query_explain(const struct kql_query *q, enum kql_stage stage, struct buf *out);
