/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-detect.c - rules come, change and go while frames are looked at
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* After the standard headers it needs. */
#include <cmocka.h>

#include "base/clock.h"
#include "base/fd.h"
#include "cloud/detect/detect.h"

#define P(name) DeviceProcessEvents_##name
#define RULE(id, image)                                                                            \
	"title: Rule " id "\nid: 00000000-0000-4000-8000-00000000000" id "\n"                      \
	"logsource: {category: process_creation, product: linux}\n"                                \
	"detection: {image: {Image|endswith: " image "}, condition: image}\nlevel: low\n"

static char dir[64], own[80], custom[80];

static void write_rule(const char *folder, const char *name, const char *text)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(file_write_atomic(path, text, strlen(text), 0644, NULL), 0);
}

static int setup(void **state _unused_)
{
	strcpy(dir, "/tmp/vakt-detect-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(own, sizeof(own), "%s/own", dir);
	snprintf(custom, sizeof(custom), "%s/custom", dir);
	return dir_make(own, 0755, NULL);
}

static int teardown(void **state _unused_)
{
	char command[80];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static struct detect *open_detect(void)
{
	struct detect_options options = { .dir = own, .custom_dir = custom };
	struct detect *d = NULL;

	assert_int_equal(detect_open(&options, &d, NULL), 0);
	return d;
}

static size_t look(struct detect_run *run, const char *image)
{
	struct event e;

	event_init(&e, EVENT_DeviceProcessEvents);
	event_set_int(&e, P(Timestamp), 1);
	event_set_int(&e, P(ReportId), 1);
	event_set_str(&e, P(ActionType), "ProcessCreated");
	event_set_str(&e, P(FolderPath), image);
	assert_int_equal(detect_run_event(run, &e), 0);
	return detections_count(detect_run_detections(run));
}

static size_t matches(struct detect *d, const char *image)
{
	_cleanup_(detect_run_freep) struct detect_run *run = NULL;

	assert_int_equal(detect_run_new(d, NULL, &run), 0);
	return look(run, image);
}

static void rules_are_loaded_anew_when_a_file_changes(void **state _unused_)
{
	_cleanup_(detect_closep) struct detect *d = open_detect();

	assert_int_equal(matches(d, "/bin/a"), 0); /* nothing is loaded yet */
	write_rule(own, "a.yml", RULE("1", "/a"));
	assert_int_equal(detect_reload(d, false, NULL), 1);
	assert_int_equal(detect_reload(d, false, NULL), 0);
	assert_int_equal(matches(d, "/bin/a"), 1);
	write_rule(own, "a.yml", RULE("1", "/b"));
	assert_int_equal(detect_reload(d, false, NULL), 1);
	assert_int_equal(matches(d, "/bin/a"), 0);
	assert_int_equal(matches(d, "/bin/b"), 1);
	write_rule(own, "note.txt", "no rule");
	assert_int_equal(detect_reload(d, false, NULL), 0);
	assert_int_equal(detect_reload(d, true, NULL), 1);
}

static void a_frame_keeps_the_rules_that_it_began_with(void **state _unused_)
{
	_cleanup_(detect_closep) struct detect *d = open_detect();
	_cleanup_(detect_run_freep) struct detect_run *run = NULL;

	write_rule(own, "a.yml", RULE("1", "/a"));
	assert_int_equal(detect_reload(d, false, NULL), 1);
	assert_int_equal(detect_run_new(d, NULL, &run), 0);
	write_rule(own, "a.yml", RULE("1", "/b"));
	assert_int_equal(detect_reload(d, false, NULL), 1);
	assert_int_equal(look(run, "/bin/a"), 1);
	assert_string_equal(detections_get(detect_run_detections(run), 0)->rule->title, "Rule 1");
}

static void what_is_refused_or_gone_leaves_the_others(void **state _unused_)
{
	_cleanup_(detect_closep) struct detect *d = open_detect();
	struct detect_stats stats;
	char moved[80];

	write_rule(own, "a.yml", RULE("1", "/a"));
	write_rule(own, "b.yml", "title: broken\n");
	assert_int_equal(detect_reload(d, false, NULL), 1);
	detect_get_stats(d, &stats);
	assert_int_equal(stats.rules, 1);
	assert_int_equal(stats.refused, 1);
	assert_int_equal(matches(d, "/bin/a"), 1);
	/* A folder that is away takes nothing out of use. */
	snprintf(moved, sizeof(moved), "%s/moved", dir);
	assert_int_equal(rename(own, moved), 0);
	assert_true(detect_reload(d, true, NULL) < 0);
	assert_int_equal(matches(d, "/bin/a"), 1);
	detect_get_stats(d, &stats);
	assert_int_equal(stats.load_failures, 1);
	assert_int_equal(stats.matches, 2);
}

static void rules_of_the_operator_are_told_apart(void **state _unused_)
{
	_cleanup_(detect_closep) struct detect *d = open_detect();
	_cleanup_(detect_run_freep) struct detect_run *run = NULL;
	const struct detections *list;

	write_rule(own, "a.yml", RULE("1", "/a"));
	assert_int_equal(dir_make(custom, 0755, NULL), 0);
	write_rule(custom, "a.yml", RULE("2", "/a"));
	assert_int_equal(detect_reload(d, false, NULL), 1);
	assert_int_equal(detect_run_new(d, NULL, &run), 0);
	assert_int_equal(look(run, "/bin/a"), 2);
	list = detect_run_detections(run);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(detections_get(list, i)->custom,
				 strcmp(detections_get(list, i)->rule->title, "Rule 2") == 0);
}

struct sum {
	unsigned int rules;
	uint64_t matches;
	int64_t last_ns;
};

static void add_rule(void *arg, const struct detect_rule *rule)
{
	struct sum *sum = arg;

	assert_int_equal(!rule->matches, !rule->last_match_ns);
	sum->rules++;
	sum->matches += rule->matches;
	sum->last_ns = MAX(sum->last_ns, rule->last_match_ns);
}

static struct sum sum_up(struct detect *d)
{
	struct sum sum = { 0 };

	detect_each_rule(d, add_rule, &sum);
	return sum;
}

static void a_rule_goes_on_counting_when_it_is_loaded_anew(void **state _unused_)
{
	_cleanup_(detect_closep) struct detect *d = open_detect();
	_cleanup_(detect_run_freep) struct detect_run *run = NULL;
	int64_t before_ns = clock_realtime_ns();
	char path[160];

	assert_int_equal(sum_up(d).rules, 0);
	write_rule(own, "a.yml", RULE("1", "/a"));
	assert_int_equal(detect_reload(d, false, NULL), 1);
	assert_int_equal(sum_up(d).rules, 1);
	assert_int_equal(sum_up(d).matches, 0);
	matches(d, "/bin/a");
	matches(d, "/bin/other");
	assert_int_equal(sum_up(d).matches, 1);
	assert_true(sum_up(d).last_ns >= before_ns && sum_up(d).last_ns <= clock_realtime_ns());

	/* A frame that began with the old set counts where the new one does. */
	assert_int_equal(detect_run_new(d, NULL, &run), 0);
	write_rule(own, "a.yml", RULE("1", "/b"));
	write_rule(own, "b.yml", RULE("2", "/c"));
	assert_int_equal(detect_reload(d, false, NULL), 1);
	look(run, "/bin/a");
	matches(d, "/bin/b");
	assert_int_equal(sum_up(d).rules, 2);
	assert_int_equal(sum_up(d).matches, 3);
	detect_run_free(TAKE_PTR(run));
	assert_int_equal(detect_reload(d, true, NULL), 1);
	assert_int_equal(sum_up(d).matches, 3);

	/* One that was away begins anew. */
	snprintf(path, sizeof(path), "%s/a.yml", own);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(detect_reload(d, false, NULL), 1);
	write_rule(own, "a.yml", RULE("1", "/a"));
	assert_int_equal(detect_reload(d, false, NULL), 1);
	assert_int_equal(sum_up(d).rules, 2);
	assert_int_equal(sum_up(d).matches, 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

static void note_missing(void *arg, const struct detect_rule *rule)
{
	const char **missing = arg;

	missing[rule->info->id[35] - '1'] = rule->missing ? "missing" : "";
}

static void lines_of_logs_are_looked_at_and_rules_without_data_are_told(void **state _unused_)
{
	static const char lines[] =
		"title: Refused\nid: 00000000-0000-4000-8000-000000000001\n"
		"logsource: {service: sshd, product: linux}\n"
		"detection: {k: [Failed password], condition: k}\nlevel: low\n---\n"
		"title: Elsewhere\nid: 00000000-0000-4000-8000-000000000002\n"
		"logsource: {service: sshd, product: windows}\n"
		"detection: {k: [Failed password], condition: k}\nlevel: low\n";
	_cleanup_(detect_closep) struct detect *d = open_detect();
	_cleanup_(detect_run_freep) struct detect_run *run = NULL;
	const char *missing[2] = { NULL };
	struct event e;

	write_rule(own, "lines.yml", lines);
	assert_int_equal(detect_reload(d, false, NULL), 1);
	assert_int_equal(detect_run_new(d, NULL, &run), 0);
	/* Of a process that nobody knows any more. */
	event_init(&e, EVENT_DeviceLogEvents);
	event_set_int(&e, DeviceLogEvents_Timestamp, 1);
	event_set_int(&e, DeviceLogEvents_ReportId, 1);
	event_set_str(&e, DeviceLogEvents_ActionType, "SshLogLine");
	event_set_str(&e, DeviceLogEvents_Message, "Failed password for eve");
	assert_int_equal(detect_run_event(run, &e), 0);
	assert_int_equal(detections_count(detect_run_detections(run)), 1);
	detect_each_rule(d, note_missing, missing);
	assert_string_equal(missing[0], "");
	assert_string_equal(missing[1], "missing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rules_are_loaded_anew_when_a_file_changes),
		TEST(a_frame_keeps_the_rules_that_it_began_with),
		TEST(what_is_refused_or_gone_leaves_the_others),
		TEST(rules_of_the_operator_are_told_apart),
		TEST(a_rule_goes_on_counting_when_it_is_loaded_anew),
		TEST(lines_of_logs_are_looked_at_and_rules_without_data_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
