/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-property.c - the set finds what plain evaluation of every rule finds, and nothing else
 *
 * Random rules over a small alphabet, so that most texts are found somewhere; the reference walks
 * each rule's expression and compares bytes one by one. A failure prints the seed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "builder.h"
#include "leaf.h"
#include "literals.h"

#define SETS 300
#define RULES 12
#define EVENTS 60
#define VALUES 4

static uint64_t seed;

static unsigned int below(unsigned int n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned int)(seed >> 33) % n;
}

/* ---- literals ---- */

struct found {
	unsigned int counts[64];
	size_t ends[64];
};

static void note_found(void *arg, uint32_t number, size_t end)
{
	struct found *f = arg;

	f->counts[number]++;
	f->ends[number] += end;
}

static char small(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static void find_plainly(const struct literal_text *t, uint32_t n, const char *text, size_t len,
			 struct found *f)
{
	for (uint32_t i = 0; i < n; i++)
		for (size_t at = 0; at + t[i].len <= len; at++) {
			size_t k = 0;

			while (k < t[i].len && t[i].text[k] == small(text[at + k]))
				k++;
			if (k == t[i].len)
				note_found(f, i, at + k);
		}
}

static bool stands_before(const struct literal_text *t, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (t[i].len == t[n].len && !memcmp(t[i].text, t[n].text, t[n].len))
			return true;
	return false;
}

static void literals_are_found_wherever_they_stand(void **state _unused_)
{
	static const char alphabet[] = "ab.Ab\\\0\xc3z";

	for (seed = 1; seed < 2000;) {
		_cleanup_(literals_freep) struct literals *l = NULL;
		uint64_t start = seed++;
		char room[64][8], text[128];
		struct literal_text t[64];
		uint32_t n = 0, wanted = 1 + below(64);

		for (uint32_t i = 0; i < wanted; i++) {
			t[n] = (struct literal_text){ room[n], 1 + below(8) };
			for (uint32_t k = 0; k < t[n].len; k++)
				room[n][k] = small(alphabet[below(sizeof(alphabet) - 1)]);
			n += !stands_before(t, n);
		}
		assert_int_equal(literals_new(t, n, &l), 0);
		for (unsigned int round = 0; round < 20; round++) {
			struct found a = { 0 }, b = { 0 };
			size_t len = below(sizeof(text));

			for (size_t k = 0; k < len; k++)
				text[k] = alphabet[below(sizeof(alphabet) - 1)];
			literals_scan(l, text, len, note_found, &a);
			find_plainly(t, n, text, len, &b);
			if (memcmp(&a, &b, sizeof(a)))
				fail_msg("differs for seed %llu", (unsigned long long)start);
		}
		seed = start + 1;
	}
}

static void no_literals_find_nothing(void **state _unused_)
{
	_cleanup_(literals_freep) struct literals *l = NULL;
	struct found f = { 0 }, none = { 0 };

	assert_int_equal(literals_new(NULL, 0, &l), 0);
	literals_scan(l, "abc", 3, note_found, &f);
	assert_memory_equal(&f, &none, sizeof(f));
}

/* ---- rules ---- */

static const char *const items[] = {
	"A",
	"B",
	"C|contains",
	"A|startswith",
	"B|endswith",
	"C|contains|all",
	"A|cased",
	"B|contains|cased",
	"C|re",
	"A|neq",
	"B|windash|contains",
	"C|startswith",
	"A|endswith|cased",
	"B|fieldref",
	"C|exists",
	"C|re|i",
};

static void put_value(struct buf *b, const char *item)
{
	unsigned int len = 1 + below(4);

	if (!strcmp(item, "B|fieldref") || !strcmp(item, "C|exists")) {
		buf_append_str(b, *item == 'B' ? "A" : below(2) ? "true" : "false");
		return;
	}
	if (below(30) == 0 && !strchr(item, '|')) {
		buf_append_str(b, below(2) ? "''" : "null");
		return;
	}
	buf_append_byte(b, '\'');
	for (unsigned int i = 0; i < len; i++)
		buf_append_byte(b, strstr(item, "|re") ? (uint8_t) "abA.b-"[below(6)]
						       : (uint8_t) "abAB-a*?b"[below(9)]);
	buf_append_byte(b, '\'');
}

static void put_map(struct buf *b, const char *indent)
{
	unsigned int first = below(ARRAY_SIZE(items)), n = 1 + below(3);

	for (unsigned int i = 0; i < n; i++) {
		const char *item = items[(first + i) % ARRAY_SIZE(items)];
		unsigned int values = 1 + below(3);

		buf_printf(b, "%s%s: [", i ? "      " : indent, item);
		for (unsigned int k = 0; k < values; k++) {
			put_value(b, item);
			buf_append_str(b, k + 1 < values ? ", " : "]\n");
		}
	}
}

static void put_rule(struct buf *b, unsigned int number)
{
	static const char *const conditions[] = {
		"s0 and s1",	 "s0 or s1",	    "s0 and not s1",	    "not s2",
		"1 of s*",	 "2 of them",	    "all of s* or k",	    "s0 or (s1 and not s2)",
		"k and not s0",	 "not (s0 and s1)", "not s0 and not s1",    "s2",
		"1 of s* and k", "not 1 of s*",	    "s0 and s1 and not s2", "k",
	};

	buf_printf(b, "title: rule %u\nlogsource: {product: %c}\ndetection:\n", number,
		   "pq"[number % 2]);
	for (unsigned int i = 0; i < 3; i++) {
		buf_printf(b, "  s%u:\n", i);
		if (below(3))
			put_map(b, "      ");
		else
			for (unsigned int k = 0; k < 2; k++)
				put_map(b, "    - ");
	}
	buf_printf(b, "  k: ['%c%c*%c']\n  condition: %s\n---\n", "ab-"[below(3)], "ab-"[below(3)],
		   "ab"[below(2)], conditions[below(ARRAY_SIZE(conditions))]);
}

struct fake {
	const struct pool *pool;
	struct rules_value values[VALUES]; /* A, B, C and one without a name */
	char texts[VALUES][24];
};

static void make_event(struct fake *f)
{
	for (unsigned int i = 0; i < VALUES; i++) {
		struct rules_value *v = &f->values[i];

		v->kind = below(8) ? RULES_TEXT : below(2) ? RULES_ABSENT : RULES_NULL;
		v->text = f->texts[i];
		v->len = below(12);
		for (size_t k = 0; k < v->len; k++)
			f->texts[i][k] = "abAB-/b"[below(7)];
	}
}

static void get_field(const void *event, unsigned int field, struct rules_value *ret_value)
{
	const struct fake *f = event;

	*ret_value = f->values[*f->pool->field_names[field] - 'A'];
}

static bool get_value(const void *event, unsigned int i, struct rules_value *ret_value)
{
	const struct fake *f = event;

	if (i < VALUES)
		*ret_value = f->values[i];
	return i < VALUES;
}

static bool leaf_plainly(const struct fake *f, const struct leaf *leaf, struct leaf_regex *x)
{
	struct rules_value other = { 0 }, v;

	if (leaf->field == FIELD_ANY) {
		for (unsigned int i = 0; i < VALUES; i++)
			if (leaf_holds(leaf, &f->values[i], NULL, x))
				return true;
		return false;
	}
	get_field(f, leaf->field, &v);
	if (leaf->op == LEAF_FIELD)
		get_field(f, leaf->ref.other, &other);
	return leaf_holds(leaf, &v, &other, x);
}

static bool plainly(const struct fake *f, const struct expr *e, struct leaf_regex *x)
{
	unsigned int n = 0;

	if (e->op == EXPR_LEAF)
		return leaf_plainly(f, &e->leaf, x);
	for (unsigned int i = 0; i < e->count; i++)
		n += plainly(f, e->kids[i], x);
	return e->op == EXPR_AND   ? n == e->count
	       : e->op == EXPR_OR  ? n > 0
	       : e->op == EXPR_NOT ? n == 0
				   : n >= e->least;
}

static void refuse(void *arg _unused_, const struct rules_problem *p)
{
	fail_msg("%u:%u: %s", p->line, p->column, p->message);
}

static void set_bit(void *arg, unsigned int rule)
{
	*(uint32_t *)arg |= 1u << rule;
}

static unsigned int compare_events(struct rules_builder *b, struct rules_set *set, uint64_t start)
{
	_cleanup_(rules_scratch_freep) struct rules_scratch *scratch = NULL;
	_cleanup_(leaf_regex_done) struct leaf_regex x = { 0 };
	unsigned int hits = 0;

	assert_int_equal(rules_scratch_new(set, &scratch), 0);
	assert_int_equal(leaf_regex_init(&x), 0);
	for (unsigned int i = 0; i < EVENTS; i++) {
		struct fake f = { .pool = b->pool };
		char product[2] = { "pq"[below(2)], '\0' };
		struct rules_event e = { NULL, product, NULL, &f, get_field, get_value };
		uint32_t found = 0, wanted = 0;

		make_event(&f);
		rules_match(set, scratch, &e, set_bit, &found);
		for (unsigned int k = 0; k < b->count; k++)
			if (!strcmp(b->rules[k]->info.product, product) &&
			    plainly(&f, b->rules[k]->expr, &x))
				wanted |= 1u << k;
		if (found != wanted)
			fail_msg("seed %llu event %u: %x found, %x right",
				 (unsigned long long)start, i, found, wanted);
		hits += (unsigned int)__builtin_popcount(found);
	}
	return hits;
}

static void a_set_finds_what_plain_evaluation_finds(void **state _unused_)
{
	unsigned long hits = 0;

	for (uint64_t start = 1; start <= SETS; start++) {
		_cleanup_(rules_builder_freep) struct rules_builder *b = NULL;
		_cleanup_(rules_set_freep) struct rules_set *set = NULL;
		_cleanup_buf_ struct buf text = BUF_INIT(1 << 20);

		seed = start * 7919;
		for (unsigned int i = 0; i < RULES; i++)
			put_rule(&text, i);
		assert_int_equal(rules_builder_new(&b), 0);
		assert_int_equal(
		    rules_builder_add(b, "random.yml", text.data, text.len, refuse, NULL), 0);
		assert_int_equal(rules_builder_compile(b, &set, NULL), 0);
		assert_int_equal(rules_set_count(set), RULES);
		hits += compare_events(b, set, start);
	}
	/* A test that never matched would show nothing; nor would one that always did. */
	assert_in_range(hits, SETS * EVENTS, SETS * EVENTS * RULES / 2 - SETS * EVENTS);
}

static void a_set_outlives_its_builder_and_its_builder_goes_on(void **state _unused_)
{
	static const char one[] = "title: a\nlogsource: {product: p}\ndetection:\n"
				  "  s: {A|re: 'ab+'}\n  condition: s\n";
	static const char two[] = "title: b\nlogsource: {product: p}\ndetection:\n"
				  "  s: {B: x}\n  condition: s\n";
	struct rules_builder *b;
	struct rules_set *first, *second;
	_cleanup_(rules_scratch_freep) struct rules_scratch *scratch = NULL;
	struct fake f = { 0 };
	struct rules_event e = { NULL, "p", NULL, &f, get_field, get_value };
	const char *names[] = { "A" };
	struct pool names_only = { .field_names = names };
	uint32_t found = 0;

	assert_int_equal(rules_builder_new(&b), 0);
	assert_int_equal(rules_builder_add(b, "one", one, strlen(one), refuse, NULL), 0);
	assert_int_equal(rules_builder_compile(b, &first, NULL), 0);
	assert_int_equal(rules_builder_add(b, "two", two, strlen(two), refuse, NULL), 0);
	assert_int_equal(rules_builder_compile(b, &second, NULL), 0);
	rules_builder_free(b);
	assert_int_equal(rules_set_count(first), 1);
	assert_int_equal(rules_set_field_count(first), 1);
	assert_int_equal(rules_set_count(second), 2);
	rules_set_free(second);
	f.pool = &names_only;
	f.values[0] = (struct rules_value){ .kind = RULES_TEXT, .text = "xabb", .len = 4 };
	assert_int_equal(rules_scratch_new(first, &scratch), 0);
	assert_int_equal(rules_match(first, scratch, &e, set_bit, &found), 1);
	assert_int_equal(found, 1);
	rules_set_free(first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(literals_are_found_wherever_they_stand),
		cmocka_unit_test(no_literals_find_nothing),
		cmocka_unit_test(a_set_finds_what_plain_evaluation_finds),
		cmocka_unit_test(a_set_outlives_its_builder_and_its_builder_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
