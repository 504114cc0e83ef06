/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hunting_schema.c - the language's tables and a query's outcome told in JSON
 */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "cloud/api/handlers.h"
#include "cloud/api/hunting.h"

#define EXPLAIN_MAX (4u << 20)
#define NOTE_MAX 2000 /* bytes of a query that the audit log keeps */

json_t *api_hunting_diagnostics(const struct kql_query *q)
{
	const struct kql_diagnostic *d;
	size_t count = kql_query_diagnostics(q, &d);
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(
		    list, json_pack("{s:s,s:s,s:s*,s:s*,s:I,s:I,s:I,s:I}", "code", d[i].code,
				    "message", d[i].message, "expected", d[i].expected,
				    "suggestion", d[i].suggestion, "line", (json_int_t)d[i].line,
				    "column", (json_int_t)d[i].column, "offset",
				    (json_int_t)d[i].offset, "length", (json_int_t)d[i].length));
	return list;
}

json_t *api_hunting_render(const struct kql_query *q)
{
	const struct kql_render *render = kql_query_render(q);
	json_t *properties;

	if (!render)
		return json_null();
	properties = json_object();
	for (const char *const *p = render->properties; p && p[0] && p[1]; p += 2)
		json_object_set_new(properties, p[0], json_string(p[1]));
	return json_pack("{s:s,s:o}", "kind", render->kind, "properties", properties);
}

json_t *api_hunting_statistics(const struct hunt_result *result, unsigned int days)
{
	return json_pack("{s:I,s:I,s:I,s:i,s:i}", "compileMicroseconds",
			 (json_int_t)(result->compile_ns / NSEC_PER_USEC), "waitMilliseconds",
			 (json_int_t)(result->wait_ns / NSEC_PER_MSEC), "executeMilliseconds",
			 (json_int_t)(result->execute_ns / NSEC_PER_MSEC), "lookbackDays",
			 (int)days, "rowsMax", HUNT_ROWS_MAX);
}

json_t *api_hunting_explain(const struct kql_query *q, const char *const *names, const char *stage)
{
	_cleanup_buf_ struct buf out = BUF_INIT(EXPLAIN_MAX);
	unsigned int i = 0;

	while (names[i] && strcmp(names[i], stage) != 0)
		i++;
	if (kql_query_explain(q, (enum kql_stage)i, &out) < 0)
		return json_null();
	return json_stringn(out.data ?: "", out.len);
}

json_t *api_hunting_note(const char *text)
{
	size_t len = MIN(strlen(text), (size_t)NOTE_MAX);

	while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--; /* within a character */
	return json_stringn(text, len);
}

int api_hunting_put(struct buf *out, json_t *json)
{
	_cleanup_free_ char *text = json ? json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

	json_decref(json);
	return text ? buf_append_str(out, text) : -ENOMEM;
}

static json_t *table_columns(const struct kql_table *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->column_count; i++) {
		const struct kql_table_column *c = &t->columns[i];

		json_array_append_new(list,
				      json_pack("{s:s,s:s,s:s,s:b}", "name", c->name, "type",
						kql_type_name(c->type), "description", c->doc ?: "",
						"filled", t->stored && (c->sql || c->view)));
	}
	return list;
}

int api_hunting_schema(struct http_request *req _unused_, struct http_response *res, void *arg)
{
	const struct kql_catalogue *catalogue = kql_catalogue();
	const struct api *a = arg;
	json_t *tables = json_array();

	for (size_t i = 0; i < catalogue->count; i++) {
		const struct kql_table *t = &catalogue->tables[i];

		json_array_append_new(tables, json_pack("{s:s,s:s,s:b,s:o}", "name", t->name,
							"description", t->doc ?: "", "filled",
							t->stored, "columns", table_columns(t)));
	}
	return api_send(res, 200,
			json_pack("{s:i,s:i,s:o}", "lookbackDays", (int)hunt_days(a->hunt),
				  "rowsMax", HUNT_ROWS_MAX, "tables", tables));
}
