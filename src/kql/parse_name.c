/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse_name.c - names, patterns of names, types, schemas, lists: what operators and expressions
 * share
 */
#include "kql/parse.h"
#include <string.h>

struct ast *parse_name(struct parser *p)
{
	struct ast *name;

	if (p->t->kind == TOKEN_NAME || p->t->kind == TOKEN_LONG) {
		name = parse_text(p, AST_NAME, p->t);
		parse_step(p);
		return name;
	}
	if (parse_at(p, "[") && p->end - p->t >= 2 && p->t[1].kind == TOKEN_STRING) {
		name = parse_text(p, AST_NAME, p->t + 1);
		name->flags = AST_QUOTED;
		parse_step(p);
		parse_step(p);
		parse_expect(p, "]");
		return name;
	}
	return parse_fail(p, "a name");
}

/* Name*, *Name, a*b: the parts touch each other. */
struct ast *parse_column_pattern(struct parser *p)
{
	const struct token *first = p->t, *t = p->t;
	struct ast *a;

	while ((t->kind == TOKEN_NAME || t->kind == TOKEN_LONG ||
		(t->kind == TOKEN_PUNCT && *t->text == '*')) &&
	       (t == first || !t->spaced))
		t++;
	if (t == first || (t == first + 1 && first->kind != TOKEN_PUNCT))
		return parse_name(p);
	a = parse_new(p, AST_WILDCARD, first);
	a->text_len = (uint32_t)(t[-1].text + t[-1].text_len - first->text);
	a->text = arena_strndup(p->arena, first->text, a->text_len);
	if (!a->text)
		return parse_fail(p, "less memory");
	p->t = t;
	return parse_close(p, a);
}

enum kql_type parse_type(struct parser *p)
{
	enum kql_type type = KQL_UNKNOWN;

	if (p->t->kind == TOKEN_NAME)
		type = kql_type_find(p->t->text, p->t->text_len);
	if (type == KQL_UNKNOWN)
		(void)parse_fail(
		    p, "a type: bool, int, long, real, decimal, datetime, timespan, dynamic, "
		       "guid or string");
	else
		parse_step(p);
	return type;
}

struct ast *parse_typed(struct parser *p)
{
	struct ast *name, *typed;

	if (parse_at(p, "*")) {
		name = parse_text(p, AST_WILDCARD, p->t);
		parse_step(p);
		return name;
	}
	name = parse_name(p);
	if (name->kind == AST_BAD)
		return name;
	typed = parse_new(p, AST_TYPED, p->t);
	typed->text = name->text;
	typed->text_len = name->text_len;
	typed->span = name->span;
	if (parse_take(p, ":")) {
		if (parse_at(p, "("))
			parse_push(p, typed, parse_schema(p));
		else
			typed->type = (uint8_t)parse_type(p);
	}
	if (parse_take(p, "=")) {
		if (!typed->count)
			parse_push(p, typed, NULL);
		parse_push(p, typed, parse_expr(p));
	}
	return parse_close(p, typed);
}

struct ast *parse_schema(struct parser *p)
{
	struct ast *schema = parse_new(p, AST_SCHEMA, p->t);

	if (!parse_expect(p, "("))
		return schema;
	while (p->t < p->end && !parse_at(p, ")")) {
		parse_push(p, schema, parse_typed(p));
		if (!parse_take(p, ","))
			break;
	}
	parse_expect(p, ")");
	return parse_close(p, schema);
}

struct ast *parse_list(struct parser *p, struct ast *(*item)(struct parser *))
{
	struct ast *list = parse_new(p, AST_LIST, p->t);

	do
		parse_push(p, list, item(p));
	while (parse_take(p, ","));
	return parse_close(p, list);
}

struct ast *parse_value(struct parser *p)
{
	struct ast *a;

	if (p->t->kind != TOKEN_NAME || parse_next_is(p, 1, "("))
		return parse_unary(p);
	a = parse_text(p, AST_LITERAL, p->t);
	a->type = KQL_STRING;
	parse_step(p);
	return a;
}
