/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local_ask.h - asks a program of this device for its health at its local socket
 */
#pragma once

#include <jansson.h>

/* RUN_DIR/NAME.sock; the caller's reference, or NULL where nobody answers within three seconds. */
json_t *local_ask(const char *run_dir, const char *name);
