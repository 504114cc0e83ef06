/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules_source.h - where the data of a rule comes from, or why there is none
 *
 * A rule has data where a kind of row exists whose logsource is the rule's and of which its
 * condition can be true, given the columns that are ever filled. Nothing is said about whether a
 * device sends such rows.
 */
#pragma once

#include "base/buf.h"
#include "rules/rules_bind.h"

struct rules_source {
	const struct event_table *table;
	const char *action;  /* NULL: any that no logsource names */
	const char *derived; /* the auditd record that the row stands for; NULL: the row itself */
	const char *differs; /* of a derived one: what the record would have and we have not */
};
typedef void (*rules_source_fn)(void *arg, const struct rules_source *source);

/* Of a correlation: the sources of the rules it counts, none where one of them has none. */
void rules_each_source(const struct rules_binding *b, unsigned int rule, rules_source_fn fn,
		       void *arg);
/* Why a rule has no source, in words: the logsource, or the fields, that nothing fills. */
int rules_missing(const struct rules_binding *b, unsigned int rule, struct buf *out);
