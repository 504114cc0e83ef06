/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file_source.h - one log file as lines that know what they are, and the place up to which they are out
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "sensor/logs/line_kind.h"
#include "sensor/logs/places.h"

struct file_source;

struct file_source_handlers {
	void (*on_line)(void *arg, const struct log_line *line);
	void (*on_gap)(void *arg, const char *reason);
	/* A number that no file had yet. */
	uint32_t (*new_generation)(void *arg);
	/* Another file is read from now on: that must be on disk before its first line is out. */
	void (*on_begin)(void *arg);
	void *arg;
};

/* place: NULL begins at the file's end. handlers must live as long. -ENOMEM. */
int file_source_new(const char *path, enum log_kind kind, const struct place *place,
		    const struct file_source_handlers *handlers, struct file_source **ret_source);
void file_source_free(struct file_source *s);
DEFINE_CLEANUP(struct file_source *, file_source_free)

const char *file_source_path(const struct file_source *s);
enum log_kind file_source_kind(const struct file_source *s);
bool file_source_reads(const struct file_source *s);
/* A number of this source's, given before the first read, is one of a row that is in the spool. */
void file_source_note_spooled(struct file_source *s, uint64_t sequence);
/* Hands on about max_bytes; true where more waits. */
bool file_source_read(struct file_source *s, size_t max_bytes);
/* Hands on an event of auditd whose end did not come. */
void file_source_settle(struct file_source *s);
/* Leaves out what waits where it is more than max. */
void file_source_limit(struct file_source *s, int64_t max);
/* Up to where each line was handed on. */
void file_source_place(const struct file_source *s, struct place *ret_place);
uint64_t file_source_lines(const struct file_source *s);
/* Appends the source as a JSON object. */
void file_source_health(const struct file_source *s, struct buf *out);
