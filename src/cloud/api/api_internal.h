/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api_internal.h - what the files of the API share
 */
#pragma once

#include <jansson.h>

#include "cloud/access/access.h"
#include "cloud/api/api.h"
#include "cloud/api/body.h"
#include "cloud/api/limit.h"
#include "cloud/api/odata.h"

struct api {
	struct state *state;
	struct telemetry *telemetry;
	struct fleet *fleet;
	struct detect *detect;
	struct tuning *tuning;
	struct hunt *hunt;
	struct custom *custom;
	const struct ingest *ingest;
	const struct http_server *devices, *portal; /* portal: the server that serves the API */
	struct access_throttle *throttle;
	struct api_limit *limit;
	char first_password_file[4096];
	char public_host[256];
	uint16_t device_port;
	struct access_signer *signer;
	struct http_route *routes; /* made from api_route_table, ended by a zeroed one */
	char *description; /* openapi.json, made once */
	const struct api_route **route_origin; /* the table's row behind each of them */
};

/*
 * One operation. A path that begins with "/api/" is served below "/api/v1.0/" as well. The table is
 * the truth for the router, for access and for the API's own description.
 */
struct api_route {
	enum http_method method;
	const char *path;
	http_handler_fn handler;
	enum access_permission permission;
	const char *operation;
	const char *doc;
	const struct body_field *request; /* NULL: no body */
	const char *response;		  /* an entity or of answers.toml; NULL: 204 */
	const char *query;    /* names with a blank between: parameters; "odata": those */
	struct api_rate rate; /* of programs; 0: the usual one */
	int status;                       /* of success; 0: 200, or 204 without a response */
	bool unaudited; /* no GET, but it changes nothing and looks at nobody's data */
};
extern const struct api_route api_route_table[];
/* openapi.c: the API's description as JSON text; the caller frees. NULL: out of memory. */
char *api_describe(void);

int api_routes_make(struct api *a);
void api_routes_free(struct api *a);
/* The table's row behind a request. */
const struct api_route *api_route_of(const struct api *a, const struct http_request *req);

/* What is wrong, in the reference's error form. */
struct api_problem {
	int status;
	const char *code, *message;
};
int api_error(const struct http_request *req, struct http_response *res,
	      const struct api_problem *problem);
int api_errorf(const struct http_request *req, struct http_response *res, int status,
	       const char *code, const char *fmt, ...) _printf_(5, 6);
/* 429 with Retry-After. */
int api_too_many(const struct http_request *req, struct http_response *res, unsigned int wait_s);
/* Takes the reference. -ENOMEM when json is NULL. */
int api_send(struct http_response *res, int status, json_t *json);

/* What the audit log keeps beside the operation; never give it a secret. */
void api_note(struct http_request *req, const json_t *details);

const struct access_identity *api_identity(const struct http_request *req);
/* The identity's tenant, on the thread's connection. */
struct odata_scope api_scope(const struct api *a, const struct http_request *req);
/* 0: the handler goes on; 1: it has been answered that the body is wrong; *ret_json is the
 * caller's. */
int api_body(const struct http_request *req, struct http_response *res,
	     const struct body_field *fields, json_t **ret_json);

/* machines.c, alerts.c, incidents.c, onboarding.c, accounts.c, detections.c, exceptions.c */
extern const struct odata_entity api_machine, api_machine_health, api_alert, api_incident,
    api_enrolment_token, api_client, api_user, api_hunting_query, api_hunting_past_run,
    api_detection_rule, api_rule_exception;
