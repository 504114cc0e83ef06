/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vaktctl.h - what the commands of the operator's command line share
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/* How a command ends. */
enum { CTL_DONE = 0, CTL_FAILED = 1, CTL_USAGE = 2 };

enum ctl_output { CTL_TABLE, CTL_JSON, CTL_CSV };
extern const char *const ctl_output_names[];

struct ctl_arguments {
	const char *server, *tenant, *client_id, *ca, *ca_sha256;
	const char *file, *explain, *filter, *top;
	const char *output_name; /* as it was typed */
	enum ctl_output output;
	char *const *words; /* behind the command's own; their number is checked */
};

/* CTL_DONE, CTL_FAILED where it has been told why, or negative errno with err set. */
typedef int (*ctl_command_fn)(const struct ctl_arguments *a, struct err *err);

int ctl_login(const struct ctl_arguments *a, struct err *err);
int ctl_hunt(const struct ctl_arguments *a, struct err *err);
int ctl_tables(const struct ctl_arguments *a, struct err *err);
int ctl_detections(const struct ctl_arguments *a, struct err *err);
int ctl_rules(const struct ctl_arguments *a, struct err *err);
int ctl_exceptions(const struct ctl_arguments *a, struct err *err);
int ctl_alerts(const struct ctl_arguments *a, struct err *err);
int ctl_machines(const struct ctl_arguments *a, struct err *err);

/* vaktctl_session.c: the control plane, as whom the settings say. */
struct ctl_session;
int ctl_session_open(const struct ctl_arguments *a, struct ctl_session **ret_session,
		     struct err *err);
void ctl_session_close(struct ctl_session *s);
DEFINE_CLEANUP(struct ctl_session *, ctl_session_close)
/*
 * 0 with the answer's JSON, whatever its status is. body is nullable; the caller frees *ret_json.
 * -EPROTO: that was no JSON, or none that says why.
 */
int ctl_session_ask(struct ctl_session *s, const char *method, const char *path, const json_t *body,
		    int *ret_status, json_t **ret_json, struct err *err);
/* The error that an answer tells. -EACCES, -EAGAIN, else -EBADMSG. */
int ctl_session_refusal(int status, const json_t *json, struct err *err);
/* The answer of a good status; *ret_json is JSON null where it has no body. Errors of both. */
int ctl_session_do(struct ctl_session *s, const char *method, const char *path, const json_t *body,
		   json_t **ret_json, struct err *err);
/* Appends text as a part of an address. */
int ctl_escape(struct buf *out, const char *text);

/* vaktctl_print.c: columns is a list of names, rows a list of lists. */
void ctl_print_rows(enum ctl_output output, const json_t *columns, const json_t *rows);
/* A list of objects: JSON has them whole, the others these members; keys ends with NULL. */
void ctl_print_objects(enum ctl_output output, const char *const *keys, const json_t *objects);
void ctl_print_json(const json_t *json);

/* vaktctl_verbs.c: the first verb is what the command does without one. */
struct ctl_verb {
	const char *name;
	bool needs_id;
	/* path: of all things, or of the one that was named; results as of ctl_command_fn */
	int (*run)(struct ctl_session *s, const struct ctl_arguments *a, const char *path,
		   struct err *err);
};
struct ctl_verbs {
	const char *command, *path, *id_text;
	const struct ctl_verb *list;
	size_t count;
};
int ctl_run_verb(const struct ctl_verbs *v, const struct ctl_arguments *a, struct err *err);
