/* SPDX-License-Identifier: Apache-2.0 */
/*
 * func.c - finds entries of the function tables and reads their signatures
 */
#include "kql/func.h"

#include <ctype.h>
#include <string.h>

extern const struct func_family fn_operators, fn_searches, fn_strings, fn_math, fn_datetimes,
    fn_dynamics, fn_conversions, fn_addresses, fn_hashes, fn_aggregates, fn_windows, fn_parsers,
    fn_units, fn_scans, fn_series, fn_sketches;

const struct func_family *const func_families[] = {
	&fn_operators,	 &fn_searches,	&fn_strings, &fn_math,	     &fn_datetimes, &fn_dynamics,
	&fn_conversions, &fn_addresses, &fn_hashes,  &fn_aggregates, &fn_windows,   &fn_parsers,
	&fn_units,	 &fn_scans,	&fn_series,  &fn_sketches,   NULL,
};

#define BIT(type) (1u << (type))
#define INTEGERS (BIT(KQL_INT) | BIT(KQL_LONG))
#define NUMBERS (INTEGERS | BIT(KQL_REAL) | BIT(KQL_DECIMAL))
#define ANY (((1u << KQL_TYPE_COUNT) - 1) & ~1u)

static bool word(const char **at, char *to, size_t size)
{
	size_t n = 0;

	while (**at == ' ')
		(*at)++;
	while (isalnum((unsigned char)**at) || **at == '_') {
		if (n + 1 == size)
			return false;
		to[n++] = *(*at)++;
	}
	to[n] = '\0';
	return n > 0;
}

static bool types(const char **at, uint16_t *ret, bool *ret_text)
{
	char name[16];

	*ret = 0;
	*ret_text = false;
	do {
		enum kql_type type;

		if (!word(at, name, sizeof(name)))
			return false;
		type = kql_type_find(name, strlen(name));
		*ret_text |= !strcmp(name, "text");
		if (!strcmp(name, "any") || *ret_text)
			*ret |= ANY;
		else if (!strcmp(name, "scalar"))
			*ret |= ANY & ~BIT(KQL_DYNAMIC);
		else if (!strcmp(name, "orderable"))
			*ret |= ANY & ~(BIT(KQL_DYNAMIC) | BIT(KQL_GUID));
		else if (!strcmp(name, "number"))
			*ret |= NUMBERS;
		else if (!strcmp(name, "integer"))
			*ret |= INTEGERS;
		else if (type != KQL_UNKNOWN)
			*ret |= (uint16_t)BIT(type);
		else
			return false;
	} while (*(*at) == '|' && (*at)++);
	return true;
}

static bool take(const char **at, const char *text)
{
	while (**at == ' ')
		(*at)++;
	if (strncmp(*at, text, strlen(text)) != 0)
		return false;
	*at += strlen(text);
	return true;
}

static bool params(const char **at, struct signature *s)
{
	while (!take(at, ")")) {
		struct param *p = &s->params[s->count];

		if (s->count == sizeof(s->params) / sizeof(s->params[0]))
			return false;
		if (s->count++ && !take(at, ","))
			return false;
		if (!word(at, p->name, sizeof(p->name)) || !take(at, ":") ||
		    !types(at, &p->types, &p->text))
			return false;
		p->constant = take(at, "!");
		if (take(at, "...")) {
			s->variadic = true;
			s->may_lack = take(at, "?");
		}
	}
	return true;
}

bool func_signature(const char *text, struct signature *ret)
{
	size_t name = strcspn(text, "(");
	const char *at = text + name;
	uint16_t type;
	bool is_text;

	memset(ret, 0, sizeof(*ret));
	if (!name || name >= sizeof(ret->name) || !take(&at, "("))
		return false;
	memcpy(ret->name, text, name);
	if (!params(&at, ret))
		return false;
	if (take(&at, "=")) {
		ret->result = RESULT_ARG;
		ret->result_arg = (unsigned int)(*at++ - '1');
		if (ret->result_arg >= ret->count)
			return false;
	} else if (take(&at, "common")) {
		ret->result = RESULT_COMMON;
	} else {
		if (!types(&at, &type, &is_text) || is_text)
			return false;
		for (unsigned int i = KQL_BOOL; i < KQL_TYPE_COUNT; i++)
			if (type == BIT(i))
				ret->type = (enum kql_type)i;
		if (!ret->type)
			return false;
	}
	if (*at == '?' || *at == '!' || *at == '&')
		ret->null = *at++;
	return !*at;
}

bool func_value(const struct func *f, unsigned int i, struct func_value *ret)
{
	const char *at = f->values;
	char type[16];

	for (unsigned int k = 0; k <= i; k++)
		if (!at || (k && !take(&at, ",")) || !word(&at, ret->name, sizeof(ret->name)) ||
		    !word(&at, type, sizeof(type)))
			return false;
	ret->type = kql_type_find(type, strlen(type));
	return true;
}

bool func_is_called(const struct func *f, const char *name)
{
	size_t len = strcspn(f->sig, "(");

	return strlen(name) == len && !memcmp(name, f->sig, len);
}

bool func_is_hidden(const char *name)
{
	static const char *const words[] = {
		"and",		 "or",	      "in",	      "between",     "has",
		"has_cs",	 "hasprefix", "hasprefix_cs", "hassuffix",   "hassuffix_cs",
		"has_any",	 "has_all",   "contains",     "contains_cs", "startswith",
		"startswith_cs", "endswith",  "endswith_cs",  "matches",     "like"
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(name, words[i]))
			return true;
	return !strncmp(name, "__", 2) || !isalpha((unsigned char)*name);
}

const struct func *func_find(const char *name)
{
	for (size_t i = 0; func_families[i]; i++)
		for (size_t k = 0; k < func_families[i]->count; k++)
			if (func_is_called(&func_families[i]->items[k], name))
				return &func_families[i]->items[k];
	return NULL;
}

bool func_takes(const struct signature *s, unsigned int count)
{
	return s->variadic ? count + s->may_lack >= s->count : count == s->count;
}

const struct func *func_find_call(const char *name, unsigned int count)
{
	for (size_t i = 0; func_families[i]; i++) {
		for (size_t k = 0; k < func_families[i]->count; k++) {
			const struct func *f = &func_families[i]->items[k];
			struct signature s;

			if (func_is_called(f, name) && func_signature(f->sig, &s) &&
			    func_takes(&s, count))
				return f;
		}
	}
	return func_find(name);
}

void func_each(void (*each)(void *arg, const struct func_family *family, const struct func *f),
	       void *arg)
{
	for (size_t i = 0; func_families[i]; i++)
		for (size_t k = 0; k < func_families[i]->count; k++)
			each(arg, func_families[i], &func_families[i]->items[k]);
}
