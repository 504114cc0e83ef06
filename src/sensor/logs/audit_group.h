/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_group.h - the records of one event, which share a serial number and stand together
 *
 * Only the SYSCALL record says who did it; the others follow it. They are held until the event is
 * whole, and each then becomes a line that knows who.
 */
#pragma once

#include "sensor/logs/log_line.h"
#include "base/macro.h"

struct audit_group;

/* line->sequence is what was given with the record. */
typedef void (*audit_line_fn)(void *arg, const struct log_line *line);

int audit_group_new(struct audit_group **ret_group);
void audit_group_free(struct audit_group *g);
DEFINE_CLEANUP(struct audit_group *, audit_group_free)
/* Adds a line of audit.log; an event that it does not belong to is handed on before. */
void audit_group_add(struct audit_group *g, const struct log_line *line, audit_line_fn fn, void *arg);
/* Hands on what is held. */
void audit_group_flush(struct audit_group *g, audit_line_fn fn, void *arg);
/* Boot time of the first record that is held; 0: none is. */
int64_t audit_group_since(const struct audit_group *g);
/* Lines that were no record: they are handed on with their text alone. */
uint64_t audit_group_malformed(const struct audit_group *g);
