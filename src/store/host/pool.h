/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool.h - threads that run jobs, a connection each, behind a bounded queue
 *
 * Questions and inserts have a pool each: neither waits behind the other. A job that is alone starts
 * when all before it have ended, and none starts while it runs.
 */
#pragma once

#include "base/err.h"
#include "store/host/engine.h"
#include "store/host/job.h"
#include "store/host/parts.h"

#define POOL_THREADS_MAX 32
#define POOL_QUEUE_MAX 256

struct pool;

struct pool_options {
	struct engine *engine;
	struct parts *parts;
	bool read_only;
	unsigned int threads;
	/* Called on the pool's threads; the job is the callee's again. */
	void (*on_done)(void *arg, struct job *j);
	void *arg;
};

int pool_new(const struct pool_options *options, struct pool **ret_pool, struct err *err);
/* Runs what waits, then ends. */
void pool_free(struct pool *p);
DEFINE_CLEANUP(struct pool *, pool_free)
/* -EBUSY: the queue is full, the job stays the caller's. */
int pool_push(struct pool *p, struct job *j);
/*
 * Nobody waits for the answer any more. A question is not run, or is ended where it is; it comes
 * back by on_done all the same. An insert goes on: its sender will ask for it again.
 */
void pool_abandon(struct pool *p, struct job *j);
