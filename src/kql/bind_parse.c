/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_parse.c - parse, parse-where, parse-kv: columns out of text
 *
 * The pattern becomes one regular expression with a group for each column.
 */
#include <string.h>

#include "kql/bind.h"

struct pattern {
	struct buf regex;
	const struct ast *columns[64];
	unsigned int count;
	bool regular; /* kind=regex: the texts are regular expressions themselves */
	bool relaxed;
};

/* Groups of the query's own count for nothing. */
static void append_regex(struct pattern *p, const char *s, size_t len)
{
	bool class = false;

	for (size_t i = 0; i < len; i++) {
		buf_append_byte(&p->regex, (uint8_t)s[i]);
		if (s[i] == '\\' && i + 1 < len) {
			buf_append_byte(&p->regex, (uint8_t)s[++i]);
			continue;
		}
		if (s[i] == '[')
			class = true;
		else if (s[i] == ']')
			class = false;
		else if (s[i] == '(' && !class && !(i + 1 < len && s[i + 1] == '?'))
			buf_append_str(&p->regex, "?:");
	}
}

static void append_text(struct pattern *p, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (strchr("\\.+*?()|[]{}^$", s[i]) && s[i])
			buf_append_byte(&p->regex, '\\');
		buf_append_byte(&p->regex, (uint8_t)s[i]);
	}
}

static const char *group_of(const struct pattern *p, const struct ast *column, bool last)
{
	switch ((enum kql_type)column->type) {
	case KQL_INT:
	case KQL_LONG:
		return p->relaxed ? "(-?\\d+|.*?)" : "(-?\\d+)";
	case KQL_REAL:
	case KQL_DECIMAL:
		return p->relaxed ? "(-?\\d*\\.?\\d+(?:[eE][-+]?\\d+)?|.*?)"
				  : "(-?\\d*\\.?\\d+(?:[eE][-+]?\\d+)?)";
	default:
		return p->regular ? "(.*)" : last ? "(.*)" : "(.*?)";
	}
}

static void append_parts(struct binder *b, struct pattern *p, const struct ast *parts)
{
	for (uint32_t i = 0; i < parts->count; i++) {
		const struct ast *part = parts->kids[i];
		bool last = i + 1 == parts->count;

		if (part->kind == AST_WILDCARD) {
			buf_append_str(&p->regex, p->regular ? ".*?" : last ? ".*" : ".*?");
		} else if (part->kind == AST_LITERAL && p->regular) {
			append_regex(p, part->text, part->text_len);
		} else if (part->kind == AST_LITERAL) {
			append_text(p, part->text, part->text_len);
		} else if (part->kind == AST_TYPED && p->count < ARRAY_SIZE(p->columns)) {
			buf_append_str(&p->regex, group_of(p, part, last));
			p->columns[p->count++] = part;
		} else {
			diag_add(b->diags, DIAG_SYNTAX, part->span, "this is no part of a pattern");
		}
	}
}

static void append_flags(struct pattern *p, const struct ast *flags)
{
	char text[8] = "";
	size_t n = 0;

	for (const char *f = flags && flags->text ? flags->text : ""; *f && n < 4; f++)
		if (strchr("imsU", *f) && !strchr(text, *f)) {
			text[n++] = *f;
			text[n] = '\0';
		}
	if (p->regular)
		buf_printf(&p->regex, n ? strchr(text, 's') ? "(?%s)" : "(?%s-s)" : "(?-s)", text);
	else
		buf_append_str(&p->regex, "(?s)");
}

static struct bx *group(struct binder *b, const struct column *groups, unsigned int i,
			struct span at)
{
	return bx_call(b, "__group", at, 2, bx_column(b, groups, at), bx_long(b, i, at));
}

static void take_columns(struct binder *b, struct table *t, const struct pattern *p,
			 const struct column *groups)
{
	struct rel *r = table_extend(b, t);

	for (unsigned int i = 0; i < p->count; i++) {
		const struct ast *column = p->columns[i];
		struct bx *x = group(b, groups, i, column->span);

		if (column->type != KQL_UNKNOWN)
			x = bx_cast(b, x, column->type);
		table_set(b, t, column->text, rel_define(b, r, column->text, x));
	}
}

bool bind_parse(struct binder *b, const struct ast *op, struct table *t)
{
	const struct ast *parts = ast_kid(op, 1), *kind = ast_option(op, "kind");
	struct pattern p = { .regular = ast_is(kind, AST_LITERAL, "regex"),
			     .relaxed = ast_is(kind, AST_LITERAL, "relaxed") };
	const struct column *groups;
	struct table next;
	struct bx *text, *regex;
	char *copy;

	if (!parts)
		return false;
	text = table_expr(b, t, op->kids[0]);
	if (text->type != KQL_STRING && text->type != KQL_UNKNOWN)
		text = bx_cast(b, text, KQL_STRING);
	buf_init(&p.regex, KQL_TEXT_MAX * 2);
	append_flags(&p, ast_option(op, "flags"));
	buf_append_byte(&p.regex, '^');
	append_parts(b, &p, parts);
	if (p.count && parts->kids[parts->count - 1]->kind == AST_TYPED)
		buf_append_byte(&p.regex, '$');
	copy = buf_error(&p.regex) ? NULL : arena_strndup(b->arena, p.regex.data, p.regex.len);
	buf_done(&p.regex);
	if (!copy || text->type == KQL_UNKNOWN || !p.count)
		return true;
	regex = bx_text(b, KQL_STRING, copy, strlen(copy), op->span);
	table_copy(b, t, &next);
	next.ordered = t->ordered;
	groups = rel_define(b, table_extend(b, &next), "groups",
			    bx_call(b, "__parse", op->span, 2, text, regex));
	take_columns(b, &next, &p, groups);
	if (!strcmp(op->text, "parse-where")) {
		/* Also what is not of the column's type does not match. */
		struct bx *match =
		    bx_call(b, "__matched", op->span, 1, bx_column(b, groups, op->span));

		for (unsigned int i = 0; i < p.count && !p.relaxed; i++) {
			const struct output *out = table_find(&next, p.columns[i]->text);

			if (out && out->column->nullable)
				match = bx_call(b, "and", op->span, 2, match,
						bx_call(b, "isnotnull", op->span, 1,
							bx_column(b, out->column, op->span)));
		}
		table_filter(b, &next, match);
	}
	*t = next;
	return true;
}

static const char *option_text(struct binder *b, const struct ast *op, const char *name,
			       const char *fallback)
{
	const struct ast *a = ast_option(op, name);
	const struct bx *x = a ? bind_constant(b, a, KQL_STRING) : NULL;

	return x ? x->s : fallback;
}

static void append_escaped(struct buf *to, const char *s)
{
	for (; *s; s++) {
		if (strchr("\\.+*?()|[]{}^$-", *s))
			buf_append_byte(to, '\\');
		buf_append_byte(to, (uint8_t)*s);
	}
}

#define KV_QUOTES_MAX 8u

/* What parse-kv is told. Without delimiters all but letters and digits is one. */
struct kv {
	const char *pair, *value; /* NULL: none given */
	const char *quotes[KV_QUOTES_MAX];
	unsigned int quote_count;
	char *escapes; /* as the inside of a class of a regular expression */
	bool greedy;   /* a value goes on to the last delimiter before another key */
	const char *regex;
};

static bool kv_options(struct binder *b, const struct ast *op, struct kv *kv)
{
	const struct ast *greedy = ast_option(op, "greedy");
	struct buf escapes = BUF_INIT(256);

	kv->pair = option_text(b, op, "pair_delimiter", NULL);
	kv->value = option_text(b, op, "kv_delimiter", NULL);
	if (kv->pair || kv->value) {
		kv->pair = kv->pair ? kv->pair : " ";
		kv->value = kv->value ? kv->value : "=";
	}
	kv->regex = option_text(b, op, "regex", NULL);
	kv->greedy = ast_is(greedy, AST_LITERAL, "true");
	buf_append_str(&escapes, "");
	for (uint32_t i = 0; op->opts && i < op->opts->count; i++) {
		const struct ast *option = op->opts->kids[i];
		bool quote = ast_is(option, AST_NAMED, "quote");
		const struct bx *x;

		if ((!quote && !ast_is(option, AST_NAMED, "escape")) || !option->count)
			continue;
		x = bind_constant(b, option->kids[0], KQL_STRING);
		if (x && !quote)
			append_escaped(&escapes, x->s);
		else if (x && *x->s && kv->quote_count < KV_QUOTES_MAX)
			kv->quotes[kv->quote_count++] = x->s;
	}
	kv->escapes =
	    buf_error(&escapes) ? NULL : arena_strndup(b->arena, escapes.data, escapes.len);
	buf_done(&escapes);
	return kv->escapes != NULL;
}

static void append_class(struct buf *re, const char * not, const char *chars)
{
	buf_append_str(re, not );
	append_escaped(re, chars);
	buf_append_str(re, "]");
}

static const char *closing(const char *quote)
{
	return quote[1] ? quote + 1 : quote;
}

/* The key, also between quotes. */
static void append_key(struct buf *re, const struct kv *kv, const char *key)
{
	buf_append_str(re, "(?:");
	for (unsigned int i = 0; i < kv->quote_count; i++) {
		char open[2] = { *kv->quotes[i], '\0' };

		append_escaped(re, open);
		append_escaped(re, key);
		append_escaped(re, closing(kv->quotes[i]));
		buf_append_str(re, "|");
	}
	append_escaped(re, key);
	buf_append_str(re, ")");
}

static void append_quoted(struct buf *re, const struct kv *kv)
{
	for (unsigned int i = 0; i < kv->quote_count; i++) {
		char open[2] = { *kv->quotes[i], '\0' };

		append_escaped(re, open);
		buf_append_str(re, "((?:");
		if (*kv->escapes)
			buf_printf(re, "[%s].|", kv->escapes);
		buf_append_str(re, "[^");
		append_escaped(re, closing(kv->quotes[i]));
		buf_printf(re, "%s])*)", kv->escapes);
		append_escaped(re, closing(kv->quotes[i]));
		buf_append_str(re, "|");
	}
	if (!kv->quote_count)
		buf_append_str(re, "()\\x00|");
}

/* key, delimiter, value up to the next pair: a group for each kind of quotes, one for no quotes */
static const char *pair_regex(struct binder *b, const struct kv *kv, const char *key)
{
	struct buf re = BUF_INIT(8192);
	char *text;

	buf_append_str(&re, "(?s)(?:^|");
	if (kv->pair)
		append_class(&re, "[\\s", kv->pair);
	else
		buf_append_str(&re, "[^A-Za-z0-9]");
	buf_append_str(&re, ")");
	append_key(&re, kv, key);
	if (kv->value) {
		buf_append_str(&re, "\\s*");
		append_escaped(&re, kv->value);
		buf_append_str(&re, "\\s*");
	} else {
		buf_append_str(&re, "[^A-Za-z0-9]+?");
	}
	buf_append_str(&re, "(?:");
	append_quoted(&re, kv);
	if (!kv->pair) {
		buf_append_str(&re, "([A-Za-z0-9]+))");
	} else if (kv->greedy) {
		buf_append_str(&re, "(.*?)(?:$|");
		append_class(&re, "[", kv->pair);
		append_class(&re, "[^\\s", kv->pair);
		buf_append_str(&re, "+");
		append_escaped(&re, kv->value);
		buf_append_str(&re, "))");
	} else {
		append_class(&re, "([^", kv->pair);
		buf_append_str(&re, "*))");
	}
	text = buf_error(&re) ? NULL : arena_strndup(b->arena, re.data, re.len);
	buf_done(&re);
	return text;
}

bool bind_parse_kv(struct binder *b, const struct ast *op, struct table *t)
{
	const struct ast *schema = ast_kid(op, 1);
	struct kv kv = { 0 };
	struct table next;
	struct rel *r;
	struct bx *text;

	if (!schema || !kv_options(b, op, &kv))
		return false;
	text = table_expr(b, t, op->kids[0]);
	if (text->type == KQL_UNKNOWN)
		return true;
	text = bx_cast(b, text, KQL_STRING);
	table_copy(b, t, &next);
	r = rel_new(b, REL_EXTEND, t->rel);
	for (uint32_t i = 0; i < schema->count; i++) {
		const struct ast *typed = schema->kids[i];
		const char *re = kv.regex      ? kv.regex
				 : typed->text ? pair_regex(b, &kv, typed->text)
					       : NULL;
		struct bx *x;

		if (typed->kind != AST_TYPED || !re)
			continue;
		x = bx_call(
		    b, kv.regex ? "__pair_by_regex" : "__pair", typed->span, 3, text,
		    bx_text(b, KQL_STRING, re, strlen(re), typed->span),
		    kv.regex ? bx_text(b, KQL_STRING, typed->text, typed->text_len, typed->span)
			     : bx_text(b, KQL_STRING, kv.escapes, strlen(kv.escapes), typed->span));
		if (typed->type != KQL_UNKNOWN)
			x = bx_cast(b, x, typed->type);
		table_set(b, &next, typed->text, rel_define(b, r, typed->text, x));
	}
	next.rel = r;
	*t = next;
	return true;
}
