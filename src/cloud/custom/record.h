/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record.h - results of a run into alerts; private to custom/
 *
 * What needs the store (events, trees) is looked up first, then all is written in one transaction.
 */
#pragma once

#include "cloud/custom/custom_internal.h"
#include "cloud/custom/found.h"
#include "cloud/custom/result.h"

#define RECORD_GROUPS_MAX 1000 /* alerts of a run, with those that results join */

struct record;

/* Sorts out what is known, what joins, what is left; asks the store for the rest. */
int record_new(struct custom *c, const struct custom_rule *rule, struct results *results,
	       const struct kql_query *q, struct record **ret_record, struct err *err);
void record_free(struct record *r);
DEFINE_CLEANUP(struct record *, record_free)
/* Within the caller's transaction; fills the outcome's counts. */
int record_write(struct record *r, struct run_outcome *outcome, struct err *err);

/* A row as the alert that it would begin; texts are the arena's. */
int record_texts(const struct custom_draft *draft, const struct result_columns *columns,
		 const json_t *values, struct arena *arena, struct incident_text *ret_text);
/* Devices that the query calls by name get their ids, where there are such. */
int record_resolve(struct state_conn *c, const char *tenant_id, struct results *results,
		   struct err *err);
/* "" where the device is not known. */
int record_device_name(struct state_conn *c, const char *tenant_id, const char *device_id,
		       char ret_name[256], struct err *err);
