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

static int find_block(struct batch *b, const struct event_table *table, int64_t day,
		      struct block **ret_block)
{
	struct block *block;
	int r;

	/* Nearly always one of the last few. */
	for (size_t i = b->count; i-- > 0;) {
		if (b->blocks[i].table == table && b->blocks[i].day == day) {
			*ret_block = &b->blocks[i];
			return 0;
		}
	}
	if (b->count == BLOCKS_MAX)
		return -ENOSPC;
	block = &b->blocks[b->count];
	r = native_builder_new(table, &block->builder);
	if (r < 0)
		return r;
	block->table = table;
	block->day = day;
	b->count++;
	*ret_block = block;
	return 0;
}

int batch_add(struct batch *b, struct event *e, const struct native_envelope *env)
{
	unsigned int time = (unsigned int)event_field_find(e->table, "Timestamp");
	int report = event_field_find(e->table, "ReportId"), r;
	struct block *block;

	if (!event_has(e, time) || e->values[time].i < 0)
		event_set_int(e, time, env->received_ns);
	if (report >= 0)
		event_set_int(e, (unsigned int)report,
			      event_report_id(env->boot_id, e->cpu, e->sequence));
	r = find_block(b, e->table, e->values[time].i / (86400 * NSEC_PER_SEC), &block);
	if (r < 0)
		return r;
	if (native_builder_bytes(block->builder) > BLOCK_BYTES_MAX / 2)
		return -ENOSPC;
	return native_builder_add(block->builder, e, env);
}

static int insert_block(struct batch *b, struct block *block, struct telemetry *t,
			const struct native_envelope *env, unsigned int part, struct err *err)
{
	char token[256];
	int r;

	buf_clear(&b->bytes);
	r = native_builder_finish(block->builder, &b->bytes);
	if (r < 0)
		return err_setf(err, r, "block of %s is too large", block->table->name);
	/*
	 * The device, because two machines woken from one memory image share the stream; not the
	 * bytes, which hold the time of receipt and so differ in a resend.
	 */
	snprintf(token, sizeof(token), "%s:%s:%" PRIu64 ":%u:%s:%" PRId64, env->device_id, env->stream,
		 env->batch_number, part, block->table->name, block->day);
	return telemetry_insert(t, block->table->name, native_builder_columns(block->builder),
				b->bytes.data, b->bytes.len, token, err);
}

int batch_insert(struct batch *b, struct telemetry *t, const struct native_envelope *env,
		 unsigned int part, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < b->count && r == 0; i++)
		r = insert_block(b, &b->blocks[i], t, env, part, err);
	empty(b);
	return r;
}
