/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int64_t read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

int64_t clock_realtime_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t clock_boottime_ns(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

int64_t clock_monotonic_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

void clock_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attributes);
	pthread_condattr_destroy(&attributes);
}

void clock_format_rfc3339(int64_t realtime_ns, int digits, char *buf)
{
	time_t secs = (time_t)(realtime_ns / NSEC_PER_SEC);
	int64_t frac = realtime_ns % NSEC_PER_SEC;
	struct tm tm;
	size_t n;

	if (frac < 0) {
		frac += NSEC_PER_SEC;
		secs--;
	}
	gmtime_r(&secs, &tm);
	n = strftime(buf, CLOCK_RFC3339_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	if (digits > 0) {
		char nanos[16];

		snprintf(nanos, sizeof(nanos), "%09d", (int)frac);
		buf[n++] = '.';
		memcpy(buf + n, nanos, (size_t)digits);
		n += (size_t)digits;
	}
	buf[n++] = 'Z';
	buf[n] = '\0';
}

/* Reads exactly `digits` digits within [lo, hi]; advances *p. */
static int read_number(const char **p, int digits, int lo, int hi, int *ret)
{
	int v = 0;

	for (int i = 0; i < digits; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return -EINVAL;
		v = v * 10 + (**p - '0');
	}
	if (v < lo || v > hi)
		return -EINVAL;
	*ret = v;
	return 0;
}

static int read_fraction(const char **p, int64_t *ret_ns)
{
	int64_t ns = 0, unit = NSEC_PER_SEC / 10;

	if (**p < '0' || **p > '9')
		return -EINVAL;
	for (; **p >= '0' && **p <= '9'; (*p)++, unit /= 10)
		ns += (**p - '0') * unit;
	*ret_ns = ns;
	return 0;
}

static int read_zone(const char **p, int *ret_seconds)
{
	int h, m, sign = **p == '-' ? -1 : 1;

	*ret_seconds = 0;
	if (**p == '\0')
		return 0;
	if (**p == 'Z' || **p == 'z') {
		(*p)++;
		return 0;
	}
	if (**p != '+' && **p != '-')
		return -EINVAL;
	(*p)++;
	if (read_number(p, 2, 0, 23, &h) < 0 || *(*p)++ != ':' || read_number(p, 2, 0, 59, &m) < 0)
		return -EINVAL;
	*ret_seconds = sign * (h * 3600 + m * 60);
	return 0;
}

int clock_parse_rfc3339(const char *text, int64_t *ret_realtime_ns)
{
	const char *p = text;
	struct tm tm = { 0 };
	int64_t frac = 0, ns;
	int year, month, zone = 0;

	if (read_number(&p, 4, 1, 9999, &year) < 0 || *p++ != '-' ||
	    read_number(&p, 2, 1, 12, &month) < 0 || *p++ != '-' ||
	    read_number(&p, 2, 1, 31, &tm.tm_mday) < 0)
		return -EINVAL;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	if (*p == 'T' || *p == 't' || *p == ' ') {
		p++;
		if (read_number(&p, 2, 0, 23, &tm.tm_hour) < 0 || *p++ != ':' ||
		    read_number(&p, 2, 0, 59, &tm.tm_min) < 0)
			return -EINVAL;
		if (*p == ':') {
			p++;
			if (read_number(&p, 2, 0, 60, &tm.tm_sec) < 0)
				return -EINVAL;
			if (*p == '.') {
				p++;
				if (read_fraction(&p, &frac) < 0)
					return -EINVAL;
			}
		}
	}
	if (read_zone(&p, &zone) < 0 || *p)
		return -EINVAL;
	if (__builtin_mul_overflow((int64_t)timegm(&tm) - zone, NSEC_PER_SEC, &ns) ||
	    __builtin_add_overflow(ns, frac, &ns))
		return -ERANGE;
	*ret_realtime_ns = ns;
	return 0;
}
