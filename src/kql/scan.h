/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan.h - what a scan is: a machine of steps that rows go through in their order
 *
 * Each step has a state: the row that it matched last and those that the steps before it had
 * matched on the way. Of a state only what conditions and assignments read is kept (scan_ref).
 * Source: learn.microsoft.com/kusto/query/scan-operator
 */
#pragma once

#include "kql/bound.h"

#define SCAN_STEPS_MAX 32u
#define SCAN_DECLARED_MAX 32u
#define SCAN_REFS_MAX 64u

enum scan_output { SCAN_ALL, SCAN_LAST, SCAN_NONE };

struct scan_step {
	const char *name;
	enum scan_output output;
};

/* step.column, where it is read. */
struct scan_ref {
	const struct column *column; /* what stands for it in expressions */
	uint32_t step;		     /* from 0 */
	bool declared;
	uint32_t index; /* of the source's columns, or of the declared ones */
};

/*
 * The call of __scan has as arguments: the rows; for each step its condition and a value for each
 * declared column; then a default for each declared column; then one for each ref.
 */
struct scan {
	struct scan_step steps[SCAN_STEPS_MAX];
	uint32_t step_count;
	const struct column **source; /* elements of the rows */
	uint32_t source_count;
	const char *declared[SCAN_DECLARED_MAX];
	enum kql_type types[SCAN_DECLARED_MAX];
	uint32_t declared_count;
	struct scan_ref refs[SCAN_REFS_MAX];
	uint32_t ref_count;
};

static inline uint32_t scan_condition(const struct scan *s, uint32_t step)
{
	return 1 + step * (1 + s->declared_count);
}

static inline uint32_t scan_default(const struct scan *s, uint32_t declared)
{
	return scan_condition(s, s->step_count) + declared;
}

static inline uint32_t scan_missing(const struct scan *s, uint32_t ref)
{
	return scan_default(s, s->declared_count) + ref;
}
