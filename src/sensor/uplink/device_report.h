/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_report.h - the health of this device: what `vakt health` shows and the heartbeat carries
 *
 * One table of fields, named as the reference's `mdatp health` names them where it has them. The
 * sensor and the sender are asked for what only they know.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/config.h"

struct device_report_options {
	const char *state_dir, *run_dir;
	const struct config_set *config;
	json_t *uplink; /* what the sender says of itself, borrowed; NULL: it is asked */
};

struct device_report_field {
	const char *name;
	bool edr; /* shown by --details edr */
	const char *doc;
};

/* In the order of the report; the last has no name. */
extern const struct device_report_field device_report_fields[];

/*
 * An object with every field that is known, and what the programs said under "sensor" and "uplink"
 * (missing where they do not run). NULL: out of memory.
 */
json_t *device_report_make(const struct device_report_options *options);
