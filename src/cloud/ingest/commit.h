/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commit.h - frames that are ready go into the store and then into state, many at a time
 *
 * Two steps, each a group.h: what queued up while the last insert ran becomes one insert a table and
 * day, what queued up while the last transaction ran becomes one transaction. A group that cannot be
 * inserted fails all of its members; one that cannot be committed is tried again one by one, so that
 * a frame state does not take costs no other.
 */
#pragma once

#include "base/err.h"
#include "cloud/fleet/fleet.h"
#include "cloud/incident/incident.h"
#include "cloud/ingest/batch.h"
#include "cloud/tuning/tuning.h"
#include "store/state.h"
#include "store/telemetry.h"

struct commit;

int commit_new(struct state *state, struct telemetry *telemetry, struct commit **ret_commit);
void commit_free(struct commit *c);
DEFINE_CLEANUP(struct commit *, commit_free)

/*
 * Inserts the batch's rows, after which it is empty. alone: shares an insert with no other, for frames
 * of which one was refused before. Errors: see batch_insert().
 */
int commit_rows(struct commit *c, struct batch *batch, bool alone, struct err *err);

/* What state is to keep of a frame; all borrowed. */
struct commit_frame {
	const struct fleet_device *device;
	const struct wire_batch *batch;
	int64_t clock_offset_ns; /* of the device against us */
	const struct detections *detections;
	const struct ancestry *ancestry; /* nullable where nothing was detected */
	const struct tuning_run *tuning;
	struct incident_counts counts;	 /* out */
};
/* Alerts, what was silenced, and the frame's number, or none of it. */
int commit_frame(struct commit *c, struct commit_frame *frame, struct err *err);
