/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entity_page.c - all that the portal's page of an entity shows beside its alerts, in one answer
 */
#include <errno.h>

#include "cloud/api/handlers.h"
#include "cloud/api/sightings.h"

#define DEVICES_SHOWN 100
#define DAY_NS (86400LL * 1000000000)

static json_t *devices_of(const json_t *found)
{
	json_t *list = json_array(), *d;
	size_t i;

	json_array_foreach(found, i, d)
	{
		if (i == DEVICES_SHOWN)
			break;
		json_array_append_new(
		    list, json_pack("{s:O,s:O,s:o,s:o}", "machineId", json_array_get(d, 0),
				    "computerDnsName", json_array_get(d, 1), "firstSeen",
				    event_time(event_number(json_array_get(d, 2))), "lastSeen",
				    event_time(event_number(json_array_get(d, 3)))));
	}
	return list;
}

static json_t *text_or_null(const char *text)
{
	return *text ? json_string(text) : json_null();
}

/* Puts members file and names; where it is no file, they are empty. */
static int add_file(const struct sightings *s, json_t *answer, struct err *err)
{
	json_t *names = json_array(), *pair;
	struct sightings_file file;
	size_t i;
	int r;

	json_object_set_new(answer, "names", names);
	json_object_set_new(answer, "file", json_null());
	if (s->entity->kind->type != ENTITY_FILE)
		return 0;
	r = sightings_file(s, &file, err);
	if (r < 0)
		return r;
	json_array_foreach(file.names, i, pair)
	    json_array_append_new(names, json_pack("{s:O,s:O}", "fileName", json_array_get(pair, 0),
						   "folderPath", json_array_get(pair, 1)));
	json_decref(file.names);
	return json_object_set_new(
	    answer, "file",
	    json_pack("{s:o,s:o,s:o,s:o}", "sha1", text_or_null(file.sha1), "sha256",
		      text_or_null(file.sha256), "md5", text_or_null(file.md5), "size",
		      file.size < 0 ? json_null() : json_integer(file.size)));
}

static int load(struct sightings *s, json_t *answer, struct err *err)
{
	struct sightings_summary seen;
	json_t *events = json_array();
	int r = sightings_devices(s, &seen, err);

	if (r == 0) {
		json_object_set_new(answer, "deviceCount", json_integer((json_int_t)seen.count));
		json_object_set_new(answer, "firstSeen", event_time(seen.first_ns));
		json_object_set_new(answer, "lastSeen", event_time(seen.last_ns));
		json_object_set_new(answer, "devices", devices_of(seen.devices));
		json_decref(seen.devices);
		r = add_file(s, answer, err);
	}
	/* The newest lie in the day that ends with the newest. */
	if (r == 0 && seen.count) {
		s->to_ns = seen.last_ns + 1;
		s->from_ns = MAX(s->from_ns, seen.last_ns - DAY_NS);
		r = sightings_events(s, events, err);
	}
	json_object_set_new(answer, "events", events);
	return r;
}

int api_entity(struct http_request *req, struct http_response *res, void *arg)
{
	const char *kind = http_request_param(req, "kind");
	_cleanup_(json_decrefp) json_t *answer = NULL;
	struct err err = { 0 };
	enum entity_type type;
	struct sightings s;
	struct entity e;
	int r;

	if (entity_type_of(kind, &type) < 0)
		return api_errorf(req, res, 404, "ResourceNotFound",
				  "There are no entities of the kind %.40s.", kind);
	r = entity_of_path(type, req, res, &e);
	if (r != 0)
		return MIN(r, 0);
	s = sightings_of(arg, req, &e, SIGHTINGS_DAYS_DEFAULT * 24);
	answer = json_pack("{s:s,s:s,s:i}", "kind", kind, "value", e.value, "lookBackDays",
			   SIGHTINGS_DAYS_DEFAULT);
	r = answer ? load(&s, answer, &err) : -ENOMEM;
	if (r < 0)
		return event_failed(req, res, r, &err);
	return api_send(res, 200, TAKE_PTR(answer));
}
