/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entity.h - a file, an address, a domain or a user: what is told apart, and where it stands
 *
 * The columns of the event tables that hold an entity are named here once; which tables have them
 * follows from the tables' descriptors.
 */
#pragma once

#include "cloud/api/api_internal.h"

#define ENTITY_VALUE_SIZE 257
#define ENTITY_COLUMNS_MAX 2

enum entity_type { ENTITY_FILE, ENTITY_IP, ENTITY_DOMAIN, ENTITY_USER };

/* Files have a kind a hash. */
struct entity_kind {
	enum entity_type type;
	const char *columns[ENTITY_COLUMNS_MAX]; /* of events; NULL: no more */
	const char *evidence;			 /* column of AlertEvidence; NULL: none */
	bool folds;				 /* the store has it in any case of letters */
};

struct entity {
	const struct entity_kind *kind;
	char value[ENTITY_VALUE_SIZE]; /* as the store has it, or where it folds in lower case */
};

/* "file", "ip", "domain", "user". */
const char *entity_type_name(enum entity_type type);
/* -EINVAL where there is none of the name. */
int entity_type_of(const char *name, enum entity_type *ret_type);
/* -EINVAL: no such entity can be. */
int entity_read(enum entity_type type, const char *text, struct entity *ret_entity);
/* The {id} of the path. 0, or 1 when it has answered that it can be none. */
int entity_of_path(enum entity_type type, const struct http_request *req, struct http_response *res,
		   struct entity *ret_entity);
/* The SHA-256 that a file's other hash belongs to. */
int entity_set_sha256(const char *sha256, struct entity *ret_entity);
