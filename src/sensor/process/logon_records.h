/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logon_records.h - records of log-ons as they are added to wtmp and btmp (utmp(5))
 *
 * What is in a file when it is first looked at is old. A file that got shorter was begun anew. Texts
 * are what somebody typed: bytes of any kind.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <utmp.h>

#include "base/err.h"
#include "base/macro.h"

struct logon_records;

typedef void (*logon_record_fn)(void *arg, const struct utmp *record, bool failed);

/* log: the folder of the files. */
int logon_records_new(const char *log, struct logon_records **ret_records);
void logon_records_free(struct logon_records *l);
DEFINE_CLEANUP(struct logon_records *, logon_records_free)
/* Whether a path, as the kernel tells it, is one of them. */
bool logon_records_have(const struct logon_records *l, const char *path, size_t len);
/* Hands on the log-ons that were added since. */
void logon_records_read(struct logon_records *l, const char *path, size_t len, logon_record_fn fn,
			void *arg);
