/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-correlation.c - each kind of correlation on events in and out of order, what it refuses, and
 * that its memory stays bounded
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* After the standard headers it needs. */
#include <cmocka.h>

#include "rules/rules_correlate.h"

#define SECOND 1000000000LL

/* Rules that match by the field `what`. */
#define PLAIN                                                                                      \
	"title: A\nname: a\nlogsource: {product: t}\ndetection: {s: {what: a}, condition: "        \
	"s}\n---\n"                                                                                \
	"title: B\nname: b\nlogsource: {product: t}\ndetection: {s: {what: b}, condition: "        \
	"s}\n---\n"                                                                                \
	"title: C\nname: c\nlogsource: {product: t}\ndetection: {s: {what: c}, condition: "        \
	"s}\n---\n"

/* "what=a user=x": the fields of one event. */
struct fake {
	const struct rules_set *set;
	char text[256];
};

static void get_field(const void *event, unsigned int field, struct rules_value *ret_value)
{
	const struct fake *f = event;
	const char *name = rules_set_field(f->set, field), *at = f->text;
	size_t len = strlen(name);

	for (; at && *at; at = strchr(at, ' ') ? strchr(at, ' ') + 1 : NULL) {
		if (strncmp(at, name, len) || at[len] != '=')
			continue;
		ret_value->kind = RULES_TEXT;
		ret_value->text = at + len + 1;
		ret_value->len = strcspn(ret_value->text, " ");
	}
}

struct bench {
	struct rules_builder *builder;
	struct rules_set *set;
	struct rules_scratch *scratch;
	struct rules_correlator *correlator;
	struct rules_occurrence at;
	struct fake event;
	char problem[512];
	unsigned int fired, alone; /* correlations; rules that are a finding by themselves */
	char last[64];		   /* title of the last that fired */
};

static void on_problem(void *arg, const struct rules_problem *p)
{
	struct bench *b = arg;

	if (!b->problem[0])
		snprintf(b->problem, sizeof(b->problem), "%u:%u: %s", p->line, p->column,
			 p->message);
}

static void load_file(struct bench *b, const char *file, const char *text)
{
	assert_int_equal(rules_builder_add(b->builder, file, text, strlen(text), on_problem, b), 0);
}

static const struct rules_correlator_limits limits = { 1000, 100000 };

static void begin(struct bench *b)
{
	memset(b, 0, sizeof(*b));
	assert_int_equal(rules_builder_new(&b->builder), 0);
}

static void ready(struct bench *b, const struct rules_correlator_limits *l)
{
	rules_builder_link(b->builder, on_problem, b);
	assert_int_equal(rules_builder_compile(b->builder, &b->set, NULL), 0);
	assert_int_equal(rules_scratch_new(b->set, &b->scratch), 0);
	assert_int_equal(rules_correlator_new(b->set, l, &b->correlator), 0);
	b->event.set = b->set;
}

static void load(struct bench *b, const char *text)
{
	begin(b);
	load_file(b, "test.yml", text);
	ready(b, &limits);
	assert_string_equal(b->problem, "");
}

static void done(struct bench *b)
{
	rules_correlator_free(b->correlator);
	rules_scratch_free(b->scratch);
	rules_set_free(b->set);
	rules_builder_free(b->builder);
}

static void on_fire(void *arg, unsigned int rule)
{
	struct bench *b = arg;

	assert_true(rules_set_is_correlation(b->set, rule));
	if (rules_set_is_silent(b->set, rule))
		return;
	b->fired++;
	snprintf(b->last, sizeof(b->last), "%s", rules_set_info(b->set, rule)->title);
}

static void on_match(void *arg, unsigned int rule)
{
	struct bench *b = arg;

	b->alone += !rules_set_is_silent(b->set, rule);
	rules_correlator_add(b->correlator, rule, &b->at);
}

/* How often something fires by an event of that second. */
static unsigned int see(struct bench *b, int64_t second, const char *fields)
{
	unsigned int before = b->fired;
	struct rules_event event = { .product = "t", .event = &b->event, .get = get_field };

	snprintf(b->event.text, sizeof(b->event.text), "%s", fields);
	b->at = (struct rules_occurrence){
		"tenant", second * SECOND, &b->event, get_field, on_fire, b,
	};
	assert_true(rules_match(b->set, b->scratch, &event, on_match, b) >= 0);
	return b->fired - before;
}

static unsigned int finish(struct bench *b)
{
	unsigned int before = b->fired;

	rules_correlator_end(b->correlator, on_fire, b);
	return b->fired - before;
}

static void events_are_counted_by_group(void **state _unused_)
{
	struct bench b;

	load(&b, PLAIN "title: Many\ncorrelation:\n  type: event_count\n  rules: [a]\n"
		       "  group-by: [user]\n  timespan: 10s\n  condition: {gte: 3}\n");
	assert_int_equal(see(&b, 100, "what=a user=x"), 0);
	assert_int_equal(see(&b, 101, "what=a user=y"), 0);
	assert_int_equal(see(&b, 102, "what=a user=x"), 0);
	assert_int_equal(see(&b, 103, "what=b user=x"), 0);
	assert_int_equal(see(&b, 110, "what=a user=x"), 1); /* the border counts */
	/* Spent: it takes three more. */
	assert_int_equal(see(&b, 110, "what=a user=x"), 0);
	assert_int_equal(see(&b, 111, "what=a user=x"), 0);
	assert_int_equal(see(&b, 122, "what=a user=x"), 0); /* too long after */
	/* Only the correlation is a finding; b stands in no correlation. */
	assert_int_equal(b.alone, 1);
	done(&b);
}

static void late_events_find_their_place(void **state _unused_)
{
	struct rules_correlator_stats stats;
	struct bench b;

	load(&b, PLAIN "title: Many\ncorrelation:\n  type: event_count\n  rules: [a]\n"
		       "  timespan: 10s\n  condition: {gte: 3}\n");
	assert_int_equal(see(&b, 1000, "what=a"), 0);
	assert_int_equal(see(&b, 1100, "what=a"), 0);
	assert_int_equal(see(&b, 1005, "what=a"), 0);
	assert_int_equal(see(&b, 1003, "what=a"), 1); /* 1000, 1003, 1005 */
	assert_int_equal(see(&b, 2000, "what=a"), 0);
	assert_int_equal(see(&b, 1600, "what=a"), 0);
	rules_correlator_get_stats(b.correlator, &stats);
	assert_int_equal(stats.late, 1);
	assert_int_equal(stats.fired, 1);
	done(&b);
}

static void different_values_are_counted(void **state _unused_)
{
	struct bench b;

	load(&b, PLAIN "title: Spread\ncorrelation:\n  type: value_count\n  rules: [a, b]\n"
		       "  group-by: [user]\n  timespan: 1m\n  condition: {field: host, gte: 3}\n");
	assert_int_equal(see(&b, 1, "what=a user=x host=1"), 0);
	assert_int_equal(see(&b, 2, "what=a user=x host=1"), 0);
	assert_int_equal(see(&b, 3, "what=a user=x host=2"), 0);
	assert_int_equal(see(&b, 4, "what=a user=x"), 0);
	/* The first value was seen again and is not forgotten with its first time. */
	assert_int_equal(see(&b, 62, "what=b user=x host=3"), 1);
	done(&b);
}

static void rules_meet_in_any_order(void **state _unused_)
{
	struct bench b;

	load(&b, PLAIN "title: Together\ncorrelation:\n  type: temporal\n  rules: [a, b, c]\n"
		       "  group-by: [user]\n  timespan: 5m\ngenerate: true\n");
	assert_int_equal(see(&b, 1, "what=c user=x"), 0);
	assert_int_equal(see(&b, 2, "what=a user=x"), 0);
	assert_int_equal(see(&b, 3, "what=b user=y"), 0);
	assert_int_equal(see(&b, 4, "what=b user=x"), 1);
	assert_int_equal(b.alone, 4); /* generate */
	done(&b);
	load(&b, PLAIN "title: Two of three\ncorrelation:\n  type: temporal\n  rules: [a, b, c]\n"
		       "  timespan: 5m\n  condition: {gte: 2}\n");
	assert_int_equal(see(&b, 1, "what=c"), 0);
	assert_int_equal(see(&b, 2, "what=c"), 0);
	assert_int_equal(see(&b, 3, "what=a"), 1);
	done(&b);
}

static void order_counts_where_asked_for(void **state _unused_)
{
	struct bench b;

	load(&b, PLAIN "title: In order\ncorrelation:\n  type: temporal_ordered\n"
		       "  rules: [a, b, c]\n  timespan: 60s\n");
	assert_int_equal(see(&b, 1, "what=c"), 0);
	assert_int_equal(see(&b, 2, "what=b"), 0);
	assert_int_equal(see(&b, 3, "what=a"), 0);
	assert_int_equal(see(&b, 4, "what=c"), 0);
	assert_int_equal(see(&b, 5, "what=b"), 0);
	assert_int_equal(see(&b, 6, "what=c"), 1);
	/* An event that belongs in between comes last. */
	assert_int_equal(see(&b, 10, "what=a"), 0);
	assert_int_equal(see(&b, 30, "what=c"), 0);
	assert_int_equal(see(&b, 20, "what=b"), 1);
	done(&b);
}

static void numbers_are_summed(void **state _unused_)
{
	struct bench b;

	load(&b,
	     PLAIN "title: Much\ncorrelation:\n  type: value_sum\n  rules: [a]\n"
		   "  group-by: [user]\n  timespan: 1h\n  condition: {field: bytes, gt: 1000}\n");
	assert_int_equal(see(&b, 1, "what=a user=x bytes=600"), 0);
	assert_int_equal(see(&b, 2, "what=a user=x bytes=none"), 0);
	assert_int_equal(see(&b, 3, "what=a user=x bytes=400"), 0);
	assert_int_equal(see(&b, 4, "what=a user=x bytes=0.5"), 1);
	done(&b);
}

/* More events could change an average, so it is decided when its time is over. */
static void averages_wait_for_the_end(void **state _unused_)
{
	struct bench b;

	load(&b, PLAIN "title: Average\ncorrelation:\n  type: value_avg\n  rules: [a]\n"
		       "  timespan: 10s\n  condition: {field: bytes, gt: 500}\n");
	assert_int_equal(see(&b, 1, "what=a bytes=2000"), 0);
	assert_int_equal(see(&b, 2, "what=a bytes=0"), 0);
	assert_int_equal(see(&b, 3, "what=a bytes=0"), 0);
	assert_int_equal(see(&b, 400, "what=a bytes=1"), 1);
	assert_int_equal(finish(&b), 0);
	done(&b);
}

static void percentiles_and_shares(void **state _unused_)
{
	struct bench b;
	char text[64];

	load(&b, PLAIN "title: Slow\ncorrelation:\n  type: value_percentile\n  rules: [a]\n"
		       "  timespan: 1h\n  condition: {field: ms, percentile: 50, gte: 30}\n");
	for (int i = 1; i <= 5; i++) {
		snprintf(text, sizeof(text), "what=a ms=%d0", i);
		assert_int_equal(see(&b, i, text), 0);
	}
	assert_int_equal(finish(&b), 1); /* the median is 30 */
	done(&b);
	load(&b, PLAIN "title: Rare\ncorrelation:\n  type: value_percentile\n  rules: [a]\n"
		       "  timespan: 1h\n  condition: {field: image, lte: 1}\n");
	for (int i = 0; i < 98; i++)
		see(&b, i, "what=a image=usual");
	assert_int_equal(see(&b, 99, "what=a image=rare"), 0);
	assert_int_equal(finish(&b), 0); /* 1 of 99 is more than 1 % */
	for (int i = 0; i < 99; i++)
		see(&b, i, "what=a image=usual");
	see(&b, 99, "what=a image=rare");
	assert_int_equal(finish(&b), 1);
	done(&b);
}

static void upper_bounds_wait_for_the_end(void **state _unused_)
{
	struct bench b;

	load(&b, PLAIN "title: Two or three\ncorrelation:\n  type: event_count\n  rules: [a]\n"
		       "  group-by: [user]\n  timespan: 10s\n  condition: {gt: 1, lt: 4}\n");
	for (int i = 0; i < 4; i++)
		assert_int_equal(see(&b, i, "what=a user=four"), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(see(&b, i, "what=a user=three"), 0);
	see(&b, 1, "what=a user=one");
	assert_int_equal(finish(&b), 1);
	done(&b);
}

/* The example of the specification: ten failures, then a success. */
static void correlations_build_on_correlations(void **state _unused_)
{
	struct bench b;

	load(&b, "title: Guessed\ncorrelation:\n  type: temporal_ordered\n"
		 "  rules: [many, b]\n  group-by: [user]\n  timespan: 10m\nlevel: high\n---\n"
		 "title: Many failures\nname: many\ncorrelation:\n  type: event_count\n"
		 "  rules: [a]\n  group-by: [user]\n  timespan: 10m\n  condition: {gte: "
		 "10}\n---\n" PLAIN);
	assert_int_equal(see(&b, 1, "what=b user=x"), 0);
	for (int i = 2; i < 12; i++)
		assert_int_equal(see(&b, i, "what=a user=x"), 0);
	assert_int_equal(see(&b, 20, "what=b user=y"), 0);
	assert_int_equal(see(&b, 21, "what=b user=x"), 1);
	assert_string_equal(b.last, "Guessed");
	assert_int_equal(b.alone, 0);
	done(&b);
}

static void aliases_name_other_fields(void **state _unused_)
{
	struct bench b;

	load(&b, PLAIN "title: Back and forth\ncorrelation:\n  type: temporal\n  rules: [a, b]\n"
		       "  group-by: [inside]\n  timespan: 10s\n"
		       "  aliases: {inside: {a: to, b: from}}\n");
	assert_int_equal(see(&b, 1, "what=a to=1 from=2"), 0);
	assert_int_equal(see(&b, 2, "what=b to=1 from=2"), 0);
	assert_int_equal(see(&b, 3, "what=b to=2 from=1"), 1);
	done(&b);
}

/* What stands in a file of its own is nobody else's to silence. */
static void rules_of_other_files_are_not_silenced(void **state _unused_)
{
	struct bench b;

	begin(&b);
	load_file(&b, "one.yml",
		  "title: Many\ncorrelation:\n  type: event_count\n  rules: [a]\n"
		  "  timespan: 10s\n  condition: {gte: 2}\n");
	load_file(&b, "two.yml", PLAIN);
	ready(&b, &limits);
	assert_string_equal(b.problem, "");
	assert_int_equal(see(&b, 1, "what=a"), 0);
	assert_int_equal(see(&b, 2, "what=a"), 1);
	assert_int_equal(b.alone, 2);
	done(&b);
}

static void memory_is_bounded(void **state _unused_)
{
	const struct rules_correlator_limits few = { 10, 10000 };
	struct rules_correlator_stats stats;
	char text[64];
	struct bench b;

	begin(&b);
	load_file(&b, "test.yml",
		  PLAIN "title: Many\ncorrelation:\n  type: event_count\n  rules: [a]\n"
			"  group-by: [user]\n  timespan: 30d\n  condition: {gte: 10000}\n");
	ready(&b, &few);
	for (int i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "what=a user=%d", i);
		see(&b, i, text);
	}
	rules_correlator_get_stats(b.correlator, &stats);
	assert_int_equal(stats.groups, 10);
	assert_int_equal(stats.evicted, 990);
	for (int i = 1; i < 10000; i++)
		assert_int_equal(see(&b, 1000 + i, "what=a user=999"), i == 9999);
	rules_correlator_get_stats(b.correlator, &stats);
	assert_true(stats.entries <= few.entries);
	done(&b);
}

/* What was counted goes on where rules are loaded anew. */
static void another_set_takes_over(void **state _unused_)
{
	const char *text = PLAIN "title: Many\nid: 929a690e-bef0-4204-a928-ef5e620d6fcc\n"
				 "correlation:\n  type: event_count\n  rules: [a]\n"
				 "  timespan: 10s\n  condition: {gte: 2}\n";
	struct bench b, next;

	load(&b, text);
	load(&next, text);
	assert_int_equal(see(&b, 1, "what=a"), 0);
	rules_correlator_adopt(next.correlator, b.correlator);
	assert_int_equal(see(&next, 2, "what=a"), 1);
	done(&b);
	done(&next);
}

static void bad_correlations_are_refused(void **state _unused_)
{
	static const struct {
		const char *text, *problem;
	} cases[] = {
		{ "title: X\ncorrelation: 1\n", "2:14: 'correlation' is a map of type, rules, "
						"group-by, timespan, condition" },
		{ "title: X\ncorrelation:\n  type: near\n",
		  "3:9: there is no correlation type 'near'; types are event_count, value_count, "
		  "temporal, temporal_ordered, value_sum, value_avg, value_percentile" },
		{ "title: X\ncorrelation:\n  type: temporal\n  timespan: 5M\n",
		  "4:13: '5M' is no timespan; right would be a number and one of s, m, h, d, w: "
		  "90m" },
		{ "title: X\ncorrelation:\n  type: temporal\n  timespan: 32d\n",
		  "4:13: '32d' is longer than 31 days" },
		{ "title: X\ncorrelation:\n  type: temporal\n  timespan: 5m\n",
		  "3:3: a correlation needs 'rules', a list of names or ids" },
		{ "title: X\ncorrelation:\n  type: event_count\n  timespan: 5m\n  rules: [a]\n",
		  "3:3: a correlation needs 'condition', a map such as gte: 10" },
		{ "title: X\ncorrelation:\n  type: event_count\n  timespan: 5m\n  rules: [a]\n"
		  "  condition: {gte: 0}\n",
		  "6:14: every count is as large as that; right would be gte: 1 or more" },
		{ "title: X\ncorrelation:\n  type: event_count\n  timespan: 5m\n  rules: [a]\n"
		  "  condition: {gte: 10001}\n",
		  "6:14: a count of more than 10000 cannot be asked for" },
		{ "title: X\ncorrelation:\n  type: value_sum\n  timespan: 5m\n  rules: [a]\n"
		  "  condition: {gte: 1}\n",
		  "6:14: value_sum needs 'field', whose values are looked at" },
		{ "title: X\ncorrelation:\n  type: event_count\n  timespan: 5m\n  rules: [a]\n"
		  "  condition: {about: 1}\n",
		  "6:15: 'about' is no part of a condition; parts are field, percentile, gt, gte, "
		  "lt, lte, eq, neq" },
		{ "title: X\ncorrelation:\n  type: temporal\n  timespan: 5m\n  rules: [nobody]\n",
		  "5:11: 'nobody' is neither name nor id of a rule" },
		{ "title: X\nname: x\ncorrelation:\n  type: temporal\n  timespan: 5m\n  rules: "
		  "[x]\n",
		  "6:11: 'x' is refused, refers back here or is too deep" },
		{ PLAIN "title: D\nname: a\nlogsource: {product: t}\ndetection: {s: {what: d}, "
			"condition: s}\n---\ntitle: X\ncorrelation:\n  type: temporal\n"
			"  timespan: 5m\n  rules: [a]\n",
		  "25:11: 'a' is the name of several rules; right would be an id" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct bench b;

		begin(&b);
		load_file(&b, "test.yml", cases[i].text);
		ready(&b, &limits);
		assert_string_equal(b.problem, cases[i].problem);
		for (unsigned int r = 0; r < rules_set_count(b.set); r++)
			assert_false(rules_set_is_correlation(b.set, r));
		done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_counted_by_group),
		cmocka_unit_test(late_events_find_their_place),
		cmocka_unit_test(different_values_are_counted),
		cmocka_unit_test(rules_meet_in_any_order),
		cmocka_unit_test(order_counts_where_asked_for),
		cmocka_unit_test(numbers_are_summed),
		cmocka_unit_test(averages_wait_for_the_end),
		cmocka_unit_test(percentiles_and_shares),
		cmocka_unit_test(upper_bounds_wait_for_the_end),
		cmocka_unit_test(correlations_build_on_correlations),
		cmocka_unit_test(aliases_name_other_fields),
		cmocka_unit_test(rules_of_other_files_are_not_silenced),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(another_set_takes_over),
		cmocka_unit_test(bad_correlations_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
