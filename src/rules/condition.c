/* SPDX-License-Identifier: Apache-2.0 */
/*
 * condition.c - `condition`: searches joined by and, or, not, parentheses and `N of`
 *
 * not binds stronger than and, and stronger than or. A list of conditions is their or. Refusals
 * name the column in the file where the text stands on one line.
 */
#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "rule.h"

struct parser {
	struct reader *reader;
	struct arena *arena;
	const struct tree_node *node;
	const struct search *searches;
	unsigned int search_count;
	const char *at, *end; /* the rest */
	const char *token;    /* current; empty at the end */
	size_t len;
	unsigned int depth;
};

static bool name_char(char c)
{
	return isalnum((unsigned char)c) || strchr("_-.*?", c);
}

static void advance(struct parser *p)
{
	while (p->at < p->end && isspace((unsigned char)*p->at))
		p->at++;
	p->token = p->at;
	while (p->at < p->end && *p->at && name_char(*p->at))
		p->at++;
	if (p->at == p->token && p->at < p->end)
		p->at++;
	p->len = (size_t)(p->at - p->token);
}

static bool is(const struct parser *p, const char *word)
{
	return p->len == strlen(word) && !strncasecmp(p->token, word, p->len);
}

static unsigned int column(const struct parser *p)
{
	if (p->node->block)
		return p->node->column;
	return p->node->column + !p->node->plain + (unsigned int)(p->token - p->node->text);
}

static int refuse_here(struct parser *p, const char *wanted)
{
	if (!p->len)
		return reader_refuse_at(p->reader, p->node->line, column(p),
					"the condition ends where %s should stand", wanted);
	return reader_refuse_at(p->reader, p->node->line, column(p), "'%.*s' where %s should stand",
				(int)MIN(p->len, (size_t)64), p->token, wanted);
}

static int parse_or(struct parser *p, struct expr **ret_expr);

/* The searches that a pattern names; `them` is all whose name does not begin with _. */
static int matching(struct parser *p, struct expr **kids, unsigned int *ret_count)
{
	char pattern[256];
	unsigned int n = 0;
	bool them = is(p, "them");

	if (!p->len || !name_char(*p->token) || p->len >= sizeof(pattern))
		return refuse_here(p, "'them' or a pattern like selection_*");
	memcpy(pattern, p->token, p->len);
	pattern[p->len] = '\0';
	for (unsigned int i = 0; i < p->search_count; i++)
		if (them ? p->searches[i].name[0] != '_'
			 : fnmatch(pattern, p->searches[i].name, 0) == 0)
			kids[n++] = p->searches[i].expr;
	if (!n)
		return reader_refuse_at(p->reader, p->node->line, column(p),
					"no search is named like '%s'", pattern);
	*ret_count = n;
	return 0;
}

static int parse_of(struct parser *p, unsigned long least, bool all, struct expr **ret_expr)
{
	struct expr **kids = arena_array(p->arena, struct expr *, p->search_count + 1);
	unsigned int n;
	int r;

	if (!kids)
		return -ENOMEM;
	advance(p); /* of */
	advance(p);
	r = matching(p, kids, &n);
	if (r < 0)
		return r;
	if (!all && (!least || least > n))
		return reader_refuse_at(p->reader, p->node->line, column(p),
					"'%lu of' cannot be: '%.*s' stands for %u", least,
					(int)MIN(p->len, (size_t)64), p->token, n);
	*ret_expr = expr_join(p->arena,
			      all || least == n ? EXPR_AND
			      : least == 1	? EXPR_OR
						: EXPR_ATLEAST,
			      kids, n);
	if (!*ret_expr)
		return -ENOMEM;
	if ((*ret_expr)->op == EXPR_ATLEAST)
		(*ret_expr)->least = (unsigned int)least;
	advance(p);
	return 0;
}

static bool of_follows(const struct parser *p)
{
	struct parser next = *p;

	advance(&next);
	return is(&next, "of");
}

static int parse_name(struct parser *p, struct expr **ret_expr)
{
	if (of_follows(p)) {
		char *end = NULL;
		unsigned long least =
		    isdigit((unsigned char)*p->token) ? strtoul(p->token, &end, 10) : 0;

		if (is(p, "all"))
			return parse_of(p, 0, true, ret_expr);
		if (is(p, "any") || is(p, "one"))
			return parse_of(p, 1, false, ret_expr);
		if (end == p->token + p->len)
			return parse_of(p, least, false, ret_expr);
		return refuse_here(p, "a number, 'all' or 'any'");
	}
	for (unsigned int i = 0; i < p->search_count; i++) {
		if (strlen(p->searches[i].name) != p->len ||
		    memcmp(p->searches[i].name, p->token, p->len))
			continue;
		*ret_expr = p->searches[i].expr;
		advance(p);
		return 0;
	}
	return reader_refuse_at(p->reader, p->node->line, column(p),
				"no search is named '%.*s' in detection",
				(int)MIN(p->len, (size_t)64), p->token);
}

static int parse_one(struct parser *p, struct expr **ret_expr)
{
	bool negate = is(p, "not");
	int r;

	if (!negate && !is(p, "(")) {
		if (!p->len || !name_char(*p->token) || is(p, "and") || is(p, "or"))
			return refuse_here(p, "the name of a search");
		return parse_name(p, ret_expr);
	}
	if (++p->depth > RULE_CONDITION_DEPTH)
		return reader_refuse_at(p->reader, p->node->line, column(p),
					"nested deeper than %u levels", RULE_CONDITION_DEPTH);
	advance(p);
	r = negate ? parse_one(p, ret_expr) : parse_or(p, ret_expr);
	if (r < 0)
		return r;
	p->depth--;
	if (negate) {
		*ret_expr = expr_not(p->arena, *ret_expr);
		return *ret_expr ? 0 : -ENOMEM;
	}
	if (!is(p, ")"))
		return refuse_here(p, "')'");
	advance(p);
	return 0;
}

/* Operands of one operator; each costs at least a character of the bounded text. */
static int parse_chain(struct parser *p, const char *word, enum expr_op op,
		       int (*operand)(struct parser *, struct expr **), struct expr **ret_expr)
{
	struct expr **kids = NULL;
	unsigned int n = 0, cap = 0;

	for (;;) {
		int r;

		if (n == cap) {
			unsigned int bigger = cap ? cap * 2 : 4;
			struct expr **more = arena_array(p->arena, struct expr *, bigger);

			if (!more)
				return -ENOMEM;
			if (n)
				memcpy(more, kids, n * sizeof(*kids));
			kids = more;
			cap = bigger;
		}
		r = operand(p, &kids[n]);
		if (r < 0)
			return r;
		n++;
		if (!is(p, word))
			break;
		advance(p);
	}
	*ret_expr = expr_join(p->arena, op, kids, n);
	return *ret_expr ? 0 : -ENOMEM;
}

static int parse_and(struct parser *p, struct expr **ret_expr)
{
	return parse_chain(p, "and", EXPR_AND, parse_one, ret_expr);
}

static int parse_or(struct parser *p, struct expr **ret_expr)
{
	return parse_chain(p, "or", EXPR_OR, parse_and, ret_expr);
}

static int parse_text(struct parser *p, const struct tree_node *node, struct expr **ret_expr)
{
	int r;

	if (node->kind != TREE_SCALAR || tree_is_null(node))
		return reader_refuse(p->reader, node, "a condition is text, or a list of texts");
	if (node->len > RULE_CONDITION_MAX)
		return reader_refuse(p->reader, node, "a condition has at most %u bytes",
				     RULE_CONDITION_MAX);
	p->node = node;
	p->at = node->text;
	p->end = node->text + node->len;
	p->depth = 0;
	advance(p);
	r = parse_or(p, ret_expr);
	if (r < 0)
		return r;
	if (is(p, "|"))
		return reader_refuse_at(
		    p->reader, node->line, column(p),
		    "aggregation behind '|' is not part of Sigma 2; counting over "
		    "time is a correlation rule's work");
	return p->len ? refuse_here(p, "'and' or 'or'") : 0;
}

int condition_read(struct reader *r, const struct tree_node *node, const struct search *searches,
		   unsigned int search_count, struct expr **ret_expr)
{
	struct parser p = { .reader = r,
			    .arena = &r->pool->arena,
			    .searches = searches,
			    .search_count = search_count };
	struct expr **kids;

	if (node->kind != TREE_LIST)
		return parse_text(&p, node, ret_expr);
	if (!node->count)
		return reader_refuse(r, node, "a condition is text, or a list of texts");
	kids = arena_array(p.arena, struct expr *, node->count);
	if (!kids)
		return -ENOMEM;
	for (unsigned int i = 0; i < node->count; i++) {
		int res = parse_text(&p, node->items[i], &kids[i]);

		if (res < 0)
			return res;
	}
	*ret_expr = expr_join(p.arena, EXPR_OR, kids, node->count);
	return *ret_expr ? 0 : -ENOMEM;
}
