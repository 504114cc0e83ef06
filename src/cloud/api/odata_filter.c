/* SPDX-License-Identifier: Apache-2.0 */
/*
 * odata_filter.c - $filter: recursive descent over the text, SQL written on the way
 *
 * What a stranger wrote reaches SQL in two ways only: as a property found in the entity's table and
 * as a bound value. Depth, length and number of values are bounded.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "cloud/api/odata.h"

enum token_kind {
	T_END,
	T_WORD,
	T_TEXT,
	T_NUMBER,
	T_TIME,
	T_OPEN,
	T_CLOSE,
	T_COMMA,
	T_SLASH,
	T_COLON
};

struct token {
	enum token_kind kind;
	const char *at; /* in the input */
	size_t len;
	const char *text; /* T_TEXT: without quotes */
	int64_t number;	  /* T_NUMBER, T_TIME */
	double real;
	bool is_real;
};

struct parser {
	const struct odata_entity *entity;
	const char *input, *next;
	struct token token;
	struct odata_sql *sql;
	struct err *err;
	unsigned int depth, terms;
};

static int refuse(const struct parser *p, const char *at, const char *what)
{
	return err_setf(p->err, -EINVAL, "$filter, position %zu: %s", (size_t)(at - p->input) + 1,
			what);
}

static int refuse_expected(const struct parser *p, const char *expected)
{
	char what[256];

	if (p->token.kind == T_END)
		snprintf(what, sizeof(what), "%s is expected, but the filter ends", expected);
	else
		snprintf(what, sizeof(what), "%s is expected instead of '%.*s'", expected,
			 (int)MIN(p->token.len, (size_t)40), p->token.at);
	return refuse(p, p->token.at, what);
}

static bool is_word(const struct token *t, const char *word)
{
	return t->kind == T_WORD && t->len == strlen(word) && strncasecmp(t->at, word, t->len) == 0;
}

/* 'it''s': two quotes are one. */
static int take_text(struct parser *p)
{
	const char *end = p->next + 1;
	char *out, *o;

	while (*end && (*end != '\'' || end[1] == '\''))
		end += *end == '\'' ? 2 : 1;
	if (!*end)
		return refuse(p, p->next, "the text has no closing quote");
	out = o = arena_alloc(&p->sql->arena, (size_t)(end - p->next));
	if (!out)
		return refuse(p, p->next, "the filter is too large");
	for (const char *s = p->next + 1; s < end; s += *s == '\'' ? 2 : 1)
		*o++ = *s;
	*o = '\0';
	p->token.kind = T_TEXT;
	p->token.text = out;
	p->token.len = (size_t)(end + 1 - p->next);
	return 0;
}

/* The date alone is midnight, UTC where no zone is given. What is out of range is never reached. */
static int parse_time(const char *text, int64_t *ret_ns)
{
	int r = clock_parse_rfc3339(text, ret_ns);

	if (r == -ERANGE)
		*ret_ns = strcmp(text, "1970") < 0 ? INT64_MIN : INT64_MAX;
	return r == -ERANGE ? 0 : r;
}

static int take_number(struct parser *p)
{
	size_t len = strspn(p->next, "0123456789+-.:TtZzeE");
	char copy[64], *end;

	p->token.len = len;
	if (len >= sizeof(copy))
		return refuse(p, p->next, "the number is too long");
	memcpy(copy, p->next, len);
	copy[len] = '\0';
	if (len >= 10 && copy[4] == '-') {
		p->token.kind = T_TIME;
		if (parse_time(copy, &p->token.number) < 0)
			return refuse(p, p->next, "not a time; 2026-01-31T10:00:00Z is the form");
		return 0;
	}
	p->token.kind = T_NUMBER;
	errno = 0;
	p->token.number = strtoll(copy, &end, 10);
	p->token.is_real = *end || errno;
	p->token.real = p->token.is_real ? strtod(copy, &end) : (double)p->token.number;
	return *end ? refuse(p, p->next, "not a number") : 0;
}

static int advance(struct parser *p)
{
	static const char punctuation[] = "(),/:";
	static const enum token_kind kinds[] = { T_OPEN, T_CLOSE, T_COMMA, T_SLASH, T_COLON };
	const char *mark;
	int r = 0;

	p->next += strspn(p->next, " \t\r\n");
	p->token = (struct token){ .at = p->next, .len = 1 };
	mark = *p->next ? strchr(punctuation, *p->next) : NULL;
	if (!*p->next) {
		p->token.kind = T_END;
		p->token.len = 0;
	} else if (mark) {
		p->token.kind = kinds[mark - punctuation];
	} else if (*p->next == '\'') {
		r = take_text(p);
	} else if (isdigit((unsigned char)*p->next) || *p->next == '-') {
		r = take_number(p);
	} else if (isalpha((unsigned char)*p->next) || *p->next == '_') {
		p->token.kind = T_WORD;
		while (isalnum((unsigned char)p->next[p->token.len]) ||
		       p->next[p->token.len] == '_')
			p->token.len++;
	} else {
		r = refuse(p, p->next, "this character has no meaning here");
	}
	p->next += p->token.len;
	return r;
}

static int expect(struct parser *p, enum token_kind kind, const char *what)
{
	return p->token.kind == kind ? advance(p) : refuse_expected(p, what);
}

static int put(struct parser *p, const char *sql)
{
	return buf_append_str(&p->sql->text, sql);
}

/* An enum's value in its own spelling; texts of an enum that are none of its values are refused. */
static int canonical(const struct parser *p, const struct odata_property *prop, const char **text)
{
	char what[512];

	if (!prop->values)
		return 0;
	snprintf(what, sizeof(what), "%s is one of", prop->name);
	for (const char *const *v = prop->values; *v; v++) {
		if (strcasecmp(*v, *text) == 0) {
			*text = *v;
			return 0;
		}
		snprintf(what + strlen(what), sizeof(what) - strlen(what), "%s %s",
			 v == prop->values ? "" : ",", *v);
	}
	return refuse(p, p->token.at, what);
}

static int bind_text(struct parser *p, const char *text)
{
	if (odata_bind_text(p->sql, text, strlen(text)) < 0)
		return refuse(p, p->token.at, "the filter has too many values");
	return put(p, "?");
}

static int bind_number(struct parser *p, int64_t number)
{
	if (odata_bind_number(p->sql, number) < 0)
		return refuse(p, p->token.at, "the filter has too many values");
	return put(p, "?");
}

static int bind_real(struct parser *p)
{
	struct odata_sql *sql = p->sql;

	if (sql->value_count == ODATA_VALUES_MAX)
		return refuse(p, p->token.at, "the filter has too many values");
	sql->values[sql->value_count++] =
	    (struct state_value){ .type = 'd', .real = p->token.real };
	return put(p, "?");
}

static int literal_text(struct parser *p, const struct odata_property *prop)
{
	const char *text = p->token.text;
	int r;

	if (p->token.kind != T_TEXT)
		return refuse_expected(p, "a text in single quotes");
	r = canonical(p, prop, &text);
	return r < 0 ? r : bind_text(p, text);
}

static int literal_time(struct parser *p)
{
	int64_t ns;

	if (p->token.kind == T_TIME)
		return bind_number(p, p->token.number);
	if (p->token.kind == T_TEXT && parse_time(p->token.text, &ns) == 0)
		return bind_number(p, ns);
	return refuse_expected(p, "a time such as 2026-01-31T10:00:00Z");
}

/* One literal of the property's type, bound. */
static int literal(struct parser *p, const struct odata_property *prop)
{
	int r;

	switch (prop->type) {
	case ODATA_TEXT:
	case ODATA_TEXTS:
		r = literal_text(p, prop);
		break;
	case ODATA_TIME:
		r = literal_time(p);
		break;
	case ODATA_NUMBER:
		if (p->token.kind != T_NUMBER)
			return refuse_expected(p, "a number");
		r = p->token.is_real ? bind_real(p) : bind_number(p, p->token.number);
		break;
	default:
		if (!is_word(&p->token, "true") && !is_word(&p->token, "false"))
			return refuse_expected(p, "true or false");
		r = put(p, is_word(&p->token, "true") ? "1" : "0");
	}
	return r < 0 ? r : advance(p);
}

static const struct odata_property *take_property(struct parser *p)
{
	const struct odata_property *prop =
	    odata_property_find(p->entity, p->token.at, p->token.len);
	_cleanup_buf_ struct buf what = BUF_INIT(900);

	if (p->token.kind == T_WORD && prop && prop->type < ODATA_JSON)
		return advance(p) < 0 ? NULL : prop;
	buf_printf(&what, "'%.*s' cannot be filtered by; one of ",
		   (int)MIN(p->token.len, (size_t)40), p->token.at);
	odata_property_names(p->entity, &what);
	refuse(p, p->token.at, what.data ? what.data : "not a property");
	return NULL;
}

static const struct {
	const char *word, *sql;
	bool order; /* less or greater: not for texts of an enum, lists, booleans */
} comparisons[] = {
	/* IS compares null as OData does: null equals null and differs from all else. */
	{ "eq", " IS ", false }, { "ne", " IS NOT ", false }, { "gt", " > ", true },
	{ "ge", " >= ", true },	 { "lt", " < ", true },	      { "le", " <= ", true },
};

static int in_list(struct parser *p, const struct odata_property *prop, const char *column)
{
	int r = put(p, column);

	if (r == 0)
		r = put(p, " IN (");
	if (r == 0)
		r = advance(p);
	if (r == 0)
		r = expect(p, T_OPEN, "'('");
	for (bool first = true; r == 0; first = false) {
		if (!first)
			r = put(p, ", ");
		if (r == 0)
			r = literal(p, prop);
		if (r == 0 && p->token.kind != T_COMMA)
			break;
		if (r == 0)
			r = advance(p);
	}
	if (r == 0)
		r = put(p, ")");
	return r < 0 ? r : expect(p, T_CLOSE, "')' or ','");
}

/* What follows a property: an operator and a literal. */
static int comparison(struct parser *p, const struct odata_property *prop, const char *column)
{
	if (is_word(&p->token, "in"))
		return in_list(p, prop, column);
	for (size_t i = 0; i < ARRAY_SIZE(comparisons); i++) {
		bool order = comparisons[i].order;
		int r;

		if (!is_word(&p->token, comparisons[i].word))
			continue;
		if (order && (prop->values || prop->type == ODATA_BOOL))
			return refuse(p, p->token.at, "this property has no order: eq, ne or in");
		/* A comparison with null is false, also under not. */
		r = put(p, order ? "coalesce(" : "(");
		if (r == 0)
			r = put(p, column);
		if (r == 0)
			r = put(p, comparisons[i].sql);
		if (r == 0)
			r = advance(p);
		if (r == 0 && is_word(&p->token, "null"))
			r = put(p, "NULL") ?: advance(p);
		else if (r == 0)
			r = literal(p, prop);
		return r < 0 ? r : put(p, order ? ", 0)" : ")");
	}
	return refuse_expected(p, "eq, ne, gt, ge, lt, le or in");
}

/* tags/any(t: t eq 'x'): the list's members one by one. */
static int any(struct parser *p, const struct odata_property *prop)
{
	struct token variable;
	int r = expect(p, T_SLASH, "'/any('");

	if (r < 0)
		return r;
	if (!is_word(&p->token, "any"))
		return refuse_expected(p, "any");
	r = advance(p);
	if (r == 0)
		r = expect(p, T_OPEN, "'('");
	variable = p->token;
	if (r == 0)
		r = expect(p, T_WORD, "a variable");
	if (r == 0)
		r = expect(p, T_COLON, "':'");
	if (r < 0)
		return r;
	if (p->token.kind != T_WORD || p->token.len != variable.len ||
	    strncmp(p->token.at, variable.at, variable.len) != 0)
		return refuse_expected(p, "the variable");
	r = advance(p);
	if (r == 0)
		r = put(p, "EXISTS (SELECT 1 FROM json_each(") ?: put(p, prop->sql) ?:
									 put(p, ") m WHERE ");
	if (r == 0)
		r = comparison(p, prop, "m.value");
	if (r == 0)
		r = put(p, ")");
	return r < 0 ? r : expect(p, T_CLOSE, "')'");
}

/* contains(title, 'x'): without regard to case, as people search. */
static int function(struct parser *p, const char *sql_form)
{
	const struct odata_property *prop;
	int r = advance(p);

	if (r == 0)
		r = expect(p, T_OPEN, "'('");
	if (r < 0)
		return r;
	prop = take_property(p);
	if (!prop)
		return -EINVAL;
	if (prop->type != ODATA_TEXT)
		return refuse(p, p->token.at, "only texts can be searched in");
	r = expect(p, T_COMMA, "','");
	if (r < 0)
		return r;
	if (p->token.kind != T_TEXT)
		return refuse_expected(p, "a text in single quotes");
	/* The two holes of the form: the column, then the value. */
	for (const char *s = sql_form; *s && r == 0; s++) {
		if (*s == '#')
			r = put(p, prop->sql);
		else if (*s == '?')
			r = bind_text(p, p->token.text);
		else
			r = buf_append_byte(&p->sql->text, (uint8_t)*s);
	}
	if (r == 0)
		r = advance(p);
	return r < 0 ? r : expect(p, T_CLOSE, "')'");
}

static const struct {
	const char *name, *sql;
} functions[] = {
	{ "contains", "coalesce(instr(lower(#), lower(?)) > 0, 0)" },
	{ "startswith", "coalesce(instr(lower(#), lower(?)) = 1, 0)" },
	{ "endswith", "coalesce(substr(lower(#), -max(length(?), 1)) = lower(?), 0)" },
};

static int disjunction(struct parser *p);

static int grouped(struct parser *p)
{
	int r = advance(p);

	if (r == 0)
		r = put(p, "(");
	if (r == 0)
		r = disjunction(p);
	if (r == 0)
		r = put(p, ")");
	return r < 0 ? r : expect(p, T_CLOSE, "')'");
}

static int primary(struct parser *p)
{
	const struct odata_property *prop;

	/* SQLite's own limit is four times as far. */
	if (p->terms++ == ODATA_VALUES_MAX)
		return refuse(p, p->token.at, "the filter has too many terms");
	if (p->token.kind == T_OPEN)
		return grouped(p);
	if (p->token.kind != T_WORD)
		return refuse_expected(p, "a property, a function, not or '('");
	if (*p->next == '(')
		for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
			if (is_word(&p->token, functions[i].name))
				return function(p, functions[i].sql);
	prop = take_property(p);
	if (!prop)
		return -EINVAL;
	return prop->type == ODATA_TEXTS ? any(p, prop) : comparison(p, prop, prop->sql);
}

static int negation(struct parser *p)
{
	int r;

	if (p->depth == ODATA_DEPTH_MAX)
		return refuse(p, p->token.at, "the filter is nested too deeply");
	p->depth++;
	if (is_word(&p->token, "not"))
		r = advance(p) ?: put(p, "NOT (") ?: negation(p) ?: put(p, ")");
	else
		r = primary(p);
	p->depth--;
	return r;
}

static int conjunction(struct parser *p)
{
	int r = negation(p);

	while (r == 0 && is_word(&p->token, "and"))
		r = advance(p) ?: put(p, " AND ") ?: negation(p);
	return r;
}

static int disjunction(struct parser *p)
{
	int r = conjunction(p);

	while (r == 0 && is_word(&p->token, "or"))
		r = advance(p) ?: put(p, " OR ") ?: conjunction(p);
	return r;
}

int odata_filter(const struct odata_entity *e, const char *text, struct odata_sql *sql,
		 struct err *err)
{
	struct parser p = { .entity = e, .input = text, .next = text, .sql = sql, .err = err };
	int r;

	if (strlen(text) > ODATA_FILTER_MAX)
		return err_setf(err, -EINVAL, "$filter has more than %d bytes", ODATA_FILTER_MAX);
	r = advance(&p);
	if (r == 0)
		r = put(&p, "(");
	if (r == 0)
		r = disjunction(&p);
	if (r == 0 && p.token.kind != T_END)
		r = refuse_expected(&p, "and, or or the end");
	return r < 0 ? r : put(&p, ")");
}
