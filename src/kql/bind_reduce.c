/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_reduce.c - reduce: texts grouped by the words that many of them have at the same place
 *
 * A word is frequent where more than a part (the threshold) of all texts have it at its place; what
 * is not becomes a star. Source: R. Vaarandi, A data clustering algorithm for mining patterns from
 * event logs, as learn.microsoft.com/kusto/query/reduce-operator describes it.
 */
#include "kql/bind_summarize.h"

#include <string.h>

#define THRESHOLD 0.1

static struct bx *threshold_of(struct binder *b, const struct ast *op)
{
	const struct ast *a = ast_option(op, "threshold");
	struct bx *x = bx_new(b, BX_CONST, KQL_REAL, op->span);
	const struct bx *given = a ? bind_constant(b, a, KQL_REAL) : NULL;

	x->d = given ? given->d : THRESHOLD;
	if (!given || (given->d >= 0 && given->d <= 1))
		return x;
	diag_add(b->diags, DIAG_VALUE, a->span, "a threshold of %g", given->d);
	diag_expected(b->diags, "a part of all rows: 0 to 1");
	return bx_bad(b, op->span);
}

/* The inside of a class of a regular expression that holds what separates words. */
static struct bx *separators_of(struct binder *b, const struct ast *op)
{
	const struct ast *a = ast_option(op, "characters");
	const struct bx *given = a ? bind_constant(b, a, KQL_STRING) : NULL;
	struct buf out = BUF_INIT(4096);
	char *text = NULL;

	for (const char *c = given ? given->s : ""; *c; c++) {
		if (strchr("\\]^-[&", *c))
			buf_append_byte(&out, '\\');
		buf_append_byte(&out, (uint8_t)*c);
	}
	if (!buf_error(&out))
		text = arena_strndup(b->arena, out.len ? out.data : "^A-Za-z0-9",
				     out.len ? out.len : strlen("^A-Za-z0-9"));
	buf_done(&out);
	return text ? bx_text(b, KQL_STRING, text, strlen(text), op->span) : bx_bad(b, op->span);
}

/* Columns of a row for each text. */
struct spread {
	const struct column *pattern, *text;
};

static struct spread spread(struct binder *b, const struct ast *op, struct bx *args[3],
			    struct table *t)
{
	const struct column *texts, *patterns;
	struct spread made;
	struct summarize s;
	struct rel *unnest;

	summarize_begin(b, &s, t);
	summarize_keys(b, &s, NULL);
	texts = rel_define(b, s.rel, "texts", bx_call(b, "__texts", op->span, 1, args[0]));
	patterns = rel_define(
	    b, s.extend, "patterns",
	    bx_call(b, "__patterns", op->span, 3, bx_column(b, texts, op->span), args[1], args[2]));
	summarize_end(b, &s, t);
	unnest = rel_new(b, REL_UNNEST, t->rel);
	made.pattern = rel_define(b, unnest, "Pattern", bx_column(b, patterns, op->span));
	made.text = rel_define(b, unnest, "text", bx_column(b, texts, op->span));
	*t = (struct table){ .rel = unnest };
	return made;
}

static struct bx *text_of(struct binder *b, const struct column *c, struct span at)
{
	return bx_call(b, "__text_item", at, 1, bx_column(b, c, at));
}

static bool group(struct binder *b, const struct ast *op, struct table *t,
		  const struct spread *rows)
{
	struct bx *others = bx_text(b, KQL_STRING, "others", strlen("others"), op->span), *one;
	const struct column *key, *count;
	struct summarize s;
	struct rel *sort;

	summarize_begin(b, &s, t);
	summarize_keys(b, &s, NULL);
	key = summarize_key(b, s.rel, "Pattern", text_of(b, rows->pattern, op->span));
	count = rel_define(b, s.rel, "Count", bx_call(b, "count", op->span, 0));
	one =
	    bx_column(b,
		      rel_define(b, s.rel, "some",
				 bx_call(b, "min", op->span, 1, text_of(b, rows->text, op->span))),
		      op->span);
	one = bx_call(b, "iff", op->span, 3,
		      bx_call(b, "==", op->span, 2, bx_column(b, key, op->span), others),
		      bx_null(b, KQL_STRING, op->span), one);
	table_push(b, &s.outs, "Pattern", key);
	table_push(b, &s.outs, "Count", count);
	table_push(b, &s.outs, "Representative", rel_define(b, s.extend, "Representative", one));
	summarize_end(b, &s, t);
	sort = rel_new(b, REL_SORT, t->rel);
	sort->orders = arena_array(b->arena, struct order, 1);
	if (!sort->orders)
		return false;
	sort->orders[sort->order_count++] =
	    (struct order){ bx_column(b, count, op->span), true, false };
	t->rel = sort;
	t->ordered = true;
	return true;
}

bool bind_reduce(struct binder *b, const struct ast *op, struct table *t)
{
	const struct ast *kind = ast_option(op, "kind");
	struct bx *args[3];
	struct spread rows;

	if (!op->count)
		return false;
	if (kind) {
		diag_add(b->diags, DIAG_REFUSED, kind->span,
			 "reduce that keeps the rows is not supported here");
		diag_expected(b->diags, "reduce by ... without kind");
		return false;
	}
	args[0] = table_expr(b, t, op->kids[0]);
	args[1] = threshold_of(b, op);
	args[2] = separators_of(b, op);
	for (unsigned int i = 0; i < 3; i++)
		if (args[i]->type == KQL_UNKNOWN)
			return false;
	rows = spread(b, op, args, t);
	return group(b, op, t, &rows);
}
