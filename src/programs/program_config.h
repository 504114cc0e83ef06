/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program_config.h - what every program of a device does alike with its configuration
 *
 * Opens it, tells its faults in the log, sets the log level. What else a setting does is the
 * program's own.
 */
#pragma once

#include "base/config.h"

/* dir: NULL for the usual places. keep: this program keeps the last good texts for all. */
int program_config_open(const char *dir, const char *state_dir, bool keep,
			struct config_set **ret_config, struct err *err);
/* After the set was made or read again. */
void program_config_tell(const struct config_set *config);
