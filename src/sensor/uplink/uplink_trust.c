/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uplink_trust.c - keeps the device's certificate fresh, and finds back when it has expired
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "net/cert.h"
#include "sensor/uplink/uplink_internal.h"

int64_t uplink_server_now(const struct uplink *u)
{
	return clock_realtime_ns() - u->status.clock_offset_ns;
}

/* The new certificate replaces the old only once the cloud has accepted it in a request. */
static int try_certificate(struct uplink *u, const char *pem, struct err *err)
{
	_cleanup_(http_client_freep) struct http_client *fresh = NULL;
	_cleanup_free_ char *key = NULL;
	char path[4200];
	const struct identity_client_options options = { .cert_path = path, .proxy = u->proxy,
							 .timeout_ms = u->timeout_ms };
	int r;

	snprintf(path, sizeof(path), "%s.new", u->id.cert_path);
	r = file_read(u->id.key_path, 64 << 10, &key, NULL, err);
	if (r == 0)
		r = cert_check_key(pem, key, err);
	if (r == 0)
		r = file_write_atomic(path, pem, strlen(pem), 0644, err);
	if (r == 0)
		r = identity_client(&u->id, &options, &fresh, err);
	if (r == 0)
		r = uplink_post(u, fresh, "/device/v1/heartbeat", "application/json", "{}", 2, err);
	/* Any answer of the handler means that TLS has accepted it; 401 and 403 mean it has not. */
	if (r == 0 && (u->res.status == 401 || u->res.status == 403 || u->res.status >= 500))
		r = err_setf(err, -EKEYREJECTED, "the new certificate is refused");
	if (r == 0 && rename(path, u->id.cert_path) < 0)
		r = err_setf(err, -errno, "%s: %m", u->id.cert_path);
	if (r < 0)
		return r;
	return uplink_make_client(u, err);
}

static int renew(struct uplink *u, struct err *err)
{
	_cleanup_free_ char *key = NULL, *csr = NULL, *pem = NULL, *body = NULL;
	const char *text;
	char reason[256];
	json_t *root;
	int r = file_read(u->id.key_path, 64 << 10, &key, NULL, err);

	if (r == 0)
		r = cert_csr_make(key, u->id.device_id, &csr, err);
	if (r < 0)
		return r;
	root = json_pack("{s:s}", "csr", csr);
	body = root ? json_dumps(root, JSON_COMPACT) : NULL;
	json_decref(root);
	if (!body)
		return -ENOMEM;
	r = uplink_post(u, u->client, "/device/v1/renew", "application/json", body, strlen(body), err);
	if (r < 0)
		return r;
	if (u->res.status != 200)
		return err_setf(err, -EACCES, "%s", uplink_server_reason(u, reason, sizeof(reason)));
	root = json_loads(u->res.body.data ? u->res.body.data : "", 0, NULL);
	if (json_unpack(root, "{s:s}", "certificate", &text) == 0)
		pem = strdup(text);
	json_decref(root);
	r = pem ? try_certificate(u, pem, err)
		: err_setf(err, -EBADMSG, "the answer is not understood");
	if (r == 0)
		r = identity_read_period(&u->id, err);
	return r;
}

/* 0 when the device goes on with a new certificate. */
static int renew_now(struct uplink *u)
{
	struct err err = { "" };
	char reason[512];
	int r = renew(u, &err);

	if (!u->client) {
		uplink_forget(u);
		return -ENOMEM;
	}
	if (r < 0) {
		log_warning("cannot renew the certificate: %s", err_msg(&err, r));
		if (u->id.not_after_ns < uplink_server_now(u)) {
			snprintf(reason, sizeof(reason), "the certificate expired and cannot be renewed: "
				 "%.300s; onboard this device again", err_msg(&err, r));
			uplink_lose_trust(u, reason);
		}
		return r;
	}
	pthread_mutex_lock(&u->lock);
	u->status.not_after_ns = u->id.not_after_ns;
	pthread_mutex_unlock(&u->lock);
	log_notice("the certificate was renewed");
	return 0;
}

void uplink_renew_when_due(struct uplink *u)
{
	u->next_renew_ns = clock_monotonic_ns() + (int64_t)u->heartbeat_ms * NSEC_PER_MSEC;
	if (u->id.not_after_ns - uplink_server_now(u) < (u->id.not_after_ns - u->id.not_before_ns) / 3)
		(void)renew_now(u);
}

/* The cloud does not take us: for ever, but for a certificate that can still be renewed. */
void uplink_on_refused(struct uplink *u)
{
	json_t *root = u->res.body.data ? json_loads(u->res.body.data, 0, NULL) : NULL;
	const char *code = "";
	char reason[256];
	bool expired;

	json_unpack(root, "{s:{s:s}}", "error", "code", &code);
	expired = !strcmp(code, "CertificateExpired");
	json_decref(root);
	if (expired && u->res.date_ns) {
		pthread_mutex_lock(&u->lock);
		u->status.clock_offset_ns = clock_realtime_ns() - u->res.date_ns;
		pthread_mutex_unlock(&u->lock);
	}
	if (!expired)
		uplink_lose_trust(u, uplink_server_reason(u, reason, sizeof(reason)));
	else if (renew_now(u) == 0)
		u->next_heartbeat_ns = 0;
}

