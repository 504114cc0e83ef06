/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account_files.h - what changed in the files of users and groups since they were last read
 *
 * Keeps the text of passwd, group and shadow; of passwords only whether they changed comes out.
 * Network directories, which these files know nothing of, are not seen.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/macro.h"

struct account_files;

enum account_change {
	ACCOUNT_CREATED,
	ACCOUNT_MODIFIED,
	ACCOUNT_DELETED,
	ACCOUNT_GROUP_CREATED,
	ACCOUNT_GROUP_DELETED,
	ACCOUNT_MEMBER_ADDED,
	ACCOUNT_MEMBER_REMOVED,
};

/* Texts are valid during the call; "" and UINT32_MAX where they do not belong to the change. */
struct account_event {
	enum account_change change;
	const char *account, *group;
	uint32_t uid, gid;
	const char *what; /* of ACCOUNT_MODIFIED: "password", "shell,home" */
};

typedef void (*account_event_fn)(void *arg, const struct account_event *e);

/* etc: the folder of the files. What stands there now is what is compared with. */
int account_files_new(const char *etc, struct account_files **ret_files);
void account_files_free(struct account_files *f);
DEFINE_CLEANUP(struct account_files *, account_files_free)
/* Whether a path, as the kernel tells it, is one of them. */
bool account_files_have(const struct account_files *f, const char *path, size_t len);
/* Reads that file again and tells what is different. A file that cannot be read changes nothing. */
void account_files_read(struct account_files *f, const char *path, size_t len, account_event_fn fn,
			void *arg);
