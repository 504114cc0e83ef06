/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job.h - one request on its way: read on the loop's thread, run by a worker, answered on the loop
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "store/host/engine.h"

struct evbuffer;

struct job {
	struct job *next;
	void *request; /* struct evhttp_request, NULL when the client has gone */
	struct arena arena; /* strings below */
	const char *sql;
	const char *format;
	const char *token; /* insert_deduplication_token, or NULL */
	struct engine_params params;
	bool reads_only;
	struct evbuffer *block; /* holds body: the request may be gone before a worker comes to it */
	const void *body;
	size_t body_len;
	/* The answer. */
	int status;
	int exception_code;
	struct buf answer;
};

struct job *job_new(void);
void job_free(struct job *j);
/* Runs the statement on a worker's connection and fills the answer; false when it failed. */
bool job_run(struct job *j, struct engine_conn *c);
