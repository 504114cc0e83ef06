/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine.h - libchdb: loaded at run time, one connection a thread
 *
 * The library interposes malloc, starts threads and installs signal handlers, so nothing else lives
 * in this process. A forked child must not touch it. Interface: chdb.h of libchdb 26.5.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct engine;      /* the library and the data folder */
struct engine_conn; /* runs one statement at a time */

int engine_open(const char *library, const char *data_dir, struct engine **ret_engine,
		struct err *err);
/* All connections must be closed. */
void engine_close(struct engine *e);

/* What a question may take; 0: the usual. There is a most for each, whatever is asked for. */
struct engine_limits {
	uint64_t execution_s, result_rows, memory_bytes;
};
bool engine_limits_any(const struct engine_limits *l);

/*
 * limits is nullable and counts with read_only. read_only: limits first, then readonly=1, which nothing can undo: no writes, no DDL, no file() or
 * url(), no settings.
 */
int engine_connect(struct engine *e, bool read_only, const struct engine_limits *limits,
		   struct engine_conn **ret_conn, struct err *err);
void engine_disconnect(struct engine_conn *c);

/* Parameters {name:Type} of a statement; values in TSV's escaped form, as ClickHouse wants them. */
#define ENGINE_PARAMS_MAX 64
struct engine_params {
	const char *names[ENGINE_PARAMS_MAX];
	const char *values[ENGINE_PARAMS_MAX];
	size_t count;
};

struct engine_result {
	const char *data;
	size_t len;
	void *handle;
};
/* params is nullable. -EINVAL: the engine refused, err has its words. */
int engine_run(struct engine_conn *c, const char *sql, const char *format,
	       const struct engine_params *params, struct engine_result *ret_result, struct err *err);
void engine_result_done(struct engine_conn *c, struct engine_result *r);
