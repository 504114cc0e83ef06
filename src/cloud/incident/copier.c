/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copier.c - the thread that keeps the store's alerts abreast of state
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "cloud/incident/copies.h"

#define WRITE_EVERY_S 1

struct copier {
	struct state *state;
	struct telemetry *telemetry;
	pthread_t thread;
	pthread_mutex_t lock; /* all below */
	pthread_cond_t wake;
	bool stopping;
};

/* False when it is time to end. */
static bool wait(struct copier *c)
{
	struct timespec until;
	bool goes_on;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += WRITE_EVERY_S;
	pthread_mutex_lock(&c->lock);
	while (!c->stopping && pthread_cond_timedwait(&c->wake, &c->lock, &until) != ETIMEDOUT)
		;
	goes_on = !c->stopping;
	pthread_mutex_unlock(&c->lock);
	return goes_on;
}

static void *work(void *arg)
{
	struct copier *c = arg;

	do {
		struct state_conn *conn = state_get(c->state);
		struct err err = { 0 };
		int r = conn ? copies_write(conn, c->telemetry, &err) : -ENOMEM;

		/* What is due stays due: it is tried again. */
		if (r < 0)
			LOG_RATELIMIT(LOG_LEVEL_ERROR, 60, "alerts are not in the event store yet: %s",
				      err_msg(&err, r));
	} while (wait(c));
	return NULL;
}

int copier_open(struct state *state, struct telemetry *telemetry, struct copier **ret_copier,
		struct err *err)
{
	struct copier *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return err_setf(err, -ENOMEM, "out of memory");
	c->state = state;
	c->telemetry = telemetry;
	pthread_mutex_init(&c->lock, NULL);
	clock_cond_init(&c->wake);
	r = pthread_create(&c->thread, NULL, work, c);
	if (r) {
		pthread_cond_destroy(&c->wake);
		pthread_mutex_destroy(&c->lock);
		free(c);
		return err_setf(err, -r, "a thread for alerts cannot be made");
	}
	*ret_copier = c;
	return 0;
}

void copier_close(struct copier *c)
{
	if (!c)
		return;
	pthread_mutex_lock(&c->lock);
	c->stopping = true;
	pthread_cond_broadcast(&c->wake);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);
	pthread_cond_destroy(&c->wake);
	pthread_mutex_destroy(&c->lock);
	free(c);
}
