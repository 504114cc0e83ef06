/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/ingest/batch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

/* A device that was offline for long sends old days; a wrong clock may send any. */
#define BLOCKS_MAX 128
#define BLOCK_BYTES_MAX (256u << 20)

struct block {
	const struct event_table *table;
	int64_t day; /* since 1970 */
	struct native_builder *builder;
};

struct batch {
	struct block blocks[BLOCKS_MAX];
	size_t count;
	struct buf bytes;
};

int batch_new(struct batch **ret_batch)
{
	struct batch *b = calloc(1, sizeof(*b));

	if (!b)
		return -ENOMEM;
	buf_init(&b->bytes, BLOCK_BYTES_MAX);
	*ret_batch = b;
	return 0;
}

static void empty(struct batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		native_builder_free(b->blocks[i].builder);
	b->count = 0;
}

void batch_free(struct batch *b)
{
	if (!b)
		return;
	empty(b);
	buf_done(&b->bytes);
	free(b);
}

static struct block *find_block(struct batch *b, const struct event_table *table, int64_t day)
{
	struct block *block;

	/* Nearly always one of the last few. */
	for (size_t i = b->count; i-- > 0;) {
		if (b->blocks[i].table == table && b->blocks[i].day == day)
			return &b->blocks[i];
	}
	if (b->count == BLOCKS_MAX)
		return NULL;
	block = &b->blocks[b->count];
	if (native_builder_new(table, &block->builder) < 0)
		return NULL;
	block->table = table;
	block->day = day;
	b->count++;
	return block;
}

int batch_add(struct batch *b, struct event *e, const struct native_envelope *env, struct err *err)
{
	int field = event_field_find(e->table, "Timestamp"), report;
	struct block *block;
	int64_t time_ns;

	if (!event_has(e, (unsigned int)field))
		return err_setf(err, -EBADMSG, "%s: an event without Timestamp", e->table->name);
	time_ns = e->values[field].i;
	if (time_ns < 0)
		return err_setf(err, -EBADMSG, "%s: a Timestamp before 1970", e->table->name);
	report = event_field_find(e->table, "ReportId");
	if (report >= 0)
		event_set_int(e, (unsigned int)report,
			      event_report_id(env->boot_id, e->cpu, e->sequence));
	block = find_block(b, e->table, time_ns / (86400 * NSEC_PER_SEC));
	if (!block)
		return err_setf(err, -EBADMSG, "the batch spreads over more than %d tables and days",
				BLOCKS_MAX);
	return native_builder_add(block->builder, e, env);
}

static int insert_block(struct batch *b, struct block *block, struct telemetry *t,
			const struct wire_batch *wire, struct err *err)
{
	char token[128];
	int r;

	snprintf(token, sizeof(token), "%s:%" PRIu64 ":%s:%" PRId64, wire->stream, wire->number,
		 block->table->name, block->day);
	buf_clear(&b->bytes);
	r = native_builder_finish(block->builder, &b->bytes);
	if (r < 0)
		return err_setf(err, r, "block of %s is too large", block->table->name);
	return telemetry_insert(t, block->table->name, native_builder_columns(block->builder),
				b->bytes.data, b->bytes.len, token, err);
}

int batch_insert(struct batch *b, struct telemetry *t, const struct wire_batch *wire,
		 struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < b->count && r == 0; i++)
		r = insert_block(b, &b->blocks[i], t, wire, err);
	empty(b);
	return r;
}
