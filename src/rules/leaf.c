/* SPDX-License-Identifier: Apache-2.0 */
#include "leaf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/*
 * A pattern that backtracks without end would stop detection for everybody: these bound one match
 * to a few milliseconds.
 */
#define REGEX_MATCH_LIMIT 100000
#define REGEX_DEPTH_LIMIT 1000
#define REGEX_HEAP_KIB 1024
#define REGEX_STACK_MAX (512 * 1024)
#define REGEX_VALUE_MAX (64 * 1024) /* bytes of a value that are looked at */

int leaf_regex_init(struct leaf_regex *x)
{
	x->data = pcre2_match_data_create(1, NULL);
	x->context = pcre2_match_context_create(NULL);
	x->stack = pcre2_jit_stack_create(32 * 1024, REGEX_STACK_MAX, NULL);
	if (!x->data || !x->context || !x->stack)
		return -ENOMEM;
	pcre2_set_match_limit(x->context, REGEX_MATCH_LIMIT);
	pcre2_set_depth_limit(x->context, REGEX_DEPTH_LIMIT);
	pcre2_set_heap_limit(x->context, REGEX_HEAP_KIB);
	pcre2_jit_stack_assign(x->context, NULL, x->stack);
	return 0;
}

void leaf_regex_done(struct leaf_regex *x)
{
	pcre2_match_data_free(x->data);
	pcre2_match_context_free(x->context);
	pcre2_jit_stack_free(x->stack);
}

static bool has_text(const struct rules_value *v)
{
	return v->kind == RULES_TEXT || v->kind == RULES_NUMBER || v->kind == RULES_BOOL;
}

static uint8_t small(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static bool same_bytes(const char *a, const char *b, size_t len, bool cased)
{
	if (cased)
		return !memcmp(a, b, len);
	for (size_t i = 0; i < len; i++)
		if (small((uint8_t)a[i]) != small((uint8_t)b[i]))
			return false;
	return true;
}

static bool text_holds(enum leaf_op shape, bool cased, const struct rules_value *v,
		       const char *text, size_t len)
{
	if (len > v->len || (shape == LEAF_EQUAL && len != v->len))
		return false;
	switch (shape) {
	case LEAF_ENDS:
		return same_bytes(v->text + v->len - len, text, len, cased);
	case LEAF_CONTAINS:
		for (size_t i = 0; i + len <= v->len; i++)
			if (same_bytes(v->text + i, text, len, cased))
				return true;
		return false;
	default:
		return same_bytes(v->text, text, len, cased);
	}
}

/* The usual two-pointer walk: at most one retry position, so never worse than length squared. */
static bool glob_holds(const struct leaf *leaf, const struct rules_value *v)
{
	const uint16_t *g = leaf->glob.symbols;
	size_t n = leaf->glob.count, i = 0, k = 0, star = SIZE_MAX, from = 0;

	while (i < v->len) {
		uint8_t c = (uint8_t)v->text[i];

		if (k < n && g[k] == SYMBOL_MANY) {
			star = k++;
			from = i;
		} else if (k < n &&
			   (g[k] == SYMBOL_ONE ||
			    (g[k] < 256 &&
			     (leaf->cased ? g[k] == c : small((uint8_t)g[k]) == small(c))))) {
			i++;
			k++;
		} else if (star != SIZE_MAX) {
			k = star + 1;
			i = ++from;
		} else {
			return false;
		}
	}
	while (k < n && g[k] == SYMBOL_MANY)
		k++;
	return k == n;
}

static bool regex_holds(const struct leaf *leaf, const struct rules_value *v, struct leaf_regex *x)
{
	int r = pcre2_match(leaf->regex, (PCRE2_SPTR)v->text, MIN(v->len, (size_t)REGEX_VALUE_MAX),
			    0, 0, x->data, x->context);

	if (r < 0 && r != PCRE2_ERROR_NOMATCH)
		x->given_up++;
	return r >= 0;
}

static bool cidr_holds(const struct leaf *leaf, const struct rules_value *v)
{
	uint8_t address[16] = { [10] = 0xff, [11] = 0xff };
	char text[INET6_ADDRSTRLEN];
	unsigned int whole = leaf->cidr.prefix / 8, rest = leaf->cidr.prefix % 8;

	if (v->len >= sizeof(text))
		return false;
	memcpy(text, v->text, v->len);
	text[v->len] = '\0';
	if (inet_pton(AF_INET, text, address + 12) != 1 && inet_pton(AF_INET6, text, address) != 1)
		return false;
	if (memcmp(address, leaf->cidr.address, whole))
		return false;
	return !rest || (address[whole] ^ leaf->cidr.address[whole]) >> (8 - rest) == 0;
}

/* Digits as a number, with sign, point and exponent. */
static bool to_number(const struct rules_value *v, double *ret)
{
	char text[64], *end;

	if (v->kind == RULES_NUMBER || v->kind == RULES_BOOL) {
		*ret = (double)v->number;
		return true;
	}
	if (!v->len || v->len >= sizeof(text))
		return false;
	memcpy(text, v->text, v->len);
	text[v->len] = '\0';
	*ret = strtod(text, &end);
	return end == text + v->len && isfinite(*ret);
}

/* Part of a time in UTC, written as ISO 8601 does. */
static bool to_time_part(const struct rules_value *v, enum leaf_time part, double *ret)
{
	struct tm tm = { 0 };
	char text[32], week[8];
	time_t t;

	if (v->len < 16 || v->len >= 64)
		return false;
	memcpy(text, v->text, 16);
	text[16] = '\0';
	if (sscanf(text, "%4d-%2d-%2d%*1[ T]%2d:%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		   &tm.tm_hour, &tm.tm_min) != 5)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	t = timegm(&tm);
	if (!gmtime_r(&t, &tm))
		return false;
	strftime(week, sizeof(week), "%V", &tm);
	*ret = part == TIME_MINUTE  ? tm.tm_min
	       : part == TIME_HOUR  ? tm.tm_hour
	       : part == TIME_DAY   ? tm.tm_mday
	       : part == TIME_WEEK  ? atoi(week)
	       : part == TIME_MONTH ? tm.tm_mon + 1
				    : tm.tm_year + 1900;
	return true;
}

static bool number_holds(const struct leaf *leaf, const struct rules_value *v)
{
	double n, m = leaf->number.value;

	if (leaf->number.part ? !to_time_part(v, leaf->number.part, &n) : !to_number(v, &n))
		return false;
	switch (leaf->number.compare) {
	case COMPARE_LT:
		return n < m;
	case COMPARE_LTE:
		return n <= m;
	case COMPARE_GT:
		return n > m;
	case COMPARE_GTE:
		return n >= m;
	default:
		return n == m;
	}
}

bool leaf_holds(const struct leaf *leaf, const struct rules_value *v,
		const struct rules_value *other, struct leaf_regex *x)
{
	switch (leaf->op) {
	case LEAF_NULL:
		return v->kind == RULES_ABSENT || v->kind == RULES_NULL || v->kind == RULES_EMPTY;
	case LEAF_EMPTY:
		return v->kind == RULES_EMPTY || (v->kind == RULES_TEXT && !v->len);
	case LEAF_EXISTS:
		return leaf->wanted == (v->kind != RULES_ABSENT && v->kind != RULES_EMPTY);
	case LEAF_PRESENT:
		return has_text(v);
	default:
		break;
	}
	if (!has_text(v))
		return false;
	switch (leaf->op) {
	case LEAF_GLOB:
		return glob_holds(leaf, v);
	case LEAF_REGEX:
		return regex_holds(leaf, v, x);
	case LEAF_CIDR:
		return cidr_holds(leaf, v);
	case LEAF_NUMBER:
		return number_holds(leaf, v);
	case LEAF_FIELD:
		return has_text(other) &&
		       text_holds(leaf->ref.shape, leaf->cased, v, other->text, other->len);
	default:
		return text_holds(leaf->op, leaf->cased, v, leaf->text, leaf->len);
	}
}
