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
#include "store/state.h"

#define ALERT_WINDOW_NS (3600 * NSEC_PER_SEC)
#define ALERT_EVENTS_MAX 100 /* identities kept */
#define ALERT_EVIDENCE_MAX 100
#define ALERT_STEPS_MAX 64
/* New alerts of a rule on a device within the window; further matches join the newest. */
#define ALERT_RATE_MAX 20
/* A tree that was quiet for longer begins a new incident. */
#define INCIDENT_WINDOW_NS (24 * 3600 * NSEC_PER_SEC)

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

/* Finds the trees of what was detected; outside of a transaction, for it may ask the store. */
int incident_ancestry(const struct incident_sources *sources, const struct incident_scope *scope,
		      const struct detections *list, struct ancestry **ret_ancestry,
		      struct err *err);
/* Writes within the caller's transaction. Adds to counts. */
int incident_record(struct state_conn *c, const struct incident_scope *scope,
		    const struct detections *list, const struct ancestry *ancestry,
		    struct incident_counts *counts, struct err *err);
