/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-store.c - the real vakt-store with the real engine, in a folder of its own
 *
 * Arguments: the program and libchdb.so.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fd.h"
#include "store/native.h"
#include "store/telemetry.h"

static const char *program, *library;
static char dir[32];
static pid_t store_pid;
static struct telemetry *store;

static bool answers(void)
{
	struct telemetry_query q = { .sql = "SELECT 1", .format = "TSV", .timeout_ms = 2000 };
	_cleanup_buf_ struct buf out = BUF_INIT(4096);

	return telemetry_query(store, &q, &out, NULL) == 0;
}

static void start_store(void)
{
	char data[64], socket[64];

	snprintf(data, sizeof(data), "%s/data", dir);
	snprintf(socket, sizeof(socket), "%s/s", dir);
	store_pid = fork();
	if (store_pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, STDIN_FILENO);
		execl(program, program, "--library", library, "--data-dir", data, "--socket", socket,
		      NULL);
		_exit(127);
	}
	for (int i = 0; i < 200; i++) {
		if (answers())
			return;
		usleep(100000);
	}
	fail_msg("vakt-store does not answer");
}

static void kill_store(int sig)
{
	kill(store_pid, sig);
	waitpid(store_pid, NULL, 0);
}

static int setup(void **state _unused_)
{
	struct telemetry_options options = { .database = "vakt", .connections_max = 4 };
	struct err err = { 0 };
	char address[64];

	strcpy(dir, "/tmp/vakt-store-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(address, sizeof(address), "unix:%s/s", dir);
	options.address = address;
	if (telemetry_open(&options, &store, &err) < 0)
		return -1;
	start_store();
	if (telemetry_migrate(store, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		return -1;
	}
	return 0;
}

static int teardown(void **state _unused_)
{
	char command[64];

	kill_store(SIGTERM);
	telemetry_close(store);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

/* One value of a query, without the line's end. */
static void ask(const char *sql, const char *expected)
{
	_cleanup_buf_ struct buf out = BUF_INIT(64 << 20);
	struct telemetry_query q = { .sql = sql, .format = "TSV" };
	struct err err = { 0 };

	if (telemetry_query(store, &q, &out, &err) < 0)
		fail_msg("%s: %s", sql, err.msg);
	if (out.len && out.data[out.len - 1] == '\n')
		out.data[--out.len] = '\0';
	assert_string_equal(out.data ? out.data : "", expected);
}

static struct native_envelope envelope = {
	.tenant_id = "t1",
	.device_id = "d1",
	.device_name = "host",
	.boot_id = "b",
	.stream = "s",
	.batch_number = UINT64_MAX,
	.received_ns = 1790000000123456789,
	.clock_offset_ns = -5,
};

static int insert_one(const struct event *e, const char *token, struct err *err)
{
	_cleanup_(native_builder_freep) struct native_builder *b = NULL;
	_cleanup_buf_ struct buf block = BUF_INIT(64 << 20);

	assert_int_equal(native_builder_new(e->table, &b), 0);
	assert_int_equal(native_builder_begin(b, &envelope), 0);
	assert_int_equal(native_builder_add(b, e), 0);
	assert_int_equal(native_builder_finish(b, &block), 0);
	return telemetry_insert(store, e->table->name, native_builder_columns(b), block.data, block.len,
				token, err);
}

static void fill(struct event *e, enum event_table_id table)
{
	event_init(e, table);
	e->cpu = 65535;
	e->sequence = UINT64_MAX;
	for (unsigned int i = 0; i < e->table->field_count; i++) {
		uint8_t type = e->table->fields[i].type;

		if (type == EVENT_STRING || type == EVENT_DYNAMIC)
			event_set_str(e, i, "tv\xc3\xa5\t'\"\\\n\n\xf0\x9f\x90\xa7");
		else if (type == EVENT_DATETIME)
			event_set_int(e, i, 1790000000123456789);
		else if (type == EVENT_LONG)
			event_set_int(e, i, INT64_MIN);
		else if (type == EVENT_BOOL)
			event_set_int(e, i, 1);
	}
}

static void rows_of_every_table_come_back_equal(void **state _unused_)
{
	static struct event e;
	struct err err = { 0 };
	char sql[512];

	for (int t = 0; t < EVENT_TABLE_COUNT; t++) {
		fill(&e, (enum event_table_id)t);
		if (insert_one(&e, "all", &err) < 0)
			fail_msg("%s: %s", e.table->name, err.msg);
		for (unsigned int i = 0; i < e.table->field_count; i++) {
			const struct event_field *f = &e.table->fields[i];
			const char *expected = f->type == EVENT_DATETIME ? "1790000000123456789" :
					       f->type == EVENT_LONG	 ? "-9223372036854775808" :
					       f->type == EVENT_BOOL	 ? "1" :
					       f->type == EVENT_INT	 ? "0" :
			       "7476C3A50927225C0A0AF09F90A7";
			const char *read = f->type == EVENT_DATETIME ? "toUnixTimestamp64Nano(assumeNotNull(%s))" :
					   f->type == EVENT_LONG || f->type == EVENT_INT ? "ifNull(%s, 0)" :
					   f->type == EVENT_BOOL	 ? "toUInt8(%s)" :
									   "hex(%s)";
			char value[256];

			if (!(f->flags & EVENT_FIELD_STORED))
				continue;
			snprintf(value, sizeof(value), read, f->name);
			snprintf(sql, sizeof(sql), "SELECT %s FROM vakt.%s", value, e.table->name);
			ask(sql, expected);
		}
		snprintf(sql, sizeof(sql),
			 "SELECT TenantId, DeviceId, Cpu, Sequence, BatchNumber, ClockOffset FROM vakt.%s",
			 e.table->name);
		ask(sql, "t1\td1\t65535\t18446744073709551615\t18446744073709551615\t-5");
	}
}

static void absent_numbers_are_null_and_texts_empty(void **state _unused_)
{
	static struct event e;

	event_init(&e, EVENT_DeviceProcessEvents);
	event_set_int(&e, DeviceProcessEvents_Timestamp, 1790000000000000000);
	e.sequence = 77;
	assert_int_equal(insert_one(&e, "absent", NULL), 0);
	ask("SELECT FileSize, ExitCode, FileName, ProcessCreationTime FROM vakt.DeviceProcessEvents "
	    "WHERE Sequence = 77", "\\N\t\\N\t\t\\N");
}

static void a_resend_is_harmless(void **state _unused_)
{
	static struct event e;

	event_init(&e, EVENT_SensorGaps);
	event_set_int(&e, SensorGaps_Timestamp, 1790000000000000000);
	e.sequence = 88;
	for (int i = 0; i < 3; i++)
		assert_int_equal(insert_one(&e, "stream:1:SensorGaps:day", NULL), 0);
	ask("SELECT count() FROM vakt.SensorGaps WHERE Sequence = 88", "1");
	assert_int_equal(insert_one(&e, "stream:2:SensorGaps:day", NULL), 0);
	ask("SELECT count() FROM vakt.SensorGaps WHERE Sequence = 88", "2");
}

static void a_long_command_line_is_kept_whole(void **state _unused_)
{
	static struct event e;
	static char line[2097152];

	memset(line, 'x', sizeof(line));
	event_init(&e, EVENT_DeviceProcessEvents);
	event_set_int(&e, DeviceProcessEvents_Timestamp, 1790000000000000000);
	event_set_text(&e, DeviceProcessEvents_ProcessCommandLine, line, sizeof(line));
	e.sequence = 99;
	assert_int_equal(insert_one(&e, "long", NULL), 0);
	ask("SELECT length(ProcessCommandLine) FROM vakt.DeviceProcessEvents WHERE Sequence = 99",
	    "2097152");
}

static void a_question_cannot_write_nor_read_files(void **state _unused_)
{
	static const char *const statements[] = {
		"INSERT INTO vakt.SensorGaps (TenantId) VALUES ('x')",
		"DROP TABLE vakt.SensorGaps",
		"SELECT * FROM file('/etc/passwd', 'LineAsString')",
		"SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
		"SET readonly = 0",
	};

	for (size_t i = 0; i < ARRAY_SIZE(statements); i++) {
		_cleanup_buf_ struct buf out = BUF_INIT(1 << 20);
		struct telemetry_query q = { .sql = statements[i], .format = "TSV" };
		struct err err = { 0 };

		assert_int_equal(telemetry_query(store, &q, &out, &err), -EINVAL);
		assert_non_null(strstr(err.msg, "readonly"));
	}
	ask("SELECT count() FROM system.tables WHERE database = 'vakt' AND name = 'SensorGaps'", "1");
}

static void two_statements_at_once_are_refused(void **state _unused_)
{
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 20);
	struct telemetry_query q = { .sql = "SELECT 1; SELECT 2", .format = "TSV" };
	struct err err = { 0 };

	assert_int_equal(telemetry_query(store, &q, &out, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "Only one statement"));
	ask("SELECT ';--' || ';' /* ; */ ; ", ";--;");
}

/* The engine keeps what a failing statement had already written and hands it to the next one. */
static void a_failed_question_leaves_nothing_to_the_next(void **state _unused_)
{
	struct telemetry_query q = {
		.sql = "SELECT number, throwIf(number = 3000000) FROM numbers(4000000)",
		.format = "TSV",
	};

	for (int i = 0; i < 8; i++) {
		_cleanup_buf_ struct buf out = BUF_INIT(512 << 20);

		assert_int_equal(telemetry_query(store, &q, &out, NULL), -EINVAL);
		assert_int_equal(out.len, 0);
	}
	for (int i = 0; i < 16; i++)
		ask("SELECT 'mine'", "mine");
}

static void parameters_are_values_never_sql(void **state _unused_)
{
	static const char evil[] = "x'; DROP TABLE vakt.SensorGaps; -- \\ \t \n {a:String}";
	struct telemetry_param params[] = { { "a", evil }, { NULL, NULL } };
	struct telemetry_query q = { .sql = "SELECT hex({a:String})", .format = "TSV", .params = params };
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 20);
	char expected[2 * sizeof(evil) + 1] = "";

	for (size_t i = 0; evil[i]; i++)
		snprintf(expected + 2 * i, 3, "%02X", (unsigned char)evil[i]);
	strcat(expected, "\n");
	assert_int_equal(telemetry_query(store, &q, &out, NULL), 0);
	assert_string_equal(out.data, expected);
}

static void words_of_a_command_line_are_found_by_the_index(void **state _unused_)
{
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 20);
	struct telemetry_query q = {
		.sql = "EXPLAIN indexes = 1 SELECT count() FROM vakt.DeviceProcessEvents "
		       "WHERE hasToken(lower(ProcessCommandLine), 'mimikatz')",
		.format = "TSV",
	};

	assert_int_equal(telemetry_query(store, &q, &out, NULL), 0);
	assert_non_null(strstr(out.data, "ProcessCommandLine_text"));
}

static void digests_are_found_by_their_indexes(void **state _unused_)
{
	static const char *const conditions[][2] = {
		{ "SHA1 = 'ab'", "SHA1_bloom" },
		{ "SHA256 IN (lowerUTF8('AB'), lowerUTF8('CD'))", "SHA256_bloom" },
		{ "InitiatingProcessMD5 = 'ab'", "InitiatingProcessMD5_bloom" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(conditions); i++) {
		_cleanup_buf_ struct buf out = BUF_INIT(1 << 20);
		char sql[256];
		struct telemetry_query q = { .sql = sql, .format = "TSV" };

		snprintf(sql, sizeof(sql),
			 "EXPLAIN indexes = 1 SELECT count() FROM vakt.DeviceProcessEvents WHERE %s",
			 conditions[i][0]);
		assert_int_equal(telemetry_query(store, &q, &out, NULL), 0);
		assert_non_null(strstr(out.data, conditions[i][1]));
	}
}

static void statement(const char *sql)
{
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 20);
	struct telemetry_query q = { .sql = sql, .format = "TSV", .writes = true };
	struct err err = { 0 };

	if (telemetry_query(store, &q, &out, &err) < 0)
		fail_msg("%s: %s", sql, err.msg);
}

static void a_missing_index_and_column_are_added(void **state _unused_)
{
	static const char has_both[] =
		"SELECT (SELECT count() FROM system.data_skipping_indices WHERE database = 'vakt' "
		"AND name = 'ProcessCommandLine_text' AND table = 'DeviceProcessEvents'), "
		"(SELECT count() FROM system.columns WHERE database = 'vakt' "
		"AND name = 'ProcessCommandLine' AND table = 'DeviceProcessEvents')";

	statement("ALTER TABLE vakt.DeviceProcessEvents DROP INDEX ProcessCommandLine_text");
	statement("ALTER TABLE vakt.DeviceProcessEvents DROP COLUMN ProcessCommandLine");
	ask(has_both, "0\t0");
	assert_int_equal(telemetry_migrate(store, NULL), 0);
	ask(has_both, "1\t1");
}

static void a_slow_question_ends_at_its_time(void **state _unused_)
{
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 20);
	struct telemetry_query q = { .sql = "SELECT sleepEachRow(1) FROM numbers(3)",
				     .format = "TSV", .timeout_ms = 500 };

	assert_int_equal(telemetry_query(store, &q, &out, NULL), -ETIMEDOUT);
	assert_int_equal(out.len, 0);
	ask("SELECT 1", "1");
}

/* What curl gets for a URL's query and a statement, as the given user. */
static void call(const char *user, const char *arguments, const char *sql, char ret_answer[4096])
{
	char command[1024];
	size_t len;
	FILE *f;

	snprintf(command, sizeof(command),
		 "chpst -u %s curl -s -w ' %%{http_code}' --unix-socket %s/s 'http://store/?%s' --data \"%s\"",
		 user, dir, arguments, sql);
	f = popen(command, "r");
	assert_non_null(f);
	len = fread(ret_answer, 1, 4095, f);
	ret_answer[len] = '\0';
	pclose(f);
}

static void limits_of_a_question_hold(void **state _unused_)
{
	char answer[4096];

	call("root", "readonly=1&max_result_rows=10", "SELECT number FROM numbers(11)", answer);
	assert_non_null(strstr(answer, "Code: 396"));
	call("root", "readonly=1&max_result_rows=10", "SELECT count() FROM numbers(11)", answer);
	assert_string_equal(answer, "11\n 200");
	call("root", "readonly=1&max_execution_time=1",
	     "SELECT count() FROM numbers(100000000000) WHERE number * number % 7 = 3", answer);
	assert_non_null(strstr(answer, "Code: 159"));
	assert_non_null(strstr(answer, " 408"));
	call("root", "readonly=1&max_memory_usage=50000000",
	     "SELECT length(groupArray(number)) FROM numbers(100000000)", answer);
	assert_non_null(strstr(answer, "Code: 241"));
	call("root", "readonly=1&max_result_rows=ten", "SELECT 1", answer);
	assert_string_equal(answer, "Code: 72. max_result_rows: a number is expected\n 400");
	ask("SELECT 1", "1");
}

static void a_question_cannot_take_the_machine(void **state _unused_)
{
	char answer[4096];

	/* What holds is the smaller of what was asked for and what any may have. */
	call("root", "readonly=1&max_memory_usage=1000000000000&max_execution_time=100000",
	     "SELECT sum(toUInt64(value) BETWEEN 1 AND 4294967296) FROM system.settings WHERE name IN "
	     "('max_memory_usage', 'max_execution_time')", answer);
	assert_string_equal(answer, "2\n 200");
	call("root", "readonly=1", "SELECT value FROM system.settings WHERE name = 'max_execution_time'",
	     answer);
	assert_string_equal(answer, "60\n 200");
}

static void a_question_ends_with_its_client(void **state _unused_)
{
	static const char running[] = "SELECT count() FROM system.processes WHERE query LIKE "
				      "'%777777777777%' AND query NOT LIKE '%processes%'";
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 20);
	struct telemetry_query q = { .sql = "SELECT count() FROM numbers(777777777777) "
					    "WHERE number * number % 7 = 3",
				     .format = "TSV", .timeout_ms = 500 };
	struct telemetry_query count = { .sql = running, .format = "TSV" };

	/* More than there are readers: what waits behind them must not be run either. */
	for (int i = 0; i < 6; i++)
		assert_int_equal(telemetry_query(store, &q, &out, NULL), -ETIMEDOUT);
	for (int i = 0; i < 30; i++) {
		buf_clear(&out);
		assert_int_equal(telemetry_query(store, &count, &out, NULL), 0);
		if (strcmp(out.data, "0\n") == 0)
			return;
		usleep(100000);
	}
	fail_msg("still runs: %s", out.data);
}

static bool after_a_moment(void *arg)
{
	return clock_monotonic_ns() > *(int64_t *)arg;
}

static void a_question_is_taken_back(void **state _unused_)
{
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 20);
	int64_t begin = clock_monotonic_ns(), end = begin + NSEC_PER_SEC / 2;
	const struct telemetry_query q = { .sql = "SELECT count() FROM numbers(888888888888) "
						  "WHERE number * number % 7 = 3",
					   .format = "TSV", .stop = after_a_moment, .stop_arg = &end };

	assert_int_equal(telemetry_query(store, &q, &out, NULL), -ECANCELED);
	assert_int_equal(out.len, 0);
	assert_true(clock_monotonic_ns() - begin < 20 * NSEC_PER_SEC);
}

static void what_a_question_may_take_is_told_apart(void **state _unused_)
{
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 20);
	struct telemetry_query q = { .sql = "SELECT arrayJoin(groupArray(number)) FROM numbers(100000000)",
				     .format = "TSV", .memory_bytes = 64 << 20 };
	struct err err = { 0 };

	assert_int_equal(telemetry_query(store, &q, &out, &err), -ENOBUFS);
	assert_non_null(strstr(err.msg, "Code: 241"));
	q = (struct telemetry_query){ .sql = "SELECT sleepEachRow(0.1) FROM numbers(600) "
					     "SETTINGS max_block_size = 1",
				      .format = "TSV", .execution_s = 1 };
	assert_int_equal(telemetry_query(store, &q, &out, NULL), -EINVAL); /* no settings of one's own */
	q.sql = "SELECT count() FROM numbers(888888888888) WHERE number * number % 7 = 3";
	assert_int_equal(telemetry_query(store, &q, &out, NULL), -ETIMEDOUT);
	q = (struct telemetry_query){ .sql = "SELECT repeat('x', 1000) FROM numbers(2000)", .format = "TSV" };
	assert_int_equal(telemetry_query(store, &q, &out, NULL), -EMSGSIZE);
	assert_int_equal(out.len, 0);
}

static void others_are_not_let_in(void **state _unused_)
{
	char answer[4096], socket[64];

	snprintf(socket, sizeof(socket), "%s/s", dir);
	/* Whatever modes the folder and the socket have. */
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(chmod(socket, 0666), 0);
	call("nobody", "readonly=1", "SELECT 1", answer);
	assert_non_null(strstr(answer, " 403"));
	call("root", "readonly=1", "SELECT 1", answer);
	assert_string_equal(answer, "1\n 200");
}

#define DAY (86400 * NSEC_PER_SEC)

static void insert_day(int64_t days, int64_t received_days, uint64_t sequence)
{
	static struct event e;
	int64_t now = clock_realtime_ns();
	char token[64];

	event_init(&e, EVENT_DeviceNetworkEvents);
	event_set_int(&e, DeviceNetworkEvents_Timestamp, now + days * DAY);
	e.sequence = sequence;
	envelope.received_ns = now + received_days * DAY;
	snprintf(token, sizeof(token), "day-%llu", (unsigned long long)sequence);
	assert_int_equal(insert_one(&e, token, NULL), 0);
}

static void old_days_are_dropped_whole(void **state _unused_)
{
	insert_day(-200, -200, 1001);
	insert_day(-170, -170, 1002);
	assert_int_equal(telemetry_retain(store, 180, NULL), 1);
	ask("SELECT Sequence FROM vakt.DeviceNetworkEvents WHERE Sequence IN (1001, 1002)", "1002");
}

static void days_of_a_wrong_clock_are_kept_as_long_as_others(void **state _unused_)
{
	insert_day(-3650, 0, 1101);
	insert_day(3650, 0, 1102);
	insert_day(-3000, -181, 1103);
	insert_day(3000, -181, 1104);
	assert_int_equal(telemetry_retain(store, 180, NULL), 2);
	ask("SELECT groupArray(Sequence) FROM (SELECT Sequence FROM vakt.DeviceNetworkEvents "
	    "WHERE Sequence BETWEEN 1101 AND 1104 ORDER BY Sequence)", "[1101,1102]");
}

static void a_clock_ahead_costs_a_few_days_at_once(void **state _unused_)
{
	/* To a clock that jumped all of these are too old. */
	for (int i = 0; i < 20; i++)
		insert_day(-400 + i, -400 + i, 1200 + (uint64_t)i);
	assert_int_equal(telemetry_retain(store, 180, NULL), TELEMETRY_DROPS_MAX);
	ask("SELECT min(Sequence), count() FROM vakt.DeviceNetworkEvents WHERE Sequence BETWEEN 1200 "
	    "AND 1219", "1208\t12");
	assert_int_equal(telemetry_retain(store, 180, NULL), TELEMETRY_DROPS_MAX);
}

static void nothing_acknowledged_is_lost_when_the_store_is_killed(void **state _unused_)
{
	static struct event e;
	unsigned int acknowledged = 0;
	char token[32], expected[32];

	event_init(&e, EVENT_DeviceFileEvents);
	event_set_int(&e, DeviceFileEvents_Timestamp, 1790000000000000000);
	e.cpu = 7;
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 10; i++) {
			e.sequence = ++acknowledged;
			snprintf(token, sizeof(token), "kill:%u", acknowledged);
			assert_int_equal(insert_one(&e, token, NULL), 0);
		}
		kill_store(SIGKILL);
		assert_int_equal(insert_one(&e, token, NULL), -EAGAIN);
		start_store();
		/* The device did not hear the last answer and sends again. */
		assert_int_equal(insert_one(&e, token, NULL), 0);
	}
	snprintf(expected, sizeof(expected), "%u\t%u", acknowledged, acknowledged);
	ask("SELECT count(), uniqExact(Sequence) FROM vakt.DeviceFileEvents WHERE Cpu = 7", expected);
}

/* The child sends without pause; what it heard acknowledged it writes into the pipe. */
static pid_t start_sender(uint64_t first, int to)
{
	pid_t pid = fork();

	if (pid == 0) {
		static struct event e;
		struct telemetry_options options = { .database = "vakt", .connections_max = 1 };
		char address[64], token[32];

		snprintf(address, sizeof(address), "unix:%s/s", dir);
		options.address = address;
		store = NULL;
		if (telemetry_open(&options, &store, NULL) < 0)
			_exit(1);
		event_init(&e, EVENT_DeviceFileEvents);
		event_set_int(&e, DeviceFileEvents_Timestamp, 1790000000000000000);
		e.cpu = 9;
		for (e.sequence = first;; e.sequence++) {
			snprintf(token, sizeof(token), "during:%llu", (unsigned long long)e.sequence);
			if (insert_one(&e, token, NULL) < 0)
				_exit(0);
			if (write(to, &e.sequence, sizeof(e.sequence)) < 0)
				_exit(1);
		}
	}
	return pid;
}

static void a_kill_during_inserts_loses_and_doubles_nothing(void **state _unused_)
{
	static struct event e;
	uint64_t acknowledged = 0, seen;
	char token[32], expected[64];

	event_init(&e, EVENT_DeviceFileEvents);
	event_set_int(&e, DeviceFileEvents_Timestamp, 1790000000000000000);
	e.cpu = 9;
	for (int round = 0; round < 5; round++) {
		uint64_t before = acknowledged;
		pid_t sender;
		int fds[2];

		assert_int_equal(pipe(fds), 0);
		sender = start_sender(acknowledged + 1, fds[1]);
		close(fds[1]);
		/* On a loaded machine the first may take its time. */
		if (read(fds[0], &seen, sizeof(seen)) == sizeof(seen))
			acknowledged = seen;
		usleep(100000 + 37000 * (unsigned int)round);
		kill_store(SIGKILL);
		waitpid(sender, NULL, 0);
		while (read(fds[0], &seen, sizeof(seen)) == sizeof(seen))
			acknowledged = seen;
		close(fds[0]);
		assert_true(acknowledged > before);
		start_store();
		/* The one whose answer never came is sent again. */
		e.sequence = ++acknowledged;
		snprintf(token, sizeof(token), "during:%llu", (unsigned long long)acknowledged);
		assert_int_equal(insert_one(&e, token, NULL), 0);
	}
	snprintf(expected, sizeof(expected), "%llu\t%llu", (unsigned long long)acknowledged,
		 (unsigned long long)acknowledged);
	ask("SELECT count(), uniqExact(Sequence) FROM vakt.DeviceFileEvents WHERE Cpu = 9", expected);
}

/* Sends an insert of many rows and goes without waiting for the answer, as one who is killed. */
static void send_and_go(uint64_t first, uint64_t rows)
{
	_cleanup_(native_builder_freep) struct native_builder *b = NULL;
	_cleanup_buf_ struct buf block = BUF_INIT(64 << 20), head = BUF_INIT(64 << 10);
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	static struct event e;
	int unread;

	fill(&e, EVENT_DeviceFileEvents);
	e.cpu = 77;
	assert_int_equal(native_builder_new(e.table, &b), 0);
	assert_int_equal(native_builder_begin(b, &envelope), 0);
	for (e.sequence = first; e.sequence < first + rows; e.sequence++)
		assert_int_equal(native_builder_add(b, &e), 0);
	assert_int_equal(native_builder_finish(b, &block), 0);
	buf_printf(&head, "POST /?readonly=0&query=INSERT%%20INTO%%20vakt.DeviceFileEvents%%20(%s)"
			  "%%20FORMAT%%20Native HTTP/1.1\r\nHost: store\r\nContent-Length: %zu\r\n\r\n",
		   native_builder_columns(b), block.len);
	for (char *p = head.data; (p = strstr(p, ", ")); p += 2)
		p[1] = '+';
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/s", dir);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(fd_write_all(fd, head.data, head.len), 0);
	assert_int_equal(fd_write_all(fd, block.data, block.len), 0);
	/* Until the store has read it all. */
	while (ioctl(fd, SIOCOUTQ, &unread) == 0 && unread)
		usleep(1000);
	close(fd);
}

/* What is asked in turn sees what was sent before it, finished. */
static void a_question_in_turn_waits_for_earlier_inserts(void **state _unused_)
{
	struct telemetry_query q = { .sql = "SELECT count() FROM vakt.DeviceFileEvents WHERE Cpu = 77",
				     .format = "TSV", .writes = true };
	char expected[32];

	for (int i = 1; i <= 6; i++) {
		_cleanup_buf_ struct buf out = BUF_INIT(4096);

		send_and_go((uint64_t)i * 20000, 20000);
		snprintf(expected, sizeof(expected), "%d\n", i * 20000);
		assert_int_equal(telemetry_query(store, &q, &out, NULL), 0);
		assert_string_equal(out.data, expected);
	}
}

#define GAPS_OF_CPU "SELECT count() FROM vakt.SensorGaps WHERE Cpu = "

/* Rows of a day of their own, an insert each. */
static void insert_gaps(uint16_t cpu, int rows, int64_t day)
{
	static struct event e;
	char token[32];

	for (int i = 0; i < rows; i++) {
		event_init(&e, EVENT_SensorGaps);
		event_set_int(&e, SensorGaps_Timestamp, day * 86400 * 1000000000);
		e.cpu = cpu;
		e.sequence = (uint64_t)i;
		snprintf(token, sizeof(token), "gaps:%u:%d", cpu, i);
		assert_int_equal(insert_one(&e, token, NULL), 0);
	}
}

/* Empties all files of the active parts of a day, as a disk leaves them that ends under the engine. */
static void break_parts(const char *day)
{
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 20);
	char sql[256], command[4300], *rest, *path;
	struct telemetry_query q = { .sql = sql, .format = "TSV" };

	snprintf(sql, sizeof(sql), "SELECT path FROM system.parts WHERE active AND table = 'SensorGaps' "
				   "AND partition = '%s'", day);
	assert_int_equal(telemetry_query(store, &q, &out, NULL), 0);
	assert_true(out.len > 0);
	rest = out.data;
	while ((path = strsep(&rest, "\n")) && *path) {
		snprintf(command, sizeof(command), "truncate -s 0 %s*", path);
		assert_int_equal(system(command), 0);
	}
}

/* Asks until the store, which finds out by the question, has ended by itself. */
static void ask_until_it_ends(const char *sql)
{
	struct telemetry_query q = { .sql = sql, .format = "TSV", .timeout_ms = 2000 };
	int status;

	for (int i = 0; i < 100; i++) {
		_cleanup_buf_ struct buf out = BUF_INIT(1 << 20);

		assert_int_not_equal(telemetry_query(store, &q, &out, NULL), 0);
		usleep(100000);
		if (waitpid(store_pid, &status, WNOHANG) == store_pid) {
			assert_true(WIFEXITED(status));
			assert_int_equal(WEXITSTATUS(status), 1);
			start_store();
			return;
		}
	}
	fail_msg("vakt-store goes on with a broken part");
}

static void a_broken_part_gives_its_place_to_its_sources(void **state _unused_)
{
	insert_gaps(501, 5, 20001);
	statement("OPTIMIZE TABLE vakt.SensorGaps PARTITION '2024-10-05' FINAL");
	break_parts("2024-10-05");
	ask_until_it_ends(GAPS_OF_CPU "501");
	ask(GAPS_OF_CPU "501", "5");
	ask("SELECT count() FROM system.detached_parts WHERE table = 'SensorGaps' AND reason = 'broken'", "1");
}

static void a_broken_part_without_sources_leaves_the_table_usable(void **state _unused_)
{
	insert_gaps(502, 1, 20002);
	break_parts("2024-10-06");
	ask_until_it_ends(GAPS_OF_CPU "502");
	ask(GAPS_OF_CPU "502", "0");
	ask(GAPS_OF_CPU "501", "5");
	/* Who was not answered sends it again. */
	insert_gaps(502, 1, 20002);
	ask(GAPS_OF_CPU "502", "1");
}

static void a_part_that_broke_before_the_start_does_no_harm(void **state _unused_)
{
	insert_gaps(503, 5, 20003);
	statement("OPTIMIZE TABLE vakt.SensorGaps PARTITION '2024-10-07' FINAL");
	break_parts("2024-10-07");
	kill_store(SIGKILL);
	start_store();
	ask(GAPS_OF_CPU "503", "5");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_of_every_table_come_back_equal),
		cmocka_unit_test(absent_numbers_are_null_and_texts_empty),
		cmocka_unit_test(a_resend_is_harmless),
		cmocka_unit_test(a_question_in_turn_waits_for_earlier_inserts),
		cmocka_unit_test(a_long_command_line_is_kept_whole),
		cmocka_unit_test(a_question_cannot_write_nor_read_files),
		cmocka_unit_test(two_statements_at_once_are_refused),
		cmocka_unit_test(a_failed_question_leaves_nothing_to_the_next),
		cmocka_unit_test(parameters_are_values_never_sql),
		cmocka_unit_test(words_of_a_command_line_are_found_by_the_index),
		cmocka_unit_test(digests_are_found_by_their_indexes),
		cmocka_unit_test(a_missing_index_and_column_are_added),
		cmocka_unit_test(a_slow_question_ends_at_its_time),
		cmocka_unit_test(limits_of_a_question_hold),
		cmocka_unit_test(a_question_cannot_take_the_machine),
		cmocka_unit_test(a_question_ends_with_its_client),
		cmocka_unit_test(a_question_is_taken_back),
		cmocka_unit_test(what_a_question_may_take_is_told_apart),
		cmocka_unit_test(others_are_not_let_in),
		cmocka_unit_test(old_days_are_dropped_whole),
		cmocka_unit_test(days_of_a_wrong_clock_are_kept_as_long_as_others),
		cmocka_unit_test(a_clock_ahead_costs_a_few_days_at_once),
		cmocka_unit_test(a_kill_during_inserts_loses_and_doubles_nothing),
		cmocka_unit_test(nothing_acknowledged_is_lost_when_the_store_is_killed),
		cmocka_unit_test(a_broken_part_gives_its_place_to_its_sources),
		cmocka_unit_test(a_broken_part_without_sources_leaves_the_table_usable),
		cmocka_unit_test(a_part_that_broke_before_the_start_does_no_harm),
	};

	if (argc != 3) {
		fprintf(stderr, "usage: test-store VAKT-STORE LIBCHDB\n");
		return 2;
	}
	program = argv[1];
	library = argv[2];
	return cmocka_run_group_tests(tests, setup, teardown);
}
