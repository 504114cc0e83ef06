/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_overload.c - which entry of the function tables a call means, by the types of its arguments
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kql/bind.h"
#include "kql/bind_regex.h"

/* What it costs to take a value of one type for another; -1: not without being asked. */
static int cost(enum kql_type from, enum kql_type to)
{
	if (from == to)
		return 0;
	if (from == KQL_DYNAMIC)
		return 8;
	if (from == KQL_INT && to == KQL_LONG)
		return 1;
	if (kql_type_is_number(from) && to == KQL_REAL && from != KQL_DECIMAL)
		return 2;
	if (kql_type_is_number(from) && to == KQL_DECIMAL)
		return 3;
	return -1;
}

/* Whether a constant of a wider type is one of the narrower: int parameters and 5. */
static bool narrows(const struct bx *x, enum kql_type to)
{
	return x->kind == BX_CONST && !x->null && x->type == KQL_LONG && to == KQL_INT &&
	       x->i >= INT32_MIN && x->i <= INT32_MAX;
}

static int nearest(const struct bx *x, uint16_t types, enum kql_type *ret)
{
	int best = -1;

	for (unsigned int i = KQL_BOOL; i < KQL_TYPE_COUNT; i++) {
		int c = types & 1u << i ? cost(x->type, (enum kql_type)i) : -1;

		if (c < 0 && types & 1u << i && narrows(x, (enum kql_type)i))
			c = 1;
		/* Of dynamic it is text that most functions want. */
		if (c == 8 && i == KQL_STRING)
			c = 7;
		if (c >= 0 && (best < 0 || c < best)) {
			best = c;
			*ret = (enum kql_type)i;
		}
	}
	return best;
}

static const struct param *param_of(const struct signature *s, unsigned int i)
{
	return &s->params[MIN(i, s->count - 1)];
}

/* The type that all of these arguments can become; false: there is none. */
static bool common_type(struct bx **args, unsigned int count, const struct signature *s,
			enum kql_type *ret)
{
	enum kql_type type = KQL_UNKNOWN;

	for (unsigned int i = 0; i < count; i++) {
		uint16_t types = param_of(s, i)->types;
		enum kql_type have = args[i]->type;

		if (!(types & (types - 1)) || have == type)
			continue;
		if (args[i]->kind == BX_CONST && args[i]->null && type != KQL_UNKNOWN &&
		    have == KQL_DYNAMIC)
			continue;
		if (type == KQL_UNKNOWN)
			type = have;
		else if (cost(have, type) >= 0 && have != KQL_DYNAMIC)
			continue;
		else if (cost(type, have) >= 0 && type != KQL_DYNAMIC)
			type = have;
		else if (type == KQL_DYNAMIC || have == KQL_DYNAMIC)
			type = KQL_DYNAMIC;
		else
			return false;
	}
	*ret = type;
	return true;
}

struct match {
	const struct func *fn;
	struct signature sig;
	int cost;
	unsigned int count; /* of arguments */
	bool aggregate;
	bool count_fits; /* one of the name takes as many arguments */
	unsigned int overloads;
	/* of the first that takes as many: the argument that does not fit */
	unsigned int wrong;
	struct signature nearest;
};

/* Aggregates take a dynamic value for nothing else: its rows may hold values of many types. */
static int match_cost(const struct match *m, const struct signature *s, struct bx **args,
		      unsigned int *ret_wrong)
{
	unsigned int count = m->count;
	enum kql_type type;
	int sum = 0;

	for (unsigned int i = 0; i < count; i++) {
		uint16_t types = param_of(s, i)->types;
		int c = nearest(args[i], types, &type);

		if (c < 0 ||
		    (m->aggregate && args[i]->type == KQL_DYNAMIC && type != KQL_DYNAMIC)) {
			*ret_wrong = i;
			return -1;
		}
		sum += c;
	}
	if (s->result == RESULT_COMMON && !common_type(args, count, s, &type)) {
		*ret_wrong = count - 1;
		return -1;
	}
	return sum;
}

static void match_all(const char *name, struct bx **args, unsigned int count, struct match *m)
{
	for (size_t i = 0; func_families[i]; i++) {
		for (size_t k = 0; k < func_families[i]->count; k++) {
			const struct func *f = &func_families[i]->items[k];
			unsigned int wrong = 0;
			struct signature s;
			int c;

			if (!func_is_called(f, name) || !func_signature(f->sig, &s))
				continue;
			m->overloads++;
			if (!func_takes(&s, count)) {
				if (m->overloads == 1)
					m->nearest = s;
				continue;
			}
			m->aggregate = f->flags & FUNC_AGGREGATE;
			c = match_cost(m, &s, args, &wrong);
			if (!m->count_fits) {
				m->nearest = s;
				m->wrong = wrong;
			}
			m->count_fits = true;
			if (c < 0 || (m->fn && c >= m->cost))
				continue;
			m->fn = f;
			m->sig = s;
			m->cost = c;
		}
	}
}

static void type_names(uint16_t types, char *to, size_t size)
{
	size_t n = 0;

	*to = '\0';
	if (types == (((1u << KQL_TYPE_COUNT) - 1) & ~1u)) {
		snprintf(to, size, "a value of the other arguments' type");
		return;
	}
	for (unsigned int i = KQL_BOOL; i < KQL_TYPE_COUNT; i++)
		if (types & 1u << i && n < size)
			n += (size_t)snprintf(to + n, size - n, "%s%s", n ? " or " : "",
					      kql_type_name((enum kql_type)i));
}

static bool is_operator(const char *name)
{
	return !strcmp(name, "[]") || (strchr("+-*/%=!<>", *name) && *name) ||
	       !strcmp(name, "and") || !strcmp(name, "or") || !strncmp(name, "has", 3) ||
	       !strcmp(name, "contains") || !strcmp(name, "startswith") ||
	       !strcmp(name, "endswith") || !strcmp(name, "matches") || !strcmp(name, "between") ||
	       !strcmp(name, "in") || !strcmp(name, "in~");
}

static struct bx *no_overload(struct binder *b, const char *name, struct bx **args,
			      struct span span, const struct match *m)
{
	const struct signature *s = &m->nearest;
	char wanted[160];

	if (!m->count_fits) {
		diag_add(b->diags, DIAG_ARGUMENTS, span, "%s() with %u argument%s", name, m->count,
			 m->count == 1 ? "" : "s");
		diag_expected(b->diags, "%s%u", s->variadic ? "at least " : "",
			      s->count - s->may_lack);
		return bx_bad(b, span);
	}
	type_names(param_of(s, m->wrong)->types, wanted, sizeof(wanted));
	if (is_operator(name) && m->count == 2) {
		diag_add(b->diags, DIAG_TYPE, span, "'%s' between %s and %s", name,
			 kql_type_name(args[0]->type), kql_type_name(args[1]->type));
		diag_expected(b->diags, "values of one type; convert one with to%s()",
			      kql_type_name(args[0]->type));
		return bx_bad(b, span);
	}
	diag_add(b->diags, DIAG_TYPE, args[m->wrong]->span, "argument %u of %s() is %s",
		 m->wrong + 1, name, kql_type_name(args[m->wrong]->type));
	diag_expected(b->diags, "%s", wanted);
	return bx_bad(b, span);
}

/* Converts the arguments as the signature wants them and makes the call. */
static struct bx *call(struct binder *b, const struct match *m, struct bx **args,
		       unsigned int count, struct span span)
{
	struct bx *x = bx_new(b, BX_CALL, m->sig.type, span);
	enum kql_type common = KQL_UNKNOWN;
	bool all_nullable = true;

	if (m->sig.result == RESULT_COMMON)
		(void)common_type(args, count, &m->sig, &common);
	x->fn = m->fn;
	x->count = count;
	x->args = arena_array(b->arena, struct bx *, count ? count : 1);
	if (!x->args || x == &b->spare)
		return bx_bad(b, span);
	for (unsigned int i = 0; i < count; i++) {
		const struct param *p = param_of(&m->sig, i);
		enum kql_type type = args[i]->type;

		(void)nearest(args[i], p->types, &type);
		if (common && p->types & (p->types - 1u))
			type = common;
		x->args[i] = bx_cast(b, args[i], p->text ? KQL_STRING : type);
		if (!strcmp(p->name, "regex"))
			x->args[i] = bind_regex(b, x->args[i]);
		x->nullable |= x->args[i]->nullable;
		all_nullable &= x->args[i]->nullable;
		if (p->constant && args[i]->kind != BX_CONST) {
			diag_add(b->diags, DIAG_CONSTANT, args[i]->span,
				 "argument %u of %s() depends on the row", i + 1, m->sig.name);
			diag_expected(b->diags, "a constant");
		}
	}
	for (unsigned int i = 0; i < count; i++)
		if (x->args[i]->type == KQL_UNKNOWN)
			return bx_bad(b, span);
	if (m->sig.result == RESULT_ARG)
		x->type = x->args[m->sig.result_arg]->type;
	else if (m->sig.result == RESULT_COMMON)
		x->type = (uint8_t)common;
	if (m->sig.null == '?')
		x->nullable = true;
	if (m->sig.null == '&')
		x->nullable = all_nullable;
	if (m->sig.null == '!' || x->type == KQL_STRING)
		x->nullable = false;
	return x;
}

struct bx *bind_overload(struct binder *b, const char *name, struct bx **args, unsigned int count,
			 struct span span)
{
	struct match m = { .count = count };

	for (unsigned int i = 0; i < count; i++)
		if (args[i]->type == KQL_UNKNOWN)
			return bx_bad(b, span);
	match_all(name, args, count, &m);
	if (!m.fn)
		return no_overload(b, name, args, span, &m);
	return bind_fold(b, call(b, &m, args, count, span));
}

struct bx *bx_call(struct binder *b, const char *name, struct span span, unsigned int count, ...)
{
	struct bx *args[8];
	va_list ap;

	va_start(ap, count);
	for (unsigned int i = 0; i < count && i < ARRAY_SIZE(args); i++)
		args[i] = va_arg(ap, struct bx *);
	va_end(ap);
	return bind_overload(b, name, args, MIN(count, (unsigned int)ARRAY_SIZE(args)), span);
}
