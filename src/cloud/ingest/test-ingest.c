/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-ingest.c - what waits becomes one run; what is known of a stream, and what is forgotten
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* After the standard headers it needs. */
#include <cmocka.h>

#include "cloud/ingest/budget.h"
#include "cloud/ingest/group.h"
#include "cloud/ingest/ingest.h"
#include "cloud/ingest/streams.h"

#define JOINERS 12
#define RUNS_MAX 64

struct record {
	_Atomic unsigned int runs, queued;
	unsigned int counts[RUNS_MAX]; /* members of each run */
	size_t bytes[RUNS_MAX];
	bool with_alone[RUNS_MAX];
};

struct joiner {
	struct group *group;
	struct record *record;
	pthread_t thread;
	size_t bytes;
	bool alone;
	int number, result;
};

/* The first run waits until all others have queued up behind it. */
static void run(void *arg, struct group_member **members, unsigned int count)
{
	struct record *record = arg;
	unsigned int n = record->runs++;

	assert_true(n < RUNS_MAX);
	record->counts[n] = count;
	for (unsigned int i = 0; i < count; i++) {
		const struct joiner *j = members[i]->work;

		record->bytes[n] += members[i]->bytes;
		record->with_alone[n] |= members[i]->alone;
		members[i]->result = -j->number;
	}
	while (n == 0 && record->queued < JOINERS)
		usleep(1000);
	/* Whoever has said that he joins needs a moment to do it. */
	if (n == 0)
		usleep(100000);
}

static void *join(void *arg)
{
	struct joiner *j = arg;
	struct group_member m = { .work = j, .bytes = j->bytes, .alone = j->alone };

	j->record->queued++;
	j->result = group_join(j->group, &m, NULL);
	return NULL;
}

/* One runs, the rest queue up behind it in order. */
static void join_all(size_t bytes_max, const struct joiner *like, int alone, struct record *ret)
{
	struct group_options options = { .runs_max = 1, .bytes_max = bytes_max, .run = run, .arg = ret };
	struct joiner joiners[JOINERS];
	struct group *g = NULL;

	assert_int_equal(group_new(&options, &g), 0);
	for (int i = 0; i < JOINERS; i++) {
		joiners[i] = *like;
		joiners[i].group = g;
		joiners[i].record = ret;
		joiners[i].number = i + 1;
		joiners[i].alone = i == alone;
		assert_int_equal(pthread_create(&joiners[i].thread, NULL, join, &joiners[i]), 0);
		usleep(10000);
	}
	for (int i = 0; i < JOINERS; i++) {
		pthread_join(joiners[i].thread, NULL);
		assert_int_equal(joiners[i].result, -(i + 1));
	}
	group_free(g);
}

static void what_queued_up_is_one_run(void **state _unused_)
{
	const struct joiner like = { .bytes = 1 };
	struct record record = { 0 };

	join_all(1000, &like, -1, &record);
	assert_int_equal(record.runs, 2);
	assert_int_equal(record.counts[0], 1);
	assert_int_equal(record.counts[1], JOINERS - 1);
}

static void a_run_is_bounded_in_bytes(void **state _unused_)
{
	const struct joiner like = { .bytes = 400 };
	struct record record = { 0 };

	join_all(1000, &like, -1, &record);
	assert_int_equal(record.runs, 1 + (JOINERS - 1 + 1) / 2);
	for (unsigned int i = 0; i < record.runs; i++)
		assert_true(record.bytes[i] <= 1000);
}

static void one_that_is_too_large_runs_all_the_same(void **state _unused_)
{
	const struct joiner like = { .bytes = 5000 };
	struct record record = { 0 };

	join_all(1000, &like, -1, &record);
	assert_int_equal(record.runs, JOINERS);
}

static void one_that_is_alone_shares_with_none(void **state _unused_)
{
	const struct joiner like = { .bytes = 1 };
	struct record record = { 0 };

	join_all(1000, &like, 5, &record);
	assert_int_equal(record.runs, 4);
	assert_int_equal(record.counts[1], 4);
	assert_true(record.with_alone[2]);
	assert_int_equal(record.counts[2], 1);
	assert_int_equal(record.counts[3], JOINERS - 6);
}

static void a_stream_is_one_frames_at_a_time(void **state _unused_)
{
	_cleanup_(streams_freep) struct streams *s = NULL;
	struct stream *a = NULL, *b = NULL, *again = NULL;

	assert_int_equal(streams_new(&s), 0);
	assert_int_equal(streams_enter(s, "d1", "s", &a), 0);
	assert_int_equal(streams_enter(s, "d1", "s", &again), -EBUSY);
	assert_int_equal(streams_enter(s, "d2", "s", &b), 0);
	assert_false(a->known);
	a->known = true;
	a->mark = 7;
	streams_leave(s, a);
	streams_leave(s, b);
	assert_int_equal(streams_enter(s, "d1", "s", &again), 0);
	assert_true(again->known);
	assert_int_equal(again->mark, 7);
	streams_leave(s, again);
}

static void streams_are_bounded_and_busy_ones_stay(void **state _unused_)
{
	_cleanup_(streams_freep) struct streams *s = NULL;
	struct stream *busy = NULL, *st = NULL;
	char name[16];

	assert_int_equal(streams_new(&s), 0);
	assert_int_equal(streams_enter(s, "busy", "s", &busy), 0);
	for (int i = 0; i < STREAMS_MAX + 100; i++) {
		snprintf(name, sizeof(name), "%d", i);
		assert_int_equal(streams_enter(s, name, "s", &st), 0);
		streams_leave(s, st);
	}
	assert_int_equal(streams_enter(s, "busy", "s", &st), -EBUSY);
	streams_leave(s, busy);
}

static void a_budget_holds_what_fits_and_no_more(void **state _unused_)
{
	struct budget b = { .max = 100 };

	assert_false(budget_take(&b, 101));
	assert_true(budget_take(&b, 100));
	assert_false(budget_take(&b, 1));
	assert_true(budget_take(&b, 0));
	budget_give(&b, 100);
	assert_true(budget_take(&b, 60));
	assert_false(budget_take(&b, 41));
	assert_false(budget_take(&b, SIZE_MAX));
	assert_true(budget_take(&b, 40));
	budget_give(&b, 60);
	budget_give(&b, 40);
	assert_int_equal(b.used, 0);
}

struct taker {
	struct budget *budget;
	pthread_t thread;
	unsigned int number, taken;
	size_t most; /* in use, as this one saw it */
};

static void *take_often(void *arg)
{
	struct taker *t = arg;

	for (unsigned int i = 0; i < 20000; i++) {
		size_t bytes = 1 + (i * 7 + t->number * 13) % 60;

		if (!budget_take(t->budget, bytes))
			continue;
		t->most = MAX(t->most, (size_t)t->budget->used);
		t->taken++;
		budget_give(t->budget, bytes);
	}
	return NULL;
}

static void many_who_take_never_have_more_together(void **state _unused_)
{
	struct budget b = { .max = 100 };
	struct taker takers[8] = { 0 };

	for (unsigned int i = 0; i < ARRAY_SIZE(takers); i++) {
		takers[i].budget = &b;
		takers[i].number = i;
		assert_int_equal(pthread_create(&takers[i].thread, NULL, take_often, &takers[i]), 0);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(takers); i++) {
		pthread_join(takers[i].thread, NULL);
		assert_true(takers[i].taken > 0);
		assert_true(takers[i].most <= b.max);
	}
	assert_int_equal(b.used, 0);
}

/* Else a largest frame would be put off for ever. */
static void a_budget_below_one_frame_is_refused(void **state _unused_)
{
	struct ingest_options options = { .unpacked_max = (64u << 20) - 1 };
	struct ingest *in = NULL;
	struct err err = { 0 };

	assert_int_equal(ingest_open(&options, &in, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "one alone may take 67108864"));
	assert_null(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_queued_up_is_one_run),
		cmocka_unit_test(a_run_is_bounded_in_bytes),
		cmocka_unit_test(one_that_is_too_large_runs_all_the_same),
		cmocka_unit_test(one_that_is_alone_shares_with_none),
		cmocka_unit_test(a_stream_is_one_frames_at_a_time),
		cmocka_unit_test(streams_are_bounded_and_busy_ones_stay),
		cmocka_unit_test(a_budget_holds_what_fits_and_no_more),
		cmocka_unit_test(many_who_take_never_have_more_together),
		cmocka_unit_test(a_budget_below_one_frame_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
