/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-kernel.h - what the files of the kernel test share: real system calls in a child, and what
 * was reported of it
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sensor/kernel/kernel.h"

#define EVENTS_MAX 4096

/* Events of one process, strings copied. */
struct seen {
	uint32_t pid;
	size_t count;
	struct kernel_event events[EVENTS_MAX];
	/* exec: path|folder|first argument; file: path|old path; acts: path|text to its first NUL */
	char text[EVENTS_MAX][256];
	uint64_t of_children[KERNEL_KIND_COUNT]; /* events of the test's own children */
	/* Of acts of their children: how many, and whom the last was done to. */
	uint64_t of_grandchildren[KERNEL_KIND_COUNT];
	uint32_t grandchildren_target;
	uint64_t all, lost;
	uint64_t sequence[256]; /* the highest of each processor */
};

struct io_uring_sqe;

extern struct seen seen;
extern struct kernel *kernel;
extern char dir[]; /* for the test's files; the test's to remove */
extern enum kernel_tier arg_tier; /* the one asked for */
extern unsigned int arg_forks;

extern const struct kernel_handlers test_handlers;

/* Runs fn in a child that waits until we know its pid; returns its wait status. */
int run_child(void (*fn)(void));
/* The first of a kind; fails the test where there is none. */
const struct kernel_event *find(enum kernel_kind kind, size_t *ret_index);
size_t count_kind(enum kernel_kind kind);
/* That event i tells of this path below dir, and of this old one (nullable). */
void assert_path(size_t i, const char *path, const char *old);
/* Whether a signal is seen whatever way was taken: tiers A and B. */
bool sees_all(enum kernel_kind kind);
/* One operation by io_uring; its result, or negative errno. For children. */
int uring_do(const struct io_uring_sqe *operation);

extern const struct CMUnitTest test_acts[], test_attributes[], test_dns[], test_exclusions[], test_files[],
	test_net[], test_ring[];
extern const size_t test_acts_count, test_attributes_count, test_dns_count, test_exclusions_count,
	test_files_count, test_net_count, test_ring_count;
