/* SPDX-License-Identifier: Apache-2.0 */
/*
 * throttle.c - slows guessing of passwords, by name and by address
 *
 * A fixed table indexed by a hash: memory is bounded, and keys that collide share a count, which
 * errs on the side of waiting.
 */
#include <pthread.h>
#include <string.h>
#include <xxhash.h>

#include "base/clock.h"
#include "cloud/access/access.h"

#define SLOTS 4096
#define FREE_TRIES 5
#define FREE_TRIES_ADDRESS 25 /* many may sit behind one address */
#define WAIT_MAX_S 900

struct slot {
	unsigned int failed;
	int64_t until_ns;
};

struct access_throttle {
	pthread_mutex_t lock;
	uint64_t seed;
	struct slot slots[SLOTS];
};

struct access_throttle *access_throttle_new(void)
{
	struct access_throttle *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	pthread_mutex_init(&t->lock, NULL);
	random_bytes(&t->seed, sizeof(t->seed));
	return t;
}

void access_throttle_free(struct access_throttle *t)
{
	if (!t)
		return;
	pthread_mutex_destroy(&t->lock);
	free(t);
}

static struct slot *slot_of(struct access_throttle *t, const char *key)
{
	uint64_t hash = t->seed;

	/* Case does not make another user name. */
	for (const char *p = key; *p; p++) {
		char c = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;

		hash = XXH64(&c, 1, hash);
	}
	return &t->slots[hash % SLOTS];
}

unsigned int access_throttle_wait(struct access_throttle *t, const char *key, int64_t now_ns)
{
	pthread_mutex_lock(&t->lock);
	int64_t left = slot_of(t, key)->until_ns - now_ns;
	pthread_mutex_unlock(&t->lock);
	return left > 0 ? (unsigned int)((left + NSEC_PER_SEC - 1) / NSEC_PER_SEC) : 0;
}

static unsigned int free_tries(const char *key)
{
	return strncmp(key, "address:", 8) == 0 ? FREE_TRIES_ADDRESS : FREE_TRIES;
}

void access_throttle_failed(struct access_throttle *t, const char *key, int64_t now_ns)
{
	pthread_mutex_lock(&t->lock);
	struct slot *s = slot_of(t, key);

	if (s->until_ns && now_ns - s->until_ns > WAIT_MAX_S * NSEC_PER_SEC)
		*s = (struct slot){ 0 };
	s->failed++;
	if (s->failed >= free_tries(key)) {
		unsigned int doublings = MIN(s->failed - free_tries(key), 5u);

		s->until_ns =
		    now_ns + MIN(30u << doublings, (unsigned int)WAIT_MAX_S) * NSEC_PER_SEC;
	}
	pthread_mutex_unlock(&t->lock);
}

void access_throttle_cleared(struct access_throttle *t, const char *key)
{
	pthread_mutex_lock(&t->lock);
	*slot_of(t, key) = (struct slot){ 0 };
	pthread_mutex_unlock(&t->lock);
}
