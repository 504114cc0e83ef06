/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fleet.h - the devices of a tenant: certificate authority, enrolment, who a certificate is
 *
 * All calls may come from any thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hex.h"
#include "net/http_server.h"
#include "store/state.h"

#define FLEET_DEVICE_ID_SIZE 41

struct fleet;

struct fleet_options {
	struct state *state;
	const char *dir;         /* holds ca/ (key and certificate) and tls/ (the device port's) */
	const char *tenant_id, *subscription_id;
	const char *public_host; /* name that devices reach the control plane by */
	uint16_t device_port;
	int64_t certificate_days; /* lifetime of a device's certificate */
};

int fleet_open(const struct fleet_options *options, struct fleet **ret_fleet, struct err *err);
void fleet_close(struct fleet *f);
DEFINE_CLEANUP(struct fleet *, fleet_close)

/* PEM files of the device port: the leaf with the CA behind it, its key, the CA alone. */
const char *fleet_server_certificate(const struct fleet *f);
const char *fleet_server_key(const struct fleet *f);
const char *fleet_ca_certificate(const struct fleet *f);
/* SHA-256 of the CA's certificate, as token files carry it; and where devices find the server. */
const char *fleet_ca_fingerprint(const struct fleet *f);
void fleet_address(const struct fleet *f, char *ret_url, size_t size);
/* The pair of the portal, where its operator brings none. */
const char *fleet_portal_certificate(const struct fleet *f);
const char *fleet_portal_key(const struct fleet *f);
/*
 * Makes those that are missing, run out within two months or are not for the public host; the
 * server calls it at start and now and then. 1: files changed.
 */
int fleet_certificates_renew(struct fleet *f, struct err *err);

/* A new enrolment token; appends the token file's JSON, the only place where the secret stands. */
int fleet_token_create(struct fleet *f, const char *description, const char *created_by,
		       int64_t lifetime_s, int64_t uses_max, char ret_id[UUID_TEXT_SIZE],
		       struct buf *ret_file, struct err *err);
/* -ENOENT where there is none. */
int fleet_token_revoke(struct fleet *f, const char *id, struct err *err);

/* The device behind a request's certificate. */
struct fleet_device {
	char tenant_id[UUID_TEXT_SIZE];
	char id[FLEET_DEVICE_ID_SIZE];
	char name[256];
};
/*
 * -ENOKEY: no certificate; -EACCES: unknown or revoked; -ESHUTDOWN: the device is offboarded;
 * -EKEYEXPIRED: its certificate has expired and must be renewed first; -EEXIST: a second machine
 * uses the identity. err is what the device is told.
 */
int fleet_identify(struct fleet *f, const struct http_request *req, struct fleet_device *ret_device,
		   struct err *err);

/* POST /device/v1/enroll, renew, heartbeat, offboard; arg is the fleet. Ends with a zeroed entry. */
extern const struct http_route fleet_routes[];

/* {"error":{"code":...,"message":...}} with the status that belongs to the errno. */
int fleet_refuse(struct http_response *res, int r, const struct err *err);
