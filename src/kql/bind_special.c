/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_special.c - calls whose arguments are not plain values: tables, names of columns, pairs
 */
#include <string.h>

#include "kql/bind_call.h"
#include "kql/bind_source.h"

#define PACKED_MAX 128u /* columns in one value */

/* What is another value each time it is computed becomes one of the query. */
static struct bx *once(struct binder *b, struct bx *value)
{
	struct rel *r;
	struct bx *x;

	if (value->kind != BX_CALL || !(value->fn->flags & FUNC_VOLATILE))
		return value;
	r = rel_new(b, REL_EXTEND, bind_values(b, 1));
	x = bx_new(b, BX_SCALAR, value->type, value->span);
	if (x == &b->spare)
		return x;
	x->result = rel_define(b, r, "once", value);
	x->rel = r;
	x->nullable = x->type != KQL_STRING;
	return x;
}

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
		return once(b, bind_expr(b, a->kids[0]));
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

/* One of two values; of a dynamic one and another the other says the type. */
static struct bx *choose(struct binder *b, struct bx *condition, struct bx *yes, struct bx *no,
			 struct span at)
{
	if (yes->type == KQL_DYNAMIC && no->type != KQL_DYNAMIC && no->type != KQL_UNKNOWN)
		yes = bx_cast(b, yes, no->type);
	else if (no->type == KQL_DYNAMIC && yes->type != KQL_DYNAMIC && yes->type != KQL_UNKNOWN)
		no = bx_cast(b, no, yes->type);
	return bx_call(b, "iff", at, 3, condition, yes, no);
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
		x = choose(b, bind_bool(b, a->kids[i - 2]), bind_expr(b, a->kids[i - 1]), x,
			   a->span);
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
	return choose(b, condition, yes, no, a->span);
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
	struct bx *args[PACKED_MAX * 2];
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

/* bag_pack_columns(a, b): a bag of their names and values */
static struct bx *bind_pack_columns(struct binder *b, const struct ast *a)
{
	struct bx *args[PACKED_MAX * 2];
	unsigned int count = 0;

	for (uint32_t i = 0; i < a->count && count < ARRAY_SIZE(args); i++) {
		const char *name = bind_expr_name(b, a->kids[i]);

		if (!name)
			name = arena_printf(b->arena, "Column%u", i + 1);
		if (!name)
			return bx_bad(b, a->span);
		args[count++] = bx_text(b, KQL_STRING, name, strlen(name), a->kids[i]->span);
		args[count++] = bind_expr(b, a->kids[i]);
	}
	if (!count) {
		diag_add(b->diags, DIAG_ARGUMENTS, a->span, "%s() without columns", a->text);
		diag_expected(b->diags, "at least one");
		return bx_bad(b, a->span);
	}
	return bind_raw_call(b, "bag_pack", KQL_DYNAMIC, args, count, a->span);
}

/* About the bytes of one value: of a fixed size but for text. */
static struct bx *data_size(struct binder *b, struct bx *x)
{
	static const uint8_t sizes[KQL_TYPE_COUNT] = {
		[KQL_BOOL] = 1,	    [KQL_INT] = 4,	[KQL_LONG] = 8,	 [KQL_REAL] = 8,
		[KQL_DATETIME] = 8, [KQL_TIMESPAN] = 8, [KQL_GUID] = 16, [KQL_DECIMAL] = 16
	};

	if (sizes[x->type])
		return bx_long(b, sizes[x->type], x->span);
	return bx_call(b, "string_size", x->span, 1, bx_cast(b, x, KQL_STRING));
}

/* estimate_data_size(columns), or of all for a star */
static struct bx *bind_data_size(struct binder *b, const struct ast *a)
{
	bool all = a->count == 1 && a->kids[0]->kind == AST_WILDCARD;
	uint32_t count = all ? (b->row.left ? b->row.left->count : 0) : a->count;
	struct bx *sum = bx_long(b, 0, a->span);

	for (uint32_t i = 0; i < count; i++) {
		struct bx *x = all ? bx_column(b, b->row.left->outs[i].column, a->span)
				   : bind_expr(b, a->kids[i]);

		if (x->type == KQL_UNKNOWN)
			return x;
		sum = bx_call(b, "+", a->span, 2, sum, data_size(b, x));
	}
	return sum;
}

static struct bx *bind_pack_all(struct binder *b, const struct ast *a)
{
	const struct bx *ignore = a->count ? bind_constant(b, a->kids[0], KQL_BOOL) : NULL;

	return pack_columns(b, a, ignore && ignore->i);
}

/* pack_array(*), strcat_delim and the like take all columns for a star */
static struct bx *bind_pack_star(struct binder *b, const struct ast *a)
{
	struct bx *args[PACKED_MAX];
	unsigned int count = 0;

	for (uint32_t i = 0; b->row.left && i < b->row.left->count && count < PACKED_MAX; i++)
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
		{ "bag_pack_columns", bind_pack_columns },
		{ "estimate_data_size", bind_data_size },
		{ "assert", bind_assert },
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
