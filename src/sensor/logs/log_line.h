/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_line.h - one line as the sources of logs hand it on
 *
 * Texts are bytes of any kind, not NUL-terminated, and live during the call that brings the line.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Lines come from no processor; sequence is the source's generation and the place in it. */
#define LOG_CPU (UINT16_MAX - 1)
#define LOG_PLACE_BITS 40

struct log_text {
	const char *s;
	size_t len;
};

struct log_line {
	uint64_t sequence;
	int64_t time_ns;    /* since 1970 */
	const char *action; /* ActionType of DeviceLogEvents */
	const char *source, *facility, *severity; /* NULL: not told */
	struct log_text identifier, message;
	int64_t pid; /* 0: none */
	/* Of an audit record, or of a request: fields are JSON. */
	struct log_text type, fields;
	int64_t serial;
};
