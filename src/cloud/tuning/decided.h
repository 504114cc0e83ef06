/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decided.h - all that one tenant has decided, as it was read once; private to tuning/
 *
 * Immutable, with counted references: a frame keeps what it began with.
 */
#pragma once

#include <stdatomic.h>

#include "cloud/tuning/conditions.h"
#include "rules/rules.h"
#include "store/state.h"

struct decided_rule {
	bool enabled;
	enum rules_level level; /* at most */
};

struct decided_exception {
	const char *id;
	const char *rule_id; /* NULL: any */
	int64_t expires_ns;
	struct conditions conditions;
};

struct decided;

/* Of the tenant, without what has expired. One reference. */
int decided_load(struct state_conn *c, const char *tenant_id, int64_t now_ns,
		 struct decided **ret_decided, struct err *err);
struct decided *decided_ref(struct decided *d);
void decided_unref(struct decided *d);
DEFINE_CLEANUP(struct decided *, decided_unref)

/* NULL where nothing was decided about it. */
const struct decided_rule *decided_rule(const struct decided *d, const char *rule_id);
size_t decided_exception_count(const struct decided *d);
const struct decided_exception *decided_exception(const struct decided *d, size_t i);
/* Whether any exception asks for the device's tags. */
bool decided_needs_tags(const struct decided *d);
