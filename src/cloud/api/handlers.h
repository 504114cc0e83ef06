/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handlers.h - the handlers that the route table names, and what they lend each other
 */
#pragma once

#include "cloud/api/api_internal.h"

#define HANDLER(name)                                                                              \
	int api_##name(struct http_request *req, struct http_response *res, void *arg)
HANDLER(login);
HANDLER(session);
HANDLER(session_change);
HANDLER(logout);
HANDLER(password);
HANDLER(machines_list);
HANDLER(machines_get);
HANDLER(machines_alerts);
HANDLER(event_alerts);
HANDLER(alerts_list);
HANDLER(alerts_get);
HANDLER(alerts_change);
HANDLER(alerts_change_many);
HANDLER(alerts_machine);
HANDLER(incidents_list);
HANDLER(incidents_get);
HANDLER(incidents_change);
HANDLER(machines_health);
HANDLER(openapi);
HANDLER(token);
HANDLER(onboarding);
HANDLER(tokens_list);
HANDLER(tokens_create);
HANDLER(tokens_revoke);
HANDLER(clients_list);
HANDLER(clients_create);
HANDLER(clients_revoke);
HANDLER(users_list);
HANDLER(users_create);
HANDLER(users_change);
HANDLER(audit);
HANDLER(rules);
HANDLER(rules_get);
HANDLER(rules_change);
HANDLER(rules_text);
HANDLER(exceptions_list);
HANDLER(exceptions_create);
HANDLER(exceptions_preview);
HANDLER(exceptions_delete);
HANDLER(exceptions_terms);
HANDLER(hunting_defender);
HANDLER(hunting_graph);
HANDLER(hunting_run);
HANDLER(hunting_check);
HANDLER(hunting_cancel);
HANDLER(hunting_schema);
HANDLER(hunting_queries);
HANDLER(hunting_queries_create);
HANDLER(hunting_queries_get);
HANDLER(hunting_queries_change);
HANDLER(hunting_queries_delete);
HANDLER(hunting_history);
HANDLER(hunting_history_clear);
HANDLER(detections_list);
HANDLER(detections_get);
HANDLER(detections_create);
HANDLER(detections_change);
HANDLER(detections_delete);
HANDLER(detections_check);
HANDLER(detections_dry_run);
HANDLER(detections_run);
HANDLER(detections_runs);
HANDLER(server);
HANDLER(summary);
HANDLER(timeline);
HANDLER(histogram);
HANDLER(gaps);
HANDLER(process_tree);
HANDLER(process_children);
HANDLER(alert_tree);
HANDLER(alert_events);
HANDLER(files_get);
HANDLER(files_stats);
HANDLER(files_machines);
HANDLER(files_alerts);
HANDLER(ips_stats);
HANDLER(ips_machines);
HANDLER(ips_alerts);
HANDLER(domains_stats);
HANDLER(domains_machines);
HANDLER(domains_alerts);
HANDLER(users_machines);
HANDLER(users_alerts);
HANDLER(entity);
HANDLER(search);
HANDLER(coverage);
#undef HANDLER

extern const struct body_field api_login_fields[], api_session_fields[], api_password_fields[],
    api_token_fields[], api_client_fields[], api_user_fields[], api_user_change_fields[],
    api_hunting_defender_fields[], api_hunting_graph_fields[], api_hunting_run_fields[],
    api_hunting_check_fields[], api_hunting_query_fields[], api_hunting_query_change_fields[],
    api_detection_fields[], api_rule_fields[], api_exception_fields[],
    api_exception_preview_fields[];

/* machines.c: the machine {id} or name in the path, of the caller's tenant. 1, or 0: none. */
int api_find_machine(const struct api *a, const struct http_request *req,
		     char ret_id[FLEET_DEVICE_ID_SIZE]);
int api_no_machine(const struct http_request *req, struct http_response *res);
int api_answer_machine(const struct http_request *req, struct http_response *res,
		       const struct odata_scope *scope);

/* rules.c: a Sigma rule in use; false where there is none. */
struct api_rule {
	const char *severity; /* its own, of its alerts */
	char title[256];
};
bool api_rule_find(const struct api *a, const char *id, struct api_rule *ret_rule);

/* triage.c: what people decide of alerts and incidents. */
struct triage {
	struct state_conn *conn;
	const struct access_identity *who;
	const json_t *change; /* checked body: status, assignedTo, classification, ... */
	int64_t now_ns;
};
/* Within the caller's transaction. -ENOENT; -ENOSPC: it has as many comments as it may. */
int triage_alert(const struct triage *t, const char *alert_id, struct err *err);
int triage_incident(const struct triage *t, int64_t incident_id, struct err *err);
extern const struct body_field triage_alert_fields[], triage_alerts_fields[],
    triage_incident_fields[];
