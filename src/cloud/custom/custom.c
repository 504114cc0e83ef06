/* SPDX-License-Identifier: Apache-2.0 */
/*
 * custom.c - two threads that run what is due
 */
#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "cloud/custom/custom_internal.h"

#define LOOK_EVERY_S 5 /* for what is due; whoever changes a rule wakes the threads */

void custom_wake(struct custom *c)
{
	pthread_mutex_lock(&c->lock);
	c->wakes++;
	pthread_cond_broadcast(&c->wake);
	pthread_mutex_unlock(&c->lock);
}

void custom_get_stats(struct custom *c, struct custom_stats *ret_stats)
{
	pthread_mutex_lock(&c->lock);
	*ret_stats = c->stats;
	pthread_mutex_unlock(&c->lock);
}

/* 1: a rule was due and ran. */
static int run_one(struct worker *w, struct err *err)
{
	_cleanup_(rule_freep) struct custom_rule *rule = NULL;
	struct state_conn *conn = state_get(w->custom->options.state);
	char tenant[UUID_TEXT_SIZE];
	int64_t id;
	int r =
	    conn ? rule_due(conn, w->continuous, clock_realtime_ns(), &id, tenant, err) : -ENOMEM;

	if (r == 1)
		r = rule_load(conn, tenant, id, &rule, err);
	if (r == 1)
		r = custom_run(w->custom, rule, err) ?: 1;
	return r;
}

/* Until somebody wakes us, or it is time to look. */
static void wait(struct custom *c, uint64_t *wakes)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += LOOK_EVERY_S;
	pthread_mutex_lock(&c->lock);
	while (*wakes == c->wakes && !atomic_load(&c->stopping) &&
	       pthread_cond_timedwait(&c->wake, &c->lock, &until) != ETIMEDOUT)
		;
	*wakes = c->wakes;
	pthread_mutex_unlock(&c->lock);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	uint64_t wakes = 0;

	while (!atomic_load(&w->custom->stopping)) {
		struct err err = { 0 };
		int r = run_one(w, &err);

		/* The state itself is ill: its rows say nothing of that. */
		if (r < 0)
			LOG_RATELIMIT(LOG_LEVEL_ERROR, 60, "custom detections: %s",
				      err_msg(&err, r));
		if (r != 1)
			wait(w->custom, &wakes);
	}
	return NULL;
}

static int start(struct custom *c, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(c->workers); i++) {
		struct worker *w = &c->workers[i];
		int r;

		w->custom = c;
		w->continuous = i == 0;
		r = pthread_create(&w->thread, NULL, work, w);
		if (r != 0)
			return err_setf(err, -r, "a thread for custom detections cannot be made");
		w->started = true;
	}
	return 0;
}

int custom_open(const struct custom_options *options, struct custom **ret_custom, struct err *err)
{
	_cleanup_(custom_closep) struct custom *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return err_setf(err, -ENOMEM, "out of memory");
	c->options = *options;
	pthread_mutex_init(&c->lock, NULL);
	clock_cond_init(&c->wake);
	r = start(c, err);
	if (r < 0)
		return r;
	*ret_custom = TAKE_PTR(c);
	return 0;
}

void custom_close(struct custom *c)
{
	if (!c)
		return;
	atomic_store(&c->stopping, true);
	custom_wake(c);
	for (size_t i = 0; i < ARRAY_SIZE(c->workers); i++)
		if (c->workers[i].started)
			pthread_join(c->workers[i].thread, NULL);
	pthread_cond_destroy(&c->wake);
	pthread_mutex_destroy(&c->lock);
	free(c);
}
