/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-bind.c - Sigma rules over events of our own tables
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rules/rules_bind.h"
#include "rules/rules_source.h"

#define RULE(id, title, source, detection)                                                         \
	"title: " title "\nid: 00000000-0000-0000-0000-0000000000" id "\nlogsource:\n" source      \
	"detection:\n" detection "---\n"

static const char rules[] = RULE(
    "00", "shell of a web server", "  category: process_creation\n  product: linux\n",
    "  shell:\n    Image|endswith: ['/sh', '/BASH']\n"
    "    ParentImage|endswith: /nginx\n    User: root\n"
    "  filter:\n    CommandLine|contains: harmless\n  condition: shell and not filter\n")
    RULE("01", "shadow written", "  category: file_event\n  product: linux\n",
	 "  s:\n    TargetFilename: /etc/shadow\n  condition: s\n")
	RULE("02", "shadow changed", "  category: file_change\n",
	     "  s:\n    TargetFilename|startswith: /etc/\n    FileSize|gt: 100\n  condition: s\n")
	    RULE("03", "connection outside", "  category: network_connection\n  product: linux\n",
		 "  s:\n    Initiated: 'true'\n    DestinationPort: [4444, 1337]\n"
		 "  local:\n    DestinationIp|cidr: [127.0.0.0/8, 10.0.0.0/8, '::1/128']\n"
		 "  condition: s and not local\n")
		RULE("04", "not ours", "  category: process_creation\n  product: windows\n",
		     "  s:\n    Image|contains: sh\n  condition: s\n")
		    RULE("05", "by column name", "  category: process_creation\n",
			 "  s:\n    ProcessCommandLine|re: 'base64\\s+-d'\n    SHA256: null\n    "
			 "MD5: ''\n"
			 "  condition: s\n")
			RULE("06", "anything with the word", "  product: linux\n",
			     "  keywords: ['*needle*stack*']\n  condition: keywords\n")
			    RULE("07", "a log's rule", "  product: linux\n  service: auditd\n",
				 "  s:\n    ActionType|exists: true\n  condition: s\n");

/* For the logs; each but the last two has data. */
static const char log_rules[] =
    RULE("10", "chmod by its words", "  product: linux\n  service: auditd\n",
	 "  s:\n    type: EXECVE\n    a0: chmod\n    a1: '777'\n  condition: s\n")
	RULE("11", "a program in /tmp", "  product: linux\n  service: auditd\n",
	     "  s:\n    type: SYSCALL\n    exe|startswith: /tmp/\n  condition: s\n")
	    RULE("12", "a key of auditd's", "  product: linux\n  service: auditd\n",
		 "  s:\n    key: susp\n  condition: s\n")
		RULE("13", "words in a record", "  product: linux\n  service: auditd\n",
		     "  s:\n    type: EXECVE\n  words: ['say \"hi\"']\n  condition: s and words\n")
		    RULE("14", "a user of sudo", "  product: linux\n  service: auth\n",
			 "  words: ['incorrect password attempts']\n  condition: words\n")
			RULE("15", "cron", "  product: linux\n  service: cron\n",
			     "  words: [REPLACE]\n  condition: words\n")
			    RULE("16", "a record that is never", "  product: linux\n  service: modsecurity\n",
				 "  words: [x]\n  condition: words\n")
				RULE("17", "no such field", "  product: linux\n  category: process_creation\n",
				     "  s:\n    OriginalFileName: x\n    Image: y\n  condition: s\n");

struct fixture {
	struct rules_set *set;
	struct rules_binding *binding;
	struct rules_scratch *scratch;
};

static void no_problem(void *arg _unused_, const struct rules_problem *p)
{
	fail_msg("%u:%u: %s", p->line, p->column, p->message);
}

static int load(void **state, struct fixture *f, const char *text)
{
	_cleanup_(rules_builder_freep) struct rules_builder *b = NULL;

	assert_int_equal(rules_builder_new(&b), 0);
	assert_int_equal(rules_builder_add(b, "rules.yml", text, strlen(text), no_problem, NULL),
			 0);
	assert_int_equal(rules_builder_compile(b, &f->set, NULL), 0);
	assert_int_equal(rules_set_count(f->set), 8);
	assert_int_equal(rules_binding_new(f->set, &f->binding), 0);
	assert_int_equal(rules_scratch_new(f->set, &f->scratch), 0);
	*state = f;
	return 0;
}

static int setup(void **state)
{
	static struct fixture f;

	return load(state, &f, rules);
}

static int setup_logs(void **state)
{
	static struct fixture f;

	return load(state, &f, log_rules);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	rules_scratch_free(f->scratch);
	rules_binding_free(f->binding);
	rules_set_free(f->set);
	return 0;
}

static void note(void *arg, unsigned int rule)
{
	*(unsigned int *)arg |= 1u << rule;
}

/* The rules that match, as a bit each. */
static unsigned int matched(void **state, const struct event *e)
{
	struct fixture *f = *state;
	unsigned int bits = 0;
	int r = rules_match_event(f->binding, f->scratch, e, note, &bits);

	assert_int_equal(r, __builtin_popcount(bits));
	return bits;
}

static struct event process(const char *image, const char *command, const char *parent)
{
	struct event e;

	event_init(&e, EVENT_DeviceProcessEvents);
	event_set_str(&e, DeviceProcessEvents_ActionType, "ProcessCreated");
	event_set_str(&e, DeviceProcessEvents_FolderPath, image);
	event_set_str(&e, DeviceProcessEvents_ProcessCommandLine, command);
	event_set_str(&e, DeviceProcessEvents_InitiatingProcessFolderPath, parent);
	event_set_str(&e, DeviceProcessEvents_AccountName, "root");
	return e;
}

static void a_process_is_matched_by_sigma_names(void **state)
{
	struct event e = process("/usr/bin/bash", "bash -c id", "/usr/sbin/nginx");

	assert_int_equal(matched(state, &e), 1u << 0);
	event_set_str(&e, DeviceProcessEvents_AccountName, "www-data");
	assert_int_equal(matched(state, &e), 0);
	e = process("/usr/bin/bash", "bash -c HARMLESS", "/usr/sbin/nginx");
	assert_int_equal(matched(state, &e), 0);
	e = process("/usr/bin/bash2", "bash", "/usr/sbin/nginx");
	assert_int_equal(matched(state, &e), 0);
	e = process("/usr/bin/bash", "bash", "/usr/sbin/nginx/");
	assert_int_equal(matched(state, &e), 0);
}

static void the_action_decides_the_category(void **state)
{
	struct event e = process("/usr/bin/bash", "bash", "/usr/sbin/nginx");

	event_set_str(&e, DeviceProcessEvents_ActionType, "ProcessForked");
	assert_int_equal(matched(state, &e), 0);
	event_set_str(&e, DeviceProcessEvents_ActionType, "ProcessTerminated");
	assert_int_equal(matched(state, &e), 0);
	event_set_str(&e, DeviceProcessEvents_ActionType, "ProcessCreated");
	assert_int_equal(matched(state, &e), 1u << 0);
}

static void an_event_of_two_categories_meets_both(void **state)
{
	struct event e;

	event_init(&e, EVENT_DeviceFileEvents);
	event_set_str(&e, DeviceFileEvents_ActionType, "FileModified");
	event_set_str(&e, DeviceFileEvents_FolderPath, "/etc/shadow");
	event_set_int(&e, DeviceFileEvents_FileSize, 100);
	assert_int_equal(matched(state, &e), 1u << 1);
	event_set_int(&e, DeviceFileEvents_FileSize, 101);
	assert_int_equal(matched(state, &e), 1u << 1 | 1u << 2);
	event_set_str(&e, DeviceFileEvents_ActionType, "FileCreated");
	assert_int_equal(matched(state, &e), 1u << 1);
	event_set_str(&e, DeviceFileEvents_ActionType, "FileDeleted");
	assert_int_equal(matched(state, &e), 0);
}

static void a_connection_has_numbers_truth_and_networks(void **state)
{
	struct event e;

	event_init(&e, EVENT_DeviceNetworkEvents);
	event_set_str(&e, DeviceNetworkEvents_ActionType, "ConnectionSuccess");
	event_set_str(&e, DeviceNetworkEvents_RemoteIP, "203.0.113.9");
	event_set_int(&e, DeviceNetworkEvents_RemotePort, 4444);
	event_set_int(&e, DeviceNetworkEvents_Initiated, 1);
	assert_int_equal(matched(state, &e), 1u << 3);
	event_set_int(&e, DeviceNetworkEvents_Initiated, 0);
	assert_int_equal(matched(state, &e), 0);
	event_set_int(&e, DeviceNetworkEvents_Initiated, 1);
	event_set_int(&e, DeviceNetworkEvents_RemotePort, 44441);
	assert_int_equal(matched(state, &e), 0);
	event_set_int(&e, DeviceNetworkEvents_RemotePort, 1337);
	event_set_str(&e, DeviceNetworkEvents_RemoteIP, "10.255.0.1");
	assert_int_equal(matched(state, &e), 0);
	event_set_str(&e, DeviceNetworkEvents_RemoteIP, "::ffff:10.255.0.1");
	assert_int_equal(matched(state, &e), 0);
	event_set_str(&e, DeviceNetworkEvents_RemoteIP, "::1");
	assert_int_equal(matched(state, &e), 0);
	event_set_str(&e, DeviceNetworkEvents_RemoteIP, "::2");
	assert_int_equal(matched(state, &e), 1u << 3);
}

static void columns_have_their_own_names_too(void **state)
{
	struct event e = process("/usr/bin/env", "env base64  -d", "/bin/x");

	assert_int_equal(matched(state, &e), 1u << 5);
	event_set_str(&e, DeviceProcessEvents_SHA256, "00");
	assert_int_equal(matched(state, &e), 0);
}

static void keywords_are_looked_for_in_every_column(void **state)
{
	struct event e = process("/usr/bin/env", "env", "/bin/x");

	event_set_str(&e, DeviceProcessEvents_ProcessCurrentDirectory, "/a/Needle in a HayStack/");
	assert_int_equal(matched(state, &e), 1u << 6);
	event_set_str(&e, DeviceProcessEvents_ActionType, "ProcessForked");
	assert_int_equal(matched(state, &e), 1u << 6);
	event_set_str(&e, DeviceProcessEvents_ProcessCurrentDirectory, "needle");
	event_set_str(&e, DeviceProcessEvents_FolderPath, "stack");
	assert_int_equal(matched(state, &e), 0);
}

static struct event record(const char *action, const char *type, const char *fields)
{
	struct event e;

	event_init(&e, EVENT_DeviceLogEvents);
	event_set_str(&e, DeviceLogEvents_ActionType, action);
	event_set_str(&e, DeviceLogEvents_AuditType, type);
	event_set_str(&e, DeviceLogEvents_LogFields, fields);
	return e;
}

static void a_process_is_the_records_that_auditd_would_write(void **state)
{
	struct event e = process("/usr/bin/chmod", "chmod 777 /srv", "/bin/bash");

	assert_int_equal(matched(state, &e), 1u << 0);
	e = process("/usr/bin/chmod", "chmod  7770 777", "/bin/bash");
	assert_int_equal(matched(state, &e), 0);
	e = process("/tmp/chmod", "chmod 777", "/bin/bash");
	assert_int_equal(matched(state, &e), 1u << 0 | 1u << 1);
	/* A keyword belongs to the record's own texts, not to the parent. */
	e = process("/usr/bin/env", "env", "say \"hi\"");
	assert_int_equal(matched(state, &e), 0);
	e = process("/usr/bin/echo", "echo say \"hi\"", "/bin/bash");
	assert_int_equal(matched(state, &e), 1u << 3);
	event_set_str(&e, DeviceProcessEvents_ActionType, "ProcessTerminated");
	assert_int_equal(matched(state, &e), 0);
}

static void a_record_is_found_by_its_own_fields(void **state)
{
	struct event e = record("AuditRecord", "EXECVE", "{\"a0\":\"chmod\",\"a1\":\"777\"}");

	assert_int_equal(matched(state, &e), 1u << 0);
	e = record("AuditRecord", "SYSCALL", "{\"a0\":\"chmod\",\"a1\":\"777\"}");
	assert_int_equal(matched(state, &e), 0);
	e = record("AuditRecord", "SYSCALL", "{\"x\":\"\\\"\",\"exe\":\"\\/t\\u006dp/a\\\\\",\"key\":\"susp\"}");
	assert_int_equal(matched(state, &e), 1u << 1 | 1u << 2);
	/* Another kind of line does not have what it did not say. */
	e = record("CronLogLine", "EXECVE", "{\"a0\":\"chmod\",\"a1\":\"777\"}");
	assert_int_equal(matched(state, &e), 0);
}

static void fields_that_are_no_object_match_nothing(void **state)
{
	static const char *const broken[] = { "{", "\"", "{\"exe", "{\"exe\":", "{\"exe\":\"/tmp/",
					      "{\"exe\":\"/tmp/\\", "{\"exe\":\"\\u00", "}" };

	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		struct event e = record("AuditRecord", "SYSCALL", broken[i]);

		assert_int_equal(matched(state, &e), 0);
	}
}

static void a_line_belongs_to_its_service(void **state)
{
	struct event e = record("SudoLogLine", NULL, NULL);

	event_set_str(&e, DeviceLogEvents_Message, "eve : 3 incorrect password attempts ; TTY=pts/0");
	assert_int_equal(matched(state, &e), 1u << 4);
	event_set_str(&e, DeviceLogEvents_ActionType, "SystemLogLine");
	assert_int_equal(matched(state, &e), 0);
	e = record("CronLogLine", NULL, NULL);
	event_set_str(&e, DeviceLogEvents_Message, "(root) REPLACE (root)");
	assert_int_equal(matched(state, &e), 1u << 5);
}

static void note_source(void *arg, const struct rules_source *s)
{
	struct buf *out = arg;

	buf_printf(out, "%s/%s%s%s ", s->table->name, s->action ?: "", s->derived ? "=" : "",
		   s->derived ?: "");
}

static void each_rule_tells_its_sources_or_why_it_has_none(void **state)
{
	static const struct {
		unsigned int rule;
		const char *sources, *missing;
	} cases[] = {
		{ 0, "DeviceLogEvents/AuditRecord DeviceProcessEvents/ProcessCreated=EXECVE ", "" },
		{ 2, "DeviceLogEvents/AuditRecord ", "" },
		{ 5, "DeviceLogEvents/CronLogLine ", "" },
		{ 6, "", "nothing here has the logsource product linux, service modsecurity" },
		{ 7, "", "nothing here fills, or fills so: OriginalFileName" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf sources = BUF_INIT(4096), missing = BUF_INIT(4096);

		buf_append_str(&sources, "");
		buf_append_str(&missing, "");
		rules_each_source(f->binding, cases[i].rule, note_source, &sources);
		assert_int_equal(rules_missing(f->binding, cases[i].rule, &missing), 0);
		for (const char *at = cases[i].sources; *at; at = strchr(at, ' ') + 1) {
			char one[128];

			snprintf(one, sizeof(one), "%.*s", (int)(strchr(at, ' ') + 1 - at), at);
			assert_non_null(strstr(sources.data, one));
		}
		assert_int_equal(sources.len, strlen(cases[i].sources));
		assert_string_equal(missing.data, cases[i].missing);
	}
}

#define LOG_TEST(name) cmocka_unit_test_setup_teardown(name, setup_logs, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_process_is_matched_by_sigma_names),
		cmocka_unit_test(the_action_decides_the_category),
		cmocka_unit_test(an_event_of_two_categories_meets_both),
		cmocka_unit_test(a_connection_has_numbers_truth_and_networks),
		cmocka_unit_test(columns_have_their_own_names_too),
		cmocka_unit_test(keywords_are_looked_for_in_every_column),
		LOG_TEST(a_process_is_the_records_that_auditd_would_write),
		LOG_TEST(a_record_is_found_by_its_own_fields),
		LOG_TEST(fields_that_are_no_object_match_nothing),
		LOG_TEST(a_line_belongs_to_its_service),
		LOG_TEST(each_rule_tells_its_sources_or_why_it_has_none),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
