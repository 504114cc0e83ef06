/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uplink.h - frames from the spool to the cloud, in order, acknowledged only after the cloud's 200
 *
 * One owner calls uplink_step() again and again; uplink_health() may be called from any thread, the
 * others by the owner only.
 */
#pragma once

#include "base/buf.h"
#include "base/config.h"
#include "base/err.h"

struct uplink;

struct uplink_options {
	const char *state_dir;
	const char *run_dir; /* where the sensor's socket is; see also identity_machine_uid() */
	const struct config_set *config; /* borrowed; read by the owner's calls only */
	unsigned int heartbeat_ms;     /* 0: the configuration's */
	unsigned int backoff_first_ms; /* 0: 1 s */
	unsigned int timeout_ms;       /* of one request; 0: 30 s */
};

int uplink_new(const struct uplink_options *options, struct uplink **ret_uplink, struct err *err);
void uplink_free(struct uplink *u);
DEFINE_CLEANUP(struct uplink *, uplink_free)
/* The configuration has been read again. */
void uplink_configure(struct uplink *u);
/* Does at most one thing; returns the milliseconds to wait before the next call. */
unsigned int uplink_step(struct uplink *u);
/* Appends one JSON object. */
int uplink_health(struct uplink *u, struct buf *out);
