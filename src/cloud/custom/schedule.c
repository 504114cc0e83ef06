/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/custom/schedule.h"

#include <string.h>

#include "base/macro.h"

#define CONTINUOUS_RETRY_MAX_NS (900 * NSEC_PER_SEC)

const struct schedule_period schedule_periods[] = {
#define X(name, duration, period_s, lookback_s) { name, duration, period_s, lookback_s },
	SCHEDULE_PERIODS(X)
#undef X
	    { 0 },
};

const struct schedule_period *schedule_find(const char *name)
{
	for (const struct schedule_period *p = schedule_periods; p->name; p++)
		if (strcmp(p->name, name) == 0)
			return p;
	return NULL;
}

const struct schedule_period *schedule_of(int64_t period_s)
{
	for (const struct schedule_period *p = schedule_periods; p->name; p++)
		if (p->period_s == period_s)
			return p;
	return NULL;
}

static int64_t retry_most(int64_t period_s)
{
	return period_s == SCHEDULE_CONTINUOUS_S
		   ? CONTINUOUS_RETRY_MAX_NS
		   : MIN(period_s * NSEC_PER_SEC, SCHEDULE_RETRY_MAX_NS);
}

int schedule_is_due(int64_t next_ns, int64_t period_s, int64_t now_ns)
{
	int64_t longest = MAX(period_s * NSEC_PER_SEC, retry_most(period_s));

	return now_ns >= next_ns || next_ns - now_ns > longest;
}

int64_t schedule_next(int64_t planned_ns, int64_t period_s, int64_t now_ns)
{
	int64_t period = period_s * NSEC_PER_SEC;

	/* The clock was set back, or there is no beat yet: it begins here. */
	if (planned_ns <= 0 || planned_ns > now_ns)
		return now_ns + period;
	return planned_ns + ((now_ns - planned_ns) / period + 1) * period;
}

int64_t schedule_retry(int64_t period_s, unsigned int failures, int64_t now_ns)
{
	int64_t wait = 60 * NSEC_PER_SEC << MIN(MAX(failures, 1u) - 1, 10u);

	return now_ns + MIN(wait, retry_most(period_s));
}

int64_t schedule_from(int64_t period_s, int64_t covered_ns, int64_t now_ns)
{
	const struct schedule_period *p = schedule_of(period_s);
	int64_t oldest = now_ns - SCHEDULE_HISTORY_NS, from;

	if (period_s == SCHEDULE_CONTINUOUS_S || !p)
		from = MIN(covered_ns, now_ns) - SCHEDULE_OVERLAP_NS;
	else if (!covered_ns)
		from = oldest; /* a new rule looks at all there is */
	else
		from = MIN(now_ns - p->lookback_s * NSEC_PER_SEC,
			   covered_ns - (p->lookback_s - p->period_s) * NSEC_PER_SEC);
	return MAX(from, oldest);
}

int64_t schedule_covered(int64_t period_s, int64_t covered_ns, int64_t now_ns, int left)
{
	if (!left || period_s != SCHEDULE_CONTINUOUS_S)
		return now_ns;
	return MIN(MAX(covered_ns, now_ns - SCHEDULE_BACKLOG_NS), now_ns);
}
