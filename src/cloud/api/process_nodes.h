/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process_nodes.h - processes of a device, put together from the rows that tell of them
 */
#pragma once

#include "cloud/api/events.h"

#define PROCESS_DEPTH_MAX 64
#define PROCESS_CHILDREN_MAX 50
#define PROCESS_NODES_MAX 500

/*
 * Appends a node for each id that the store knows, as object of the tree: its own rows, or, for a
 * process older than the sensor, what those it acted in say of it. Duplicates are the caller's to
 * avoid.
 */
int process_nodes_load(const struct api *a, const struct event_device *device,
		       const char *const *ids, size_t count, json_t *nodes, struct err *err);
/* Sets childCount and alertIds of all nodes. */
int process_nodes_finish(const struct api *a, const struct event_device *device, json_t *nodes,
			 struct err *err);
/*
 * Appends the ids of the process's children, in order of start, after the cursor ("" for the
 * first); *ret_more: there are further ones.
 */
int process_children(const struct api *a, const struct event_device *device, const char *id,
		     const char *cursor, json_t *ids, char ret_cursor[64], struct err *err);
