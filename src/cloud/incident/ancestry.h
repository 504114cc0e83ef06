/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ancestry.h - the process trees that a frame's detections stand in
 *
 * Who began whom is known from lineage.h, else asked of the telemetry store, level by level for all
 * at once, and only for frames in which something was detected. What the store does not know (a
 * process older than the sensor) is the top of its tree. Names and command lines are asked only for
 * alerts that are new. Bounded in depth and number.
 */
#pragma once

#include "base/err.h"
#include "cloud/incident/lineage.h"
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

/* The lineage must outlive it. */
int ancestry_new(const char *tenant_id, const char *device_id, struct lineage *lineage,
		 struct ancestry **ret_ancestry);
void ancestry_free(struct ancestry *a);
DEFINE_CLEANUP(struct ancestry *, ancestry_free)
/* A process whose tree is wanted; more than the maximum are left out. */
int ancestry_want(struct ancestry *a, const char *id);
/* Asks the store for what the lineage lacks. -EAGAIN, -ETIMEDOUT: what is known by then stays. */
int ancestry_load(struct ancestry *a, struct telemetry *t, struct err *err);
/* A process that ancestry_find() is wanted for, with all above it. */
int ancestry_want_names(struct ancestry *a, const char *id);
/* Asks the store for these; errors as above. */
int ancestry_load_names(struct ancestry *a, struct telemetry *t, struct err *err);
/* Takes one process that is known from elsewhere; strings are copied. */
int ancestry_add(struct ancestry *a, const struct ancestor *process);

/* NULL where its names are not known. */
const struct ancestor *ancestry_find(const struct ancestry *a, const char *id);
/* id and what is above it in its tree, the top last. Count. */
unsigned int ancestry_chain(const struct ancestry *a, const char *id,
			    char ret_ids[ANCESTRY_DEPTH_MAX][EVENT_UNIQUE_ID_SIZE]);
/* The top of the tree in which id lives: id itself where nothing is known above it. */
void ancestry_root(const struct ancestry *a, const char *id, char ret_root[EVENT_UNIQUE_ID_SIZE]);
