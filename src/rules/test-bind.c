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

struct fixture {
	struct rules_set *set;
	struct rules_binding *binding;
	struct rules_scratch *scratch;
};

static void no_problem(void *arg _unused_, const struct rules_problem *p)
{
	fail_msg("%u:%u: %s", p->line, p->column, p->message);
}

static int setup(void **state)
{
	static struct fixture f;
	_cleanup_(rules_builder_freep) struct rules_builder *b = NULL;

	assert_int_equal(rules_builder_new(&b), 0);
	assert_int_equal(rules_builder_add(b, "rules.yml", rules, strlen(rules), no_problem, NULL),
			 0);
	assert_int_equal(rules_builder_compile(b, &f.set, NULL), 0);
	assert_int_equal(rules_set_count(f.set), 8);
	assert_int_equal(rules_binding_new(f.set, &f.binding), 0);
	assert_int_equal(rules_scratch_new(f.set, &f.scratch), 0);
	*state = &f;
	return 0;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_process_is_matched_by_sigma_names),
		cmocka_unit_test(the_action_decides_the_category),
		cmocka_unit_test(an_event_of_two_categories_meets_both),
		cmocka_unit_test(a_connection_has_numbers_truth_and_networks),
		cmocka_unit_test(columns_have_their_own_names_too),
		cmocka_unit_test(keywords_are_looked_for_in_every_column),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
