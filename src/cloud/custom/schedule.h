/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schedule.h - when a rule runs and how far back it looks; arithmetic only, every time is handed in
 *
 * Periods and look-backs are the reference's,
 * learn.microsoft.com/defender-xdr/custom-detection-rules. A rule keeps to its own beat: runs that
 * were missed are made up for by one that looks as far back as they would have.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

#define SCHEDULE_CONTINUOUS_S 60
/*
 * A row's time of receipt is older than its way into the store is long: what came in shortly before
 * the last run is looked at again.
 */
#define SCHEDULE_OVERLAP_NS (600 * NSEC_PER_SEC)
/* A continuous rule that finds more than it may alert on works off what is left for as long. */
#define SCHEDULE_BACKLOG_NS (3600 * NSEC_PER_SEC)
#define SCHEDULE_HISTORY_NS (30 * 86400 * NSEC_PER_SEC) /* nothing looks further back */
#define SCHEDULE_RETRY_MAX_NS (3600 * NSEC_PER_SEC)

/* X(name, duration, period_s, lookback_s); numbers without arithmetic, for they go into SQL. */
#define SCHEDULE_PERIODS(X)                                                                        \
	X("0", "PT0S", 60, 0)                                                                      \
	X("1H", "PT1H", 3600, 14400)                                                               \
	X("3H", "PT3H", 10800, 43200)                                                              \
	X("12H", "PT12H", 43200, 172800)                                                           \
	X("24H", "P1D", 86400, 2592000)

struct schedule_period {
	const char *name;     /* the reference's schedule.period */
	const char *duration; /* and its schedule.frequency, ISO 8601 */
	int64_t period_s, lookback_s;
};
/* Ends with name NULL. */
extern const struct schedule_period schedule_periods[];
/* NULL where there is none. */
const struct schedule_period *schedule_find(const char *name);
const struct schedule_period *schedule_of(int64_t period_s);

/* A clock that was set back must not silence a rule until it has caught up. */
int schedule_is_due(int64_t next_ns, int64_t period_s, int64_t now_ns);
/* The next beat that is still to come. */
int64_t schedule_next(int64_t planned_ns, int64_t period_s, int64_t now_ns);
/* After so many failures in a row: soon, then ever later. */
int64_t schedule_retry(int64_t period_s, unsigned int failures, int64_t now_ns);
/*
 * From when on a run at now_ns looks: at what came in where the rule is continuous, else at what
 * happened or came in. covered_ns: what earlier runs have looked at; 0: there were none.
 */
int64_t schedule_from(int64_t period_s, int64_t covered_ns, int64_t now_ns);
/* What is looked at after a run that began at now_ns; left: it found more than it may alert on. */
int64_t schedule_covered(int64_t period_s, int64_t covered_ns, int64_t now_ns, int left);
