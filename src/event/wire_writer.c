/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire_writer.c - encodes events into a batch and seals it as a frame
 *
 * Lengths of nested messages are written as varints of four bytes and filled in afterwards, so
 * that one pass over an event is enough; padded varints are legal protobuf and zstd removes them.
 */
#include "event/wire.h"

#include <endian.h>
#include <errno.h>
#include <xxhash.h>
#include <zstd.h>

#include "base/utf8.h"
#include "event/wire_format.h"

#define ZSTD_LEVEL 1
#define LENGTH_SIZE 4
#define LENGTH_MAX ((1u << 28) - 1)

/* What the batch's own fields take at most. They are written last and stand before the events. */
#define HEAD_MAX 256
/* A buffer that one giant event has grown past this is not kept. */
#define KEEP_BYTES (8u << 20)

struct wire_writer {
	struct buf payload; /* HEAD_MAX bytes of room, then the events */
	uint32_t count;
	ZSTD_CCtx *zstd;
};

int wire_writer_new(struct wire_writer **ret_writer)
{
	struct wire_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	buf_init(&w->payload, WIRE_UNPACKED_MAX);
	w->zstd = ZSTD_createCCtx();
	if (!w->zstd) {
		wire_writer_free(w);
		return -ENOMEM;
	}
	*ret_writer = w;
	return 0;
}

void wire_writer_free(struct wire_writer *w)
{
	if (!w)
		return;
	buf_done(&w->payload);
	ZSTD_freeCCtx(w->zstd);
	free(w);
}

uint32_t wire_writer_count(const struct wire_writer *w)
{
	return w->count;
}

size_t wire_writer_bytes(const struct wire_writer *w)
{
	return w->count ? w->payload.len - HEAD_MAX : 0;
}

static char *put_varint(char *p, uint64_t v)
{
	while (v >= 0x80) {
		*p++ = (char)(v | 0x80);
		v >>= 7;
	}
	*p++ = (char)v;
	return p;
}

static uint64_t zigzag(int64_t v)
{
	return ((uint64_t)v << 1) ^ (uint64_t)(v >> 63);
}

static char *put_key(char *p, unsigned int id, enum wire_type type)
{
	return put_varint(p, (uint64_t)id << 3 | type);
}

static char *put_uint(char *p, unsigned int id, uint64_t v)
{
	return put_varint(put_key(p, id, WIRE_VARINT), v);
}

static char *put_bytes(char *p, unsigned int id, const char *s, size_t len)
{
	p = put_varint(put_key(p, id, WIRE_BYTES), len);
	memcpy(p, s, len);
	return p + len;
}

static void fill_length(char *at, size_t len)
{
	at[0] = (char)(len | 0x80);
	at[1] = (char)(len >> 7 | 0x80);
	at[2] = (char)(len >> 14 | 0x80);
	at[3] = (char)(len >> 21 & 0x7f);
}

/* The longest prefix of at most max bytes that does not cut a character. */
static size_t cut_text(const char *s, size_t len, size_t max)
{
	if (len <= max)
		return len;
	len = max;
	while (len > 0 && ((unsigned char)s[len] & 0xc0) == 0x80)
		len--;
	return len;
}

static size_t event_bound(const struct event *e)
{
	/* Keys, numbers and lengths: at most 13 bytes a field. */
	size_t bound = 64 + (size_t)e->table->field_count * 13;

	for (unsigned int i = 0; i < e->table->field_count; i++) {
		const struct event_field *f = &e->table->fields[i];

		if (event_has(e, i) && (f->type == EVENT_STRING || f->type == EVENT_DYNAMIC))
			bound += MIN(e->values[i].len, f->max);
	}
	return bound;
}

static char *put_field(char *p, const struct event_field *f, const struct event_value *v)
{
	uint64_t bits;

	switch ((enum event_type)f->type) {
	case EVENT_STRING:
	case EVENT_DYNAMIC:
		return put_bytes(p, f->id, v->s, cut_text(v->s, v->len, f->max));
	case EVENT_BOOL:
		return put_uint(p, f->id, v->i != 0);
	case EVENT_REAL:
		p = put_key(p, f->id, WIRE_FIXED64);
		memcpy(&bits, &v->d, sizeof(bits));
		bits = htole64(bits);
		memcpy(p, &bits, sizeof(bits));
		return p + sizeof(bits);
	case EVENT_INT:
	case EVENT_LONG:
	case EVENT_DATETIME:
		return put_uint(p, f->id, zigzag(v->i));
	}
	return p;
}

static char *put_row(char *p, const struct event *e)
{
	for (unsigned int word = 0; word < ARRAY_SIZE(e->set); word++) {
		for (uint64_t bits = e->set[word]; bits; bits &= bits - 1) {
			unsigned int i = word * 64 + (unsigned int)__builtin_ctzll(bits);

			p = put_field(p, &e->table->fields[i], &e->values[i]);
		}
	}
	return p;
}

static int make_room(struct wire_writer *w, size_t bound)
{
	int r;

	if (!w->count)
		w->payload.len = 0;
	r = buf_reserve(&w->payload, w->count ? bound : HEAD_MAX + bound);
	if (r < 0)
		w->payload.error = 0; /* The content is whole; only this event found no room. */
	else if (!w->count)
		w->payload.len = HEAD_MAX;
	return r;
}

int wire_writer_add(struct wire_writer *w, const struct event *e)
{
	size_t bound = event_bound(e);
	char *start, *event_length, *row_length, *p;
	int r;

	if (w->count >= WIRE_EVENTS_MAX || bound > LENGTH_MAX)
		return -EMSGSIZE;
	r = make_room(w, bound);
	if (r < 0)
		return r;
	start = w->payload.data + w->payload.len;
	event_length = put_key(start, WIRE_BATCH_EVENT, WIRE_BYTES);
	p = event_length + LENGTH_SIZE;
	p = put_uint(p, WIRE_EVENT_CPU, e->cpu);
	p = put_uint(p, WIRE_EVENT_SEQUENCE, e->sequence);
	p = put_uint(p, WIRE_EVENT_BOOTTIME, zigzag(e->boottime_ns));
	row_length = put_key(p, WIRE_ROW_BASE + e->table->id, WIRE_BYTES);
	p = put_row(row_length + LENGTH_SIZE, e);
	fill_length(row_length, (size_t)(p - row_length) - LENGTH_SIZE);
	fill_length(event_length, (size_t)(p - event_length) - LENGTH_SIZE);
	w->payload.len += (size_t)(p - start);
	w->count++;
	return 0;
}

/* Puts the batch's fields right before the events; returns where the message begins. */
static const char *put_batch(struct wire_writer *w, const struct wire_batch *batch)
{
	char head[HEAD_MAX], *p = head, *start;

	p = put_bytes(p, WIRE_BATCH_STREAM, batch->stream, strlen(batch->stream));
	p = put_uint(p, WIRE_BATCH_NUMBER, batch->number);
	p = put_bytes(p, WIRE_BATCH_BOOT_ID, batch->boot_id, strlen(batch->boot_id));
	p = put_uint(p, WIRE_BATCH_REALTIME, zigzag(batch->sealed_realtime_ns));
	p = put_uint(p, WIRE_BATCH_BOOTTIME, zigzag(batch->sealed_boottime_ns));
	start = w->payload.data + HEAD_MAX - (p - head);
	memcpy(start, head, (size_t)(p - head));
	return start;
}

static void put_u32(char *p, uint32_t v)
{
	v = htole32(v);
	memcpy(p, &v, sizeof(v));
}

static int pack(struct wire_writer *w, const char *message, size_t len, struct buf *out)
{
	size_t packed, bound = ZSTD_compressBound(len);
	uint64_t hash;
	char *head;
	int r = buf_reserve(out, WIRE_HEADER_SIZE + bound);

	if (r < 0)
		return r;
	head = out->data + out->len;
	packed = ZSTD_compressCCtx(w->zstd, head + WIRE_HEADER_SIZE, bound, message, len, ZSTD_LEVEL);
	if (ZSTD_isError(packed))
		return -ENOMEM;
	if (packed > WIRE_PACKED_MAX)
		return -EMSGSIZE;
	memcpy(head, WIRE_MAGIC, 4);
	put_u32(head + 4, (uint32_t)packed);
	put_u32(head + 8, (uint32_t)len);
	put_u32(head + 12, w->count);
	hash = htole64(XXH3_64bits(head + WIRE_HEADER_SIZE, packed));
	memcpy(head + 16, &hash, sizeof(hash));
	out->len += WIRE_HEADER_SIZE + packed;
	return 0;
}

int wire_writer_seal(struct wire_writer *w, const struct wire_batch *batch, struct buf *out)
{
	const char *message;
	int r = w->count ? 0 : make_room(w, 0);

	if (r < 0)
		return r;
	message = put_batch(w, batch);
	r = pack(w, message, (size_t)(w->payload.data + w->payload.len - message), out);
	if (r < 0)
		return r;
	if (w->payload.cap > KEEP_BYTES)
		buf_done(&w->payload);
	else
		buf_clear(&w->payload);
	w->count = 0;
	return 0;
}
