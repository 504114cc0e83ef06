/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hunt_internal.h - what the files of this folder share
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "cloud/hunt/hunt.h"
#include "cloud/hunt/quota.h"

struct hunt {
	struct telemetry *telemetry;
	unsigned int days;
	const char *const *external;
	const char *external_ca_file;
	pthread_mutex_t lock; /* all below */
	pthread_cond_t ended;
	struct hunt_run *running[HUNT_RUNNING_MAX];
	unsigned int waiting, background_waiting;
	struct hunt_quota *quota;
	struct hunt_stats stats;
};

struct hunt_run {
	struct hunt *hunt;
	struct hunt_request request; /* its texts are the caller's until hunt_begin() is done */
	char tenant_id[64], principal_id[64], run_id[HUNT_RUN_ID_MAX + 1];
	bool admitted;
	atomic_bool cancelled;
	int64_t compile_ns, wait_ns, ran_ns;
	unsigned int external_ms; /* that externaldata has waited for others */
	int probe_result; /* why the compiler could not look at the data */
	struct kql_query *query;
};

/* external.c: a kql_fetch; the context is the run. */
int hunt_fetch(void *run, const char *address, struct buf *body, struct err *err);
/* turn.c: waits for a place; see hunt_begin() for what it answers. */
int hunt_turn_take(struct hunt_run *r, struct err *err);
void hunt_turn_give_back(struct hunt_run *r);
/* Counts how a run ended, or that the compiler refused it. */
void hunt_count(struct hunt *h, int result, bool limited);
void hunt_count_refused(struct hunt *h);
/* Whether the run is to end: taken back, or nobody waits. */
bool hunt_run_stops(void *run);
