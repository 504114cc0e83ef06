/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lineage.h - who began whom: the parents of recently seen processes of all devices
 *
 * A table of fixed size in memory, fed with every process row that comes in, so that the tree of a
 * detection is known without asking the store. It forgets the oldest and is empty after a restart:
 * what is missing is asked of the store, see ancestry.h. All calls may come from any thread.
 */
#pragma once

#include "event/event.h"

struct lineage;

int lineage_new(struct lineage **ret_lineage);
void lineage_free(struct lineage *l);
DEFINE_CLEANUP(struct lineage *, lineage_free)

/* Keeps what a row of DeviceProcessEvents says of a start; other events are passed over. */
void lineage_observe(struct lineage *l, const char *device_id, const struct event *e);
/*
 * parent_id: "" at the top of a session tree, and where no more will ever be known. The first word
 * on a process stays: it is its fork's, a later one may name who took the orphan in.
 */
void lineage_put(struct lineage *l, const char *device_id, const char *id, const char *parent_id);
/* 1: *ret_parent_id is its parent; 0: it is a top; -ENOENT. */
int lineage_get(struct lineage *l, const char *device_id, const char *id,
		char ret_parent_id[EVENT_UNIQUE_ID_SIZE]);
