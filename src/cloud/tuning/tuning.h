/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tuning.h - what a tenant has decided about Sigma rules: off, lowered, and exceptions to them
 *
 * Owns the tables rule_setting, rule_exception and rule_silenced. It neither loads nor matches
 * rules and writes no alert: it says of a match whether it makes one, and counts those that do not.
 * Their events stay in the store. Custom detections are narrowed in their own query instead.
 *
 * What is decided is kept in memory, a copy a tenant, and read anew when it was changed. All calls
 * may come from any thread; a run belongs to one.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hex.h"
#include "cloud/detect/detect.h"
#include "store/state.h"

#define TUNING_EXCEPTIONS_MAX 500 /* of a tenant, expired ones included */
#define TUNING_REASON_MAX 1000	  /* bytes */
#define TUNING_DAYS_DEFAULT 90
#define TUNING_DAYS_MAX 365
#define TUNING_EXPIRED_KEPT_DAYS 30 /* before one that has expired is forgotten */
#define TUNING_PREVIEW_DAYS 30
#define TUNING_PREVIEW_ALERTS_MAX 5000 /* the newest are looked at */
#define TUNING_PREVIEW_SHOWN_MAX 100

struct tuning;

int tuning_open(struct state *state, struct tuning **ret_tuning, struct err *err);
void tuning_close(struct tuning *t);
DEFINE_CLEANUP(struct tuning *, tuning_close)

/* One frame of a device. */
struct tuning_run;
int tuning_run_new(struct tuning *t, const char *tenant_id, const char *device_id,
		   struct tuning_run **ret_run, struct err *err);
void tuning_run_free(struct tuning_run *run);
DEFINE_CLEANUP(struct tuning_run *, tuning_run_free)
/* For detect_run_judge_by(); lives as long as the run. */
const struct detect_judge *tuning_run_judge(const struct tuning_run *run);
/*
 * Adds what was silenced to the counts of rules and exceptions, within the caller's transaction.
 * The rules that were judged by must still be there.
 */
int tuning_run_write(const struct tuning_run *run, struct state_conn *c, struct err *err);

/* A rule as the tenant wants it. */
struct tuning_setting {
	bool enabled;
	const char *severity; /* of its alerts at most; NULL: the rule's own */
};
int tuning_set_rule(struct tuning *t, const char *tenant_id, const char *who, const char *rule_id,
		    const struct tuning_setting *setting, struct err *err);

/* An exception as somebody wants it; texts are the caller's. */
struct tuning_draft {
	const char *rule_id, *rule_title; /* NULL: any rule */
	const json_t *conditions;
	const char *reason;
	int64_t days;
};
/* -EINVAL: err says what is wrong with the conditions; -ENOSPC: there are as many as there may be.
 */
int tuning_except(struct tuning *t, const char *tenant_id, const char *who,
		  const struct tuning_draft *draft, char ret_id[UUID_TEXT_SIZE], struct err *err);
/* -ENOENT. */
int tuning_remove(struct tuning *t, const char *tenant_id, const char *id, struct err *err);
/*
 * Which alerts of the last days the exception would have kept from being made, by the processes
 * among their evidence. *ret_json: ExceptionPreview of the API's answers. -EINVAL as above.
 */
int tuning_preview(struct tuning *t, const char *tenant_id, const struct tuning_draft *draft,
		   json_t **ret_json, struct err *err);

/* Forgets exceptions that expired long ago. */
int tuning_retain(struct state *state, int64_t now_ns, struct err *err);
