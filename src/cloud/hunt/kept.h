/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kept.h - hunting queries that people keep, own or shared with their tenant, and what they ran
 *
 * Owns the tables hunting_query and hunting_history. It neither runs nor compiles a query: one with
 * mistakes may be kept as well. Whoever asks is named by tenant and id in every call; what is
 * neither their own nor shared is not there for them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hex.h"
#include "store/state.h"

#define HUNT_KEPT_MAX 500    /* queries of one person */
#define HUNT_HISTORY_MAX 100 /* runs of one person; older ones go */
#define HUNT_NAME_MAX 200    /* bytes */
#define HUNT_NOTE_MAX 2000   /* of a description */

/* Who asks. */
struct hunt_person {
	const char *tenant_id, *id, *name;
	bool may_share; /* and change what others have shared */
};

/* What a change says; NULL and -1: it stays as it is. */
struct hunt_kept_change {
	const char *name, *description, *query;
	int shared;
};

/* -ENOSPC: the person keeps as many as one may; -EPERM: may not share. err has it in words. */
int hunt_kept_create(struct state_conn *c, const struct hunt_person *who,
		     const struct hunt_kept_change *first, char ret_id[UUID_TEXT_SIZE],
		     struct err *err);
/* -ENOENT: it is not there for them. */
int hunt_kept_find(struct state_conn *c, const struct hunt_person *who, const char *id,
		   struct err *err);
/* -ENOENT as above; -EPERM: they may see it, not change it. */
int hunt_kept_change(struct state_conn *c, const struct hunt_person *who, const char *id,
		     const struct hunt_kept_change *change, struct err *err);
int hunt_kept_delete(struct state_conn *c, const struct hunt_person *who, const char *id,
		     struct err *err);

enum hunt_outcome {
	HUNT_SUCCESS,
	HUNT_LIMITED, /* there were more rows than one may have */
	HUNT_REFUSED, /* by the compiler */
	HUNT_CANCELLED,
	HUNT_FAILED,
};
/* Words of enum hunt_outcome, ended by NULL. */
extern const char *const hunt_outcome_names[];

struct hunt_past_run {
	const char *query;
	int64_t started_ns, took_ns;
	int64_t rows; /* -1: it came to none */
	enum hunt_outcome outcome;
};
int hunt_history_add(struct state_conn *c, const struct hunt_person *who,
		     const struct hunt_past_run *run, struct err *err);
int hunt_history_clear(struct state_conn *c, const struct hunt_person *who, struct err *err);
