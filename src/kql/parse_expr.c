/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse_expr.c - scalar expressions, names, schemas
 *
 * or < and < equality, string and list operators < order < sum < product < sign < path and index.
 */
#include <string.h>

#include "kql/parse.h"

static struct ast *binary(struct parser *p, const struct token *op, struct ast *left,
			  struct ast *right)
{
	struct ast *b = parse_text(p, AST_BINARY, op);

	parse_push(p, b, left);
	parse_push(p, b, right);
	b->span.pos = left->span.pos;
	return parse_close(p, b);
}

/* "a" "b" is "ab" */
static struct ast *parse_strings(struct parser *p)
{
	const struct token *first = p->t;
	struct ast *a = parse_text(p, AST_LITERAL, first);

	a->type = KQL_STRING;
	parse_step(p);
	while (p->t->kind == TOKEN_STRING) {
		char *joined = arena_alloc(p->arena, a->text_len + p->t->text_len + 1);

		if (!joined)
			return parse_fail(p, "less memory");
		memcpy(joined, a->text, a->text_len);
		memcpy(joined + a->text_len, p->t->text, p->t->text_len);
		a->text_len += p->t->text_len;
		joined[a->text_len] = '\0';
		a->text = joined;
		parse_step(p);
	}
	return parse_close(p, a);
}

static struct ast *parse_literal(struct parser *p)
{
	static const uint8_t types[] = {
		[TOKEN_LONG] = KQL_LONG, [TOKEN_REAL] = KQL_REAL, [TOKEN_TIMESPAN] = KQL_TIMESPAN
	};
	struct ast *a;

	if (p->t->kind == TOKEN_STRING)
		return parse_strings(p);
	a = parse_text(p, AST_LITERAL, p->t);
	a->type = p->t->kind == TOKEN_TYPED ? p->t->type : types[p->t->kind];
	/* null of a type; that of dynamic is JSON's */
	if (p->t->kind == TOKEN_TYPED && a->text_len == 4 && !memcmp(a->text, "null", 4)) {
		a->text = NULL;
		a->text_len = 0;
	}
	parse_step(p);
	return a;
}

static struct ast *parse_argument(struct parser *p)
{
	struct ast *named;

	if (parse_at(p, "*") && (parse_next_is(p, 1, ",") || parse_next_is(p, 1, ")"))) {
		named = parse_text(p, AST_WILDCARD, p->t);
		parse_step(p);
		return named;
	}
	if (p->t->kind == TOKEN_NAME && parse_next_is(p, 1, "=")) {
		named = parse_text(p, AST_NAMED, p->t);
		parse_step(p);
		parse_step(p);
		parse_push(p, named, parse_any(p));
		return parse_close(p, named);
	}
	return parse_any(p);
}

struct ast *parse_call(struct parser *p)
{
	struct ast *call;

	if (p->t->kind != TOKEN_NAME || !parse_next_is(p, 1, "("))
		return parse_fail(p, "a function with its arguments");
	call = parse_text(p, AST_CALL, p->t);
	parse_step(p);
	parse_step(p);
	if (!parse_deeper(p))
		return call;
	while (p->t < p->end && !parse_at(p, ")")) {
		parse_push(p, call, parse_argument(p));
		if (!parse_take(p, ","))
			break;
	}
	parse_expect(p, ")");
	p->depth--;
	return parse_close(p, call);
}

static struct ast *parse_parens(struct parser *p)
{
	const struct token *open = p->t;
	struct ast *a;

	parse_step(p);
	a = parse_any(p);
	if (parse_at(p, ",")) { /* a tuple: (a, b) = f() */
		struct ast *list = parse_new(p, AST_LIST, open);

		parse_push(p, list, a);
		while (parse_take(p, ","))
			parse_push(p, list, parse_any(p));
		a = list;
	}
	parse_expect(p, ")");
	a->flags |= AST_PARENS;
	return a;
}

static struct ast *parse_word(struct parser *p)
{
	struct ast *a;

	if (parse_next_is(p, 1, "("))
		return parse_call(p);
	if (parse_at(p, "true") || parse_at(p, "false") || parse_at(p, "True") ||
	    parse_at(p, "False") || parse_at(p, "TRUE") || parse_at(p, "FALSE")) {
		a = parse_text(p, AST_LITERAL, p->t);
		a->type = KQL_BOOL;
	} else {
		a = parse_text(p, AST_NAME, p->t);
	}
	parse_step(p);
	return a;
}

static struct ast *parse_primary(struct parser *p)
{
	struct ast *a;

	switch (p->t->kind) {
	case TOKEN_STRING:
	case TOKEN_LONG:
	case TOKEN_REAL:
	case TOKEN_TIMESPAN:
	case TOKEN_TYPED:
		return parse_literal(p);
	case TOKEN_NAME:
		return parse_word(p);
	default:
		break;
	}
	if (parse_at(p, "("))
		return parse_parens(p);
	if (parse_at(p, "[") && p->t[1].kind == TOKEN_STRING)
		return parse_name(p);
	if (parse_at(p, "*")) {
		a = parse_text(p, AST_WILDCARD, p->t);
		parse_step(p);
		return a;
	}
	return parse_fail(p, "an expression");
}

static struct ast *parse_postfix(struct parser *p)
{
	struct ast *a = parse_primary(p);

	for (;;) {
		struct ast *outer;

		if (parse_at(p, ".") &&
		    (p->t[1].kind == TOKEN_NAME || p->t[1].kind == TOKEN_LONG)) {
			parse_step(p);
			if (parse_next_is(p, 1, "(")) { /* database("x").table("y") */
				outer = parse_call(p);
				outer->span.pos = a->span.pos;
				a = parse_close(p, outer);
				continue;
			}
			outer = parse_text(p, AST_PATH, p->t);
			parse_step(p);
			parse_push(p, outer, a);
		} else if (parse_at(p, ".") && parse_next_is(p, 1, "[")) {
			parse_step(p);
			continue;
		} else if (parse_at(p, "[") && a->kind != AST_BAD) {
			outer = parse_new(p, AST_INDEX, p->t);
			parse_step(p);
			parse_push(p, outer, a);
			parse_push(p, outer, parse_expr(p));
			parse_expect(p, "]");
		} else {
			return a;
		}
		outer->span.pos = a->span.pos;
		a = parse_close(p, outer);
	}
}

struct ast *parse_unary(struct parser *p)
{
	struct ast *a;

	if (!parse_at(p, "-") && !parse_at(p, "+"))
		return parse_postfix(p);
	a = parse_text(p, AST_UNARY, p->t);
	parse_step(p);
	if (!parse_deeper(p))
		return a;
	parse_push(p, a, parse_unary(p));
	p->depth--;
	return parse_close(p, a);
}

static struct ast *parse_chain(struct parser *p, const char *const *ops,
			       struct ast *(*operand)(struct parser *))
{
	struct ast *left = operand(p);

	for (;;) {
		const struct token *op = p->t;
		unsigned int i = 0;

		while (ops[i] && !parse_at(p, ops[i]))
			i++;
		if (!ops[i] || op == p->end)
			return left;
		parse_step(p);
		left = binary(p, op, left, operand(p));
	}
}

static struct ast *parse_product(struct parser *p)
{
	static const char *const ops[] = { "*", "/", "%", NULL };

	return parse_chain(p, ops, parse_unary);
}

struct ast *parse_sum(struct parser *p)
{
	static const char *const ops[] = { "+", "-", NULL };

	return parse_chain(p, ops, parse_product);
}

static struct ast *parse_order_op(struct parser *p)
{
	static const char *const ops[] = { "<", "<=", ">", ">=", NULL };

	return parse_chain(p, ops, parse_sum);
}

static struct ast *parse_range(struct parser *p)
{
	struct ast *range = parse_new(p, AST_RANGE, p->t);

	parse_expect(p, "(");
	parse_push(p, range, parse_sum(p));
	parse_expect(p, "..");
	parse_push(p, range, parse_sum(p));
	parse_expect(p, ")");
	return parse_close(p, range);
}

static struct ast *parse_set_operand(struct parser *p)
{
	struct ast *list;

	if (!parse_at(p, "("))
		return parse_sum(p);
	list = parse_new(p, AST_LIST, p->t);
	parse_step(p);
	while (p->t < p->end && !parse_at(p, ")")) {
		parse_push(p, list, parse_any(p));
		if (!parse_take(p, ","))
			break;
	}
	parse_expect(p, ")");
	return parse_close(p, list);
}

enum operand { OPERAND_NONE, OPERAND_ONE, OPERAND_SET, OPERAND_RANGE, OPERAND_REGEX };

static enum operand operator_here(const struct parser *p)
{
	static const struct {
		const char *word;
		enum operand operand;
	} words[] = {
		{ "==", OPERAND_ONE },
		{ "!=", OPERAND_ONE },
		{ "<>", OPERAND_ONE },
		{ "=~", OPERAND_ONE },
		{ "!~", OPERAND_ONE },
		{ "has", OPERAND_ONE },
		{ "contains", OPERAND_ONE },
		{ "startswith", OPERAND_ONE },
		{ "endswith", OPERAND_ONE },
		{ "hasprefix", OPERAND_ONE },
		{ "hassuffix", OPERAND_ONE },
		{ "like", OPERAND_ONE },
		{ "has_cs", OPERAND_ONE },
		{ "contains_cs", OPERAND_ONE },
		{ "startswith_cs", OPERAND_ONE },
		{ "endswith_cs", OPERAND_ONE },
		{ "hasprefix_cs", OPERAND_ONE },
		{ "hassuffix_cs", OPERAND_ONE },
		{ "notcontains", OPERAND_ONE },
		{ "notlike", OPERAND_ONE },
		{ "in", OPERAND_SET },
		{ "in~", OPERAND_SET },
		{ "has_any", OPERAND_SET },
		{ "has_all", OPERAND_SET },
		{ "between", OPERAND_RANGE },
		{ "matches", OPERAND_REGEX },
	};
	bool not = p->t->kind == TOKEN_WORD_OP && *p->t->text == '!';

	if (p->t->kind == TOKEN_STRING || p->t->kind == TOKEN_END)
		return OPERAND_NONE;
	if (p->in_search && parse_at(p, ":"))
		return OPERAND_ONE;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strlen(words[i].word) + not == p->t->text_len &&
		    !memcmp(words[i].word, p->t->text + not, p->t->text_len - not ))
			return words[i].operand;
	return OPERAND_NONE;
}

static struct ast *parse_equality(struct parser *p)
{
	struct ast *left = parse_order_op(p), *right;
	const struct token *op;

	for (;;) {
		enum operand operand = operator_here(p);

		if (operand == OPERAND_NONE)
			return left;
		op = p->t;
		parse_step(p);
		switch (operand) {
		case OPERAND_SET:
			right = parse_set_operand(p);
			break;
		case OPERAND_RANGE:
			right = parse_range(p);
			break;
		case OPERAND_REGEX:
			parse_expect(p, "regex");
			right = parse_order_op(p);
			break;
		default:
			right = parse_order_op(p);
		}
		left = binary(p, op, left, right);
	}
}

static struct ast *parse_and(struct parser *p)
{
	static const char *const ops[] = { "and", NULL };

	return parse_chain(p, ops, parse_equality);
}

struct ast *parse_expr(struct parser *p)
{
	static const char *const ops[] = { "or", NULL };
	struct ast *a;

	if (!parse_deeper(p))
		return parse_new(p, AST_BAD, p->t);
	a = parse_chain(p, ops, parse_and);
	p->depth--;
	return a;
}

struct ast *parse_any(struct parser *p)
{
	struct ast *a;

	if (!parse_deeper(p))
		return parse_new(p, AST_BAD, p->t);
	if (parse_op_begins(p)) {
		a = parse_pipe(p, NULL);
	} else {
		a = parse_expr(p);
		if (parse_at(p, "|"))
			a = parse_pipe(p, a);
	}
	p->depth--;
	return a;
}

struct ast *parse_named(struct parser *p)
{
	const struct token *first = p->t;
	struct ast *left = parse_expr(p), *named;

	if (!parse_at(p, "=") || left->kind == AST_BAD)
		return left;
	if (left->kind != AST_NAME && left->kind != AST_LIST)
		return parse_fail(p, "'==' to compare, or a name before '='");
	named = parse_new(p, AST_NAMED, first);
	parse_step(p);
	parse_push(p, named, parse_expr(p));
	if (left->kind == AST_LIST) {
		parse_push(p, named, left);
	} else {
		named->text = left->text;
		named->text_len = left->text_len;
	}
	return parse_close(p, named);
}
