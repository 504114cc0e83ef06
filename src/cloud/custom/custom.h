/* SPDX-License-Identifier: Apache-2.0 */
/*
 * custom.h - custom detections: hunting queries of a tenant's own that run by themselves and alert
 *
 * Why:    analysts own queries that must watch, not be asked
 * Owns:   tables custom_rule, custom_seen, custom_run; two threads that run what is due
 * Not here: the language (kql), what a query may cost (cloud/hunt), what an alert is
 *         (cloud/incident), the API's form (cloud/api)
 *
 * A run asks the store, then writes its alerts, the results they were made of and its own mark in
 * one transaction: killed at any moment it leaves both or neither, and a result that is found again
 * changes nothing. Continuous rules have a thread of their own, so that no rule that looks at a
 * month makes them late. Nothing ever switches a rule off but its owner. All calls are thread-safe.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "cloud/hunt/hunt.h"
#include "cloud/incident/lineage.h"
#include "store/state.h"
#include "store/telemetry.h"

#define CUSTOM_RULES_MAX 500 /* of a tenant */
#define CUSTOM_NAME_MAX 256
#define CUSTOM_TITLE_MAX 256
#define CUSTOM_DESCRIPTION_MAX 4096
#define CUSTOM_ENTITIES_MAX 10
#define CUSTOM_TECHNIQUES_MAX 20
#define CUSTOM_SUPPRESS_MAX_S (30 * 86400)
#define CUSTOM_ALERTS_MAX 100	 /* new ones of a run */
#define CUSTOM_RESULTS_MAX 10000 /* rows that a run looks at, the newest */
#define CUSTOM_RUNS_KEPT 100	 /* of a rule */
#define CUSTOM_FAILURES_TOLD 3	 /* in a row, until the owner is told */
#define CUSTOM_DRY_ROWS_MAX 100	 /* rows and alerts that a dry run shows */

struct custom;

struct custom_options {
	struct state *state;
	struct telemetry *telemetry;
	struct hunt *hunt;
	struct lineage *lineage;
};
/* Starts the threads. */
int custom_open(const struct custom_options *options, struct custom **ret_custom, struct err *err);
/* Takes back what runs; waits for it. */
void custom_close(struct custom *c);
DEFINE_CLEANUP(struct custom *, custom_close)

enum custom_kind {
	CUSTOM_DEVICE,
	CUSTOM_USER,
	CUSTOM_MAILBOX,
	CUSTOM_FILE,
	CUSTOM_PROCESS,
	CUSTOM_ADDRESS
};
/* "device", "user", ... by the enum, ended by NULL. */
extern const char *const custom_kinds[];

struct custom_entity {
	enum custom_kind kind;
	const char *column;
};

/* A rule as somebody wants it; texts are the caller's. */
struct custom_draft {
	const char *name, *query;
	int64_t period_s; /* one of schedule.h's */
	const char *title, *description;
	const char *recommended; /* nullable */
	const char *severity, *category;
	const char *techniques[CUSTOM_TECHNIQUES_MAX];
	unsigned int technique_count;
	struct custom_entity entities[CUSTOM_ENTITIES_MAX];
	unsigned int entity_count;
	int64_t suppress_s;
	const char *owner; /* NULL: who makes it */
	bool enabled;
};

/* Who asks. */
struct custom_caller {
	const char *tenant_id, *principal_id, *name;
	/* A check may ask the store for columns that only data tells; else such queries are
	 * refused. */
	bool asks_store;
};

/* What is wrong with a draft, and where: in which field, and where in its text. */
struct custom_problem {
	const char *field; /* CUSTOM_FIELD_... */
	const char *code, *message;
	const char *expected, *suggestion; /* nullable */
	uint32_t offset, length;	   /* bytes */
	uint32_t line, column;		   /* from 1 */
};
#define CUSTOM_FIELD_QUERY "queryCondition.queryText"
#define CUSTOM_FIELD_TITLE "detectionAction.alertTemplate.title"
#define CUSTOM_FIELD_DESCRIPTION "detectionAction.alertTemplate.description"
#define CUSTOM_FIELD_ASSETS "detectionAction.alertTemplate.impactedAssets"
#define CUSTOM_FIELD_RELATED "detectionAction.alertTemplate.relatedEntities"
#define CUSTOM_PROBLEMS_MAX 50
#define CUSTOM_COLUMNS_MAX 512

struct custom_problems {
	struct arena arena;
	struct custom_problem list[CUSTOM_PROBLEMS_MAX];
	unsigned int count;
	/* The query's columns, where it compiles. */
	const char *columns[CUSTOM_COLUMNS_MAX];
	unsigned int column_count;
};
void custom_problems_init(struct custom_problems *p);
void custom_problems_done(struct custom_problems *p);

/* 0: it may be saved; -EINVAL: the list says why not; others: err, as of hunt_begin(). */
int custom_check(struct custom *c, const struct custom_caller *who,
		 const struct custom_draft *draft, struct custom_problems *problems,
		 struct err *err);
/* -ENOSPC: the tenant has as many as it may. The draft was checked. */
int custom_create(struct custom *c, const struct custom_caller *who,
		  const struct custom_draft *draft, int64_t *ret_id, struct err *err);
/* -ENOENT. What was running by the old words writes nothing. */
int custom_change(struct custom *c, const struct custom_caller *who, int64_t id,
		  const struct custom_draft *draft, struct err *err);
/* Its alerts stay. -ENOENT. */
int custom_delete(struct custom *c, const char *tenant_id, int64_t id, struct err *err);
/* Makes it due now. -ENOENT; -EPERM: it is switched off. */
int custom_run_now(struct custom *c, const char *tenant_id, int64_t id, struct err *err);

/*
 * What the rule would have found in the days that hunting sees, asked at once; writes nothing. The
 * asker's running time of hunting pays for it. *ret_json: see DetectionDryRun in the API's answers.
 * Errors are hunt_begin()'s and hunt_execute()'s, -EBADMSG: rows that no rule can be made of.
 */
int custom_dry_run(struct custom *c, const struct custom_caller *who,
		   const struct custom_draft *draft, bool (*gone)(void *arg), void *gone_arg,
		   json_t **ret_json, struct err *err);

/* Forgets results that no look-back reaches any more. */
int custom_retain(struct state *state, int64_t now_ns, struct err *err);

/* Since the start, of all tenants. */
struct custom_stats {
	uint64_t runs, failed, alerts, joined;
	uint64_t left; /* new results beyond the most alerts of a run */
};
void custom_get_stats(struct custom *c, struct custom_stats *ret_stats);
