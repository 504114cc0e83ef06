/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/api/api.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cloud/api/handlers.h"

int api_open(const struct api_options *options, struct api **ret_api, struct err *err)
{
	_cleanup_(api_closep) struct api *a = calloc(1, sizeof(*a));
	int r;

	if (!a)
		return err_setf(err, -ENOMEM, "out of memory");
	a->state = options->state;
	a->telemetry = options->telemetry;
	a->fleet = options->fleet;
	a->detect = options->detect;
	a->tuning = options->tuning;
	a->hunt = options->hunt;
	a->custom = options->custom;
	a->ingest = options->ingest;
	a->devices = options->devices;
	a->device_port = options->device_port;
	snprintf(a->public_host, sizeof(a->public_host), "%s", options->public_host ?: "");
	snprintf(a->first_password_file, sizeof(a->first_password_file), "%s",
		 options->first_password_file ?: "");
	a->throttle = access_throttle_new();
	a->limit = api_limit_new();
	a->description = api_describe();
	if (!a->throttle || !a->limit || !a->description || api_routes_make(a) < 0)
		return err_setf(err, -ENOMEM, "out of memory");
	r = access_signer_open(options->state_dir, &a->signer, err);
	if (r < 0)
		return r;
	*ret_api = TAKE_PTR(a);
	return 0;
}

void api_close(struct api *a)
{
	if (!a)
		return;
	access_signer_close(a->signer);
	api_routes_free(a);
	free(a->description);
	api_limit_free(a->limit);
	access_throttle_free(a->throttle);
	free(a);
}

int api_serve(struct api *a, struct http_server *server)
{
	a->portal = server;
	return http_server_add_routes(server, a->routes, a);
}
