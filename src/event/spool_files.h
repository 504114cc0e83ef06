/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spool_files.h - names of the segments, shared by the spool's writer and reader
 */
#pragma once

#include <stdint.h>

#include "base/macro.h"

#define SPOOL_PATH_MAX 4096

/* Writes "DIR/NNNNNNNNNNNN.seg". */
void spool_segment_path(const char *dir, uint64_t number, char path[SPOOL_PATH_MAX]);
/*
 * Lowest segment number >= from (ret_first, UINT64_MAX: none), highest (ret_last, 0: none) and the
 * bytes of all segments. Each out is nullable. 0 or negative errno.
 */
int spool_segments(const char *dir, uint64_t from, uint64_t *ret_first, uint64_t *ret_last,
		   uint64_t *ret_bytes);
