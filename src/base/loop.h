/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop.h - one epoll loop: descriptors, timers and termination signals
 *
 * For the programs that serve no network (the sensor, the store's supervisor thread). Callbacks run
 * on the loop's thread; a callback that returns a negative errno ends loop_run() with that code.
 */
#pragma once

#include <stdint.h>
#include <sys/epoll.h>

#include "err.h"

struct loop;
struct loop_source;

typedef int (*loop_fd_fn)(void *arg, uint32_t events);
typedef int (*loop_timer_fn)(void *arg);

int loop_new(struct loop **ret_loop, struct err *err);
void loop_free(struct loop *l);
DEFINE_CLEANUP(struct loop *, loop_free)

/* Watches fd, which stays the caller's; *ret_source is owned by the loop. */
int loop_add_fd(struct loop *l, int fd, uint32_t events, loop_fd_fn fn, void *arg,
		struct loop_source **ret_source);
/* Calls fn every interval. */
int loop_add_timer(struct loop *l, int64_t interval_ns, loop_timer_fn fn, void *arg,
		   struct loop_source **ret_source);
/* From now on; the source is a timer's. */
int loop_set_interval(struct loop_source *timer, int64_t interval_ns);
void loop_remove(struct loop *l, struct loop_source *source);
/* SIGTERM and SIGINT end loop_run() with 0; SIGHUP calls fn (nullable: ignored). */
int loop_handle_signals(struct loop *l, loop_timer_fn on_hangup, void *arg);

/* Runs until loop_stop(), a signal, or a failing callback. */
int loop_run(struct loop *l);
void loop_stop(struct loop *l);
