/* SPDX-License-Identifier: Apache-2.0 */
/*
 * package_index.h - hashed paths and the packages that own them, small and quick to fill
 *
 * package_owner's own. A file is 48 bits of its path's hash and 16 of its package: among a million
 * files a foreign path is taken for one of them once in 10^8 times.
 */
#pragma once

#include "sensor/process/package_owner.h"

struct package_index;

int package_index_new(struct package_index **ret_index);
void package_index_free(struct package_index *index);
/* Beyond PACKAGES_MAX it is counted as refused, which is no error. */
int package_index_add_package(struct package_index *index, const char *name, const char *version,
			      const char *architecture);
/* Likewise beyond PACKAGE_FILES_MAX. The first package that brings a path keeps it. */
int package_index_add_file(struct package_index *index, uint64_t path_hash, size_t package);
/* "name=version", or NULL. */
const char *package_index_find(const struct package_index *index, uint64_t path_hash);
size_t package_index_packages(const struct package_index *index);
const char *package_index_name(const struct package_index *index, size_t package);
const char *package_index_architecture(const struct package_index *index, size_t package);
void package_index_get_stats(const struct package_index *index,
			     struct package_owner_stats *ret_stats);
