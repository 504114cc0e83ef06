/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vakt_health.h - `vakt health`: what sensor, uplink and identity say, as text or JSON
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"

struct vakt_health_options {
	const char *state_dir, *run_dir;
	const char *field; /* nullable: all */
	bool sensors;      /* each kernel signal and what provides it */
	bool json;
};

int vakt_health(const struct vakt_health_options *o, struct err *err);
