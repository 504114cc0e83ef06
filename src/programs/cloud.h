/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cloud.h - what the files of vakt-cloud share
 */
#pragma once

#include "cloud/access/access.h"
#include "cloud/api/api.h"
#include "cloud/ingest/ingest.h"
#include "store/telemetry.h"

#define CLOUD_RETENTION_DAYS 180u /* of events, and of alerts that nothing happens to */

struct cloud_options {
	const char *state_dir, *store, *public_host;
	uint16_t device_port, portal_port;
	const char *portal_dir, *rules_dir;
	const char *portal_certificate, *portal_key; /* NULL: our own */
	unsigned int hunting_days;
	const char *hunting_external[17]; /* ends with NULL */
	const char *hunting_external_ca;  /* NULL: the system's alone */
	size_t frames_max; /* bytes, see struct ingest_options */
	int64_t token_hours, token_uses;
	char **words; /* the command and its arguments */
	int word_count;
};

struct cloud {
	struct cloud_options options;
	char first_password_file[4096];
	struct access_tenant tenant;
	struct state *state;
	struct fleet *fleet;
	/* of the running server only */
	struct telemetry *telemetry;
	struct detect *detect;
	struct tuning *tuning;
	struct hunt *hunt;
	struct copier *copier;
	struct custom *custom;
	struct ingest *ingest;
	struct api *api;
	struct http_server *devices, *portal;
};

/* cloud_options.c: ends the program where they make no sense. */
void cloud_options_parse(struct cloud_options *options, int argc, char **argv);
int cloud_usage(int code);

/* cloud_serve.c: until SIGTERM. */
int cloud_serve(struct cloud *cloud, struct err *err);

/* cloud_commands.c: -ENOENT where there is no such command. */
int cloud_command(struct cloud *cloud, struct err *err);
