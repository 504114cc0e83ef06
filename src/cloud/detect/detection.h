/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detection.h - the matches of one frame, folded: one entry a rule and responsible process
 *
 * A loop that does the same thing a thousand times is one entry with a count of a thousand. The
 * events' strings stay where they are, in the frame: the list must not outlive it, nor the rules.
 */
#pragma once

#include "event/event.h"
#include "rules/rules.h"

#define DETECTION_SAMPLES_MAX 8
#define DETECTION_IDS_MAX 100
#define DETECTIONS_MAX 512 /* entries a frame; beyond it the entries of a rule become one */

struct detection_id {
	int64_t report_id, time_ns;
	const struct event_table *table;
};

struct detection {
	const struct rules_info *rule;
	enum rules_level level; /* at most the rule's */
	bool custom; /* a rule of the operator's, not of Vakt's */
	char
	    actor[EVENT_UNIQUE_ID_SIZE]; /* see subject_actor(); "" in an entry for all processes */
	uint64_t count;
	int64_t first_ns, last_ns;
	struct event *samples[DETECTION_SAMPLES_MAX]; /* the first ones */
	unsigned int sample_count;
	struct detection_id ids[DETECTION_IDS_MAX]; /* the first ones */
	unsigned int id_count;
};

struct detections;

int detections_new(struct detections **ret_list);
void detections_free(struct detections *l);
DEFINE_CLEANUP(struct detections *, detections_free)
/* As in struct detection. */
struct detection_rule {
	const struct rules_info *info;
	enum rules_level level;
	bool custom;
};
/* The event must have its Timestamp and ReportId. -ENOMEM. */
int detections_add(struct detections *l, const struct detection_rule *rule, const struct event *e);
size_t detections_count(const struct detections *l);
/* In the order of their first match. */
const struct detection *detections_get(const struct detections *l, size_t i);
