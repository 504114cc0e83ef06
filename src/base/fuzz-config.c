/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz-config.c - any text as a configuration: refused or read, and what was read reads again
 */
#include <assert.h>
#include <stdint.h>

#include "base/config.h"
#include "base/jdoc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config_reading r;

	for (int file = 0; file < CONFIG_FILE_COUNT; file++) {
		if (config_read((const char *)data, size, "f", (enum config_file)file, &r) < 0)
			return 0;
		assert(!r.refused || r.fault_count > 0);
		for (size_t i = 0; i < config_key_count; i++) {
			const struct jdoc *d;
			struct arena arena;

			if (!r.json[i])
				continue;
			arena_init(&arena, 64u << 20);
			assert(!r.refused);
			assert(jdoc_parse(&arena, r.json[i], strlen(r.json[i]), &d, NULL) == 0);
			arena_done(&arena);
		}
		config_reading_done(&r);
	}
	return 0;
}
