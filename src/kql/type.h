/* SPDX-License-Identifier: Apache-2.0 */
/*
 * type.h - the scalar types of the language and how each is held in the engine
 *
 *   bool      Bool                      long, int  Int64, Int32
 *   real      Float64                   decimal    Decimal(38, 17)
 *   datetime  DateTime64(9, 'UTC')      timespan   Int64, ticks of 100 ns
 *   guid      UUID                      string     String, never null: empty instead
 *   dynamic   String that holds JSON; the null of the language is the engine's NULL
 *
 * All but string may be Nullable. A time that DateTime64 cannot hold is null where it is computed,
 * and refused where it is written. Source: learn.microsoft.com/kusto/query/scalar-data-types
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kql_type {
	KQL_UNKNOWN, /* of what was refused already: no second complaint about it */
	KQL_BOOL,
	KQL_INT,
	KQL_LONG,
	KQL_REAL,
	KQL_DECIMAL,
	KQL_DATETIME,
	KQL_TIMESPAN,
	KQL_DYNAMIC,
	KQL_GUID,
	KQL_STRING,
	KQL_TYPE_COUNT,
};

#define KQL_TICKS_PER_SECOND 10000000LL

const char *kql_type_name(enum kql_type type);
/* .NET's name, as getschema tells it. */
const char *kql_type_system_name(enum kql_type type);
const char *kql_type_sql(enum kql_type type);
/* KQL_UNKNOWN where no type is called so; legacy names (date, double, ...) are known. */
enum kql_type kql_type_find(const char *name, size_t len);
bool kql_type_is_number(enum kql_type type);

/* The first and the last time that the engine holds, in ns since 1970: 1900-01-01, 2262-04-11. */
#define KQL_DATETIME_FIRST_NS (-2208988800000000000LL)
#define KQL_DATETIME_LAST_NS 9223372036854775700LL

/*
 * The text of a literal as a value. -EINVAL and false: it is none; -ERANGE: a time before the first
 * or behind the last. Both accept what the language documents for datetime() and timespan(), ISO
 * 8601 first of all.
 */
int kql_datetime_parse(const char *s, size_t len, int64_t *ret_ns);
bool kql_timespan_parse(const char *s, size_t len, int64_t *ret_ticks);
