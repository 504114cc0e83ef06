/* SPDX-License-Identifier: Apache-2.0 */
/*
 * incident.h - detections become alerts, alerts become incidents, in the state database
 *
 * An alert is one rule in one process tree of one device. Matches within ALERT_WINDOW_NS join it;
 * resolved alerts take none in. An alert's id is a hash of tenant, device, rule and first event,
 * and each alert keeps the identities of its first events, so that detecting an event again changes
 * nothing. Open alerts of one process tree share an incident.
 *
 * Nothing here commits: the caller's transaction holds the alerts and the mark of the frame they
 * came from, so that a crash leaves both or neither.
 *
 * What the columns of the alert table hold:
 *   techniques  ["T1059.004", ...]
 *   story       {"steps":[{"time", "table", "reportId", "actionType", "matched", "file", "remote",
 *               "process":{"uniqueId", "processId", "fileName", "filePath", "commandLine",
 *               "accountName"}}]}, the top of the process tree first, then what matched, in order
 * of time; table and reportId are null for ancestors, file and remote where there is none
 *   alert_evidence.entity  the reference's evidence object, all of its properties
 */
#pragma once

#include "base/clock.h"
#include "base/err.h"
#include "cloud/detect/detection.h"
#include "cloud/incident/ancestry.h"
#include "cloud/incident/evidence.h"
#include "store/state.h"

#define ALERT_WINDOW_NS (3600 * NSEC_PER_SEC)
#define ALERT_EVENTS_MAX 100 /* identities kept */
#define ALERT_EVIDENCE_MAX 100
#define ALERT_STEPS_MAX 64
/* New alerts of a rule on a device within the window; further matches join the newest. */
#define ALERT_RATE_MAX 20
/* A tree that was quiet for longer begins a new incident. */
#define INCIDENT_WINDOW_NS (24 * 3600 * NSEC_PER_SEC)

#define INCIDENT_ALERT_ID_SIZE 35
#define INCIDENT_GROUP_SIZE 33

struct incident_scope {
	const char *tenant_id, *device_id, *device_name;
};

/* Where the trees are known from. */
struct incident_sources {
	struct state_conn *conn;
	struct telemetry *telemetry;
	struct lineage *lineage;
};

struct incident_counts {
	uint64_t alerts, incidents; /* made */
	uint64_t joined;	    /* matches that joined an alert */
	uint64_t repeated;	    /* matches that were known already */
	uint64_t limited;	    /* matches beyond ALERT_RATE_MAX, joined to the newest alert */
};

/* What an alert says of itself; texts are the caller's. */
struct incident_text {
	const char *title, *description, *severity, *category;
	const char *techniques;	 /* JSON list */
	const char *source;	 /* detectionSource: "CustomDetection" */
	const char *assigned_to; /* nullable */
};

/* An entity that a row names in one of its columns. */
struct incident_entity {
	enum evidence_type type;
	const char *column, *value;
};

/*
 * An alert of a rule that a tenant wrote itself (cloud/custom): the rule says what joins and what
 * the alert's identity is. Without a known process it shares an incident with the rule's alerts on
 * the device.
 */
struct incident_custom {
	struct incident_text text;
	char id[INCIDENT_ALERT_ID_SIZE];
	char group_key[INCIDENT_GROUP_SIZE];
	int64_t join_ns; /* an open alert of the group takes it in that is at most as far away; 0:
			    none */
	/* rule->id, count, times, ids; samples: those of its events that the store has. */
	const struct detection *detection;
	const struct incident_entity *entities;
	unsigned int entity_count;
};
/*
 * Within the caller's transaction. 1: a new alert; 0: it joined one, or is there already. ret_id:
 * the alert's. ancestry: nullable where the detection has no samples.
 */
int incident_record_custom(struct state_conn *c, const struct incident_scope *scope,
			   const struct incident_custom *custom, const struct ancestry *ancestry,
			   char ret_id[INCIDENT_ALERT_ID_SIZE], struct err *err);
/* 1: an open alert would take it in. */
int incident_would_join(struct state_conn *c, const struct incident_scope *scope,
			const struct incident_custom *custom, struct err *err);
/* Hex of a hash, as group keys and the ends of alerts' ids are. */
void incident_hash(const char *text, size_t len, char ret_hex[INCIDENT_GROUP_SIZE]);

/* Finds the trees of what was detected; outside of a transaction, for it may ask the store. */
int incident_ancestry(const struct incident_sources *sources, const struct incident_scope *scope,
		      const struct detections *list, struct ancestry **ret_ancestry,
		      struct err *err);
/* Writes within the caller's transaction. Adds to counts. */
int incident_record(struct state_conn *c, const struct incident_scope *scope,
		    const struct detections *list, const struct ancestry *ancestry,
		    struct incident_counts *counts, struct err *err);
