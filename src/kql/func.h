/* SPDX-License-Identifier: Apache-2.0 */
/*
 * func.h - functions, operators and aggregates as tables
 *
 * To add one: an entry in the family's table (fn_*.c) and golden cases in tests/golden/kql. An
 * entry is its signature, what SQL it becomes, and a line of documentation; binder, completion and
 * the reference page follow.
 *
 * Signature: "substring(source: string, start: long) long?". Overloads are entries of the same
 * name. types    string, long, ... ; number (int, long, real, decimal), integer (int, long), any;
 *            scalar (all but dynamic), orderable (nor guid); several with '|': datetime|timespan;
 *            text: any, converted to a string
 *   !        behind a parameter's type: a constant is needed
 *   ...      behind the last parameter's type: once or more; "...?" none or more
 *   result   a type; =1: that of argument 1; common: that which all arguments can become.
 *            '?' behind it: may be null though no argument is; '!': never null;
 *            '&': null only where all arguments are
 *
 * SQL: a template. $1 is the first argument, $1! the same but '' where it is null (for functions
 * that take no Nullable), $* all with commas, $2* all from the second on, $$ a dollar. Where a
 * template is not enough, emit writes the text.
 */
#pragma once

#include "kql/bound.h"

struct sql;

enum func_flag {
	FUNC_AGGREGATE = 1,
	FUNC_WINDOW = 2,   /* needs the order of rows */
	FUNC_LEGACY = 4,   /* an older name; documentation lists it under the newer one */
	FUNC_VOLATILE = 8, /* not the same for the same arguments */
	/* Name of the column where it is given none: see Kusto's ResultNameKind. */
	FUNC_NAME_ARG = 16,    /* the argument's */
	FUNC_NAME_PREFIX = 32, /* function_argument; prefix stands in the entry where it differs */
	FUNC_NAME_OF = 64,     /* the prefix before the argument's name stands in the entry */
	FUNC_TUPLE = 128,      /* gives several values, each a column of its own */
};

struct func {
	const char *sig;
	const char *sql;
	const char *doc;
	unsigned int flags;
	void (*emit)(struct sql *s, const struct bx *call);
	const char *prefix; /* of the column's name, where it is not the function's */
	const char *values; /* TUPLE: "name type, ..."; NULL: an array for each that is given */
};

struct func_family {
	const char *title;
	const struct func *items;
	size_t count;
};
extern const struct func_family *const func_families[]; /* ends with NULL */

#define FUNC_ARGS_MAX 1024u

enum result_kind { RESULT_TYPE, RESULT_ARG, RESULT_COMMON };

struct param {
	char name[32];
	uint16_t types; /* bit 1 << enum kql_type */
	bool constant;
	bool text; /* any type, and taken as text */
};

struct signature {
	char name[48];
	struct param params[12];
	unsigned int count;
	bool variadic, may_lack; /* the last repeats, and may be left out */
	enum result_kind result;
	unsigned int result_arg; /* from 0 */
	enum kql_type type;
	char null; /* '?', '!', '&' or '\0' */
};

/* The i-th of the values of a tuple, from 0; false: there are not as many. */
struct func_value {
	char name[32];
	enum kql_type type;
};
bool func_value(const struct func *f, unsigned int i, struct func_value *ret);

/* Signatures are part of the program: a bad one is a bug and asserted by the unit test. */
bool func_signature(const char *text, struct signature *ret);
bool func_is_called(const struct func *f, const char *name);
/* Calls back for every entry in order. */
void func_each(void (*each)(void *arg, const struct func_family *family, const struct func *f),
	       void *arg);
/* Of an operator or the binder's own: no query may call it by name. */
bool func_is_hidden(const char *name);
/*
 * fn_search.c: a column of the store whose texts are digests in lower case. Beneath lower() its index
 * would not be found.
 */
bool func_is_digest(const struct bx *x);
/* First entry of that name; NULL where there is none. */
const struct func *func_find(const char *name);
/* First entry of that name that takes as many arguments, else the first of the name. */
const struct func *func_find_call(const char *name, unsigned int count);
bool func_takes(const struct signature *s, unsigned int count);
