/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/api/limit.h"

#include <pthread.h>
#include <string.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/hex.h"

#define SLOTS 8192
#define MINUTE_NS (60 * NSEC_PER_SEC)
#define HOUR_NS (3600 * NSEC_PER_SEC)

struct slot {
	int64_t minute, hour; /* number of the window that is counted */
	unsigned int in_minute, in_hour;
};

struct api_limit {
	pthread_mutex_t lock;
	uint64_t seed;
	struct slot slots[SLOTS];
};

struct api_limit *api_limit_new(void)
{
	struct api_limit *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	pthread_mutex_init(&l->lock, NULL);
	random_bytes(&l->seed, sizeof(l->seed));
	return l;
}

void api_limit_free(struct api_limit *l)
{
	if (!l)
		return;
	pthread_mutex_destroy(&l->lock);
	free(l);
}

static unsigned int seconds_left(int64_t now_ns, int64_t window_ns)
{
	return (unsigned int)((window_ns - now_ns % window_ns + NSEC_PER_SEC - 1) / NSEC_PER_SEC);
}

static unsigned int take(struct slot *s, struct api_rate rate, int64_t now_ns)
{
	if (s->minute != now_ns / MINUTE_NS) {
		s->minute = now_ns / MINUTE_NS;
		s->in_minute = 0;
	}
	if (s->hour != now_ns / HOUR_NS) {
		s->hour = now_ns / HOUR_NS;
		s->in_hour = 0;
	}
	if (s->in_hour >= rate.an_hour)
		return seconds_left(now_ns, HOUR_NS);
	if (s->in_minute >= rate.a_minute)
		return seconds_left(now_ns, MINUTE_NS);
	s->in_minute++;
	s->in_hour++;
	return 0;
}

unsigned int api_limit_take(struct api_limit *l, const char *who, const char *what,
			    struct api_rate rate, int64_t now_ns)
{
	uint64_t hash = XXH64(what, strlen(what), XXH64(who, strlen(who), l->seed));
	unsigned int wait_s;

	pthread_mutex_lock(&l->lock);
	wait_s = take(&l->slots[hash % SLOTS], rate, now_ns);
	pthread_mutex_unlock(&l->lock);
	return wait_s;
}
