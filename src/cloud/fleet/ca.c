/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ca.c - the tenant's certificate authority and the certificates of the control plane's own ports
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
#define RENEW_DAYS 60
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

/* OpenSSL's form of a subject alternative name. */
static const char *name_kind(const char *name)
{
	bool address = strspn(name, "0123456789.") == strlen(name) || strchr(name, ':');

	return address ? "IP" : "DNS";
}

static void list_names(const struct fleet *f, char san[1024])
{
	char own[256] = "";

	snprintf(san, 1024, "%s:%s,DNS:localhost,IP:127.0.0.1", name_kind(f->public_host),
		 f->public_host);
	if (gethostname(own, sizeof(own) - 1) == 0 && own[0] && strcmp(own, f->public_host) != 0)
		snprintf(san + strlen(san), 1024 - strlen(san), ",%s:%s", name_kind(own), own);
}

static int make_server(struct fleet *f, const struct ca_server *server, struct err *err)
{
	_cleanup_free_ char *key = NULL, *csr = NULL, *pem = NULL;
	_cleanup_buf_ struct buf chain = BUF_INIT(PEM_MAX);
	struct cert_sign_options sign = { .ca_pem = f->ca_pem,
					  .ca_key_pem = f->ca_key_pem,
					  .common_name = f->public_host,
					  .server = true };
	char san[1024];
	int r;

	list_names(f, san);
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
		r = file_write_atomic(server->key_path, key, strlen(key), 0600, err);
	if (r == 0)
		r = file_write_atomic(server->path, chain.data, chain.len, 0644, err);
	return r;
}

/* Whether the certificate will do for a while: readable, with its key, for our name, signed here.
 */
static bool server_good(struct fleet *f, const struct ca_server *server)
{
	_cleanup_free_ char *pem = NULL, *key = NULL;
	int64_t now = clock_realtime_ns();
	struct cert_info info;

	return file_read(server->path, PEM_MAX, &pem, NULL, NULL) == 0 &&
	       file_read(server->key_path, PEM_MAX, &key, NULL, NULL) == 0 &&
	       cert_read(pem, &info, NULL) == 0 && cert_check_key(pem, key, NULL) == 0 &&
	       cert_check_host(pem, f->public_host, NULL) == 0 &&
	       cert_check_issuer(pem, f->ca_pem, NULL) == 0 &&
	       info.not_before_ns <= now && info.not_after_ns > now + RENEW_DAYS * DAY_NS;
}

int fleet_certificates_renew(struct fleet *f, struct err *err)
{
	int renewed = 0;

	for (size_t i = 0; i < ARRAY_SIZE(f->servers); i++) {
		int r;

		if (server_good(f, &f->servers[i]))
			continue;
		r = make_server(f, &f->servers[i], err);
		if (r < 0)
			return r;
		renewed = 1;
	}
	return renewed;
}

static void name_server(struct ca_server *server, const char *dir, const char *name)
{
	snprintf(server->path, sizeof(server->path), "%s/tls/%s.crt", dir, name);
	snprintf(server->key_path, sizeof(server->key_path), "%s/tls/%s.key", dir, name);
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
	name_server(&f->servers[CA_DEVICES], dir, "devices");
	name_server(&f->servers[CA_PORTAL], dir, "portal");
	if (r == 0 && access(f->ca_path, F_OK) < 0)
		r = make_ca(f, err);
	if (r == 0)
		r = load_ca(f, err);
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
