/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules_bind.h - events of our schema as Sigma's rules see them
 *
 * The logsource is product linux with each category and service that the table's `sigma` sources
 * give the event's ActionType; an event without meets only rules without. A field is found by its
 * Sigma name of that table, else by its column's name, in an audit record by the name that it has
 * there. Text that was never set counts as empty and as null, a number that was never set as null.
 * Rules for auditd meet what the kernel told as well: the records that auditd would have written.
 */
#pragma once

#include "event/event.h"
#include "rules/rules.h"
#include "rules/rules_correlate.h"

struct rules_binding;

/* The set must outlive the binding. May be used by many threads, each with its own scratch. */
int rules_binding_new(const struct rules_set *s, struct rules_binding **ret_binding);
void rules_binding_free(struct rules_binding *b);
DEFINE_CLEANUP(struct rules_binding *, rules_binding_free)

/* As rules_match(): calls match for each rule that is true of the event. Allocates nothing. */
int rules_match_event(const struct rules_binding *b, struct rules_scratch *scratch,
		      const struct event *e, rules_match_fn match, void *arg);

/* As rules_correlator_add(); at->event is a struct event, at->get is not looked at. */
void rules_correlate_event(const struct rules_binding *b, struct rules_correlator *c,
			   unsigned int rule, const struct rules_occurrence *at);
