/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire_reader.c - checks a frame from outside and gives its events one by one
 *
 * Nothing is believed: lengths, hash, counts, types and UTF-8 are checked before they are used, and
 * what is wrong is said with its place, for the log and for the answer to the device.
 */
#include "event/wire.h"

#include <endian.h>
#include <errno.h>
#include <xxhash.h>
#include <zstd.h>

#include "base/utf8.h"
#include "event/wire_format.h"

struct cursor {
	const uint8_t *p, *end;
};

struct wire_reader {
	uint8_t *unpacked;
	size_t cap;
	struct cursor at; /* next field of the batch */
	uint32_t left;    /* events that the header promised and have not been given out */
	uint32_t given;
	ZSTD_DCtx *zstd;
};

/* A field of a message: the number, or the bytes. */
struct field {
	uint32_t id;
	enum wire_type type;
	uint64_t number;
	struct cursor bytes;
};

int wire_reader_new(struct wire_reader **ret_reader)
{
	struct wire_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->zstd = ZSTD_createDCtx();
	if (!r->zstd) {
		free(r);
		return -ENOMEM;
	}
	*ret_reader = r;
	return 0;
}

void wire_reader_free(struct wire_reader *r)
{
	if (!r)
		return;
	ZSTD_freeDCtx(r->zstd);
	free(r->unpacked);
	free(r);
}

static uint32_t get_u32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static uint64_t get_u64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

static int64_t unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

static bool get_varint(struct cursor *c, uint64_t *ret)
{
	uint64_t v = 0;

	for (unsigned int shift = 0; shift < 64; shift += 7) {
		uint8_t byte;

		if (c->p == c->end)
			return false;
		byte = *c->p++;
		v |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret = v;
			return true;
		}
	}
	return false;
}

static bool get_field(struct cursor *c, struct field *f)
{
	uint64_t key, len;

	if (!get_varint(c, &key) || key >> 3 == 0 || key >> 3 > UINT32_MAX)
		return false;
	f->id = (uint32_t)(key >> 3);
	f->type = (enum wire_type)(key & 7);
	switch (f->type) {
	case WIRE_VARINT:
		return get_varint(c, &f->number);
	case WIRE_FIXED64:
		if (c->end - c->p < 8)
			return false;
		f->number = get_u64(c->p);
		c->p += 8;
		return true;
	case WIRE_FIXED32:
		if (c->end - c->p < 4)
			return false;
		f->number = get_u32(c->p);
		c->p += 4;
		return true;
	case WIRE_BYTES:
		if (!get_varint(c, &len) || len > (uint64_t)(c->end - c->p))
			return false;
		f->bytes = (struct cursor){ c->p, c->p + len };
		c->p += len;
		return true;
	}
	return false;
}

int64_t wire_frame_length(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint32_t packed;

	if (len >= 4 && memcmp(p, WIRE_MAGIC, 4) != 0)
		return -EBADMSG;
	if (len < WIRE_HEADER_SIZE)
		return -EAGAIN;
	packed = get_u32(p + 4);
	if (packed > WIRE_PACKED_MAX || get_u32(p + 8) > WIRE_UNPACKED_MAX)
		return -EBADMSG;
	return (int64_t)WIRE_HEADER_SIZE + packed;
}

int64_t wire_frame_unpacked(const void *data, size_t len)
{
	int64_t whole = wire_frame_length(data, len);

	return whole < 0 ? whole : get_u32((const uint8_t *)data + 8);
}

static int unpack(struct wire_reader *r, const uint8_t *frame, size_t len, struct err *err)
{
	size_t packed, want, got;
	int64_t whole = wire_frame_length(frame, len);

	if (whole < 0 || (size_t)whole != len)
		return err_setf(err, -EBADMSG, "frame of %zu bytes: %s", len,
				whole == -EAGAIN	   ? "shorter than its header" :
				whole < 0		   ? "no magic number or a length over the limit" :
				(size_t)whole > len ? "shorter than its header says" :
						      "longer than its header says");
	packed = len - WIRE_HEADER_SIZE;
	want = get_u32(frame + 8);
	if (XXH3_64bits(frame + WIRE_HEADER_SIZE, packed) != get_u64(frame + 16))
		return err_setf(err, -EBADMSG, "frame: hash of the payload differs");
	if (want > r->cap) {
		free(r->unpacked);
		r->cap = 0;
		r->unpacked = malloc(want);
		if (!r->unpacked)
			return err_setf(err, -ENOMEM, "frame: out of memory");
		r->cap = want;
	}
	got = ZSTD_decompressDCtx(r->zstd, r->unpacked, r->cap, frame + WIRE_HEADER_SIZE, packed);
	if (ZSTD_isError(got) || got != want)
		return err_setf(err, -EBADMSG, "frame: payload does not unpack to %zu bytes", want);
	r->at = (struct cursor){ r->unpacked, r->unpacked + got };
	r->left = get_u32(frame + 12);
	r->given = 0;
	return 0;
}

static bool copy_id(const struct field *f, char *dst, size_t size)
{
	size_t len = (size_t)(f->bytes.end - f->bytes.p);

	if (f->type != WIRE_BYTES || len + 1 != size)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = (char)f->bytes.p[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '-'))
			return false;
		dst[i] = c;
	}
	dst[len] = '\0';
	return true;
}

/* False for a field that is there but not as it must be. */
static bool batch_field(const struct field *f, struct wire_batch *b)
{
	switch (f->id) {
	case WIRE_BATCH_STREAM:
		return copy_id(f, b->stream, sizeof(b->stream));
	case WIRE_BATCH_BOOT_ID:
		return copy_id(f, b->boot_id, sizeof(b->boot_id));
	case WIRE_BATCH_NUMBER:
		b->number = f->number;
		return f->type == WIRE_VARINT && f->number > 0 && f->number <= INT64_MAX;
	case WIRE_BATCH_REALTIME:
		b->sealed_realtime_ns = unzigzag(f->number);
		return f->type == WIRE_VARINT;
	case WIRE_BATCH_BOOTTIME:
		b->sealed_boottime_ns = unzigzag(f->number);
		return f->type == WIRE_VARINT;
	}
	return true;
}

int wire_reader_open(struct wire_reader *r, const void *frame, size_t len,
		     struct wire_batch *ret_batch, struct err *err)
{
	struct wire_batch batch = { 0 };
	int res;

	r->left = 0;
	res = unpack(r, frame, len, err);
	if (res < 0)
		return res;
	if (r->left > WIRE_EVENTS_MAX)
		return err_setf(err, -EBADMSG, "batch: %u events, allowed are %u", r->left,
				WIRE_EVENTS_MAX);
	while (r->at.p < r->at.end) {
		struct cursor before = r->at;
		struct field f;

		if (!get_field(&r->at, &f))
			return err_setf(err, -EBADMSG, "batch: broken field at byte %zu",
					(size_t)(before.p - r->unpacked));
		if (f.id == WIRE_BATCH_EVENT) {
			r->at = before;
			break;
		}
		if (!batch_field(&f, &batch))
			return err_setf(err, -EBADMSG, "batch: field %u is not as it must be", f.id);
	}
	if (!batch.stream[0] || !batch.boot_id[0] || !batch.number)
		return err_setf(err, -EBADMSG, "batch: stream, number or boot id is missing");
	batch.event_count = r->left;
	*ret_batch = batch;
	return 0;
}

static int row_value(const struct event_table *t, unsigned int i, const struct field *f,
		     struct event *e, struct err *err)
{
	const struct event_field *d = &t->fields[i];
	size_t len;
	double real;

	switch ((enum event_type)d->type) {
	case EVENT_STRING:
	case EVENT_DYNAMIC:
		if (f->type != WIRE_BYTES)
			break;
		len = (size_t)(f->bytes.end - f->bytes.p);
		if (len > d->max)
			return err_setf(err, -EBADMSG, "%s.%s: %zu bytes, allowed are %u", t->name,
					d->name, len, d->max);
		if (!utf8_valid((const char *)f->bytes.p, len))
			return err_setf(err, -EBADMSG, "%s.%s: not UTF-8", t->name, d->name);
		event_set_text(e, i, (const char *)f->bytes.p, len);
		return 0;
	case EVENT_REAL:
		if (f->type != WIRE_FIXED64)
			break;
		memcpy(&real, &f->number, sizeof(real));
		event_set_real(e, i, real);
		return 0;
	case EVENT_BOOL:
		if (f->type != WIRE_VARINT)
			break;
		event_set_int(e, i, f->number != 0);
		return 0;
	case EVENT_INT:
		if (f->type != WIRE_VARINT || unzigzag(f->number) != (int32_t)unzigzag(f->number))
			break;
		event_set_int(e, i, unzigzag(f->number));
		return 0;
	case EVENT_LONG:
	case EVENT_DATETIME:
		if (f->type != WIRE_VARINT)
			break;
		event_set_int(e, i, unzigzag(f->number));
		return 0;
	}
	return err_setf(err, -EBADMSG, "%s.%s: wrong type on the wire", t->name, d->name);
}

static int read_row(const struct event_table *t, struct cursor c, struct event *e, struct err *err)
{
	event_init(e, (enum event_table_id)(t - event_tables));
	while (c.p < c.end) {
		struct field f;
		int r;

		if (!get_field(&c, &f))
			return err_setf(err, -EBADMSG, "%s: broken field", t->name);
		if (f.id >= t->id_count || t->index_by_id[f.id] == 255)
			continue; /* a newer sensor's field */
		r = row_value(t, t->index_by_id[f.id], &f, e, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static const struct event_table *table_by_id(uint32_t id)
{
	for (size_t i = 0; i < EVENT_TABLE_COUNT; i++) {
		if (event_tables[i].id == id)
			return &event_tables[i];
	}
	return NULL;
}

/* 1: an event of a known table, 0: of a table that only a newer sensor has. */
static int read_event(struct cursor c, struct event *e, struct err *err)
{
	uint64_t cpu = 0, sequence = 0, boottime = 0;
	bool known = false;

	while (c.p < c.end) {
		const struct event_table *t;
		struct field f;
		int r;

		if (!get_field(&c, &f))
			return err_setf(err, -EBADMSG, "broken field");
		if (f.id == WIRE_EVENT_CPU)
			cpu = f.number;
		else if (f.id == WIRE_EVENT_SEQUENCE)
			sequence = f.number;
		else if (f.id == WIRE_EVENT_BOOTTIME)
			boottime = f.number;
		if (f.id <= WIRE_ROW_BASE || f.type != WIRE_BYTES)
			continue;
		t = table_by_id(f.id - WIRE_ROW_BASE);
		if (!t)
			continue;
		r = read_row(t, f.bytes, e, err);
		if (r < 0)
			return r;
		known = true;
	}
	if (!known)
		return 0;
	if (cpu > UINT16_MAX)
		return err_setf(err, -EBADMSG, "processor number %llu", (unsigned long long)cpu);
	e->cpu = (uint16_t)cpu;
	e->sequence = sequence;
	e->boottime_ns = unzigzag(boottime);
	return 1;
}

int wire_reader_next(struct wire_reader *r, struct event *e, struct err *err)
{
	while (r->at.p < r->at.end) {
		struct field f;
		int res;

		if (!get_field(&r->at, &f))
			return err_setf(err, -EBADMSG, "batch: broken field after event %u", r->given);
		if (f.id != WIRE_BATCH_EVENT || f.type != WIRE_BYTES)
			continue;
		if (r->left == 0)
			return err_setf(err, -EBADMSG, "batch: more events than the header says");
		r->left--;
		r->given++;
		res = read_event(f.bytes, e, err);
		if (res < 0)
			return err_prefix(err, res, "event %u: ", r->given);
		if (res > 0)
			return 1;
	}
	if (r->left > 0)
		return err_setf(err, -EBADMSG, "batch: %u events fewer than the header says", r->left);
	return 0;
}
