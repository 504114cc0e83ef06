/* SPDX-License-Identifier: Apache-2.0 */
#include "store/native.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#define COLUMN_BYTES_MAX (128u << 20)
#define ENVELOPE_VALUE_MAX 1024
#define RUNS_MAX 65536

const struct native_column native_envelope_columns[NATIVE_ENVELOPE_COLUMNS] = {
	{ "TenantId", "LowCardinality(String)" }, { "DeviceId", "LowCardinality(String)" },
	{ "DeviceName", "LowCardinality(String)" }, { "BootId", "LowCardinality(String)" },
	{ "Cpu", "UInt16" }, { "Sequence", "UInt64" },
	{ "BatchStream", "LowCardinality(String)" }, { "BatchNumber", "UInt64" },
	{ "ReceivedTime", "DateTime64(9, 'UTC')" }, { "ClockOffset", "Int64" },
};

/*
 * Most fields of most events are absent. A column therefore holds no more than its last present value:
 * what is absent is filled in when the next comes, or when the block is written. So is the envelope,
 * which is the same for all rows of a frame.
 */
struct column {
	const char *name;
	char type[64]; /* on the wire */
	struct buf data;
	struct buf nulls; /* a byte a row, for nullable columns */
	size_t rows;	  /* that data holds */
	uint8_t width;	  /* bytes of an absent value, which are zeros: the length of "", a number */
	bool text, nullable;
};

/* Rows in a row with one envelope. */
struct run {
	struct buf values[NATIVE_ENVELOPE_COLUMNS]; /* one each, as it is sent */
	size_t rows;
};

/* Where the columns of the envelope stand that differ from row to row. */
enum { ENVELOPE_CPU = 4, ENVELOPE_SEQUENCE = 5 };

struct native_builder {
	const struct event_table *table;
	struct column *columns;
	uint8_t column_of[EVENT_FIELDS_MAX]; /* 0: not stored */
	size_t column_count, rows, bytes;
	struct run *runs;
	size_t run_count;
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

static uint8_t type_width(enum event_type type)
{
	switch (type) {
	case EVENT_STRING:
	case EVENT_DYNAMIC:
	case EVENT_BOOL:
		return 1;
	case EVENT_INT:
		return 4;
	case EVENT_LONG:
	case EVENT_DATETIME:
	case EVENT_REAL:
		return 8;
	}
	return 0;
}

static void column_init(struct column *c, const char *name, const char *sql_type)
{
	c->name = name;
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

static void add_field(struct native_builder *b, unsigned int field)
{
	const struct event_field *f = &b->table->fields[field];
	struct column *c = &b->columns[b->column_count];

	column_init(c, f->name, f->sql_type);
	c->width = type_width((enum event_type)f->type);
	c->text = f->type == EVENT_STRING || f->type == EVENT_DYNAMIC;
	b->column_of[field] = (uint8_t)b->column_count++;
}

static void drop_runs(struct native_builder *b)
{
	for (size_t i = 0; i < b->run_count; i++)
		for (size_t k = 0; k < NATIVE_ENVELOPE_COLUMNS; k++)
			buf_done(&b->runs[i].values[k]);
	b->run_count = 0;
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
			    native_envelope_columns[i].sql_type);
	b->columns[ENVELOPE_CPU].width = 2;
	b->columns[ENVELOPE_SEQUENCE].width = 8;
	for (int i = 0; i < table->field_count; i++) {
		if (table->fields[i].flags & EVENT_FIELD_STORED)
			add_field(b, (unsigned int)i);
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
	drop_runs(b);
	free(b->runs);
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

/* Room for len bytes, which count at once; NULL: the buffer's error says why. */
static char *extend(struct buf *b, size_t len)
{
	char *p;

	if (buf_reserve(b, len) < 0)
		return NULL;
	p = b->data + b->len;
	b->len += len;
	b->data[b->len] = '\0';
	return p;
}

static void fill(struct buf *b, int byte, size_t count)
{
	char *p = count ? extend(b, count) : NULL;

	if (p)
		memset(p, byte, count);
}

static size_t write_varint(char *p, uint64_t v)
{
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		p[n++] = (char)(v | 0x80);
	p[n++] = (char)v;
	return n;
}

static void put_varint(struct buf *b, uint64_t v)
{
	char bytes[10];

	buf_append(b, bytes, write_varint(bytes, v));
}

static void put_text(struct buf *b, const char *s, size_t len)
{
	char bytes[10];
	size_t n = write_varint(bytes, len);
	char *p = extend(b, n + len);

	if (!p)
		return;
	memcpy(p, bytes, n);
	memcpy(p + n, s, len);
}

static void put_number(struct buf *b, uint64_t v, size_t size)
{
	/* Little endian: the low bytes come first. */
	v = htole64(v);
	buf_append(b, &v, size);
}

/* Up to the row that is being added, or to the end of the block. */
static void fill_absent(struct column *c, size_t rows)
{
	size_t count = rows - c->rows;

	if (!count)
		return;
	fill(&c->data, 0, count * c->width);
	if (c->nullable)
		fill(&c->nulls, 1, count);
	c->rows = rows;
}

int native_builder_begin(struct native_builder *b, const struct native_envelope *env)
{
	const char *texts[NATIVE_ENVELOPE_COLUMNS] = { env->tenant_id, env->device_id,
						       env->device_name, env->boot_id, [6] = env->stream };
	const uint64_t numbers[NATIVE_ENVELOPE_COLUMNS] = { [7] = env->batch_number,
							    [8] = (uint64_t)env->received_ns,
							    [9] = (uint64_t)env->clock_offset_ns };
	struct run *runs;
	int r = 0;

	if (b->run_count == RUNS_MAX)
		return -EMSGSIZE;
	runs = reallocarray(b->runs, b->run_count + 1, sizeof(*runs));
	if (!runs)
		return -ENOMEM;
	b->runs = runs;
	runs = &runs[b->run_count++];
	runs->rows = 0;
	for (size_t i = 0; i < NATIVE_ENVELOPE_COLUMNS; i++) {
		buf_init(&runs->values[i], ENVELOPE_VALUE_MAX);
		if (texts[i])
			put_text(&runs->values[i], texts[i], strlen(texts[i]));
		else if (i != ENVELOPE_CPU && i != ENVELOPE_SEQUENCE)
			put_number(&runs->values[i], numbers[i], 8);
		r = r ? r : buf_error(&runs->values[i]);
	}
	return r;
}

static void put_value(struct native_builder *b, struct column *c, const struct event_value *v)
{
	size_t before;

	fill_absent(c, b->rows);
	before = c->data.len;
	if (c->text)
		put_text(&c->data, v->s, v->len);
	else /* A double's bits lie where the number's do; a truth is one byte of it. */
		put_number(&c->data, c->width == 1 ? v->i != 0 : (uint64_t)v->i, c->width);
	if (c->nullable)
		buf_append_byte(&c->nulls, 0);
	c->rows++;
	b->bytes += c->data.len - before;
}

int native_builder_add(struct native_builder *b, const struct event *e)
{
	const struct event_value cpu = { .i = e->cpu }, sequence = { .i = (int64_t)e->sequence };
	int r = 0;

	put_value(b, &b->columns[ENVELOPE_CPU], &cpu);
	put_value(b, &b->columns[ENVELOPE_SEQUENCE], &sequence);
	for (size_t w = 0; w < ARRAY_SIZE(e->set); w++) {
		for (uint64_t set = e->set[w]; set; set &= set - 1) {
			size_t field = w * 64 + (size_t)__builtin_ctzll(set);
			struct column *c = &b->columns[b->column_of[field]];

			if (!b->column_of[field])
				continue;
			put_value(b, c, &e->values[field]);
			r = r ? r : buf_error(&c->data) ? buf_error(&c->data) : buf_error(&c->nulls);
		}
	}
	b->rows++;
	b->runs[b->run_count - 1].rows++;
	return r;
}

static void put_runs(const struct native_builder *b, size_t column, struct buf *out)
{
	for (size_t i = 0; i < b->run_count; i++) {
		const struct buf *value = &b->runs[i].values[column];
		char *p = extend(out, value->len * b->runs[i].rows);

		for (size_t k = 0; p && k < b->runs[i].rows; k++)
			memcpy(p + k * value->len, value->data, value->len);
	}
}

static bool is_of_envelope(size_t column)
{
	return column < NATIVE_ENVELOPE_COLUMNS && column != ENVELOPE_CPU &&
	       column != ENVELOPE_SEQUENCE;
}

static void put_column(struct native_builder *const *builders, size_t count, size_t i,
		       struct buf *out)
{
	const struct column *c = &builders[0]->columns[i];

	put_text(out, c->name, strlen(c->name));
	put_text(out, c->type, strlen(c->type));
	for (size_t k = 0; k < count && c->nullable; k++) {
		const struct column *from = &builders[k]->columns[i];

		if (from->nulls.len)
			buf_append(out, from->nulls.data, from->nulls.len);
		fill(out, 1, builders[k]->rows - from->rows);
	}
	for (size_t k = 0; k < count; k++) {
		const struct column *from = &builders[k]->columns[i];

		if (is_of_envelope(i)) {
			put_runs(builders[k], i, out);
			continue;
		}
		if (from->data.len)
			buf_append(out, from->data.data, from->data.len);
		fill(out, 0, (builders[k]->rows - from->rows) * from->width);
	}
}

/* What the builder adds to a block, names and types included. */
static size_t block_bytes(const struct native_builder *b)
{
	size_t bytes = 20;

	for (size_t i = 0; i < b->column_count; i++) {
		const struct column *c = &b->columns[i];

		bytes += strlen(c->name) + strlen(c->type) + 4 + c->nulls.len + c->data.len +
			 (b->rows - c->rows) * (c->width + c->nullable);
	}
	for (size_t i = 0; i < b->run_count; i++)
		for (size_t k = 0; k < NATIVE_ENVELOPE_COLUMNS; k++)
			bytes += b->runs[i].rows * b->runs[i].values[k].len;
	return bytes;
}

static void empty(struct native_builder *b)
{
	for (size_t i = 0; i < b->column_count; i++) {
		buf_clear(&b->columns[i].nulls);
		buf_clear(&b->columns[i].data);
		b->columns[i].rows = 0;
	}
	drop_runs(b);
	b->rows = b->bytes = 0;
}

int native_builders_finish(struct native_builder *const *builders, size_t count, struct buf *out)
{
	size_t rows = 0, bytes = 0;

	for (size_t k = 0; k < count; k++) {
		rows += builders[k]->rows;
		bytes += block_bytes(builders[k]);
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
