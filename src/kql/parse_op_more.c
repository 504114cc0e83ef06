/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse_op_more.c - operators with a grammar of their own; each function says what the kids are
 */
#include <string.h>

#include "kql/parse.h"

/* name = value, ... in parentheses, as options */
static void parse_with(struct parser *p, struct ast *op)
{
	if (!parse_expect(p, "("))
		return;
	if (!op->opts)
		op->opts = parse_new(p, AST_LIST, p->t);
	while (p->t < p->end && !parse_at(p, ")")) {
		struct ast *named = parse_text(p, AST_NAMED, p->t);

		parse_step(p);
		if (!parse_expect(p, "="))
			return;
		parse_push(p, named, parse_value(p));
		parse_push(p, op->opts, named);
		if (!parse_take(p, ","))
			break;
	}
	parse_expect(p, ")");
}

/* list of (aggregate, default?) lists, axis, from?, to?, step?, list of keys */
void parse_make_series(struct parser *p, struct ast *op)
{
	static const char *const words[] = { "from", "to", "step" };
	struct ast *series = parse_new(p, AST_LIST, p->t);

	parse_options(p, op);
	do {
		struct ast *one = parse_new(p, AST_LIST, p->t);

		parse_push(p, one, parse_named(p));
		if (parse_take(p, "default") && parse_expect(p, "="))
			parse_push(p, one, parse_unary(p));
		parse_push(p, series, parse_close(p, one));
	} while (parse_take(p, ","));
	parse_push(p, op, series);
	if (!parse_expect(p, "on"))
		return;
	parse_push(p, op, parse_sum(p));
	if (parse_take(p, "in") && parse_at(p, "range")) { /* legacy: in range(from, to, step) */
		struct ast *range = parse_call(p);

		for (unsigned int i = 0; i < 3; i++)
			parse_push(p, op, ast_kid(range, i));
	} else {
		for (size_t i = 0; i < ARRAY_SIZE(words); i++)
			parse_push(p, op, parse_take(p, words[i]) ? parse_expr(p) : NULL);
	}
	if (parse_take(p, "by"))
		parse_push(p, op, parse_list(p, parse_named));
}

/* levels: list of (count?, expression, others?, order of the aggregate) */
void parse_top_nested(struct parser *p, struct ast *op)
{
	for (;;) {
		struct ast *level = parse_new(p, AST_LIST, p->t);

		parse_push(p, level, parse_at(p, "of") ? NULL : parse_expr(p));
		if (!parse_expect(p, "of"))
			return;
		parse_push(p, level, parse_named(p));
		if (parse_take(p, "with")) {
			parse_expect(p, "others");
			parse_expect(p, "=");
			parse_push(p, level, parse_expr(p));
		} else {
			parse_push(p, level, NULL);
		}
		if (!parse_expect(p, "by"))
			return;
		parse_push(p, level, parse_order(p));
		parse_push(p, op, parse_close(p, level));
		if (!parse_take(p, ","))
			return;
		for (const char *const *w = (const char *const[]){ "top", "-", "nested", NULL }; *w;
		     w++)
			if (!parse_expect(p, *w))
				return;
	}
}

static struct ast *parse_scan_step(struct parser *p)
{
	struct ast *step;

	if (p->t->kind != TOKEN_NAME)
		return parse_fail(p, "the name of a step");
	step = parse_text(p, AST_STEP, p->t);
	parse_step(p);
	step->opts = parse_new(p, AST_LIST, p->t);
	while (parse_at(p, "optional") || parse_at(p, "output")) {
		struct ast *named = parse_text(p, AST_NAMED, p->t);

		parse_step(p);
		if (parse_take(p, "="))
			parse_push(p, named, parse_value(p));
		else
			parse_push(p, named, parse_text(p, AST_LITERAL, p->t - 1));
		parse_push(p, step->opts, named);
	}
	parse_expect(p, ":");
	parse_push(p, step, parse_expr(p));
	if (parse_take(p, "=>")) {
		do
			parse_push(p, step, parse_named(p));
		while (parse_take(p, ","));
	}
	return parse_close(p, step);
}

/* schema?, list of orders?, step* */
void parse_scan(struct parser *p, struct ast *op)
{
	parse_options(p, op);
	parse_push(p, op, parse_take(p, "declare") ? parse_schema(p) : NULL);
	if (parse_take(p, "order")) {
		parse_expect(p, "by");
		parse_push(p, op, parse_list(p, parse_order));
	} else {
		parse_push(p, op, NULL);
	}
	if (!parse_expect(p, "with") || !parse_expect(p, "("))
		return;
	while (parse_take(p, "step")) {
		parse_push(p, op, parse_scan_step(p));
		(void)parse_take(p, ";");
	}
	parse_expect(p, ")");
}

/* expression, list of what stands one behind the other: string, star, name with type */
void parse_parse(struct parser *p, struct ast *op)
{
	struct ast *parts;

	parse_options(p, op);
	parse_push(p, op, parse_expr(p));
	parts = parse_new(p, AST_LIST, p->t);
	if (!parse_expect(p, "with"))
		return;
	while (p->t->kind == TOKEN_STRING || p->t->kind == TOKEN_NAME || parse_at(p, "*") ||
	       parse_at(p, "[")) {
		if (p->t->kind != TOKEN_STRING) {
			parse_push(p, parts, parse_typed(p));
			continue;
		}
		parse_push(p, parts, parse_text(p, AST_LITERAL, p->t));
		parts->kids[parts->count - 1]->type = KQL_STRING;
		parse_step(p);
	}
	parse_push(p, op, parse_close(p, parts));
}

/* expression, schema */
void parse_parse_kv(struct parser *p, struct ast *op)
{
	parse_push(p, op, parse_expr(p));
	if (!parse_expect(p, "as"))
		return;
	parse_push(p, op, parse_schema(p));
	if (parse_take(p, "with"))
		parse_with(p, op);
}

static struct ast *parse_source(struct parser *p)
{
	return p->t->kind == TOKEN_NAME && !parse_next_is(p, 1, "(") && !parse_next_is(p, 1, ".")
		   ? parse_column_pattern(p)
		   : parse_any(p);
}

static struct ast *parse_sources(struct parser *p)
{
	struct ast *list = NULL;

	if (!parse_take(p, "in"))
		return NULL;
	if (parse_expect(p, "(")) {
		list = parse_list(p, parse_source);
		parse_expect(p, ")");
	}
	return list;
}

/* list of tables?, condition, list of columns? or "pack" */
void parse_find(struct parser *p, struct ast *op)
{
	parse_options(p, op);
	parse_push(p, op, parse_sources(p));
	if (!parse_take(p, "where") && op->kids[0] && !parse_expect(p, "where"))
		return; /* only a condition alone needs no where */
	p->in_search = true;
	parse_push(p, op, parse_expr(p));
	p->in_search = false;
	if (!parse_take(p, "project"))
		return;
	if (parse_take(p, "-"))
		parse_expect(p, "smart");
	else
		parse_push(p, op, parse_list(p, parse_typed));
}

/* list of tables?, condition */
void parse_search(struct parser *p, struct ast *op)
{
	parse_options(p, op);
	parse_push(p, op, parse_sources(p));
	p->in_search = true;
	parse_push(p, op, parse_expr(p));
	p->in_search = false;
}

/* call, schema of the result? */
void parse_evaluate(struct parser *p, struct ast *op)
{
	parse_options(p, op);
	parse_push(p, op, parse_call(p));
	if (parse_take(p, ":"))
		parse_push(p, op, parse_schema(p));
}

/* schema, list of addresses */
void parse_external(struct parser *p, struct ast *op)
{
	parse_push(p, op, parse_schema(p));
	if (!parse_expect(p, "["))
		return;
	parse_push(p, op, parse_list(p, parse_expr));
	parse_expect(p, "]");
	if (parse_take(p, "with"))
		parse_with(p, op);
}

/* kind of chart as a name; the properties are options */
void parse_render(struct parser *p, struct ast *op)
{
	if (p->t->kind != TOKEN_NAME) {
		(void)parse_fail(p, "a kind of chart such as table, timechart, barchart, piechart");
		return;
	}
	parse_push(p, op, parse_text(p, AST_NAME, p->t));
	parse_step(p);
	if (parse_take(p, "with")) {
		parse_with(p, op);
		return;
	}
	if (p->t->kind == TOKEN_NAME)
		op->opts = parse_new(p, AST_LIST, p->t);
	while (p->t->kind == TOKEN_NAME) { /* legacy: render barchart title="x" kind=stacked */
		struct ast *named = parse_text(p, AST_NAMED, p->t);

		parse_step(p);
		(void)parse_take(p, "=");
		parse_push(p, named, parse_value(p));
		parse_push(p, op->opts, named);
	}
}

/* column, pipe without source or block */
void parse_partition(struct parser *p, struct ast *op)
{
	parse_options(p, op);
	if (!parse_expect(p, "by"))
		return;
	parse_push(p, op, parse_name(p));
	if (parse_take(p, "(")) {
		parse_push(p, op, parse_pipe(p, NULL));
		parse_expect(p, ")");
	} else if (parse_expect(p, "{")) {
		parse_push(p, op, parse_block(p, "}"));
		parse_expect(p, "}");
	}
}
