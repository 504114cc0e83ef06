/* SPDX-License-Identifier: Apache-2.0 */
#include "store/host/pool.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"

/* A question may not be known to the engine yet when its client goes: it is looked for again. */
#define KILL_INTERVAL_NS (200 * NSEC_PER_MSEC)

struct pool {
	struct pool_options options;
	pthread_mutex_t lock; /* all below */
	pthread_cond_t wake, abandoned;
	struct job *first, **last;
	size_t waiting;
	unsigned int running_count;
	bool running_alone;
	struct job *running[POOL_THREADS_MAX];
	uint64_t next_id;
	bool ending;
	pthread_t threads[POOL_THREADS_MAX], killer;
	unsigned int thread_count, threads_started;
	bool has_killer;
};

/* Called with the lock. */
static bool may_start(const struct pool *p)
{
	return p->first && !p->running_alone && !(p->first->alone && p->running_count);
}

/* The next job, running from now on in the thread's place; NULL when the pool ends. */
static struct job *take(struct pool *p, unsigned int place)
{
	struct job *j;

	pthread_mutex_lock(&p->lock);
	while (!may_start(p) && (p->first || !p->ending))
		pthread_cond_wait(&p->wake, &p->lock);
	j = p->first;
	if (j) {
		p->first = j->next;
		if (!p->first)
			p->last = &p->first;
		p->waiting--;
		p->running[place] = j;
		p->running_count++;
		p->running_alone = j->alone;
	}
	pthread_mutex_unlock(&p->lock);
	return j;
}

static void put_back(struct pool *p, unsigned int place, struct job *j)
{
	pthread_mutex_lock(&p->lock);
	p->running[place] = NULL;
	p->running_count--;
	p->running_alone = false;
	/* All: what is first may have waited for the last that ran, and there may be many of them now. */
	pthread_cond_broadcast(&p->wake);
	pthread_mutex_unlock(&p->lock);
	p->options.on_done(p->options.arg, j);
}

static bool is_abandoned(struct pool *p, const struct job *j)
{
	bool is;

	pthread_mutex_lock(&p->lock);
	is = j->abandoned;
	pthread_mutex_unlock(&p->lock);
	return is;
}

static struct engine_conn *connect_worker(struct pool *p, const struct engine_limits *limits)
{
	struct engine_conn *c = NULL;
	struct err err = { 0 };
	int r = engine_connect(p->options.engine, p->options.read_only, limits, &c, &err);

	if (r < 0)
		LOG_RATELIMIT(LOG_LEVEL_ERROR, 60, "connection of a worker: %s", err_msg(&err, r));
	return c;
}

/* False when the statement failed; an insert does as well where the disk broke what it wrote. */
static bool run_checked(struct pool *p, struct engine_conn *c, struct job *j)
{
	struct parts_insert insert;
	struct err err = { 0 };

	parts_insert_begin(p->options.parts, &insert);
	if (!job_run(j, c)) {
		parts_note_failure(p->options.parts, j->answer.data);
		return false;
	}
	if (j->reads_only || j->alone ||
	    parts_insert_end(p->options.parts, &insert, c, &err) == 0)
		return true;
	job_refuse(j, &err);
	return false;
}

/*
 * After a failed statement the connection is made anew: the engine would give what that statement
 * had already written to the next one, which may be another tenant's.
 */
static void run_or_renew(struct pool *p, struct engine_conn **c, struct job *j)
{
	if (!*c)
		*c = connect_worker(p, NULL);
	if (!*c) {
		j->status = 503;
		return;
	}
	if (!run_checked(p, *c, j)) {
		engine_disconnect(*c);
		*c = connect_worker(p, NULL);
	}
}

/* Limits of its own cannot be set on a connection that only reads: it gets another one. */
static void run_limited(struct pool *p, struct job *j)
{
	struct engine_conn *c = connect_worker(p, &j->limits);

	if (c)
		(void)run_checked(p, c, j);
	else
		j->status = 503;
	engine_disconnect(c);
}

static unsigned int find_place(struct pool *p)
{
	unsigned int place;

	pthread_mutex_lock(&p->lock);
	place = p->threads_started++;
	pthread_mutex_unlock(&p->lock);
	return place;
}

static void *work(void *arg)
{
	struct pool *p = arg;
	unsigned int place = find_place(p);
	struct engine_conn *c = connect_worker(p, NULL);
	struct job *j;

	while ((j = take(p, place))) {
		if (p->options.read_only && is_abandoned(p, j))
			j->status = 503;
		else if (p->options.read_only && engine_limits_any(&j->limits))
			run_limited(p, j);
		else
			run_or_renew(p, &c, j);
		put_back(p, place, j);
	}
	engine_disconnect(c);
	return NULL;
}

/* Ids of what runs for nobody; waits until there is any. 0: the pool ends. */
static size_t find_abandoned(struct pool *p, uint64_t ids[POOL_THREADS_MAX])
{
	size_t count = 0;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		for (unsigned int i = 0; i < POOL_THREADS_MAX; i++)
			if (p->running[i] && p->running[i]->abandoned)
				ids[count++] = p->running[i]->id;
		if (count || p->ending)
			break;
		pthread_cond_wait(&p->abandoned, &p->lock);
	}
	pthread_mutex_unlock(&p->lock);
	return count;
}

static void kill_question(struct engine_conn *c, uint64_t id)
{
	struct engine_result result;
	struct err err = { 0 };
	char sql[160];

	snprintf(sql, sizeof(sql), "KILL QUERY WHERE startsWith(query, '" JOB_MARK "') ASYNC", id);
	if (engine_run(c, sql, "TSV", NULL, &result, &err) == 0)
		engine_result_done(c, &result);
	else
		log_debug("%s: %s", sql, err.msg);
}

static void *kill_abandoned(void *arg)
{
	const struct timespec pause = { .tv_nsec = KILL_INTERVAL_NS };
	struct pool *p = arg;
	struct engine_conn *c = NULL;
	uint64_t ids[POOL_THREADS_MAX];
	size_t count;

	while ((count = find_abandoned(p, ids))) {
		if (!c && engine_connect(p->options.engine, false, NULL, &c, NULL) < 0)
			c = NULL;
		for (size_t i = 0; c && i < count; i++)
			kill_question(c, ids[i]);
		nanosleep(&pause, NULL);
	}
	engine_disconnect(c);
	return NULL;
}

static int start_threads(struct pool *p, struct err *err)
{
	int r = 0;

	if (p->options.read_only) {
		r = pthread_create(&p->killer, NULL, kill_abandoned, p);
		p->has_killer = r == 0;
	}
	while (r == 0 && p->thread_count < MIN(p->options.threads, (unsigned int)POOL_THREADS_MAX)) {
		r = pthread_create(&p->threads[p->thread_count], NULL, work, p);
		if (r == 0)
			p->thread_count++;
	}
	return r ? err_setf(err, -r, "threads: %s", strerror(r)) : 0;
}

int pool_new(const struct pool_options *options, struct pool **ret_pool, struct err *err)
{
	_cleanup_(pool_freep) struct pool *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return err_setf(err, -ENOMEM, "out of memory");
	p->options = *options;
	p->last = &p->first;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->wake, NULL);
	pthread_cond_init(&p->abandoned, NULL);
	r = start_threads(p, err);
	if (r < 0)
		return r;
	*ret_pool = TAKE_PTR(p);
	return 0;
}

void pool_free(struct pool *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->ending = true;
	pthread_cond_broadcast(&p->wake);
	pthread_cond_broadcast(&p->abandoned);
	pthread_mutex_unlock(&p->lock);
	for (unsigned int i = 0; i < p->thread_count; i++)
		pthread_join(p->threads[i], NULL);
	if (p->has_killer)
		pthread_join(p->killer, NULL);
	pthread_cond_destroy(&p->abandoned);
	pthread_cond_destroy(&p->wake);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

int pool_push(struct pool *p, struct job *j)
{
	int r = 0;

	pthread_mutex_lock(&p->lock);
	if (p->waiting >= POOL_QUEUE_MAX) {
		r = -EBUSY;
	} else {
		j->id = ++p->next_id;
		j->next = NULL;
		*p->last = j;
		p->last = &j->next;
		p->waiting++;
		pthread_cond_signal(&p->wake);
	}
	pthread_mutex_unlock(&p->lock);
	return r;
}

void pool_abandon(struct pool *p, struct job *j)
{
	pthread_mutex_lock(&p->lock);
	j->abandoned = true;
	pthread_cond_signal(&p->abandoned);
	pthread_mutex_unlock(&p->lock);
}
