/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parts.h - finds parts that a full disk broke, and sets them aside
 *
 * When the disk ends in the middle of a part, the engine may still take the part into its table,
 * with files that are shorter than they should be; every question to that table then fails. So
 * parts that were written while room was short are checked, inserted ones before their insert is
 * answered. A broken one is moved to the `detached` folder of its table, where it is kept, and the
 * process has to end: the engine knows parts by memory, and only at its start takes back what the
 * broken one was merged from. It never deletes anything, and never touches a part that passes the
 * engine's own check.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/host/engine.h"

struct parts;

struct parts_options {
	struct engine *engine;
	const char *data_dir;
	/* On a thread of its own: a part was set aside, the process must end and be started again.
	 */
	void (*on_set_aside)(void *arg);
	void *arg;
};

int parts_new(const struct parts_options *options, struct parts **ret_parts, struct err *err);
void parts_free(struct parts *p);
DEFINE_CLEANUP(struct parts *, parts_free)

/* The engine's words (nullable) for a failed statement: a part they name, or the room, is looked
 * at. */
void parts_note_failure(struct parts *p, const char *words);

/* An insert on its way; a value. */
struct parts_insert {
	int64_t begun_s;
	bool room_was_short;
};
void parts_insert_begin(struct parts *p, struct parts_insert *ret_insert);
/*
 * Of an insert that the engine says went well. -EIO: room was short, and a part written since the
 * insert began is broken, so it must not be acknowledged.
 */
int parts_insert_end(struct parts *p, const struct parts_insert *i, struct engine_conn *c,
		     struct err *err);
