/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.h - the small, transactional state: SQLite (WAL, synchronous FULL)
 *
 * A thin layer over prepared statements; the SQL of each table stands in the module that owns the
 * table. Each thread has a connection of its own from state_get().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct state;      /* the database */
struct state_conn; /* one thread's connection */
struct state_stmt; /* one running statement */

/*
 * Makes the database or brings it to this program's version: all migrations in one transaction,
 * after a copy FILE.vVERSION-SECONDS beside it, of which the newest three are kept. On failure the
 * database is what it was, and err says where the copy is. -EPROTO: it is of a newer program.
 */
int state_open(const char *path, struct state **ret_state, struct err *err);
/* The copy that opening made before it changed the version; NULL where it changed none. */
const char *state_copy(const struct state *s);
void state_close(struct state *s);
DEFINE_CLEANUP(struct state *, state_close)

/* The calling thread's connection; owned by the state, closed with it. NULL when out of memory. */
struct state_conn *state_get(struct state *s);

/*
 * Transactions: every write happens between begin and commit (BEGIN IMMEDIATE). rollback is
 * harmless after commit, so it may stand in a cleanup.
 */
int state_begin(struct state_conn *c, struct err *err);
int state_commit(struct state_conn *c, struct err *err);
void state_rollback(struct state_conn *c);
/* The end of both kinds: commits, or where r is negative takes all back. 0, or what went wrong. */
int state_end(struct state_conn *c, int r, struct err *err);

/*
 * types: one letter an argument: s text (const char *, NULL = null), S text with length
 * (const char *, size_t), i int64_t, d double, b blob (const void *, size_t), n null (no argument).
 */
int state_exec(struct state_conn *c, struct err *err, const char *sql, const char *types, ...);
/* Rows changed by the last state_exec of this connection. */
int64_t state_changes(const struct state_conn *c);
int state_query(struct state_conn *c, struct state_stmt **ret_stmt, struct err *err,
		const char *sql, const char *types, ...);
/* For statements put together at run time: a letter of the above (s, i, d, n) and its value. */
struct state_value {
	char type;
	union {
		const char *text;
		int64_t number;
		double real;
	};
};
int state_query_values(struct state_conn *c, struct state_stmt **ret_stmt, struct err *err,
		       const char *sql, const struct state_value *values, size_t count);
/* 1: a row stands ready, 0: no more, negative errno. */
int state_step(struct state_stmt *st, struct err *err);
void state_done(struct state_stmt *st);
DEFINE_CLEANUP(struct state_stmt *, state_done)

/* Columns of the row, from 0. Text is valid until the next step; NULL for null. */
const char *state_text(struct state_stmt *st, int column);
int64_t state_int(struct state_stmt *st, int column);
double state_double(struct state_stmt *st, int column);
const void *state_blob(struct state_stmt *st, int column, size_t *ret_len);
bool state_is_null(struct state_stmt *st, int column);
