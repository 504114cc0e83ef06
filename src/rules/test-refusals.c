/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-refusals.c - each refusal word for word: where, what, and what would be right
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/fd.h"
#include "rules/rules.h"

#define HEAD "title: t\nlogsource: {product: p}\n"
#define ITEM(item) HEAD "detection:\n  s:\n    " item "\n  condition: s\n"
#define CONDITION(text) HEAD "detection:\n  s: {F: x}\n  s2: {F: y}\n  condition: " text "\n"

static const struct {
	const char *text, *problem;
} refusals[] = {
	/* YAML */
	{ "title: [a\n",
	  "2:1: not YAML: did not find expected ',' or ']', while parsing a flow sequence" },
	{ "a: 1\n b: 2\n", "2:3: not YAML: mapping values are not allowed in this context" },
	{ "title: \xff\n", "1:1: not UTF-8 text: invalid leading UTF-8 octet at byte 7" },
	{ "a: *x\n", "1:4: alias *x has no anchor before it" },
	{ "? [a]\n: b\n", "1:5: a key must be text, not a list or a map" },
	/* head */
	{ "- a\n", "1:1: a rule is a map that begins with title:" },
	{ "id: x\n", "1:1: a rule needs a 'title' of at most 1024 bytes" },
	{ "title: []\n", "1:8: 'title' is text" },
	{ "title: t\nid: 42\n",
	  "2:5: '42' is no UUID; right would be 929a690e-bef0-4204-a928-ef5e620d6fcc" },
	{ "title: t\nlevel: urgent\n", "2:8: there is no level 'urgent'; levels are informational, "
				       "low, medium, high, critical" },
	{ "title: t\ntags: [[a]]\n", "2:8: 'tags' is a list of text" },
	{ "title: t\n", "1:1: 'logsource' is missing" },
	{ "title: t\nlogsource: linux\n",
	  "2:12: 'logsource' is a map of category, product, service" },
	{ "title: t\ncorrelation: {}\n",
	  "2:14: a correlation needs 'type', such as event_count" },
	/* detection */
	{ HEAD, "1:1: a rule needs 'detection', a map with a condition" },
	{ HEAD "detection: x\n", "3:12: a rule needs 'detection', a map with a condition" },
	{ HEAD "detection:\n  s: {F: x}\n", "4:3: 'condition' is missing in detection" },
	{ HEAD "detection:\n  s: {F: x}\n  s: {F: y}\n  condition: s\n",
	  "5:3: 's' stands twice in detection" },
	{ ITEM("F: x\n    F: y"),
	  "6:5: 'F' stands twice in one map, first in line 5; join the values "
	  "in one list, with |all if each must hold" },
	{ HEAD "detection:\n  s: {}\n  condition: s\n", "4:6: an empty map matches nothing" },
	{ HEAD "detection:\n  s: []\n  condition: s\n", "4:6: an empty list matches nothing" },
	{ HEAD "detection:\n  s:\n  condition: s\n", "4:5: nothing stands under this name" },
	{ HEAD "detection:\n  s: [[a]]\n  condition: s\n",
	  "4:7: a list holds maps or text, not a list in a list" },
	/* items */
	{ ITEM("F|like: x"),
	  "5:7: there is no modifier 'like'; known are contains, startswith, endswith, all, re, "
	  "cidr, "
	  "windash, base64, base64offset, wide, utf16le, utf16be, utf16, expand, cased, neq, "
	  "fieldref, "
	  "exists, lt, lte, gt, gte, minute, hour, day, week, month, year and for re i, m, s" },
	{ ITEM("F: []"), "5:8: an empty list matches nothing" },
	{ ITEM("F: {G: x}"), "5:8: a value is text, a number or null, not a map" },
	{ ITEM("F: [[x]]"), "5:9: a value is text, a number or null, not a list in a list" },
	{ ITEM("F|i: x"), "5:5: 'i' belongs behind 're'" },
	{ ITEM("F|re|cidr: x"), "5:5: 'cidr' cannot stand with another kind of comparison" },
	{ ITEM("F|contains|re: x"), "5:5: a modifier that changes text cannot stand with 're', "
				    "'cidr', 'exists' or a comparison "
				    "of numbers" },
	{ ITEM("F|re|cased: x"), "5:5: 'cased' compares text only" },
	{ ITEM("F|hour|contains: x"), "5:5: a part of time is compared as a number only" },
	{ ITEM("'|exists': true"), "5:5: this modifier needs a field name" },
	{ ITEM("F|re: 'a(b'"),
	  "5:11: regular expression: missing closing parenthesis at position 4 of the pattern" },
	{ ITEM("F|cidr: 10.0.0.0"),
	  "5:13: '10.0.0.0' is no network; right would be 10.0.0.0/8 or 2001:db8::/32" },
	{ ITEM("F|cidr: 10.0.0.0/33"),
	  "5:13: '10.0.0.0/33' is no network; right would be 10.0.0.0/8 or 2001:db8::/32" },
	{ ITEM("F|gt: many"), "5:11: 'many' is no number" },
	{ ITEM("F|exists: maybe"), "5:15: 'exists' is true or false, not 'maybe'" },
	{ ITEM("F|fieldref: ''"), "5:17: 'fieldref' needs the name of a field" },
	{ ITEM("F|contains: null"),
	  "5:17: null is compared only with a field that has no modifiers; "
	  "empty text is written ''" },
	{ ITEM("F|contains|base64: x"), "5:5: base64 of a wildcard does not exist; 'contains' "
					"belongs behind 'base64offset', and * or "
					"? are written \\* and \\?" },
	{ ITEM("F|expand: '%nowhere%'"),
	  "5:5: the placeholder %nowhere% has no values here; give it some or leave the rule out" },
	{ ITEM("F|windash: '-a -b -c -d -e -f -g'"), "5:5: more than 16384 values" },
	/* condition */
	{ CONDITION(""), "6:13: a condition is text, or a list of texts" },
	{ CONDITION("[]"), "6:14: a condition is text, or a list of texts" },
	{ CONDITION("s and"), "6:19: the condition ends where the name of a search should stand" },
	{ CONDITION("s s2"), "6:16: 's2' where 'and' or 'or' should stand" },
	{ CONDITION("(s or s2"), "6:22: the condition ends where ')' should stand" },
	{ CONDITION("s )"), "6:16: ')' where 'and' or 'or' should stand" },
	{ CONDITION("'s and t'"), "6:21: no search is named 't' in detection" },
	{ CONDITION("1 of t*"), "6:19: no search is named like 't*'" },
	{ CONDITION("3 of s*"), "6:19: '3 of' cannot be: 's*' stands for 2" },
	{ CONDITION("some of s*"), "6:14: 'some' where a number, 'all' or 'any' should stand" },
	{ CONDITION("1 of ("),
	  "6:19: '(' where 'them' or a pattern like selection_* should stand" },
	{ CONDITION("s | count() > 5"), "6:16: aggregation behind '|' is not part of Sigma 2; "
					"counting over time is a correlation "
					"rule's work" },
	{ CONDITION("((((((((((((((((((((((((((((((((("), "6:46: nested deeper than 32 levels" },
};

static void note_problem(void *arg, const struct rules_problem *p)
{
	struct buf *b = arg;

	buf_printf(b, "%u:%u: %s", p->line, p->column, p->message);
}

/* All differences are shown before the test fails. */
static unsigned int wrong_count;
static void wrong(const char *wanted, const char *got)
{
	print_error("says  %s\nnot   %s\n", got, wanted);
	wrong_count++;
}

static void each_refusal_says_where_what_and_what_is_right(void **state _unused_)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		_cleanup_(rules_builder_freep) struct rules_builder *b = NULL;
		_cleanup_(rules_set_freep) struct rules_set *set = NULL;
		_cleanup_buf_ struct buf got = BUF_INIT(1 << 16);
		const char *text = refusals[i].text;

		assert_int_equal(rules_builder_new(&b), 0);
		assert_int_equal(rules_builder_add(b, "f", text, strlen(text), note_problem, &got),
				 0);
		if (!got.data || strcmp(got.data, refusals[i].problem))
			wrong(refusals[i].problem, got.data);
		assert_int_equal(rules_builder_compile(b, &set, NULL), 0);
		assert_int_equal(rules_set_count(set), 0);
		assert_int_equal(rules_set_field_count(set), 0);
	}
	assert_int_equal(wrong_count, 0);
}

static void the_rules_beside_a_refused_one_are_taken(void **state _unused_)
{
	static const char text[] = ITEM("F: a") "---\ntitle: [\n---\n" ITEM(
	    "G|re: '('") "--- # next\ntitle: v\nlogsource: {}\ndetection: {s: {H: c}, condition: "
			 "s}\n";
	_cleanup_(rules_builder_freep) struct rules_builder *b = NULL;
	_cleanup_(rules_set_freep) struct rules_set *set = NULL;
	_cleanup_buf_ struct buf got = BUF_INIT(1 << 16);

	assert_int_equal(rules_builder_new(&b), 0);
	assert_int_equal(rules_builder_add(b, "f", text, strlen(text), note_problem, &got), 0);
	assert_string_equal(
	    got.data, "9:1: not YAML: did not find expected node content, while parsing a flow "
		      "node14:11: regular expression: missing closing parenthesis at position 2 "
		      "of the pattern");
	assert_int_equal(rules_builder_compile(b, &set, NULL), 0);
	assert_int_equal(rules_set_count(set), 2);
	assert_string_equal(rules_set_info(set, 1)->title, "v");
	assert_int_equal(rules_set_field_count(set), 2);
	assert_string_equal(rules_set_field(set, 1), "H");
}

static void bounds_hold(void **state _unused_)
{
	static const struct {
		const char *head, *repeat, *tail, *problem;
		unsigned int times;
	} table[] = {
		{ "title: ", "x", "\n", "1:8: a rule needs a 'title' of at most 1024 bytes", 1025 },
		{ "a: ", "[", "\n", "1:27: nested deeper than 24 levels", 100 },
		{ HEAD "detection:\n  s: {F: '", "x", "'}\n  condition: s\n",
		  "4:10: a value has at most 8192 bytes", 8193 },
		{ HEAD "detection:\n  s: {F|re: '", "x", "'}\n  condition: s\n",
		  "4:13: regular expression: the pattern has 4097 bytes, the most is 4096", 4097 },
		{ HEAD "detection:\n  s: {F: x}\n  condition: s", " or s", "\n",
		  "5:14: a condition has at most 16384 bytes", 4000 },
		{ "a: [", "1,", "1]\n", "1:131071: more than 65536 nodes", 70000 },
		{ "# ", "x", "\n", "1:1: the document has 1048579 bytes, the most is 1048576",
		  1 << 20 },
		{ "a: &a [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\n"
		  "c: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: [",
		  "*c,", "*c]\n", "4:179: more than 65536 nodes", 70 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_(rules_builder_freep) struct rules_builder *b = NULL;
		_cleanup_buf_ struct buf text = BUF_INIT(4 << 20), got = BUF_INIT(1 << 16);

		buf_append_str(&text, table[i].head);
		for (unsigned int k = 0; k < table[i].times; k++)
			buf_append_str(&text, table[i].repeat);
		buf_append_str(&text, table[i].tail);
		assert_int_equal(rules_builder_new(&b), 0);
		assert_int_equal(rules_builder_add(b, "f", text.data, text.len, note_problem, &got),
				 0);
		if (!got.data || strcmp(got.data, table[i].problem))
			wrong(table[i].problem, got.data);
	}
	assert_int_equal(wrong_count, 0);
}

static void an_id_is_used_once(void **state _unused_)
{
	static const char text[] = "title: a\nid: 929a690e-bef0-4204-a928-ef5e620d6fcc\n"
				   "logsource: {}\ndetection: {s: {F: x}, condition: s}\n";
	_cleanup_(rules_builder_freep) struct rules_builder *b = NULL;
	_cleanup_buf_ struct buf got = BUF_INIT(1 << 16);

	assert_int_equal(rules_builder_new(&b), 0);
	assert_int_equal(rules_builder_add(b, "one.yml", text, strlen(text), note_problem, &got),
			 0);
	assert_int_equal(got.len, 0);
	assert_int_equal(rules_builder_add(b, "two.yml", text, strlen(text), note_problem, &got),
			 0);
	assert_string_equal(got.data,
			    "1:1: the id 929a690e-bef0-4204-a928-ef5e620d6fcc has one.yml "
			    "line 1 already");
}

static void the_head_is_kept(void **state _unused_)
{
	static const char text[] =
	    "title: T\nlevel: CRITICAL\ndescription: |\n  two\n  lines\nauthor: a\n"
	    "references: [r1, r2]\nfalsepositives: none\n"
	    "tags: [attack.t1059.004, attack.Defense_Evasion, attack.g0032, attack.s0005, cve.1]\n"
	    "logsource: {category: c, service: s}\ndetection: {s: {F: x}, condition: s}\n";
	_cleanup_(rules_builder_freep) struct rules_builder *b = NULL;
	_cleanup_(rules_set_freep) struct rules_set *set = NULL;
	_cleanup_buf_ struct buf got = BUF_INIT(1 << 16);
	const struct rules_info *info;

	assert_int_equal(rules_builder_new(&b), 0);
	assert_int_equal(rules_builder_add(b, "f", text, strlen(text), note_problem, &got), 0);
	assert_int_equal(rules_builder_compile(b, &set, NULL), 0);
	assert_int_equal(rules_set_count(set), 1);
	info = rules_set_info(set, 0);
	assert_string_equal(info->title, "T");
	assert_int_equal(strlen(info->id), 36);
	assert_int_equal(info->level, RULES_CRITICAL);
	assert_string_equal(info->description, "two\nlines\n");
	assert_string_equal(info->references[1], "r2");
	assert_null(info->references[2]);
	assert_string_equal(info->falsepositives[0], "none");
	assert_string_equal(info->techniques[0], "T1059.004");
	assert_null(info->techniques[1]);
	assert_string_equal(info->tactics[0], "defense-evasion");
	assert_null(info->tactics[1]);
	assert_string_equal(info->category, "c");
	assert_null(info->product);
	assert_string_equal(info->service, "s");
	assert_null(rules_set_info(set, 1));
}

static void write_rule(const char *dir, const char *name, const char *title)
{
	char path[256], text[256];
	int n;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	n = snprintf(text, sizeof(text),
		     "title: %s\nlogsource: {}\ndetection: {s: {F: x}, condition: s}\n", title);
	assert_int_equal(file_write_atomic(path, text, (size_t)n, 0600, NULL), 0);
}

static void folders_are_read_in_order_with_what_is_below(void **state _unused_)
{
	_cleanup_(rules_builder_freep) struct rules_builder *b = NULL;
	_cleanup_(rules_set_freep) struct rules_set *set = NULL;
	_cleanup_buf_ struct buf got = BUF_INIT(1 << 16);
	char dir[] = "/tmp/vakt-rules-XXXXXX", sub[64], path[128];
	static const char *const names[] = { "b.yml", "sub/c.yaml", "a.yml", "sub/.hidden.yml",
					     "readme.md" };
	struct err err = { 0 };

	assert_non_null(mkdtemp(dir));
	snprintf(sub, sizeof(sub), "%s/sub", dir);
	assert_int_equal(mkdir(sub, 0700), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		write_rule(dir, names[i], names[i]);
	assert_int_equal(rules_builder_new(&b), 0);
	assert_int_equal(rules_builder_add_dir(b, dir, note_problem, &got, &err), 0);
	assert_int_equal(got.len, 0);
	assert_int_equal(rules_builder_compile(b, &set, NULL), 0);
	assert_int_equal(rules_set_count(set), 3);
	assert_string_equal(rules_set_info(set, 0)->title, "a.yml");
	assert_string_equal(rules_set_info(set, 1)->title, "b.yml");
	assert_string_equal(rules_set_info(set, 2)->title, "sub/c.yaml");
	snprintf(path, sizeof(path), "%s/sub/c.yaml", dir);
	assert_string_equal(rules_set_info(set, 2)->file, path);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(sub);
	rmdir(dir);
	assert_true(rules_builder_add_dir(b, dir, note_problem, &got, &err) < 0);
	assert_non_null(strstr(err.msg, dir));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_refusal_says_where_what_and_what_is_right),
		cmocka_unit_test(the_rules_beside_a_refused_one_are_taken),
		cmocka_unit_test(bounds_hold),
		cmocka_unit_test(an_id_is_used_once),
		cmocka_unit_test(the_head_is_kept),
		cmocka_unit_test(folders_are_read_in_order_with_what_is_below),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
