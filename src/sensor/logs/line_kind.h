/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line_kind.h - what a line is about: by the program that wrote it, else by the file it stands in
 */
#pragma once

#include "sensor/logs/log_line.h"

/* Kinds of files, in the order of the words of the setting vakt.logs.files. */
enum log_kind {
	LOG_AUTH,
	LOG_SYSLOG,
	LOG_CRON,
	LOG_AUDITD,
	LOG_VSFTPD,
	LOG_CLAMAV,
	LOG_GUACAMOLE,
	LOG_WEB,
	LOG_KIND_COUNT,
};
#define LOG_KIND_WORDS "auth|syslog|cron|auditd|vsftpd|clamav|guacamole|webserver"

/* LOG_KIND_COUNT where the word names none. */
enum log_kind log_kind_find(const char *word);
const char *log_kind_word(enum log_kind kind);
/* ActionType of a line: identifier may be empty. */
const char *log_line_action(enum log_kind kind, struct log_text identifier);
/*
 * Takes "TIME HOST PROGRAM[PID]: TEXT" apart, with the time of RFC 3164 or ISO 8601; what does not
 * look so is all message.
 */
void log_line_split(const char *s, size_t len, struct log_line *line);
