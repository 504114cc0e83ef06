/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_special.c - calls whose arguments are not plain values: tables, names of columns, pairs
 */
#include <string.h>

#include "kql/bind_call.h"

static struct bx *bind_toscalar(struct binder *b, const struct ast *a)
{
	struct row outer = b->row;
	struct table t = { 0 };
	struct bx *x;
	bool good;

	if (a->count != 1) {
		diag_add(b->diags, DIAG_ARGUMENTS, a->span, "toscalar() with %u arguments",
			 a->count);
		diag_expected(b->diags, "1");
		return bx_bad(b, a->span);
	}
	if (!bind_is_tabular(b, a->kids[0]))
		return bind_expr(b, a->kids[0]);
	b->row = (struct row){ 0 };
	good = bind_table(b, a->kids[0], &t);
	b->row = outer;
	if (!good || !t.count)
		return bx_bad(b, a->span);
	x = bx_new(b, BX_SCALAR, t.outs[0].column->type, a->span);
	if (x == &b->spare)
		return x;
	x->rel = t.rel;
	x->result = t.outs[0].column;
	x->nullable = x->type != KQL_STRING;
	return x;
}

/* case(condition, value, ..., else) */
static struct bx *bind_case(struct binder *b, const struct ast *a)
{
	struct bx *x;

	if (a->count < 3 || a->count % 2 == 0) {
		diag_add(b->diags, DIAG_ARGUMENTS, a->span, "case() with %u arguments", a->count);
		diag_expected(b->diags,
			      "pairs of condition and value, and a last value for all else");
		return bx_bad(b, a->span);
	}
	x = bind_expr(b, a->kids[a->count - 1]);
	for (uint32_t i = a->count - 1; i; i -= 2)
		x = bx_call(b, "iff", a->span, 3, bind_bool(b, a->kids[i - 2]),
			    bind_expr(b, a->kids[i - 1]), x);
	return x;
}

/* iff() takes what is no bool, too */
static struct bx *bind_iff(struct binder *b, const struct ast *a)
{
	struct bx *condition, *yes, *no;

	if (a->count != 3) {
		diag_add(b->diags, DIAG_ARGUMENTS, a->span, "%s() with %u arguments", a->text,
			 a->count);
		diag_expected(b->diags, "3: condition, value, else");
		return bx_bad(b, a->span);
	}
	condition = bind_bool(b, a->kids[0]);
	yes = bind_expr(b, a->kids[1]);
	no = bind_expr(b, a->kids[2]);
	return bx_call(b, "iff", a->span, 3, condition, yes, no);
}

static struct bx *bind_column_ifexists(struct binder *b, const struct ast *a)
{
	const struct output *out;
	const struct bx *name;

	if (a->count != 2) {
		diag_add(b->diags, DIAG_ARGUMENTS, a->span, "%s() with %u arguments", a->text,
			 a->count);
		diag_expected(b->diags, "2: name and default");
		return bx_bad(b, a->span);
	}
	name = bind_constant(b, a->kids[0], KQL_STRING);
	if (!name)
		return bx_bad(b, a->span);
	out = table_find(b->row.left, name->s);
	return out ? bx_column(b, out->column, a->span) : bind_expr(b, a->kids[1]);
}

static struct bx *pack_columns(struct binder *b, const struct ast *a, bool ignore_empty)
{
	struct bx *args[FUNC_ARGS_MAX * 4];
	unsigned int count = 0;

	for (uint32_t i = 0; b->row.left && i < b->row.left->count; i++) {
		const struct output *out = &b->row.left->outs[i];

		if (count + 2 > ARRAY_SIZE(args)) {
			diag_add(b->diags, DIAG_LIMIT, a->span, "%s() of more than %zu columns",
				 a->text, ARRAY_SIZE(args) / 2);
			return bx_bad(b, a->span);
		}
		args[count++] = bx_text(b, KQL_STRING, out->name, strlen(out->name), a->span);
		args[count++] = bx_column(b, out->column, a->span);
	}
	return bind_raw_call(b, ignore_empty ? "__pack_filled" : "bag_pack", KQL_DYNAMIC, args,
			     count, a->span);
}

static struct bx *bind_pack_all(struct binder *b, const struct ast *a)
{
	const struct bx *ignore = a->count ? bind_constant(b, a->kids[0], KQL_BOOL) : NULL;

	return pack_columns(b, a, ignore && ignore->i);
}

/* pack_array(*), strcat_delim and the like take all columns for a star */
static struct bx *bind_pack_star(struct binder *b, const struct ast *a)
{
	struct bx *args[FUNC_ARGS_MAX];
	unsigned int count = 0;

	for (uint32_t i = 0; b->row.left && i < b->row.left->count && count < FUNC_ARGS_MAX; i++)
		args[count++] = bx_column(b, b->row.left->outs[i].column, a->span);
	return bind_raw_call(b, "pack_array", KQL_DYNAMIC, args, count, a->span);
}

/* The store's time of receipt, as long as the rows are still those of the scan. */
static struct bx *bind_ingestion_time(struct binder *b, const struct ast *a)
{
	const struct rel *r = b->row.left ? b->row.left->rel : NULL;

	while (r && (r->kind == REL_FILTER || r->kind == REL_EXTEND || r->kind == REL_SORT ||
		     r->kind == REL_LIMIT || r->kind == REL_WINDOW || r->kind == REL_UNNEST))
		r = r->input;
	for (uint32_t i = 0; r && r->kind == REL_SCAN && i < r->def_count; i++)
		if (!strcmp(r->defs[i].column->name, BIND_RECEIVED))
			return bx_column(b, r->defs[i].column, a->span);
	return bx_null(b, KQL_DATETIME, a->span);
}

static struct bx *bind_column_names(struct binder *b, const struct ast *a)
{
	struct buf json = BUF_INIT(KQL_TEXT_MAX);
	struct table t = { 0 };
	struct row outer = b->row;
	char *text = NULL;
	bool good;

	if (a->count != 1)
		return bx_bad(b, a->span);
	b->row = (struct row){ 0 };
	good = bind_table(b, a->kids[0], &t);
	b->row = outer;
	if (!good)
		return bx_bad(b, a->span);
	buf_append_byte(&json, '[');
	for (uint32_t i = 0; i < t.count; i++) {
		if (i)
			buf_append_byte(&json, ',');
		buf_append_json(&json, t.outs[i].name, strlen(t.outs[i].name));
	}
	buf_append_byte(&json, ']');
	if (!buf_error(&json))
		text = arena_strndup(b->arena, json.data, json.len);
	buf_done(&json);
	return text ? bx_text(b, KQL_DYNAMIC, text, strlen(text), a->span) : bx_bad(b, a->span);
}

/* bin_auto(x): a bin whose size and place the query set before. */
static struct bx *bind_bin_auto(struct binder *b, const struct ast *a)
{
	const struct ast *size = bind_setting(b, "query_bin_auto_size"),
			 *at = bind_setting(b, "query_bin_auto_at");
	struct bx *value, *step;

	if (a->count != 1) {
		diag_add(b->diags, DIAG_ARGUMENTS, a->span, "bin_auto() with %u arguments",
			 a->count);
		diag_expected(b->diags, "1");
		return bx_bad(b, a->span);
	}
	if (!size) {
		diag_add(b->diags, DIAG_PLACE, a->span, "bin_auto() without the size of a bin");
		diag_expected(b->diags, "set query_bin_auto_size=1h; before the query");
		return bx_bad(b, a->span);
	}
	value = bind_expr(b, a->kids[0]);
	step = bind_expr(b, size);
	if (at)
		return bx_call(b, "bin_at", a->span, 3, value, step, bind_expr(b, at));
	return bx_call(b, "bin", a->span, 2, value, step);
}

bool bind_special_call(struct binder *b, const struct ast *a, struct bx **ret)
{
	static const struct {
		const char *name;
		struct bx *(*bind)(struct binder *, const struct ast *);
	} specials[] = {
		{ "toscalar", bind_toscalar },
		{ "bin_auto", bind_bin_auto },
		{ "case", bind_case },
		{ "iff", bind_iff },
		{ "iif", bind_iff },
		{ "column_ifexists", bind_column_ifexists },
		{ "columnifexists", bind_column_ifexists },
		{ "pack_all", bind_pack_all },
		{ "ingestion_time", bind_ingestion_time },
		{ "column_names_of", bind_column_names },
	};

	for (size_t i = 0; i < ARRAY_SIZE(specials); i++) {
		if (strcmp(a->text, specials[i].name) != 0)
			continue;
		*ret = specials[i].bind(b, a);
		return true;
	}
	if (!strcmp(a->text, "pack_array") && a->count == 1 && a->kids[0]->kind == AST_WILDCARD) {
		*ret = bind_pack_star(b, a);
		return true;
	}
	return false;
}
