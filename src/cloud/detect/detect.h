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
	uint64_t dropped; /* matches beyond what a frame may hold */
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
/* Tells the matches of each rule of the set in use. */
typedef void (*detect_rule_fn)(void *arg, const struct rules_info *rule, uint64_t matches);
void detect_each_rule(struct detect *d, detect_rule_fn fn, void *arg);

/* One frame. The events' strings must live as long as the run. */
struct detect_run;
int detect_run_new(struct detect *d, struct detect_run **ret_run);
void detect_run_free(struct detect_run *run);
DEFINE_CLEANUP(struct detect_run *, detect_run_free)
/* The event has its Timestamp and ReportId. -ENOMEM. */
int detect_run_event(struct detect_run *run, const struct event *e);
const struct detections *detect_run_detections(const struct detect_run *run);
