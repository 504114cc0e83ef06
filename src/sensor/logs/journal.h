/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.h - entries of systemd's journal, by its own library
 *
 * libsystemd is looked for when the journal is opened: a machine without it is told so, and needs
 * no package for the sensor.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/macro.h"
#include "sensor/logs/log_line.h"

#define JOURNAL_FIELD_MAX 16384u /* bytes of a field that are looked at */

struct journal;

/*
 * folder: where the files lie; "": the machine's own. cursor: the entry that was read last; "":
 * begins at the end. -ENOENT: there is no journal or no library; other errors of both.
 */
int journal_open(const char *folder, const char *cursor, struct journal **ret_journal,
		 struct err *err);
void journal_close(struct journal *j);
DEFINE_CLEANUP(struct journal *, journal_close)

/* True once where the entry that was read last is not in the journal any more. */
bool journal_take_loss(struct journal *j);
/*
 * The next entry: 1, 0 where there is none yet. Its texts live until the next call; action and
 * sequence are the caller's to set. An entry without text has an empty one.
 */
int journal_next(struct journal *j, struct log_line *ret_line);
/* Of the entry that was read last; "" before the first. */
const char *journal_cursor(const struct journal *j);
/* Leaves out what has not been read yet. */
int journal_skip_to_end(struct journal *j);
