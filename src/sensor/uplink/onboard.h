/* SPDX-License-Identifier: Apache-2.0 */
/*
 * onboard.h - joins a tenant and leaves it again; called from the local command line
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"

struct onboard_options {
	const char *state_dir;
	const char *run_dir;    /* nullable; see identity_machine_uid() */
	const char *token_file;
	const char *server;     /* instead of the token's; nullable */
	const char *proxy;      /* NULL or "": none */
};

enum onboard_result { ONBOARD_JOINED, ONBOARD_UNCHANGED, ONBOARD_RENEWED };

/*
 * Joins with a token. A device whose identity is good is left as it is; one whose identity the
 * control plane refuses, that was copied from another machine or that is damaged gets a new one.
 * -EEXIST: it belongs to another tenant. An enum onboard_result, or negative errno.
 */
int onboard_run(const struct onboard_options *options, struct err *err);
/* Tells the control plane (but for local), then removes the identity; -ENOENT where there is none. */
int onboard_leave(const struct onboard_options *options, bool local, struct err *err);
