/* SPDX-License-Identifier: Apache-2.0 */
/*
 * machines.c - Machine objects from the device table, always of the identity's tenant
 */
#include <errno.h>
#include <jansson.h>

#include "base/clock.h"
#include "cloud/api/api.h"

#define COLUMNS                                                                                    \
	"SELECT id, computer_dns_name, first_seen_ns, last_seen_ns, os_platform, os_processor,"    \
	" os_architecture, os_version, os_build, last_ip_address, last_external_ip_address,"       \
	" device_value, machine_tags, ip_addresses, agent_version FROM device WHERE tenant_id = ?"

static json_t *list_of(const char *text)
{
	json_t *list = json_loads(text, 0, NULL);

	return list ?: json_array();
}

static json_t *machine(struct state_stmt *st)
{
	char first[CLOCK_RFC3339_SIZE], last[CLOCK_RFC3339_SIZE];
	bool active = clock_realtime_ns() - state_int(st, 3) < 7 * 86400 * NSEC_PER_SEC;

	clock_format_rfc3339(state_int(st, 2), 7, first);
	clock_format_rfc3339(state_int(st, 3), 7, last);
	return json_pack(
	    "{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:o,s:o,s:s,s:s,s:s,s:s,s:s,"
	    "s:b,s:n,s:n,s:i}",
	    "id", state_text(st, 0), "computerDnsName", state_text(st, 1), "firstSeen", first,
	    "lastSeen", last, "osPlatform", state_text(st, 4), "osProcessor", state_text(st, 5),
	    "osArchitecture", state_text(st, 6), "version", state_text(st, 7), "osBuild",
	    state_text(st, 8), "lastIpAddress", state_text(st, 9), "lastExternalIpAddress",
	    state_text(st, 10), "deviceValue", state_text(st, 11), "machineTags",
	    list_of(state_text(st, 12)), "ipAddresses", list_of(state_text(st, 13)), "agentVersion",
	    state_text(st, 14), "onboardingStatus", "onboarded", "healthStatus",
	    active ? "Active" : "Inactive", "riskScore", "None", "exposureLevel", "None",
	    "isAadJoined", 0, "aadDeviceId", "rbacGroupName", "rbacGroupId", 0);
}

static int send_json(struct http_response *res, json_t *o)
{
	_cleanup_free_ char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;

	json_decref(o);
	return text ? http_response_json(res, 200, text, strlen(text)) : -ENOMEM;
}

int api_machines_list(struct http_request *req, struct http_response *res, void *arg)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	struct api *a = arg;
	json_t *value;
	int r = state_query(state_get(a->state), &st, NULL,
			    COLUMNS " ORDER BY last_seen_ns DESC, id LIMIT 10000", "s",
			    api_identity(req)->tenant_id);

	if (r < 0)
		return r;
	value = json_array();
	while ((r = state_step(st, NULL)) > 0)
		json_array_append_new(value, machine(st));
	if (r < 0) {
		json_decref(value);
		return r;
	}
	return send_json(res, json_pack("{s:o}", "value", value));
}

int api_machines_get(struct http_request *req, struct http_response *res, void *arg)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	struct api *a = arg;
	int r = state_query(state_get(a->state), &st, NULL, COLUMNS " AND id = ?", "ss",
			    api_identity(req)->tenant_id, http_request_param(req, "id"));

	if (r >= 0)
		r = state_step(st, NULL);
	if (r < 0)
		return r;
	if (r == 0)
		return api_error(
		    req, res, &(struct api_problem){ 404, "ResourceNotFound", "No such machine." });
	return send_json(res, machine(st));
}
