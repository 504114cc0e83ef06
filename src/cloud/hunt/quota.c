/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/hunt/quota.h"

#include <string.h>

#include "base/clock.h"
#include "base/map.h"
#include "cloud/hunt/hunt.h"

static const struct {
	int64_t window_ns, most_ns;
} windows[] = {
	{ 3600 * NSEC_PER_SEC, HUNT_HOUR_S *NSEC_PER_SEC },
	{ 86400 * NSEC_PER_SEC, HUNT_DAY_S *NSEC_PER_SEC },
};

struct usage {
	struct {
		int64_t number, ran_ns; /* number of the window that is counted */
	} in[ARRAY_SIZE(windows)];
};

struct hunt_quota {
	struct map *tenants; /* id -> struct usage */
};

struct hunt_quota *hunt_quota_new(void)
{
	_cleanup_(hunt_quota_freep) struct hunt_quota *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	q->tenants = map_new(HUNT_TENANTS_MAX);
	return q->tenants ? TAKE_PTR(q) : NULL;
}

static void forget_all(struct hunt_quota *q)
{
	void *usage;

	for (size_t i = 0; map_next(q->tenants, &i, NULL, NULL, &usage);)
		free(usage);
	map_clear(q->tenants);
}

void hunt_quota_free(struct hunt_quota *q)
{
	if (!q)
		return;
	if (q->tenants)
		forget_all(q);
	map_free(q->tenants);
	free(q);
}

unsigned int hunt_quota_wait_s(const struct hunt_quota *q, const char *tenant_id, int64_t now_ns)
{
	const struct usage *u = map_get(q->tenants, tenant_id, strlen(tenant_id));
	unsigned int wait_s = 0;

	for (size_t i = 0; u && i < ARRAY_SIZE(windows); i++) {
		int64_t left = windows[i].window_ns - now_ns % windows[i].window_ns;

		if (u->in[i].number == now_ns / windows[i].window_ns &&
		    u->in[i].ran_ns >= windows[i].most_ns)
			wait_s = (unsigned int)((left + NSEC_PER_SEC - 1) / NSEC_PER_SEC);
	}
	return wait_s;
}

static struct usage *usage_of(struct hunt_quota *q, const char *tenant_id)
{
	struct usage *u = map_get(q->tenants, tenant_id, strlen(tenant_id));

	if (u)
		return u;
	/* More tenants than are remembered begin anew together: it errs on the side of answering.
	 */
	if (map_len(q->tenants) == HUNT_TENANTS_MAX)
		forget_all(q);
	u = calloc(1, sizeof(*u));
	if (u && map_put(q->tenants, tenant_id, strlen(tenant_id), u, NULL) < 0) {
		free(u);
		return NULL;
	}
	return u;
}

void hunt_quota_add(struct hunt_quota *q, const char *tenant_id, int64_t ran_ns, int64_t now_ns)
{
	struct usage *u = usage_of(q, tenant_id);

	for (size_t i = 0; u && i < ARRAY_SIZE(windows); i++) {
		int64_t number = now_ns / windows[i].window_ns;

		if (u->in[i].number != number)
			u->in[i].ran_ns = 0;
		u->in[i].number = number;
		u->in[i].ran_ns += ran_ns;
	}
}
