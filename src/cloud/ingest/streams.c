/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/ingest/streams.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"

#define KEY_MAX 160

struct streams {
	pthread_mutex_t lock;
	struct map *map; /* of struct stream */
};

int streams_new(struct streams **ret_streams)
{
	_cleanup_(streams_freep) struct streams *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	pthread_mutex_init(&s->lock, NULL);
	s->map = map_new(STREAMS_MAX);
	if (!s->map)
		return -ENOMEM;
	*ret_streams = TAKE_PTR(s);
	return 0;
}

void streams_free(struct streams *s)
{
	void *value;

	if (!s)
		return;
	for (size_t i = 0; s->map && map_next(s->map, &i, NULL, NULL, &value);)
		free(value);
	map_free(s->map);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* An eighth at a time, whichever comes: to be asked about once more is all that it costs. */
static void forget_some(struct streams *s)
{
	size_t forgotten = 0, len;
	const void *key;
	void *value;

	for (size_t i = 0; forgotten < STREAMS_MAX / 8 && map_next(s->map, &i, &key, &len, &value);) {
		struct stream *st = value;

		if (st->busy)
			continue;
		map_remove(s->map, key, len);
		free(st);
		forgotten++;
	}
}

static int make(struct streams *s, const char *key, size_t len, struct stream **ret_stream)
{
	struct stream *st;
	int r;

	if (map_len(s->map) >= STREAMS_MAX)
		forget_some(s);
	st = calloc(1, sizeof(*st));
	if (!st)
		return -ENOMEM;
	r = map_put(s->map, key, len, st, NULL);
	if (r < 0) {
		free(st);
		return r;
	}
	*ret_stream = st;
	return 0;
}

int streams_enter(struct streams *s, const char *device_id, const char *stream,
		  struct stream **ret_stream)
{
	char key[KEY_MAX];
	int len = snprintf(key, sizeof(key), "%s:%s", device_id, stream), r = 0;
	struct stream *st;

	if (len >= KEY_MAX)
		return -EINVAL;
	pthread_mutex_lock(&s->lock);
	st = map_get(s->map, key, (size_t)len);
	if (!st)
		r = make(s, key, (size_t)len, &st);
	else if (st->busy)
		r = -EBUSY;
	if (r == 0)
		st->busy = true;
	pthread_mutex_unlock(&s->lock);
	if (r == 0)
		*ret_stream = st;
	return r;
}

void streams_leave(struct streams *s, struct stream *st)
{
	if (!st)
		return;
	pthread_mutex_lock(&s->lock);
	st->busy = false;
	pthread_mutex_unlock(&s->lock);
}
