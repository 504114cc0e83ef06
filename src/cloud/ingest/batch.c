/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/ingest/batch.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "cloud/ingest/group.h"
/* A device that was offline for long sends old days; a wrong clock may send any. */
#define BLOCKS_MAX 128
#define BLOCK_BYTES_MAX (256u << 20) /* of one insert */

struct block {
	const struct event_table *table;
	int64_t day; /* since 1970 */
	struct native_builder *builder;
};

struct batch {
	struct block blocks[BLOCKS_MAX];
	size_t count, bytes;
};

int batch_new(struct batch **ret_batch)
{
	struct batch *b = calloc(1, sizeof(*b));

	if (!b)
		return -ENOMEM;
	*ret_batch = b;
	return 0;
}

static void empty(struct batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		native_builder_free(b->blocks[i].builder);
	b->count = b->bytes = 0;
}

void batch_free(struct batch *b)
{
	if (!b)
		return;
	empty(b);
	free(b);
}

static int find_block(struct batch *b, const struct event_table *table, int64_t day,
		      const struct native_envelope *env, struct block **ret_block)
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
	r = native_builder_begin(block->builder, env);
	if (r < 0) {
		native_builder_free(block->builder);
		return r;
	}
	block->table = table;
	block->day = day;
	b->count++;
	*ret_block = block;
	return 0;
}

static struct {
	unsigned int time;
	int report, device_id, device_name;
} columns[EVENT_TABLE_COUNT];
static pthread_once_t columns_once = PTHREAD_ONCE_INIT;

static void find_columns(void)
{
	for (size_t i = 0; i < EVENT_TABLE_COUNT; i++) {
		columns[i].time = (unsigned int)event_field_find(&event_tables[i], "Timestamp");
		columns[i].report = event_field_find(&event_tables[i], "ReportId");
		columns[i].device_id = event_field_find(&event_tables[i], "DeviceId");
		columns[i].device_name = event_field_find(&event_tables[i], "DeviceName");
	}
}

void batch_prepare(struct event *e, const struct native_envelope *env, int64_t sealed_ns)
{
	unsigned int time;
	int report;

	pthread_once(&columns_once, find_columns);
	time = columns[e->table - event_tables].time;
	report = columns[e->table - event_tables].report;
	if (!event_has(e, time) || e->values[time].i < 0)
		event_set_int(e, time, MAX(sealed_ns, 0));
	if (report >= 0)
		event_set_int(e, (unsigned int)report,
			      event_report_id(env->boot_id, e->cpu, e->sequence));
}

void batch_name_device(struct event *e, const struct native_envelope *env)
{
	int id = columns[e->table - event_tables].device_id;
	int name = columns[e->table - event_tables].device_name;

	if (id >= 0)
		event_set_str(e, (unsigned int)id, env->device_id);
	if (name >= 0)
		event_set_str(e, (unsigned int)name, env->device_name);
}

int64_t batch_time(const struct event *e)
{
	return e->values[columns[e->table - event_tables].time].i;
}

int64_t batch_day(const struct event *e)
{
	return batch_time(e) / BATCH_DAY_NS;
}

int batch_add(struct batch *b, const struct event *e, const struct native_envelope *env)
{
	struct block *block;
	size_t before;
	int r = find_block(b, e->table, batch_day(e), env, &block);

	if (r < 0)
		return r;
	before = native_builder_bytes(block->builder);
	if (before > BLOCK_BYTES_MAX / 2)
		return -ENOSPC;
	r = native_builder_add(block->builder, e);
	b->bytes += native_builder_bytes(block->builder) - before;
	return r;
}

size_t batch_bytes(const struct batch *b)
{
	return b->bytes;
}

/* The block's rows of all batches from the first on, as one; they are empty then. */
static int join_blocks(struct batch *const *batches, size_t count, const struct block *block,
		       struct buf *out)
{
	struct native_builder *builders[GROUP_MEMBERS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < batches[i]->count; k++) {
			struct block *b = &batches[i]->blocks[k];

			if (b->table == block->table && b->day == block->day)
				builders[n++] = b->builder;
		}
	}
	return native_builders_finish(builders, n, out);
}

static int insert_block(struct batch *const *batches, size_t count, const struct block *block,
			struct telemetry *t, const char *token, struct err *err)
{
	_cleanup_buf_ struct buf bytes = BUF_INIT(BLOCK_BYTES_MAX);
	char own[256];
	int r = join_blocks(batches, count, block, &bytes);

	if (r < 0)
		return err_setf(err, r, "block of %s is too large", block->table->name);
	snprintf(own, sizeof(own), "%s:%s:%" PRId64, token, block->table->name, block->day);
	return telemetry_insert(t, block->table->name, native_builder_columns(block->builder),
				bytes.data, bytes.len, own, err);
}

int batch_insert(struct batch *const *batches, size_t count, struct telemetry *t, const char *token,
		 struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		for (size_t k = 0; k < batches[i]->count && r == 0; k++) {
			const struct block *block = &batches[i]->blocks[k];

			/* Those that went with an earlier batch's have no rows left. */
			if (native_builder_rows(block->builder))
				r = insert_block(batches + i, count - i, block, t, token, err);
		}
	}
	for (size_t i = 0; i < count; i++)
		empty(batches[i]);
	return r;
}
