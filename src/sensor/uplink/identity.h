/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity.h - who this device is to the cloud: key, certificates, names, in STATE/identity/
 *
 * The private key is made here and never leaves the machine.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "net/http_client.h"

#define IDENTITY_UID_SIZE 65

struct identity {
	char *server, *tenant_id, *device_id, *machine_uid;
	char key_path[4096], cert_path[4096], ca_path[4096], json_path[4096];
	int64_t not_before_ns, not_after_ns;
};

/* Who sends: not root where it exists. It owns what onboarding writes. */
#define IDENTITY_USER "vakt-uplink"

/*
 * SHA-256 of machine-id and the firmware's product id (or the first MAC) as hex. The product id is
 * root's to read; run_dir (nullable) may hold a copy, made when the service starts.
 */
int identity_machine_uid(const char *run_dir, char ret_uid[IDENTITY_UID_SIZE], struct err *err);
/* -ENOENT: this device is not onboarded. */
int identity_load(const char *state_dir, struct identity *ret_id, struct err *err);
void identity_done(struct identity *id);
/* Rereads the certificate's period, e.g. after a renewal. */
int identity_read_period(struct identity *id, struct err *err);
struct identity_client_options {
	const char *cert_path; /* NULL: the identity's own */
	const char *proxy;     /* NULL or "": none */
	unsigned int timeout_ms;
};

/* A client that shows the certificate. */
int identity_client(const struct identity *id, const struct identity_client_options *options,
		    struct http_client **ret_client, struct err *err);
