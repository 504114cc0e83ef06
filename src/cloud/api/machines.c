/* SPDX-License-Identifier: Apache-2.0 */
/*
 * machines.c - Machine objects: the device table in the reference's words
 */
#include <stdio.h>
#include <string.h>

#include "cloud/api/api_internal.h"
#include "cloud/api/enums.h"
#include "cloud/api/handlers.h"

/* Silent for a week: Inactive. Heard of, but without events of the sensor: NoSensorData. */
#define HEALTH_SQL                                                                                 \
	"CASE WHEN d.last_seen_ns < (unixepoch() - 7 * 86400) * 1000000000 THEN 'Inactive'"        \
	" WHEN d.health = '{}' THEN 'NoSensorData' ELSE 'Active' END"

/* The worst of the alerts that nobody has resolved. */
#define RISK_SQL                                                                                   \
	"(SELECT CASE max(CASE r.severity WHEN 'High' THEN 4 WHEN 'Medium' THEN 3"                 \
	" WHEN 'Low' THEN 2 WHEN 'Informational' THEN 1 END) WHEN 4 THEN 'High'"                   \
	" WHEN 3 THEN 'Medium' WHEN 2 THEN 'Low' WHEN 1 THEN 'Informational' ELSE 'None' END"      \
	" FROM alert r WHERE r.tenant_id = d.tenant_id AND r.device_id = d.id"                     \
	" AND r.status <> 'Resolved')"

#define ADDRESSES_SCHEMA                                                                           \
	"{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{"                      \
	"\"ipAddress\":{\"type\":\"string\"},"                                                     \
	"\"macAddress\":{\"type\":\"string\",\"nullable\":true},"                                  \
	"\"operationalStatus\":{\"type\":\"string\"},\"type\":{\"type\":\"string\"}}}}"

static const struct odata_property properties[] = {
	{ "id", ODATA_TEXT, .sql = "d.id" },
	{ "computerDnsName", ODATA_TEXT, .sql = "d.computer_dns_name" },
	{ "firstSeen", ODATA_TIME, .sql = "d.first_seen_ns" },
	{ "lastSeen", ODATA_TIME, .sql = "d.last_seen_ns" },
	{ "osPlatform", ODATA_TEXT, .sql = "d.os_platform" },
	{ "osDistribution", ODATA_TEXT, ODATA_EXTENSION, "d.os_distribution" },
	{ "onboardingStatus", ODATA_TEXT,
	  .sql =
	      "CASE d.onboarding_status WHEN 'Onboarded' THEN 'onboarded' ELSE d.onboarding_status"
	      " END",
	  .values = api_onboarding_statuses },
	{ "osProcessor", ODATA_TEXT, .sql = "d.os_processor" },
	{ "osArchitecture", ODATA_TEXT, .sql = "d.os_architecture" },
	{ "version", ODATA_TEXT, .sql = "d.os_version" },
	{ "osBuild", ODATA_TEXT, .sql = "d.os_build", .doc = "Kernel release." },
	{ "lastIpAddress", ODATA_TEXT, .sql = "d.last_ip_address" },
	{ "lastExternalIpAddress", ODATA_TEXT, .sql = "d.last_external_ip_address" },
	{ "healthStatus", ODATA_TEXT, .sql = HEALTH_SQL, .values = api_health_statuses },
	{ "rbacGroupName", ODATA_TEXT, ODATA_NULLABLE, "NULL",
	  .doc = "There are no device groups." },
	{ "rbacGroupId", ODATA_NUMBER, .sql = "0" },
	{ "riskScore", ODATA_TEXT, .sql = RISK_SQL, .values = api_risk_scores,
	  .doc = "Highest severity of the alerts that are not resolved." },
	{ "exposureLevel", ODATA_TEXT, .sql = "'None'", .values = api_exposure_levels },
	{ "isAadJoined", ODATA_BOOL, .sql = "0" },
	{ "aadDeviceId", ODATA_TEXT, ODATA_NULLABLE, "NULL" },
	{ "deviceValue", ODATA_TEXT, .sql = "d.device_value", .values = api_device_values },
	{ "machineTags", ODATA_TEXTS, .sql = "d.machine_tags" },
	{ "ipAddresses", ODATA_JSON, .sql = "d.ip_addresses", .schema = ADDRESSES_SCHEMA },
	{ "agentVersion", ODATA_TEXT, .sql = "d.agent_version" },
	{ "cloneSuspected", ODATA_BOOL, ODATA_EXTENSION, "d.clone_suspected",
	  .doc = "Two machines used this identity." },
};

const struct odata_entity api_machine = {
	.name = "Machine",
	.set = "Machines",
	.from = "device d",
	.tenant = "d.tenant_id",
	.order = "d.computer_dns_name, d.id",
	.unique = "d.id",
	.page_max = 10000,
	.properties = properties,
	.property_count = ARRAY_SIZE(properties),
};

int api_machines_list(struct http_request *req, struct http_response *res, void *arg)
{
	const struct odata_scope scope = api_scope(arg, req);

	return odata_answer_list(&api_machine, &scope, req, res);
}

int api_answer_machine(const struct http_request *req, struct http_response *res,
		       const struct odata_scope *scope)
{
	int r = odata_append_one(&api_machine, scope, &res->body);

	if (r == 0)
		return api_errorf(req, res, 404, "ResourceNotFound", "There is no machine %s.",
				  scope->key);
	return r < 0 ? r : http_response_json(res, 200, "", 0);
}

int api_machines_get(struct http_request *req, struct http_response *res, void *arg)
{
	struct odata_scope scope = api_scope(arg, req);

	scope.where = "? IN (d.id, d.computer_dns_name)";
	scope.key = http_request_param(req, "id");
	return api_answer_machine(req, res, &scope);
}

int api_find_machine(const struct api *a, const struct http_request *req,
		     char ret_id[FLEET_DEVICE_ID_SIZE])
{
	const char *name = http_request_param(req, "id");
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r =
	    state_query(state_get(a->state), &st, NULL,
			"SELECT id FROM device WHERE tenant_id = ? AND ? IN (id, computer_dns_name)"
			" ORDER BY last_seen_ns DESC LIMIT 1",
			"ss", api_identity(req)->tenant_id, name);

	if (r == 0)
		r = state_step(st, NULL);
	if (r > 0)
		snprintf(ret_id, FLEET_DEVICE_ID_SIZE, "%s", state_text(st, 0));
	return r;
}

int api_no_machine(const struct http_request *req, struct http_response *res)
{
	return api_errorf(req, res, 404, "ResourceNotFound", "There is no machine %s.",
			  http_request_param(req, "id"));
}

int api_machines_alerts(struct http_request *req, struct http_response *res, void *arg)
{
	struct odata_scope scope = api_scope(arg, req);
	char id[FLEET_DEVICE_ID_SIZE];
	int r = api_find_machine(arg, req, id);

	if (r <= 0)
		return r < 0 ? r : api_no_machine(req, res);
	scope.where = "a.device_id = ?";
	scope.key = id;
	return odata_answer_list(&api_alert, &scope, req, res);
}

/* The key is device and number with a blank between. */
#define OF_EVENT                                                                                   \
	"a.id IN (SELECT e.alert_id FROM (SELECT ? AS k) JOIN alert_event e ON"                    \
	" e.tenant_id = a.tenant_id AND e.device_id = substr(k, 1, instr(k, ' ') - 1)"             \
	" AND e.report_id = CAST(substr(k, instr(k, ' ') + 1) AS INTEGER))"

int api_event_alerts(struct http_request *req, struct http_response *res, void *arg)
{
	const char *number = http_request_param(req, "reportId");
	struct odata_scope scope = api_scope(arg, req);
	char id[FLEET_DEVICE_ID_SIZE], key[FLEET_DEVICE_ID_SIZE + 24];
	int r = api_find_machine(arg, req, id);

	if (r <= 0)
		return r < 0 ? r : api_no_machine(req, res);
	if (!*number || strlen(number) > 19 || number[strspn(number, "0123456789")])
		return api_errorf(req, res, 400, "BadRequest",
				  "reportId: '%.30s' is no number as in the column ReportId",
				  number);
	snprintf(key, sizeof(key), "%s %s", id, number);
	scope.where = OF_EVENT;
	scope.key = key;
	return odata_answer_list(&api_alert, &scope, req, res);
}

static const struct odata_property health_properties[] = {
	{ "healthStatus", ODATA_TEXT, .sql = HEALTH_SQL, .values = api_health_statuses },
	{ "firstSeen", ODATA_TIME, .sql = "d.first_seen_ns" },
	{ "lastSeen", ODATA_TIME, .sql = "d.last_seen_ns" },
	{ "onboardingStatus", ODATA_TEXT, .sql = "d.onboarding_status" },
	{ "offboardedTime", ODATA_TIME, ODATA_NULLABLE, "d.offboarded_ns" },
	{ "agentVersion", ODATA_TEXT, .sql = "d.agent_version" },
	{ "cloneSuspected", ODATA_BOOL, .sql = "d.clone_suspected" },
	{ "clockOffsetMilliseconds", ODATA_NUMBER, .sql = "d.clock_offset_ns / 1000000",
	  .doc = "How far the device's clock is ahead of ours." },
	{ "report", ODATA_JSON, .sql = "d.health", .schema = "{\"type\":\"object\"}",
	  .doc = "As the device sent it." },
};

const struct odata_entity api_machine_health = {
	.name = "MachineHealth",
	.set = "MachineHealth",
	.from = "device d",
	.tenant = "d.tenant_id",
	.order = "d.id",
	.unique = "d.id",
	.page_max = 1,
	.properties = health_properties,
	.property_count = ARRAY_SIZE(health_properties),
};

int api_machines_health(struct http_request *req, struct http_response *res, void *arg)
{
	struct odata_scope scope = api_scope(arg, req);
	char id[FLEET_DEVICE_ID_SIZE];
	int r = api_find_machine(arg, req, id);

	if (r <= 0)
		return r < 0 ? r : api_no_machine(req, res);
	scope.where = "d.id = ?";
	scope.key = id;
	r = odata_append_one(&api_machine_health, &scope, &res->body);
	return r < 0 ? r : http_response_json(res, 200, "", 0);
}
