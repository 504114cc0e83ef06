/* SPDX-License-Identifier: Apache-2.0 */
/*
 * domains.c - domains that the tenant's devices asked for or spoke to
 */
#include "cloud/api/handlers.h"
#include "cloud/api/sightings.h"

int api_domains_stats(struct http_request *req, struct http_response *res, void *arg)
{
	struct sightings s;
	unsigned int hours;
	struct entity e;
	int r = entity_of_path(ENTITY_DOMAIN, req, res, &e);

	if (r == 0)
		r = sightings_look_back(req, res, &hours);
	if (r != 0)
		return MIN(r, 0);
	s = sightings_of(arg, req, &e, hours);
	return sightings_answer_stats(&s, req, res, "host");
}

int api_domains_machines(struct http_request *req, struct http_response *res, void *arg)
{
	struct entity e;
	int r = entity_of_path(ENTITY_DOMAIN, req, res, &e);

	return r == 0 ? sightings_answer_machines(arg, req, res, &e) : MIN(r, 0);
}

int api_domains_alerts(struct http_request *req, struct http_response *res, void *arg)
{
	struct entity e;
	int r = entity_of_path(ENTITY_DOMAIN, req, res, &e);

	return r == 0 ? sightings_answer_alerts(arg, req, res, &e) : MIN(r, 0);
}
