/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.h - one YAML document as a tree whose nodes know their line and column
 *
 * Parsed by libyaml's events (YAML 1.1). Not here: what the keys mean. Bounded in depth, nodes and
 * bytes; an alias counts as the nodes it stands for, so a few lines cannot become millions.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

#define TREE_TEXT_MAX (1u << 20) /* bytes of one document */
#define TREE_NODES_MAX 65536u
#define TREE_DEPTH_MAX 24u

enum tree_kind { TREE_SCALAR, TREE_LIST, TREE_MAP };

struct tree_node {
	enum tree_kind kind;
	unsigned int line, column; /* from 1 */
	bool plain;		   /* a scalar without quotes and not a block */
	bool block;		   /* | or >: positions in the text are not positions in the file */
	const char *text;	   /* scalar, NUL-terminated; may hold NULs */
	size_t len;
	unsigned int count;	  /* items of a list, pairs of a map */
	struct tree_node **keys;  /* of a map; always scalars */
	struct tree_node **items; /* of a list, values of a map */
	unsigned int size;	  /* nodes in this one, itself included */
	struct tree_node *next;	  /* while it is built */
};

struct tree_error {
	unsigned int line, column;
	char message[512];
};

/*
 * The document's root in the arena's memory; *ret_root is NULL for a text without content. Lines
 * count from first_line. -EBADMSG with *ret_error set, -ENOMEM.
 */
int tree_parse(struct arena *a, const char *text, size_t len, unsigned int first_line,
	       struct tree_node **ret_root, struct tree_error *ret_error);

/* The value of a map's key; NULL where it is missing or node is no map. */
struct tree_node *tree_get(const struct tree_node *node, const char *key);
/* null, ~ or nothing at all, without quotes. */
bool tree_is_null(const struct tree_node *node);
