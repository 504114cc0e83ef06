/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect.h - events against the rules that are loaded
 *
 * Rules come from two folders: Vakt's own, which an update replaces, and the operator's. They are
 * loaded beside the running ones and then take their place; a frame is looked at with one set from
 * beginning to end. All calls may come from any thread; a run belongs to one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "cloud/detect/detection.h"
#include "event/event.h"
#include "rules/rules.h"

struct detect;

struct detect_options {
	const char *dir;	  /* rules of Vakt's */
	const char *custom_dir;	  /* rules of the operator's; need not exist; nullable */
	rules_problem_fn problem; /* is told of each refused rule; nullable */
	void *arg;
};

struct detect_stats {
	size_t rules, refused; /* of the set in use */
	uint64_t loads, load_failures;
	uint64_t matches;
	uint64_t errors;  /* events that not every rule could be tried on */
	uint64_t dropped; /* matches beyond what a frame or the correlations may hold, or too late */
	int64_t since_ns; /* when counting began, since 1970 */
};

/* Loads nothing yet: until detect_reload() has, no event matches. */
int detect_open(const struct detect_options *options, struct detect **ret_detect, struct err *err);
void detect_close(struct detect *d);
DEFINE_CLEANUP(struct detect *, detect_close)
/*
 * 1: the rules were loaded anew; 0: nothing had changed, which force does not ask. On failure those
 * in use stay.
 */
int detect_reload(struct detect *d, bool force, struct err *err);
void detect_get_stats(struct detect *d, struct detect_stats *ret_stats);

/*
 * A rule of the set in use and what it has done since the program started. One that is loaded anew
 * goes on counting, by its id; one that was away in between begins anew. Events of a frame that had
 * to be sent again are counted again.
 */
struct detect_rule {
	const struct rules_info *info;
	bool custom; /* of the operator's own */
	uint64_t matches;      /* events, of all tenants */
	int64_t last_match_ns; /* our clock, since 1970; 0: never */
	const char *missing;   /* why no row can ever make it true; NULL: some can */
};
/* The rule is valid during the call only. */
typedef void (*detect_rule_fn)(void *arg, const struct detect_rule *rule);
void detect_each_rule(struct detect *d, detect_rule_fn fn, void *arg);

/* A rule that cannot run, with what is wrong with it; texts are valid during the call only. */
struct detect_refused {
	const char *file, *title; /* title: nullable */
	unsigned int line;	  /* 0: unknown */
	const char *message;
};
#define DETECT_REFUSED_MAX 1000 /* are told; all are counted */
typedef void (*detect_refused_fn)(void *arg, const struct detect_refused *refused);
void detect_each_refused(struct detect *d, detect_refused_fn fn, void *arg);

/*
 * One frame of a tenant (NULL: of nobody's in particular), whose events correlations see together.
 * The events' strings and the tenant's must live as long as the run.
 */
struct detect_run;
/* Whether a match is to become an alert; asked for each that would. */
struct detect_judge {
	/* *level is the rule's, and may be lowered. */
	bool (*allows)(void *arg, const struct rules_info *rule, const struct event *e,
		       enum rules_level *level);
	void *arg;
};
int detect_run_new(struct detect *d, const char *tenant, struct detect_run **ret_run);
void detect_run_free(struct detect_run *run);
DEFINE_CLEANUP(struct detect_run *, detect_run_free)
/*
 * Matches count for the rule, and for correlations, however they are judged. judge outlives the run;
 * NULL: all are allowed.
 */
void detect_run_judge_by(struct detect_run *run, const struct detect_judge *judge);
/* The event has its Timestamp and ReportId. -ENOMEM. */
int detect_run_event(struct detect_run *run, const struct event *e);
const struct detections *detect_run_detections(const struct detect_run *run);
