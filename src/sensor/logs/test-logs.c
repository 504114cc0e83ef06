/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-logs.c - all sources together: places that survive, kills at any moment, bounds, a journal
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sensor/logs/line_kind.h"
#include "sensor/logs/logs.h"

static char folder[64];
static struct config config;
static uint64_t last_sequence;
static unsigned int gaps;

static int setup(void **state _unused_)
{
	snprintf(folder, sizeof(folder), "/tmp/vakt-logs-XXXXXX");
	assert_non_null(mkdtemp(folder));
	memset(&config, 0, sizeof(config));
	config.log_lines_per_second = 100000;
	config.log_journal = 2;
	snprintf(config.log_files[0].path, CONFIG_LOG_PATH_SIZE, "%s/auth.log", folder);
	snprintf(config.log_files[1].path, CONFIG_LOG_PATH_SIZE, "%s/audit.log", folder);
	config.log_files[1].kind = LOG_AUDITD;
	gaps = 0;
	return 0;
}

static int teardown(void **state _unused_)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static void add(const char *name, const char *format, ...) _printf_(2, 3);
static void add(const char *name, const char *format, ...)
{
	char path[256];
	va_list args;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "ae");
	assert_non_null(f);
	va_start(args, format);
	vfprintf(f, format, args);
	va_end(args);
	fclose(f);
}

static void note(void *arg, const struct log_line *line)
{
	struct buf *out = arg;

	assert_true(line->sequence > 0);
	last_sequence = line->sequence;
	buf_printf(out, "%s %.*s|", line->action, (int)line->message.len, line->message.s);
}

static void note_gap(void *arg _unused_, const char *reason _unused_, int64_t since_ns _unused_)
{
	gaps++;
}

static struct logs *start(struct buf *out)
{
	const struct logs_options options = { folder, note, note_gap, out };
	struct logs *l;

	assert_int_equal(logs_new(&options, &config, &l, NULL), 0);
	return l;
}

static void a_killed_sensors_lines_come_once(void **state _unused_)
{
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 20);
	struct logs *l = start(&out);

	add("auth.log", "Nov 29 10:00:00 h sshd[1]: one\n");
	logs_poll(l);
	logs_commit(l);
	add("auth.log", "Nov 29 10:00:00 h su: two\nNov 29 10:00:00 h x: three\n");
	logs_poll(l);
	assert_string_equal(out.data, "SshLogLine one|AuthLogLine two|AuthLogLine three|");
	/* Killed: its rows were not in the spool. */
	logs_free(l);
	buf_clear(&out);
	l = start(&out);
	logs_poll(l);
	assert_string_equal(out.data, "AuthLogLine two|AuthLogLine three|");
	/* Killed: they were, but nobody could say so. */
	logs_free(l);
	buf_clear(&out);
	buf_append_str(&out, "");
	l = start(&out);
	logs_note_spooled(l, last_sequence);
	add("auth.log", "four\n");
	logs_poll(l);
	assert_string_equal(out.data, "AuthLogLine four|");
	logs_free(l);
	assert_int_equal(gaps, 0);
}

static void an_event_of_auditd_that_is_not_whole_is_read_again(void **state _unused_)
{
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 20);
	struct logs *l;

	add("audit.log", "%s", "");
	l = start(&out);
	add("audit.log", "type=SYSCALL msg=audit(1.000:7): pid=1\n");
	logs_poll(l);
	assert_int_equal(out.len, 0);
	logs_commit(l);
	logs_free(l);
	l = start(&out);
	add("audit.log", "type=PATH msg=audit(1.000:7): name=\"/x\"\ntype=PATH msg=audit(1.000:8): name=\"/y\"\n");
	logs_poll(l);
	assert_string_equal(out.data, "AuditRecord type=SYSCALL msg=audit(1.000:7): pid=1|"
				      "AuditRecord type=PATH msg=audit(1.000:7): name=\"/x\"|");
	/* Its end does not come for ever. */
	buf_clear(&out);
	usleep(700000);
	logs_poll(l);
	assert_string_equal(out.data, "AuditRecord type=PATH msg=audit(1.000:8): name=\"/y\"|");
	logs_free(l);
}

static void a_file_that_comes_while_nobody_looks_is_read_whole(void **state _unused_)
{
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 20);

	logs_free(start(&out));
	add("auth.log", "one\n");
	{
		struct logs *l = start(&out);

		logs_poll(l);
		assert_string_equal(out.data, "AuthLogLine one|");
		logs_free(l);
	}
}

static void what_comes_too_fast_waits_and_is_left_out_in_the_end(void **state _unused_)
{
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 20);
	_cleanup_buf_ struct buf health = BUF_INIT(1 << 20);
	char command[256];
	struct logs *l;

	config.log_lines_per_second = 100;
	l = start(&out);
	for (int i = 0; i < 20000; i++)
		add("auth.log", "line %d\n", i);
	usleep(1100000);
	logs_poll(l);
	/* What was read at once is told; the rest waits. */
	assert_non_null(strstr(out.data, "line 0|"));
	assert_null(strstr(out.data, "line 19999|"));
	assert_int_equal(gaps, 0);
	snprintf(command, sizeof(command), "truncate -s 80M %s/auth.log", folder);
	assert_int_equal(system(command), 0);
	logs_poll(l);
	assert_int_equal(gaps, 1);
	logs_health(l, &health);
	assert_non_null(strstr(health.data, "\"kind\":\"auth\""));
	assert_non_null(strstr(health.data, "audit.log\",\"read\":false,\"missing\":\"there is no such file\""));
	assert_non_null(strstr(health.data, "\"missing\":\"vakt.logs.journal is disabled\""));
	logs_free(l);
}

static void places_that_are_broken_are_told(void **state _unused_)
{
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 20);

	add("log-places", "what is this\n");
	logs_free(start(&out));
	assert_int_equal(gaps, 1);
}

/* A journal of its own, made from text by systemd-journal-remote (packaging/packages-test.txt). */
static void entries_of_a_journal_come_once(void **state _unused_)
{
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 20), health = BUF_INIT(1 << 20);
	char command[512];
	struct logs *l;

	assert_int_equal(access("/lib/systemd/systemd-journal-remote", X_OK), 0);
	snprintf(config.log_journal_folder, sizeof(config.log_journal_folder), "%s", folder);
	config.log_journal = 1;
	add("text", "__REALTIME_TIMESTAMP=1764430953000000\nMESSAGE=old\n_PID=5\n\n");
	snprintf(command, sizeof(command),
		 "/lib/systemd/systemd-journal-remote -o %s/a.journal %s/text >/dev/null 2>&1", folder,
		 folder);
	assert_int_equal(system(command), 0);
	l = start(&out);
	logs_poll(l);
	assert_int_equal(out.len, 0);
	logs_health(l, &health);
	assert_non_null(strstr(health.data, "\"source\":\"journal\",\"read\":true"));
	logs_commit(l);
	snprintf(command, sizeof(command), "rm %s/text", folder);
	assert_int_equal(system(command), 0);
	add("text", "__REALTIME_TIMESTAMP=1764430954000000\nMESSAGE=Accepted password for eve\n"
		    "SYSLOG_IDENTIFIER=sshd\nPRIORITY=6\nSYSLOG_FACILITY=10\n_PID=77\n\n"
		    "__REALTIME_TIMESTAMP=1764430955000000\nMESSAGE=second\n_COMM=app\n\n");
	snprintf(command, sizeof(command),
		 "/lib/systemd/systemd-journal-remote -o %s/a.journal %s/text >/dev/null 2>&1", folder,
		 folder);
	assert_int_equal(system(command), 0);
	logs_poll(l);
	assert_string_equal(out.data, "SshLogLine Accepted password for eve|SystemLogLine second|");
	logs_free(l);
	/* Killed before a place was kept: again, but for what is in the spool. */
	buf_clear(&out);
	buf_append_str(&out, "");
	l = start(&out);
	logs_note_spooled(l, last_sequence - 1);
	logs_poll(l);
	assert_string_equal(out.data, "SystemLogLine second|");
	logs_free(l);
	assert_int_equal(gaps, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_killed_sensors_lines_come_once),
		TEST(an_event_of_auditd_that_is_not_whole_is_read_again),
		TEST(a_file_that_comes_while_nobody_looks_is_read_whole),
		TEST(what_comes_too_fast_waits_and_is_left_out_in_the_end),
		TEST(places_that_are_broken_are_told),
		TEST(entries_of_a_journal_come_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
