/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h - one line a message on stderr, for the supervisor to keep
 *
 * Format: "2026-01-31T12:00:00.123Z warning uplink: message". Text from outside is escaped: a
 * control character in a file name cannot forge a line. Libraries use log_debug() only; programs
 * and their loops log what an operator must know, each error once. LOG_RATELIMIT bounds a message
 * that a stranger can provoke.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "macro.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_NOTICE, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* component: static string, printed on each line. Level from VAKT_LOG_LEVEL, else info. */
void log_init(const char *component);
void log_set_level(enum log_level level);
enum log_level log_get_level(void);
/* "error" ... "debug"; returns -EINVAL for another word. */
int log_level_parse(const char *word, enum log_level *ret_level);

void log_write(enum log_level level, const char *fmt, ...) _printf_(2, 3);

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...) log_write(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* State of one rate-limited place: at most one message an interval, the rest counted. */
struct log_ratelimit {
	int64_t next_ns;
	uint64_t suppressed;
};

/* True when the message may be written; *ret_suppressed is how many were held back before it. */
bool log_ratelimit_ok(struct log_ratelimit *rl, int64_t interval_ns, uint64_t *ret_suppressed);

#define LOG_RATELIMIT(level, seconds, fmt, ...)                                                    \
	do {                                                                                       \
		static struct log_ratelimit _rl;                                                   \
		uint64_t _held;                                                                    \
		if (log_ratelimit_ok(&_rl, (int64_t)(seconds)*1000000000, &_held)) {               \
			if (_held)                                                                 \
				log_write(level, fmt " (and %llu more like it)", ##__VA_ARGS__,    \
					  (unsigned long long)_held);                              \
			else                                                                       \
				log_write(level, fmt, ##__VA_ARGS__);                              \
		}                                                                                  \
	} while (0)
