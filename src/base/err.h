/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err.h - the reason behind a negative errno, for a person to read
 *
 * Functions return >= 0 or a negative errno. Where a person needs to know why, the last parameter
 * is a nullable `struct err *`. It is a plain value: no allocation, nothing to free. The outermost
 * caller (a program's main) logs it once; libraries only fill and prefix it.
 */
#pragma once

#include "macro.h"

struct err {
	char msg[1024];
};

/* Sets the message and returns r, so that `return err_setf(err, -EINVAL, ...)` reads well. */
int err_setf(struct err *err, int r, const char *fmt, ...) _printf_(3, 4);

/* Puts context in front of what is already there; returns r. */
int err_prefix(struct err *err, int r, const char *fmt, ...) _printf_(3, 4);

/* The message, or strerror(-r) where nobody set one. Never NULL. */
const char *err_msg(const struct err *err, int r);
