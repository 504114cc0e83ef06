/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local_socket.h - answers local questions on a Unix socket: a line in, one line of JSON out
 *
 * Lives on the sensor's loop and never waits for a caller: who does not ask is put out by the next.
 * There is health only, which everyone on the machine may read.
 */
#pragma once

#include "base/buf.h"
#include "base/loop.h"

struct local_socket;

/* Appends the answer. */
typedef void (*local_socket_fn)(void *arg, struct buf *out);

int local_socket_open(struct loop *l, const char *path, local_socket_fn fn, void *arg,
		      struct local_socket **ret_socket, struct err *err);
/* Before the loop is freed. */
void local_socket_close(struct local_socket *s);
DEFINE_CLEANUP(struct local_socket *, local_socket_close)
