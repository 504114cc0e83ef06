/* SPDX-License-Identifier: Apache-2.0 */
/*
 * users.c - users of the tenant's devices
 */
#include "cloud/api/handlers.h"
#include "cloud/api/sightings.h"

int api_users_machines(struct http_request *req, struct http_response *res, void *arg)
{
	struct entity e;
	int r = entity_of_path(ENTITY_USER, req, res, &e);

	return r == 0 ? sightings_answer_machines(arg, req, res, &e) : MIN(r, 0);
}

int api_users_alerts(struct http_request *req, struct http_response *res, void *arg)
{
	struct entity e;
	int r = entity_of_path(ENTITY_USER, req, res, &e);

	return r == 0 ? sightings_answer_alerts(arg, req, res, &e) : MIN(r, 0);
}
