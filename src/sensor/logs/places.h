/* SPDX-License-Identifier: Apache-2.0 */
/*
 * places.h - how far each source of logs was read, kept in one file over restarts
 *
 * Written when the rows are in the spool, never before, by putting a new file in the old one's
 * place. A file that cannot be read counts as none.
 */
#pragma once

#include "base/err.h"
#include "sensor/logs/tail.h"

#define PLACES_MAX 64
#define PLACE_NAME_SIZE 256
#define PLACE_CURSOR_SIZE 256

struct place {
	char name[PLACE_NAME_SIZE]; /* a path */
	/* Tells this file, and each that takes its place, from every other; in the rows' numbers. */
	uint32_t generation;
	struct tail_place file;
	char cursor[PLACE_CURSOR_SIZE]; /* of the journal; "": a file's place */
};

struct places {
	uint32_t next_generation;
	struct place list[PLACES_MAX];
	unsigned int count;
};

int places_read(const char *path, struct places *ret_places, struct err *err);
int places_write(const char *path, const struct places *places, struct err *err);
/* NULL: not known. */
struct place *places_find(struct places *p, const char *name);
