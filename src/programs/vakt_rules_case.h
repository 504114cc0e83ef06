/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vakt_rules_case.h - case files: events that a rule must, or must not, match
 *
 * A file is one JSON value or JSON lines. Each value is a case, a list of cases, or an object whose
 * `cases` is that list. A case:
 *
 *   "rule": the YAML text of one rule, or "rules": a folder or file beside the case file
 *   "id" or "rule_id": the rule meant (without it: any rule of the text)
 *   "name" or "test": for the report
 *   "expect": "match" (default) or "no match"; "match_count": at least so many
 *   "events": a list of events
 *
 * An event in Sigma's words: {"category", "product", "service", "fields": {field: value}}. A row as
 * vakt-frames prints it, {"Table": "DeviceProcessEvents", column: value, ...}, goes the way that
 * events go in detection. A Windows event as JSON, {"Event": {"System", "EventData"}}, is taken as
 * it is: channel and event id become category and service, EventData the fields.
 *
 * A case about a correlation: its events are seen one after another, at "time" (seconds since 1970,
 * or a text like 2026-01-31T12:00:00Z) or a row's Timestamp; without it a second after the one
 * before. "match" holds if the correlation became true, match_count times at least.
 *
 * "match" holds if each event is matched (or match_count of them at least); "no match" if none is.
 */
#pragma once

#include "base/err.h"

struct case_counts {
	unsigned int passed, failed;
};

/* Prints a line for each case that is not as expected. Negative where the file cannot be run. */
int case_file_run(const char *path, struct case_counts *counts, struct err *err);
