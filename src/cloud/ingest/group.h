/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group.h - what queued up while the last run was under way becomes one run
 *
 * Group commit without a thread of its own and without a delay: whoever comes first runs for all who
 * wait by then. Knows nothing of what is run. Any thread may join.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/macro.h"

#define GROUP_MEMBERS_MAX 64

struct group;

/* Lives on its owner's stack while it waits. */
struct group_member {
	void *work;   /* the owner's */
	size_t bytes; /* counts towards bytes_max */
	bool alone;   /* shares its run with no other */
	int result;   /* set by the run */
	struct err err;
	/* private */
	struct group_member *next;
	bool taken, done;
};

struct group_options {
	unsigned int runs_max; /* at once */
	size_t bytes_max;      /* of a run; a single member may be larger */
	/* Sets result (and err) of each; called by one of the joined threads. */
	void (*run)(void *arg, struct group_member **members, unsigned int count);
	void *arg;
};

int group_new(const struct group_options *options, struct group **ret_group);
void group_free(struct group *g);
DEFINE_CLEANUP(struct group *, group_free)
/* Returns when the member was part of a run: its result, with err filled from it. */
int group_join(struct group *g, struct group_member *m, struct err *err);
