/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logs.h - every source of log lines of this machine, each line once
 *
 * Files and the journal are looked at by turns, within a bound of lines and bytes a second; what is
 * beyond it waits where it stands, and is left out and told as a gap when too much waits. A place is
 * kept on disk once logs_commit() says that the rows are safe. One thread.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/config.h"
#include "base/err.h"
#include "sensor/logs/log_line.h"

struct logs;

struct logs_options {
	const char *state_dir;
	/* The line's sequence and LOG_CPU are the row's number. */
	void (*on_line)(void *arg, const struct log_line *line);
	/* Lines of a source went unread, since when (boot time) and why. */
	void (*on_gap)(void *arg, const char *reason, int64_t since_ns);
	void *arg;
};

int logs_new(const struct logs_options *options, const struct config *config, struct logs **ret_logs,
	     struct err *err);
void logs_free(struct logs *l);
DEFINE_CLEANUP(struct logs *, logs_free)
/* Sources that are new begin at their end; those that are gone are let go. */
void logs_configure(struct logs *l, const struct config *config);
/* A row that is in the spool already though no place tells so: the last sensor was killed. */
void logs_note_spooled(struct logs *l, uint64_t sequence);
/* Hands on what was added since; call it some times a second. */
void logs_poll(struct logs *l);
/* All lines that were handed on, but for one that is being handed on, are in the spool. */
void logs_commit(struct logs *l);
/* Appends a list of the sources: kind, path, whether it is read or why not, counts. */
void logs_health(const struct logs *l, struct buf *out);
