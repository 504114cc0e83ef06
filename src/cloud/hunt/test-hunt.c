/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cloud/hunt/hunt_internal.h"
#include "cloud/hunt/quota.h"

#define HOUR (3600 * NSEC_PER_SEC)

/* No store is needed for what is looked at here; the end-to-end test api/test_hunting.py has one.
 */
static struct hunt *open_hunt(void)
{
	const struct hunt_options options = { NULL, 7 };
	struct hunt *h;

	assert_int_equal(hunt_open(&options, &h, NULL), 0);
	return h;
}

static int begin(struct hunt *h, const char *tenant, const char *id, struct hunt_run **ret_run)
{
	static const char text[] = "print x = 1";
	const struct hunt_request request = { .text = text,
					      .len = sizeof(text) - 1,
					      .tenant_id = tenant,
					      .principal_id = "p",
					      .run_id = id };

	return hunt_begin(h, &request, ret_run, NULL);
}

static void time_of_a_tenant_is_used_up_and_comes_back(void **state _unused_)
{
	_cleanup_(hunt_quota_freep) struct hunt_quota *q = hunt_quota_new();
	int64_t now = 1000 * 24 * HOUR + HOUR / 2;

	assert_int_equal(hunt_quota_wait_s(q, "a", now), 0);
	hunt_quota_add(q, "a", HUNT_HOUR_S * NSEC_PER_SEC - 1, now);
	assert_int_equal(hunt_quota_wait_s(q, "a", now), 0);
	hunt_quota_add(q, "a", 1, now);
	assert_int_equal(hunt_quota_wait_s(q, "a", now), 1800);
	assert_int_equal(hunt_quota_wait_s(q, "b", now), 0);
	assert_int_equal(hunt_quota_wait_s(q, "a", now + HOUR / 2), 0);
	/* Ten minutes each hour are three hours after eighteen: then the day is over. */
	for (int hour = 1; hour < 18; hour++)
		hunt_quota_add(q, "a", HUNT_HOUR_S * NSEC_PER_SEC, now + hour * HOUR);
	assert_int_equal(hunt_quota_wait_s(q, "a", now + 18 * HOUR), 19800);
	assert_int_equal(hunt_quota_wait_s(q, "a", now + 24 * HOUR), 0);
}

static void tenants_beyond_those_remembered_are_answered(void **state _unused_)
{
	_cleanup_(hunt_quota_freep) struct hunt_quota *q = hunt_quota_new();
	char id[16];

	for (int i = 0; i <= HUNT_TENANTS_MAX; i++) {
		snprintf(id, sizeof(id), "%d", i);
		hunt_quota_add(q, id, HUNT_HOUR_S * NSEC_PER_SEC, HOUR);
	}
	assert_int_equal(hunt_quota_wait_s(q, "0", HOUR), 0);
	assert_int_equal(hunt_quota_wait_s(q, id, HOUR), 3600);
}

static void no_tenant_takes_every_place(void **state _unused_)
{
	struct hunt *h = open_hunt();
	struct hunt_run *runs[HUNT_RUNNING_MAX], *more = NULL;

	for (int i = 0; i < HUNT_TENANT_RUNNING_MAX; i++)
		assert_int_equal(begin(h, "a", NULL, &runs[i]), 0);
	assert_int_equal(begin(h, "b", "id", &runs[HUNT_TENANT_RUNNING_MAX]), 0);
	/* The same id is another's, or a second run. */
	assert_int_equal(hunt_cancel(h, "a", "p", "id"), -ENOENT);
	assert_int_equal(hunt_cancel(h, "b", "q", "id"), -ENOENT);
	assert_int_equal(hunt_cancel(h, "b", "p", "id"), 0);
	hunt_end(runs[0]);
	assert_int_equal(begin(h, "b", "id", &more), -EEXIST);
	assert_int_equal(begin(h, "b", "other", &runs[0]), 0);
	for (int i = 0; i < HUNT_RUNNING_MAX; i++)
		hunt_end(runs[i]);
	hunt_close(h);
}

struct waiter {
	struct hunt *h;
	int result;
};

static void *wait_for_turn(void *arg)
{
	struct waiter *w = arg;
	struct hunt_run *run = NULL;

	w->result = begin(w->h, "a", NULL, &run);
	hunt_end(run);
	return NULL;
}

static void who_waits_gets_the_next_place(void **state _unused_)
{
	struct hunt *h = open_hunt();
	struct hunt_run *runs[HUNT_TENANT_RUNNING_MAX], *more = NULL;
	struct waiter waiters[HUNT_WAITING_MAX];
	pthread_t threads[HUNT_WAITING_MAX];
	struct hunt_stats stats = { 0 };

	for (int i = 0; i < HUNT_TENANT_RUNNING_MAX; i++)
		assert_int_equal(begin(h, "a", NULL, &runs[i]), 0);
	for (int i = 0; i < HUNT_WAITING_MAX; i++) {
		waiters[i] = (struct waiter){ h, 1 };
		assert_int_equal(pthread_create(&threads[i], NULL, wait_for_turn, &waiters[i]), 0);
	}
	while (stats.waiting < HUNT_WAITING_MAX)
		hunt_get_stats(h, &stats);
	assert_int_equal(begin(h, "a", NULL, &more), -EBUSY);
	assert_null(more);
	hunt_get_stats(h, &stats);
	assert_int_equal(stats.too_many, 1);
	assert_int_equal(stats.running, HUNT_TENANT_RUNNING_MAX);
	for (int i = 0; i < HUNT_TENANT_RUNNING_MAX; i++)
		hunt_end(runs[i]);
	for (int i = 0; i < HUNT_WAITING_MAX; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(waiters[i].result, 0);
	}
	hunt_close(h);
}

static int begin_rule(struct hunt *h, struct hunt_run **ret_run)
{
	static const char text[] = "print x = 1";
	const struct hunt_request request = { .text = text,
					      .len = sizeof(text) - 1,
					      .tenant_id = "a",
					      .principal_id = "rule",
					      .background = true };

	return hunt_begin(h, &request, ret_run, NULL);
}

static void *wait_as_rule(void *arg)
{
	struct waiter *w = arg;
	struct hunt_run *run = NULL;

	w->result = begin_rule(w->h, &run);
	hunt_end(run);
	return NULL;
}

static void rules_have_the_next_place_whatever_people_ask(void **state _unused_)
{
	struct hunt *h = open_hunt();
	struct hunt_run *runs[HUNT_RUNNING_MAX], *more = NULL;
	struct waiter waiter = { h, 1 };
	pthread_t thread;
	bool waits = false;

	/* A rule's run takes no place of its tenant's people. */
	assert_int_equal(begin_rule(h, &runs[0]), 0);
	for (int i = 1; i < HUNT_RUNNING_MAX; i++)
		assert_int_equal(begin(h, "a", NULL, &runs[i]), 0);
	assert_int_equal(pthread_create(&thread, NULL, wait_as_rule, &waiter), 0);
	while (!waits) {
		pthread_mutex_lock(&h->lock);
		waits = h->background_waiting == 1;
		pthread_mutex_unlock(&h->lock);
	}
	hunt_end(runs[1]);
	pthread_join(thread, NULL);
	assert_int_equal(waiter.result, 0);
	/* And uses none of its running time. */
	pthread_mutex_lock(&h->lock);
	hunt_quota_add(h->quota, "a", HUNT_HOUR_S * NSEC_PER_SEC, clock_monotonic_ns());
	pthread_mutex_unlock(&h->lock);
	assert_int_equal(begin(h, "a", NULL, &more), -EDQUOT);
	assert_int_equal(begin_rule(h, &runs[1]), 0);
	for (int i = 0; i < HUNT_RUNNING_MAX; i++)
		hunt_end(runs[i]);
	hunt_close(h);
}

static void a_wrong_query_says_where(void **state _unused_)
{
	static const char text[] = "DeviceProcessEvents\n| where Nothing == 1";
	const struct hunt_request request = {
		.text = text, .len = sizeof(text) - 1, .tenant_id = "a", .principal_id = "p"
	};
	struct hunt *h = open_hunt();
	const struct kql_diagnostic *list;
	struct hunt_stats stats;
	struct hunt_run *run;

	assert_int_equal(hunt_begin(h, &request, &run, NULL), -EINVAL);
	assert_true(kql_query_diagnostics(hunt_run_query(run), &list) >= 1);
	assert_int_equal(list[0].line, 2);
	assert_int_equal(list[0].column, 9);
	hunt_end(run);
	hunt_get_stats(h, &stats);
	assert_int_equal(stats.refused, 1);
	assert_int_equal(stats.running, 0);
	hunt_close(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_of_a_tenant_is_used_up_and_comes_back),
		cmocka_unit_test(tenants_beyond_those_remembered_are_answered),
		cmocka_unit_test(no_tenant_takes_every_place),
		cmocka_unit_test(who_waits_gets_the_next_place),
		cmocka_unit_test(rules_have_the_next_place_whatever_people_ask),
		cmocka_unit_test(a_wrong_query_says_where),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
