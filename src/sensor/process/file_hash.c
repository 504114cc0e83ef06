/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/file_hash.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/map.h"

#define BLOCK_BYTES 65536

struct file_hash_cache {
	struct map *entries; /* struct file_identity -> struct process_hashes */
	EVP_MD_CTX *context[3];
	uint64_t max_bytes;
};

int file_hash_cache_new(uint64_t max_bytes, struct file_hash_cache **ret_cache)
{
	_cleanup_(file_hash_cache_freep) struct file_hash_cache *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->max_bytes = max_bytes;
	c->entries = map_new(FILE_HASH_CACHE_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(c->context); i++) {
		c->context[i] = EVP_MD_CTX_new();
		if (!c->context[i])
			return -ENOMEM;
	}
	if (!c->entries)
		return -ENOMEM;
	*ret_cache = TAKE_PTR(c);
	return 0;
}

void file_hash_set_max(struct file_hash_cache *c, uint64_t max_bytes)
{
	c->max_bytes = max_bytes;
}

static void forget_all(struct file_hash_cache *c)
{
	void *entry;

	for (size_t i = 0; map_next(c->entries, &i, NULL, NULL, &entry);)
		free(entry);
	map_clear(c->entries);
}

void file_hash_cache_free(struct file_hash_cache *c)
{
	if (!c)
		return;
	if (c->entries)
		forget_all(c);
	map_free(c->entries);
	for (size_t i = 0; i < ARRAY_SIZE(c->context); i++)
		EVP_MD_CTX_free(c->context[i]);
	free(c);
}

static bool same_file(int fd, const struct file_identity *id)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_ino == id->inode &&
	       (uint64_t)st.st_size == id->size &&
	       st.st_mtim.tv_sec * NSEC_PER_SEC + st.st_mtim.tv_nsec == id->mtime_ns;
}

bool file_hash_is_program(const char *head, size_t len, const char *path)
{
	size_t path_len = strlen(path);
	uint16_t type;

	if (len >= 2 && memcmp(head, "#!", 2) == 0)
		return true;
	if (len < SELFMAG || memcmp(head, ELFMAG, SELFMAG) != 0)
		return false;
	if (len < FILE_HASH_HEAD)
		return true;
	memcpy(&type, head + offsetof(Elf64_Ehdr, e_type), sizeof(type)); /* Elf32 has it there, too */
	type = head[EI_DATA] == ELFDATA2MSB ? be16toh(type) : le16toh(type);
	return type != ET_REL || (path_len > 3 && strcmp(path + path_len - 3, ".ko") == 0);
}

/* Reads no further than size: a file that grows as fast as it is read would never end. */
static int hash_content(struct file_hash_cache *c, int fd, uint64_t size,
			struct process_hashes *ret)
{
	const EVP_MD *kinds[] = { EVP_sha1(), EVP_sha256(), EVP_md5() };
	char *texts[] = { ret->sha1, ret->sha256, ret->md5 };
	static char block[BLOCK_BYTES];
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len;
	uint64_t done = 0;
	ssize_t n;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (EVP_DigestInit_ex(c->context[i], kinds[i], NULL) != 1)
			return -EIO;
	}
	while ((n = read(fd, block, sizeof(block))) != 0) {
		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		done += (uint64_t)n;
		if (done > size)
			return -ESTALE;
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
			EVP_DigestUpdate(c->context[i], block, (size_t)n);
	}
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		EVP_DigestFinal_ex(c->context[i], digest, &len);
		hex_encode(digest, len, texts[i]);
	}
	return 0;
}

void file_hash(struct file_hash_cache *c, const struct file_identity *id, const char *path,
	       struct process_hashes *ret_hashes)
{
	struct process_hashes *entry = map_get(c->entries, id, sizeof(*id));
	_cleanup_close_ int fd = -1;

	if (entry) {
		*ret_hashes = *entry;
		return;
	}
	memset(ret_hashes, 0, sizeof(*ret_hashes));
	if (id->size > c->max_bytes)
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || !same_file(fd, id))
		return;
	/* Looked at again afterwards: what was written meanwhile is in the hash, or half of it. */
	if (hash_content(c, fd, id->size, ret_hashes) < 0 || !same_file(fd, id)) {
		memset(ret_hashes, 0, sizeof(*ret_hashes));
		return;
	}
	/* Simple and bounded: a full cache starts anew. */
	if (map_len(c->entries) >= FILE_HASH_CACHE_MAX)
		forget_all(c);
	entry = malloc(sizeof(*entry));
	if (!entry)
		return;
	*entry = *ret_hashes;
	if (map_put(c->entries, id, sizeof(*id), entry, NULL) < 0)
		free(entry);
}
