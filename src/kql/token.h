/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token.h - the words of a query
 */
#pragma once

#include "base/buf.h"
#include "kql/diag.h"

enum token_kind {
	TOKEN_END,
	TOKEN_NAME, /* also every keyword: the language reserves none */
	TOKEN_STRING,
	TOKEN_LONG,
	TOKEN_REAL,
	TOKEN_TIMESPAN, /* 1d, 10ms */
	TOKEN_TYPED,	/* datetime(...), dynamic(...): raw between the parentheses */
	TOKEN_PUNCT,	/* operators and brackets */
	TOKEN_WORD_OP,	/* !has, in~, !in~ */
};

struct token {
	uint8_t kind;
	uint8_t type; /* enum kql_type of TYPED */
	bool spaced;  /* something stood between it and the token before */
	struct span span;
	const char *text; /* value of STRING, inside of TYPED, else the text itself */
	uint32_t text_len;
};

struct token_list {
	struct token *items; /* the last is END */
	size_t count;
};

/* Bad characters are complained about and left out. -ENOMEM. */
int token_scan(struct diag_list *diags, const char *text, size_t len, struct token_list *ret_list);
void token_dump(const struct token_list *l, struct buf *out);
