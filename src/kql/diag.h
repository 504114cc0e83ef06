/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diag.h - what is wrong with a query: a bounded list of places and reasons
 *
 * Every stage adds to the same list and goes on where it can, so that a person sees all mistakes at
 * once. The texts live in the compilation's arena.
 */
#pragma once

#include "base/arena.h"
#include "kql/kql.h"

#define DIAG_MAX 50u

/* Number, severity and meaning of each kind of complaint; DOCS: the reference page is made of it.
 */
#define DIAG_CODES(X)                                                                              \
	X(DIAG_LIMIT, "KQL001", "the query is larger or deeper than is allowed")                   \
	X(DIAG_MEMORY, "KQL002", "out of memory")                                                  \
	X(DIAG_CHARACTER, "KQL101", "a character or literal that is not part of the language")     \
	X(DIAG_SYNTAX, "KQL102", "something else should stand here")                               \
	X(DIAG_OPERATOR, "KQL103", "there is no such operator")                                    \
	X(DIAG_NAME, "KQL201", "no column, variable or table is called so here")                   \
	X(DIAG_FUNCTION, "KQL202", "there is no such function")                                    \
	X(DIAG_DUPLICATE, "KQL203", "a name that is taken")                                        \
	X(DIAG_ARGUMENTS, "KQL301", "wrong number of arguments")                                   \
	X(DIAG_TYPE, "KQL302", "wrong type")                                                       \
	X(DIAG_VALUE, "KQL303", "a value that is not possible here")                               \
	X(DIAG_CONSTANT, "KQL304", "a constant is needed")                                         \
	X(DIAG_PLACE, "KQL305", "not possible in this place")                                      \
	X(DIAG_REFUSED, "KQL401", "not supported here")

enum diag_code {
#define X(name, code, doc) name,
	DIAG_CODES(X)
#undef X
	    DIAG_COUNT,
};

struct diag_list {
	struct arena *arena;
	const char *source; /* whole text, for line and column */
	size_t source_len;
	struct kql_diagnostic items[DIAG_MAX];
	unsigned int count;
	struct kql_diagnostic *last; /* added by the last diag_add(), NULL where that left it out */
	unsigned int dropped;	     /* beyond DIAG_MAX */
	bool failed;		     /* also where memory for the complaint was lacking */
};

struct span {
	uint32_t pos, len;
};

/* expected and suggestion are nullable. One complaint a place: a second one is left out. */
void diag_add(struct diag_list *l, enum diag_code code, struct span at, const char *fmt, ...)
    _printf_(4, 5);
/* Sets them on the complaint that was added last, unless that was left out. */
void diag_expected(struct diag_list *l, const char *fmt, ...) _printf_(2, 3);
void diag_suggest(struct diag_list *l, const char *word);
