/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_literal.c - literals as typed constants
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kql/bind.h"

static struct bx *wrong(struct binder *b, const struct ast *a, const char *wanted)
{
	diag_add(b->diags, DIAG_VALUE, a->span, "'%.*s' is no %s", (int)MIN(a->text_len, 60u),
		 a->text, kql_type_name(a->type));
	diag_expected(b->diags, "%s", wanted);
	return bx_bad(b, a->span);
}

static struct bx *integer(struct binder *b, const struct ast *a)
{
	struct bx *x = bx_new(b, BX_CONST, a->type, a->span);
	bool hex = a->text_len > 2 && (a->text[1] | 32) == 'x';
	char *end;

	errno = 0;
	x->i = hex ? (int64_t)strtoull(a->text, &end, 16) : strtoll(a->text, &end, 10);
	if (errno || end != a->text + a->text_len || !a->text_len)
		return wrong(b, a, "digits, at most 9223372036854775807");
	if (a->type == KQL_INT && x->i != (int32_t)x->i)
		return wrong(b, a, "a number from -2147483648 to 2147483647");
	return x;
}

static struct bx *real(struct binder *b, const struct ast *a)
{
	struct bx *x = bx_new(b, BX_CONST, KQL_REAL, a->span);
	char *end;

	if (!strcasecmp(a->text, "nan") || !strcasecmp(a->text, "+nan"))
		x->d = (double)NAN;
	else if (!strcasecmp(a->text, "inf") || !strcasecmp(a->text, "+inf"))
		x->d = (double)INFINITY;
	else if (!strcasecmp(a->text, "-inf"))
		x->d = (double)-INFINITY;
	else {
		x->d = strtod(a->text, &end);
		if (end != a->text + a->text_len || !a->text_len)
			return wrong(b, a, "a number, nan or +inf");
	}
	return x;
}

static struct bx *decimal(struct binder *b, const struct ast *a)
{
	unsigned int digits = 0, points = 0;

	for (uint32_t i = 0; i < a->text_len; i++) {
		char c = a->text[i];

		digits += c >= '0' && c <= '9';
		points += c == '.';
		if ((c < '0' || c > '9') && c != '.' && !(i == 0 && (c == '-' || c == '+')))
			return wrong(b, a, "digits with at most one point");
	}
	if (!digits || points > 1 || digits > 34)
		return wrong(b, a, "1 to 34 digits with at most one point");
	return bx_text(b, KQL_DECIMAL, a->text, a->text_len, a->span);
}

static struct bx *boolean(struct binder *b, const struct ast *a)
{
	struct bx *x = bx_new(b, BX_CONST, KQL_BOOL, a->span);

	if (!strcasecmp(a->text, "true") || !strcmp(a->text, "1"))
		x->i = 1;
	else if (strcasecmp(a->text, "false") != 0 && strcmp(a->text, "0") != 0)
		return wrong(b, a, "true or false");
	return x;
}

static struct bx *guid(struct binder *b, const struct ast *a)
{
	const char *s = a->text;
	char plain[37];
	size_t n = 0;

	for (uint32_t i = 0; i < a->text_len; i++) {
		if (strchr("{}\"'() -", s[i]))
			continue;
		if (!strchr("0123456789abcdefABCDEF", s[i]) || n == 36)
			return wrong(b, a, "32 hexadecimal digits as 8-4-4-4-12");
		if (n == 8 || n == 13 || n == 18 || n == 23)
			plain[n++] = '-';
		if (n < 36)
			plain[n++] = (char)(s[i] >= 'A' && s[i] <= 'F' ? s[i] | 32 : s[i]);
	}
	if (n != 36)
		return wrong(b, a, "32 hexadecimal digits as 8-4-4-4-12");
	s = arena_strndup(b->arena, plain, n);
	return bx_text(b, KQL_GUID, s ? s : "", s ? n : 0, a->span);
}

static struct bx *out_of_range(struct binder *b, const struct ast *a)
{
	diag_add(b->diags, DIAG_VALUE, a->span, "a time that cannot be held here: '%.*s'",
		 (int)MIN(a->text_len, 60u), a->text);
	diag_expected(b->diags, "1900-01-01 to 2262-04-11; datetime(null) where there is none");
	return bx_bad(b, a->span);
}

static struct bx *time_literal(struct binder *b, const struct ast *a)
{
	struct bx *x = bx_new(b, BX_CONST, a->type, a->span);

	if (a->type == KQL_DATETIME) {
		/* datetime() of an expression that is no literal is not the language's. */
		int r = kql_datetime_parse(a->text, a->text_len, &x->i);

		if (r == -ERANGE)
			return out_of_range(b, a);
		return r < 0 ? wrong(b, a, "a date such as 2024-05-31T12:00:00Z") : x;
	}
	if (!kql_timespan_parse(a->text, a->text_len, &x->i))
		return wrong(b, a, "a timespan such as 1d, 30m, 1.02:03:04");
	return x;
}

struct bx *bind_literal(struct binder *b, const struct ast *a)
{
	const char *json;

	if (!a->text)
		return bx_null(b, a->type, a->span);
	switch ((enum kql_type)a->type) {
	case KQL_BOOL:
		return boolean(b, a);
	case KQL_INT:
	case KQL_LONG:
		return integer(b, a);
	case KQL_REAL:
		return real(b, a);
	case KQL_DECIMAL:
		return decimal(b, a);
	case KQL_DATETIME:
	case KQL_TIMESPAN:
		return time_literal(b, a);
	case KQL_GUID:
		return guid(b, a);
	case KQL_DYNAMIC:
		json = bind_json(b, a->text, a->text_len, a->span);
		if (!json)
			return bx_bad(b, a->span);
		if (!strcmp(json, "null"))
			return bx_null(b, KQL_DYNAMIC, a->span);
		return bx_text(b, KQL_DYNAMIC, json, strlen(json), a->span);
	case KQL_STRING:
		return bx_text(b, KQL_STRING, a->text, a->text_len, a->span);
	default:
		return bx_bad(b, a->span);
	}
}

const struct bx *bind_constant(struct binder *b, const struct ast *a, enum kql_type type)
{
	struct bx *x;

	if (!a || a->kind == AST_BAD)
		return NULL;
	x = bind_expr(b, a);
	if (x->type == KQL_UNKNOWN)
		return NULL;
	x = bx_cast(b, x, type);
	if (bx_is_const(x))
		return x;
	diag_add(b->diags, DIAG_CONSTANT, a->span,
		 "a value that is not known before the query runs");
	diag_expected(b->diags, "a constant %s", kql_type_name(type));
	return NULL;
}
