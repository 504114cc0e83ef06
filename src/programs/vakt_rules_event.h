/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vakt_rules_event.h - an event of a case file, as rules see it
 *
 * Three forms are read; vakt_rules_case.h says which. Text belongs to the JSON value that the event
 * was read from.
 */
#pragma once

#include <jansson.h>

#include "event/event.h"
#include "rules/rules.h"

#define CASE_FIELDS_MAX 512
#define CASE_NAME_MAX 128
#define CASE_CATEGORIES_MAX 4

struct case_field {
	char name[CASE_NAME_MAX];
	struct rules_value value;
};

struct case_event {
	/* a row of one of our tables, or else the rest */
	bool is_row;
	struct event row;
	char json[1 << 16]; /* the text of the row's last value that is a JSON object */
	const char *categories[CASE_CATEGORIES_MAX]; /* NULL-terminated; first NULL: none */
	const char *product, *service;
	struct case_field fields[CASE_FIELDS_MAX];
	unsigned int field_count;
	const struct rules_set *set; /* whose field numbers case_event_get() is asked for */
};

int case_event_read(struct case_event *e, const json_t *json, struct err *err);

/* As struct rules_event wants them. */
void case_event_get(const void *event, unsigned int field, struct rules_value *ret_value);
bool case_event_value(const void *event, unsigned int i, struct rules_value *ret_value);
