/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ancestry.h - the ancestors of the processes that a frame's detections are about
 *
 * Asked of the telemetry store, level by level for all of them at once, and only for frames in
 * which something was detected. What the store does not know (a process older than the sensor) ends
 * the chain there. Bounded in depth and number.
 */
#pragma once

#include "base/err.h"
#include "event/event.h"
#include "store/telemetry.h"

#define ANCESTRY_DEPTH_MAX 32

struct ancestry;

/* One process of a chain; strings are never NULL and belong to the ancestry. */
struct ancestor {
	char id[EVENT_UNIQUE_ID_SIZE], parent_id[EVENT_UNIQUE_ID_SIZE];
	char *file_name, *folder_path, *command_line, *account_name, *parent_file_name;
	int64_t process_id, parent_process_id;
	int64_t started_ns; /* 0: before the sensor */
};

int ancestry_new(const char *tenant_id, const char *device_id, struct ancestry **ret_ancestry);
void ancestry_free(struct ancestry *a);
DEFINE_CLEANUP(struct ancestry *, ancestry_free)
/* A process whose chain is wanted; more than the maximum are left out. */
int ancestry_want(struct ancestry *a, const char *id);
/* Asks the store for all that is wanted. -EAGAIN, -ETIMEDOUT: what is known by then stays. */
int ancestry_load(struct ancestry *a, struct telemetry *t, struct err *err);
/* Takes one process that is known from elsewhere; strings are copied. */
int ancestry_add(struct ancestry *a, const struct ancestor *process);

/* NULL where it is not known. */
const struct ancestor *ancestry_find(const struct ancestry *a, const char *id);
/* The parent within the same session tree: NULL at its top. */
const struct ancestor *ancestry_parent(const struct ancestry *a, const struct ancestor *process);
/* The top of the tree in which id lives: id itself where nothing is known above it. */
void ancestry_root(const struct ancestry *a, const char *id, char ret_root[EVENT_UNIQUE_ID_SIZE]);
