/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detections.h - custom detection rules between the reference's JSON and ours
 */
#pragma once

#include "cloud/api/api_internal.h"
#include "cloud/custom/custom.h"

/* A draft and what its texts stand in. */
struct api_draft {
	struct custom_draft draft;
	struct arena arena;
};
void api_draft_init(struct api_draft *d);
void api_draft_done(struct api_draft *d);
/*
 * From a checked body, whose texts it uses. partial: what is missing is left empty, for a look
 * while somebody writes. -EINVAL: err says what is wrong where.
 */
int api_draft_read(const json_t *body, bool partial, struct api_draft *ret_draft, struct err *err);
/* The problems as JSON, in the form of HuntingDiagnostic. */
json_t *api_draft_problems(const struct custom_problems *problems);

struct custom_caller api_custom_caller(const struct http_request *req);
/* The {id} of the path; -1, which no rule has, for what is no number. */
int64_t api_detection_id(const struct http_request *req);
int api_no_detection(const struct http_request *req, struct http_response *res);
