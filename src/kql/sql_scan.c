/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql_scan.c - tables of the store in a statement
 *
 * Every scan is limited to the tenant: the only place where one is written.
 */
#include <inttypes.h>
#include <string.h>

#include "kql/func.h"
#include "kql/sql.h"

void sql_scan(struct sql *s, const struct block *b)
{
	const struct kql_table *t = b->source->table;

	sql_put(s, " FROM ");
	if (!t->stored) {
		sql_put(s, "(SELECT 1 WHERE 0)");
		return;
	}
	sql_name(s, s->catalogue->database);
	sql_put(s, ".");
	sql_name(s, t->name);
	if (t->replaced)
		sql_put(s, " FINAL");
}

static void put_tenant(struct sql *s, const struct block *b)
{
	if (!b->source->table->stored) {
		sql_put(s, " WHERE 0");
		return;
	}
	sql_put(s, " WHERE TenantId = ");
	sql_text(s, s->options->tenant, strlen(s->options->tenant));
	if (s->options->oldest_ns)
		sql_printf(s, " AND Timestamp >= fromUnixTimestamp64Nano(%" PRId64 ", 'UTC')",
			   s->options->oldest_ns);
	if (s->options->recent_ns)
		sql_printf(s,
			   " AND (Timestamp >= fromUnixTimestamp64Nano(%" PRId64 ", 'UTC')"
			   " OR ReceivedTime >= fromUnixTimestamp64Nano(%" PRId64 ", 'UTC'))",
			   s->options->recent_ns, s->options->recent_ns);
	if (s->options->received_ns)
		sql_printf(s, " AND ReceivedTime >= fromUnixTimestamp64Nano(%" PRId64 ", 'UTC')",
			   s->options->received_ns);
}

static void put_conditions(struct sql *s, const struct block *b)
{
	put_tenant(s, b);
	for (uint32_t i = 0; i < b->filter_count; i++) {
		sql_put(s, " AND ");
		sql_expr(s, b->filters[i]);
	}
}

static void put_keys(struct sql *s, const struct block *b, const char *separator)
{
	for (uint32_t i = 0; i < b->key_count; i++) {
		sql_put(s, i ? ", " : "");
		sql_expr(s, b->keys[i].value);
	}
	sql_put(s, b->key_count ? separator : "");
}

/* Which rows the extreme values are in: found by their columns alone, before others are read. */
static void put_extreme_rows(struct sql *s, const struct block *b)
{
	const struct bx *by = b->extreme->args[0];

	sql_put(s, " AND (");
	put_keys(s, b, ", ");
	sql_expr(s, by);
	sql_put(s, ") IN (SELECT ");
	put_keys(s, b, ", ");
	sql_put(s, func_is_called(b->extreme->fn, "__arg_max") ? "max(" : "min(");
	sql_expr(s, by);
	sql_put(s, ")");
	sql_scan(s, b);
	put_conditions(s, b);
	sql_put(s, b->key_count ? " GROUP BY " : "");
	put_keys(s, b, "");
	sql_put(s, ")");
}

void sql_scan_filters(struct sql *s, const struct block *b)
{
	put_conditions(s, b);
	if (b->extreme)
		put_extreme_rows(s, b);
}
