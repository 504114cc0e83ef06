/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connectivity.h - tries every address that this device uses, step by step
 *
 * Each step is made by itself, so that the failing one can be named with what to do about it. Sends
 * nothing that changes anything at the control plane.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "sensor/uplink/identity.h"

enum connectivity_step {
	CONNECTIVITY_DNS,
	CONNECTIVITY_TCP,
	CONNECTIVITY_PROXY, /* only where there is one */
	CONNECTIVITY_TLS,
	CONNECTIVITY_HTTP,
	CONNECTIVITY_STEPS,
};

struct connectivity_options {
	const struct identity *id;  /* NULL: not onboarded; then server and ca_sha256 are needed */
	const char *server;
	const char *ca_sha256;
	const char *proxy;          /* NULL or "": none */
	unsigned int timeout_ms;    /* of one address */
};

#define CONNECTIVITY_ADDRESSES_MAX 8

struct connectivity_result {
	const char *purpose;             /* "events" */
	char url[640];
	bool good;
	enum connectivity_step failed;   /* where not good */
	char reason[512], advice[512];   /* likewise; for a person */
	int milliseconds;
};

/* Count of results. Only a wrong server address is an error; what fails is in the results. */
int connectivity_test(const struct connectivity_options *options,
		      struct connectivity_result ret_results[CONNECTIVITY_ADDRESSES_MAX],
		      struct err *err);
const char *connectivity_step_name(enum connectivity_step step);
