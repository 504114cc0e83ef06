/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flag_names.h - words of bits as the kernel's own headers name them, for people and rules to read
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum flag_set { FLAGS_MOUNT, FLAGS_UNMOUNT, FLAGS_NAMESPACE, FLAGS_MEMORY_FILE, FLAGS_FILE };

#define FLAG_NAMES_MAX 256

/* The names of the bits that are set, parted by commas; a bit without a name as a number. */
void flag_names(enum flag_set set, uint64_t flags, char ret_text[FLAG_NAMES_MAX]);
