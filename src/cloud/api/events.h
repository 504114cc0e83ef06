/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events.h - questions about one device's rows in the event store
 *
 * Tenant and device stand in every question made here, always as parameters; tables and columns
 * come from event_tables, never from a caller. Everything is asked read-only.
 */
#pragma once

#include <jansson.h>

#include "cloud/api/api_internal.h"
#include "event/event.h"

#define EVENTS_WORDS_MAX 8
#define EVENTS_TEXT_MAX 256 /* bytes of the text looked for */
#define EVENTS_ROWS_MAX 500 /* of one answer */
#define EVENTS_SKIP_MAX 1000000
#define EVENTS_COLUMN_MAX 16384 /* characters of a text column in an answer */
#define EVENTS_ANSWER_MAX (48u << 20)

/* What a timeline calls the tables it shows. */
struct event_kind {
	const char *name;
	enum event_table_id table;
};
#define EVENT_KIND_COUNT 6
extern const struct event_kind event_kinds[EVENT_KIND_COUNT];

/* A machine of the caller's tenant. */
struct event_device {
	char tenant_id[UUID_TEXT_SIZE];
	char id[FLEET_DEVICE_ID_SIZE];
};
/* The machine {id} of the path. 0, or 1 when it has answered that there is none. */
int event_device_find(const struct api *a, const struct http_request *req,
		      struct http_response *res, struct event_device *ret_device);

/* Parameters of a question, with room for their text. */
#define EVENTS_PARAMS_MAX 24
struct event_question {
	struct telemetry *telemetry;
	struct arena arena;
	struct telemetry_param params[EVENTS_PARAMS_MAX + 1];
	size_t param_count;
	struct buf sql;
	unsigned int execution_s; /* 0: as long as the store gives any */
};
/* Of all devices of a tenant. */
int event_question_begin(struct event_question *q, const struct api *a, const char *tenant_id);
int event_question_init(struct event_question *q, const struct api *a,
			const struct event_device *device);
void event_question_done(struct event_question *q);
/* -E2BIG. */
int event_question_text(struct event_question *q, const char *name, const char *value);
int event_question_number(struct event_question *q, const char *name, int64_t value);
/* Appends the answer, a JSON list a line. -EMSGSIZE: it is too large. */
int event_question_ask(struct event_question *q, struct buf *out, struct err *err);
/* Calls row for each line's list; stops at its first non-zero answer and returns that. */
int event_rows(const struct buf *answer, int (*row)(const json_t *values, void *arg), void *arg);

#define EVENT_SCOPE " WHERE TenantId = {tenant:String} AND DeviceId = {device:String}"

/* Appends "a", "b", ... as SQL texts; each is hexadecimal digits only, else -EINVAL. */
int event_id_list(const char *const *ids, size_t count, struct buf *out);

/*
 * The rows with these report ids, each as an event object, in no order. times bound the search.
 * Where device_ids are given, one a row, the device's own id is not asked for, and each event has
 * its DeviceId among its columns.
 */
struct event_pick {
	unsigned int kind;
	int64_t from_ns, to_ns; /* both included */
	const int64_t *report_ids;
	size_t count;
	const char *const *device_ids; /* nullable */
};
int events_load(const struct api *a, const struct event_device *device,
		const struct event_pick *pick, json_t *list, struct err *err);

/* A 64-bit number that may come as text. */
int64_t event_number(const json_t *value);
json_t *event_time(int64_t ns); /* RFC 3339 text; null for 0 */
/* The query parameter, or otherwise where it is missing. -EINVAL: not a time. */
int event_time_parameter(const struct http_request *req, const char *name, int64_t otherwise,
			 int64_t *ret_ns);
/* 503 when the store cannot be reached, 500 else: the reason is for the log. */
int event_failed(const struct http_request *req, struct http_response *res, int r,
		 const struct err *err);
