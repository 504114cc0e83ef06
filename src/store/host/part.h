/* SPDX-License-Identifier: Apache-2.0 */
/*
 * part.h - one part of a table: found, checked by the engine, moved aside
 *
 * https://clickhouse.com/docs/operations/system-tables/parts and
 * .../sql-reference/statements/check-table Nothing here decides when; that is parts.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "store/host/engine.h"

#define PART_PATH_SIZE 4096

/* Strings of the text that part_next() took it from. */
struct part {
	const char *database, *table, *name, *path, *partition, *first_block, *last_block, *level;
	uint64_t rows;
};

/* Replaces out by the statement's answer as TSV, NUL-terminated. params is nullable. */
int part_ask(struct engine_conn *c, const char *sql, const struct engine_params *params,
	     struct buf *out, struct err *err);
/* Active parts of all tables but the engine's own, of which the condition holds; oldest first. */
int part_list(struct engine_conn *c, const char *where, const struct engine_params *params,
	      struct buf *out, struct err *err);
/* Takes the next one off part_list()'s text; false at its end. */
bool part_next(char **text, struct part *ret_part);
/*
 * Reads all of it. 1: broken, 0: whole, or there no more; negative: it could not be found out, and
 * the connection is not to be used again. ret_why has words for all but 0.
 */
int part_check(struct engine_conn *c, const struct part *part, struct err *ret_why);
/* What the engine takes back at its next start, once the part is moved. */
int part_count_sources(struct engine_conn *c, const struct part *part, uint64_t *ret_count,
		       uint64_t *ret_rows);
/* To the table's folder `detached`, as broken_NAME; ret_to has PART_PATH_SIZE bytes. */
int part_move_aside(const struct part *part, char *ret_to);
