/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_record.h - a line of audit.log taken apart: type=..., number and time, fields
 *
 * Fields point into the line; what the kernel wrote as hexadecimal digits, because a stranger chose
 * it, is decoded when the fields are printed. Knows nothing of other lines.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "sensor/logs/log_line.h"

#define AUDIT_FIELDS_MAX 192

struct audit_field_text {
	struct log_text name, value;
	bool encoded; /* value is hexadecimal digits of bytes */
};

struct audit_record {
	struct log_text type;
	int64_t time_ns, serial;
	struct audit_field_text fields[AUDIT_FIELDS_MAX];
	unsigned int field_count; /* further ones are left out */
};

/* -EBADMSG: no record. The record is valid as long as the line. */
int audit_record_parse(const char *line, size_t len, struct audit_record *ret_record);
/* NULL where the record has no such field. */
const struct audit_field_text *audit_record_field(const struct audit_record *r, const char *name);
/* The name of the system call that arch and number stand for, or NULL. */
const char *audit_syscall_name(const struct audit_record *r);
/*
 * Appends the fields as a JSON object of texts; `shared` (nullable) is the SYSCALL record of the same
 * event, which lends who did it to those that do not say.
 */
int audit_record_print(const struct audit_record *r, const struct audit_record *shared,
		       struct buf *out);
