/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/package_index.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_FIRST 16384u
#define PACKAGE_BITS 16
#define PACKAGE_MASK ((1u << PACKAGE_BITS) - 1)

struct package {
	char *name, *label, *architecture; /* label: "name=version"; one allocation, at name */
};

struct package_index {
	/* Hash above, package + 1 below; 0: free. Open addressing, at most three quarters full. */
	uint64_t *slots;
	size_t slot_count, file_count;
	struct package *packages;
	size_t package_count, package_room;
	size_t text_bytes;
	uint64_t refused;
};

int package_index_new(struct package_index **ret_index)
{
	struct package_index *x = calloc(1, sizeof(*x));

	if (!x)
		return -ENOMEM;
	x->slot_count = SLOTS_FIRST;
	x->slots = calloc(x->slot_count, sizeof(*x->slots));
	if (!x->slots) {
		free(x);
		return -ENOMEM;
	}
	*ret_index = x;
	return 0;
}

void package_index_free(struct package_index *x)
{
	if (!x)
		return;
	for (size_t i = 0; i < x->package_count; i++)
		free(x->packages[i].name);
	free(x->packages);
	free(x->slots);
	free(x);
}

int package_index_add_package(struct package_index *x, const char *name, const char *version,
			      const char *architecture)
{
	size_t name_len = strlen(name), version_len = strlen(version), arch_len = strlen(architecture);
	size_t size = name_len + 1 + name_len + 1 + version_len + 1 + arch_len + 1;
	struct package *p;

	/* The lowest 16 bits hold the number plus one. */
	if (x->package_count >= PACKAGES_MAX - 1) {
		x->refused++;
		return 0;
	}
	if (x->package_count == x->package_room) {
		size_t room = x->package_room ? 2 * x->package_room : 1024;
		struct package *grown = realloc(x->packages, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		x->packages = grown;
		x->package_room = room;
	}
	p = &x->packages[x->package_count];
	p->name = malloc(size);
	if (!p->name)
		return -ENOMEM;
	p->label = p->name + name_len + 1;
	p->architecture = p->label + name_len + 1 + version_len + 1;
	memcpy(p->name, name, name_len + 1);
	snprintf(p->label, name_len + version_len + 2, "%s=%s", name, version);
	memcpy(p->architecture, architecture, arch_len + 1);
	x->text_bytes += size;
	x->package_count++;
	return 0;
}

/* The slot of the hash, or the free one where it belongs. */
static uint64_t *slot_of(uint64_t *slots, size_t count, uint64_t hash)
{
	size_t i = (size_t)(hash >> PACKAGE_BITS) & (count - 1);

	while (slots[i] && (slots[i] ^ hash) >> PACKAGE_BITS)
		i = (i + 1) & (count - 1);
	return &slots[i];
}

static int grow(struct package_index *x)
{
	size_t count = 2 * x->slot_count;
	uint64_t *slots = calloc(count, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < x->slot_count; i++)
		if (x->slots[i])
			*slot_of(slots, count, x->slots[i]) = x->slots[i];
	free(x->slots);
	x->slots = slots;
	x->slot_count = count;
	return 0;
}

int package_index_add_file(struct package_index *x, uint64_t path_hash, size_t package)
{
	uint64_t *slot;

	if (x->file_count >= PACKAGE_FILES_MAX) {
		x->refused++;
		return 0;
	}
	if (x->file_count >= x->slot_count / 4 * 3 && grow(x) < 0)
		return -ENOMEM;
	slot = slot_of(x->slots, x->slot_count, path_hash);
	if (*slot)
		return 0;
	*slot = (path_hash & ~(uint64_t)PACKAGE_MASK) | (package + 1);
	x->file_count++;
	return 0;
}

const char *package_index_find(const struct package_index *x, uint64_t path_hash)
{
	uint64_t slot = *slot_of(x->slots, x->slot_count, path_hash);

	return slot ? x->packages[(slot & PACKAGE_MASK) - 1].label : NULL;
}

size_t package_index_packages(const struct package_index *x)
{
	return x->package_count;
}

const char *package_index_name(const struct package_index *x, size_t package)
{
	return x->packages[package].name;
}

const char *package_index_architecture(const struct package_index *x, size_t package)
{
	return x->packages[package].architecture;
}

void package_index_get_stats(const struct package_index *x, struct package_owner_stats *ret_stats)
{
	*ret_stats = (struct package_owner_stats){
		.packages = x->package_count,
		.files = x->file_count,
		.bytes = x->slot_count * sizeof(*x->slots) + x->text_bytes +
			 x->package_room * sizeof(*x->packages),
		.refused = x->refused,
	};
}
