/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vaktctl_hunt.c - hunting queries: run, explained, and what is wrong with them shown in place
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/utf8.h"
#include "vaktctl.h"

#define QUERY_MAX (256u << 10)

static int read_query(const struct ctl_arguments *a, char **ret_text, struct err *err)
{
	const char *file = a->file ?: "-";
	size_t len;
	char *text;
	ssize_t n;

	if (a->words[0] && a->file)
		return err_setf(err, -EINVAL, "a query or --file, not both");
	if (a->words[0]) {
		*ret_text = strdup(a->words[0]);
		return *ret_text ? 0 : -ENOMEM;
	}
	if (strcmp(file, "-") != 0)
		return file_read(file, QUERY_MAX, ret_text, &len, err);
	text = malloc(QUERY_MAX + 1);
	if (!text)
		return -ENOMEM;
	n = fd_read_full(STDIN_FILENO, text, QUERY_MAX);
	if (n <= 0) {
		free(text);
		return n < 0 ? err_setf(err, (int)n, "standard input: %s", strerror((int)-n))
			     : err_setf(err, -EINVAL, "there is no query on standard input");
	}
	text[n] = '\0';
	*ret_text = text;
	return 0;
}

static size_t number(const json_t *object, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(object, key));

	return n > 0 ? (size_t)n : 0;
}

/* The line with the place marked below; tabs stay tabs, so that the mark stands where it should. */
static void print_place(const char *query, const json_t *d)
{
	size_t len = strlen(query), at = MIN(number(d, "offset"), len), start = at, end = at, stop;
	size_t line = number(d, "line");
	int margin;

	while (start > 0 && query[start - 1] != '\n')
		start--;
	end += strcspn(query + at, "\r\n");
	stop = MIN(at + MAX(number(d, "length"), (size_t)1), end);
	margin = fprintf(stderr, "%5zu | ", line) - 2;
	fprintf(stderr, "%.*s\n%*s| ", (int)(end - start), query + start, margin, "");
	for (size_t i = start; i < at; i += utf8_sequence(query + i, len - i) ?: 1)
		fputc(query[i] == '\t' ? '\t' : ' ', stderr);
	fputc('^', stderr);
	for (size_t i = at + (utf8_sequence(query + at, len - at) ?: 1); i < stop;
	     i += utf8_sequence(query + i, len - i) ?: 1)
		fputc('~', stderr);
	fputc('\n', stderr);
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/* How many there are. */
static size_t print_diagnostics(const char *query, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *d = json_array_get(list, i);
		const char *expected = text_of(d, "expected"),
			   *suggestion = text_of(d, "suggestion");

		fprintf(stderr, "%s %s%s%s", text_of(d, "code"), text_of(d, "message"),
			expected ? "; expected " : "", expected ? expected : "");
		if (suggestion)
			fprintf(stderr, "; did you mean \"%s\"?", suggestion);
		fputc('\n', stderr);
		print_place(query, d);
	}
	return json_array_size(list);
}

static int explain(struct ctl_session *s, const char *query, const char *stage, struct err *err)
{
	_cleanup_(json_decrefp) json_t *body =
	    json_pack("{s:s,s:s}", "query", query, "explain", stage);
	_cleanup_(json_decrefp) json_t *json = NULL;
	const char *text;
	int status, r;

	if (!body)
		return err_setf(err, -EINVAL, "the query is not UTF-8");
	r = ctl_session_ask(s, "POST", "/api/hunting/check", body, &status, &json, err);
	if (r < 0)
		return r;
	if (status != 200)
		return ctl_session_refusal(status, json, err);
	text = text_of(json, "explain");
	if (text)
		fputs(text, stdout);
	if (text && *text && text[strlen(text) - 1] != '\n')
		putchar('\n');
	return print_diagnostics(query, json_object_get(json, "diagnostics")) ? CTL_FAILED
									      : CTL_DONE;
}

static void print_answer(const struct ctl_arguments *a, const json_t *json)
{
	_cleanup_(json_decrefp) json_t *names = json_array();
	const json_t *columns = json_object_get(json, "columns"),
		     *rows = json_object_get(json, "rows");

	for (size_t i = 0; i < json_array_size(columns); i++)
		json_array_append(names, json_object_get(json_array_get(columns, i), "name"));
	ctl_print_rows(a->output, names, rows);
	fflush(stdout);
	if (json_is_true(json_object_get(json, "limited")))
		fprintf(stderr, "vaktctl: there are more rows; a query has at most %zu\n",
			json_array_size(rows));
}

static int run(const struct ctl_arguments *a, struct ctl_session *s, const char *query,
	       struct err *err)
{
	_cleanup_(json_decrefp) json_t *body = json_pack("{s:s}", "query", query);
	_cleanup_(json_decrefp) json_t *json = NULL;
	int status, r;

	if (!body)
		return err_setf(err, -EINVAL, "the query is not UTF-8");
	r = ctl_session_ask(s, "POST", "/api/hunting/run", body, &status, &json, err);
	if (r < 0)
		return r;
	if (status == 200) {
		print_answer(a, json);
		return CTL_DONE;
	}
	if (print_diagnostics(query, json_object_get(json_object_get(json, "error"), "details")))
		return CTL_FAILED;
	return ctl_session_refusal(status, json, err);
}

int ctl_hunt(const struct ctl_arguments *a, struct err *err)
{
	_cleanup_(ctl_session_closep) struct ctl_session *s = NULL;
	_cleanup_free_ char *query = NULL;
	int r = read_query(a, &query, err);

	if (r == 0)
		r = ctl_session_open(a, &s, err);
	if (r < 0)
		return r;
	return a->explain ? explain(s, query, a->explain, err) : run(a, s, query, err);
}

static const json_t *find_named(const json_t *list, const char *name)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(text_of(json_array_get(list, i), "name") ?: "", name) == 0)
			return json_array_get(list, i);
	return NULL;
}

int ctl_tables(const struct ctl_arguments *a, struct err *err)
{
	static const char *const all[] = { "name", "filled", "description", NULL };
	static const char *const one[] = { "name", "type", "filled", "description", NULL };
	const char *const *keys = a->words[0] ? one : all;
	_cleanup_(ctl_session_closep) struct ctl_session *s = NULL;
	_cleanup_(json_decrefp) json_t *json = NULL, *names = json_array(), *rows = json_array();
	const json_t *list, *item;
	int status, r = ctl_session_open(a, &s, err);
	size_t i;

	if (r == 0)
		r = ctl_session_ask(s, "GET", "/api/hunting/schema", NULL, &status, &json, err);
	if (r < 0)
		return r;
	if (status != 200)
		return ctl_session_refusal(status, json, err);
	list = json_object_get(json, "tables");
	if (a->words[0])
		list = json_object_get(find_named(list, a->words[0]), "columns");
	if (!list)
		return err_setf(err, -ENOENT, "there is no table %s; `vaktctl tables` lists them",
				a->words[0]);
	for (i = 0; keys[i]; i++)
		json_array_append_new(names, json_string(keys[i]));
	json_array_foreach(list, i, item)
	{
		json_t *row = json_array();

		for (size_t k = 0; keys[k]; k++)
			json_array_append(row, json_object_get(item, keys[k]));
		json_array_append_new(rows, row);
	}
	ctl_print_rows(a->output, names, rows);
	return CTL_DONE;
}
