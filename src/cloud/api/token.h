/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token.h - the form that a program asks for a token with
 */
#pragma once

#include <stddef.h>

#include "base/arena.h"

struct token_form {
	const char *grant_type, *client_id, *client_secret, *scope, *resource; /* NULL: not given */
};
/* Values live in the arena. */
void token_form_read(struct arena *arena, const char *body, struct token_form *ret_form);
