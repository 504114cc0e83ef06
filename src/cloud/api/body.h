/* SPDX-License-Identifier: Apache-2.0 */
/*
 * body.h - JSON bodies of requests, checked against a table of fields
 *
 * The table says what is allowed, refuses everything else by name, and is what the API's
 * description prints.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum body_type {
	BODY_TEXT,
	BODY_NUMBER,
	BODY_BOOL,
	BODY_TEXTS,
	BODY_OBJECT,  /* of the fields */
	BODY_OBJECTS, /* a list of such */
	BODY_ANY,     /* is not looked at: what an object was answered with may be sent back */
};

struct body_field {
	const char *name; /* NULL: end of the table */
	enum body_type type;
	bool required;
	bool nullable;		   /* null is a value; elsewhere null is the same as missing */
	int64_t min, max;	   /* of the number, the text's bytes, the list's length */
	const char *const *values; /* texts allowed, ended by NULL; else NULL */
	const char *doc;
	const struct body_field *fields; /* of an object */
};

#define BODY_LIST_TEXT_MAX 256 /* bytes of a text in a list */
#define BODY_DEPTH_MAX 8

/* -EINVAL: err says which field is wrong and what would be right. Values keep their spelling. */
int body_read(const void *data, size_t len, const struct body_field *fields, json_t **ret_json,
	      struct err *err);
/* The field's text; NULL where it is missing or null. */
const char *body_text(const json_t *json, const char *name);
int64_t body_number(const json_t *json, const char *name, int64_t otherwise);
