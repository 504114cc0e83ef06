/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api.h - the HTTP interface for people and programs; every route names its permission
 */
#pragma once

#include "cloud/access/access.h"
#include "net/http_server.h"
#include "store/state.h"

struct api {
	struct state *state;
	struct access_throttle *throttle;
	const char *first_password_file; /* removed when that password is changed; nullable */
};

/* Fills before/after/arg of the options; add api_routes to the server made from them. */
void api_prepare(struct api *a, struct http_server_options *options);
extern const struct http_route api_routes[];

/* What is wrong, in the reference's error form. */
struct api_problem {
	int status;
	const char *code, *message;
};
int api_error(const struct http_request *req, struct http_response *res,
	      const struct api_problem *problem);
const struct access_identity *api_identity(const struct http_request *req);

int api_login(struct http_request *req, struct http_response *res, void *arg);
int api_session(struct http_request *req, struct http_response *res, void *arg);
int api_session_change(struct http_request *req, struct http_response *res, void *arg);
int api_password(struct http_request *req, struct http_response *res, void *arg);
int api_logout(struct http_request *req, struct http_response *res, void *arg);
int api_machines_list(struct http_request *req, struct http_response *res, void *arg);
int api_machines_get(struct http_request *req, struct http_response *res, void *arg);
