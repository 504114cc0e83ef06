/* SPDX-License-Identifier: Apache-2.0 */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "fd.h"

#define LINE_MAX_BYTES 4096

static const char *const level_names[] = { "error", "warning", "notice", "info", "debug" };
static const char *log_component = "vakt";
static enum log_level log_max_level = LOG_LEVEL_INFO;

void log_init(const char *component)
{
	const char *word = getenv("VAKT_LOG_LEVEL");

	log_component = component;
	if (word && log_level_parse(word, &log_max_level) < 0)
		log_warning("VAKT_LOG_LEVEL '%s' is none of error, warning, notice, info, debug; using info",
			    word);
}

void log_set_level(enum log_level level)
{
	log_max_level = level;
}

enum log_level log_get_level(void)
{
	return log_max_level;
}

int log_level_parse(const char *word, enum log_level *ret_level)
{
	for (size_t i = 0; i < ARRAY_SIZE(level_names); i++) {
		if (strcmp(word, level_names[i]) == 0) {
			*ret_level = (enum log_level)i;
			return 0;
		}
	}
	return -EINVAL;
}

/* Copies text, writing control characters as \xNN, so that a message is always one line. */
static size_t escape_into(char *dst, size_t cap, const char *src)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;

	for (; *src && n + 5 < cap; src++) {
		unsigned char c = (unsigned char)*src;

		if (c >= 0x20 && c != 0x7f) {
			dst[n++] = (char)c;
			continue;
		}
		dst[n++] = '\\';
		dst[n++] = 'x';
		dst[n++] = hex[c >> 4];
		dst[n++] = hex[c & 15];
	}
	return n;
}

void log_write(enum log_level level, const char *fmt, ...)
{
	char msg[LINE_MAX_BYTES / 2], line[LINE_MAX_BYTES], stamp[CLOCK_RFC3339_SIZE];
	int saved_errno = errno, n;
	va_list ap;
	size_t len;

	if (level > log_max_level)
		return;
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	clock_format_rfc3339(clock_realtime_ns(), 3, stamp);
	n = snprintf(line, sizeof(line), "%s %s %s: ", stamp, level_names[level], log_component);
	len = (size_t)n;
	len += escape_into(line + len, sizeof(line) - len - 1, msg);
	line[len++] = '\n';
	/* Nowhere to report a failing stderr. */
	(void)fd_write_all(STDERR_FILENO, line, len);
	errno = saved_errno;
}

bool log_ratelimit_ok(struct log_ratelimit *rl, int64_t interval_ns, uint64_t *ret_suppressed)
{
	int64_t now = clock_monotonic_ns();

	if (now < rl->next_ns) {
		rl->suppressed++;
		return false;
	}
	rl->next_ns = now + interval_ns;
	*ret_suppressed = rl->suppressed;
	rl->suppressed = 0;
	return true;
}
