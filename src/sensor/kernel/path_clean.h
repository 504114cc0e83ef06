/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path_clean.h - "/a/./b//../c" as "/a/c": words of a system call behind the folder they start from
 *
 * By the words alone: a symbolic link before ".." is not followed.
 */
#pragma once

#include <stddef.h>

/* out needs len + 1 bytes. Returns the length written, at least 1; an empty path stays empty. */
size_t path_clean(const char *path, size_t len, char *out);
