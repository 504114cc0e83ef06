/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse.h - inside of the parser: tokens to tree by recursive descent
 *
 * A parse function never gives NULL: what could not be read is an AST_BAD, and after the complaint
 * the parser goes on behind the next '|' or ';'. Where memory or the limit of nodes is out, all
 * further nodes are one spare node and the tokens are at their end, so that everything returns.
 */
#pragma once

#include "kql/ast.h"

struct parser {
	struct diag_list *diags;
	struct arena *arena;
	const struct token *t; /* current */
	const struct token *end;
	unsigned int depth, nodes;
	bool in_search; /* column:term is an operator */
	struct ast spare;
};

/* The tree of a whole query: an AST_BLOCK. */
struct ast *parse_query(struct diag_list *diags, const struct token_list *tokens);

struct ast *parse_new(struct parser *p, enum ast_kind kind, const struct token *at);
struct ast *parse_text(struct parser *p, enum ast_kind kind, const struct token *at);
void parse_push(struct parser *p, struct ast *to, struct ast *kid);
/* The span from its start to the token before the current. */
struct ast *parse_close(struct parser *p, struct ast *a);

bool parse_at(const struct parser *p, const char *text); /* punctuation, word or name */
bool parse_next_is(const struct parser *p, unsigned int ahead, const char *text);
bool parse_take(struct parser *p, const char *text);
bool parse_expect(struct parser *p, const char *text);
void parse_step(struct parser *p);
/* Complains that something else should stand at the current token, and goes to where it makes
 * sense. */
struct ast *parse_fail(struct parser *p, const char *wanted);
bool parse_deeper(struct parser *p);

struct ast *parse_expr(struct parser *p);
struct ast *parse_sum(struct parser *p); /* without comparisons */
/* An expression or a pipe: what stands in parentheses, in arguments, behind let. */
struct ast *parse_any(struct parser *p);
struct ast *parse_named(struct parser *p); /* expr, name = expr, (a, b) = expr */
struct ast *parse_list(struct parser *p, struct ast *(*item)(struct parser *));
struct ast *parse_name(struct parser *p);	    /* name or ['name'] */
struct ast *parse_column_pattern(struct parser *p); /* name with stars */
struct ast *parse_typed(struct parser *p);	    /* name:type */
struct ast *parse_schema(struct parser *p);	    /* (name:type, ...) */
struct ast *parse_value(struct parser *p);	    /* of an option: a word or an expression */
struct ast *parse_call(struct parser *p);
struct ast *parse_unary(struct parser *p);
enum kql_type parse_type(struct parser *p);

/* parse_op.c: `| operator ...` and the operators that begin a pipe. */
bool parse_op_begins(const struct parser *p);
struct ast *parse_op(struct parser *p);
/* The operators behind a source; source is NULL in mv-apply and partition. */
struct ast *parse_pipe(struct parser *p, struct ast *source);
struct ast *parse_block(struct parser *p, const char *closing);

/* parse_op_more.c: operators with a grammar of their own. */
void parse_make_series(struct parser *p, struct ast *op);
void parse_top_nested(struct parser *p, struct ast *op);
void parse_scan(struct parser *p, struct ast *op);
void parse_parse(struct parser *p, struct ast *op);
void parse_parse_kv(struct parser *p, struct ast *op);
void parse_find(struct parser *p, struct ast *op);
void parse_search(struct parser *p, struct ast *op);
void parse_evaluate(struct parser *p, struct ast *op);
void parse_external(struct parser *p, struct ast *op);
void parse_render(struct parser *p, struct ast *op);
void parse_partition(struct parser *p, struct ast *op);
void parse_options(struct parser *p, struct ast *op);
struct ast *parse_order(struct parser *p);
