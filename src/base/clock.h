/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.h - nanosecond clocks and RFC 3339 text
 *
 * All times inside the programs are int64_t nanoseconds: since 1970 (UTC) for realtime, since boot
 * for boottime (counts suspend; the clock of kernel records), arbitrary for monotonic (intervals).
 */
#pragma once

#include <pthread.h>
#include <stdint.h>
#include <time.h>

#define NSEC_PER_SEC 1000000000LL
#define NSEC_PER_MSEC 1000000LL
#define NSEC_PER_USEC 1000LL

/* "2026-01-31T12:00:00.123456789Z" and its NUL. */
#define CLOCK_RFC3339_SIZE 40

int64_t clock_realtime_ns(void);
int64_t clock_boottime_ns(void);
int64_t clock_monotonic_ns(void);
/* A condition whose timed waits go by CLOCK_MONOTONIC, so that nobody who sets the clock delays them. */
void clock_cond_init(pthread_cond_t *cond);

/* digits: fraction digits, 0 to 9. Writes UTC with a Z into buf (CLOCK_RFC3339_SIZE bytes). */
void clock_format_rfc3339(int64_t realtime_ns, int digits, char *buf);

/*
 * Reads "YYYY-MM-DD[THH:MM[:SS[.fraction]][Z|+HH:MM]]"; without a zone it is UTC. -EINVAL for
 * anything else, trailing text included; -ERANGE before 1678 and after 2261.
 */
int clock_parse_rfc3339(const char *text, int64_t *ret_realtime_ns);
