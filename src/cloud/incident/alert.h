/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alert.h - rows of alert, alert_evidence and alert_event; private to incident/
 */
#pragma once

#include "cloud/incident/incident.h"

#define ALERT_ID_SIZE INCIDENT_ALERT_ID_SIZE
#define ALERT_GROUP_SIZE INCIDENT_GROUP_SIZE

/* One detection on its way into the database. */
struct alert_write {
	struct state_conn *conn;
	const struct incident_scope *scope;
	const struct detection *detection;
	const struct ancestry *ancestry; /* NULL: no process is known */
	struct incident_text text;
	const struct incident_entity *entities; /* beside those of the events */
	unsigned int entity_count;
	int64_t window_ns; /* how far from the alert a match may be that joins it */
	int64_t now_ns;
	char root[EVENT_UNIQUE_ID_SIZE]; /* top of the process tree; "" unknown */
	char group_key[ALERT_GROUP_SIZE];
	char id[ALERT_ID_SIZE];
	int64_t incident_id;
	uint64_t count;		       /* matches that are not known yet */
	bool known[DETECTION_IDS_MAX]; /* of the detection's ids */
};

/* Root and group, from what is known of the tree. */
void alert_set_group(struct alert_write *w);
/* 1: *w names the open alert of its group. */
int alert_find_group(struct alert_write *w, struct err *err);
/* 1 where the alert of w->id is there. */
int alert_exists(struct alert_write *w, struct err *err);
/* Finds root and group and marks what was detected before. */
int alert_begin(struct alert_write *w, struct err *err);
/* 1: *w names the alert that takes the matches in; 0: there is none. *ret_limited: by the rate. */
int alert_find(struct alert_write *w, bool *ret_limited, struct err *err);
int alert_insert(struct alert_write *w, struct err *err);
int alert_join(struct alert_write *w, struct err *err);
