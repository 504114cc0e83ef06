/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule.h - rules as the state keeps them; private to custom/
 */
#pragma once

#include "base/hex.h"
#include "cloud/custom/custom.h"

struct custom_rule {
	struct arena arena; /* its texts */
	int64_t id, version;
	const char *tenant_id, *detector_id;
	struct custom_draft draft;
	const char *techniques; /* JSON list */
	int64_t next_run_ns, covered_ns;
	int64_t failures, failing_since_ns; /* 0: it does not fail */
	bool told;			    /* its owner knows that it fails */
};
void rule_free(struct custom_rule *r);
DEFINE_CLEANUP(struct custom_rule *, rule_free)

/* 1, or 0 where there is none. */
int rule_load(struct state_conn *c, const char *tenant_id, int64_t id,
	      struct custom_rule **ret_rule, struct err *err);
/* The one that is due longest, of the continuous or of the others. 1, or 0; *ret_id with it. */
int rule_due(struct state_conn *c, bool continuous, int64_t now_ns, int64_t *ret_id,
	     char ret_tenant_id[UUID_TEXT_SIZE], struct err *err);

/* How a run ended. */
struct run_outcome {
	int64_t started_ns, duration_ms, from_ns;
	const char *status;	/* completed, partiallyFailed, failed */
	const char *error_code; /* nullable, likewise error; the reference's huntingRuleErrorCode */
	const char *error;
	uint64_t results, alerts, joined, left;
	bool transient; /* no fault of the rule: the store was away, others took its time */
};
/* Within the caller's transaction. -ESTALE: the rule was changed or removed since it was loaded. */
int rule_set_outcome(struct state_conn *c, const struct custom_rule *rule,
		     const struct run_outcome *o, struct err *err);
