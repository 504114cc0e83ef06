/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subject.h - which process an event is about, whatever table it stands in
 *
 * A row of DeviceProcessEvents is about the created process, rows of the other tables about the one
 * that acted. Grouping, evidence and story read the columns through here, so that none of them
 * knows the tables.
 */
#pragma once

#include <stdbool.h>

#include "event/event.h"

#define SUBJECT_NONE 255 /* the table has no such column */

/* Indexes into the table's fields. */
struct subject_columns {
	uint8_t time, report_id, action;
	/* The process. */
	uint8_t unique_id, process_id, file_name, folder_path, command_line, creation_time;
	uint8_t sha1, sha256, account_name, account_domain, account_sid;
	/* Its parent. */
	uint8_t parent_unique_id, parent_id, parent_file_name, parent_folder_path;
	uint8_t parent_creation_time;
	/* What it acted on. */
	uint8_t target_path, target_name, target_sha1, target_sha256;
	uint8_t remote_ip, remote_port;
};

/* NULL for a table whose rows are about no process: SensorGaps, DeviceInfo. */
const struct subject_columns *subject_columns(const struct event_table *table);

/* Text and number of a column; empty or 0 where it is absent. */
const char *subject_text(const struct event *e, uint8_t column, size_t *ret_len);
int64_t subject_number(const struct event *e, uint8_t column);

/*
 * True for programs below which each child begins a life of its own: init, sshd, cron, a
 * container's shim. What two of their children do has nothing in common.
 */
bool subject_begins_sessions(const char *file_name, size_t len);

/*
 * The process that a repetition of the event has in common with it: the parent of a created
 * process, unless that begins sessions or is unknown; else the acting process itself. "" where
 * there is none.
 */
void subject_actor(const struct event *e, char ret_id[EVENT_UNIQUE_ID_SIZE]);
