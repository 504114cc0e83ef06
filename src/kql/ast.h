/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ast.h - a query as it was written: one kind of node, whose kids have a place by the node's kind
 *
 * Nothing is resolved here: a name is a name. Every node has its place in the text.
 */
#pragma once

#include "base/buf.h"
#include "kql/token.h"

#define AST_NODES_MAX 200000u
#define AST_DEPTH_MAX 700u /* a + a + a ... is as deep as it is long */

/*          kind            text            kids, in order; ? may be missing (NULL), * any number */
#define AST_KINDS(X)                                                                               \
	X(AST_BAD, "bad")	      /* what could not be read */                                 \
	X(AST_LITERAL, "literal")     /* value; type says of what; no text: null */                \
	X(AST_NAME, "name")	      /* name */                                                   \
	X(AST_WILDCARD, "wildcard")   /* pattern with a star in it, or only the star */            \
	X(AST_PATH, "path")	      /* member       | base */                                    \
	X(AST_INDEX, "index")	      /*              | base, index */                             \
	X(AST_CALL, "call")	      /* function     | argument* */                               \
	X(AST_UNARY, "unary")	      /* - or +       | operand */                                 \
	X(AST_BINARY, "binary")	      /* operator     | left, right */                             \
	X(AST_LIST, "list")	      /*              | item* */                                   \
	X(AST_RANGE, "range")	      /*              | low, high */                               \
	X(AST_NAMED, "named")	      /* name?        | value, list of names? */                   \
	X(AST_TYPED, "typed")	      /* name; type   | schema?, default? */                       \
	X(AST_SCHEMA, "schema")	      /*              | typed or wildcard* */                      \
	X(AST_ORDER, "order")	      /* asc or desc? | expression; nulls in the flags */          \
	X(AST_EXPAND, "expand")	      /* type         | expression or named */                     \
	X(AST_PIPE, "pipe")	      /*              | source?, operator* */                      \
	X(AST_OP, "op")		      /* operator     | see parse_op.h; options in opts */         \
	X(AST_STEP, "step")	      /* name         | condition, named*; output in opts */       \
	X(AST_BLOCK, "block")	      /*              | statement* , the last is the result */     \
	X(AST_LET, "let")	      /* name         | value */                                   \
	X(AST_FUNCTION, "function")   /* view?        | schema of parameters, block */             \
	X(AST_SET, "set")	      /* option       | value? */                                  \
	X(AST_DECLARE, "declare")     /* what         | schema */                                  \
	X(AST_PATTERN, "pattern")     /* name         | schema of parameters, case* */             \
	X(AST_CASE, "case")	      /*              | list of values, block */                   \
	X(AST_STATEMENT, "statement") /*              | expression */

enum ast_kind {
#define X(kind, name) kind,
	AST_KINDS(X)
#undef X
};

enum ast_flag {
	AST_NULLS_FIRST = 1,
	AST_NULLS_LAST = 2,
	AST_PARENS = 4, /* stood in parentheses */
	AST_QUOTED = 8, /* a name in brackets: never a function or literal */
};

struct ast {
	uint8_t kind;
	uint8_t type; /* enum kql_type */
	uint8_t flags;
	uint16_t depth; /* of what is beneath */
	struct span span;
	const char *text; /* NUL-terminated */
	uint32_t text_len;
	uint32_t count;
	struct ast **kids;
	struct ast *opts; /* OP and STEP: list of NAMED */
};

void ast_dump(const struct ast *a, struct buf *out);
/* Option of an operator; NULL where it was not given. */
const struct ast *ast_option(const struct ast *op, const char *name);

static inline struct ast *ast_kid(const struct ast *a, unsigned int i)
{
	return i < a->count ? a->kids[i] : NULL;
}
bool ast_is(const struct ast *a, enum ast_kind kind, const char *text);
