/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_view.h - inside of src/rules: rows of ours as the records that auditd would have written
 *
 * Rules for `product: linux, service: auditd` ask for a record's type and its fields. Where auditd
 * does not run, what the kernel told us fills such records; a row may be several, as one system
 * call is. What our rows cannot say stays without a slot, so that no rule finds it by chance.
 */
#pragma once

#include "slot.h"

struct audit_field {
	const char *name;
	uint8_t kind; /* enum slot_kind */
	uint16_t column;
};

struct audit_view {
	enum event_table_id table;
	const char *action;
	const char *type;
	const char *syscall, *nametype, *res; /* NULL: the record has no such field */
	const struct audit_field *fields;     /* ends with name NULL */
	int arguments; /* column whose words are a0, a1, ...; negative: none */
	/* Columns that a keyword is looked for in; negative: none. */
	int texts[2];
	const char *differs; /* from what auditd would have written */
};

extern const struct audit_view audit_views[];
extern const size_t audit_view_count;

/* The field's slot in a record of the view. */
struct slot audit_view_slot(const struct audit_view *view, const char *field);
