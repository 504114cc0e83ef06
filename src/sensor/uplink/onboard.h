/* SPDX-License-Identifier: Apache-2.0 */
/*
 * onboard.h - joins a tenant and leaves it again; called from the local command line
 */
#pragma once

#include "base/err.h"

/* server: instead of the token's; nullable. 0: joined; 1: was onboarded already, nothing changed. */
int onboard_run(const char *state_dir, const char *token_file, const char *server,
		struct err *err);
/* Tells the cloud, then removes the identity; -ENOENT where there is none. */
int onboard_leave(const char *state_dir, struct err *err);
