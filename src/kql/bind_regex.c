/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_regex.c - checks regular expressions before the engine would refuse them without a place
 *
 * It tells apart only what RE2 refuses: escapes, groups, repetitions, brackets. Syntax:
 * github.com/google/re2/wiki/Syntax
 */
#include "kql/bind_regex.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define REPEAT_MAX 1000 /* RE2's own limit */

struct regex {
	const char *start, *at, *end;
	struct buf out;
	unsigned int depth; /* open groups */
	bool repeatable;    /* something stands before that a repetition can repeat */
	bool repeated;	    /* it is a repetition itself */
	const char *fault;  /* nullable: what is wrong, at place */
	const char *place;
};

static bool refuse(struct regex *r, const char *place, const char *fault)
{
	if (!r->fault) {
		r->fault = fault;
		r->place = place;
	}
	return false;
}

static bool take(struct regex *r, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(r->end - r->at) < len || memcmp(r->at, text, len) != 0)
		return false;
	r->at += len;
	return true;
}

static void copy(struct regex *r, const char *from)
{
	buf_append(&r->out, from, (size_t)(r->at - from));
}

/* Hexadecimal digits behind \u, \U or \x, with or without braces. */
static bool code_point(struct regex *r, const char *from, unsigned int digits)
{
	bool braces = take(r, "{");
	char hex[9] = "";
	size_t n = 0;

	while (r->at < r->end && isxdigit((unsigned char)*r->at) && n < (braces ? 8 : digits))
		hex[n++] = *r->at++;
	if (!n || (!braces && n < digits))
		return refuse(r, from, "is no character: hexadecimal digits are missing");
	if (strtoul(hex, NULL, 16) > 0x10ffff)
		return refuse(r, from, "is beyond the last character, 10FFFF");
	if (braces && !take(r, "}"))
		return refuse(r, from, "has no closing brace");
	if (from[1] == 'x')
		copy(r, from);
	else
		buf_printf(&r->out, "\\x{%s}", hex);
	return true;
}

/* \Q: what follows until \E is text. */
static void quoted(struct regex *r, const char *from)
{
	while (r->at < r->end && !take(r, "\\E"))
		r->at++;
	copy(r, from);
}

static bool escape(struct regex *r, bool in_class)
{
	static const char everywhere[] = "dDsSwWpPafnrtv", outside[] = "AbBCQEz";
	const char *from = r->at++;
	char c;

	if (r->at == r->end)
		return refuse(r, from, "ends the expression and escapes nothing");
	c = *r->at++;
	if (c == 'u' || c == 'U' || c == 'x')
		return code_point(r, from, c == 'u' ? 4 : c == 'U' ? 8 : 2);
	if (c >= '1' && c <= '9' && !(r->at < r->end && *r->at >= '0' && *r->at <= '7' && c < '8'))
		return refuse(r, from, "refers to a group, which RE2 cannot");
	if (c == 'Z')
		return refuse(r, from, "is not RE2's; the end of the text is \\z");
	if (c == 'Q' && !in_class) {
		quoted(r, from);
		return true;
	}
	if ((isalpha((unsigned char)c) && !strchr(everywhere, c) &&
	     (in_class || !strchr(outside, c))) ||
	    c == '_' || (unsigned char)c >= 0x80)
		return refuse(r, from, "is no escape sequence of RE2");
	copy(r, from);
	return true;
}

static bool class(struct regex *r)
{
	const char *from = r->at++;

	(void)take(r, "^");
	(void)take(r, "]"); /* first it is itself */
	copy(r, from);
	while (r->at < r->end && *r->at != ']') {
		const char *item = r->at;

		if (*r->at == '\\') {
			if (!escape(r, true))
				return false;
			continue;
		}
		if (take(r, "[:")) { /* its own bracket does not close the class */
			while (r->at < r->end && (isalpha((unsigned char)*r->at) || *r->at == '^'))
				r->at++;
			(void)take(r, ":]");
		} else {
			r->at++;
		}
		copy(r, item);
	}
	if (r->at == r->end)
		return refuse(r, from, "has no closing ']'");
	buf_append_byte(&r->out, (uint8_t)*r->at++);
	return true;
}

/* Behind "(?". */
static bool special_group(struct regex *r, const char *from)
{
	if (take(r, "=") || take(r, "!") || take(r, "<=") || take(r, "<!"))
		return refuse(r, from, "looks around, which RE2 cannot");
	if (take(r, "P<") || take(r, "<")) {
		const char *name = r->at;

		while (r->at < r->end && (isalnum((unsigned char)*r->at) || *r->at == '_'))
			r->at++;
		if (r->at == name || !take(r, ">"))
			return refuse(r, from, "is a group without a name");
		return true;
	}
	while (r->at < r->end && strchr("imsU-", *r->at))
		r->at++;
	if (take(r, ":"))
		return true;
	if (!take(r, ")"))
		return refuse(r, from, "is no kind of group that RE2 has");
	r->depth--; /* flags for what follows */
	return true;
}

static bool open_group(struct regex *r)
{
	const char *from = r->at++;

	r->depth++;
	if (take(r, "?") && !special_group(r, from))
		return false;
	copy(r, from);
	r->repeatable = false;
	return true;
}

/* {2}, {2,}, {2,5}; anything else is text. */
static bool is_counted(const struct regex *r, long *ret_most, bool *ret_turned)
{
	char *end;
	long least, most;

	if (r->at + 1 >= r->end || !isdigit((unsigned char)r->at[1]))
		return false;
	least = most = strtol(r->at + 1, &end, 10);
	if (*end == ',' && isdigit((unsigned char)end[1]))
		most = strtol(end + 1, &end, 10);
	else if (*end == ',')
		end++;
	*ret_most = MAX(least, most);
	*ret_turned = least > most;
	return end < r->end && *end == '}';
}

static bool repetition(struct regex *r)
{
	const char *from = r->at;
	bool turned = false;
	long most = 0;

	if (*from == '{' && !is_counted(r, &most, &turned)) {
		r->at++;
		copy(r, from);
		r->repeatable = true;
		r->repeated = false;
		return true;
	}
	if (!r->repeatable)
		return refuse(r, from, "repeats nothing");
	if (r->repeated)
		return refuse(r, from, "repeats a repetition");
	if (turned || most > REPEAT_MAX)
		return refuse(r, from, "is no repetition: at most 1000, the smaller number first");
	r->at = *from == '{' ? strchr(from, '}') + 1 : from + 1;
	(void)take(r, "?");
	copy(r, from);
	r->repeated = true;
	return true;
}

static bool item(struct regex *r)
{
	const char *from = r->at;

	if (strchr("*+?{", *from) && *from)
		return repetition(r);
	r->repeated = false;
	r->repeatable = *from != '|';
	if (*from == '(')
		return open_group(r);
	if (*from == '[')
		return class(r);
	if (*from == '\\')
		return escape(r, false);
	if (*from == ')' && !r->depth)
		return refuse(r, from, "closes no group");
	r->depth -= *from == ')';
	r->at++;
	copy(r, from);
	return true;
}

static struct bx *complain(struct binder *b, const struct regex *r, struct span at)
{
	unsigned int left = (unsigned int)(r->end - r->place);

	diag_add(b->diags, DIAG_VALUE, at,
		 "in the regular expression '%.*s', from character %u on, %s", (int)MIN(left, 20u),
		 r->place, (unsigned int)(r->place - r->start) + 1, r->fault);
	diag_expected(b->diags, "a regular expression of RE2's syntax");
	return bx_bad(b, at);
}

struct bx *bind_regex(struct binder *b, struct bx *x)
{
	struct regex r = { x->s, x->s, NULL, .out = BUF_INIT(KQL_TEXT_MAX * 2) };
	struct bx *made = x;
	const char *open;

	if (!bx_is_const(x) || x->type != KQL_STRING)
		return x;
	r.end = r.start + x->len;
	open = r.start;
	while (r.at < r.end && item(&r))
		;
	if (!r.fault && r.depth)
		(void)refuse(&r, open, "has a group that is not closed");
	if (r.fault) {
		made = complain(b, &r, x->span);
	} else if (r.out.len != x->len || (x->len && memcmp(r.out.data, x->s, x->len) != 0)) {
		const char *text =
		    buf_error(&r.out) ? NULL : arena_strndup(b->arena, r.out.data, r.out.len);

		made = text ? bx_text(b, KQL_STRING, text, r.out.len, x->span) : bx_bad(b, x->span);
	}
	buf_done(&r.out);
	return made;
}
