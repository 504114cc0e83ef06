/* SPDX-License-Identifier: Apache-2.0 */
/*
 * driver.c - compiles and runs queries for tools/kql-conformance and the golden cases
 *
 * Reads one JSON object a line, {"query": ..., "tenant": ..., "now": ns, "external": {address: text},
 * "allow": [prefix]}, and answers with one:
 * {"diagnostics": [...]} or {"columns": [{"name", "type"}], "rows": [[...]], "compile_us": n}, with
 * "explain": [stages] what these made. A cell is text, null is null. Without a store nothing runs.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "kql/kql.h"
#include "store/telemetry.h"

#define ANSWER_MAX (256u << 20)
#define NULL_TEXT "\xe1\xb4\xba\xe1\xb5\x81\xe1\xb4\xb8\xe1\xb4\xb8" /* how ClickHouse prints NULL */

static int run(struct telemetry *store, const char *sql, struct buf *out, struct err *err)
{
	struct telemetry_query q = { .sql = sql, .format = "JSONCompactStringsEachRow", .timeout_ms = 60000 };

	return telemetry_query(store, &q, out, err);
}

static json_t *cell(json_t *value)
{
	const char *text = json_string_value(value);

	return text && strcmp(text, NULL_TEXT) != 0 ? json_incref(value) : json_null();
}

static json_t *rows_of(const struct buf *answer)
{
	json_t *rows = json_array();
	const char *at = answer->data, *end = at + answer->len;

	while (at && at < end) {
		const char *line_end = memchr(at, '\n', (size_t)(end - at));
		json_t *row = json_loadb(at, (size_t)((line_end ? line_end : end) - at), JSON_ALLOW_NUL, NULL);
		json_t *cells = json_array(), *value;
		size_t i;

		json_array_foreach(row, i, value) json_array_append_new(cells, cell(value));
		json_array_append_new(rows, cells);
		json_decref(row);
		if (!line_end)
			break;
		at = line_end + 1;
	}
	return rows;
}

struct probe {
	kql_probe_row row;
	void *arg;
};

static int probe(void *context, const char *sql, kql_probe_row row, void *arg)
{
	_cleanup_buf_ struct buf out = BUF_INIT(ANSWER_MAX);
	json_t *rows, *one;
	size_t i;
	int r;

	if (!context)
		return -ENOTCONN;
	r = run(context, sql, &out, NULL);
	if (r < 0)
		return r;
	rows = rows_of(&out);
	json_array_foreach(rows, i, one)
	{
		const char *text = json_string_value(json_array_get(one, 0));

		row(arg, text ? text : "", text ? strlen(text) : 0);
	}
	json_decref(rows);
	return 0;
}

static json_t *diagnostics_of(const struct kql_query *q)
{
	const struct kql_diagnostic *list;
	size_t n = kql_query_diagnostics(q, &list);
	json_t *all = json_array();

	for (size_t i = 0; i < n; i++) {
		json_t *one = json_pack("{s:s, s:i, s:i, s:i, s:s}", "code", list[i].code, "line",
					(int)list[i].line, "column", (int)list[i].column, "length",
					(int)list[i].length, "message", list[i].message);

		if (!one)
			one = json_pack("{s:s}", "code", list[i].code);
		if (list[i].expected)
			json_object_set_new(one, "expected", json_string(list[i].expected));
		if (list[i].suggestion)
			json_object_set_new(one, "suggestion", json_string(list[i].suggestion));
		json_array_append_new(all, one);
	}
	return all;
}

static void explain(const struct kql_query *q, const json_t *stages, json_t *answer)
{
	static const char *const names[] = { "tokens", "ast", "bound", "plan", "sql" };
	const json_t *stage;
	size_t i;

	json_array_foreach(stages, i, stage)
	{
		for (size_t k = 0; k < ARRAY_SIZE(names); k++) {
			_cleanup_buf_ struct buf out = BUF_INIT(ANSWER_MAX);

			if (strcmp(json_string_value(stage), names[k]) != 0)
				continue;
			if (kql_query_explain(q, (enum kql_stage)k, &out) == 0)
				json_object_set_new(answer, names[k], json_stringn(out.data, out.len));
		}
	}
}

static json_t *columns_of(const struct kql_query *q)
{
	const struct kql_column *columns;
	size_t n = kql_query_columns(q, &columns);
	json_t *all = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(all, json_pack("{s:s, s:s}", "name", columns[i].name, "type",
						     kql_type_name(columns[i].type)));
	return all;
}

static int64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* "external": {address: text} stands for other servers, "allow" for what an administrator allows. */
static int fetch(void *context, const char *address, struct buf *body, struct err *err)
{
	const json_t *text = json_object_get(context, address);

	if (!text)
		return err_setf(err, -ENOENT, "nothing is there");
	return buf_append(body, json_string_value(text), json_string_length(text));
}

static void execute(const struct kql_query *q, struct telemetry *store, json_t *answer)
{
	_cleanup_buf_ struct buf out = BUF_INIT(ANSWER_MAX);
	struct err err = { 0 };

	json_object_set_new(answer, "columns", columns_of(q));
	if (!store)
		return;
	if (run(store, kql_query_sql(q), &out, &err) < 0) {
		json_t *why = json_string(err.msg);

		json_object_set_new(answer, "error", why ? why : json_string("not UTF-8"));
	} else {
		json_object_set_new(answer, "rows", rows_of(&out));
	}
}

static json_t *answer_to(json_t *request, struct telemetry *store)
{
	_cleanup_(kql_query_freep) struct kql_query *q = NULL;
	const char *text = json_string_value(json_object_get(request, "query"));
	const char *tenant = json_string_value(json_object_get(request, "tenant"));
	json_t *answer = json_object(), *now = json_object_get(request, "now");
	struct kql_options options = { .tenant = tenant ? tenant : "test",
				       .now_ns = now ? json_integer_value(now) : now_ns(CLOCK_REALTIME),
				       .probe = probe,
				       .probe_context = store };
	json_t *external = json_object_get(request, "external");
	const json_t *prefixes = json_object_get(request, "allow");
	const char *allowed[17] = { NULL };
	int64_t start = now_ns(CLOCK_MONOTONIC);
	int r;

	for (size_t i = 0; i < json_array_size(prefixes) && i + 1 < ARRAY_SIZE(allowed); i++)
		allowed[i] = json_string_value(json_array_get(prefixes, i));
	if (external) {
		options.externaldata = allowed;
		options.fetch = fetch;
		options.fetch_context = external;
	}
	r = kql_compile(text ? text : "", text ? json_string_length(json_object_get(request, "query")) : 0,
			    &options, &q);

	json_object_set_new(answer, "compile_us", json_integer((now_ns(CLOCK_MONOTONIC) - start) / 1000));
	if (q)
		explain(q, json_object_get(request, "explain"), answer);
	if (r < 0)
		json_object_set_new(answer, "diagnostics", q ? diagnostics_of(q) : json_array());
	else
		execute(q, store, answer);
	return answer;
}

int main(int argc, char **argv)
{
	_cleanup_(telemetry_closep) struct telemetry *store = NULL;
	struct telemetry_options options = { .database = "vakt", .address = argc > 1 ? argv[1] : NULL };
	_cleanup_free_ char *line = NULL;
	struct err err = { 0 };
	size_t cap = 0;

	if (argc > 1 && telemetry_open(&options, &store, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		return 1;
	}
	if (argc > 2 && !strcmp(argv[2], "--migrate") && telemetry_migrate(store, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		return 1;
	}
	while (getline(&line, &cap, stdin) > 0) {
		json_t *request = json_loads(line, JSON_ALLOW_NUL, NULL), *answer = answer_to(request, store);
		char *text = json_dumps(answer, JSON_COMPACT);

		puts(text ? text : "{}");
		fflush(stdout);
		free(text);
		json_decref(answer);
		json_decref(request);
	}
	return 0;
}
