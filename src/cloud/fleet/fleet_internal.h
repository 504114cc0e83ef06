/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fleet_internal.h - what the fleet's files share
 */
#pragma once

#include "cloud/fleet/fleet.h"

enum { CA_DEVICES, CA_PORTAL, CA_SERVERS };

/* A certificate of one of our ports, the leaf with the CA behind it, and its key. */
struct ca_server {
	char path[4096], key_path[4096];
};

struct fleet {
	struct state *state;
	char tenant_id[UUID_TEXT_SIZE], subscription_id[UUID_TEXT_SIZE];
	char public_host[256];
	uint16_t device_port;
	int64_t certificate_days;
	char ca_path[4096], ca_key_path[4096];
	struct ca_server servers[CA_SERVERS];
	char *ca_pem, *ca_key_pem;
	char ca_fingerprint[65];
};

/*
 * As fleet_identify(), for a renewal: an expired certificate will do for FLEET_GRACE_DAYS more. Its
 * key was proved in the handshake and the device is neither revoked nor offboarded.
 */
#define FLEET_GRACE_DAYS 90
int fleet_identify_for_renewal(struct fleet *f, const struct http_request *req,
			       struct fleet_device *ret_device, struct err *err);

/* Loads the CA or makes it. */
int ca_open(struct fleet *f, const char *dir, struct err *err);
/* Signs a device's request; the PEM is the caller's. */
int ca_sign_device(struct fleet *f, const char *csr_pem, const char *device_id, char **ret_pem,
		   struct err *err);

void token_hash(const char *secret, char ret_hex[65]);
/* Uses a token up by one, inside the caller's transaction. -EACCES: unknown, expired, used up. */
int token_use(struct fleet *f, struct state_conn *c, const char *secret, struct err *err);
