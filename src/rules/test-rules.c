/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-rules.c - golden tests: what each modifier and condition means, how each refusal reads
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rules/rules.h"

/* An event as "Field=value" texts; "Field" alone is null, "#Field=7" a number. */
#define FIELDS_MAX 8
struct fake {
	const struct rules_set *set;
	const char *fields[FIELDS_MAX + 1];
};

static void parse_field(const char *text, struct rules_value *v)
{
	const char *eq = strchr(text, '=');

	v->kind = !eq ? RULES_NULL : *text == '#' ? RULES_NUMBER : RULES_TEXT;
	v->text = eq ? eq + 1 : NULL;
	v->len = eq ? strlen(eq + 1) : 0;
	v->number = *text == '#' ? atoll(eq + 1) : 0;
}

static void get_field(const void *event, unsigned int field, struct rules_value *ret_value)
{
	const struct fake *f = event;
	const char *name = rules_set_field(f->set, field);

	for (size_t i = 0; f->fields[i]; i++) {
		const char *text = f->fields[i];
		size_t len = strlen(name);

		if (!strncmp(text + (*text == '#'), name, len) &&
		    strchr("=", text[len + (*text == '#')]))
			parse_field(text, ret_value);
	}
}

static bool get_value(const void *event, unsigned int i, struct rules_value *ret_value)
{
	const struct fake *f = event;

	if (!f->fields[i])
		return false;
	parse_field(f->fields[i], ret_value);
	return true;
}

static void no_problem(void *arg, const struct rules_problem *p)
{
	fail_msg("%u:%u: %s in\n%s", p->line, p->column, p->message, (const char *)arg);
}

static void count(void *arg, unsigned int rule _unused_)
{
	++*(unsigned int *)arg;
}

struct source {
	const char *category, *product, *service;
};

static bool matches_from(const char *rule, struct source source, const char *const *fields)
{
	_cleanup_(rules_builder_freep) struct rules_builder *b = NULL;
	_cleanup_(rules_set_freep) struct rules_set *set = NULL;
	_cleanup_(rules_scratch_freep) struct rules_scratch *scratch = NULL;
	static const char *const places[] = { "one", "two*", NULL };
	struct fake fake = { 0 };
	struct rules_event e = { source.category, source.product, source.service,
				 &fake,		  get_field,	  get_value };
	unsigned int n = 0;
	int r;

	assert_int_equal(rules_builder_new(&b), 0);
	assert_int_equal(rules_builder_expand(b, "places", places), 0);
	assert_int_equal(rules_builder_add(b, "test.yml", rule, strlen(rule), no_problem,
					   (void *)(uintptr_t)rule),
			 0);
	assert_int_equal(rules_builder_compile(b, &set, NULL), 0);
	assert_int_equal(rules_set_count(set), 1);
	assert_int_equal(rules_scratch_new(set, &scratch), 0);
	fake.set = set;
	for (size_t i = 0; fields[i]; i++)
		fake.fields[i] = fields[i];
	r = rules_match(set, scratch, &e, count, &n);
	assert_int_equal(r, n);
	return n == 1;
}

#define FIELDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* Detection given as its lines below `detection:`. */
static bool matches(const char *detection, const char *const *fields)
{
	char rule[4096];

	snprintf(rule, sizeof(rule), "title: t\nlogsource:\n  product: p\ndetection:\n%s",
		 detection);
	return matches_from(rule, (struct source){ NULL, "p", NULL }, fields);
}

struct golden {
	const char *item;	    /* "F|modifier: value" */
	const char *yes[4], *no[5]; /* fields of one event each */
};

static const struct golden modifiers[] = {
	{ "F: abc", { "F=abc", "F=ABC" }, { "F=abcd", "F=xabc", "F=", "G=abc", "F" } },
	{ "F: 42", { "F=42", "#F=42" }, { "F=042", "#F=421" } },
	{ "F: 'true'", { "F=True" }, { "F=1" } },
	{ "F: true", { "F=true" }, { "F=false" } },
	{ "F: [a, b]", { "F=a", "F=B" }, { "F=ab", "F=c" } },
	{ "F: ''", { "F=" }, { "F=x", "F", "G=x" } },
	{ "F: null", { "F", "G=x" }, { "F=", "F=null" } },
	{ "F: [null, x]", { "F", "F=x" }, { "F=" } },
	{ "F: 'null'", { "F=null" }, { "F", "G=x" } },
	{ "F: '*'", { "F=x", "F=" }, { "F", "G=x" } },
	{ "F: 'a*c'", { "F=ac", "F=aXXC", "F=a*c" }, { "F=acd", "F=bac", "F=a" } },
	{ "F: 'a?c'", { "F=abc", "F=a?c" }, { "F=ac", "F=abbc" } },
	{ "F: '*a?c*'", { "F=xxaBcxx", "F=aac" }, { "F=xxacxx" } },
	{ "F: 'a\\*c'", { "F=a*c" }, { "F=abc", "F=a\\*c" } },
	{ "F: 'a\\?c'", { "F=a?c" }, { "F=abc" } },
	{ "F: 'a\\\\*'", { "F=a\\xyz", "F=a\\" }, { "F=ab", "F=a*" } },
	{ "F: 'C:\\x\\y'", { "F=c:\\X\\y" }, { "F=c:xy" } },
	{ "F: '\\\\\\\\host'", { "F=\\\\host" }, { "F=\\host", "F=\\\\\\\\host" } },
	{ "F|contains: bc", { "F=abcd", "F=BC" }, { "F=b c", "F=ab", "F=", "F" } },
	{ "F|contains: ''", { "F=x", "F=" }, { "G=x", "F" } },
	{ "F|contains: 'b*d'", { "F=abcde", "F=bd" }, { "F=db" } },
	{ "F|contains|all: [a, b]", { "F=xbya", "F=AB" }, { "F=a", "F=b" } },
	{ "F|contains: [a, b]", { "F=xb", "F=xa" }, { "F=c" } },
	{ "F|startswith: ab", { "F=ab", "F=ABc" }, { "F=xab", "F=a" } },
	{ "F|endswith: bc", { "F=bc", "F=bcabC" }, { "F=bcx", "F=c" } },
	{ "F|endswith: 'a?'", { "F=xab", "F=aa" }, { "F=a", "F=abc" } },
	{ "F|cased: aB", { "F=aB" }, { "F=ab", "F=AB" } },
	{ "F|contains|cased: aB", { "F=xaBx" }, { "F=xabx" } },
	{ "F|startswith|cased: 'a*B'", { "F=axBx" }, { "F=axbx", "F=AxBx" } },
	{ "F|windash|contains: ' -a'",
	  { "F=x -a", "F=x /A",
	    "F=x \xe2\x80\x93"
	    "a",
	    "F=x \xe2\x80\x94"
	    "a" },
	  { "F=x a", "F=x+a" } },
	{ "F|contains|windash: '-enc x-y'",
	  { "F=/enc x-y", "F=\xe2\x80\x95"
			  "enc x-y" },
	  { "F=-enc x/y" } },
	{ "F|windash: '-a -b'", { "F=-a -b", "F=/a -b", "F=-a /b" }, { "F=a -b" } },
	{ "F|base64: foobar", { "F=Zm9vYmFy" }, { "F=foobar" } },
	{ "F|base64|contains: fo", { "F=xZm8=x" }, { "F=xZm8x" } },
	{ "F|base64offset|contains: foobar",
	  { "F=xxZm9vYmFy", "F=IGZvb2Jhcg==", "F=eHhmb29iYXI=" },
	  { "F=foobar" } },
	{ "F|wide|base64offset|contains: ping",
	  { "F=cABpAG4AZwAg", "F=IHAAaQBuAGcA" },
	  { "F=cGluZw==" } },
	{ "F|utf16le|base64: a", { "F=YQA=" }, { "F=AGE=", "F=YQ==" } },
	{ "F|utf16be|base64: a", { "F=AGE=" }, { "F=YQA=" } },
	{ "F|utf16|base64: a", { "F=//5hAA==" }, { "F=YQA=" } },
	{ "F|re: 'a.c$'", { "F=xabc" }, { "F=abcd", "F=ABC", "F" } },
	{ "F|re: '^(a|b)+$'", { "F=abba" }, { "F=abc" } },
	{ "F|re|i: 'A.C'", { "F=xabc" }, { "F=ac" } },
	{ "F|re: '(?i)skull'", { "F=SKULL", "F=\xc5\xbf\xe2\x84\xaaull" }, { "F=sku" } },
	{ "F|re: 'a.c'", { "F=abc" }, { "F=a\nc" } },
	{ "F|re|s: 'a.c'", { "F=a\nc" }, { "F=ac" } },
	{ "F|re: '^b'", { "F=b" }, { "F=a\nb" } },
	{ "F|re|m: '^b'", { "F=a\nb" }, { "F=ab" } },
	{ "F|re: ['x1', 'y1']", { "F=y1" }, { "F=z1" } },
	{ "F|re: 'ab+c?d{2,3}e'", { "F=abbdde", "F=abcdde" }, { "F=abde", "F=acdde" } },
	{ "F|re: '[[:alpha:]xyz]\\d'", { "F=q1" }, { "F=xyz" } },
	{ "F|cidr: 192.168.0.0/16", { "F=192.168.255.1" }, { "F=192.169.0.1", "F=x", "F=" } },
	{ "F|cidr: 10.1.2.3/32", { "F=10.1.2.3", "F=::ffff:10.1.2.3" }, { "F=10.1.2.4" } },
	{ "F|cidr: 0.0.0.0/0", { "F=1.2.3.4" }, { "F=2001:db8::1" } },
	{ "F|cidr: 172.16.0.0/12", { "F=172.31.255.255" }, { "F=172.32.0.0" } },
	{ "F|cidr: 'fe80::/10'", { "F=fe80::1", "F=febf::1" }, { "F=fec0::1", "F=1.2.3.4" } },
	{ "F|exists: true", { "F=", "F=x" }, { "G=x" } },
	{ "F|exists: no", { "G=x" }, { "F=x" } },
	{ "F|lt: 10", { "#F=9", "F=9.5", "F=-1" }, { "#F=10", "F=x", "F=" } },
	{ "F|lte: 10", { "#F=10" }, { "#F=11" } },
	{ "F|gt: 1.5", { "F=1.6" }, { "F=1.5", "#F=1" } },
	{ "F|gte: 0x10", { "#F=16" }, { "#F=15" } },
	{ "F|neq: a", { "F=b", "F=", "G=x" }, { "F=A" } },
	{ "F|neq: [a, b]", { "F=c" }, { "F=a", "F=b" } },
	{ "F|contains|neq: a", { "F=b" }, { "F=xax" } },
	{ "F|expand: '%places%'", { "F=one", "F=two*" }, { "F=two1", "F=%places%" } },
	{ "F|contains|expand: 'x%places%y'", { "F=axoneyb" }, { "F=xy" } },
	{ "F: '%places%'", { "F=%places%" }, { "F=one" } },
	{ "F|hour: 23", { "F=2026-11-24T23:59:01Z" }, { "F=2026-11-24T22:00:00Z", "F=23" } },
	{ "F|minute: 59", { "F=2026-11-24T23:59:01.5Z" }, { "F=2026-11-24T22:00:00Z" } },
	{ "F|day: 24", { "F=2026-11-24 23:59:01" }, { "F=2026-11-25 23:59:01" } },
	{ "F|week: 53", { "F=2026-12-31T00:00:00Z" }, { "F=2026-01-31T00:00:00Z" } },
	{ "F|month: 11", { "F=2026-11-24T00:00:00Z" }, { "F=2026-12-24T00:00:00Z" } },
	{ "F|year|gte: 2026", { "F=2026-11-24T00:00:00Z" }, { "F=2025-11-24T00:00:00Z" } },
	{ "F: '\xc3\xa5X'", { "F=\xc3\xa5x" }, { "F=\xc3\x85x" } },
};

static void every_modifier_means_what_sigma_says(void **state _unused_)
{
	for (size_t i = 0; i < ARRAY_SIZE(modifiers); i++) {
		const struct golden *g = &modifiers[i];
		char detection[512];

		snprintf(detection, sizeof(detection), "  s:\n    %s\n  condition: s\n", g->item);
		for (size_t k = 0; k < ARRAY_SIZE(g->yes) && g->yes[k]; k++)
			if (!matches(detection, FIELDS(g->yes[k])))
				fail_msg("%s should match %s", g->item, g->yes[k]);
		for (size_t k = 0; k < ARRAY_SIZE(g->no) && g->no[k]; k++)
			if (matches(detection, FIELDS(g->no[k])))
				fail_msg("%s should not match %s", g->item, g->no[k]);
	}
}

static void another_field_is_compared(void **state _unused_)
{
	assert_true(matches("  s:\n    F|fieldref: G\n  condition: s\n", FIELDS("F=x", "G=X")));
	assert_false(matches("  s:\n    F|fieldref: G\n  condition: s\n", FIELDS("F=x", "G=xy")));
	assert_false(matches("  s:\n    F|fieldref: G\n  condition: s\n", FIELDS("F=x")));
	assert_true(
	    matches("  s:\n    F|fieldref|endswith: G\n  condition: s\n", FIELDS("F=xy", "G=Y")));
	assert_false(
	    matches("  s:\n    F|fieldref|startswith: G\n  condition: s\n", FIELDS("F=xy", "G=y")));
	assert_true(
	    matches("  s:\n    F|contains|fieldref: G\n  condition: s\n", FIELDS("F=xyz", "G=y")));
	assert_false(
	    matches("  s:\n    F|fieldref|cased: G\n  condition: s\n", FIELDS("F=x", "G=X")));
}

/* Searches a, b, c and _d, each true if the field of its name is 1. */
static bool condition(const char *text, const char *a, const char *b, const char *c)
{
	char detection[512];

	snprintf(detection, sizeof(detection),
		 "  sel_a: {a: 1}\n  sel_b: {b: 1}\n  other: {c: 1}\n  _d: {d: 1}\n"
		 "  condition: %s\n",
		 text);
	return matches(detection, FIELDS(a, b, c));
}

static void every_condition_form_holds(void **state _unused_)
{
	static const struct {
		const char *text;
		uint8_t truth; /* bit abc: is it true for this a, b, c? */
	} table[] = {
		{ "sel_a", 0xf0 },
		{ "not sel_a", 0x0f },
		{ "not not sel_a", 0xf0 },
		{ "sel_a and sel_b", 0xc0 },
		{ "sel_a or sel_b", 0xfc },
		{ "sel_a AND NOT sel_b", 0x30 },
		{ "sel_a or sel_b and other", 0xf8 },
		{ "(sel_a or sel_b) and other", 0xa8 },
		{ "not sel_a and sel_b", 0x0c },
		{ "not (sel_a and sel_b)", 0x3f },
		{ "1 of sel_*", 0xfc },
		{ "any of sel_*", 0xfc },
		{ "one of sel_*", 0xfc },
		{ "all of sel_*", 0xc0 },
		{ "1 of them", 0xfe },
		{ "all of them", 0x80 },
		{ "2 of them", 0xe8 },
		{ "3 of them", 0x80 },
		{ "sel_b and 1 of other", 0x88 },
		{ "1 of s?l_a or all of o*r", 0xfa },
		{ "sel_a and not 1 of sel_b* and not 1 of oth*", 0x10 },
		{ "[sel_a, other]", 0xfa },
		{ "'sel_a and\n    sel_b'", 0xc0 },
		{ "((((sel_a))))", 0xf0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		for (unsigned int k = 0; k < 8; k++)
			if (condition(table[i].text, k & 4 ? "a=1" : "a=0", k & 2 ? "b=1" : "b=0",
				      k & 1 ? "c=1" : "c=0") != (table[i].truth >> k & 1))
				fail_msg("'%s' is wrong for a, b, c = %u%u%u", table[i].text,
					 k >> 2 & 1, k >> 1 & 1, k & 1);
}

static void searches_are_maps_lists_and_keywords(void **state _unused_)
{
	static const char maps[] = "  s:\n    - a: 1\n      b: 2\n    - c|contains: x\n"
				   "  condition: s\n";
	static const char words[] = "  k:\n    - error*disk\n    - 'pa\\*nic'\n  condition: k\n";
	static const char all[] = "  k:\n    '|all': [one, two]\n  condition: k\n";
	static const char mixed[] = "  k:\n    - F: x\n    - word\n  condition: k\n";
	static const char regex[] = "  k:\n    '|re': 'a\\d'\n  condition: k\n";

	assert_true(matches(maps, FIELDS("a=1", "b=2")));
	assert_true(matches(maps, FIELDS("c=yxy")));
	assert_false(matches(maps, FIELDS("a=1", "c=y")));
	assert_true(matches(words, FIELDS("x=y", "z=an Error on Disk 0")));
	assert_true(matches(words, FIELDS("z=PA*NIC!")));
	assert_false(matches(words, FIELDS("z=disk error", "y=panic")));
	assert_true(matches(all, FIELDS("x=xtwox", "z=one")));
	assert_false(matches(all, FIELDS("x=one one")));
	assert_true(matches(mixed, FIELDS("F=x")));
	assert_true(matches(mixed, FIELDS("G=a word")));
	assert_false(matches(mixed, FIELDS("G=x")));
	assert_true(matches(regex, FIELDS("G=x", "H=a1")));
	assert_false(matches(regex, FIELDS("G=x", "H=A1")));
	assert_true(matches("  k: only one\n  condition: k\n", FIELDS("G=has only one.")));
}

static void a_rule_keeps_to_its_logsource(void **state _unused_)
{
	static const struct {
		const char *source;
		struct source event;
		bool match;
	} table[] = {
		{ "{category: c, product: p}", { "c", "p", NULL }, true },
		{ "{category: c, product: p}", { "c", "p", "s" }, true },
		{ "{category: c, product: p}", { "c", "q", NULL }, false },
		{ "{category: c, product: p}", { "c", NULL, NULL }, false },
		{ "{category: c}", { "c", "p", NULL }, true },
		{ "{category: c}", { "C", "p", NULL }, false },
		{ "{product: p, service: s}", { NULL, "p", "s" }, true },
		{ "{product: p, service: s}", { "c", "p", NULL }, false },
		{ "{definition: any}", { NULL, NULL, NULL }, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		char rule[256];

		snprintf(rule, sizeof(rule),
			 "title: t\nlogsource: %s\ndetection:\n  s: {F: x}\n  condition: s\n",
			 table[i].source);
		if (matches_from(rule, table[i].event, FIELDS("F=x")) != table[i].match)
			fail_msg("%s is wrong for event %zu", table[i].source, i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_modifier_means_what_sigma_says),
		cmocka_unit_test(another_field_is_compared),
		cmocka_unit_test(every_condition_form_holds),
		cmocka_unit_test(searches_are_maps_lists_and_keywords),
		cmocka_unit_test(a_rule_keeps_to_its_logsource),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
