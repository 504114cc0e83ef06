/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse.c - the parser's tools, and statements
 */
#include "kql/parse.h"

#include <string.h>

void parse_step(struct parser *p)
{
	if (p->t < p->end)
		p->t++;
}

struct ast *parse_new(struct parser *p, enum ast_kind kind, const struct token *at)
{
	struct ast *a = p->nodes < AST_NODES_MAX ? arena_new(p->arena, struct ast) : NULL;

	if (!a) {
		if (p->t < p->end)
			diag_add(p->diags, p->nodes < AST_NODES_MAX ? DIAG_MEMORY : DIAG_LIMIT,
				 at->span, "the query has too many parts");
		p->t = p->end;
		p->spare = (struct ast){ .kind = AST_BAD };
		return &p->spare;
	}
	p->nodes++;
	a->kind = (uint8_t)kind;
	a->span = at->span;
	return a;
}

struct ast *parse_text(struct parser *p, enum ast_kind kind, const struct token *at)
{
	struct ast *a = parse_new(p, kind, at);

	a->text = arena_strndup(p->arena, at->text, at->text_len);
	a->text_len = at->text_len;
	if (!a->text) {
		a->text = "";
		a->text_len = 0;
		p->t = p->end;
	}
	return a;
}

void parse_push(struct parser *p, struct ast *to, struct ast *kid)
{
	/* Room doubles at each power of two. */
	if (!(to->count & (to->count - 1)) || !to->count) {
		struct ast **more =
		    arena_array(p->arena, struct ast *, to->count ? to->count * 2 : 1);

		if (!more || to == &p->spare) {
			p->t = p->end;
			return;
		}
		if (to->count)
			memcpy(more, to->kids, to->count * sizeof(*more));
		to->kids = more;
	}
	to->kids[to->count++] = kid;
	if (kid && kid->depth >= to->depth)
		to->depth = (uint16_t)(kid->depth + 1);
	if (to->depth > AST_DEPTH_MAX && p->t < p->end) {
		diag_add(p->diags, DIAG_LIMIT, p->t->span,
			 "more than %u operators within each other", AST_DEPTH_MAX);
		p->t = p->end;
	}
}

struct ast *parse_close(struct parser *p, struct ast *a)
{
	const struct token *last = p->t - 1;

	if (last->span.pos + last->span.len > a->span.pos)
		a->span.len = last->span.pos + last->span.len - a->span.pos;
	return a;
}

static bool token_is(const struct token *t, const char *text)
{
	return (t->kind == TOKEN_PUNCT || t->kind == TOKEN_NAME || t->kind == TOKEN_WORD_OP) &&
	       strlen(text) == t->text_len && !memcmp(text, t->text, t->text_len);
}

bool parse_at(const struct parser *p, const char *text)
{
	return token_is(p->t, text);
}

bool parse_next_is(const struct parser *p, unsigned int ahead, const char *text)
{
	return p->end - p->t >= (ptrdiff_t)ahead && token_is(p->t + ahead, text);
}

bool parse_take(struct parser *p, const char *text)
{
	if (!parse_at(p, text))
		return false;
	parse_step(p);
	return true;
}

bool parse_expect(struct parser *p, const char *text)
{
	if (parse_take(p, text))
		return true;
	(void)parse_fail(p, text);
	return false;
}

/* To the next | or ; or the bracket that closes what is around. */
static void synchronize(struct parser *p)
{
	unsigned int nested = 0;

	for (; p->t < p->end; p->t++) {
		if (p->t->kind != TOKEN_PUNCT)
			continue;
		switch (*p->t->text) {
		case '(':
		case '[':
		case '{':
			nested++;
			break;
		case ')':
		case ']':
		case '}':
			if (!nested)
				return;
			nested--;
			break;
		case '|':
		case ';':
			if (!nested)
				return;
		}
	}
}

struct ast *parse_fail(struct parser *p, const char *wanted)
{
	struct ast *bad;

	if (p->t->kind == TOKEN_END)
		diag_add(p->diags, DIAG_SYNTAX, p->t->span, "the query ends too early");
	else
		diag_add(p->diags, DIAG_SYNTAX, p->t->span, "'%.*s' does not fit here",
			 (int)MIN(p->t->span.len, 60u), p->diags->source + p->t->span.pos);
	diag_expected(p->diags, "%s", wanted);
	bad = parse_new(p, AST_BAD, p->t);
	synchronize(p);
	return bad;
}

bool parse_deeper(struct parser *p)
{
	if (p->depth++ < KQL_DEPTH_MAX)
		return true;
	if (p->t < p->end)
		diag_add(p->diags, DIAG_LIMIT, p->t->span, "nested deeper than %u levels",
			 KQL_DEPTH_MAX);
	p->t = p->end;
	return false;
}

/* Whether the parenthesis here is that of a function's parameters: a body follows it. */
static bool function_follows(const struct parser *p)
{
	const struct token *t = p->t;
	unsigned int nested = 0;

	if (token_is(t, "view") && p->t + 1 < p->end)
		t++;
	if (!token_is(t, "("))
		return false;
	for (; t < p->end; t++) {
		nested += token_is(t, "(");
		nested -= token_is(t, ")");
		if (!nested)
			return token_is(t + 1, "{");
	}
	return false;
}

static struct ast *parse_function(struct parser *p)
{
	struct ast *f = parse_new(p, AST_FUNCTION, p->t);

	if (parse_take(p, "view")) {
		f->text = "view";
		f->text_len = 4;
	}
	parse_push(p, f, parse_schema(p));
	parse_expect(p, "{");
	parse_push(p, f, parse_block(p, "}"));
	parse_expect(p, "}");
	return parse_close(p, f);
}

static struct ast *parse_let(struct parser *p)
{
	const struct token *at = p->t;
	struct ast *let, *name;

	parse_step(p);
	name = parse_name(p);
	if (name->kind == AST_BAD)
		return name;
	let = parse_new(p, AST_LET, at);
	let->text = name->text;
	let->text_len = name->text_len;
	if (!parse_expect(p, "="))
		return let;
	parse_push(p, let, function_follows(p) ? parse_function(p) : parse_any(p));
	return parse_close(p, let);
}

static struct ast *parse_set(struct parser *p)
{
	struct ast *set;

	parse_step(p);
	if (p->t->kind != TOKEN_NAME)
		return parse_fail(p, "the name of an option");
	set = parse_text(p, AST_SET, p->t);
	parse_step(p);
	if (parse_take(p, "="))
		parse_push(p, set, parse_value(p));
	return parse_close(p, set);
}

/* (parameters) { ("value") = { body }; ... } */
static struct ast *parse_pattern(struct parser *p, const struct token *at)
{
	struct ast *name = parse_name(p), *pattern = parse_new(p, AST_PATTERN, at);

	pattern->text = name->text ? name->text : "";
	pattern->text_len = name->text_len;
	parse_expect(p, "=");
	parse_push(p, pattern, parse_schema(p));
	if (parse_take(p, "[")) { /* a path behind the arguments is one more of them */
		parse_push(p, pattern->kids[0], parse_typed(p));
		parse_expect(p, "]");
	}
	parse_expect(p, "{");
	while (parse_at(p, "(")) {
		struct ast *one = parse_new(p, AST_CASE, p->t),
			   *values = parse_new(p, AST_LIST, p->t);

		parse_step(p);
		do
			parse_push(p, values, parse_expr(p));
		while (parse_take(p, ","));
		parse_expect(p, ")");
		if (parse_take(p, ".") && parse_expect(p, "[")) {
			parse_push(p, values, parse_expr(p));
			parse_expect(p, "]");
		}
		parse_push(p, one, values);
		parse_expect(p, "=");
		parse_expect(p, "{");
		parse_push(p, one, parse_block(p, "}"));
		parse_expect(p, "}");
		parse_push(p, pattern, parse_close(p, one));
		(void)parse_take(p, ";");
	}
	parse_expect(p, "}");
	return parse_close(p, pattern);
}

static struct ast *parse_declare(struct parser *p)
{
	const struct token *at = p->t;
	struct ast *d;

	parse_step(p);
	if (parse_take(p, "pattern"))
		return parse_pattern(p, at);
	if (!parse_at(p, "query_parameters"))
		return parse_fail(p, "query_parameters or pattern");
	d = parse_text(p, AST_DECLARE, p->t);
	parse_step(p);
	parse_push(p, d, parse_schema(p));
	return parse_close(p, d);
}

static struct ast *parse_statement(struct parser *p)
{
	struct ast *s;

	if (parse_at(p, "let") && p->t[1].kind != TOKEN_PUNCT)
		return parse_let(p);
	if (parse_at(p, "let") && parse_next_is(p, 1, "["))
		return parse_let(p);
	if (parse_at(p, "set") && p->t[1].kind == TOKEN_NAME)
		return parse_set(p);
	if (parse_at(p, "declare") && p->t[1].kind == TOKEN_NAME)
		return parse_declare(p);
	s = parse_new(p, AST_STATEMENT, p->t);
	parse_push(p, s, parse_any(p));
	return parse_close(p, s);
}

struct ast *parse_block(struct parser *p, const char *closing)
{
	struct ast *block = parse_new(p, AST_BLOCK, p->t);

	if (!parse_deeper(p))
		return block;
	for (;;) {
		while (parse_take(p, ";"))
			;
		if (p->t == p->end || (closing && parse_at(p, closing)))
			break;
		parse_push(p, block, parse_statement(p));
		if (p->t == p->end || parse_at(p, ";") || (closing && parse_at(p, closing)))
			continue;
		(void)parse_fail(p, "'|' with an operator, or ';'");
		/* What closes nothing would stop us for ever. */
		if (p->t < p->end && !parse_at(p, ";") && !parse_at(p, "|"))
			parse_step(p);
		if (parse_take(p, "|"))
			(void)parse_pipe(p, NULL);
	}
	p->depth--;
	return block;
}

struct ast *parse_query(struct diag_list *diags, const struct token_list *tokens)
{
	struct parser p = { .diags = diags,
			    .arena = diags->arena,
			    .t = tokens->items,
			    .end = tokens->items + tokens->count - 1 };
	struct ast *block = parse_block(&p, NULL);

	if (block == &p.spare)
		return NULL;
	return block;
}
