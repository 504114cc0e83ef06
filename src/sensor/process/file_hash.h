/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file_hash.h - SHA-1, SHA-256 and MD5 of executables, each content hashed once
 *
 * The cache's key is what changes when the content does: device, inode, size, change and
 * modification time. Files above the maximum are not hashed: reading them would hold up the ring.
 */
#pragma once

#include <stdint.h>

#include "sensor/process/process_table.h"

#define FILE_HASH_CACHE_MAX 8192

struct file_identity {
	uint64_t device, inode, size;
	int64_t ctime_ns, mtime_ns;
};

struct file_hash_cache;

/* Bytes at the start of a file that tell what it is. */
#define FILE_HASH_HEAD 18
/*
 * "#!" or ELF, but no object file on its way to a linker: those are most of what a build writes.
 * Kernel modules look the same and are told by their name.
 */
bool file_hash_is_program(const char *head, size_t len, const char *path);

/* Files above max_bytes are not read. */
int file_hash_cache_new(uint64_t max_bytes, struct file_hash_cache **ret_cache);
void file_hash_set_max(struct file_hash_cache *c, uint64_t max_bytes);
void file_hash_cache_free(struct file_hash_cache *c);
DEFINE_CLEANUP(struct file_hash_cache *, file_hash_cache_free)
/*
 * Hashes of the file behind path (a /proc/PID/exe link or a path). Empty strings when it cannot be
 * read, is too large, or is not the file that id describes, before or after it was read.
 */
void file_hash(struct file_hash_cache *c, const struct file_identity *id, const char *path,
	       struct process_hashes *ret_hashes);
