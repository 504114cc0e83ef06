/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cert.h - X.509 as PEM text: keys, requests, certificates, fingerprints
 *
 * The device makes its key and request, the fleet's CA signs, tests make both. P-256 keys only.
 * Everything handed out is NUL-terminated PEM that the caller frees. Holds no state, opens no file.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define CERT_FINGERPRINT_SIZE 65
#define CERT_NAME_SIZE 256
#define CERT_SERIAL_SIZE 48

struct cert_info {
	char fingerprint[CERT_FINGERPRINT_SIZE]; /* SHA-256 of the DER, lower-case hex */
	char common_name[CERT_NAME_SIZE];        /* "" where there is none */
	char organization[CERT_NAME_SIZE];       /* "" where there is none */
	char serial[CERT_SERIAL_SIZE];           /* hex */
	int64_t not_before_ns, not_after_ns;
	bool is_ca;
};

struct cert_sign_options {
	const char *ca_pem, *ca_key_pem;
	const char *csr_pem;      /* its signature is checked; its names are not taken over */
	const char *common_name;
	const char *organization; /* nullable */
	const char *san;          /* OpenSSL's form: "DNS:a,IP:10.0.0.1,URI:x"; nullable */
	int64_t not_before_ns, not_after_ns; /* since 1970 */
	bool server;              /* for TLS servers; otherwise for TLS clients */
};

/* A fresh private key, PKCS #8. */
int cert_key_generate(char **ret_key_pem, struct err *err);
int cert_csr_make(const char *key_pem, const char *common_name, char **ret_csr_pem,
		  struct err *err);
/* Self-signed, may sign leaves only (path length 0). */
int cert_ca_make(const char *key_pem, const char *common_name, int64_t not_before_ns,
		 int64_t not_after_ns, char **ret_pem, struct err *err);
/* The random serial number is 127 bits. -EBADMSG: the request is not well-formed or not signed. */
int cert_sign(const struct cert_sign_options *options, char **ret_pem, struct err *err);

/* Of the first certificate in the text; -EBADMSG. */
int cert_read(const char *pem, struct cert_info *ret_info, struct err *err);
/* 0 when the key belongs to the certificate, -EKEYREJECTED when it does not. */
int cert_check_key(const char *pem, const char *key_pem, struct err *err);
/* 0 when a TLS client that asked for the name or address may take the certificate. -EKEYREJECTED. */
int cert_check_host(const char *pem, const char *host, struct err *err);
/* 0 when ca signed the certificate; times are not looked at. -EKEYREJECTED. */
int cert_check_issuer(const char *pem, const char *ca_pem, struct err *err);
