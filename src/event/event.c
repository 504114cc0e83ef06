/* SPDX-License-Identifier: Apache-2.0 */
#include "event/event.h"

#include <errno.h>
#include <stdio.h>
#include <xxhash.h>

#include "base/hex.h"

const struct event_table *event_table_find(const char *name)
{
	for (size_t i = 0; i < EVENT_TABLE_COUNT; i++) {
		if (strcmp(event_tables[i].name, name) == 0)
			return &event_tables[i];
	}
	return NULL;
}

int event_field_find(const struct event_table *t, const char *name)
{
	for (int i = 0; i < t->field_count; i++) {
		if (strcmp(t->fields[i].name, name) == 0)
			return i;
	}
	return -ENOENT;
}

int64_t event_report_id(const char *boot_id, uint16_t cpu, uint64_t sequence)
{
	char key[80];
	int n = snprintf(key, sizeof(key), "%s/%u/%llu", boot_id, cpu, (unsigned long long)sequence);
	int64_t id = (int64_t)(XXH3_64bits(key, (size_t)n) & INT64_MAX);

	return id ? id : 1;
}

void event_process_unique_id(const char *boot_id, uint32_t pid, int64_t start_boottime_ns,
			     char ret_id[EVENT_UNIQUE_ID_SIZE])
{
	XXH128_canonical_t canonical;
	char key[80];
	int n = snprintf(key, sizeof(key), "%s/%u/%lld", boot_id, pid, (long long)start_boottime_ns);

	XXH128_canonicalFromHash(&canonical, XXH3_128bits(key, (size_t)n));
	hex_encode(canonical.digest, sizeof(canonical.digest), ret_id);
}
