/* SPDX-License-Identifier: Apache-2.0 */
/*
 * telemetry_schema.c - tables, columns and indexes from the event tables' descriptors; retention
 *
 * Definitions only grow: a column that is missing is added, nothing is ever dropped but whole days.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event/event.h"
#include "store/native.h"
#include "store/telemetry.h"

#define DATABASE "vakt"

static int run(struct telemetry *t, const char *sql, struct buf *out, struct err *err)
{
	struct telemetry_query q = { .sql = sql, .format = "TSV", .writes = true };

	return telemetry_query(t, &q, out, err);
}

/* has and contains of the hunting language search case-insensitively: the index does, too. */
static void add_indexes(struct buf *sql, const struct event_field *f, const char *verb)
{
	if (f->flags & EVENT_FIELD_TEXT_INDEX)
		buf_printf(sql,
			   ", %s %s_text lower(%s) TYPE text(tokenizer = 'splitByNonAlpha')", verb,
			   f->name, f->name);
	if (f->flags & EVENT_FIELD_BLOOM)
		buf_printf(sql, ", %s %s_bloom %s TYPE bloom_filter GRANULARITY 1", verb, f->name,
			   f->name);
}

/* Rules ask each minute for what came in since; rows of one device lie in the order they came in. */
#define RECEIVED_INDEX "ReceivedTime_minmax ReceivedTime TYPE minmax GRANULARITY 1"

static int create_table(struct telemetry *t, const struct event_table *table, struct err *err)
{
	_cleanup_buf_ struct buf sql = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20);
	int r;

	buf_printf(&sql, "CREATE TABLE IF NOT EXISTS " DATABASE ".%s (", table->name);
	for (size_t i = 0; i < NATIVE_ENVELOPE_COLUMNS; i++)
		buf_printf(&sql, "%s%s %s", i ? ", " : "", native_envelope_columns[i].name,
			   native_envelope_columns[i].sql_type);
	for (int i = 0; i < table->field_count; i++) {
		if (table->fields[i].flags & EVENT_FIELD_STORED)
			buf_printf(&sql, ", %s %s", table->fields[i].name, table->fields[i].sql_type);
	}
	for (int i = 0; i < table->field_count; i++)
		add_indexes(&sql, &table->fields[i], "INDEX");
	buf_printf(&sql, ", INDEX " RECEIVED_INDEX ") ENGINE = %s PARTITION BY toDate(Timestamp) ORDER BY (TenantId, %s) ",
		   table->key ? "ReplacingMergeTree(ReceivedTime)" : "MergeTree",
		   table->key ?: "DeviceId, Timestamp");
	buf_append_str(&sql, "SETTINGS non_replicated_deduplication_window = 10000, "
			     "fsync_after_insert = 1, fsync_part_directory = 1");
	r = buf_error(&sql);
	if (r == 0)
		r = run(t, sql.data, &out, err);
	return r < 0 ? err_prefix(err, r, "table %s: ", table->name) : 0;
}

/* New blocks have a new index at once; what is stored already is not rewritten. */
static int add_missing(struct telemetry *t, const struct event_table *table, struct err *err)
{
	_cleanup_buf_ struct buf sql = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20);
	int r;

	buf_printf(&sql, "ALTER TABLE " DATABASE ".%s ", table->name);
	for (int i = 0, n = 0; i < table->field_count; i++) {
		if (table->fields[i].flags & EVENT_FIELD_STORED)
			buf_printf(&sql, "%sADD COLUMN IF NOT EXISTS %s %s", n++ ? ", " : "",
				   table->fields[i].name, table->fields[i].sql_type);
	}
	for (int i = 0; i < table->field_count; i++)
		add_indexes(&sql, &table->fields[i], "ADD INDEX IF NOT EXISTS");
	buf_append_str(&sql, ", ADD INDEX IF NOT EXISTS " RECEIVED_INDEX);
	r = buf_error(&sql);
	if (r == 0)
		r = run(t, sql.data, &out, err);
	return r < 0 ? err_prefix(err, r, "table %s: ", table->name) : 0;
}

static int migrate(struct telemetry *t, const struct event_table *tables, size_t count,
		   struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		r = create_table(t, &tables[i], err);
		if (r == 0)
			r = add_missing(t, &tables[i], err);
	}
	return r;
}

int telemetry_migrate(struct telemetry *t, struct err *err)
{
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 20);
	int r = run(t, "CREATE DATABASE IF NOT EXISTS " DATABASE, &out, err);

	if (r == 0)
		r = migrate(t, event_tables, EVENT_TABLE_COUNT, err);
	return r == 0 ? migrate(t, event_copies, EVENT_COPY_COUNT, err) : r;
}

/* Whether nothing has come into the day for as long: a device's clock may be years behind or ahead. */
static int is_over(struct telemetry *t, const char *table, const char *day, unsigned int days,
		   struct err *err)
{
	_cleanup_buf_ struct buf out = BUF_INIT(4096), sql = BUF_INIT(4096);
	int r;

	buf_printf(&sql,
		   "SELECT max(ReceivedTime) < now() - INTERVAL %u DAY FROM " DATABASE
		   ".%s WHERE toDate(Timestamp) = '%s'",
		   days, table, day);
	r = run(t, sql.data, &out, err);
	return r < 0 ? r : out.data && out.data[0] == '1';
}

static int drop_day(struct telemetry *t, const char *table, const char *day, struct err *err)
{
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 20), sql = BUF_INIT(4096);

	buf_printf(&sql, "ALTER TABLE " DATABASE ".%s DROP PARTITION '%s'", table, day);
	return run(t, sql.data, &out, err);
}

int telemetry_retain(struct telemetry *t, unsigned int retention_days, struct err *err)
{
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 20), sql = BUF_INIT(4096);
	char *line, *rest;
	int r, dropped = 0;

	buf_printf(&sql,
		   "SELECT DISTINCT table, partition FROM system.parts WHERE active AND "
		   "database = '" DATABASE "' AND (toDateOrNull(partition) < today() - %u OR "
		   "toDateOrNull(partition) > today() + 1) ORDER BY partition",
		   retention_days);
	r = run(t, sql.data, &out, err);
	if (r < 0 || !out.data)
		return r;
	rest = out.data;
	while ((line = strsep(&rest, "\n")) && *line && dropped < TELEMETRY_DROPS_MAX) {
		char *table = strsep(&line, "\t");

		r = line ? is_over(t, table, line, retention_days, err) : 0;
		if (r == 1)
			r = drop_day(t, table, line, err);
		else if (r == 0)
			continue;
		if (r < 0)
			return r;
		dropped++;
	}
	return dropped;
}
