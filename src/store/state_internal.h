/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state_internal.h - what state.c and state_migrate.c share, and the tests of both
 */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/state.h"

#define STATE_PATH_SIZE 4096
#define STATE_FILE_MAX (STATE_PATH_SIZE - 64) /* room for the names of copies */

struct state_conn {
	struct state_conn *next;
	sqlite3 *db;
	bool in_transaction;
};

int state_conn_open(const char *path, struct state_conn **ret_conn, struct err *err);
void state_conn_close(struct state_conn *c);
DEFINE_CLEANUP(struct state_conn *, state_conn_close)

/* Opens as the build does (or did) whose newest version it is. */
int state_open_version(const char *path, int64_t version, struct state **ret_state,
		       struct err *err);

/* state_migrate.c */
int64_t state_newest_version(void);
/*
 * Brings the database to the version, by one transaction. ret_copy: path of the copy of before, or
 * "" where nothing was to be done or nothing was there. -EPROTO where the database is newer.
 */
int state_migrate(struct state_conn *c, const char *path, int64_t version,
		  char ret_copy[STATE_PATH_SIZE], struct err *err);
