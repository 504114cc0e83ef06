/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fd.h - whole reads and writes, and files that are replaced or not touched at all
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

/* Writes all of it, past short writes and EINTR. 0 or negative errno. */
int fd_write_all(int fd, const void *data, size_t len);
/* Reads up to len bytes until end of file; returns the count. */
ssize_t fd_read_full(int fd, void *data, size_t len);
int fd_set_nonblock(int fd);
int fd_set_cloexec(int fd);

/*
 * Reads a whole file of at most max bytes into a fresh NUL-terminated buffer that the caller frees.
 * -EFBIG where it is larger. Works on /proc files, whose size is unknown beforehand.
 */
int file_read(const char *path, size_t max, char **ret_data, size_t *ret_len, struct err *err);

/*
 * Replaces path by a temporary file beside it, fsync, rename, fsync of the folder: after a crash
 * the old or the new content stands there, never a part.
 */
int file_write_atomic(const char *path, const void *data, size_t len, mode_t mode, struct err *err);

/* mkdir -p; existing folders keep their mode. */
int dir_make(const char *path, mode_t mode, struct err *err);
/* Makes a rename or unlink in the folder durable. */
int dir_sync(const char *path);
