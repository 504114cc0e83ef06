/* SPDX-License-Identifier: Apache-2.0 */
/*
 * telemetry.h - the event store: ClickHouse's HTTP interface, on vakt-store's Unix socket or a URL
 *
 * One struct telemetry is shared by all threads; each call takes a connection of its own from a
 * bounded pool. Inserts are durable when the call returns 0 (vakt-store syncs).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct telemetry;

struct telemetry_options {
	const char *address; /* "unix:/run/vakt-store/store.sock" or "http://host:8123" */
	const char *database;
	unsigned int connections_max;
};

int telemetry_open(const struct telemetry_options *options, struct telemetry **ret_store,
		   struct err *err);
void telemetry_close(struct telemetry *t);
DEFINE_CLEANUP(struct telemetry *, telemetry_close)

/*
 * Inserts one Native block (as ClickHouse's Native format has it). dedup_token makes a resend of
 * the same block harmless for the table's deduplication window. -EAGAIN: the store is down or
 * busy, try later; -EINVAL: it refused the block.
 */
int telemetry_insert(struct telemetry *t, const char *table, const char *columns,
		     const void *block, size_t len, const char *dedup_token, struct err *err);

/* A parameter {name:Type} of the query; value as text, escaped by the call. */
struct telemetry_param {
	const char *name;
	const char *value;
};

struct telemetry_query {
	const char *sql;
	const struct telemetry_param *params; /* ends with { NULL, NULL }; nullable */
	const char *format;      /* "JSONEachRow", "JSONCompact", "JSON", ... */
	unsigned int timeout_ms; /* 0: the default of 30 s */
	/* Of a question that only reads; 0: as much as the store gives any. */
	unsigned int execution_s;
	uint64_t memory_bytes;
	/* Asked about every second; true ends the question, in the store as well. Nullable. */
	bool (*stop)(void *arg);
	void *stop_arg;
	/*
	 * DDL, maintenance, and questions that must not be answered before the inserts sent earlier are
	 * done: vakt-store runs such a statement alone, in turn. Else it is told readonly=1.
	 */
	bool writes;
};
/*
 * Appends the answer to out. -ETIMEDOUT, -EAGAIN (store down), -ECANCELED (stop said so), -ENOBUFS (it
 * takes more memory than it may), -EMSGSIZE (more answer than out or the store has room for),
 * -EINVAL (refused, err has why).
 */
int telemetry_query(struct telemetry *t, const struct telemetry_query *q, struct buf *out,
		    struct err *err);

/* Makes the database and tables of the schema, adds missing columns and indexes. */
int telemetry_migrate(struct telemetry *t, struct err *err);
/*
 * Drops whole days older than retention_days into which nothing has come for as long, oldest first
 * and TELEMETRY_DROPS_MAX a call: a clock of ours that jumped years ahead is noticed before it has
 * cost everything. Count of dropped days of tables.
 */
#define TELEMETRY_DROPS_MAX 8
int telemetry_retain(struct telemetry *t, unsigned int retention_days, struct err *err);
