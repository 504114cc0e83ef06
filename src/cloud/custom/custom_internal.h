/* SPDX-License-Identifier: Apache-2.0 */
/*
 * custom_internal.h - what the files of this folder share
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "cloud/custom/custom.h"
#include "cloud/custom/rule.h"

struct worker {
	struct custom *custom;
	pthread_t thread;
	bool continuous; /* runs these rules, else the others */
	bool started;
};

struct custom {
	struct custom_options options;
	pthread_mutex_t lock; /* all below */
	pthread_cond_t wake;
	uint64_t wakes;
	struct custom_stats stats;
	atomic_bool stopping;
	struct worker workers[2];
};

/* Something may be due now. */
void custom_wake(struct custom *c);
/* run.c: runs the rule once and writes how it went. err: why that could not be written. */
int custom_run(struct custom *c, const struct custom_rule *rule, struct err *err);
/* The reference's word for a failure, and whether the rule is no part of it. */
const char *run_error_code(int r, bool *ret_transient);
