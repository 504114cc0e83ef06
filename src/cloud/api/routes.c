/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes.c - the one table of operations, and the router's table made from it
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cloud/api/handlers.h"

#define P(name) ACCESS_PERMISSION_##name
#define ROUTE(method, path, name, permission, ...)                                                 \
	{                                                                                          \
		HTTP_##method, path, api_##name, P(permission), #name, __VA_ARGS__                 \
	}

#define MACHINE "/portal/api/machines/{id}"
#define DETECTIONS "/beta/security/rules/detectionRules"

const struct api_route api_route_table[] = {
	ROUTE(POST, "/portal/api/login", login, ANONYMOUS, "Log in; sets the session's cookie.",
	      api_login_fields, "Session"),
	ROUTE(GET, "/portal/api/session", session, SELF, "Who is logged in.", NULL, "Session"),
	ROUTE(PATCH, "/portal/api/session", session_change, SELF, "Set the language.",
	      api_session_fields, "Session"),
	ROUTE(POST, "/portal/api/logout", logout, SELF, "End the session."),
	ROUTE(POST, "/portal/api/password", password, SELF, "Change the own password.",
	      api_password_fields),

	ROUTE(GET, "/api/machines", machines_list, MACHINE_READ, "Machines.", NULL, "MachineList",
	      "odata"),
	ROUTE(GET, "/api/machines/{id}", machines_get, MACHINE_READ,
	      "A machine, by id or computerDnsName.", NULL, "Machine"),
	ROUTE(GET, "/api/machines/{id}/alerts", machines_alerts, ALERT_READ, "A machine's alerts.",
	      NULL, "AlertList", "odata"),

	ROUTE(GET, "/api/alerts", alerts_list, ALERT_READ, "Alerts, the newest first.", NULL,
	      "AlertList", "odata"),
	ROUTE(GET, "/api/alerts/{id}", alerts_get, ALERT_READ, "An alert with its evidence.", NULL,
	      "Alert"),
	ROUTE(PATCH, "/api/alerts/{id}", alerts_change, ALERT_WRITE, "Decide about an alert.",
	      triage_alert_fields, "Alert"),
	ROUTE(POST, "/api/alerts/batchUpdate", alerts_change_many, ALERT_WRITE,
	      "Decide about many alerts, all or none.", triage_alerts_fields, "Empty", NULL,
	      { 10, 500 }),
	ROUTE(GET, "/api/alerts/{id}/machine", alerts_machine, MACHINE_READ, "The alert's machine.",
	      NULL, "Machine"),

	ROUTE(GET, "/api/incidents", incidents_list, INCIDENT_READ, "Incidents, the newest first.",
	      NULL, "IncidentList", "odata"),
	ROUTE(GET, "/api/incidents/{id}", incidents_get, INCIDENT_READ,
	      "An incident with its alerts.", NULL, "Incident"),
	ROUTE(PATCH, "/api/incidents/{id}", incidents_change, INCIDENT_WRITE,
	      "Decide about an incident.", triage_incident_fields, "Incident"),

	ROUTE(GET, "/api/files/{id}", files_get, FILE_READ,
	      "A file by SHA-1, SHA-256 or MD5. Global is what this control plane has seen of the"
	      " tenant for as long as it keeps events: devices, first and last time.",
	      NULL, "File"),
	ROUTE(GET, "/api/files/{id}/stats", files_stats, FILE_READ,
	      "How many devices had a file, and when. Org looks lookBackHours back (at most and"
	      " by default 720), global as far back as this control plane keeps the tenant's events.",
	      NULL, "InOrgFileStats", "lookBackHours"),
	ROUTE(GET, "/api/files/{id}/machines", files_machines, MACHINE_READ,
	      "Machines that had the file.", NULL, "MachineList", "odata"),
	ROUTE(GET, "/api/files/{id}/alerts", files_alerts, ALERT_READ,
	      "Alerts that have the file among their evidence.", NULL, "AlertList", "odata"),
	ROUTE(GET, "/api/ips/{id}/stats", ips_stats, IP_READ,
	      "How many devices spoke to an address, and when.", NULL, "InOrgIPStats",
	      "lookBackHours"),
	ROUTE(GET, "/api/ips/{id}/machines", ips_machines, MACHINE_READ,
	      "Machines that spoke to the address.", NULL, "MachineList", "odata"),
	ROUTE(GET, "/api/ips/{id}/alerts", ips_alerts, ALERT_READ,
	      "Alerts that have the address among their evidence.", NULL, "AlertList", "odata"),
	ROUTE(GET, "/api/domains/{id}/stats", domains_stats, URL_READ,
	      "How many devices asked for a domain or spoke to it, and when.", NULL,
	      "InOrgDomainStats", "lookBackHours"),
	ROUTE(GET, "/api/domains/{id}/machines", domains_machines, MACHINE_READ,
	      "Machines that asked for the domain or spoke to it.", NULL, "MachineList", "odata"),
	ROUTE(GET, "/api/domains/{id}/alerts", domains_alerts, ALERT_READ,
	      "Alerts that have the domain among their evidence.", NULL, "AlertList", "odata"),
	ROUTE(GET, "/api/users/{id}/machines", users_machines, MACHINE_READ,
	      "Machines on which the user logged on or ran a program.", NULL, "MachineList",
	      "odata"),
	ROUTE(GET, "/api/users/{id}/alerts", users_alerts, ALERT_READ,
	      "Alerts that have the user among their evidence.", NULL, "AlertList", "odata"),
	ROUTE(GET, "/portal/api/entities/{kind}/{id}", entity, EVENT_READ,
	      "Where and when a file, ip, domain or user was seen, and its newest events.", NULL,
	      "Entity"),
	ROUTE(GET, "/portal/api/search", search, SEARCH,
	      "What a few letters lead to: devices, alerts, incidents, entities, rules.", NULL,
	      "SearchHits", "text"),
	ROUTE(GET, "/portal/api/coverage", coverage, DETECTION_READ,
	      "Which rule covers which ATT&CK techniques.", NULL, "Coverage"),

	ROUTE(POST, "/api/advancedqueries/run", hunting_defender, HUNT, "Run a hunting query.",
	      api_hunting_defender_fields, "QueryResponse", NULL, { 45, 1500 }),
	ROUTE(POST, "/v1.0/security/runHuntingQuery", hunting_graph, HUNT, "Run a hunting query.",
	      api_hunting_graph_fields, "HuntingQueryResults", NULL, { 45, 1500 }),
	ROUTE(POST, "/api/hunting/run", hunting_run, HUNT,
	      "Run a hunting query; tells what it took and how it is to be drawn.",
	      api_hunting_run_fields, "HuntingRun", NULL, { 45, 1500 }),
	ROUTE(DELETE, "/api/hunting/runs/{id}", hunting_cancel, HUNT,
	      "Take an own query back that is running."),
	ROUTE(POST, "/api/hunting/check", hunting_check, HUNT,
	      "Compile a hunting query without running it.", api_hunting_check_fields,
	      "HuntingCheck", .unaudited = true),
	ROUTE(GET, "/api/hunting/schema", hunting_schema, HUNT,
	      "Tables and columns of hunting queries.", NULL, "HuntingSchema"),

	ROUTE(GET, "/portal/api/hunting/queries", hunting_queries, HUNT_KEEP,
	      "Kept queries: the own ones and those that are shared.", NULL, "HuntingQueryList",
	      "odata"),
	ROUTE(POST, "/portal/api/hunting/queries", hunting_queries_create, HUNT_KEEP,
	      "Keep a query.", api_hunting_query_fields, "HuntingQuery", .status = 201),
	ROUTE(GET, "/portal/api/hunting/queries/{id}", hunting_queries_get, HUNT_KEEP,
	      "A kept query.", NULL, "HuntingQuery"),
	ROUTE(PATCH, "/portal/api/hunting/queries/{id}", hunting_queries_change, HUNT_KEEP,
	      "Change a kept query.", api_hunting_query_change_fields, "HuntingQuery"),
	ROUTE(DELETE, "/portal/api/hunting/queries/{id}", hunting_queries_delete, HUNT_KEEP,
	      "Delete a kept query."),
	ROUTE(GET, "/portal/api/hunting/history", hunting_history, HUNT_KEEP,
	      "What one ran oneself, the newest first.", NULL, "HuntingPastRunList", "odata"),
	ROUTE(DELETE, "/portal/api/hunting/history", hunting_history_clear, HUNT_KEEP,
	      "Forget what one ran."),

	ROUTE(GET, DETECTIONS, detections_list, DETECTION_READ, "Custom detection rules.", NULL,
	      "DetectionRuleList", "odata"),
	ROUTE(POST, DETECTIONS, detections_create, DETECTION_WRITE, "Make a custom detection rule.",
	      api_detection_fields, "DetectionRule", .status = 201),
	ROUTE(GET, DETECTIONS "/{id}", detections_get, DETECTION_READ, "A custom detection rule.", NULL,
	      "DetectionRule"),
	ROUTE(PATCH, DETECTIONS "/{id}", detections_change, DETECTION_WRITE,
	      "Change a custom detection rule, switch it on or off.", api_detection_fields,
	      "DetectionRule"),
	ROUTE(DELETE, DETECTIONS "/{id}", detections_delete, DETECTION_WRITE,
	      "Remove a custom detection rule; its alerts stay."),
	ROUTE(POST, "/portal/api/detection-rules/check", detections_check, DETECTION_WRITE,
	      "What keeps a custom detection rule from being saved.", api_detection_fields,
	      "DetectionCheck", .unaudited = true),
	ROUTE(POST, "/portal/api/detection-rules/dry-run", detections_dry_run, DETECTION_WRITE,
	      "What a custom detection rule would have found; writes nothing.", api_detection_fields,
	      "DetectionDryRun", NULL, { 45, 1500 }),
	ROUTE(POST, "/portal/api/detection-rules/{id}/run", detections_run, DETECTION_WRITE,
	      "Run a custom detection rule now instead of at its time."),
	ROUTE(GET, "/portal/api/detection-rules/{id}/runs", detections_runs, DETECTION_READ,
	      "The newest runs that found something or failed.", NULL, "DetectionRuns"),

	ROUTE(GET, MACHINE "/timeline", timeline, EVENT_READ, "Events, the newest first.", NULL,
	      "Timeline", "from to kinds text cursor limit before skip"),
	ROUTE(GET, MACHINE "/timeline/histogram", histogram, EVENT_READ, "How many events when.",
	      NULL, "Histogram", "from to kinds text buckets"),
	ROUTE(GET, MACHINE "/events/{reportId}/alerts", event_alerts, ALERT_READ,
	      "Alerts that an event raised.", NULL, "AlertList", "odata"),
	ROUTE(GET, MACHINE "/gaps", gaps, EVENT_READ, "When nobody watched.", NULL, "Gaps",
	      "from to"),
	ROUTE(GET, MACHINE "/processes/{uniqueId}/tree", process_tree, EVENT_READ,
	      "A process, its ancestors and its first children.", NULL, "ProcessTree", "time"),
	ROUTE(GET, MACHINE "/processes/{uniqueId}/children", process_children, EVENT_READ,
	      "A process's children, in order of start.", NULL, "ProcessChildren", "cursor"),
	ROUTE(GET, "/portal/api/alerts/{id}/tree", alert_tree, EVENT_READ,
	      "The processes of an alert's story.", NULL, "ProcessTree"),
	ROUTE(GET, "/portal/api/alerts/{id}/events", alert_events, EVENT_READ,
	      "The events that matched, the oldest first.", NULL, "Events"),
	ROUTE(GET, MACHINE "/health", machines_health, MACHINE_READ, "How a machine's sensor does.",
	      NULL, "MachineHealth"),
	ROUTE(GET, "/portal/api/summary", summary, ALERT_READ, "Counts for the landing page.", NULL,
	      "Summary"),

	ROUTE(GET, "/portal/api/onboarding", onboarding, ONBOARDING, "Where devices enrol.", NULL,
	      "Onboarding"),
	ROUTE(GET, "/portal/api/onboarding/tokens", tokens_list, ONBOARDING, "Enrolment tokens.",
	      NULL, "EnrolmentTokenList", "odata"),
	ROUTE(POST, "/portal/api/onboarding/tokens", tokens_create, ONBOARDING,
	      "Make an enrolment token; its file is shown once.", api_token_fields, "NewToken",
	      .status = 201),
	ROUTE(DELETE, "/portal/api/onboarding/tokens/{id}", tokens_revoke, ONBOARDING,
	      "Revoke an enrolment token."),
	ROUTE(GET, "/portal/api/clients", clients_list, API_CLIENT, "API clients.", NULL,
	      "ApiClientList", "odata"),
	ROUTE(POST, "/portal/api/clients", clients_create, API_CLIENT,
	      "Make an API client; its secret is shown once.", api_client_fields, "NewApiClient",
	      .status = 201),
	ROUTE(DELETE, "/portal/api/clients/{id}", clients_revoke, API_CLIENT,
	      "Revoke an API client; its tokens are worth nothing at once."),
	ROUTE(GET, "/portal/api/users", users_list, USER_ADMIN, "Users.", NULL, "UserList",
	      "odata"),
	ROUTE(POST, "/portal/api/users", users_create, USER_ADMIN, "Make a user.", api_user_fields,
	      "User", .status = 201),
	ROUTE(PATCH, "/portal/api/users/{id}", users_change, USER_ADMIN,
	      "Change a user; ends the sessions where it must.", api_user_change_fields, "User"),
	ROUTE(GET, "/portal/api/audit", audit, AUDIT_READ, "The audit log, the newest first.", NULL,
	      "AuditPage", "cursor"),

	ROUTE(GET, "/portal/api/rules", rules, RULE_READ,
	      "Sigma rules and how often they matched, those that did so most first.", NULL,
	      "Rules"),
	ROUTE(GET, "/portal/api/rules/{id}", rules_get, RULE_READ, "A Sigma rule.", NULL, "Rule"),
	ROUTE(PATCH, "/portal/api/rules/{id}", rules_change, RULE_WRITE,
	      "Switch a Sigma rule on or off, lower its alerts' severity.", api_rule_fields, "Rule"),
	ROUTE(GET, "/portal/api/rules/{id}/text", rules_text, RULE_READ,
	      "A Sigma rule's text with an id of its own: the beginning of one's own.", NULL, "RuleText"),
	ROUTE(GET, "/portal/api/exceptions", exceptions_list, RULE_READ,
	      "Exceptions to Sigma rules, the newest first.", NULL, "RuleExceptionList", "odata"),
	ROUTE(GET, "/portal/api/exceptions/terms", exceptions_terms, RULE_READ,
	      "What an exception can be narrowed by.", NULL, "ExceptionTerms"),
	ROUTE(POST, "/portal/api/exceptions", exceptions_create, RULE_WRITE,
	      "Make an exception to a Sigma rule, or to all.", api_exception_fields,
	      "RuleException", .status = 201),
	ROUTE(POST, "/portal/api/exceptions/preview", exceptions_preview, RULE_WRITE,
	      "Which alerts of the last 30 days an exception would have silenced; writes nothing.",
	      api_exception_preview_fields, "ExceptionPreview", .unaudited = true),
	ROUTE(DELETE, "/portal/api/exceptions/{id}", exceptions_delete, RULE_WRITE,
	      "Remove an exception."),
	ROUTE(GET, "/portal/api/server", server, SERVER_READ,
	      "What the control plane has done since its start.", NULL, "Server"),

	ROUTE(POST, "/{tenant}/oauth2/v2.0/token", token, ANONYMOUS,
	      "OAuth 2.0 client credentials, as a form.", NULL, "AccessToken"),
	ROUTE(POST, "/{tenant}/oauth2/token", token, ANONYMOUS,
	      "OAuth 2.0 client credentials, as a form, for older clients.", NULL, "AccessToken"),
	ROUTE(GET, "/api/openapi.json", openapi, ANONYMOUS, "This description.", NULL,
	      "Description"),
	{ 0 },
};

/* As large as the table, twice over for what is served at two addresses. */
#define ROUTES_MAX (2 * ARRAY_SIZE(api_route_table) + 1)
#define ALIAS "/api/v1.0/"

static int add(struct api *a, size_t *count, const struct api_route *from, const char *path)
{
	char *pattern = strdup(path);

	if (!pattern)
		return -ENOMEM;
	a->routes[*count] = (struct http_route){ from->method, pattern, from->handler,
						 from->permission, from->operation };
	a->route_origin[*count] = from;
	(*count)++;
	return 0;
}

int api_routes_make(struct api *a)
{
	size_t count = 0;

	a->routes = calloc(ROUTES_MAX, sizeof(*a->routes));
	a->route_origin = calloc(ROUTES_MAX, sizeof(*a->route_origin));
	if (!a->routes || !a->route_origin)
		return -ENOMEM;
	for (const struct api_route *r = api_route_table; r->path; r++) {
		char alias[256];

		if (add(a, &count, r, r->path) < 0)
			return -ENOMEM;
		if (strncmp(r->path, "/api/", 5) != 0)
			continue;
		snprintf(alias, sizeof(alias), ALIAS "%s", r->path + 5);
		if (add(a, &count, r, alias) < 0)
			return -ENOMEM;
	}
	return 0;
}

void api_routes_free(struct api *a)
{
	for (size_t i = 0; a->routes && a->routes[i].pattern; i++)
		free((char *)a->routes[i].pattern);
	free(a->routes);
	free(a->route_origin);
}

const struct api_route *api_route_of(const struct api *a, const struct http_request *req)
{
	return a->route_origin[req->route - a->routes];
}
