/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_evaluate.h - the plugins of evaluate
 */
#pragma once

#include "kql/bind.h"

typedef bool (*bind_plugin)(struct binder *b, const struct ast *op, const struct ast *call,
			    struct table *t);

/* The argument at a position, or given by its name; NULL where it is missing. */
const struct ast *evaluate_argument(const struct ast *call, unsigned int position,
				    const char *name);

/* bind_lookup.c: ipv4_lookup, ipv6_lookup */
bool bind_ip_lookup(struct binder *b, const struct ast *op, const struct ast *call,
		    struct table *t);
/* bind_library.c: plugins that are written as queries */
bool bind_library_plugin(struct binder *b, const struct ast *op, const struct ast *call,
			 struct table *t);
