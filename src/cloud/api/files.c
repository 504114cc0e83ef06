/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files.c - File objects: what the tenant's devices tell of a file, by its hash
 *
 * Signers and publishers are of another operating system: they are null.
 */
#include "cloud/api/handlers.h"
#include "cloud/api/sightings.h"

static json_t *text_or_null(const char *text)
{
	return *text ? json_string(text) : json_null();
}

/* The devices themselves are not needed. */
static int count(const struct sightings *s, struct sightings_summary *ret_summary, struct err *err)
{
	int r = sightings_devices(s, ret_summary, err);

	if (r == 0)
		json_decref(TAKE_PTR(ret_summary->devices));
	return r;
}

int api_files_get(struct http_request *req, struct http_response *res, void *arg)
{
	struct sightings_summary seen;
	struct sightings_file file;
	struct err err = { 0 };
	struct sightings s;
	struct entity e;
	int r = entity_of_path(ENTITY_FILE, req, res, &e);

	if (r != 0)
		return MIN(r, 0);
	s = sightings_of(arg, req, &e, 0);
	r = count(&s, &seen, &err);
	if (r < 0)
		return event_failed(req, res, r, &err);
	if (!seen.count)
		return api_errorf(req, res, 404, "ResourceNotFound", "There is no file %s.",
				  e.value);
	r = sightings_file(&s, &file, &err);
	if (r < 0)
		return event_failed(req, res, r, &err);
	json_decref(file.names);
	return api_send(
	    res, 200,
	    json_pack("{s:o,s:o,s:o,s:I,s:o,s:o,s:o,s:n,s:n,s:n,s:n,s:n,s:n,s:n,s:n,s:s,s:n}",
		      "sha1", text_or_null(file.sha1), "sha256", text_or_null(file.sha256), "md5",
		      text_or_null(file.md5), "globalPrevalence", (json_int_t)seen.count,
		      "globalFirstObserved", event_time(seen.first_ns), "globalLastObserved",
		      event_time(seen.last_ns), "size",
		      file.size < 0 ? json_null() : json_integer(file.size), "fileType", "isPeFile",
		      "filePublisher", "fileProductName", "signer", "issuer", "signerHash",
		      "isValidCertificate", "determinationType", "Unknown", "determinationValue"));
}

/* Distinct ones, in the order of the paths that have them. */
static json_t *top_names(const json_t *names)
{
	json_t *top = json_array(), *pair, *known;
	size_t i, j;

	json_array_foreach(names, i, pair)
	{
		bool seen = false;

		json_array_foreach(top, j, known) seen =
		    seen || json_equal(known, json_array_get(pair, 0));
		if (!seen)
			json_array_append(top, json_array_get(pair, 0));
	}
	return top;
}

int api_files_stats(struct http_request *req, struct http_response *res, void *arg)
{
	struct sightings_summary org, all;
	struct sightings within, ever;
	struct sightings_file file;
	struct err err = { 0 };
	unsigned int hours;
	struct entity e;
	json_t *names;
	int r = entity_of_path(ENTITY_FILE, req, res, &e);

	if (r == 0)
		r = sightings_look_back(req, res, &hours);
	if (r != 0)
		return MIN(r, 0);
	within = sightings_of(arg, req, &e, hours);
	ever = sightings_of(arg, req, &e, 0);
	r = count(&within, &org, &err);
	if (r == 0)
		r = count(&ever, &all, &err);
	if (r == 0)
		r = sightings_file(&ever, &file, &err);
	if (r < 0)
		return event_failed(req, res, r, &err);
	names = top_names(file.names);
	json_decref(file.names);
	return api_send(
	    res, 200,
	    json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "sha1", text_or_null(file.sha1),
		      "orgPrevalence", sightings_count(org.count), "orgFirstSeen",
		      event_time(org.first_ns), "orgLastSeen", event_time(org.last_ns),
		      "globalPrevalence", sightings_count(all.count), "globalFirstObserved",
		      event_time(all.first_ns), "globalLastObserved", event_time(all.last_ns),
		      "topFileNames", names));
}

int api_files_machines(struct http_request *req, struct http_response *res, void *arg)
{
	struct entity e;
	int r = entity_of_path(ENTITY_FILE, req, res, &e);

	return r == 0 ? sightings_answer_machines(arg, req, res, &e) : MIN(r, 0);
}

int api_files_alerts(struct http_request *req, struct http_response *res, void *arg)
{
	struct entity e;
	int r = entity_of_path(ENTITY_FILE, req, res, &e);

	return r == 0 ? sightings_answer_alerts(arg, req, res, &e) : MIN(r, 0);
}
