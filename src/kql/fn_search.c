/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fn_search.c - operators that look for text in text: words, parts, beginnings, without case
 *
 * Searches for words are written so that the store's text indexes (lower(column), words of letters
 * and digits) can answer them: hasToken() for a lone word, and beside a regular expression for the
 * words in it.
 */
#include <ctype.h>
#include <string.h>

#include "kql/func.h"
#include "kql/sql.h"

bool func_is_digest(const struct bx *x)
{
	return x->kind == BX_COLUMN && x->column->stored && x->column->stored->digest;
}

static bool is_word(const struct bx *x)
{
	if (!bx_is_const(x) || !x->len)
		return false;
	for (uint32_t i = 0; i < x->len; i++)
		if (!isalnum((unsigned char)x->s[i]) && !(x->s[i] & 0x80))
			return false;
	return true;
}

static bool is_ascii(const struct bx *x)
{
	if (!bx_is_const(x))
		return false;
	for (uint32_t i = 0; i < x->len; i++)
		if (x->s[i] & 0x80 || !x->s[i])
			return false;
	return true;
}

static const char *folding(const struct bx *needle)
{
	return is_ascii(needle) ? "lower" : "lowerUTF8";
}

/* Text of a constant in lower case where it is ASCII; the engine folds the rest. */
static void put_folded(struct sql *s, const struct bx *x)
{
	char text[256];

	if (!is_ascii(x) || x->len > sizeof(text)) {
		sql_printf(s, "%s(", folding(x));
		sql_expr(s, x);
		sql_put(s, ")");
		return;
	}
	for (uint32_t i = 0; i < x->len; i++)
		text[i] = (char)tolower((unsigned char)x->s[i]);
	sql_text(s, text, x->len);
}

static void put_haystack(struct sql *s, const struct bx *x, const struct bx *needle, bool cased)
{
	bool fold = !cased && !func_is_digest(x);

	if (fold)
		sql_printf(s, "%s(", folding(needle));
	sql_expr(s, x);
	if (fold)
		sql_put(s, ")");
}

/* A digest is one word. */
static void put_token(struct sql *s, const struct bx *x, const struct bx *needle, bool cased)
{
	sql_put(s, func_is_digest(x) ? "(" : "hasToken(");
	put_haystack(s, x, needle, cased);
	sql_put(s, func_is_digest(x) ? " = " : ", ");
	if (cased)
		sql_expr(s, needle);
	else
		put_folded(s, needle);
	sql_put(s, ")");
}

#define TERMS_MANY 16u /* more than these are looked for by one expression */
#define EDGE "[^\\p{L}\\p{N}]"

/* The needle as a regular expression; it begins or ends at an edge of words where asked for. */
static void append_term(struct buf *re, const struct bx *needle, bool first, bool last)
{
	bool front =
	    first && needle->len && (isalnum((unsigned char)*needle->s) || *needle->s & 0x80);
	char end = needle->len ? needle->s[needle->len - 1] : '\0';

	buf_append_str(re, front ? "(?:^|" EDGE ")" : "");
	for (uint32_t i = 0; i < needle->len; i++) {
		char c = needle->s[i];

		if (!isalnum((unsigned char)c) && !(c & 0x80) && c != '_' && c != ' ')
			buf_append_byte(re, '\\');
		if (c == '\n' || c == '\t' || c == '\r')
			c = c == '\n' ? 'n' : c == '\t' ? 't' : 'r';
		if (c)
			buf_append_byte(re, (uint8_t)c);
		else
			buf_append_str(re, "x00");
	}
	buf_append_str(re,
		       last && (isalnum((unsigned char)end) || end & 0x80) ? "(?:$|" EDGE ")" : "");
}

static void put_regex_text(struct sql *s, struct buf *re)
{
	if (buf_error(re))
		s->failed = true;
	else
		sql_text(s, re->data, re->len);
	buf_done(re);
}

static void put_term_regex(struct sql *s, const struct bx *needle, bool first, bool last,
			   bool cased)
{
	struct buf re = BUF_INIT(KQL_TEXT_MAX * 4);

	buf_append_str(&re, cased ? "" : "(?i)");
	append_term(&re, needle, first, last);
	put_regex_text(s, &re);
}

/* One of many terms: a regular expression of all looks at the text once. */
static void put_any_term(struct sql *s, const struct bx *x, const struct bx *set)
{
	struct buf re = BUF_INIT(KQL_TEXT_MAX * 4);

	buf_append_str(&re, "(?i)");
	for (uint32_t i = 0; i < set->count; i++) {
		buf_append_str(&re, i ? "|" : "");
		append_term(&re, set->args[i], true, true);
	}
	sql_put(s, "match(");
	sql_expr(s, x);
	sql_put(s, ", ");
	put_regex_text(s, &re);
	sql_put(s, ")");
}

/* Whole words of a needle, for the index: those between edges that the search demands. */
static void put_word_filters(struct sql *s, const struct bx *x, const struct bx *needle)
{
	struct bx word = *needle;
	unsigned int words = 0;

	for (uint32_t i = 0; i < needle->len && words < 4;) {
		uint32_t from = i;

		while (i < needle->len && isalnum((unsigned char)needle->s[i]))
			i++;
		if (i - from >= 3 && (i == needle->len || !(needle->s[i] & 0x80)) &&
		    (!from || !(needle->s[from - 1] & 0x80))) {
			word.s = needle->s + from;
			word.len = i - from;
			put_token(s, x, &word, false);
			sql_put(s, " AND ");
			words++;
		}
		i = i == from ? i + 1 : i;
	}
}

static void has(struct sql *s, const struct bx *x, const struct bx *needle, bool cased)
{
	if (!bx_is_const(needle)) {
		sql_put(s, cased ? "kql_has_cs(" : "kql_has(");
		sql_expr(s, x);
		sql_put(s, ", ");
		sql_expr(s, needle);
		sql_put(s, ")");
		return;
	}
	if (!needle->len) {
		sql_put(s, "true");
		return;
	}
	if (is_word(needle)) {
		put_token(s, x, needle, cased);
		return;
	}
	sql_put(s, "(");
	if (!cased)
		put_word_filters(s, x, needle);
	sql_put(s, "match(");
	sql_expr(s, x);
	sql_put(s, ", ");
	put_term_regex(s, needle, true, true, cased);
	sql_put(s, "))");
}

static void emit_has(struct sql *s, const struct bx *x)
{
	has(s, x->args[0], x->args[1], false);
}

static void emit_has_cs(struct sql *s, const struct bx *x)
{
	has(s, x->args[0], x->args[1], true);
}

static void has_edge(struct sql *s, const struct bx *x, bool first, bool last, bool cased)
{
	const struct bx *needle = x->args[1];

	if (!bx_is_const(needle)) {
		sql_printf(s, "kql_has%s%s(", first ? "prefix" : "suffix", cased ? "_cs" : "");
		sql_list(s, x, 0);
		sql_put(s, ")");
		return;
	}
	sql_put(s, "match(");
	sql_expr(s, x->args[0]);
	sql_put(s, ", ");
	put_term_regex(s, needle, first, last, cased);
	sql_put(s, ")");
}

static void emit_hasprefix(struct sql *s, const struct bx *x)
{
	has_edge(s, x, true, false, false);
}

static void emit_hasprefix_cs(struct sql *s, const struct bx *x)
{
	has_edge(s, x, true, false, true);
}

static void emit_hassuffix(struct sql *s, const struct bx *x)
{
	has_edge(s, x, false, true, false);
}

static void emit_hassuffix_cs(struct sql *s, const struct bx *x)
{
	has_edge(s, x, false, true, true);
}

static void put_words(struct sql *s, const struct bx *set)
{
	for (uint32_t i = 0; i < set->count; i++) {
		sql_put(s, i ? ", " : "");
		put_folded(s, set->args[i]);
	}
}

/* has_any and has_all */
static void has_set(struct sql *s, const struct bx *x, bool all)
{
	const struct bx *set = x->args[1];
	bool words = set->kind == BX_LIST && set->count > 1;
	bool known = set->kind == BX_LIST && set->count > TERMS_MANY && !all;

	for (uint32_t i = 0; i < set->count && known; i++)
		known = bx_is_const(set->args[i]);
	for (uint32_t i = 0; i < set->count && words; i++)
		words = is_word(set->args[i]) && is_ascii(set->args[i]);
	if (set->kind != BX_LIST) {
		sql_printf(s, "array%s(n -> kql_has(", all ? "All" : "Exists");
		sql_expr(s, x->args[0]);
		sql_put(s, set->kind == BX_ROWS ? ", n), (SELECT groupUniqArray(*) FROM "
						: ", kql_text(n)), kql_items(");
		sql_expr_filled(s, set);
		sql_put(s, "))");
		return;
	}
	if (words && !all && func_is_digest(x->args[0])) {
		sql_put(s, "(");
		sql_expr(s, x->args[0]);
		sql_put(s, " IN (");
		put_words(s, set);
		sql_put(s, "))");
		return;
	}
	if (words) {
		sql_printf(s, "has%sTokens(lower(", all ? "All" : "Any");
		sql_expr(s, x->args[0]);
		sql_put(s, "), [");
		put_words(s, set);
		sql_put(s, "])");
		return;
	}
	if (known) {
		put_any_term(s, x->args[0], set);
		return;
	}
	sql_put(s, "(");
	for (uint32_t i = 0; i < set->count; i++) {
		sql_put(s, !i ? "" : all ? " AND " : " OR ");
		has(s, x->args[0], set->args[i], false);
	}
	sql_put(s, set->count ? ")" : all ? "true)" : "false)");
}

static void emit_has_any(struct sql *s, const struct bx *x)
{
	has_set(s, x, false);
}

static void emit_has_all(struct sql *s, const struct bx *x)
{
	has_set(s, x, true);
}

static void put_like(struct sql *s, const struct bx *needle)
{
	struct buf like = BUF_INIT(1024);

	buf_append_byte(&like, '%');
	for (uint32_t i = 0; i < needle->len; i++)
		buf_append_byte(&like, (uint8_t)tolower((unsigned char)needle->s[i]));
	buf_append_byte(&like, '%');
	if (buf_error(&like))
		s->failed = true;
	else
		sql_text(s, like.data, like.len);
	buf_done(&like);
}

static void emit_contains(struct sql *s, const struct bx *x)
{
	const struct bx *needle = x->args[1];

	/* A run of letters and digits: the text index finds the words that hold it. */
	if (is_word(needle) && is_ascii(needle) && needle->len < 900) {
		sql_put(s, "(lower(");
		sql_expr(s, x->args[0]);
		sql_put(s, ") LIKE ");
		put_like(s, needle);
		sql_put(s, ")");
		return;
	}
	sql_put(s,
		is_ascii(needle) ? "(positionCaseInsensitive(" : "(positionCaseInsensitiveUTF8(");
	sql_list(s, x, 0);
	sql_put(s, ") > 0)");
}

static void folded_call(struct sql *s, const struct bx *x, const char *name)
{
	sql_printf(s, "%s(", name);
	put_haystack(s, x->args[0], x->args[1], false);
	sql_put(s, ", ");
	put_folded(s, x->args[1]);
	sql_put(s, ")");
}

static void emit_startswith(struct sql *s, const struct bx *x)
{
	folded_call(s, x, "startsWith");
}

static void emit_endswith(struct sql *s, const struct bx *x)
{
	folded_call(s, x, "endsWith");
}

static void emit_same(struct sql *s, const struct bx *x)
{
	sql_put(s, "(");
	put_haystack(s, x->args[0], x->args[1], false);
	sql_put(s, " = ");
	put_folded(s, x->args[1]);
	sql_put(s, ")");
}

static void emit_not_same(struct sql *s, const struct bx *x)
{
	sql_put(s, "(NOT ");
	emit_same(s, x);
	sql_put(s, ")");
}

/* clang-format off */
static const struct func items[] = {
	{ "has(text: string, term: string) bool!", NULL, "Whether the term stands in the text as whole words; case does not matter.", 0, emit_has },
	{ "has_cs(text: string, term: string) bool!", NULL, "has, case matters.", 0, emit_has_cs },
	{ "hasprefix(text: string, term: string) bool!", NULL, "Whether a word of the text begins so.", 0, emit_hasprefix },
	{ "hasprefix_cs(text: string, term: string) bool!", NULL, "hasprefix, case matters.", 0, emit_hasprefix_cs },
	{ "hassuffix(text: string, term: string) bool!", NULL, "Whether a word of the text ends so.", 0, emit_hassuffix },
	{ "hassuffix_cs(text: string, term: string) bool!", NULL, "hassuffix, case matters.", 0, emit_hassuffix_cs },
	{ "has_any(text: string, terms: any) bool!", NULL, "Whether the text has one of the terms.", 0, emit_has_any },
	{ "has_all(text: string, terms: any) bool!", NULL, "Whether the text has all of the terms.", 0, emit_has_all },
	{ "contains(text: string, part: string) bool!", NULL, "Whether the part occurs in the text; case does not matter.", 0, emit_contains },
	{ "contains_cs(text: string, part: string) bool!", "(position($1, $2) > 0)", "contains, case matters." },
	{ "startswith(text: string, part: string) bool!", NULL, "Whether the text begins so; case does not matter.", 0, emit_startswith },
	{ "startswith_cs(text: string, part: string) bool!", "startsWith($1, $2)", "startswith, case matters." },
	{ "endswith(text: string, part: string) bool!", NULL, "Whether the text ends so; case does not matter.", 0, emit_endswith },
	{ "endswith_cs(text: string, part: string) bool!", "endsWith($1, $2)", "endswith, case matters." },
	{ "=~(a: string, b: string) bool!", NULL, "Same text; case does not matter.", 0, emit_same },
	{ "!~(a: string, b: string) bool!", NULL, "Another text; case does not matter.", 0, emit_not_same },
	{ "like(text: string, pattern: string) bool!", "($1 ILIKE $2)", "SQL's LIKE." },
};
/* clang-format on */
const struct func_family fn_searches = { "Searching in text", items, ARRAY_SIZE(items) };
