/* SPDX-License-Identifier: Apache-2.0 */
/*
 * odata.h - OData's query options over the properties of an entity, as SQL with bound values
 *
 * An entity's property table is the only place that knows its columns: filter, order, JSON and the
 * API's description all follow from it. What a caller wrote becomes SQL only through that table;
 * literals are bound. Source: OData 4.01 part 2, URL conventions, the part that the reference uses.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "net/http_server.h"
#include "store/state.h"

enum odata_type {
	ODATA_TEXT,
	ODATA_NUMBER,
	ODATA_BOOL,
	ODATA_TIME,   /* nanoseconds in SQL, RFC 3339 outside */
	ODATA_TEXTS,  /* JSON list of texts in SQL */
	ODATA_JSON,   /* JSON in SQL; cannot be filtered by */
	ODATA_NESTED, /* a list of other entities, those whose key is the value in SQL */
};

/* Nanoseconds as RFC 3339 text, for objects that are made in SQL. */
#define ODATA_TIME_SQL(column)                                                                     \
	"strftime('%Y-%m-%dT%H:%M:%S', " column " / 1000000000, 'unixepoch') || "                  \
	"printf('.%07dZ', " column " % 1000000000 / 100)"

enum odata_flag {
	ODATA_NULLABLE = 1,
	ODATA_EXPANDED = 2,  /* empty unless $expand names it */
	ODATA_EXTENSION = 4, /* not a property of the reference's object */
};

struct odata_property {
	const char *name;
	enum odata_type type;
	unsigned int flags;
	const char *sql;
	const char *const *values; /* of an enum, ended by NULL; else NULL */
	const char *schema;	   /* ODATA_JSON: its JSON schema */
	const struct odata_entity *nested;
	const char *nested_key; /* SQL in the nested entity */
	const char *doc;
};

struct odata_entity {
	const char *name; /* "Alert" */
	const char *set;  /* "Alerts" */
	const char *from;
	const char *tenant; /* SQL of the tenant's id */
	const char *order;  /* unless $orderby says otherwise; its last term is unique */
	const char *unique; /* appended to every $orderby */
	int64_t page_max;   /* rows of one answer */
	const struct odata_property *properties;
	size_t property_count;
};

#define ODATA_FILTER_MAX 8192 /* bytes */
#define ODATA_DEPTH_MAX 32
#define ODATA_VALUES_MAX 256

/* SQL text and its values; values point into the arena. */
struct odata_sql {
	struct arena arena;
	struct buf text;
	struct state_value values[ODATA_VALUES_MAX];
	size_t value_count;
};
void odata_sql_init(struct odata_sql *sql);
void odata_sql_done(struct odata_sql *sql);
/* -E2BIG when there are too many. text is copied. */
int odata_bind_text(struct odata_sql *sql, const char *text, size_t len);
int odata_bind_number(struct odata_sql *sql, int64_t number);

const struct odata_property *odata_property_find(const struct odata_entity *e, const char *name,
						 size_t len);
/* "id, title, ..." for messages. */
void odata_property_names(const struct odata_entity *e, struct buf *out);

/* Appends a condition to sql. -EINVAL: err says what is wrong where, and what would be right. */
int odata_filter(const struct odata_entity *e, const char *text, struct odata_sql *sql,
		 struct err *err);

struct odata_options {
	const char *filter, *order, *select, *expand; /* NULL: not given */
	int64_t top;				      /* -1: not given */
	int64_t skip;
	bool count;
};
/* -EINVAL as above; options that are not known are refused by name. */
int odata_options_read(const struct odata_entity *e, const struct http_request *req,
		       struct odata_options *ret_options, struct err *err);
/*
 * The column list of a SELECT: every property's SQL, NULL for what is not asked for. Bit i of
 * ret_selected: property i belongs in the answer.
 */
int odata_columns(const struct odata_entity *e, const struct odata_options *o, struct buf *out,
		  uint64_t *ret_selected, struct err *err);
int odata_order(const struct odata_entity *e, const char *order, struct buf *out, struct err *err);

/* Whose rows, and those of them that a condition holds for: SQL with one ? for key, or NULL. */
struct odata_scope {
	struct state_conn *conn;
	const char *tenant_id;
	const char *where, *key;
};
/* Answers a list request by the request's options, also with the refusal of what is wrong. */
int odata_answer_list(const struct odata_entity *e, const struct odata_scope *scope,
		      const struct http_request *req, struct http_response *res);
/* Appends the one entity, everything expanded. 1, or 0 where there is none. */
int odata_append_one(const struct odata_entity *e, const struct odata_scope *scope,
		     struct buf *out);
