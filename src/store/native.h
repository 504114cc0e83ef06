/* SPDX-License-Identifier: Apache-2.0 */
/*
 * native.h - events as a block in ClickHouse's Native format: columns, not rows
 *
 * One builder serves one table; it is filled with rows of one day and finished into a block. Kept
 * and used again, it allocates only while it grows. LowCardinality columns travel as plain strings,
 * the server converts. https://clickhouse.com/docs/interfaces/formats/Native
 */
#pragma once

#include "base/buf.h"
#include "event/event.h"

/* What the control plane knows of a batch: the first columns of every table. */
struct native_envelope {
	const char *tenant_id, *device_id, *device_name;
	const char *boot_id, *stream;
	uint64_t batch_number;
	int64_t received_ns, clock_offset_ns;
};

struct native_column {
	const char *name;
	const char *sql_type;  /* as in the table's definition */
};
#define NATIVE_ENVELOPE_COLUMNS 10
extern const struct native_column native_envelope_columns[NATIVE_ENVELOPE_COLUMNS];

struct native_builder;
int native_builder_new(const struct event_table *table, struct native_builder **ret_builder);
void native_builder_free(struct native_builder *b);
DEFINE_CLEANUP(struct native_builder *, native_builder_free)
/* Of the rows that follow, until the next call; copied. Call it before the first row of a block. */
int native_builder_begin(struct native_builder *b, const struct native_envelope *env);
/* Copies the row. -EMSGSIZE: the block is as large as it may be. */
int native_builder_add(struct native_builder *b, const struct event *e);
/* Of the texts and numbers that are there so far. */
size_t native_builder_bytes(const struct native_builder *b);
size_t native_builder_rows(const struct native_builder *b);
/* Appends the block to out and empties the builder. */
int native_builder_finish(struct native_builder *b, struct buf *out);
/* The rows of several builders of one table as one block; count is at least 1. Empties them all. */
int native_builders_finish(struct native_builder *const *builders, size_t count, struct buf *out);
/* "TenantId, DeviceId, ..." in the block's order; lives as long as the builder. */
const char *native_builder_columns(const struct native_builder *b);
