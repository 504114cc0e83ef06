/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ingest.h - frames from devices into the store, and what is detected in them into state
 *
 * A frame is acknowledged when the store has all its rows, synced, and one transaction of state its
 * alerts and its number: a crash at any moment leaves a frame that is sent again, never an alert or
 * a row too few or too many. Frames that wait together go together, see commit.h. Who the device is
 * comes from its certificate, never from the frame. A resend is known by the batch's number, or by
 * what the store has of it already, see stored.h.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "cloud/detect/detect.h"
#include "cloud/fleet/fleet.h"
#include "cloud/tuning/tuning.h"
#include "net/http_server.h"
#include "store/state.h"
#include "store/telemetry.h"

/* Unless told otherwise: four of the largest frames, hundreds of usual ones. */
#define INGEST_UNPACKED_MAX (256u << 20)

struct ingest;

struct ingest_options {
	struct fleet *fleet;
	struct state *state;
	struct telemetry *telemetry;
	struct detect *detect;
	struct tuning *tuning;
	/*
	 * Bytes that all frames in flight may unpack to; the rows made of them take about as much again.
	 * One that does not fit is answered 503 and sent again. At least WIRE_UNPACKED_MAX, so that
	 * each passes once it is alone. 0: INGEST_UNPACKED_MAX.
	 */
	size_t unpacked_max;
};

struct ingest_stats {
	uint64_t batches, events, bytes, resends, refused, store_failures;
	uint64_t put_off; /* frames that did not fit into unpacked_max, however often they came */
	uint64_t alerts, incidents, alert_joins, alert_repeats,
	    alert_limited; /* struct incident_counts */
};

/* -EINVAL: unpacked_max is too small. */
int ingest_open(const struct ingest_options *options, struct ingest **ret_ingest, struct err *err);
void ingest_close(struct ingest *in);
DEFINE_CLEANUP(struct ingest *, ingest_close)
/* Who began whom, of what came in; lives as long as the ingest. */
struct lineage *ingest_lineage(const struct ingest *in);
void ingest_get_stats(const struct ingest *in, struct ingest_stats *ret_stats);

/* POST /device/v1/events; arg is the ingest. Ends with a zeroed entry. */
extern const struct http_route ingest_routes[];
