/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search.h - what a few letters lead to, group by group
 */
#pragma once

#include "cloud/api/sightings.h"

#define SEARCH_HITS_MAX 5 /* of a group */
#define SEARCH_TEXT_MAX 256

struct search {
	const struct api *api;
	const struct access_identity *who;
	const char *text; /* as it was typed, without blanks around it */
	json_t *hits;
	bool partial; /* a question to the event store failed or took too long */
};

int search_add(struct search *s, const char *kind, const char *id, const char *title,
	       const char *detail);
/* search_store.c: files and addresses written out whole, and domains and users by how they begin. */
int search_whole(struct search *s);
int search_names(struct search *s);
