/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job.h - one request on its way: read on the loop's thread, run by a worker, answered on the loop
 */
#pragma once

#include <inttypes.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "store/host/engine.h"

struct evbuffer;
struct event;
struct service;

/* A question is found by it among those that the engine runs. */
#define JOB_MARK "/*vakt:%" PRIu64 "*/"

struct job {
	struct job *next;
	struct service *service;
	void *request; /* struct evhttp_request, NULL when the client has gone */
	struct event *closed; /* watches for the client's end; loop thread only */
	struct arena arena; /* strings below */
	const char *sql;
	const char *format;
	const char *token; /* insert_deduplication_token, or NULL */
	struct engine_params params;
	struct engine_limits limits; /* of a question */
	bool reads_only;
	bool alone; /* see pool.h: a statement that may write, but no insert */
	uint64_t id;	/* of its pool; begins the text of a question, as JOB_MARK */
	bool abandoned; /* under the pool's lock */
	struct evbuffer *block; /* holds body: the request may be gone before a worker comes to it */
	const void *body;
	size_t body_len;
	size_t size; /* of the body, for the count of what waits */
	/* The answer. */
	int status;
	int exception_code;
	struct buf answer;
};

struct job *job_new(void);
void job_free(struct job *j);
/* Runs the statement on a worker's connection and fills the answer; false when it failed. */
bool job_run(struct job *j, struct engine_conn *c);
/* Makes a failure's answer of the job, with the code that the words begin with. */
void job_refuse(struct job *j, const struct err *err);
