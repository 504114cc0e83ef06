/* SPDX-License-Identifier: Apache-2.0 */
#include "map.h"

#include <errno.h>
#include <string.h>
#include <xxhash.h>

#define MAP_CAP_MIN 16
/* Keys up to this length (all numbers) lie in the slot, so that a look-up touches one line. */
#define MAP_INLINE_KEY 16

struct slot {
	void *value;
	uint32_t hash; /* low half; 0 = empty, 1 = removed, so real hashes start at 2 */
	uint32_t len;
	union {
		char small[MAP_INLINE_KEY];
		char *big;
	} key;
};

struct map {
	struct slot *slots;
	size_t cap; /* power of two */
	size_t len;
	size_t filled; /* live and removed slots: what probing walks over */
	size_t max;
};

enum { SLOT_EMPTY, SLOT_REMOVED, SLOT_FIRST };

static uint32_t hash_key(const void *key, size_t len)
{
	uint32_t h = (uint32_t)XXH3_64bits(key, len);

	return h < SLOT_FIRST ? h + SLOT_FIRST : h;
}

static const char *slot_key(const struct slot *s)
{
	return s->len <= MAP_INLINE_KEY ? s->key.small : s->key.big;
}

static bool slot_live(const struct slot *s)
{
	return s->hash >= SLOT_FIRST;
}

static void slot_remove(struct slot *s)
{
	if (s->len > MAP_INLINE_KEY)
		free(s->key.big);
	s->hash = SLOT_REMOVED;
	s->value = NULL;
	s->len = 0;
}

struct map *map_new(size_t max)
{
	struct map *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->cap = MAP_CAP_MIN;
	m->max = max;
	m->slots = calloc(m->cap, sizeof(*m->slots));
	if (!m->slots) {
		free(m);
		return NULL;
	}
	return m;
}

void map_clear(struct map *m)
{
	for (size_t i = 0; i < m->cap; i++) {
		if (slot_live(&m->slots[i]))
			slot_remove(&m->slots[i]);
		m->slots[i].hash = SLOT_EMPTY;
	}
	m->len = m->filled = 0;
}

void map_free(struct map *m)
{
	if (!m)
		return;
	map_clear(m);
	free(m->slots);
	free(m);
}

size_t map_len(const struct map *m)
{
	return m->len;
}

static struct slot *find(const struct map *m, uint32_t hash, const void *key, size_t len)
{
	for (size_t i = hash & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
		struct slot *s = &m->slots[i];

		if (s->hash == SLOT_EMPTY)
			return NULL;
		if (s->hash == hash && s->len == len && memcmp(slot_key(s), key, len) == 0)
			return s;
	}
}

static int rehash(struct map *m, size_t cap)
{
	struct slot *old = m->slots;
	size_t old_cap = m->cap;

	m->slots = calloc(cap, sizeof(*m->slots));
	if (!m->slots) {
		m->slots = old;
		return -ENOMEM;
	}
	m->cap = cap;
	for (size_t i = 0; i < old_cap; i++) {
		if (!slot_live(&old[i]))
			continue;
		size_t at = old[i].hash & (cap - 1);

		while (m->slots[at].hash != SLOT_EMPTY)
			at = (at + 1) & (cap - 1);
		m->slots[at] = old[i];
	}
	m->filled = m->len;
	free(old);
	return 0;
}

int map_put(struct map *m, const void *key, size_t len, void *value, void **ret_old)
{
	uint32_t hash = hash_key(key, len);
	struct slot *s = find(m, hash, key, len);
	char *big = NULL;

	if (ret_old)
		*ret_old = s ? s->value : NULL;
	if (s) {
		s->value = value;
		return 0;
	}
	if (m->len >= m->max)
		return -ENOSPC;
	if ((m->filled + 1) * 4 > m->cap * 3) {
		/* Mostly removed slots: clean up in place instead of growing. */
		int r = rehash(m, (m->len + 1) * 2 > m->cap ? m->cap * 2 : m->cap);

		if (r < 0)
			return r;
	}
	if (len > MAP_INLINE_KEY) {
		big = malloc(len);
		if (!big)
			return -ENOMEM;
		memcpy(big, key, len);
	}
	for (size_t i = hash & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
		s = &m->slots[i];
		if (!slot_live(s))
			break;
	}
	if (s->hash == SLOT_EMPTY)
		m->filled++;
	s->hash = hash;
	s->len = (uint32_t)len;
	s->value = value;
	if (big)
		s->key.big = big;
	else
		memcpy(s->key.small, key, len);
	m->len++;
	return 0;
}

void *map_get(const struct map *m, const void *key, size_t len)
{
	struct slot *s = find(m, hash_key(key, len), key, len);

	return s ? s->value : NULL;
}

void *map_remove(struct map *m, const void *key, size_t len)
{
	struct slot *s = find(m, hash_key(key, len), key, len);
	void *value;

	if (!s)
		return NULL;
	value = s->value;
	slot_remove(s);
	m->len--;
	return value;
}

bool map_next(const struct map *m, size_t *i, const void **ret_key, size_t *ret_len,
	      void **ret_value)
{
	while (*i < m->cap) {
		const struct slot *s = &m->slots[(*i)++];

		if (!slot_live(s))
			continue;
		if (ret_key)
			*ret_key = slot_key(s);
		if (ret_len)
			*ret_len = s->len;
		if (ret_value)
			*ret_value = s->value;
		return true;
	}
	return false;
}
