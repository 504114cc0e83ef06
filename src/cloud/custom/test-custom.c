/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-custom.c - what needs no store: the beat of rules with a moved clock, texts, rows and groups
 *
 * What a rule does with a store is shown by tests/e2e/api/test_detections.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "cloud/custom/result.h"
#include "cloud/custom/schedule.h"
#include "cloud/custom/text.h"

#define MINUTE (60 * NSEC_PER_SEC)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define NOW (30000 * DAY) /* 2052 */

static void a_rule_keeps_its_beat(void **state _unused_)
{
	/* A run that took half an hour moves nothing. */
	assert_int_equal(schedule_next(NOW, 3600, NOW + HOUR / 2), NOW + HOUR);
	assert_int_equal(schedule_next(NOW, 60, NOW + 5 * NSEC_PER_SEC), NOW + MINUTE);
	assert_int_equal(schedule_next(NOW, 3600, NOW), NOW + HOUR);
	assert_true(schedule_is_due(NOW, 3600, NOW));
	assert_false(schedule_is_due(NOW + 1, 3600, NOW));
}

static void missed_runs_are_made_up_for_by_one(void **state _unused_)
{
	/* Ten hours away: one run, then the next beat. */
	assert_int_equal(schedule_next(NOW, 3600, NOW + 10 * HOUR + MINUTE), NOW + 11 * HOUR);
	/* It looks as far back as the ten would have. */
	assert_int_equal(schedule_from(3600, NOW, NOW + 10 * HOUR), NOW - 3 * HOUR);
	assert_int_equal(schedule_from(3600, NOW, NOW + HOUR), NOW + HOUR - 4 * HOUR);
	assert_int_equal(schedule_from(60, NOW, NOW + 10 * HOUR), NOW - SCHEDULE_OVERLAP_NS);
	/* But never further than there is anything to see. */
	assert_int_equal(schedule_from(3600, NOW, NOW + 60 * DAY), NOW + 30 * DAY);
	assert_int_equal(schedule_from(60, NOW, NOW + 60 * DAY), NOW + 30 * DAY);
}

static void look_backs_are_those_of_the_reference(void **state _unused_)
{
	static const struct {
		const char *name;
		int64_t lookback;
	} all[] = {
		{ "1H", 4 * HOUR }, { "3H", 12 * HOUR }, { "12H", 48 * HOUR }, { "24H", 30 * DAY }
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		const struct schedule_period *p = schedule_find(all[i].name);
		int64_t before = NOW - p->period_s * NSEC_PER_SEC;

		assert_ptr_equal(schedule_of(p->period_s), p);
		assert_int_equal(schedule_from(p->period_s, before, NOW), NOW - all[i].lookback);
		/* A new rule looks at all there is. */
		assert_int_equal(schedule_from(p->period_s, 0, NOW), NOW - 30 * DAY);
	}
	assert_null(schedule_find("2H"));
}

static void a_clock_that_is_set_back_silences_nothing(void **state _unused_)
{
	/* Next run by the old clock: in 3 hours; the beat is an hour. */
	assert_true(schedule_is_due(NOW + 3 * HOUR, 3600, NOW));
	assert_int_equal(schedule_next(NOW + 3 * HOUR, 3600, NOW), NOW + HOUR);
	assert_true(schedule_is_due(NOW + HOUR, 60, NOW));
	/* What was covered lies ahead: it looks at what came in lately. */
	assert_int_equal(schedule_from(60, NOW + HOUR, NOW), NOW - SCHEDULE_OVERLAP_NS);
	assert_int_equal(schedule_from(3600, NOW + DAY, NOW), NOW - 4 * HOUR);
	/* Set forward by a year, it runs once and goes on from there. */
	assert_int_equal(schedule_next(NOW, 3600, NOW + 365 * DAY + 1), NOW + 365 * DAY + HOUR);
}

static void failures_are_tried_again_ever_later(void **state _unused_)
{
	static const int64_t minutes[] = { 1, 1, 2, 4, 8, 16, 32, 60, 60 };

	for (unsigned int i = 0; i < ARRAY_SIZE(minutes); i++)
		assert_int_equal(schedule_retry(10800, i, NOW), NOW + minutes[i] * MINUTE);
	assert_int_equal(schedule_retry(60, 1000, NOW), NOW + 15 * MINUTE);
	assert_int_equal(schedule_retry(86400, 1000, NOW), NOW + HOUR);
	/* And that is no clock that was set back. */
	assert_false(schedule_is_due(NOW + 15 * MINUTE, 60, NOW));
	assert_false(schedule_is_due(NOW + HOUR, 3600, NOW));
}

static void a_backlog_is_worked_off_for_an_hour(void **state _unused_)
{
	assert_int_equal(schedule_covered(60, NOW - MINUTE, NOW, 0), NOW);
	assert_int_equal(schedule_covered(60, NOW - MINUTE, NOW, 1), NOW - MINUTE);
	assert_int_equal(schedule_covered(60, NOW - 2 * HOUR, NOW, 1), NOW - HOUR);
	/* The look-back of the others sees it again by itself. */
	assert_int_equal(schedule_covered(3600, NOW - HOUR, NOW, 1), NOW);
}

static const char *value_of(void *arg _unused_, const char *name, size_t len)
{
	if (len == 4 && !memcmp(name, "Name", 4))
		return "svär";
	if (len == 5 && !memcmp(name, "Lines", 5))
		return "a\nb";
	return len == 4 && !memcmp(name, "Long", 4) ? "01234567890123456789012345678901234567890123"
						      "45678901234567890123456789012345678"
						      "90123456789012345678901234567890123456789012"
						      "34567890123456789012345678901234567"
						      "89012345678901234567890123456789012345678901"
						      "23456789012345678901234567890123456"
						      "7890123456789012345678901234567890"
						    : NULL;
}

static void texts_are_filled_from_columns(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "nothing to fill", "nothing to fill" },
		{ "{{Name}}", "svär" },
		{ "a {{ Name }}, {{Name}}.", "a svär, svär." },
		{ "{{Null}}!", "!" },
		{ "{{Lines}}", "a b" },
		{ "{Name} {{Name", "{Name} {{Name" },
		{ "}} {{}} {{Name}}", "}}  svär" },
		{ "{{{{Name}}", "" },
		{ "", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf out = BUF_INIT(4096);

		assert_int_equal(text_fill(cases[i][0], value_of, NULL, 100, &out), 0);
		assert_string_equal(out.data, cases[i][1]);
	}
}

static void long_texts_are_cut_between_characters(void **state _unused_)
{
	_cleanup_buf_ struct buf out = BUF_INIT(4096);

	assert_int_equal(text_fill("{{Name}}", value_of, NULL, 3, &out), 0);
	assert_string_equal(out.data, "sv");
	buf_clear(&out);
	assert_int_equal(text_fill("{{Long}}", value_of, NULL, 1000, &out), 0);
	assert_int_equal(out.len, TEXT_VALUE_MAX);
}

/* Timestamp, DeviceId, ReportId, User. */
static struct results read_lines(const char *lines)
{
	static const char *const names[] = { "Timestamp", "DeviceId", "ReportId", "User" };
	struct results r;

	results_init(&r);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		r.columns.names[r.columns.count++] = names[i];
	r.columns.time = 0;
	r.columns.device = 1;
	r.columns.report = 2;
	r.columns.entities[r.columns.entity_count++] = 3;
	buf_append_str(&r.answer, lines);
	assert_int_equal(results_read(&r, NOW), 0);
	return r;
}

#define AT(time, report, user) "[\"2026-01-01T" time "Z\",\"aa\"," report "," user "]\n"

static void rows_are_told_apart_by_what_they_are(void **state _unused_)
{
	struct results r = read_lines(
	    AT("00:00:02.0000000", "7", "\"eve\"") /* the same row twice */
	    AT("00:00:01.0000000", "7", "\"eve\"") AT("00:00:03.0000000", "7", "\"bob\"")
		AT("00:00:04.0000000", "8", "null")
		    AT("00:00:05.0000000", "null", "null") /* no ReportId: the whole row */
	    AT("00:00:06.0000000", "null", "null") "nonsense\n"
						   "[null,null,9,\"\xff\"]\n");
	const struct result *l = r.list;

	assert_int_equal(r.count, 7);
	assert_int_equal(r.unreadable, 1);
	assert_true(l[0].time_ns < l[1].time_ns);
	assert_string_equal(l[0].id, l[1].id);
	assert_string_equal(l[0].entities, l[1].entities);
	assert_string_not_equal(l[1].id, l[2].id);
	assert_string_not_equal(l[1].entities, l[2].entities);
	assert_string_not_equal(l[4].id, l[5].id);
	assert_string_equal(l[4].entities, l[5].entities);
	/* Without a time it is now; bytes that are no text are no reason to be lost. */
	assert_int_equal(l[6].time_ns, NOW);
	assert_string_equal(l[6].device, "");
	results_done(&r);
}

static int skip_eights(void *arg _unused_, const struct result *row)
{
	return row->report_id == 8;
}

static void rows_near_each_other_are_one_alert(void **state _unused_)
{
	struct results r = read_lines(
	    AT("00:00:00.0000000", "1", "\"eve\"") AT("00:00:50.0000000", "2", "\"eve\"")
		AT("00:01:40.0000000", "3", "\"eve\"") /* a minute from the last */
	    AT("00:02:41.0000000", "4", "\"eve\"")     /* more than that */
	    AT("00:00:10.0000000", "5", "\"bob\"") AT("00:00:11.0000000", "8", "\"bob\""));
	struct groups g;

	assert_int_equal(groups_make(&r, &(struct grouping){ "rule", 60, skip_eights, NULL }, &g),
			 0);
	assert_int_equal(g.count, 3);
	assert_int_equal(g.list[0].count, 3);
	assert_int_equal(g.list[0].first->report_id, 1);
	assert_int_equal(g.list[0].last->report_id, 3);
	assert_int_equal(g.list[1].count, 1);
	assert_int_equal(g.list[1].first->report_id, 5);
	assert_string_equal(g.list[2].key, g.list[0].key);
	groups_done(&g);
	assert_int_equal(groups_make(&r, &(struct grouping){ .rule = "rule" }, &g), 0);
	assert_int_equal(g.count, 6);
	assert_string_not_equal(g.list[0].key, g.list[1].key);
	groups_done(&g);
	results_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rule_keeps_its_beat),
		cmocka_unit_test(missed_runs_are_made_up_for_by_one),
		cmocka_unit_test(look_backs_are_those_of_the_reference),
		cmocka_unit_test(a_clock_that_is_set_back_silences_nothing),
		cmocka_unit_test(failures_are_tried_again_ever_later),
		cmocka_unit_test(a_backlog_is_worked_off_for_an_hour),
		cmocka_unit_test(texts_are_filled_from_columns),
		cmocka_unit_test(long_texts_are_cut_between_characters),
		cmocka_unit_test(rows_are_told_apart_by_what_they_are),
		cmocka_unit_test(rows_near_each_other_are_one_alert),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
