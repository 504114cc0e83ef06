/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user_names.h - user ids to names, from /etc/passwd, read again when it changes
 */
#pragma once

#include <stdint.h>

#include "base/macro.h"

struct user_names;

int user_names_new(const char *passwd_path, struct user_names **ret_names);
void user_names_free(struct user_names *n);
DEFINE_CLEANUP(struct user_names *, user_names_free)
/* The name, or the number as text; valid until the next call. */
const char *user_names_get(struct user_names *n, uint32_t uid);
/* The id behind a name; looks at each user. -ENOENT. */
int user_names_find(struct user_names *n, const char *name, uint32_t *ret_uid);
/* Looks whether the file changed; call it now and then. */
void user_names_refresh(struct user_names *n);
