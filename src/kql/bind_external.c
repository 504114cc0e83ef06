/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_external.c - externaldata: rows of a file elsewhere, from addresses that the caller allows
 *
 * The caller fetches (kql_options.fetch), nothing here or in the engine reaches out. What it brings
 * is a literal of the statement, once for each address. A query that is only checked reads nothing:
 * its columns are those that it names.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "kql/bind.h"

struct external {
	const char *format;
	char separator; /* of columns; 0: the line is one */
	bool skip_first;
	bool json;
};

/* Beneath a prefix: the same bytes, and a border where it ends. */
static bool is_beneath(const char *address, const char *prefix)
{
	size_t n = strlen(prefix);

	if (!n || strncmp(address, prefix, n) != 0)
		return false;
	return prefix[n - 1] == '/' || !address[n] || strchr("/?", address[n]);
}

/* Nothing that one reader of addresses takes for another place than the next does. */
static bool is_plain(const char *address)
{
	for (const char *p = address; *p; p++)
		if (*p <= ' ' || *p >= 0x7f || *p == '\\' || *p == '@')
			return false;
	return !strstr(address, "/..") && !strstr(address, "/./") && !strcasestr(address, "%2e") &&
	       !strncmp(address, "https://", strlen("https://"));
}

static bool is_allowed(const struct binder *b, const char *address)
{
	const char *const *prefixes = b->options->externaldata;

	for (size_t i = 0; prefixes && prefixes[i]; i++)
		if (is_beneath(address, prefixes[i]) && is_plain(address))
			return true;
	return false;
}

static struct bound_text *fetch(struct binder *b, const struct ast *at, const char *address)
{
	struct buf body = BUF_INIT(KQL_EXTERNAL_MAX);
	struct bound *bound = b->bound;
	struct bound_text *text;
	struct err err = { 0 };
	int r = 0;

	for (uint32_t i = 0; i < bound->text_count; i++)
		if (!strcmp(bound->texts[i].address, address))
			return &bound->texts[i];
	if (bound->text_count == ARRAY_SIZE(bound->texts)) {
		diag_add(b->diags, DIAG_LIMIT, at->span, "more than %zu addresses of externaldata",
			 ARRAY_SIZE(bound->texts));
		return NULL;
	}
	buf_append_str(&body, "");
	if (b->options->fetch)
		r = b->options->fetch(b->options->fetch_context, address, &body, &err);
	if (r == -EMSGSIZE) {
		diag_add(b->diags, DIAG_LIMIT, at->span, "'%.100s' has more than %u KiB", address,
			 KQL_EXTERNAL_MAX >> 10);
	} else if (r < 0) {
		diag_add(b->diags, DIAG_REFUSED, at->span, "'%.100s' could not be read: %s",
			 address, err_msg(&err, r));
		if (r == -EKEYREJECTED)
			diag_expected(b->diags, "a certificate that is trusted here (vakt-cloud "
						"--hunting-external-ca FILE)");
	} else {
		text = &bound->texts[bound->text_count];
		text->address = address;
		text->len = body.len;
		text->s = arena_strndup(b->arena, body.data, body.len);
		buf_done(&body);
		bound->text_count += text->s != NULL;
		return text->s ? text : NULL;
	}
	buf_done(&body);
	return NULL;
}

/* The text of an address; behind a semicolon stand credentials, for which there is no use here. */
static struct bound_text *text_of(struct binder *b, const struct ast *a)
{
	const struct bx *x = bind_constant(b, a, KQL_STRING);
	const char *address = x ? arena_strndup(b->arena, x->s, strcspn(x->s, ";")) : NULL;

	if (!address)
		return NULL;
	if (is_allowed(b, address))
		return fetch(b, a, address);
	diag_add(b->diags, DIAG_REFUSED, a->span, "externaldata may not read '%.100s'", address);
	diag_expected(b->diags, "an address beneath one that the administrator allows "
				"(vakt-cloud --hunting-external PREFIX), or a datatable");
	return NULL;
}

static bool format_of(struct binder *b, const struct ast *op, const char *address,
		      struct external *e)
{
	static const struct {
		const char *name;
		char separator;
		bool json;
	} formats[] = {
		{ "csv", ',', false },	 { "tsv", '\t', false },      { "tsve", '\t', false },
		{ "psv", '|', false },	 { "scsv", ';', false },      { "ssv", ' ', false },
		{ "txt", '\0', false },	 { "raw", '\0', false },      { "json", '\0', true },
		{ "jsonl", '\0', true }, { "multijson", '\0', true },
	};
	const struct ast *given = ast_option(op, "format"),
			 *first = ast_option(op, "ignoreFirstRecord");
	const char *dot = strrchr(address, '.');
	char word[16] = "";

	if (given && given->text)
		snprintf(word, sizeof(word), "%s", given->text);
	else if (dot)
		snprintf(word, sizeof(word), "%.*s",
			 (int)MIN(strcspn(dot + 1, "?"), sizeof(word) - 1), dot + 1);
	e->skip_first = first && first->text && !strcasecmp(first->text, "true");
	for (unsigned int round = 0; round < 2; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
			if (strcasecmp(word, formats[i].name) != 0)
				continue;
			e->format = formats[i].name;
			e->separator = formats[i].separator;
			e->json = formats[i].json;
			return true;
		}
		if (given)
			break;
		snprintf(word, sizeof(word), "csv"); /* what is not said otherwise */
	}
	diag_add(b->diags, DIAG_VALUE, given->span, "externaldata of the format '%s'", word);
	diag_expected(b->diags, "csv, tsv, psv, scsv, ssv, txt, raw, json or multijson");
	return false;
}

struct record {
	struct bx *line;
	struct bx *fields; /* of the line, where it has a separator; else NULL */
};

static struct bx *column_value(struct binder *b, const struct external *e, const struct record *of,
			       const struct ast *typed, uint32_t i)
{
	struct span at = typed->span;
	struct bx *x;

	if (e->json)
		x = bx_call(b, "[]", at, 2, bx_call(b, "parse_json", at, 1, of->line),
			    bx_text(b, KQL_STRING, typed->text, typed->text_len, at));
	else if (e->separator)
		x = bx_call(b, "__group", at, 2, of->fields, bx_long(b, i, at));
	else
		x = i ? bx_null(b, KQL_STRING, at) : of->line;
	return bx_cast(b, x, typed->type);
}

static bool bind_file(struct binder *b, const struct ast *op, const struct ast *address,
		      const struct ast *schema, struct table *ret)
{
	struct rel *one = rel_new(b, REL_VALUES, NULL), *unnest, *r;
	struct bound_text *text = text_of(b, address);
	struct column *literal = column_new(b, "text", KQL_STRING, false);
	const struct column *lines, *line;
	struct table t = { .rel = one };
	struct external e = { 0 };
	struct span at = op->span;
	struct record of = { NULL };
	struct bx *x;

	if (!text || !format_of(b, op, text->address, &e))
		return false;
	one->row_count = 1;
	literal->sql =
	    arena_printf(b->arena, "kql_text_%u", (unsigned int)(text - b->bound->texts));
	if (!literal->sql)
		return false;
	x = bx_call(b,
		    e.json		 ? "__documents"
		    : e.separator == ',' ? "__records"
					 : "__lines",
		    at, 2, bx_column(b, literal, at), bx_long(b, e.skip_first ? 2 : 1, at));
	lines = rel_define(b, table_extend(b, &t), "lines", x);
	unnest = rel_new(b, REL_UNNEST, t.rel);
	line = rel_define(b, unnest, "line", bx_column(b, lines, at));
	t.rel = unnest;
	of.line = bx_call(b, "__text_item", at, 1, bx_column(b, line, at));
	if (e.separator) {
		x = bx_text(b, KQL_STRING, arena_printf(b->arena, "%c", e.separator), 1, at);
		x = bx_call(b, "__fields", at, 2, of.line, x);
		of.fields = bx_column(b, rel_define(b, table_extend(b, &t), "fields", x), at);
	}
	*ret = (struct table){ 0 };
	r = table_extend(b, &t);
	for (uint32_t i = 0; i < schema->count; i++)
		table_push(b, ret, schema->kids[i]->text,
			   rel_define(b, r, schema->kids[i]->text,
				      column_value(b, &e, &of, schema->kids[i], i)));
	ret->rel = r;
	return true;
}

bool bind_external(struct binder *b, const struct ast *op, struct table *ret)
{
	const struct ast *schema = ast_kid(op, 0), *list = ast_kid(op, 1);
	struct table files[ARRAY_SIZE(((struct bound *)NULL)->texts)];
	uint32_t n = 0;
	bool good = true;

	for (uint32_t i = 0; schema && i < schema->count; i++) {
		if (schema->kids[i]->kind == AST_TYPED && schema->kids[i]->type != KQL_UNKNOWN)
			continue;
		diag_add(b->diags, DIAG_SYNTAX, schema->kids[i]->span, "a column without a type");
		diag_expected(b->diags, "name:type");
		return false;
	}
	if (!schema || !list)
		return false;
	if (list->count > ARRAY_SIZE(files)) {
		diag_add(b->diags, DIAG_LIMIT, list->span,
			 "more than %zu addresses of externaldata", ARRAY_SIZE(files));
		return false;
	}
	for (uint32_t i = 0; i < list->count; i++)
		good &= bind_file(b, op, list->kids[i], schema, &files[n++]);
	if (!good || !n)
		return false;
	if (n > 1)
		return bind_union_tables(b, files, n, NULL, ret);
	*ret = files[0];
	return true;
}
