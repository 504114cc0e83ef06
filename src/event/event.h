/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event.h - one event of any table: what sensor, detection and store hand to each other
 *
 * Fields are addressed by the generated index DeviceProcessEvents_FolderPath and so on. An event
 * does not own its strings: they live in the record, the arena or the frame it was made from.
 * A field that was never set is absent: empty text, null number.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/macro.h"
#include "event/schema.gen.h"

enum event_type {
	EVENT_STRING,
	EVENT_INT,
	EVENT_LONG,
	EVENT_DATETIME, /* nanoseconds since 1970, UTC */
	EVENT_BOOL,
	EVENT_REAL,
	EVENT_DYNAMIC, /* JSON text */
};

enum event_field_flag {
	EVENT_FIELD_NULLABLE = 1,       /* a number that may be missing */
	EVENT_FIELD_LOW_CARDINALITY = 2,
	EVENT_FIELD_EXTENSION = 4,      /* not a column of the reference's hunting schema */
	EVENT_FIELD_STORED = 8,         /* a column in the store, beside the envelope's */
	EVENT_FIELD_TEXT_INDEX = 16,    /* words in it are looked for */
	EVENT_FIELD_BLOOM = 32,         /* whole values are looked for */
};

struct event_field {
	const char *name;
	const char *sigma; /* field name in Sigma rules of this table's categories, or NULL */
	const char *sql_type;
	uint32_t max;      /* longest text in bytes; longer is cut on a character border */
	uint16_t id;       /* on the wire, for ever */
	uint8_t type;      /* enum event_type */
	uint8_t flags;
};

/* A category or service of Sigma's logsource and the action types that belong to it. */
struct event_sigma_source {
	const char *category, *service; /* NULL: not given */
	const char *const *actions; /* NULL-terminated */
};

struct event_table {
	const char *name;
	uint16_t id; /* on the wire */
	uint16_t field_count;
	const struct event_field *fields;
	const struct event_sigma_source *sigma; /* ends with actions NULL */
	const uint8_t *index_by_id; /* field id on the wire -> index, 255 where there is none */
	uint16_t id_count;
	const char *key; /* columns by which a newer row replaces an older one; NULL: none does */
};

extern const struct event_table event_tables[EVENT_TABLE_COUNT];
/* Tables that are filled from state; no device can send their rows. */
extern const struct event_table event_copies[EVENT_COPY_COUNT];

struct event_value {
	union {
		int64_t i; /* int, long, datetime, bool */
		double d;
		const char *s; /* string, dynamic; not NUL-terminated */
	};
	uint32_t len;
};

struct event {
	const struct event_table *table;
	/* Identity, given in the kernel; unique together with the boot id of the batch. */
	uint16_t cpu;
	uint64_t sequence;
	int64_t boottime_ns;
	uint64_t set[(EVENT_FIELDS_MAX + 63) / 64];
	struct event_value values[EVENT_FIELDS_MAX];
};

static inline void event_init(struct event *e, enum event_table_id table)
{
	e->table = &event_tables[table];
	e->cpu = 0;
	e->sequence = 0;
	e->boottime_ns = 0;
	memset(e->set, 0, sizeof(e->set));
}

static inline bool event_has(const struct event *e, unsigned int field)
{
	return e->set[field / 64] >> (field % 64) & 1;
}

static inline void event_mark(struct event *e, unsigned int field)
{
	e->set[field / 64] |= 1ULL << (field % 64);
}

static inline void event_set_int(struct event *e, unsigned int field, int64_t value)
{
	e->values[field].i = value;
	event_mark(e, field);
}

static inline void event_set_real(struct event *e, unsigned int field, double value)
{
	e->values[field].d = value;
	event_mark(e, field);
}

/* Empty text stays absent. */
static inline void event_set_text(struct event *e, unsigned int field, const char *s, size_t len)
{
	if (!len)
		return;
	e->values[field].s = s;
	e->values[field].len = (uint32_t)len;
	event_mark(e, field);
}

static inline void event_set_str(struct event *e, unsigned int field, const char *s)
{
	if (s)
		event_set_text(e, field, s, strlen(s));
}

/* NULL where there is no such table or field. */
const struct event_table *event_table_find(const char *name);
int event_field_find(const struct event_table *t, const char *name); /* index or -ENOENT */

/* ReportId: positive, the same wherever it is computed. */
int64_t event_report_id(const char *boot_id, uint16_t cpu, uint64_t sequence);
/* ProcessUniqueId: 32 hex digits of a hash of boot id, process id and start. Survives pid reuse. */
#define EVENT_UNIQUE_ID_SIZE 33
void event_process_unique_id(const char *boot_id, uint32_t pid, int64_t start_boottime_ns,
			     char ret_id[EVENT_UNIQUE_ID_SIZE]);
