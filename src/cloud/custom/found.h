/* SPDX-License-Identifier: Apache-2.0 */
/*
 * found.h - the store's events behind results, by device and ReportId
 *
 * With the event an alert has what every other has: process, evidence, story, tree. A result whose
 * event is not found (it was put together of several) has what its own columns say.
 */
#pragma once

#include "base/err.h"
#include "event/event.h"
#include "kql/kql.h"
#include "store/telemetry.h"

#define FOUND_MAX 1000 /* events asked for at once */

struct found_key {
	char device[64];
	int64_t report_id, time_ns;
};

struct found;
void found_free(struct found *f);
DEFINE_CLEANUP(struct found *, found_free)
struct found_question {
	struct telemetry *telemetry;
	const char *tenant_id;
	const struct kql_query
	    *query; /* whose tables are looked into, those that are about processes */
	const struct found_key *keys;
	size_t count; /* at most FOUND_MAX */
};
/* Errors of telemetry_query(). */
int found_load(const struct found_question *q, struct found **ret_found, struct err *err);
/* NULL where there is none. Its strings live as long as what was found. */
struct event *found_get(const struct found *f, const char *device, int64_t report_id);
