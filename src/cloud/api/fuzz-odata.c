/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz-odata.c - $filter and $orderby by a stranger: refused in words, or SQL that SQLite takes
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/api/api_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[] = "/tmp/vakt-fuzz-odata-XXXXXX";

static void remove_dir(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", dir);
	if (system(command) != 0)
		abort();
}

static struct state_conn *database(void)
{
	static struct state *state;
	char path[64];

	if (!state) {
		if (!mkdtemp(dir) || atexit(remove_dir) != 0)
			abort();
		snprintf(path, sizeof(path), "%s/state.db", dir);
		if (state_open(path, &state, NULL) < 0)
			abort();
	}
	return state_get(state);
}

static void try(const struct odata_entity *e, const char *text)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	_cleanup_(odata_sql_done) struct odata_sql sql;
	struct err err = { 0 };
	int r;

	odata_sql_init(&sql);
	buf_printf(&sql.text, "SELECT 1 FROM %s WHERE ", e->from);
	r = odata_filter(e, text, &sql, &err);
	if (r < 0 && (r != -EINVAL || strncmp(err.msg, "$filter", 7) != 0))
		abort();
	if (r == 0 && state_query_values(database(), &st, &err, sql.text.data, sql.values,
					 sql.value_count) < 0)
		abort();
	buf_clear(&sql.text);
	(void)odata_order(e, text, &sql.text, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = strndup((const char *)data, size);

	if (!text)
		return 0;
	try(&api_alert, text);
	try(&api_machine, text);
	try(&api_incident, text);
	return 0;
}
