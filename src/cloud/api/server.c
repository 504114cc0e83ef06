/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server.c - the control plane's own counters, for whoever runs it
 *
 * Of the whole control plane, not of one tenant. All are numbers since the program's start; a name
 * stands in the tables below and nowhere else.
 */
#include <errno.h>
#include <string.h>

#include "cloud/api/events.h"
#include "cloud/api/handlers.h"

/* Where in its struct a uint64_t stands. */
struct counter {
	const char *name;
	size_t offset;
};

#define OF(type, field, name)                                                                      \
	{                                                                                          \
		name, offsetof(struct type, field)                                                 \
	}

static const struct counter frames[] = {
	OF(ingest_stats, batches, "taken"),
	OF(ingest_stats, events, "events"),
	OF(ingest_stats, bytes, "bytes"),
	OF(ingest_stats, resends, "resends"),
	OF(ingest_stats, refused, "refused"),
	OF(ingest_stats, put_off, "putOff"),
	OF(ingest_stats, store_failures, "storeFailures"),
	{ 0 },
};

static const struct counter alerts[] = {
	OF(ingest_stats, alerts, "made"),	    OF(ingest_stats, incidents, "incidentsMade"),
	OF(ingest_stats, alert_joins, "joined"),    OF(ingest_stats, alert_repeats, "repeated"),
	OF(ingest_stats, alert_limited, "limited"), { 0 },
};

static const struct counter detection[] = {
	OF(detect_stats, matches, "matches"),
	OF(detect_stats, errors, "errors"),
	OF(detect_stats, dropped, "dropped"),
	OF(detect_stats, loads, "loads"),
	OF(detect_stats, load_failures, "loadFailures"),
	{ 0 },
};

static const struct counter hunting[] = {
	OF(hunt_stats, runs, "runs"),
	OF(hunt_stats, refused, "refused"),
	OF(hunt_stats, limited, "limited"),
	OF(hunt_stats, cancelled, "cancelled"),
	OF(hunt_stats, timed_out, "timedOut"),
	OF(hunt_stats, failed, "failed"),
	OF(hunt_stats, too_many, "tooMany"),
	OF(hunt_stats, over_quota, "overQuota"),
	OF(hunt_stats, running, "running"),
	OF(hunt_stats, waiting, "waiting"),
	OF(hunt_stats, running_ms, "runningMilliseconds"),
	{ 0 },
};

static const struct counter detections[] = {
	OF(custom_stats, runs, "runs"),	    OF(custom_stats, failed, "failed"),
	OF(custom_stats, alerts, "alerts"), OF(custom_stats, joined, "joined"),
	OF(custom_stats, left, "left"),	    { 0 },
};

static const struct counter port[] = {
	OF(http_server_counters, requests, "requests"),
	OF(http_server_counters, refused_queue, "refusedQueue"),
	OF(http_server_counters, refused_client, "refusedClient"),
	OF(http_server_counters, refused_connections, "refusedConnections"),
	OF(http_server_counters, gone, "gone"),
	{ 0 },
};

/* NULL: out of memory. */
static json_t *tell(const struct counter *counters, const void *values)
{
	json_t *o = json_object();
	uint64_t value;

	for (; o && counters->name; counters++) {
		memcpy(&value, (const char *)values + counters->offset, sizeof(value));
		if (json_object_set_new(o, counters->name, json_integer((json_int_t)value)) == 0)
			continue;
		json_decref(o);
		return NULL;
	}
	return o;
}

static json_t *tell_port(const struct http_server *s)
{
	struct http_server_counters counters;

	http_server_count(s, &counters);
	return tell(port, &counters);
}

int api_server(struct http_request *req _unused_, struct http_response *res, void *arg)
{
	const struct api *a = arg;
	struct ingest_stats ingest;
	struct detect_stats detect;
	struct custom_stats custom;
	struct hunt_stats hunt;

	custom_get_stats(a->custom, &custom);
	hunt_get_stats(a->hunt, &hunt);
	ingest_get_stats(a->ingest, &ingest);
	detect_get_stats(a->detect, &detect);
	return api_send(res, 200,
			json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "since", event_time(detect.since_ns),
				  "frames", tell(frames, &ingest), "alerts", tell(alerts, &ingest),
				  "detection", tell(detection, &detect), "detections",
				  tell(detections, &custom), "hunting", tell(hunting, &hunt),
				  "devicePort",
				  tell_port(a->devices), "portalPort", tell_port(a->portal)));
}
