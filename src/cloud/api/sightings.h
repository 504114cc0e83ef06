/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sightings.h - where and when a tenant's devices saw an entity, asked of the event store
 *
 * Each question is bounded in time, in the days it looks at and in rows; the indexes of the hashes
 * and addresses leave out what cannot hold the value.
 */
#pragma once

#include "cloud/api/entity.h"
#include "cloud/api/events.h"

#define SIGHTINGS_DEVICES_MAX 10000
#define SIGHTINGS_NAMES_MAX 20
#define SIGHTINGS_EVENTS_MAX 20
#define SIGHTINGS_DAYS_DEFAULT 30 /* as the reference's 720 hours */

/* Whose, of what, and within which time. */
struct sightings {
	const struct api *api;
	const char *tenant_id;
	const struct entity *entity;
	int64_t from_ns, to_ns; /* to is not included */
	unsigned int execution_s;
};
/* The last hours; 0: as far back as there are events. */
struct sightings sightings_of(const struct api *a, const struct http_request *req,
			      const struct entity *e, unsigned int hours);

struct sightings_summary {
	json_t *devices; /* [id, name, first, last], the newest first; the caller's */
	size_t count;
	int64_t first_ns, last_ns; /* 0: never */
};
int sightings_devices(const struct sightings *s, struct sightings_summary *ret_summary,
		      struct err *err);

/* Hashes and size of a file, NULL and -1 where not known, and what it is called. */
struct sightings_file {
	json_t *names; /* [name, path], the most frequent first; the caller's */
	char sha1[41], sha256[65], md5[33];
	int64_t size;
};
int sightings_file(const struct sightings *s, struct sightings_file *ret_file, struct err *err);

/* The newest events within the time, as event objects. */
int sightings_events(const struct sightings *s, json_t *events, struct err *err);
/* 1: there is at least one. */
int sightings_any(const struct sightings *s, struct err *err);

/* Handlers' shared ends: the lists of machines and of alerts. */
int sightings_answer_machines(const struct api *a, const struct http_request *req,
			      struct http_response *res, const struct entity *e);
int sightings_answer_alerts(const struct api *a, const struct http_request *req,
			    struct http_response *res, const struct entity *e);
/* The query parameter lookBackHours, 1 to 720. 0, or 1 when it has answered that it is wrong. */
int sightings_look_back(const struct http_request *req, struct http_response *res,
			unsigned int *ret_hours);
/* Members orgPrevalence, orgFirstSeen, orgLastSeen of {name: value}; takes nothing. */
int sightings_answer_stats(const struct sightings *s, const struct http_request *req,
			   struct http_response *res, const char *name);
/* A number as text, as the reference's prevalences are. */
json_t *sightings_count(size_t count);
