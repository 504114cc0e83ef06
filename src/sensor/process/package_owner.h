/* SPDX-License-Identifier: Apache-2.0 */
/*
 * package_owner.h - which package installed a file, from dpkg's own database
 *
 * Says who put a file at its path, not that its content is still the package's. An index of hashed
 * paths is kept in memory (8 bytes a file); a changed database is read anew in small steps, so that
 * events never wait for it. Paths under /usr merged folders are known by both names.
 *
 * Sources: dpkg(1), deb-substvars(5) for status; /var/lib/dpkg/info/PACKAGE.list and diversions as
 * dpkg-divert(1) writes them. The library of dpkg is not used: it is not meant to be linked.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

#define PACKAGE_FILES_MAX (1u << 20)
#define PACKAGES_MAX 65535

struct package_owner;

struct package_owner_stats {
	size_t packages, files, bytes; /* in force */
	uint64_t refused;              /* files and packages beyond the maxima */
};

/*
 * Reads the database below root ("" for this system's) at once. A system without dpkg has no
 * packages; that is no error.
 */
int package_owner_new(const char *root, struct package_owner **ret_owner);
void package_owner_free(struct package_owner *o);
DEFINE_CLEANUP(struct package_owner *, package_owner_free)
/* Once a second: looks whether the database changed and reads a bounded part of it if so. */
void package_owner_tick(struct package_owner *o);
/*
 * "name=version" of the package that the file belongs to, else "". inode: of the file meant; where
 * another stands at path (a container's file of the same name) the answer is "". Valid until the
 * next tick.
 */
const char *package_owner_find(struct package_owner *o, const char *path, uint64_t inode);
void package_owner_get_stats(const struct package_owner *o, struct package_owner_stats *ret_stats);
