/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-audit-record.c - lines of audit.log, of other logs and of web servers, taken apart
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/config.h"
#include "sensor/logs/audit_group.h"
#include "sensor/logs/audit_record.h"
#include "sensor/logs/line_kind.h"
#include "sensor/logs/web_request.h"

#define AT "msg=audit(1764430953.243:24287): "
#define SYSCALL_59                                                                                 \
	"type=SYSCALL " AT "arch=c000003e syscall=59 success=yes a0=55d0 items=2 ppid=9 pid=77 "    \
	"auid=1000 uid=0 euid=33 tty=pts0 ses=3 comm=\"chmod\" exe=\"/usr/bin/chmod\" key=(null)"

static void assert_fields(const char *line, const char *wanted)
{
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 20);
	static struct audit_record r;

	assert_int_equal(audit_record_parse(line, strlen(line), &r), 0);
	assert_int_equal(audit_record_print(&r, NULL, &out), 0);
	assert_string_equal(out.data, wanted);
}

static void a_record_has_type_number_time_and_fields(void **state _unused_)
{
	static const char line[] = "node=web1 " SYSCALL_59;
	static struct audit_record r;

	assert_int_equal(audit_record_parse(line, strlen(line), &r), 0);
	assert_memory_equal(r.type.s, "SYSCALL ", 8);
	assert_int_equal(r.serial, 24287);
	assert_int_equal(r.time_ns, 1764430953243000000);
	assert_string_equal(audit_syscall_name(&r), "execve");
	assert_fields("type=SYSCALL " AT "arch=c00000b7 syscall=221 a0=1",
		      "{\"arch\":\"c00000b7\",\"syscall\":\"221\",\"a0\":\"1\",\"SYSCALL\":\"execve\"}");
	assert_fields("type=SYSCALL " AT "arch=40000003 syscall=11", "{\"arch\":\"40000003\",\"syscall\":\"11\",\"SYSCALL\":\"execve\"}");
	assert_fields("type=SYSCALL " AT "arch=c000003e syscall=59999", "{\"arch\":\"c000003e\",\"syscall\":\"59999\"}");
}

static void what_a_stranger_chose_is_decoded(void **state _unused_)
{
	assert_fields("type=EXECVE " AT "argc=3 a0=\"sh\" a1=2D63 a2=22C3A5FF0A",
		      "{\"argc\":\"3\",\"a0\":\"sh\",\"a1\":\"-c\",\"a2\":\"\\\"å\\\\xff\\u000a\"}");
	/* Pieces of one long argument. */
	assert_fields("type=EXECVE " AT "argc=2 a0=\"x\" a1_len=6 a1[0]=6162 a1[1]=6364 a1[2]=\"ef\"",
		      "{\"argc\":\"2\",\"a0\":\"x\",\"a1_len\":\"6\",\"a1\":\"abcdef\"}");
	/* Registers are no text, and neither is what is quoted. */
	assert_fields("type=SYSCALL " AT "a0=6162 comm=\"6162\" name=(null)",
		      "{\"a0\":\"6162\",\"comm\":\"6162\"}");
	assert_fields("type=PROCTITLE " AT "proctitle=6C73002D6C", "{\"proctitle\":\"ls -l\"}");
	assert_fields("type=PATH " AT "item=0 name=\"/etc/passwd\" nametype=CREATE",
		      "{\"item\":\"0\",\"name\":\"/etc/passwd\",\"nametype\":\"CREATE\"}");
}

static void what_programs_sent_and_auditd_looked_up_are_fields(void **state _unused_)
{
	assert_fields("type=SERVICE_STOP " AT "pid=1 uid=0 msg='unit=ufw comm=\"systemd\" addr=? res=success'\x1dUID=\"root\" AUID=\"unset\"",
		      "{\"pid\":\"1\",\"uid\":\"0\",\"unit\":\"ufw\",\"comm\":\"systemd\",\"res\":\"success\",\"UID\":\"root\",\"AUID\":\"unset\"}");
	assert_fields("type=SYSCALL " AT "arch=c000003e syscall=1\x1dSYSCALL=write",
		      "{\"arch\":\"c000003e\",\"syscall\":\"1\",\"SYSCALL\":\"write\"}");
}

static void what_is_no_record_is_refused(void **state _unused_)
{
	static const char *const lines[] = { "", "type=", "type=X", "type=X msg=audit(", "type=X msg=audit(1.2:3",
					     "type=X msg=audit(1.2:x): a=b", "type=X msg=audit(-1.2:3): a=b",
					     "type=X msg=audit(1.1000:3): a=b", "Nov 29 12:00:00 host x: y", "node=a" };
	static struct audit_record r;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		assert_int_equal(audit_record_parse(lines[i], strlen(lines[i]), &r), -EBADMSG);
}

static void note(void *arg, const struct log_line *line)
{
	struct buf *out = arg;

	buf_printf(out, "%.*s/%lld/%lld %.*s;", (int)line->type.len, line->type.s ?: "",
		   (long long)line->pid, (long long)line->sequence, (int)line->fields.len,
		   line->fields.s ?: "");
}

static void records_of_one_event_know_who(void **state _unused_)
{
	static const char *const lines[] = {
		SYSCALL_59,
		"type=EXECVE " AT "argc=1 a0=\"chmod\"",
		"type=EOE " AT,
		"type=USER_CMD msg=audit(1764430954.000:24288): pid=5 key=\"k\"",
		"no record",
	};
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 20);
	_cleanup_(audit_group_freep) struct audit_group *g = NULL;

	assert_int_equal(audit_group_new(&g), 0);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		const struct log_line line = { .sequence = i, .message = { lines[i], strlen(lines[i]) } };

		audit_group_add(g, &line, note, &out);
		/* An event is whole when another begins. */
		assert_int_equal(out.len > 0, i >= 3);
		assert_int_equal(audit_group_since(g) != 0, i != 4);
	}
	assert_non_null(strstr(out.data, "EXECVE/77/1 {\"argc\":\"1\",\"a0\":\"chmod\",\"pid\":\"77\",\"ppid\":\"9\","
					 "\"auid\":\"1000\",\"uid\":\"0\",\"euid\":\"33\",\"ses\":\"3\",\"tty\":\"pts0\","
					 "\"exe\":\"/usr/bin/chmod\",\"comm\":\"chmod\"};"));
	assert_non_null(strstr(out.data, "USER_CMD/5/3 {\"pid\":\"5\",\"key\":\"k\"};/0/4 ;"));
	assert_null(strstr(out.data, "EOE"));
	assert_int_equal(audit_group_malformed(g), 1);
}

static void a_line_is_split_into_program_process_and_text(void **state _unused_)
{
	static const struct {
		const char *line, *identifier, *message, *action;
		int64_t pid;
	} cases[] = {
		{ "Nov 29 15:42:33 web1 sshd[77]: Failed password", "sshd", "Failed password", "SshLogLine", 77 },
		{ "Nov  9 15:42:33 web1 sudo:      eve : COMMAND=x", "sudo", "     eve : COMMAND=x", "SudoLogLine", 0 },
		{ "2026-11-29T15:42:33.1+01:00 web1 CRON[5]: (root) CMD", "CRON", "(root) CMD", "CronLogLine", 5 },
		{ "Nov 29 15:42:33 web1 app[x]: y", "app", "y", "SystemLogLine", 0 },
		{ "Nov 29 15:42:33 web1 no program", "", "Nov 29 15:42:33 web1 no program", "SystemLogLine", 0 },
		{ "nothing at all", "", "nothing at all", "SystemLogLine", 0 },
		{ "Nov 29 15:42:33 web1 app:", "app", "", "SystemLogLine", 0 },
		{ "Nov 29 15:42:33 ", "", "Nov 29 15:42:33 ", "SystemLogLine", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct log_line line = { 0 };

		log_line_split(cases[i].line, strlen(cases[i].line), &line);
		assert_int_equal(line.identifier.len, strlen(cases[i].identifier));
		assert_memory_equal(line.identifier.s ?: "", cases[i].identifier, line.identifier.len);
		assert_int_equal(line.message.len, strlen(cases[i].message));
		assert_memory_equal(line.message.s, cases[i].message, line.message.len);
		assert_int_equal(line.pid, cases[i].pid);
		assert_string_equal(log_line_action(LOG_SYSLOG, line.identifier), cases[i].action);
	}
}

static void the_setting_names_the_kinds_in_their_order(void **state _unused_)
{
	int key = config_key_find("vakt.logs.files", NULL);
	char words[256] = "";

	for (unsigned int k = 0; k < LOG_KIND_COUNT; k++) {
		strcat(strcat(words, k ? "|" : ""), log_kind_word((enum log_kind)k));
		assert_int_equal(log_kind_find(log_kind_word((enum log_kind)k)), k);
	}
	assert_true(key >= 0);
	assert_string_equal(config_keys[key].choices, words);
}

static void a_request_has_w3cs_fields(void **state _unused_)
{
	static const char common[] = "10.0.0.1 - eve [29/Nov/2026:15:42:33 +0100] \"GET /a?x=1 HTTP/1.1\" 404 12";
	static const char odd[] = "10.0.0.1 - - [t] \"\\x16\\x03\" 400 0 \"-\" \"a \\\"b\\\"\"";
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 20);

	assert_int_equal(web_request_print(common, strlen(common), &out), 0);
	assert_string_equal(out.data, "{\"c-ip\":\"10.0.0.1\",\"cs-username\":\"eve\",\"cs-method\":\"GET\",\"cs-uri\":\"/a?x=1\","
				      "\"cs-uri-query\":\"/a?x=1\",\"cs-uri-stem\":\"/a\",\"sc-status\":\"404\"}");
	buf_clear(&out);
	assert_int_equal(web_request_print(odd, strlen(odd), &out), 0);
	assert_non_null(strstr(out.data, "\"cs-uri-query\":\"\\\\x16\\\\x03\""));
	assert_non_null(strstr(out.data, "\"cs-user-agent\":\"a \\\\\\\"b\\\\\\\"\""));
	assert_int_equal(web_request_print("what", 4, &out), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_has_type_number_time_and_fields),
		cmocka_unit_test(what_a_stranger_chose_is_decoded),
		cmocka_unit_test(what_programs_sent_and_auditd_looked_up_are_fields),
		cmocka_unit_test(what_is_no_record_is_refused),
		cmocka_unit_test(records_of_one_event_know_who),
		cmocka_unit_test(a_line_is_split_into_program_process_and_text),
		cmocka_unit_test(the_setting_names_the_kinds_in_their_order),
		cmocka_unit_test(a_request_has_w3cs_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
