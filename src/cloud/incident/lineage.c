/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/incident/lineage.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <xxhash.h>

#include "base/hex.h"
#include "cloud/detect/subject.h"

#define SETS 65536u /* 10 MiB with the ways below */
#define WAYS 4
#define LOCKS 64

struct entry {
	uint64_t key[2]; /* hash of device and process; 0, 0: empty */
	uint8_t parent[16];
	uint64_t has_parent;
};

struct set {
	struct entry ways[WAYS];
	uint32_t next; /* the way that is given up first */
};

struct lineage {
	struct set *sets;
	pthread_mutex_t locks[LOCKS];
};

int lineage_new(struct lineage **ret_lineage)
{
	_cleanup_(lineage_freep) struct lineage *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_init(&l->locks[i], NULL);
	l->sets = calloc(SETS, sizeof(*l->sets));
	if (!l->sets)
		return -ENOMEM;
	*ret_lineage = TAKE_PTR(l);
	return 0;
}

void lineage_free(struct lineage *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&l->locks[i]);
	free(l->sets);
	free(l);
}

static XXH128_hash_t key_of(const char *device_id, const char *id, size_t len)
{
	uint64_t seed = XXH3_64bits(device_id, strlen(device_id));

	return XXH3_128bits_withSeed(id, len, seed);
}

static struct entry *find(struct set *set, XXH128_hash_t key)
{
	for (size_t i = 0; i < WAYS; i++) {
		if (set->ways[i].key[0] == key.low64 && set->ways[i].key[1] == key.high64)
			return &set->ways[i];
	}
	return NULL;
}

static void put(struct lineage *l, XXH128_hash_t key, const uint8_t parent[16], bool has_parent)
{
	size_t index = key.low64 % SETS;
	struct set *set = &l->sets[index];

	pthread_mutex_lock(&l->locks[index % LOCKS]);
	if (!find(set, key)) {
		struct entry *e = &set->ways[set->next++ % WAYS];

		e->key[0] = key.low64;
		e->key[1] = key.high64;
		memcpy(e->parent, parent, sizeof(e->parent));
		e->has_parent = has_parent;
	}
	pthread_mutex_unlock(&l->locks[index % LOCKS]);
}

void lineage_put(struct lineage *l, const char *device_id, const char *id, const char *parent_id)
{
	uint8_t parent[16] = { 0 };
	bool has_parent = *parent_id && hex_decode(parent_id, parent, sizeof(parent)) == 0;

	put(l, key_of(device_id, id, strlen(id)), parent, has_parent);
}

void lineage_observe(struct lineage *l, const char *device_id, const struct event *e)
{
	const struct subject_columns *c;
	const char *id, *parent_id, *name;
	size_t id_len, parent_len, name_len;
	uint8_t parent[16] = { 0 };
	char text[EVENT_UNIQUE_ID_SIZE];
	bool has_parent;

	if (e->table != &event_tables[EVENT_DeviceProcessEvents])
		return;
	c = subject_columns(e->table);
	id = subject_text(e, c->unique_id, &id_len);
	parent_id = subject_text(e, c->parent_unique_id, &parent_len);
	name = subject_text(e, c->parent_file_name, &name_len);
	/* A row that knows no parent, or of an end alone, must not shut out one that does. */
	if (id_len != EVENT_UNIQUE_ID_SIZE - 1 || parent_len != EVENT_UNIQUE_ID_SIZE - 1)
		return;
	memcpy(text, parent_id, parent_len);
	text[parent_len] = '\0';
	has_parent = subject_number(e, c->parent_id) > 1 &&
		     !subject_begins_sessions(name, name_len) &&
		     hex_decode(text, parent, sizeof(parent)) == 0;
	put(l, key_of(device_id, id, id_len), parent, has_parent);
}

int lineage_get(struct lineage *l, const char *device_id, const char *id,
		char ret_parent_id[EVENT_UNIQUE_ID_SIZE])
{
	XXH128_hash_t key = key_of(device_id, id, strlen(id));
	size_t index = key.low64 % SETS;
	struct entry *e;
	int r = -ENOENT;

	pthread_mutex_lock(&l->locks[index % LOCKS]);
	e = find(&l->sets[index], key);
	if (e) {
		r = e->has_parent;
		if (r)
			hex_encode(e->parent, sizeof(e->parent), ret_parent_id);
	}
	pthread_mutex_unlock(&l->locks[index % LOCKS]);
	return r;
}
