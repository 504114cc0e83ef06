/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_dynamic.c - the inside of dynamic(...) as JSON
 *
 * It is JSON with a little more: strings in single quotes, nested literals such as
 * datetime(2020-01-01) and timespans. What comes out is JSON without blanks.
 */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "kql/bind.h"

#define JSON_DEPTH_MAX 64u

struct json {
	struct binder *b;
	const char *at, *end;
	struct buf out;
	unsigned int depth;
};

static void skip(struct json *j)
{
	while (j->at < j->end) {
		if (j->end - j->at > 1 && j->at[0] == '/' && j->at[1] == '/') {
			while (j->at < j->end && *j->at != '\n')
				j->at++;
		} else if (isspace((unsigned char)*j->at)) {
			j->at++;
		} else {
			return;
		}
	}
}

static bool value(struct json *j);

static bool string_begins(const struct json *j)
{
	size_t i = j->at < j->end && (*j->at == 'h' || *j->at == 'H');

	i += j->end - j->at > (ptrdiff_t)i && j->at[i] == '@';
	return j->end - j->at > (ptrdiff_t)i && (j->at[i] == '"' || j->at[i] == '\'');
}

static bool one_string(struct json *j)
{
	struct arena *a = j->b->arena;
	struct diag_list quiet = { .arena = a,
				   .source = j->at,
				   .source_len = (size_t)(j->end - j->at) };
	struct token_list tokens;
	size_t len = 0;
	char quote;
	bool verbatim;

	/* The end of the string by the lexer's rules: it alone knows escapes. */
	while (j->at + len < j->end &&
	       (j->at[len] == '@' || j->at[len] == 'h' || j->at[len] == 'H'))
		len++;
	verbatim = len && j->at[len - 1] == '@';
	if (j->at + len >= j->end)
		return false;
	quote = j->at[len++];
	while (j->at + len < j->end && j->at[len] != quote)
		len += j->at[len] == '\\' && !verbatim && j->at + len + 1 < j->end ? 2 : 1;
	if (j->at + len >= j->end)
		return false;
	len++;
	if (token_scan(&quiet, j->at, len, &tokens) < 0 || tokens.items[0].kind != TOKEN_STRING)
		return false;
	if (quiet.failed) { /* JSON's own \/ */
		buf_append(&j->out, j->at, len);
	} else {
		buf_append_json(&j->out, tokens.items[0].text, tokens.items[0].text_len);
	}
	j->at += len;
	return true;
}

/* Strings that stand side by side are one: of the next its opening quote goes, and the last one's
 * closing quote. */
static bool string(struct json *j)
{
	if (!one_string(j))
		return false;
	for (skip(j); string_begins(j); skip(j)) {
		size_t joint = --j->out.len;

		if (!one_string(j))
			return false;
		memmove(j->out.data + joint, j->out.data + joint + 1, j->out.len - joint - 1);
		j->out.len--;
	}
	return true;
}

static void put_datetime(struct json *j, int64_t ns)
{
	time_t seconds = (time_t)(ns / 1000000000 - (ns % 1000000000 < 0));
	int64_t rest = ns - (int64_t)seconds * 1000000000;
	struct tm tm;

	gmtime_r(&seconds, &tm);
	buf_printf(&j->out, "\"%04d-%02d-%02dT%02d:%02d:%02d.%07" PRId64 "Z\"", tm.tm_year + 1900,
		   tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, rest / 100);
}

static void put_timespan(struct json *j, int64_t t)
{
	int64_t a = t < 0 ? -t : t, days = a / 864000000000;

	buf_printf(&j->out, "\"%s", t < 0 ? "-" : "");
	if (days)
		buf_printf(&j->out, "%" PRId64 ".", days);
	buf_printf(&j->out, "%02" PRId64 ":%02" PRId64 ":%02" PRId64, a / 36000000000 % 24,
		   a / 600000000 % 60, a / 10000000 % 60);
	if (a % 10000000)
		buf_printf(&j->out, ".%07" PRId64, a % 10000000);
	buf_append_byte(&j->out, '"');
}

/* datetime(...), 1d, true, null, 1.5 */
static bool word(struct json *j)
{
	struct diag_list quiet = { .arena = j->b->arena,
				   .source = j->at,
				   .source_len = (size_t)(j->end - j->at) };
	struct token_list tokens;
	size_t len = 0;
	unsigned int nested = 0;
	struct token *t;
	int64_t n;

	while (j->at + len < j->end && (nested || !strchr(",]}:", j->at[len]))) {
		nested += j->at[len] == '(';
		nested -= nested && j->at[len] == ')';
		len++;
	}
	while (len && isspace((unsigned char)j->at[len - 1]))
		len--;
	if (!len || token_scan(&quiet, j->at, len, &tokens) < 0 || quiet.failed)
		return false;
	t = tokens.items;
	if (t->kind == TOKEN_PUNCT && *t->text == '-' && tokens.count == 3)
		t++;
	if (t->kind == TOKEN_TYPED && t->type == KQL_DATETIME && t->text_len) {
		if (kql_datetime_parse(t->text, t->text_len, &n) < 0)
			return false;
		put_datetime(j, n);
	} else if ((t->kind == TOKEN_TYPED && t->type == KQL_TIMESPAN) || t->kind == TOKEN_TIMESPAN)
		put_timespan(j, kql_timespan_parse(t->text, t->text_len, &n) ? n : 0);
	else if (t->kind == TOKEN_TYPED && t->type == KQL_DYNAMIC) {
		struct json inner = *j;

		inner.at = t->text;
		inner.end = t->text + t->text_len;
		if (++inner.depth > JSON_DEPTH_MAX || !value(&inner))
			return false;
		j->out = inner.out;
	} else if (t->kind == TOKEN_TYPED && t->text_len && t->type != KQL_GUID)
		buf_append(&j->out, t->text, t->text_len);
	else if (t->kind == TOKEN_TYPED)
		buf_append_json(&j->out, t->text, t->text_len);
	else if (t->kind == TOKEN_LONG || t->kind == TOKEN_REAL)
		buf_append(&j->out, j->at, len);
	else if (len == 4 && (!memcmp(j->at, "true", 4) || !memcmp(j->at, "null", 4)))
		buf_append(&j->out, j->at, 4);
	else if (len == 5 && !memcmp(j->at, "false", 5))
		buf_append(&j->out, j->at, 5);
	else
		return false;
	j->at += len;
	return true;
}

static bool collection(struct json *j, char close)
{
	bool first = true;

	if (++j->depth > JSON_DEPTH_MAX)
		return false;
	buf_append_byte(&j->out, (uint8_t)*j->at++);
	for (skip(j); j->at < j->end && *j->at != close; skip(j), first = false) {
		if (!first) {
			if (*j->at != ',')
				return false;
			j->at++;
			skip(j);
			if (j->at < j->end && *j->at == close)
				break;
			buf_append_byte(&j->out, ',');
		}
		if (close == '}') {
			if (j->at >= j->end || !strchr("\"'@h", *j->at) || !string(j))
				return false;
			skip(j);
			if (j->at >= j->end || *j->at++ != ':')
				return false;
			buf_append_byte(&j->out, ':');
			skip(j);
		}
		if (!value(j))
			return false;
	}
	if (j->at >= j->end)
		return false;
	j->at++;
	buf_append_byte(&j->out, (uint8_t)close);
	j->depth--;
	return true;
}

static bool value(struct json *j)
{
	skip(j);
	if (j->at >= j->end)
		return false;
	switch (*j->at) {
	case '{':
		return collection(j, '}');
	case '[':
		return collection(j, ']');
	case '"':
	case '\'':
	case '@':
	case '`':
		return string(j);
	case 'h':
	case 'H':
		if (j->end - j->at > 1 && strchr("\"'@", j->at[1]))
			return string(j);
	}
	return word(j);
}

char *bind_json(struct binder *b, const char *s, size_t len, struct span span)
{
	struct json j = { .b = b, .at = s, .end = s + len };
	char *text = NULL;
	bool good;

	buf_init(&j.out, KQL_TEXT_MAX * 8);
	good = value(&j);
	skip(&j);
	if (!good || j.at != j.end || buf_error(&j.out)) {
		diag_add(b->diags, DIAG_VALUE, span, "what stands in dynamic() is not JSON");
		diag_expected(b->diags, "null, true, a number, a string, [...] or {\"name\": ...}");
	} else {
		text = arena_strndup(b->arena, j.out.data, j.out.len);
	}
	buf_done(&j.out);
	return text;
}
