/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/fleet/fleet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cloud/fleet/fleet_internal.h"

#define DAY_NS (86400 * NSEC_PER_SEC)

int fleet_open(const struct fleet_options *options, struct fleet **ret_fleet, struct err *err)
{
	_cleanup_(fleet_closep) struct fleet *f = calloc(1, sizeof(*f));
	int r;

	if (!f)
		return err_setf(err, -ENOMEM, "out of memory");
	f->state = options->state;
	snprintf(f->tenant_id, sizeof(f->tenant_id), "%s", options->tenant_id);
	snprintf(f->subscription_id, sizeof(f->subscription_id), "%s", options->subscription_id);
	snprintf(f->public_host, sizeof(f->public_host), "%s", options->public_host);
	f->device_port = options->device_port;
	f->certificate_days = options->certificate_days;
	r = ca_open(f, options->dir, err);
	if (r < 0)
		return r;
	*ret_fleet = TAKE_PTR(f);
	return 0;
}

void fleet_close(struct fleet *f)
{
	if (!f)
		return;
	free(f->ca_pem);
	free(f->ca_key_pem);
	free(f);
}

const char *fleet_server_certificate(const struct fleet *f)
{
	return f->servers[CA_DEVICES].path;
}

const char *fleet_server_key(const struct fleet *f)
{
	return f->servers[CA_DEVICES].key_path;
}

const char *fleet_portal_certificate(const struct fleet *f)
{
	return f->servers[CA_PORTAL].path;
}

const char *fleet_portal_key(const struct fleet *f)
{
	return f->servers[CA_PORTAL].key_path;
}

const char *fleet_ca_certificate(const struct fleet *f)
{
	return f->ca_path;
}

static int check_period(int64_t not_after_ns, int64_t grace_ns, struct err *err)
{
	int64_t late_ns = clock_realtime_ns() - not_after_ns;

	if (late_ns <= 0 || late_ns <= grace_ns)
		return 0;
	return err_setf(err, -EKEYEXPIRED, grace_ns ? "the certificate expired %lld days ago, too long "
						      "to renew it; onboard the device again" :
						      "the certificate expired %lld days ago; renew it",
			(long long)(late_ns / DAY_NS));
}

static int identify(struct fleet *f, const struct http_request *req, int64_t grace_ns,
		    struct fleet_device *ret_device, struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	const char *fingerprint = http_request_peer_fingerprint(req);
	struct state_conn *c = state_get(f->state);
	int r;

	if (!fingerprint)
		return err_setf(err, -ENOKEY, "a device certificate is needed here");
	if (!c)
		return err_setf(err, -ENOMEM, "out of memory");
	r = state_query(c, &st, err,
			"SELECT d.tenant_id, d.id, d.computer_dns_name, k.revoked_ns, d.offboarded_ns, "
			"d.clone_suspected, k.not_after_ns FROM device_certificate k JOIN device d ON "
			"d.tenant_id = k.tenant_id AND d.id = k.device_id WHERE k.fingerprint = ?",
			"s", fingerprint);
	if (r == 0)
		r = state_step(st, err);
	if (r < 0)
		return r;
	if (r == 0)
		return err_setf(err, -EACCES, "this certificate belongs to no device here");
	if (!state_is_null(st, 4))
		return err_setf(err, -ESHUTDOWN, "the device is offboarded");
	if (!state_is_null(st, 3))
		return err_setf(err, -EACCES, "the certificate was revoked");
	if (state_int(st, 5))
		return err_setf(err, -EEXIST, "another machine uses this device's identity; onboard both "
				"anew with a token");
	r = check_period(state_int(st, 6), grace_ns, err);
	if (r < 0)
		return r;
	snprintf(ret_device->tenant_id, sizeof(ret_device->tenant_id), "%s", state_text(st, 0));
	snprintf(ret_device->id, sizeof(ret_device->id), "%s", state_text(st, 1));
	snprintf(ret_device->name, sizeof(ret_device->name), "%s", state_text(st, 2));
	return 0;
}

const char *fleet_ca_fingerprint(const struct fleet *f)
{
	return f->ca_fingerprint;
}

void fleet_address(const struct fleet *f, char *ret_url, size_t size)
{
	snprintf(ret_url, size, "https://%s:%u", f->public_host, f->device_port);
}

int fleet_identify(struct fleet *f, const struct http_request *req, struct fleet_device *ret_device,
		   struct err *err)
{
	return identify(f, req, 0, ret_device, err);
}

int fleet_identify_for_renewal(struct fleet *f, const struct http_request *req,
			       struct fleet_device *ret_device, struct err *err)
{
	return identify(f, req, FLEET_GRACE_DAYS * DAY_NS, ret_device, err);
}

int fleet_refuse(struct http_response *res, int r, const struct err *err)
{
	static const struct {
		int r, status;
		const char *code;
	} answers[] = {
		{ -EINVAL, 400, "BadRequest" },	   { -EBADMSG, 400, "MalformedBatch" },
		{ -EKEYEXPIRED, 403, "CertificateExpired" },
		{ -ENOKEY, 401, "Unauthorized" },  { -EACCES, 403, "Forbidden" },
		{ -ESHUTDOWN, 403, "Offboarded" }, { -EEXIST, 403, "ClonedIdentity" },
		{ -EBUSY, 429, "TooManyRequests" }, { -EAGAIN, 503, "StoreUnavailable" },
		{ -ENOBUFS, 503, "ServerBusy" },
		{ -ENOSPC, 507, "InsufficientStorage" },
	};
	_cleanup_buf_ struct buf body = BUF_INIT(8192);

	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		if (answers[i].r != r)
			continue;
		buf_printf(&body, "{\"error\":{\"code\":\"%s\",\"message\":", answers[i].code);
		buf_append_json(&body, err_msg(err, r), strlen(err_msg(err, r)));
		buf_append_str(&body, "}}");
		if (answers[i].status == 429 || answers[i].status >= 503)
			http_response_header(res, "Retry-After", "5");
		return http_response_json(res, answers[i].status, body.data, body.len);
	}
	return r;
}
