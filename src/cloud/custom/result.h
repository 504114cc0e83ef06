/* SPDX-License-Identifier: Apache-2.0 */
/*
 * result.h - rows of a rule's query: which is which, and which belong together
 *
 * A row is a JSON list on a line of the answer. What it is told from others by (device, ReportId,
 * entities) is kept; the row itself is read again where it becomes an alert. A device may put bytes
 * into its events that are no text: they must not hide the row.
 */
#pragma once

#include "cloud/custom/custom.h"
#include "cloud/incident/incident.h"

/* Columns of which the reference wants one, ended by NULL. */
extern const char *const result_entity_columns[];

struct result_columns {
	const char *names[CUSTOM_COLUMNS_MAX]; /* the query's */
	unsigned int count;
	int time, report, device; /* -1: there is none */
	bool device_is_name;
	int entities[CUSTOM_ENTITIES_MAX]; /* of the draft's */
	unsigned int entity_count;
};
void result_columns_of(const struct kql_query *q, const struct custom_draft *draft,
		       struct result_columns *ret_columns);

struct result {
	size_t offset, len;	    /* of its line */
	int64_t time_ns, report_id; /* report_id 0: it has none */
	char device[64];	    /* id or, see device_is_name, name; "" */
	char id[INCIDENT_GROUP_SIZE], entities[INCIDENT_GROUP_SIZE];
	struct result *next; /* of its group */
};

struct results {
	struct result_columns columns;
	struct buf answer;
	struct result *list; /* the oldest first */
	size_t count;
	uint64_t unreadable; /* rows that are no list of values */
	bool limited;	     /* there are more than CUSTOM_RESULTS_MAX */
};
void results_init(struct results *r);
void results_done(struct results *r);
/* Of the answer, by columns. -ENOMEM. */
int results_read(struct results *r, int64_t now_ns);
/* The row's values; NULL: out of memory. */
json_t *result_values(const struct results *r, const struct result *row);

/* A value as text, in the arena; NULL where it is null or empty. */
const char *result_text(const json_t *values, int column, struct arena *arena);
/* For text_fill(). */
struct result_filling {
	const struct result_columns *columns;
	const json_t *values;
	struct arena *arena;
};
const char *result_fill(void *filling, const char *name, size_t len);

/* Rows that are one alert. */
struct group {
	char key[INCIDENT_GROUP_SIZE];
	struct result *first, *last;
	uint64_t count;
	enum { GROUP_NEW, GROUP_JOINS, GROUP_LEFT } fate;
};
struct groups {
	struct group *list; /* in the order of their first rows */
	size_t count;
};
void groups_done(struct groups *g);
/* Rows of the same entities that are at most suppress_s apart are one, else each row is. */
struct grouping {
	const char *rule; /* in the keys */
	int64_t suppress_s;
	int (*skip)(void *arg, const struct result *row); /* 1: is left out; nullable */
	void *arg;
};
int groups_make(const struct results *r, const struct grouping *how, struct groups *ret_groups);
