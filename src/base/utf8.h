/* SPDX-License-Identifier: Apache-2.0 */
/*
 * utf8.h - file names and command lines are bytes; JSON and the store want UTF-8
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "macro.h"

/* Length (1-4) of the well-formed sequence at s (Unicode 15 table 3-7), 0 where there is none. */
size_t utf8_sequence(const char *s, size_t len);
bool utf8_valid(const char *s, size_t len);

/*
 * Copies s, each bad byte as "\xNN" (four ASCII characters), so that nothing is lost and two
 * different names stay different. dst needs 4 * len bytes. Returns the length written.
 */
size_t utf8_escape(char *dst, const char *s, size_t len);
