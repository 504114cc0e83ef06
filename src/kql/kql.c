/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kql.c - the stages one behind the other
 */
#include "kql/kql.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kql/bind.h"
#include "kql/parse.h"
#include "kql/reads.h"
#include "kql/sql.h"

struct kql_query {
	struct arena arena;
	struct diag_list diags;
	struct token_list tokens;
	struct ast *tree;
	struct bound bound;
	struct block *plan;
	struct sql sql;
	struct kql_column *columns;
	bool has_tokens, has_bound, has_sql;
};

/* Each stage runs where the one before left something to work on, so that all mistakes are told. */
static int compile(struct kql_query *q, const char *text, size_t len,
		   const struct kql_options *options)
{
	int r;

	if (len > KQL_TEXT_MAX) {
		diag_add(&q->diags, DIAG_LIMIT, (struct span){ 0, 0 }, "the query has %zu bytes",
			 len);
		diag_expected(&q->diags, "at most %u", KQL_TEXT_MAX);
		return -EINVAL;
	}
	r = token_scan(&q->diags, text, len, &q->tokens);
	if (r < 0)
		return r;
	q->has_tokens = true;
	q->tree = parse_query(&q->diags, &q->tokens);
	if (!q->tree)
		return q->diags.failed ? -EINVAL : -ENOMEM;
	r = bind_query(&q->diags, q->tree, options, &q->bound);
	if (r < 0 || q->diags.failed)
		return r < 0 ? r : -EINVAL;
	q->has_bound = true;
	if (options->continuous)
		reads_check_continuous(&q->diags, q->tree, &q->bound);
	if (q->diags.failed)
		return -EINVAL;
	q->sql.options = options;
	q->sql.bound = &q->bound;
	q->sql.catalogue = options->catalogue ? options->catalogue : kql_catalogue();
	q->sql.planner = (struct planner){ .diags = &q->diags, .arena = &q->arena };
	buf_init(&q->sql.out, KQL_SQL_MAX);
	r = sql_statement(&q->sql, &q->bound, &q->plan);
	q->has_sql = r == 0;
	return r;
}

int kql_ask(struct binder *b, const struct rel *r, const struct column *c, kql_probe_row row,
	    void *arg)
{
	struct sql s = { .options = b->options,
			 .bound = b->bound,
			 .catalogue = b->catalogue,
			 .planner = { .diags = b->diags, .arena = b->arena } };
	int res = -ENOTSUP;

	if (b->diags->failed)
		return -EINVAL;
	if (!b->options->probe)
		return res;
	buf_init(&s.out, KQL_SQL_MAX);
	res = sql_probe(&s, r, c);
	if (res == 0)
		res = b->options->probe(b->options->probe_context, s.out.data, row, arg);
	buf_done(&s.out);
	return res;
}

static int make_columns(struct kql_query *q)
{
	const struct table *t = &q->bound.result;

	q->columns = arena_array(&q->arena, struct kql_column, t->count + 1);
	if (!q->columns)
		return -ENOMEM;
	for (uint32_t i = 0; i < t->count; i++)
		q->columns[i] = (struct kql_column){ t->outs[i].name, t->outs[i].column->type,
						     t->outs[i].column->nullable };
	return 0;
}

int kql_compile(const char *text, size_t len, const struct kql_options *options,
		struct kql_query **ret_query)
{
	struct kql_query *q = calloc(1, sizeof(*q));
	char *copy;
	int r;

	if (!q)
		return -ENOMEM;
	arena_init(&q->arena, KQL_MEMORY_MAX);
	copy = arena_strndup(&q->arena, text, MIN(len, (size_t)KQL_TEXT_MAX));
	if (!copy) {
		kql_query_free(q);
		return -ENOMEM;
	}
	q->diags = (struct diag_list){ .arena = &q->arena,
				       .source = copy,
				       .source_len = MIN(len, (size_t)KQL_TEXT_MAX) };
	r = compile(q, copy, len, options);
	if (r == 0)
		r = make_columns(q);
	*ret_query = q;
	return r;
}

void kql_query_free(struct kql_query *q)
{
	if (!q)
		return;
	buf_done(&q->sql.out);
	arena_done(&q->arena);
	free(q);
}

size_t kql_query_diagnostics(const struct kql_query *q, const struct kql_diagnostic **ret_list)
{
	*ret_list = q->diags.items;
	return q->diags.count;
}

const char *kql_query_sql(const struct kql_query *q)
{
	return q->has_sql ? q->sql.out.data : NULL;
}

size_t kql_query_columns(const struct kql_query *q, const struct kql_column **ret_columns)
{
	*ret_columns = q->columns;
	return q->columns ? q->bound.result.count : 0;
}

size_t kql_query_tables(const struct kql_query *q, const struct kql_table **ret_tables, size_t max)
{
	struct reads reads = { 0 };

	if (q->has_sql)
		reads_of(&q->bound, &reads);
	for (size_t i = 0; i < MIN(reads.count, max); i++)
		ret_tables[i] = reads.tables[i];
	return reads.count;
}

const struct kql_render *kql_query_render(const struct kql_query *q)
{
	return q->bound.has_render ? &q->bound.render : NULL;
}

int kql_query_explain(const struct kql_query *q, enum kql_stage stage, struct buf *out)
{
	switch (stage) {
	case KQL_STAGE_TOKENS:
		if (!q->has_tokens)
			return -ENODATA;
		token_dump(&q->tokens, out);
		break;
	case KQL_STAGE_AST:
		if (!q->tree)
			return -ENODATA;
		ast_dump(q->tree, out);
		break;
	case KQL_STAGE_BOUND:
		if (!q->has_bound)
			return -ENODATA;
		bound_dump(&q->bound, out);
		break;
	case KQL_STAGE_PLAN:
		if (!q->plan)
			return -ENODATA;
		plan_dump(q->plan, out);
		break;
	case KQL_STAGE_SQL:
		if (!q->has_sql)
			return -ENODATA;
		buf_append(out, q->sql.out.data, q->sql.out.len);
		buf_append_byte(out, '\n');
		break;
	}
	return buf_error(out);
}
