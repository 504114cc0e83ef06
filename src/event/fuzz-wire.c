/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz-wire.c - a frame from a stranger; also the payload alone, past the hash that guards it
 */
#include <xxhash.h>
#include <zstd.h>

#include "event/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(const void *frame, size_t len)
{
	_cleanup_(wire_reader_freep) struct wire_reader *r = NULL;
	struct wire_batch batch;
	static struct event e;
	struct err err;

	if (wire_reader_new(&r) < 0)
		return;
	if (wire_reader_open(r, frame, len, &batch, &err) < 0)
		return;
	while (wire_reader_next(r, &e, &err) > 0)
		;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t bound = ZSTD_compressBound(size), packed;
	_cleanup_free_ char *frame = malloc(WIRE_HEADER_SIZE + bound);
	uint32_t words[3];
	uint64_t hash;

	read_all(data, size);
	if (!frame || size < 1)
		return 0;
	packed = ZSTD_compress(frame + WIRE_HEADER_SIZE, bound, data, size, 1);
	memcpy(frame, "VKT1", 4);
	words[0] = (uint32_t)packed;
	words[1] = (uint32_t)size;
	words[2] = data[0];
	memcpy(frame + 4, words, sizeof(words));
	hash = XXH3_64bits(frame + WIRE_HEADER_SIZE, packed);
	memcpy(frame + 16, &hash, sizeof(hash));
	read_all(frame, WIRE_HEADER_SIZE + packed);
	return 0;
}
