/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind.h - inside of src/rules: which groups of rules meet a row, and in which of its views
 */
#pragma once

#include "audit_view.h"
#include "rules_bind.h"
#include "set.h"

/* One way to see the rows of an action, with the groups that it concerns. */
struct bound_view {
	const struct audit_view *audit; /* NULL: the row itself */
	const struct slot *slots;	/* by the set's field */
	unsigned int *groups;
	unsigned int group_count;
};

/* An ActionType of a table. */
struct bound_action {
	const char *name; /* NULL: any other */
	size_t len;
	struct bound_view *views; /* the first is the row itself */
	unsigned int view_count;
};

struct bound_table {
	struct slot *slots;
	int action_column;
	struct bound_action *actions; /* the last has no name */
	unsigned int action_count;    /* without that */
};

struct rules_binding {
	const struct rules_set *set;
	struct arena arena;
	struct bound_table tables[EVENT_TABLE_COUNT];
};
