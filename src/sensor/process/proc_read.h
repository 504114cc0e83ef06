/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc_read.h - what /proc says of a process that already runs
 */
#pragma once

#include "base/buf.h"
#include "sensor/process/package_owner.h"
#include "sensor/process/process_table.h"

/* Fills the table with every process of /proc; packages is nullable. Count, or negative errno. */
int proc_read_all(struct process_table *t, struct package_owner *packages);
/*
 * The command line of a living process, arguments joined by blanks, as UTF-8. -ESRCH where the pid
 * is not (any more) the process that started then.
 */
int proc_read_command_line(uint32_t pid, int64_t start_ns, struct buf *out);
/* Joins arguments that each end with a NUL; bad bytes are escaped. */
int proc_join_arguments(const char *args, size_t len, struct buf *out);
/* Container id from /proc/PID/cgroup: 64 hex digits in the path, else "". out: 65 bytes. -ENOENT: gone. */
int proc_read_container(uint32_t pid, char out[65]);
/* The same from the text of the file. */
void proc_parse_container(const char *cgroup_text, char out[65]);
