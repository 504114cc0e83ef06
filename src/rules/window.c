/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window.c - what the matches of a group amount to
 *
 * Entries stand in the order of time, those of the same time in the order they came. Where only
 * different values or rules count, the last match of each is kept, so a group has as many entries
 * as it needs.
 */
#include "window.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rules_correlate.h"

bool window_needs_numbers(const struct correlation *c)
{
	return c->kind == CORRELATION_VALUE_SUM || c->kind == CORRELATION_VALUE_AVG ||
	       (c->kind == CORRELATION_VALUE_PERCENTILE && c->percentile >= 0);
}

/* ---- what a stretch of entries amounts to ---- */

static double sum(const struct entry *e, unsigned int n)
{
	double total = 0;

	for (unsigned int i = 0; i < n; i++)
		total += e[i].number;
	return total;
}

/* How many of the rules, in their order, have matched one after another. */
static double ordered(const struct entry *e, unsigned int n)
{
	uint32_t next = 0;

	for (unsigned int i = 0; i < n; i++)
		next += e[i].ref == next;
	return next;
}

static int compare_numbers(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static int compare_values(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* The smallest number that is not below p percent of all. */
static double percentile(const struct entry *e, unsigned int n, double p)
{
	_cleanup_free_ double *numbers = calloc(n, sizeof(*numbers));
	unsigned int rank = (unsigned int)ceil(p / 100 * n);

	if (!numbers)
		return NAN;
	for (unsigned int i = 0; i < n; i++)
		numbers[i] = e[i].number;
	qsort(numbers, n, sizeof(*numbers), compare_numbers);
	return numbers[rank ? MIN(rank, n) - 1 : 0];
}

/* One value whose share in percent the condition is true of; NAN where there is none. */
static double share(const struct correlation *c, const struct entry *e, unsigned int n)
{
	_cleanup_free_ uint64_t *values = calloc(n, sizeof(*values));
	unsigned int same;

	if (!values)
		return NAN;
	for (unsigned int i = 0; i < n; i++)
		values[i] = e[i].value;
	qsort(values, n, sizeof(*values), compare_values);
	for (unsigned int i = 0; i < n; i += same) {
		double percent;

		for (same = 1; i + same < n && values[i + same] == values[i];)
			same++;
		percent = 100.0 * same / n;
		if (correlation_holds(c, percent))
			return percent;
	}
	return NAN;
}

static bool holds(const struct window *w, unsigned int from, unsigned int to)
{
	const struct correlation *c = w->corr;
	const struct entry *e = &w->entries[from];
	unsigned int n = to - from;

	switch (c->kind) {
	case CORRELATION_EVENT_COUNT:
	case CORRELATION_VALUE_COUNT: /* each value stands once */
	case CORRELATION_TEMPORAL:    /* each rule stands once */
		return correlation_holds(c, n);
	case CORRELATION_TEMPORAL_ORDERED:
		return correlation_holds(c, ordered(e, n));
	case CORRELATION_VALUE_SUM:
		return n && correlation_holds(c, sum(e, n));
	case CORRELATION_VALUE_AVG:
		return n && correlation_holds(c, sum(e, n) / n);
	case CORRELATION_VALUE_PERCENTILE:
		if (!n)
			return false;
		if (c->percentile < 0)
			return !isnan(share(c, e, n));
		return correlation_holds(c, percentile(e, n, c->percentile));
	}
	return false;
}

/* ---- entries ---- */

/* The first entry that is not before the time. */
static unsigned int first_from(const struct window *w, int64_t time)
{
	unsigned int low = 0, high = w->count;

	while (low < high) {
		unsigned int middle = low + (high - low) / 2;

		if (w->entries[middle].time_ns < time)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void cut(struct window *w, unsigned int from, unsigned int count)
{
	memmove(&w->entries[from], &w->entries[from + count],
		(w->count - from - count) * sizeof(*w->entries));
	w->count -= count;
}

static int64_t saturated_add(int64_t a, int64_t b)
{
	int64_t sum_ns;

	return __builtin_add_overflow(a, b, &sum_ns) ? (b > 0 ? INT64_MAX : INT64_MIN) : sum_ns;
}

/* 1: the entry is left out, since what it says stands already. */
static bool merge(struct window *w, const struct entry *entry)
{
	bool by_value = w->corr->kind == CORRELATION_VALUE_COUNT;

	if (!by_value && w->corr->kind != CORRELATION_TEMPORAL)
		return false;
	for (unsigned int i = 0; i < w->count; i++) {
		const struct entry *e = &w->entries[i];

		if (by_value ? e->value != entry->value : e->ref != entry->ref)
			continue;
		/* A timespan that is decided at its end begins with the first. */
		if (w->corr->deferred || e->time_ns >= entry->time_ns)
			return true;
		cut(w, i, 1);
		return false;
	}
	return false;
}

/* The place of the new entry, or -1 without memory. */
static int insert(struct window *w, const struct entry *entry, struct window_counts *counts)
{
	unsigned int at;

	if (w->count == CORRELATION_COUNT_MAX) {
		cut(w, 0, 1);
		counts->dropped++;
	}
	if (w->count == w->cap) {
		unsigned int cap = w->cap ? w->cap * 2 : 4;
		struct entry *more = realloc(w->entries, cap * sizeof(*more));

		if (!more)
			return -1;
		w->entries = more;
		w->cap = cap;
	}
	at = w->count;
	if (at && w->entries[at - 1].time_ns > entry->time_ns)
		at = first_from(w, entry->time_ns + 1);
	memmove(&w->entries[at + 1], &w->entries[at], (w->count - at) * sizeof(*w->entries));
	w->entries[at] = *entry;
	w->count++;
	return (int)at;
}

/* ---- conditions that are decided with each match ---- */

static bool decide_now(const struct window *w, unsigned int at)
{
	int64_t span = w->corr->span_ns, time = w->entries[at].time_ns;
	unsigned int start = first_from(w, saturated_add(time, -span));

	if (at + 1 == w->count)
		return holds(w, start, w->count);
	if (at > RULES_LATE_STARTS)
		start = MAX(start, at - RULES_LATE_STARTS);
	for (; start <= at; start++) {
		int64_t end = saturated_add(w->entries[start].time_ns, span);

		if (holds(w, start, end == INT64_MAX ? w->count : first_from(w, end + 1)))
			return true;
	}
	return false;
}

/* ---- conditions that are decided when their time is over ---- */

/* Decides each timespan that ended before the time; what it held is spent. */
static unsigned int decide_ended(struct window *w, int64_t before)
{
	unsigned int fired = 0;

	while (w->count) {
		int64_t end = saturated_add(w->entries[0].time_ns, w->corr->span_ns);
		unsigned int n;

		if (end >= before)
			break;
		n = first_from(w, end + 1);
		fired += holds(w, 0, n);
		cut(w, 0, n);
	}
	return fired;
}

bool window_add(struct window *w, const struct entry *entry, unsigned int *ret_fired,
		struct window_counts *counts)
{
	int64_t reach = saturated_add(w->corr->span_ns, RULES_LATENESS_NS);
	int64_t newest = w->count ? w->entries[w->count - 1].time_ns : entry->time_ns;
	int at;

	*ret_fired = 0;
	if (entry->time_ns < saturated_add(newest, -reach)) {
		counts->late++;
		return true;
	}
	if (w->corr->deferred)
		*ret_fired = decide_ended(w, saturated_add(entry->time_ns, -RULES_LATENESS_NS));
	else if (w->count)
		cut(w, 0, first_from(w, saturated_add(MAX(newest, entry->time_ns), -reach)));
	if (merge(w, entry))
		return true;
	at = insert(w, entry, counts);
	if (at < 0)
		return false;
	if (!w->corr->deferred && decide_now(w, (unsigned int)at)) {
		*ret_fired = 1;
		w->count = 0;
	}
	return true;
}

unsigned int window_end(struct window *w)
{
	unsigned int fired = w->corr->deferred ? decide_ended(w, INT64_MAX) : 0;

	w->count = 0;
	return fired;
}
