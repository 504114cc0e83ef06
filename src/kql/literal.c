/* SPDX-License-Identifier: Apache-2.0 */
/*
 * literal.c - datetime and timespan from text
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/macro.h"
#include "kql/type.h"

#define TICK 1LL
#define SECOND KQL_TICKS_PER_SECOND
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define NS_PER_TICK 100

struct text {
	const char *at, *end;
};

static void skip_spaces(struct text *t)
{
	while (t->at < t->end && isspace((unsigned char)*t->at))
		t->at++;
	while (t->end > t->at && isspace((unsigned char)t->end[-1]))
		t->end--;
}

static bool take(struct text *t, char c)
{
	if (t->at == t->end || *t->at != c)
		return false;
	t->at++;
	return true;
}

/* Between least and most digits. */
static bool number(struct text *t, unsigned int least, unsigned int most, int64_t *ret)
{
	unsigned int n = 0;
	int64_t value = 0;

	while (t->at < t->end && n < most && isdigit((unsigned char)*t->at)) {
		value = value * 10 + (*t->at++ - '0');
		n++;
	}
	*ret = value;
	return n >= least;
}

/* Digits behind a point as ticks; more than seven are cut. */
static bool fraction(struct text *t, int64_t *ret_ticks)
{
	int64_t unit = SECOND, ticks = 0;
	unsigned int n = 0;

	for (; t->at < t->end && isdigit((unsigned char)*t->at); t->at++, n++) {
		unit /= 10;
		ticks += unit * (*t->at - '0');
	}
	*ret_ticks = ticks;
	return n > 0;
}

/* Howard Hinnant's days_from_civil: proleptic Gregorian days since 1970. */
static int64_t days_from_civil(int64_t y, int64_t m, int64_t d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static int month_by_name(struct text *t)
{
	static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
	int found = 0;

	for (int i = 0; i < 12 && t->end - t->at >= 3; i++)
		if (!strncasecmp(t->at, names + 3 * i, 3))
			found = i + 1;
	while (found && t->at < t->end && isalpha((unsigned char)*t->at))
		t->at++;
	return found;
}

/* [hh:mm[:ss[.fffffff]]] [AM|PM] */
static bool time_of_day(struct text *t, int64_t *ret_ticks)
{
	int64_t h, m, s = 0, f = 0;

	if (!number(t, 1, 2, &h) || !take(t, ':') || !number(t, 1, 2, &m))
		return false;
	if (take(t, ':') && !number(t, 1, 2, &s))
		return false;
	if ((take(t, '.') || take(t, ',')) && !fraction(t, &f))
		return false;
	while (take(t, ' '))
		;
	if (t->end - t->at >= 2 && (t->at[1] == 'M' || t->at[1] == 'm')) {
		if (*t->at == 'P' || *t->at == 'p')
			h = h % 12 + 12;
		else if (*t->at == 'A' || *t->at == 'a')
			h %= 12;
		else
			return false;
		t->at += 2;
	}
	*ret_ticks = h * HOUR + m * MINUTE + s * SECOND + f;
	return h < 24 && m < 60 && s < 60;
}

static bool zone(struct text *t, int64_t *ret_ticks)
{
	int64_t h, m = 0;
	bool minus;

	*ret_ticks = 0;
	while (take(t, ' '))
		;
	if (take(t, 'Z') || take(t, 'z') || t->at == t->end)
		return true;
	if (t->end - t->at == 3 && !strncasecmp(t->at, "GMT", 3)) {
		t->at = t->end;
		return true;
	}
	minus = take(t, '-');
	if (!minus && !take(t, '+'))
		return false;
	if (!number(t, 2, 2, &h))
		return false;
	(void)take(t, ':');
	if (t->at < t->end && !number(t, 2, 2, &m))
		return false;
	*ret_ticks = (minus ? -1 : 1) * (h * HOUR + m * MINUTE);
	return true;
}

/* - / . or a comma, with blanks around */
static bool separator(struct text *t)
{
	struct text start = *t;

	while (take(t, ' '))
		;
	if (take(t, '-') || take(t, '/') || take(t, '.') || take(t, ',')) {
		while (take(t, ' '))
			;
		return true;
	}
	*t = start;
	return false;
}

/* 2014-11-08, 11/8/2014 (month first), 8 November 2014, Sat, 8 Nov 14 */
static bool date(struct text *t, int64_t *y, int64_t *m, int64_t *d)
{
	struct text start = *t;

	if (number(t, 4, 4, y) && separator(t)) {
		*d = 1;
		return number(t, 1, 2, m) && (!separator(t) || number(t, 1, 2, d));
	}
	*t = start;
	if (number(t, 4, 4, y) && t->at == t->end) {
		*m = *d = 1;
		return true;
	}
	*t = start;
	if (number(t, 1, 2, m) && (take(t, '/') || take(t, '-')) && number(t, 1, 2, d) &&
	    (take(t, '/') || take(t, '-')))
		return number(t, 4, 4, y);
	*t = start;
	while (t->at < t->end && isalpha((unsigned char)*t->at)) /* day of the week */
		t->at++;
	(void)take(t, ',');
	while (take(t, ' '))
		;
	if (!number(t, 1, 2, d) || (!take(t, ' ') && !take(t, '-')))
		return false;
	*m = month_by_name(t);
	if (!*m || (!take(t, ' ') && !take(t, '-')) || !number(t, 2, 4, y))
		return false;
	if (*y < 100)
		*y += *y < 50 ? 2000 : 1900;
	return true;
}

int kql_datetime_parse(const char *s, size_t len, int64_t *ret_ns)
{
	struct text t = { s, s + len };
	int64_t y, m, d, ticks = 0, offset = 0;

	skip_spaces(&t);
	if (t.end - t.at >= 2 && (*t.at == '"' || *t.at == '\'') && t.end[-1] == *t.at) {
		t.at++;
		t.end--;
	}
	if (!date(&t, &y, &m, &d) || m < 1 || m > 12 || d < 1 || d > 31)
		return -EINVAL;
	if (take(&t, 'T') || take(&t, ' ')) {
		while (take(&t, ' '))
			;
		if (!time_of_day(&t, &ticks))
			return -EINVAL;
	}
	if (!zone(&t, &offset) || t.at != t.end)
		return -EINVAL;
	ticks += days_from_civil(y, m, d) * DAY - offset;
	if (ticks < KQL_DATETIME_FIRST_NS / NS_PER_TICK ||
	    ticks > KQL_DATETIME_LAST_NS / NS_PER_TICK)
		return -ERANGE;
	*ret_ns = ticks * NS_PER_TICK;
	return 0;
}

static const struct {
	const char *name;
	int64_t ticks;
} units[] = {
	{ "d", DAY },
	{ "day", DAY },
	{ "days", DAY },
	{ "h", HOUR },
	{ "hr", HOUR },
	{ "hrs", HOUR },
	{ "hour", HOUR },
	{ "hours", HOUR },
	{ "m", MINUTE },
	{ "min", MINUTE },
	{ "minute", MINUTE },
	{ "minutes", MINUTE },
	{ "s", SECOND },
	{ "sec", SECOND },
	{ "second", SECOND },
	{ "seconds", SECOND },
	{ "ms", SECOND / 1000 },
	{ "milli", SECOND / 1000 },
	{ "millis", SECOND / 1000 },
	{ "millisec", SECOND / 1000 },
	{ "millisecond", SECOND / 1000 },
	{ "milliseconds", SECOND / 1000 },
	{ "micro", 10 },
	{ "micros", 10 },
	{ "microsec", 10 },
	{ "microsecond", 10 },
	{ "microseconds", 10 },
	{ "nano", 0 },
	{ "nanos", 0 },
	{ "nanosecond", 0 },
	{ "nanoseconds", 0 },
	{ "tick", TICK },
	{ "ticks", TICK },
};

/* 1d, 1.5h, 10 ticks */
static bool with_unit(struct text t, int64_t *ret_ticks)
{
	double value = 0, scale = 1;
	bool point = false, digits = false;

	for (; t.at < t.end && (isdigit((unsigned char)*t.at) || *t.at == '.'); t.at++) {
		if (*t.at == '.') {
			if (point)
				return false;
			point = true;
			continue;
		}
		digits = true;
		value = value * 10 + (*t.at - '0');
		scale *= point ? 10 : 1;
	}
	skip_spaces(&t);
	for (size_t i = 0; digits && i < ARRAY_SIZE(units); i++) {
		if (strlen(units[i].name) != (size_t)(t.end - t.at) ||
		    strncasecmp(units[i].name, t.at, strlen(units[i].name)))
			continue;
		value = value / scale * (double)units[i].ticks;
		*ret_ticks = value < 9e18 ? (int64_t)(value + 0.5) : INT64_MAX;
		return true;
	}
	return false;
}

/* [d.]hh:mm[:ss[.fffffff]]; a lone number is days */
static bool with_colons(struct text t, int64_t *ret_ticks)
{
	int64_t d = 0, h, m, s = 0, f = 0;

	if (!number(&t, 1, 8, &h))
		return false;
	if (t.at == t.end) {
		*ret_ticks = h * DAY;
		return true;
	}
	if (take(&t, '.')) {
		d = h;
		if (!number(&t, 1, 2, &h))
			return false;
	}
	if (!take(&t, ':') || !number(&t, 1, 2, &m))
		return false;
	if (take(&t, ':') && !number(&t, 1, 2, &s))
		return false;
	if (take(&t, '.') && !fraction(&t, &f))
		return false;
	*ret_ticks = d * DAY + h * HOUR + m * MINUTE + s * SECOND + f;
	return t.at == t.end && h < 24 && m < 60 && s < 60;
}

bool kql_timespan_parse(const char *s, size_t len, int64_t *ret_ticks)
{
	struct text t = { s, s + len };
	int64_t ticks;
	bool minus;

	skip_spaces(&t);
	if (t.end - t.at >= 2 && (*t.at == '"' || *t.at == '\'') && t.end[-1] == *t.at) {
		t.at++;
		t.end--;
	}
	minus = take(&t, '-');
	if (!with_unit(t, &ticks) && !with_colons(t, &ticks))
		return false;
	*ret_ticks = minus ? -ticks : ticks;
	return true;
}
