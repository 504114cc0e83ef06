/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api.h - the HTTP interface for people and programs; every route names its permission
 */
#pragma once

#include "cloud/custom/custom.h"
#include "cloud/detect/detect.h"
#include "cloud/fleet/fleet.h"
#include "cloud/hunt/hunt.h"
#include "cloud/ingest/ingest.h"
#include "cloud/tuning/tuning.h"
#include "net/http_server.h"
#include "store/state.h"
#include "store/telemetry.h"

struct api;

struct api_options {
	struct state *state;
	struct telemetry *telemetry;
	struct fleet *fleet;
	struct detect *detect;
	struct tuning *tuning;
	struct hunt *hunt;
	struct custom *custom;
	const struct ingest *ingest;
	const struct http_server *devices; /* the port that devices are served on */
	const char *state_dir;		 /* holds the key that signs tokens */
	const char *first_password_file; /* removed when that password is changed; nullable */
	const char *public_host;
	uint16_t device_port;
};

/* What the options point to must outlive the API. */
int api_open(const struct api_options *options, struct api **ret_api, struct err *err);
void api_close(struct api *a);
DEFINE_CLEANUP(struct api *, api_close)

/* Fills before/after/arg of the server's options; api_serve adds the routes to the server. */
void api_prepare(struct api *a, struct http_server_options *options);
int api_serve(struct api *a, struct http_server *server);
