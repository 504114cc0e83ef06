/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_routes.c - what a device asks of the fleet: enroll, renew, heartbeat, offboard
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cloud/fleet/fleet_internal.h"
#include "net/cert.h"

#define TAGS_MAX 16
#define TAG_BYTES_MAX 200

static int parse_body(const struct http_request *req, json_t **ret_json, struct err *err)
{
	json_error_t error;
	json_t *json = json_loadb(req->body, req->body_len, JSON_REJECT_DUPLICATES, &error);

	if (!json)
		return err_setf(err, -EINVAL, "body, line %d: %s", error.line, error.text);
	if (!json_is_object(json)) {
		json_decref(json);
		return err_setf(err, -EINVAL, "body: an object is expected");
	}
	*ret_json = json;
	return 0;
}

/* A text property; "" where it is missing or no text. */
static const char *text(const json_t *json, const char *name)
{
	const char *value = json_string_value(json_object_get(json, name));

	return value ? value : "";
}

static int need(const json_t *json, const char *name, size_t max, struct err *err)
{
	size_t len = strlen(text(json, name));

	if (len == 0 || len > max)
		return err_setf(err, -EINVAL, "%s: 1 to %zu characters are expected", name, max);
	return 0;
}

static int keep_certificate(struct fleet *f, struct state_conn *c, const char *device_id,
			    const char *pem, struct err *err)
{
	struct cert_info info;
	int r = cert_read(pem, &info, err);

	if (r < 0)
		return r;
	return state_exec(c, err, "INSERT INTO device_certificate VALUES (?, ?, ?, ?, ?, ?, NULL)",
			  "ssssii", info.fingerprint, f->tenant_id, device_id, info.serial,
			  info.not_before_ns, info.not_after_ns);
}

/* The machine's id here: the one it had before, or a new one. */
static int find_device_id(struct fleet *f, struct state_conn *c, const char *machine_uid,
			  char ret_id[FLEET_DEVICE_ID_SIZE], struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	uint8_t random[20];
	int r = state_query(c, &st, err,
			    "SELECT id FROM device WHERE tenant_id = ? AND machine_uid = ?", "ss",
			    f->tenant_id, machine_uid);

	if (r == 0)
		r = state_step(st, err);
	if (r < 0)
		return r;
	if (r == 1) {
		snprintf(ret_id, FLEET_DEVICE_ID_SIZE, "%s", state_text(st, 0));
		return 0;
	}
	random_bytes(random, sizeof(random));
	hex_encode(random, sizeof(random), ret_id);
	return 0;
}

static int keep_device(struct fleet *f, struct state_conn *c, const json_t *json, const char *id,
		       struct err *err)
{
	int64_t now = clock_realtime_ns();
	int r;

	r = state_exec(c, err,
		       "INSERT INTO device (tenant_id, id, subscription_id, computer_dns_name, "
		       "machine_uid, first_seen_ns, last_seen_ns) VALUES (?, ?, ?, ?, ?, ?, ?) "
		       "ON CONFLICT (tenant_id, id) DO UPDATE SET computer_dns_name = "
		       "excluded.computer_dns_name, last_seen_ns = excluded.last_seen_ns, "
		       "offboarded_ns = NULL, clone_suspected = 0, onboarding_status = 'Onboarded'",
		       "sssssii", f->tenant_id, id, f->subscription_id,
		       text(json, "computerDnsName"), text(json, "machineUid"), now, now);
	if (r == 0)
		r = state_exec(c, err,
			       "UPDATE device SET os_distribution = ?, os_version = ?, os_build = ?, "
			       "os_architecture = ?, os_processor = ?, agent_version = ? "
			       "WHERE tenant_id = ? AND id = ?",
			       "ssssssss", text(json, "osDistribution"), text(json, "osVersion"),
			       text(json, "osBuild"), text(json, "osArchitecture"),
			       text(json, "osProcessor"), text(json, "agentVersion"), f->tenant_id, id);
	if (r == 0)
		r = state_exec(c, err,
			       "UPDATE device_certificate SET revoked_ns = ? WHERE tenant_id = ? AND "
			       "device_id = ? AND revoked_ns IS NULL",
			       "iss", now, f->tenant_id, id);
	return r;
}

static int enroll(struct fleet *f, struct state_conn *c, const json_t *json,
		  char id[FLEET_DEVICE_ID_SIZE], char **ret_pem, struct err *err)
{
	_cleanup_free_ char *pem = NULL;
	int r = state_begin(c, err);

	if (r == 0)
		r = token_use(f, c, text(json, "token"), err);
	if (r == 0)
		r = find_device_id(f, c, text(json, "machineUid"), id, err);
	if (r == 0 && ca_sign_device(f, text(json, "csr"), id, &pem, err) < 0)
		r = -EINVAL;
	if (r == 0)
		r = keep_device(f, c, json, id, err);
	if (r == 0)
		r = keep_certificate(f, c, id, pem, err);
	r = state_end(c, r, err);
	if (r == 0)
		*ret_pem = TAKE_PTR(pem);
	return r;
}

static int answer_certificate(struct fleet *f, struct http_response *res, int status,
			      const char *device_id, const char *pem)
{
	_cleanup_buf_ struct buf body = BUF_INIT(1 << 20);

	buf_printf(&body, "{\"deviceId\":\"%s\",\"tenantId\":\"%s\",\"certificate\":", device_id,
		   f->tenant_id);
	buf_append_json(&body, pem, strlen(pem));
	buf_append_str(&body, ",\"caCertificate\":");
	buf_append_json(&body, f->ca_pem, strlen(f->ca_pem));
	buf_append_str(&body, "}");
	return http_response_json(res, status, body.data, body.len);
}

static int on_enroll(struct http_request *req, struct http_response *res, void *arg)
{
	_cleanup_(json_decrefp) json_t *json = NULL;
	_cleanup_free_ char *pem = NULL;
	char id[FLEET_DEVICE_ID_SIZE];
	struct fleet *f = arg;
	struct state_conn *c = state_get(f->state);
	struct err err = { 0 };
	int r = parse_body(req, &json, &err);

	if (r == 0)
		r = need(json, "token", 256, &err);
	if (r == 0)
		r = need(json, "csr", 16384, &err);
	if (r == 0)
		r = need(json, "machineUid", 128, &err);
	if (r == 0)
		r = need(json, "computerDnsName", 255, &err);
	if (r == 0)
		r = c ? enroll(f, c, json, id, &pem, &err) : -ENOMEM;
	return r < 0 ? fleet_refuse(res, r, &err) : answer_certificate(f, res, 201, id, pem);
}

static int on_renew(struct http_request *req, struct http_response *res, void *arg)
{
	_cleanup_(json_decrefp) json_t *json = NULL;
	_cleanup_free_ char *pem = NULL;
	struct fleet_device device;
	struct fleet *f = arg;
	struct err err = { 0 };
	int r = fleet_identify_for_renewal(f, req, &device, &err);

	if (r == 0)
		r = parse_body(req, &json, &err);
	if (r == 0)
		r = need(json, "csr", 16384, &err);
	if (r == 0 && ca_sign_device(f, text(json, "csr"), device.id, &pem, &err) < 0)
		r = -EINVAL;
	/* The old one stays valid until it expires: the device may not have received the new one. */
	if (r == 0)
		r = keep_certificate(f, state_get(f->state), device.id, pem, &err);
	return r < 0 ? fleet_refuse(res, r, &err) : answer_certificate(f, res, 200, device.id, pem);
}

/* 1 when another machine than the one that enrolled shows the identity. */
static int is_clone(struct fleet *f, struct state_conn *c, const struct fleet_device *device,
		    const char *machine_uid, struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(c, &st, err, "SELECT machine_uid FROM device WHERE tenant_id = ? AND id = ?",
			    "ss", f->tenant_id, device->id);

	if (r == 0)
		r = state_step(st, err);
	return r < 1 ? r : strcmp(state_text(st, 0), machine_uid) != 0;
}

/* The values of the tags that the device's settings give it, as a JSON list; NULL: it says none. */
static char *tags_of(const json_t *health)
{
	const json_t *tags = json_object_get(health, "edr_device_tags"), *tag;
	_cleanup_(json_decrefp) json_t *values = json_is_array(tags) ? json_array() : NULL;
	size_t i;

	json_array_foreach(tags, i, tag) {
		const char *value = text(tag, "value");

		if (*value && strlen(value) <= TAG_BYTES_MAX && json_array_size(values) < TAGS_MAX)
			json_array_append_new(values, json_string(value));
	}
	return json_dumps(values, JSON_COMPACT);
}

static int keep_heartbeat(struct fleet *f, struct state_conn *c, const struct http_request *req,
			  const json_t *json, const struct fleet_device *device, struct err *err)
{
	_cleanup_free_ char *health = json_dumps(json_object_get(json, "health"), JSON_COMPACT);
	_cleanup_free_ char *addresses = json_dumps(json_object_get(json, "ipAddresses"), JSON_COMPACT);
	_cleanup_free_ char *tags = tags_of(json_object_get(json, "health"));
	/* The device puts the one that its default route leaves by first. */
	const char *address = text(json_array_get(json_object_get(json, "ipAddresses"), 0), "ipAddress");
	int64_t now = clock_realtime_ns();
	int64_t device_ns = json_integer_value(json_object_get(json, "realtimeNs")), offset = 0;

	/* Any number may stand there. */
	if (device_ns > 0)
		offset = device_ns - now;

	return state_exec(c, err,
			  "UPDATE device SET last_seen_ns = ?, health = ?, ip_addresses = ?, "
			  "agent_version = ?, last_ip_address = ?, last_external_ip_address = ?, "
			  "machine_tags = coalesce(?, machine_tags), clock_offset_ns = ? "
			  "WHERE tenant_id = ? AND id = ?",
			  "issssssiss", now, health ? health : "{}", addresses ? addresses : "[]",
			  text(json, "agentVersion"), address, req->peer_address,
			  tags, offset, f->tenant_id, device->id);
}

static int on_heartbeat(struct http_request *req, struct http_response *res, void *arg)
{
	_cleanup_(json_decrefp) json_t *json = NULL;
	struct fleet_device device;
	struct fleet *f = arg;
	struct state_conn *c = state_get(f->state);
	struct err err = { 0 };
	char body[160];
	int r = fleet_identify(f, req, &device, &err), clone = 0, n;

	if (r == 0)
		r = parse_body(req, &json, &err);
	if (r == 0)
		r = need(json, "machineUid", 128, &err);
	if (r == 0)
		r = clone = is_clone(f, c, &device, text(json, "machineUid"), &err);
	if (r == 1)
		r = state_exec(c, &err,
			       "UPDATE device SET clone_suspected = 1 WHERE tenant_id = ? AND id = ?",
			       "ss", f->tenant_id, device.id);
	else if (r == 0)
		r = keep_heartbeat(f, c, req, json, &device, &err);
	if (r < 0)
		return fleet_refuse(res, r, &err);
	n = snprintf(body, sizeof(body),
		     "{\"serverTimeNs\":%lld,\"offboarded\":false,\"cloneSuspected\":%s}",
		     (long long)clock_realtime_ns(), clone ? "true" : "false");
	return http_response_json(res, 200, body, (size_t)n);
}

static int on_offboard(struct http_request *req, struct http_response *res, void *arg)
{
	struct fleet_device device;
	struct fleet *f = arg;
	struct err err = { 0 };
	int r = fleet_identify(f, req, &device, &err);

	if (r == 0)
		r = state_exec(state_get(f->state), &err,
			       "UPDATE device SET offboarded_ns = ?, onboarding_status = "
			       "'CanBeOnboarded' WHERE tenant_id = ? AND id = ?",
			       "iss", clock_realtime_ns(), f->tenant_id, device.id);
	if (r < 0)
		return fleet_refuse(res, r, &err);
	res->status = 204;
	return 0;
}

const struct http_route fleet_routes[] = {
	{ HTTP_POST, "/device/v1/enroll", on_enroll, 0, "device_enroll" },
	{ HTTP_POST, "/device/v1/renew", on_renew, 0, "device_renew" },
	{ HTTP_POST, "/device/v1/heartbeat", on_heartbeat, 0, "device_heartbeat" },
	{ HTTP_POST, "/device/v1/offboard", on_offboard, 0, "device_offboard" },
	{ 0 },
};
