/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slot.h - inside of src/rules: where a rule's field stands in a row
 *
 * A row may be seen in several ways (audit_view.h): each way gives every field one slot.
 */
#pragma once

#include "event/event.h"
#include "rules/rules.h"

enum slot_kind {
	SLOT_NONE,   /* nowhere */
	SLOT_COLUMN, /* a column's value */
	SLOT_TEXT,   /* the same in each row: text */
	SLOT_WORD,   /* the word-th word of a column, from 0 */
	SLOT_BASE,   /* the last part of the path that a column begins with */
	SLOT_NAMED,  /* the value called text in a column that holds a JSON object of texts */
};

struct slot {
	uint8_t kind;
	uint16_t column, word;
	const char *text;
};

/* Texts of SLOT_NAMED that had to be decoded: they stay until the row is done. */
struct slot_room {
	size_t used;
	char text[8192]; /* a record of auditd is no longer; what does not fit is cut */
};

/* Leaves *ret_value alone where the row has no such value. */
void slot_value(const struct slot *slot, const struct event *e, struct slot_room *room,
		struct rules_value *ret_value);
/* The column's own value; text never set is RULES_EMPTY. */
void slot_column_value(const struct event *e, unsigned int column, struct rules_value *ret_value);
