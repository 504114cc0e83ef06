/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ca.c - the tenant's certificate authority and the device port's own certificate
 *
 * The key is made at first start and readable by its owner only.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "cloud/fleet/fleet_internal.h"
#include "net/cert.h"

#define DAY_NS (86400LL * NSEC_PER_SEC)
#define CA_DAYS 3650
#define SERVER_DAYS 825
#define PEM_MAX 65536
/* A device whose clock is a little behind must not find its certificate not yet valid. */
#define BACKDATE_NS (3600 * NSEC_PER_SEC)

static int make_ca(struct fleet *f, struct err *err)
{
	_cleanup_free_ char *key = NULL, *pem = NULL;
	int64_t now = clock_realtime_ns();
	int r = cert_key_generate(&key, err);

	if (r == 0)
		r = cert_ca_make(key, "Vakt device CA", now - BACKDATE_NS, now + CA_DAYS * DAY_NS,
				 &pem, err);
	/* The key first: a certificate without its key would be of no use to anyone. */
	if (r == 0)
		r = file_write_atomic(f->ca_key_path, key, strlen(key), 0600, err);
	if (r == 0)
		r = file_write_atomic(f->ca_path, pem, strlen(pem), 0644, err);
	return r;
}

static int load_ca(struct fleet *f, struct err *err)
{
	struct cert_info info;
	struct stat st;
	int r = file_read(f->ca_path, PEM_MAX, &f->ca_pem, NULL, err);

	if (r == 0)
		r = file_read(f->ca_key_path, PEM_MAX, &f->ca_key_pem, NULL, err);
	if (r == 0 && stat(f->ca_key_path, &st) == 0 && (st.st_mode & 077))
		r = err_setf(err, -EPERM, "%s may be read by others; chmod 600 it", f->ca_key_path);
	if (r == 0)
		r = cert_check_key(f->ca_pem, f->ca_key_pem, err);
	if (r == 0)
		r = cert_read(f->ca_pem, &info, err);
	if (r == 0)
		memcpy(f->ca_fingerprint, info.fingerprint, sizeof(f->ca_fingerprint));
	return r < 0 ? err_prefix(err, r, "device CA: ") : 0;
}

static int make_server(struct fleet *f, struct err *err)
{
	_cleanup_free_ char *key = NULL, *csr = NULL, *pem = NULL;
	_cleanup_buf_ struct buf chain = BUF_INIT(PEM_MAX);
	struct cert_sign_options sign = { .ca_pem = f->ca_pem, .ca_key_pem = f->ca_key_pem,
					  .common_name = f->public_host, .server = true };
	bool address = strspn(f->public_host, "0123456789.") == strlen(f->public_host) ||
		       strchr(f->public_host, ':');
	char san[512];
	int r;

	snprintf(san, sizeof(san), "%s:%s,DNS:localhost,IP:127.0.0.1", address ? "IP" : "DNS",
		 f->public_host);
	sign.san = san;
	sign.not_before_ns = clock_realtime_ns() - BACKDATE_NS;
	sign.not_after_ns = clock_realtime_ns() + SERVER_DAYS * DAY_NS;
	r = cert_key_generate(&key, err);
	if (r == 0)
		r = cert_csr_make(key, f->public_host, &csr, err);
	sign.csr_pem = csr;
	if (r == 0)
		r = cert_sign(&sign, &pem, err);
	if (r < 0)
		return r;
	buf_printf(&chain, "%s%s", pem, f->ca_pem);
	r = buf_error(&chain);
	if (r == 0)
		r = file_write_atomic(f->tls_key_path, key, strlen(key), 0600, err);
	if (r == 0)
		r = file_write_atomic(f->tls_path, chain.data, chain.len, 0644, err);
	return r;
}

int ca_open(struct fleet *f, const char *dir, struct err *err)
{
	char path[4096];
	int r;

	snprintf(path, sizeof(path), "%s/ca", dir);
	r = dir_make(path, 0700, err);
	snprintf(path, sizeof(path), "%s/tls", dir);
	if (r == 0)
		r = dir_make(path, 0700, err);
	snprintf(f->ca_path, sizeof(f->ca_path), "%s/ca/ca.crt", dir);
	snprintf(f->ca_key_path, sizeof(f->ca_key_path), "%s/ca/ca.key", dir);
	snprintf(f->tls_path, sizeof(f->tls_path), "%s/tls/devices.crt", dir);
	snprintf(f->tls_key_path, sizeof(f->tls_key_path), "%s/tls/devices.key", dir);
	if (r == 0 && access(f->ca_path, F_OK) < 0)
		r = make_ca(f, err);
	if (r == 0)
		r = load_ca(f, err);
	if (r == 0 && access(f->tls_path, F_OK) < 0)
		r = make_server(f, err);
	return r;
}

int ca_sign_device(struct fleet *f, const char *csr_pem, const char *device_id, char **ret_pem,
		   struct err *err)
{
	const struct cert_sign_options sign = {
		.ca_pem = f->ca_pem,
		.ca_key_pem = f->ca_key_pem,
		.csr_pem = csr_pem,
		.common_name = device_id,
		.organization = f->tenant_id,
		.not_before_ns = clock_realtime_ns() - BACKDATE_NS,
		.not_after_ns = clock_realtime_ns() + f->certificate_days * DAY_NS,
	};

	return cert_sign(&sign, ret_pem, err);
}
