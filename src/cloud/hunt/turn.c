/* SPDX-License-Identifier: Apache-2.0 */
/*
 * turn.c - who runs now, who waits, who is refused
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "cloud/hunt/hunt_internal.h"

#define BUSY_RETRY_S 5

/* Called with the lock. */
static unsigned int running_of(const struct hunt *h, const char *tenant_id, unsigned int *ret_all)
{
	unsigned int own = 0, all = 0;

	for (size_t i = 0; i < HUNT_RUNNING_MAX; i++) {
		all += h->running[i] != NULL;
		own += h->running[i] && !h->running[i]->request.background &&
		       strcmp(h->running[i]->tenant_id, tenant_id) == 0;
	}
	*ret_all = all;
	return own;
}

static struct hunt_run *find(const struct hunt *h, const char *tenant_id, const char *principal_id,
			     const char *run_id)
{
	for (size_t i = 0; i < HUNT_RUNNING_MAX; i++) {
		struct hunt_run *r = h->running[i];

		if (r && *r->run_id && !strcmp(r->run_id, run_id) &&
		    !strcmp(r->tenant_id, tenant_id) && !strcmp(r->principal_id, principal_id))
			return r;
	}
	return NULL;
}

static bool has_room(const struct hunt *h, const struct hunt_run *r)
{
	unsigned int all, own = running_of(h, r->tenant_id, &all);

	if (r->request.background)
		return all < HUNT_RUNNING_MAX;
	return all + h->background_waiting < HUNT_RUNNING_MAX && own < HUNT_TENANT_RUNNING_MAX;
}

static void seconds_from_now(unsigned int seconds, struct timespec *ret_until)
{
	clock_gettime(CLOCK_MONOTONIC, ret_until);
	ret_until->tv_sec += seconds;
}

/* A rule's run: the next place is its own, as long as nobody takes it back. */
static int wait_in_background(struct hunt *h, struct hunt_run *r, struct err *err)
{
	struct timespec until;

	h->background_waiting++;
	for (int i = 0; i < HUNT_BACKGROUND_WAIT_S && !has_room(h, r) && !hunt_run_stops(r); i++) {
		seconds_from_now(1, &until);
		(void)pthread_cond_timedwait(&h->ended, &h->lock, &until);
	}
	h->background_waiting--;
	pthread_cond_broadcast(&h->ended); /* those who let us pass may be next */
	if (hunt_run_stops(r))
		return err_setf(err, -ECANCELED, "taken back while it waited");
	return has_room(h, r) ? 0
			      : err_setf(err, -EBUSY, "Other queries took longer than %d seconds.",
					 HUNT_BACKGROUND_WAIT_S);
}

static int wait_for_room(struct hunt *h, struct hunt_run *r, struct err *err)
{
	struct timespec until;

	if (r->request.background)
		return wait_in_background(h, r, err);
	if (has_room(h, r))
		return 0;
	if (h->waiting >= HUNT_WAITING_MAX)
		return err_setf(err, -EBUSY, "Too many queries are running; try again later.");
	seconds_from_now(HUNT_WAIT_S, &until);
	h->waiting++;
	while (!has_room(h, r) && pthread_cond_timedwait(&h->ended, &h->lock, &until) != ETIMEDOUT)
		;
	h->waiting--;
	if (has_room(h, r))
		return 0;
	return err_setf(err, -EBUSY, "Other queries took longer than %d seconds; try again later.",
			HUNT_WAIT_S);
}

/* Called with the lock. */
static int take(struct hunt *h, struct hunt_run *r, struct err *err)
{
	int result;

	if (!r->request.background &&
	    hunt_quota_wait_s(h->quota, r->tenant_id, clock_monotonic_ns()))
		return err_setf(
		    err, -EDQUOT,
		    "The running time of queries is used up: %d minutes an hour, %d hours a day.",
		    HUNT_HOUR_S / 60, HUNT_DAY_S / 3600);
	result = wait_for_room(h, r, err);
	if (result < 0)
		return result;
	if (*r->run_id && find(h, r->tenant_id, r->principal_id, r->run_id))
		return err_setf(err, -EEXIST, "A query with the id '%s' is running.", r->run_id);
	for (size_t i = 0; i < HUNT_RUNNING_MAX && !r->admitted; i++) {
		if (h->running[i])
			continue;
		h->running[i] = r;
		r->admitted = true;
	}
	return 0;
}

int hunt_turn_take(struct hunt_run *r, struct err *err)
{
	struct hunt *h = r->hunt;
	int64_t before = clock_monotonic_ns();
	int result;

	pthread_mutex_lock(&h->lock);
	result = take(h, r, err);
	h->stats.too_many += result == -EBUSY;
	h->stats.over_quota += result == -EDQUOT;
	pthread_mutex_unlock(&h->lock);
	r->wait_ns = clock_monotonic_ns() - before;
	return result;
}

void hunt_turn_give_back(struct hunt_run *r)
{
	struct hunt *h = r->hunt;

	if (!r->admitted)
		return;
	pthread_mutex_lock(&h->lock);
	for (size_t i = 0; i < HUNT_RUNNING_MAX; i++)
		if (h->running[i] == r)
			h->running[i] = NULL;
	if (!r->request.background)
		hunt_quota_add(h->quota, r->tenant_id, r->ran_ns, clock_monotonic_ns());
	h->stats.running_ms += (uint64_t)(r->ran_ns / NSEC_PER_MSEC);
	pthread_cond_broadcast(&h->ended);
	pthread_mutex_unlock(&h->lock);
}

void hunt_count_refused(struct hunt *h)
{
	pthread_mutex_lock(&h->lock);
	h->stats.refused++;
	pthread_mutex_unlock(&h->lock);
}

void hunt_count(struct hunt *h, int result, bool limited)
{
	struct hunt_stats *s = &h->stats;

	pthread_mutex_lock(&h->lock);
	s->runs++;
	s->limited += limited;
	s->cancelled += result == -ECANCELED;
	s->timed_out += result == -ETIMEDOUT;
	s->failed += result < 0 && result != -ECANCELED && result != -ETIMEDOUT;
	pthread_mutex_unlock(&h->lock);
}

unsigned int hunt_retry_after_s(struct hunt *h, const char *tenant_id, int r)
{
	unsigned int wait_s;

	if (r != -EDQUOT)
		return BUSY_RETRY_S;
	pthread_mutex_lock(&h->lock);
	wait_s = hunt_quota_wait_s(h->quota, tenant_id, clock_monotonic_ns());
	pthread_mutex_unlock(&h->lock);
	return MAX(wait_s, 1u);
}

int hunt_cancel(struct hunt *h, const char *tenant_id, const char *principal_id, const char *run_id)
{
	struct hunt_run *r;

	pthread_mutex_lock(&h->lock);
	r = find(h, tenant_id, principal_id, run_id);
	if (r)
		atomic_store(&r->cancelled, true);
	pthread_mutex_unlock(&h->lock);
	return r ? 0 : -ENOENT;
}

bool hunt_run_stops(void *run)
{
	struct hunt_run *r = run;

	return atomic_load(&r->cancelled) ||
	       (r->request.gone && r->request.gone(r->request.gone_arg));
}

void hunt_get_stats(struct hunt *h, struct hunt_stats *ret_stats)
{
	unsigned int all;

	pthread_mutex_lock(&h->lock);
	(void)running_of(h, "", &all);
	*ret_stats = h->stats;
	ret_stats->running = all;
	ret_stats->waiting = h->waiting;
	pthread_mutex_unlock(&h->lock);
}
