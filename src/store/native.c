/* SPDX-License-Identifier: Apache-2.0 */
#include "store/native.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#define COLUMN_BYTES_MAX (128u << 20)

const struct native_column native_envelope_columns[NATIVE_ENVELOPE_COLUMNS] = {
	{ "TenantId", "LowCardinality(String)" }, { "DeviceId", "LowCardinality(String)" },
	{ "DeviceName", "LowCardinality(String)" }, { "BootId", "LowCardinality(String)" },
	{ "Cpu", "UInt16" }, { "Sequence", "UInt64" },
	{ "BatchStream", "LowCardinality(String)" }, { "BatchNumber", "UInt64" },
	{ "ReceivedTime", "DateTime64(9, 'UTC')" }, { "ClockOffset", "Int64" },
};

struct column {
	const char *name;
	char type[64]; /* on the wire */
	struct buf data;
	struct buf nulls; /* a byte a row, for nullable columns */
	int field;        /* index in the table, -1 for the envelope */
	bool nullable;
};

struct native_builder {
	const struct event_table *table;
	struct column *columns;
	size_t column_count, rows, bytes;
	char *names;
};

/* LowCardinality(X) is sent as X. */
static void wire_type(const char *sql_type, char out[64])
{
	static const char prefix[] = "LowCardinality(";
	size_t len = strlen(sql_type);

	if (strncmp(sql_type, prefix, sizeof(prefix) - 1) == 0) {
		sql_type += sizeof(prefix) - 1;
		len -= sizeof(prefix);
	}
	memcpy(out, sql_type, len);
	out[len] = '\0';
}

static void column_init(struct column *c, const char *name, const char *sql_type, int field)
{
	c->name = name;
	c->field = field;
	c->nullable = strncmp(sql_type, "Nullable(", 9) == 0;
	wire_type(sql_type, c->type);
	buf_init(&c->data, COLUMN_BYTES_MAX);
	buf_init(&c->nulls, COLUMN_BYTES_MAX);
}

static int join_names(struct native_builder *b)
{
	_cleanup_buf_ struct buf names = BUF_INIT(65536);

	for (size_t i = 0; i < b->column_count; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", b->columns[i].name);
	b->names = buf_take(&names);
	return b->names ? 0 : -ENOMEM;
}

int native_builder_new(const struct event_table *table, struct native_builder **ret_builder)
{
	_cleanup_(native_builder_freep) struct native_builder *b = calloc(1, sizeof(*b));

	if (!b)
		return -ENOMEM;
	b->table = table;
	b->columns = calloc(NATIVE_ENVELOPE_COLUMNS + table->field_count, sizeof(*b->columns));
	if (!b->columns)
		return -ENOMEM;
	for (size_t i = 0; i < NATIVE_ENVELOPE_COLUMNS; i++)
		column_init(&b->columns[b->column_count++], native_envelope_columns[i].name,
			    native_envelope_columns[i].sql_type, -1);
	for (int i = 0; i < table->field_count; i++) {
		if (table->fields[i].flags & EVENT_FIELD_STORED)
			column_init(&b->columns[b->column_count++], table->fields[i].name,
				    table->fields[i].sql_type, i);
	}
	if (join_names(b) < 0)
		return -ENOMEM;
	*ret_builder = TAKE_PTR(b);
	return 0;
}

void native_builder_free(struct native_builder *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->column_count; i++) {
		buf_done(&b->columns[i].data);
		buf_done(&b->columns[i].nulls);
	}
	free(b->columns);
	free(b->names);
	free(b);
}

const char *native_builder_columns(const struct native_builder *b)
{
	return b->names;
}

size_t native_builder_bytes(const struct native_builder *b)
{
	return b->bytes;
}

size_t native_builder_rows(const struct native_builder *b)
{
	return b->rows;
}

static void put_varint(struct buf *b, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		buf_append_byte(b, (uint8_t)(v | 0x80));
	buf_append_byte(b, (uint8_t)v);
}

static void put_text(struct buf *b, const char *s, size_t len)
{
	put_varint(b, len);
	buf_append(b, s, len);
}

static void put_number(struct buf *b, uint64_t v, size_t size)
{
	/* Little endian: the low bytes come first. */
	v = htole64(v);
	buf_append(b, &v, size);
}

static void put_envelope(struct column *c, const struct event *e, const struct native_envelope *env)
{
	const char *texts[] = { env->tenant_id, env->device_id, env->device_name, env->boot_id };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		put_text(&c[i].data, texts[i], strlen(texts[i]));
	put_number(&c[4].data, e->cpu, 2);
	put_number(&c[5].data, e->sequence, 8);
	put_text(&c[6].data, env->stream, strlen(env->stream));
	put_number(&c[7].data, env->batch_number, 8);
	put_number(&c[8].data, (uint64_t)env->received_ns, 8);
	put_number(&c[9].data, (uint64_t)env->clock_offset_ns, 8);
}

static void put_field(struct column *c, const struct event_field *f, const struct event *e)
{
	const struct event_value *v = &e->values[c->field];
	bool present = event_has(e, (unsigned int)c->field);

	if (c->nullable)
		buf_append_byte(&c->nulls, !present);
	switch ((enum event_type)f->type) {
	case EVENT_STRING:
	case EVENT_DYNAMIC:
		put_text(&c->data, present ? v->s : "", present ? v->len : 0);
		return;
	case EVENT_BOOL:
		put_number(&c->data, present && v->i, 1);
		return;
	case EVENT_INT:
		put_number(&c->data, present ? (uint64_t)v->i : 0, 4);
		return;
	case EVENT_LONG:
	case EVENT_DATETIME:
	case EVENT_REAL:
		/* A double's bits lie where the number's do. */
		put_number(&c->data, present ? (uint64_t)v->i : 0, 8);
		return;
	}
}

int native_builder_add(struct native_builder *b, const struct event *e,
		       const struct native_envelope *env)
{
	put_envelope(b->columns, e, env);
	for (size_t i = NATIVE_ENVELOPE_COLUMNS; i < b->column_count; i++) {
		struct column *c = &b->columns[i];

		size_t before = c->data.len;

		put_field(c, &b->table->fields[c->field], e);
		if (buf_error(&c->data))
			return buf_error(&c->data);
		b->bytes += c->data.len - before;
	}
	b->rows++;
	return 0;
}

static void put_column(struct native_builder *const *builders, size_t count, size_t i,
		       struct buf *out)
{
	const struct column *c = &builders[0]->columns[i];

	put_text(out, c->name, strlen(c->name));
	put_text(out, c->type, strlen(c->type));
	for (size_t k = 0; k < count; k++) {
		c = &builders[k]->columns[i];
		if (c->nulls.len)
			buf_append(out, c->nulls.data, c->nulls.len);
	}
	for (size_t k = 0; k < count; k++) {
		c = &builders[k]->columns[i];
		if (c->data.len)
			buf_append(out, c->data.data, c->data.len);
	}
}

/* What the builder adds to a block, names and types included. */
static size_t column_bytes(const struct native_builder *b)
{
	size_t bytes = 20;

	for (size_t i = 0; i < b->column_count; i++) {
		const struct column *c = &b->columns[i];

		bytes += strlen(c->name) + strlen(c->type) + 4 + c->nulls.len + c->data.len;
	}
	return bytes;
}

static void empty(struct native_builder *b)
{
	for (size_t i = 0; i < b->column_count; i++) {
		buf_clear(&b->columns[i].nulls);
		buf_clear(&b->columns[i].data);
	}
	b->rows = b->bytes = 0;
}

int native_builders_finish(struct native_builder *const *builders, size_t count, struct buf *out)
{
	size_t rows = 0, bytes = 0;

	for (size_t k = 0; k < count; k++) {
		rows += builders[k]->rows;
		bytes += column_bytes(builders[k]);
	}
	/* Grown once, not by doubling: it is copied once. */
	buf_reserve(out, bytes);
	put_varint(out, builders[0]->column_count);
	put_varint(out, rows);
	for (size_t i = 0; i < builders[0]->column_count; i++)
		put_column(builders, count, i, out);
	for (size_t k = 0; k < count; k++)
		empty(builders[k]);
	return buf_error(out);
}

int native_builder_finish(struct native_builder *b, struct buf *out)
{
	return native_builders_finish(&b, 1, out);
}
