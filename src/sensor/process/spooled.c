/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/spooled.h"

#include <errno.h>
#include <string.h>

#include "base/map.h"
#include "event/spool.h"
#include "event/wire.h"

struct spooled {
	struct map *numbers; /* struct number; the value only says that it is there */
};

struct number {
	uint64_t sequence;
	uint64_t cpu;
};

void spooled_free(struct spooled *s)
{
	if (!s)
		return;
	map_free(s->numbers);
	free(s);
}

static int keep(struct spooled *s, const struct event *e)
{
	const struct number n = { e->sequence, e->cpu };

	return map_put(s->numbers, &n, sizeof(n), s, NULL);
}

static int read_events(struct spooled *s, const struct buf *frame, const char *boot_id, struct err *err)
{
	_cleanup_(wire_reader_freep) struct wire_reader *reader = NULL;
	struct wire_batch batch;
	struct event *e = malloc(sizeof(*e));
	int r = e ? wire_reader_new(&reader) : -ENOMEM;

	if (r == 0)
		r = wire_reader_open(reader, frame->data, frame->len, &batch, err);
	if (r == 0 && strcmp(batch.boot_id, boot_id) == 0) {
		while ((r = wire_reader_next(reader, e, err)) == 1 && (r = keep(s, e)) == 0)
			;
	}
	free(e);
	return r;
}

int spooled_read(const char *spool_dir, const char *boot_id, struct spooled **ret_spooled,
		 struct err *err)
{
	_cleanup_(spooled_freep) struct spooled *s = calloc(1, sizeof(*s));
	_cleanup_buf_ struct buf frame = BUF_INIT(WIRE_HEADER_SIZE + WIRE_PACKED_MAX);
	int r;

	if (!s)
		return -ENOMEM;
	s->numbers = map_new(WIRE_EVENTS_MAX);
	if (!s->numbers)
		return -ENOMEM;
	r = spool_last_frame(spool_dir, &frame, err);
	if (r == 1)
		r = read_events(s, &frame, boot_id, err);
	if (r < 0)
		return r;
	*ret_spooled = TAKE_PTR(s);
	return 0;
}

bool spooled_has(const struct spooled *s, uint16_t cpu, uint64_t sequence)
{
	const struct number n = { sequence, cpu };

	return s && map_get(s->numbers, &n, sizeof(n));
}

void spooled_each(const struct spooled *s, void (*fn)(void *arg, uint16_t cpu, uint64_t sequence),
		  void *arg)
{
	const void *key;

	for (size_t i = 0; s && map_next(s->numbers, &i, &key, NULL, NULL);) {
		const struct number *n = key;

		fn(arg, n->cpu, n->sequence);
	}
}

size_t spooled_count(const struct spooled *s)
{
	return s ? map_len(s->numbers) : 0;
}
