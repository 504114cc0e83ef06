/* SPDX-License-Identifier: Apache-2.0 */
/*
 * regex.c - regular expressions of rules
 *
 * The matching limits (match.c) are what keeps a bad pattern from stopping detection; here only
 * syntax is judged.
 */
#include <errno.h>
#include <string.h>

#include "rule.h"

#define REGEX_MAX 4096

int regex_compile(const char *pattern, size_t len, uint32_t options, pcre2_code **ret_code,
		  struct err *err)
{
	uint8_t reason[128];
	pcre2_code *code;
	PCRE2_SIZE at;
	int number;

	if (len > REGEX_MAX)
		return err_setf(err, -EBADMSG, "the pattern has %zu bytes, the most is %d", len,
				REGEX_MAX);
	code =
	    pcre2_compile((PCRE2_SPTR)pattern, len,
			  options | PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C,
			  &number, &at, NULL);
	if (!code && number == PCRE2_ERROR_NOMEMORY)
		return -ENOMEM;
	if (!code) {
		pcre2_get_error_message(number, reason, sizeof(reason));
		return err_setf(err, -EBADMSG, "%s at position %zu of the pattern", (char *)reason,
				(size_t)at + 1);
	}
	/* Without JIT (a hardened kernel) the interpreter does the same, slower. */
	(void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
	*ret_code = code;
	return 0;
}

/* Position of the ] that closes the class which begins at i; len where none does. */
static size_t class_end(const char *p, size_t len, size_t i)
{
	i++;
	i += i < len && p[i] == '^';
	i += i < len && p[i] == ']';
	for (; i < len && p[i] != ']'; i++) {
		if (p[i] == '\\') {
			i++;
		} else if (p[i] == '[' && i + 1 < len && p[i + 1] == ':') {
			const char *end = memmem(p + i + 2, len - i - 2, ":]", 2);

			i = end ? (size_t)(end - p) + 1 : i;
		}
	}
	return MIN(i, len);
}

/* Position of the ) that closes the group which begins at i; len where none does. */
static size_t group_end(const char *p, size_t len, size_t i)
{
	unsigned int depth = 0;

	for (; i < len; i++) {
		if (p[i] == '\\')
			i++;
		else if (p[i] == '[')
			i = class_end(p, len, i);
		else if (p[i] == '(')
			depth++;
		else if (p[i] == ')' && --depth == 0)
			return i;
	}
	return len;
}

static bool plain_char(char c, bool folds)
{
	/* With case folding k and s have a third form outside ASCII. */
	if (folds && strchr("kKsS", c))
		return false;
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       strchr(" /_-:;,<>=!@%&~'\"`", c);
}

/* One item of the pattern: what it is and where it ends. */
enum item { ITEM_CHAR, ITEM_OTHER, ITEM_UNKNOWN };
static enum item next_item(const char *p, size_t len, size_t *i, bool folds, char *ret_char)
{
	char c = p[*i], e = *i + 1 < len ? p[*i + 1] : '\0';

	if (c == '\\') {
		*i += 2;
		*ret_char = e;
		if (e && strchr(".\\/*+?()[]{}^$|-\"'", e))
			return ITEM_CHAR;
		return e && strchr("dDwWsSbBAzZtnrfvhHR", e) ? ITEM_OTHER : ITEM_UNKNOWN;
	}
	if (c == '(' || c == '[' || c == '{') {
		const char *brace = c == '{' ? memchr(p + *i, '}', len - *i) : NULL;

		*i = c == '('	? group_end(p, len, *i)
		     : c == '[' ? class_end(p, len, *i)
		     : brace	? (size_t)(brace - p)
				: len;
		(*i)++;
		return ITEM_OTHER;
	}
	(*i)++;
	*ret_char = c;
	if (c == '|' || !c)
		return ITEM_UNKNOWN;
	return plain_char(c, folds) ? ITEM_CHAR : ITEM_OTHER;
}

void regex_required(struct arena *a, const char *p, size_t len, bool caseless, struct leaf *leaf)
{
	bool folds = caseless || memmem(p, len, "(?", 2);
	char *run = arena_alloc(a, len + 1), *best = arena_alloc(a, len + 1);
	size_t n = 0, most = 0, i = 0;

	leaf->need = NULL;
	leaf->need_len = 0;
	/* Flags inside may make blanks and # mean nothing. */
	if (memmem(p, len, "(?x", 3) || memmem(p, len, "(*", 2))
		return;
	while (run && best && i < len) {
		char c = '\0', next;
		enum item item = next_item(p, len, &i, folds, &c);

		/* An alternative, or syntax we do not follow: nothing is sure. */
		if (item == ITEM_UNKNOWN)
			return;
		next = i < len ? p[i] : '\0';
		if (item == ITEM_CHAR && !(next && strchr("?*{", next)))
			run[n++] = c;
		else
			item = ITEM_OTHER;
		if (n > most) {
			memcpy(best, run, n);
			most = n;
		}
		if (item == ITEM_OTHER || next == '+')
			n = 0;
	}
	leaf->need = most ? best : NULL;
	leaf->need_len = most;
}
