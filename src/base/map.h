/* SPDX-License-Identifier: Apache-2.0 */
/*
 * map.h - hash map from bytes or from a 64-bit number to a pointer, with a stated maximum
 *
 * Open addressing with linear probing over XXH3. Keys of bytes are copied; values are the
 * caller's. Iteration order is not defined; removing the current entry while iterating is allowed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "macro.h"

struct map;

/* max: the number of entries beyond which map_put() answers -ENOSPC. */
struct map *map_new(size_t max);
void map_free(struct map *m);
DEFINE_CLEANUP(struct map *, map_free)

size_t map_len(const struct map *m);

/* Sets key to value; *ret_old (nullable) is the value before, else NULL. -ENOMEM, -ENOSPC. */
int map_put(struct map *m, const void *key, size_t len, void *value, void **ret_old);
void *map_get(const struct map *m, const void *key, size_t len);
/* Takes the entry out and returns its value; NULL where there was none. */
void *map_remove(struct map *m, const void *key, size_t len);
void map_clear(struct map *m);

static inline int map_put_u64(struct map *m, uint64_t key, void *value, void **ret_old)
{
	return map_put(m, &key, sizeof(key), value, ret_old);
}
static inline void *map_get_u64(const struct map *m, uint64_t key)
{
	return map_get(m, &key, sizeof(key));
}
static inline void *map_remove_u64(struct map *m, uint64_t key)
{
	return map_remove(m, &key, sizeof(key));
}

/* for (size_t i = 0; map_next(m, &i, &key, &len, &value);) ... ; each out is nullable. */
bool map_next(const struct map *m, size_t *i, const void **ret_key, size_t *ret_len,
	      void **ret_value);
