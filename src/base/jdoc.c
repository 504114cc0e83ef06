/* SPDX-License-Identifier: Apache-2.0 */
#include "base/jdoc.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

struct reader {
	struct arena *arena;
	const char *at, *end;
	unsigned int line, column;
	unsigned int depth;
	struct err *err;
};

static int parse_value(struct reader *r, struct jdoc *value);

static int refuse(struct reader *r, const char *what)
{
	return err_setf(r->err, -EINVAL, "%u:%u: %s", r->line, r->column, what);
}

static int refuse_here(struct reader *r, const char *expected)
{
	unsigned char c;

	if (r->at == r->end)
		return err_setf(r->err, -EINVAL, "%u:%u: %s is expected, but the text ends here",
				r->line, r->column, expected);
	c = (unsigned char)*r->at;
	if (c > 0x20 && c < 0x7f)
		return err_setf(r->err, -EINVAL, "%u:%u: %s is expected, not '%c'", r->line,
				r->column, expected, c);
	return err_setf(r->err, -EINVAL, "%u:%u: %s is expected, not byte 0x%02x", r->line,
			r->column, expected, c);
}

/* One byte on. A character is one column, however many bytes it has. */
static void advance(struct reader *r)
{
	if (*r->at == '\n') {
		r->line++;
		r->column = 1;
	} else if (((unsigned char)*r->at & 0xc0) != 0x80) {
		r->column++;
	}
	r->at++;
}

static void skip_blanks(struct reader *r)
{
	while (r->at < r->end && strchr(" \t\r\n", *r->at) && *r->at)
		advance(r);
}

static bool take(struct reader *r, char c)
{
	if (r->at == r->end || *r->at != c)
		return false;
	advance(r);
	return true;
}

static int parse_word(struct reader *r, struct jdoc *value)
{
	static const struct {
		const char *word;
		enum jdoc_type type;
		bool boolean;
	} words[] = { { "true", JDOC_BOOL, true },
		      { "false", JDOC_BOOL, false },
		      { "null", JDOC_NULL, false } };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		size_t len = strlen(words[i].word);

		if ((size_t)(r->end - r->at) < len || memcmp(r->at, words[i].word, len) != 0)
			continue;
		value->type = words[i].type;
		value->boolean = words[i].boolean;
		while (len--)
			advance(r);
		return 0;
	}
	return refuse_here(r, "a value");
}

static size_t digits(const char *p, const char *end)
{
	size_t n = 0;

	while (p + n < end && p[n] >= '0' && p[n] <= '9')
		n++;
	return n;
}

/* Length of the number at p, 0 where its form is not JSON's; *ret_whole: neither . nor exponent. */
static size_t number_length(const char *p, const char *end, bool *ret_whole)
{
	const char *start = p;
	size_t n;

	*ret_whole = true;
	p += p < end && *p == '-';
	n = digits(p, end);
	if (!n || (n > 1 && *p == '0'))
		return 0;
	p += n;
	if (p < end && *p == '.') {
		n = digits(p + 1, end);
		if (!n)
			return 0;
		p += 1 + n;
		*ret_whole = false;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		p += p < end && (*p == '+' || *p == '-');
		n = digits(p, end);
		if (!n)
			return 0;
		p += n;
		*ret_whole = false;
	}
	return (size_t)(p - start);
}

static int parse_number(struct reader *r, struct jdoc *value)
{
	bool whole;
	size_t len = number_length(r->at, r->end, &whole);
	char text[64];

	if (!len)
		return refuse(r, "this is no number");
	if (len >= sizeof(text))
		return refuse(r, "this number is too long");
	memcpy(text, r->at, len);
	text[len] = '\0';
	errno = 0;
	if (whole) {
		value->type = JDOC_INTEGER;
		value->integer = strtoll(text, NULL, 10);
	} else {
		value->type = JDOC_REAL;
		value->real = strtod(text, NULL);
	}
	if (errno == ERANGE && (whole || !isfinite(value->real)))
		return refuse(r, "this number is out of range");
	while (len--)
		advance(r);
	return 0;
}

/* The four digits behind \u. */
static int parse_hex4(struct reader *r, unsigned int *ret_code)
{
	unsigned int code = 0;

	for (int i = 0; i < 4; i++) {
		char c = r->at < r->end ? *r->at : '\0';

		if (c >= '0' && c <= '9')
			code = code << 4 | (unsigned int)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			code = code << 4 | (unsigned int)((c | 0x20) - 'a' + 10);
		else
			return refuse_here(r, "a hex digit");
		advance(r);
	}
	*ret_code = code;
	return 0;
}

static size_t put_utf8(char *dst, unsigned int code)
{
	if (code < 0x80) {
		dst[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		dst[0] = (char)(0xc0 | code >> 6);
		dst[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		dst[0] = (char)(0xe0 | code >> 12);
		dst[1] = (char)(0x80 | (code >> 6 & 0x3f));
		dst[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	dst[0] = (char)(0xf0 | code >> 18);
	dst[1] = (char)(0x80 | (code >> 12 & 0x3f));
	dst[2] = (char)(0x80 | (code >> 6 & 0x3f));
	dst[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

/* Behind "\u": one character, for which two escapes may be needed. Bytes written, or error. */
static int parse_unicode(struct reader *r, char *dst)
{
	unsigned int code, low;
	int res = parse_hex4(r, &code);

	if (res < 0)
		return res;
	if (code == 0)
		return refuse(r, "text must not hold \\u0000");
	if (code >= 0xdc00 && code <= 0xdfff)
		return refuse(r, "half of a surrogate pair");
	if (code >= 0xd800 && code <= 0xdbff) {
		if (!take(r, '\\') || !take(r, 'u'))
			return refuse(r, "half of a surrogate pair");
		res = parse_hex4(r, &low);
		if (res < 0)
			return res;
		if (low < 0xdc00 || low > 0xdfff)
			return refuse(r, "half of a surrogate pair");
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
	}
	return (int)put_utf8(dst, code);
}

static int parse_escape(struct reader *r, char *dst)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *found;

	if (take(r, 'u'))
		return parse_unicode(r, dst);
	found = r->at < r->end && *r->at ? strchr(from, *r->at) : NULL;
	if (!found)
		return refuse_here(r, "one of \" \\ / b f n r t u behind \\");
	advance(r);
	*dst = to[found - from];
	return 1;
}

/* Length up to the closing quote, an upper bound of what the text needs. */
static size_t raw_length(const struct reader *r)
{
	const char *p = r->at;

	while (p < r->end && *p != '"')
		p += *p == '\\' && p + 1 < r->end ? 2 : 1;
	return (size_t)(p - r->at);
}

static int parse_text(struct reader *r, const char **ret_text)
{
	size_t n = 0;
	char *dst;

	if (!take(r, '"'))
		return refuse_here(r, "text in double quotes");
	dst = arena_alloc(r->arena, raw_length(r) + 5);
	if (!dst)
		return err_setf(r->err, -ENOMEM, "the file is too large");
	while (!take(r, '"')) {
		size_t len;

		if (r->at == r->end)
			return refuse(r, "the text has no closing quote");
		if (take(r, '\\')) {
			int res = parse_escape(r, dst + n);

			if (res < 0)
				return res;
			n += (size_t)res;
			continue;
		}
		if ((unsigned char)*r->at < 0x20)
			return refuse(r, "control characters in text must be written as \\uXXXX");
		len = utf8_sequence(r->at, (size_t)(r->end - r->at));
		if (!len)
			return refuse(r, "this byte is not UTF-8");
		while (len--) {
			dst[n++] = *r->at;
			advance(r);
		}
	}
	dst[n] = '\0';
	*ret_text = dst;
	return 0;
}

static int parse_key(struct reader *r, const struct jdoc *object, struct jdoc *member)
{
	int res;

	member->key_line = r->line;
	member->key_column = r->column;
	res = parse_text(r, &member->key);
	if (res < 0)
		return res;
	for (const struct jdoc *m = object->first; m; m = m->next)
		if (strcmp(m->key, member->key) == 0)
			return err_setf(r->err, -EINVAL,
					"%u:%u: \"%s\" stands here again, it was given in line %u",
					member->key_line, member->key_column, m->key, m->key_line);
	skip_blanks(r);
	if (!take(r, ':'))
		return refuse_here(r, "':'");
	skip_blanks(r);
	return 0;
}

/* Behind [ or {: elements and the closing bracket. */
static int parse_elements(struct reader *r, struct jdoc *parent, char closing)
{
	bool object = closing == '}';
	const struct jdoc **tail = &parent->first;
	unsigned int left = object ? JDOC_MEMBERS_MAX : JDOC_ELEMENTS_MAX;

	skip_blanks(r);
	if (take(r, closing))
		return 0;
	for (;;) {
		struct jdoc *element = arena_new(r->arena, struct jdoc);
		int res = element ? 0 : err_setf(r->err, -ENOMEM, "the file is too large");

		if (!left--)
			return refuse(r, "too many elements");
		if (res == 0 && object)
			res = parse_key(r, parent, element);
		if (res == 0)
			res = parse_value(r, element);
		if (res < 0)
			return res;
		*tail = element;
		tail = &element->next;
		skip_blanks(r);
		if (take(r, closing))
			return 0;
		if (!take(r, ','))
			return refuse_here(r, object ? "',' or '}'" : "',' or ']'");
		skip_blanks(r);
	}
}

static int parse_value(struct reader *r, struct jdoc *value)
{
	int res;

	value->line = r->line;
	value->column = r->column;
	if (r->at == r->end)
		return refuse_here(r, "a value");
	if (*r->at == '"') {
		value->type = JDOC_TEXT;
		return parse_text(r, &value->text);
	}
	if (*r->at == '-' || (*r->at >= '0' && *r->at <= '9'))
		return parse_number(r, value);
	if (*r->at != '{' && *r->at != '[')
		return parse_word(r, value);
	if (r->depth == JDOC_DEPTH_MAX)
		return refuse(r, "nested too deeply");
	r->depth++;
	value->type = *r->at == '{' ? JDOC_OBJECT : JDOC_LIST;
	advance(r);
	res = parse_elements(r, value, value->type == JDOC_OBJECT ? '}' : ']');
	r->depth--;
	return res;
}

int jdoc_parse(struct arena *a, const char *text, size_t len, const struct jdoc **ret_root,
	       struct err *err)
{
	struct reader r = { .arena = a, .at = text, .end = text + len, .line = 1, .column = 1,
			    .err = err };
	struct jdoc *root = arena_new(a, struct jdoc);
	int res;

	if (len > JDOC_TEXT_MAX)
		return err_setf(err, -EFBIG, "1:1: larger than %u bytes", JDOC_TEXT_MAX);
	if (!root)
		return err_setf(err, -ENOMEM, "out of memory");
	/* A byte order mark is what some editors on Windows write in front. */
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		r.at += 3;
	skip_blanks(&r);
	res = parse_value(&r, root);
	if (res < 0)
		return res;
	skip_blanks(&r);
	if (r.at != r.end)
		return refuse_here(&r, "the end of the text");
	*ret_root = root;
	return 0;
}

const struct jdoc *jdoc_member(const struct jdoc *object, const char *key)
{
	if (object->type != JDOC_OBJECT)
		return NULL;
	for (const struct jdoc *m = object->first; m; m = m->next)
		if (strcmp(m->key, key) == 0)
			return m;
	return NULL;
}

const char *jdoc_type_name(enum jdoc_type type)
{
	static const char *const names[] = { "null",	   "a boolean", "a whole number", "a number",
					     "text",	   "a list",	"an object" };

	return names[type];
}
