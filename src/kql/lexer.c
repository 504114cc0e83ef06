/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lexer.c - text to tokens
 *
 * Knows characters, not grammar: which names are operators is the parser's business. The one thing
 * it knows of types is that datetime(...) and its like hold raw text.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/utf8.h"
#include "kql/token.h"

struct lexer {
	struct diag_list *diags;
	const char *start, *at, *end;
	struct token_list list;
	size_t cap;
	char *scratch; /* as long as the text: no string is longer than what stands for it */
	bool spaced;
};

static const char *const token_kinds[] = {
	[TOKEN_END] = "end",	 [TOKEN_NAME] = "name",	  [TOKEN_STRING] = "string",
	[TOKEN_LONG] = "long",	 [TOKEN_REAL] = "real",	  [TOKEN_TIMESPAN] = "timespan",
	[TOKEN_TYPED] = "typed", [TOKEN_PUNCT] = "punct", [TOKEN_WORD_OP] = "operator",
};

static struct span span_from(const struct lexer *x, const char *from)
{
	return (struct span){ (uint32_t)(from - x->start), (uint32_t)(x->at - from) };
}

static struct token *push(struct lexer *x, enum token_kind kind, const char *from)
{
	struct token *t;

	if (x->list.count == x->cap) {
		size_t cap = x->cap ? x->cap * 2 : 256;
		struct token *more = arena_array(x->diags->arena, struct token, cap);

		if (!more)
			return NULL;
		if (x->list.count)
			memcpy(more, x->list.items, x->list.count * sizeof(*more));
		x->list.items = more;
		x->cap = cap;
	}
	t = &x->list.items[x->list.count++];
	*t = (struct token){ .kind = (uint8_t)kind,
			     .spaced = x->spaced,
			     .span = span_from(x, from),
			     .text = from,
			     .text_len = (uint32_t)(x->at - from) };
	x->spaced = false;
	return t;
}

static char peek(const struct lexer *x, size_t ahead)
{
	return x->end - x->at > (ptrdiff_t)ahead ? x->at[ahead] : '\0';
}

static bool name_start(char c)
{
	return isalpha((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

/* Spaces beyond ASCII, as text copied from a page has them: Unicode's, and two of no width. */
static size_t space_length(const struct lexer *x)
{
	unsigned char a = (unsigned char)peek(x, 0), b = (unsigned char)peek(x, 1),
		      c = (unsigned char)peek(x, 2);

	if (a == 0xC2 && (b == 0xA0 || b == 0x85)) /* U+00A0, U+0085 */
		return 2;
	if (a == 0xE2 && b == 0x80) /* U+2000 to U+200B, U+2028, U+2029, U+202F */
		return (c >= 0x80 && c <= 0x8B) || c == 0xA8 || c == 0xA9 || c == 0xAF ? 3 : 0;
	return (a == 0xE2 && b == 0x81 && c == 0x9F) ||		/* U+205F */
		       (a == 0xE3 && b == 0x80 && c == 0x80) || /* U+3000 */
		       (a == 0xEF && b == 0xBB && c == 0xBF)	/* U+FEFF */
		   ? 3
		   : 0;
}

/* Whether a name goes on here. */
static bool name_goes_on(const struct lexer *x)
{
	char c = peek(x, 0);

	return isdigit((unsigned char)c) || (name_start(c) && !space_length(x));
}

static void skip_blanks(struct lexer *x)
{
	while (x->at < x->end) {
		if (isspace((unsigned char)*x->at)) {
			x->at++;
		} else if (peek(x, 0) == '/' && peek(x, 1) == '/') {
			while (x->at < x->end && *x->at != '\n')
				x->at++;
		} else if (space_length(x)) {
			x->at += space_length(x);
		} else {
			return;
		}
		x->spaced = true;
	}
}

static size_t put_utf8(char *to, uint32_t c)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xC0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3F));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (char)(0xE0 | c >> 12);
		to[1] = (char)(0x80 | (c >> 6 & 0x3F));
		to[2] = (char)(0x80 | (c & 0x3F));
		return 3;
	}
	to[0] = (char)(0xF0 | (c >> 18 & 7));
	to[1] = (char)(0x80 | (c >> 12 & 0x3F));
	to[2] = (char)(0x80 | (c >> 6 & 0x3F));
	to[3] = (char)(0x80 | (c & 0x3F));
	return 4;
}

static bool hex_digits(const char **at, const char *end, unsigned int n, uint32_t *ret)
{
	uint32_t value = 0;

	for (unsigned int i = 0; i < n; i++, (*at)++) {
		if (*at == end || !isxdigit((unsigned char)**at))
			return false;
		value =
		    value * 16 +
		    (uint32_t)(isdigit((unsigned char)**at) ? **at - '0' : (**at | 32) - 'a' + 10);
	}
	*ret = value;
	return true;
}

/* The character behind a backslash at *at, as bytes in to; 0: there is no such escape. */
static size_t unescape(const char **at, const char *end, char *to)
{
	static const char from[] = "abfnrtv\\\"'0`", as[] = "\a\b\f\n\r\t\v\\\"'\0`";
	char c = *(*at)++;
	const char *found = c ? strchr(from, c) : NULL;
	uint32_t code, low;

	if (found) {
		*to = as[found - from];
		return 1;
	}
	if (c != 'u' && c != 'U' && c != 'x')
		return 0;
	if (!hex_digits(at, end, c == 'x' ? 2 : c == 'u' ? 4 : 8, &code) || code > 0x10FFFF)
		return 0;
	if (code >= 0xD800 && code < 0xDC00 && end - *at >= 6 && (*at)[0] == '\\' &&
	    (*at)[1] == 'u') {
		*at += 2;
		if (!hex_digits(at, end, 4, &low) || low < 0xDC00 || low > 0xDFFF)
			return 0;
		code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
	}
	if (code >= 0xD800 && code < 0xE000)
		return 0;
	return put_utf8(to, code);
}

/* "..." or '...' with escapes; x->at is behind the opening quote. */
static size_t scan_quoted(struct lexer *x, const char *from, char quote, char *to)
{
	size_t n = 0;

	while (x->at < x->end && *x->at != quote && *x->at != '\n') {
		const char *escape = x->at;
		size_t len;

		if (*x->at != '\\') {
			to[n++] = *x->at++;
			continue;
		}
		if (++x->at == x->end)
			break;
		len = unescape(&x->at, x->end, to + n);
		if (!len) {
			diag_add(x->diags, DIAG_CHARACTER, span_from(x, escape),
				 "'%.*s' is no escape sequence",
				 (int)MIN(x->at - escape, (ptrdiff_t)10), escape);
			diag_expected(x->diags,
				      "\\\\ for a backslash, or a verbatim string: @\"...\"");
		}
		n += len;
	}
	if (x->at < x->end && *x->at == quote) {
		x->at++;
		return n;
	}
	diag_add(x->diags, DIAG_CHARACTER, span_from(x, from),
		 "a string that does not end on its line");
	diag_expected(x->diags, "%c", quote);
	return n;
}

/* @"..." : a doubled quote stands for one, nothing else is special. */
static size_t scan_verbatim(struct lexer *x, const char *from, char quote, char *to)
{
	size_t n = 0;

	while (x->at < x->end) {
		if (*x->at == quote) {
			x->at++;
			if (peek(x, 0) != quote)
				return n;
		}
		to[n++] = *x->at++;
	}
	diag_add(x->diags, DIAG_CHARACTER, span_from(x, from), "a string that does not end");
	diag_expected(x->diags, "%c", quote);
	return n;
}

static size_t scan_multiline(struct lexer *x, const char *from, char *to)
{
	const char *fence = x->at;
	size_t n = 0;

	x->at += 3;
	while (x->end - x->at >= 3 && memcmp(x->at, fence, 3) != 0)
		to[n++] = *x->at++;
	if (x->end - x->at >= 3) {
		x->at += 3;
		return n;
	}
	x->at = x->end;
	diag_add(x->diags, DIAG_CHARACTER, span_from(x, from), "a string that does not end");
	diag_expected(x->diags, "%.3s", fence);
	return n;
}

static bool string_follows(const struct lexer *x)
{
	size_t i = 0;

	if (peek(x, 0) == 'h' || peek(x, 0) == 'H')
		i++;
	if (peek(x, i) == '@')
		i++;
	if (peek(x, i) == '"' || peek(x, i) == '\'')
		return true;
	return (peek(x, i) == '`' || peek(x, i) == '~') && peek(x, i + 1) == peek(x, i) &&
	       peek(x, i + 2) == peek(x, i);
}

static int scan_string(struct lexer *x)
{
	const char *from = x->at;
	char *to = x->scratch;
	bool verbatim = false;
	struct token *t;
	size_t n;
	char quote;

	if (*x->at == 'h' || *x->at == 'H')
		x->at++;
	if (*x->at == '@') {
		verbatim = true;
		x->at++;
	}
	quote = *x->at;
	if (quote == '`' || quote == '~') {
		n = scan_multiline(x, from, to);
	} else {
		x->at++;
		n = verbatim ? scan_verbatim(x, from, quote, to) : scan_quoted(x, from, quote, to);
	}
	t = push(x, TOKEN_STRING, from);
	if (!t)
		return -ENOMEM;
	to = arena_strndup(x->diags->arena, to, n);
	t->text = to;
	t->text_len = (uint32_t)n;
	return to ? 0 : -ENOMEM;
}

/* Digits, then what kind of number the rest makes of it. */
static int scan_number(struct lexer *x)
{
	const char *from = x->at;
	enum token_kind kind = TOKEN_LONG;
	int64_t ticks;

	if (peek(x, 0) == '0' && (peek(x, 1) | 32) == 'x' && isxdigit((unsigned char)peek(x, 2))) {
		x->at += 2;
		while (isxdigit((unsigned char)peek(x, 0)))
			x->at++;
		return push(x, TOKEN_LONG, from) ? 0 : -ENOMEM;
	}
	while (isdigit((unsigned char)peek(x, 0)))
		x->at++;
	if (peek(x, 0) == '.' && peek(x, 1) != '.' && !name_start(peek(x, 1))) {
		kind = TOKEN_REAL;
		x->at++;
		while (isdigit((unsigned char)peek(x, 0)))
			x->at++;
	}
	if ((peek(x, 0) | 32) == 'e') {
		size_t sign = peek(x, 1) == '-' || peek(x, 1) == '+';

		if (isdigit((unsigned char)peek(x, 1 + sign))) {
			kind = TOKEN_REAL;
			x->at += 1 + sign;
			while (isdigit((unsigned char)peek(x, 0)))
				x->at++;
		}
	}
	if (name_start(peek(x, 0))) {
		while (name_goes_on(x))
			x->at++;
		if (kql_timespan_parse(from, (size_t)(x->at - from), &ticks))
			kind = TOKEN_TIMESPAN;
		else
			kind = TOKEN_NAME; /* 1stSeen */
	}
	return push(x, kind, from) ? 0 : -ENOMEM;
}

/* To the ')' that closes, over strings and brackets; false where there is none. */
static bool skip_raw(struct lexer *x)
{
	unsigned int depth = 1;

	while (x->at < x->end) {
		char c = *x->at++;

		if (c == '"' || c == '\'') {
			bool verbatim = x->at[-2] == '@';

			while (x->at < x->end && *x->at != c)
				x->at += !verbatim && *x->at == '\\' && x->at + 1 < x->end ? 2 : 1;
			if (x->at < x->end)
				x->at++;
		} else if (c == '/' && x->at < x->end && *x->at == '/' &&
			   (x->at[-2] == ',' || isspace((unsigned char)x->at[-2]))) {
			while (x->at < x->end && *x->at != '\n')
				x->at++;
		} else if (c == '(') {
			depth++;
		} else if (c == ')' && --depth == 0) {
			return true;
		}
	}
	return false;
}

static int scan_typed(struct lexer *x, const char *from, enum kql_type type)
{
	const char *inside;
	struct token *t;

	while (isspace((unsigned char)peek(x, 0)))
		x->at++;
	inside = ++x->at;
	if (!skip_raw(x)) {
		diag_add(x->diags, DIAG_CHARACTER, span_from(x, from),
			 "a literal that does not end");
		diag_expected(x->diags, ")");
		inside = x->at;
	}
	t = push(x, TOKEN_TYPED, from);
	if (!t)
		return -ENOMEM;
	t->type = (uint8_t)type;
	t->text = inside;
	t->text_len = (uint32_t)(x->at > inside ? x->at - inside - 1 : 0);
	while (t->text_len && isspace((unsigned char)*t->text)) {
		t->text++;
		t->text_len--;
	}
	while (t->text_len && isspace((unsigned char)t->text[t->text_len - 1]))
		t->text_len--;
	return 0;
}

static int scan_name(struct lexer *x)
{
	const char *from = x->at, *end;
	enum token_kind kind = TOKEN_NAME;
	enum kql_type type;

	while (name_goes_on(x))
		x->at++;
	end = x->at;
	if (end - from == 2 && !memcmp(from, "in", 2) && peek(x, 0) == '~') {
		x->at++;
		kind = TOKEN_WORD_OP;
	}
	type = kql_type_find(from, (size_t)(end - from));
	if (type != KQL_UNKNOWN) {
		while (isspace((unsigned char)*end) && end < x->end)
			end++;
		if (end < x->end && *end == '(')
			return scan_typed(x, from, type);
	}
	return push(x, kind, from) ? 0 : -ENOMEM;
}

static int scan_punct(struct lexer *x)
{
	static const char *const two[] = { "==", "!=", "<>", "<=", ">=", "=~", "!~", "..", "=>" };
	const char *from = x->at;
	size_t len;

	if (*x->at == '!' && isalpha((unsigned char)peek(x, 1))) {
		x->at++;
		while (name_goes_on(x))
			x->at++;
		if (x->at - from == 3 && peek(x, 0) == '~')
			x->at++;
		return push(x, TOKEN_WORD_OP, from) ? 0 : -ENOMEM;
	}
	for (size_t i = 0; i < ARRAY_SIZE(two); i++) {
		if (peek(x, 0) != two[i][0] || peek(x, 1) != two[i][1])
			continue;
		x->at += 2;
		return push(x, TOKEN_PUNCT, from) ? 0 : -ENOMEM;
	}
	len = utf8_sequence(x->at, (size_t)(x->end - x->at));
	if (*x->at && strchr("+-*/%=<>()[]{},;:|.?~", *x->at)) {
		x->at++;
		return push(x, TOKEN_PUNCT, from) ? 0 : -ENOMEM;
	}
	x->at += len ? len : 1;
	if (isprint((unsigned char)*from) || len > 1)
		diag_add(x->diags, DIAG_CHARACTER, span_from(x, from), "'%.*s' has no meaning here",
			 (int)(x->at - from), from);
	else
		diag_add(x->diags, DIAG_CHARACTER, span_from(x, from),
			 "byte 0x%02x has no meaning here", (unsigned char)*from);
	return 0;
}

int token_scan(struct diag_list *diags, const char *text, size_t len, struct token_list *ret_list)
{
	struct lexer x = { .diags = diags, .start = text, .at = text, .end = text + len };

	x.scratch = arena_alloc(diags->arena, len + 8);
	if (!x.scratch)
		return -ENOMEM;
	for (;;) {
		int r;

		skip_blanks(&x);
		if (x.at == x.end)
			break;
		if (string_follows(&x))
			r = scan_string(&x);
		else if (isdigit((unsigned char)*x.at))
			r = scan_number(&x);
		else if (name_start(*x.at))
			r = scan_name(&x);
		else
			r = scan_punct(&x);
		if (r < 0)
			return r;
	}
	if (!push(&x, TOKEN_END, x.at))
		return -ENOMEM;
	*ret_list = x.list;
	return 0;
}

void token_dump(const struct token_list *l, struct buf *out)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct token *t = &l->items[i];

		buf_printf(out, "%u+%u %s ", t->span.pos, t->span.len, token_kinds[t->kind]);
		if (t->kind == TOKEN_TYPED)
			buf_printf(out, "%s ", kql_type_name(t->type));
		buf_append_json(out, t->text, t->text_len);
		buf_append_byte(out, '\n');
	}
}
