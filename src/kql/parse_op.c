/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse_op.c - operators of a pipe: which there are, and the shape of the plain ones
 *
 * Kids by shape: NONE nothing; ONE an expression; LIST one AST_LIST; COLUMNS one AST_LIST of names
 * and wildcards; the others stand at their functions.
 */
#include <stdio.h>
#include <string.h>

#include "base/near.h"
#include "kql/parse.h"

static void parse_none(struct parser *p, struct ast *op)
{
	(void)p;
	(void)op;
}

static void parse_one(struct parser *p, struct ast *op)
{
	parse_push(p, op, parse_expr(p));
}

static void parse_assignments(struct parser *p, struct ast *op)
{
	parse_push(p, op, parse_list(p, parse_named));
}

static void parse_optional_list(struct parser *p, struct ast *op)
{
	if (p->t == p->end || parse_at(p, "|") || parse_at(p, ")") || parse_at(p, ";") ||
	    parse_at(p, "}"))
		parse_push(p, op, parse_new(p, AST_LIST, p->t));
	else
		parse_push(p, op, parse_list(p, parse_named));
}

/* Name, pattern or both with an order: project-reorder a asc, b*, c granny-desc */
static struct ast *parse_column(struct parser *p)
{
	static const char *const orders[] = { "asc", "desc", "granny-asc", "granny-desc", NULL };
	struct ast *name = parse_column_pattern(p), *order;

	for (unsigned int i = 0; orders[i]; i++) {
		bool granny = i >= 2;

		if (!parse_at(p, granny ? "granny" : orders[i]) ||
		    (granny && !parse_next_is(p, 2, orders[i] + strlen("granny-"))))
			continue;
		order = parse_new(p, AST_ORDER, p->t);
		order->text = orders[i];
		order->text_len = (uint32_t)strlen(orders[i]);
		for (unsigned int n = granny ? 3 : 1; n; n--)
			parse_step(p);
		parse_push(p, order, name);
		return order;
	}
	return name;
}

static void parse_columns(struct parser *p, struct ast *op)
{
	parse_push(p, op, parse_list(p, parse_column));
}

struct ast *parse_order(struct parser *p)
{
	const struct token *first = p->t;
	struct ast *value = parse_named(p), *order = parse_new(p, AST_ORDER, first);

	parse_push(p, order, value);
	if (parse_at(p, "asc") || parse_at(p, "desc")) {
		order->text = parse_at(p, "asc") ? "asc" : "desc";
		order->text_len = (uint32_t)strlen(order->text);
		parse_step(p);
	}
	if (parse_take(p, "nulls")) {
		if (parse_take(p, "first"))
			order->flags |= AST_NULLS_FIRST;
		else if (parse_expect(p, "last"))
			order->flags |= AST_NULLS_LAST;
	}
	return parse_close(p, order);
}

/* by list */
static void parse_sort(struct parser *p, struct ast *op)
{
	parse_options(p, op);
	if (parse_expect(p, "by"))
		parse_push(p, op, parse_list(p, parse_order));
}

static struct ast *parse_distinct_item(struct parser *p)
{
	return parse_at(p, "*") ? parse_column_pattern(p) : parse_named(p);
}

static void parse_distinct(struct parser *p, struct ast *op)
{
	parse_options(p, op);
	parse_push(p, op, parse_list(p, parse_distinct_item));
}

/* count, list of orders */
static void parse_top(struct parser *p, struct ast *op)
{
	parse_options(p, op);
	parse_push(p, op, parse_expr(p));
	if (parse_expect(p, "by"))
		parse_push(p, op, parse_list(p, parse_order));
}

/* list of aggregates, list of keys */
static void parse_summarize(struct parser *p, struct ast *op)
{
	parse_options(p, op);
	if (parse_at(p, "by"))
		parse_push(p, op, parse_new(p, AST_LIST, p->t));
	else
		parse_optional_list(p, op);
	if (parse_take(p, "by"))
		parse_push(p, op, parse_list(p, parse_named));
}

/* n, expression */
static void parse_n_of(struct parser *p, struct ast *op)
{
	parse_push(p, op, parse_expr(p));
	if (parse_expect(p, "of"))
		parse_push(p, op, parse_named(p));
}

/* n, expression, by-expression? */
static void parse_top_hitters(struct parser *p, struct ast *op)
{
	parse_n_of(p, op);
	if (parse_take(p, "by"))
		parse_push(p, op, parse_expr(p));
}

/* A table of union, join: a name, a pattern, a call, or a pipe in parentheses */
static struct ast *parse_table(struct parser *p)
{
	if (p->t->kind == TOKEN_NAME && !parse_next_is(p, 1, "(") && !parse_next_is(p, 1, "."))
		return parse_column_pattern(p);
	if (parse_at(p, "*"))
		return parse_column_pattern(p);
	return parse_unary(p);
}

/* right side, list of conditions */
static void parse_join(struct parser *p, struct ast *op)
{
	parse_options(p, op);
	parse_push(p, op, parse_table(p));
	/* The option may stand behind the table, as old queries have it. */
	parse_options(p, op);
	if (parse_take(p, "on"))
		parse_push(p, op, parse_list(p, parse_expr));
	else if (parse_take(p, "where"))
		parse_push(p, op, parse_list(p, parse_expr));
}

static void parse_union(struct parser *p, struct ast *op)
{
	parse_options(p, op);
	parse_push(p, op, parse_list(p, parse_table));
	parse_options(p, op);
}

static struct ast *parse_expand(struct parser *p)
{
	struct ast *e = parse_new(p, AST_EXPAND, p->t);

	parse_push(p, e, parse_named(p));
	if (parse_take(p, "to")) {
		parse_expect(p, "typeof");
		parse_expect(p, "(");
		e->type = (uint8_t)parse_type(p);
		parse_expect(p, ")");
	}
	return parse_close(p, e);
}

static void parse_limit_option(struct parser *p, struct ast *op)
{
	struct ast *limit;

	if (!parse_at(p, "limit"))
		return;
	limit = parse_text(p, AST_NAMED, p->t);
	parse_step(p);
	parse_push(p, limit, parse_unary(p));
	if (!op->opts)
		op->opts = parse_new(p, AST_LIST, p->t);
	parse_push(p, op->opts, limit);
}

/* list of AST_EXPAND */
static void parse_mv_expand(struct parser *p, struct ast *op)
{
	parse_options(p, op);
	parse_push(p, op, parse_list(p, parse_expand));
	parse_limit_option(p, op);
}

/* list of AST_EXPAND, pipe without source */
static void parse_mv_apply(struct parser *p, struct ast *op)
{
	parse_options(p, op);
	parse_push(p, op, parse_list(p, parse_expand));
	parse_limit_option(p, op);
	if (!parse_expect(p, "on") || !parse_expect(p, "("))
		return;
	parse_push(p, op, parse_pipe(p, NULL));
	parse_expect(p, ")");
}

static void parse_as(struct parser *p, struct ast *op)
{
	parse_options(p, op);
	parse_push(p, op, parse_name(p));
}

static void parse_invoke(struct parser *p, struct ast *op)
{
	parse_push(p, op, parse_call(p));
}

/* name, from, to, step */
static void parse_range_op(struct parser *p, struct ast *op)
{
	static const char *const words[] = { "from", "to", "step" };

	parse_push(p, op, parse_name(p));
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (i == 2 && !parse_at(p, words[i]))
			return; /* a step of one */
		if (!parse_expect(p, words[i]))
			return;
		parse_push(p, op, parse_expr(p));
	}
}

/* schema, list of values */
static void parse_datatable(struct parser *p, struct ast *op)
{
	struct ast *list;

	parse_push(p, op, parse_schema(p));
	list = parse_new(p, AST_LIST, p->t);
	if (!parse_expect(p, "["))
		return;
	while (p->t < p->end && !parse_at(p, "]")) {
		parse_push(p, list, parse_expr(p));
		if (!parse_take(p, ","))
			break;
	}
	parse_expect(p, "]");
	parse_push(p, op, list);
}

static void parse_reduce(struct parser *p, struct ast *op)
{
	parse_options(p, op);
	if (!parse_expect(p, "by"))
		return;
	parse_push(p, op, parse_expr(p));
	if (parse_take(p, "with"))
		parse_options(p, op);
}

static const struct operator
{
	const char *name;
	void (*parse)(struct parser * p, struct ast * op);
	const char *means; /* legacy name of */
}
operators[] = {
	{ "as", parse_as },
	{ "consume", parse_none },
	{ "count", parse_none },
	{ "datatable", parse_datatable },
	{ "distinct", parse_distinct },
	{ "evaluate", parse_evaluate },
	{ "extend", parse_assignments },
	{ "externaldata", parse_external },
	{ "external_data", parse_external, "externaldata" },
	{ "filter", parse_one, "where" },
	{ "find", parse_find },
	{ "getschema", parse_none },
	{ "invoke", parse_invoke },
	{ "join", parse_join },
	{ "limit", parse_one, "take" },
	{ "lookup", parse_join },
	{ "make-series", parse_make_series },
	{ "mv-apply", parse_mv_apply },
	{ "mv-expand", parse_mv_expand },
	{ "mvapply", parse_mv_apply, "mv-apply" },
	{ "mvexpand", parse_mv_expand, "mv-expand" },
	{ "order", parse_sort, "sort" },
	{ "parse", parse_parse },
	{ "parse-kv", parse_parse_kv },
	{ "parse-where", parse_parse },
	{ "partition", parse_partition },
	{ "print", parse_assignments },
	{ "project", parse_optional_list },
	{ "project-away", parse_columns },
	{ "project-by-names", parse_optional_list },
	{ "project-keep", parse_columns },
	{ "project-rename", parse_assignments },
	{ "project-reorder", parse_columns },
	{ "range", parse_range_op },
	{ "reduce", parse_reduce },
	{ "render", parse_render },
	{ "sample", parse_one },
	{ "sample-distinct", parse_n_of },
	{ "scan", parse_scan },
	{ "search", parse_search },
	{ "serialize", parse_optional_list },
	{ "sort", parse_sort },
	{ "summarize", parse_summarize },
	{ "take", parse_one },
	{ "top", parse_top },
	{ "top-hitters", parse_top_hitters },
	{ "top-nested", parse_top_nested },
	{ "union", parse_union },
	{ "where", parse_one },
};

/* `hint.strategy = shuffle`, `kind = inner`: name, dots, '=' */
static const struct token *option_end(const struct parser *p)
{
	static const char *const known[] = { "kind",	       "flags",		 "isfuzzy",
					     "withsource",     "with_source",	 "bagexpansion",
					     "with_itemindex", "threshold",	 "characters",
					     "with_match_id",  "with_step_name", "hint",
					     "pair_delimiter" };
	const struct token *t = p->t;
	bool found = false;

	if (t->kind != TOKEN_NAME)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		found |= parse_at(p, known[i]);
	while (found && p->end - t > 2 && t[1].kind == TOKEN_PUNCT && *t[1].text == '.')
		t += 2;
	t++;
	return found && t->kind == TOKEN_PUNCT && t->text_len == 1 && *t->text == '=' ? t : NULL;
}

/* A word, also before a parenthesis: kind=inner(Table) */
static struct ast *parse_word_value(struct parser *p)
{
	struct ast *a = parse_text(p, AST_LITERAL, p->t);

	a->type = KQL_STRING;
	parse_step(p);
	return a;
}

void parse_options(struct parser *p, struct ast *op)
{
	const struct token *end;

	while ((end = option_end(p))) {
		struct ast *named = parse_new(p, AST_NAMED, p->t);

		named->text_len = (uint32_t)(end[-1].text + end[-1].text_len - p->t->text);
		named->text = arena_strndup(p->arena, p->t->text, named->text_len);
		if (!named->text) {
			(void)parse_fail(p, "less memory");
			return;
		}
		p->t = end + 1;
		parse_push(p, named,
			   p->t->kind == TOKEN_NAME ? parse_word_value(p) : parse_unary(p));
		if (!op->opts)
			op->opts = parse_new(p, AST_LIST, end);
		parse_push(p, op->opts, parse_close(p, named));
		(void)parse_take(p, ",");
	}
}

/* How many tokens the operator's name has here: mv-expand is three that touch. */
static unsigned int name_length(const struct parser *p, const char *name)
{
	const char *rest = name;
	const struct token *t = p->t;

	for (unsigned int n = 1;; n++, t++) {
		if (t->kind != (n % 2 ? TOKEN_NAME : TOKEN_PUNCT) || (n > 1 && t->spaced) ||
		    strncmp(rest, t->text, t->text_len) != 0)
			return 0;
		rest += t->text_len;
		if (!*rest)
			return t[1].kind == TOKEN_PUNCT && *t[1].text == '-' && !t[1].spaced &&
				       t[2].kind == TOKEN_NAME && !t[2].spaced
				   ? 0
				   : n;
	}
}

static const struct operator* find(const struct parser *p, unsigned int *ret_tokens)
{
	for (size_t i = 0; i < ARRAY_SIZE(operators); i++) {
		*ret_tokens = name_length(p, operators[i].name);
		if (*ret_tokens)
			return &operators[i];
	}
	return NULL;
}

static struct ast *unknown_operator(struct parser *p)
{
	struct near near;
	char word[NEAR_WORD_MAX];
	const struct token *first = p->t, *last = p->t;
	struct span at;

	if (first->kind != TOKEN_NAME)
		return parse_fail(p, "an operator such as where, project, summarize");
	while (p->end - last > 2 && last[1].kind == TOKEN_PUNCT && *last[1].text == '-' &&
	       !last[1].spaced && last[2].kind == TOKEN_NAME && !last[2].spaced)
		last += 2;
	at = (struct span){ first->span.pos, last->span.pos + last->span.len - first->span.pos };
	snprintf(word, sizeof(word), "%.*s", (int)MIN(at.len, 100u), first->text);
	near = (struct near){ .word = word };
	for (size_t i = 0; i < ARRAY_SIZE(operators); i++)
		near_offer(&near, operators[i].name);
	diag_add(p->diags, DIAG_OPERATOR, at, "there is no operator '%s'", word);
	diag_suggest(p->diags, near.best);
	p->t = last;
	/* Silent: the complaint is made. */
	return parse_fail(p, "an operator");
}

struct ast *parse_op(struct parser *p)
{
	unsigned int tokens;
	const struct operator* o = find(p, &tokens);
	struct ast *op;

	if (!o)
		return unknown_operator(p);
	op = parse_new(p, AST_OP, p->t);
	op->text = o->means ? o->means : o->name;
	op->text_len = (uint32_t)strlen(op->text);
	while (tokens--)
		parse_step(p);
	o->parse(p, op);
	return parse_close(p, op);
}

bool parse_op_begins(const struct parser *p)
{
	const struct token *next = p->t + (p->t < p->end);

	if (p->t->kind != TOKEN_NAME)
		return false;
	if (parse_at(p, "datatable") || parse_at(p, "externaldata") || parse_at(p, "external_data"))
		return parse_next_is(p, 1, "(");
	if (parse_at(p, "range"))
		return next->kind == TOKEN_NAME && parse_next_is(p, 2, "from");
	if (parse_at(p, "evaluate"))
		return next->kind == TOKEN_NAME;
	if (!parse_at(p, "print") && !parse_at(p, "union") && !parse_at(p, "search") &&
	    !parse_at(p, "find"))
		return false;
	if (next->kind == TOKEN_PUNCT)
		return *next->text == '(' || *next->text == '[' || *next->text == '-' ||
		       *next->text == '*';
	return next->kind != TOKEN_END && next->kind != TOKEN_WORD_OP;
}

struct ast *parse_pipe(struct parser *p, struct ast *source)
{
	struct ast *pipe = parse_new(p, AST_PIPE, p->t);

	parse_push(p, pipe, source);
	if (source)
		pipe->span.pos = source->span.pos;
	else
		parse_push(p, pipe, parse_op(p));
	while (parse_take(p, "|"))
		parse_push(p, pipe, parse_op(p));
	return parse_close(p, pipe);
}
