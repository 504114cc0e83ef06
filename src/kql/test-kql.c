/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-kql.c - what golden cases cannot show: the tables of functions, options, limits
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "kql/func.h"

#define NOW 1704164645123456700

static void check_entry(void *arg, const struct func_family *family, const struct func *f)
{
	unsigned int *count = arg;
	struct func_value value;
	struct signature s;

	if (!func_signature(f->sig, &s)) {
		print_error("%s: not a signature: %s\n", family->title, f->sig);
		fail();
	}
	if (!f->sql == !f->emit) {
		print_error("%s: %s needs a template or a function, not both\n", family->title,
			    f->sig);
		fail();
	}
	for (const char *p = f->sql ? strchr(f->sql, '$') : NULL; p; p = strchr(p + 1, '$')) {
		if (p[1] == '$') {
			p++;
			continue;
		}
		if (p[1] != '*' && (p[1] < '1' || (unsigned int)(p[1] - '0') > s.count)) {
			print_error("%s: the template asks for an argument that is not there\n",
				    f->sig);
			fail();
		}
	}
	for (unsigned int i = 0; f->values && i < 2; i++)
		assert_true(f->flags & FUNC_TUPLE && func_value(f, i, &value) && value.type);
	/* What a person can call has a line of documentation. */
	if (strncmp(f->sig, "__", 2) != 0)
		assert_true(f->doc && *f->doc);
	++*count;
}

static void test_tables(void **state)
{
	unsigned int count = 0;

	(void)state;
	func_each(check_entry, &count);
	assert_true(count > 300);
}

static int compile_continuous(const char *text, struct kql_query **ret_query)
{
	const struct kql_options options = { .tenant = "t", .received_ns = 1, .continuous = true };

	return kql_compile(text, strlen(text), &options, ret_query);
}

/* What a rule may run over new rows alone; the place of what it may not. */
static void test_continuous(void **state)
{
	static const struct {
		const char *text;
		unsigned int column; /* of the complaint; 0: taken */
	} queries[] = {
		{ "DeviceProcessEvents | where FileName =~ 'nc' | extend A = 1", 0 },
		{ "let n = dynamic(['a']); DeviceProcessEvents | where FileName in (n)", 0 },
		{ "let f = (x:string) { x has 'a' }; DeviceProcessEvents | where f(FileName)", 0 },
		{ "DeviceEvents | mv-expand j = parse_json(AdditionalFields) | project-away j", 0 },
		{ "DeviceProcessEvents | summarize count() by DeviceId", 23 },
		{ "DeviceProcessEvents | take 1", 23 },
		{ "union DeviceProcessEvents, DeviceFileEvents", 1 },
		{ "DeviceProcessEvents | join DeviceFileEvents on DeviceId", 23 },
		{ "DeviceFileEvents | where SHA1 in (DeviceProcessEvents | project SHA1)", 1 },
		{ "print x = 1", 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(queries); i++) {
		_cleanup_(kql_query_freep) struct kql_query *q = NULL;
		const struct kql_diagnostic *list;
		int r = compile_continuous(queries[i].text, &q);

		if (r != (queries[i].column ? -EINVAL : 0))
			print_error("%s: %d\n", queries[i].text, r);
		assert_int_equal(r, queries[i].column ? -EINVAL : 0);
		if (!queries[i].column) {
			assert_non_null(strstr(kql_query_sql(q), " AND ReceivedTime >= "));
			continue;
		}
		assert_true(kql_query_diagnostics(q, &list) > 0);
		assert_int_equal(list[0].column, queries[i].column);
		assert_non_null(list[0].expected);
	}
}

/* Without anybody to ask what data and lists hold: nothing that could be right is called wrong. */
static void test_checked_only(void **state)
{
	static const struct {
		const char *text;
		int result;
	} queries[] = {
		{ "DeviceInfo | evaluate bag_unpack(LoggedOnUsers) | where a > 5 and b has 'x' | "
		  "summarize count() by c, bin(d, 1h) | top 3 by count_",
		  0 },
		{ "DeviceInfo | evaluate pivot(OSPlatform) | extend n = Linux + Windows | where n "
		  "> 1",
		  0 },
		{ "DeviceInfo | evaluate bag_unpack(NoSuchColumn)", -EINVAL },
		{ "externaldata(ip:string, n:long) ['https://lists.example/open/a.csv'] | where n "
		  "> 5",
		  0 },
		{ "externaldata(ip:string) ['https://lists.example/open/a.csv'] | where n > 5",
		  -EINVAL },
		{ "externaldata(ip:string) ['https://lists.example/a.csv']", -EINVAL },
	};
	static const char *const allowed[] = { "https://lists.example/open/", NULL };
	const struct kql_options options = { .tenant = "t",
					     .now_ns = NOW,
					     .externaldata = allowed };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(queries); i++) {
		_cleanup_(kql_query_freep) struct kql_query *q = NULL;
		const char *text = queries[i].text;
		const struct kql_diagnostic *list;
		int r = kql_compile(text, strlen(text), &options, &q);

		if (r != queries[i].result && kql_query_diagnostics(q, &list))
			print_error("%s\n  %s\n", text, list[0].message);
		assert_int_equal(r, queries[i].result);
	}
}

static void test_tables_read(void **state)
{
	static const char text[] =
	    "DeviceFileEvents | where SHA1 in (DeviceProcessEvents | project "
	    "SHA1) | union DeviceFileEvents";
	const struct kql_options options = { .tenant = "t", .recent_ns = 5 };
	_cleanup_(kql_query_freep) struct kql_query *q = NULL;
	const struct kql_table *tables[4];
	const char *at;

	(void)state;
	assert_int_equal(kql_compile(text, strlen(text), &options, &q), 0);
	assert_int_equal(kql_query_tables(q, tables, ARRAY_SIZE(tables)), 2);
	assert_string_equal(tables[0]->name, "DeviceProcessEvents");
	assert_string_equal(tables[1]->name, "DeviceFileEvents");
	/* Each scan is limited. */
	at = kql_query_sql(q);
	for (int i = 0; i < 3; i++) {
		at = strstr(at, "OR ReceivedTime >= fromUnixTimestamp64Nano(5");
		assert_non_null(at);
		at++;
	}
}

static void expect_limit(const char *open, const char *close, unsigned int n)
{
	_cleanup_(kql_query_freep) struct kql_query *q = NULL;
	_cleanup_buf_ struct buf text = BUF_INIT(KQL_TEXT_MAX * 4);
	struct kql_options options = { .tenant = "t", .now_ns = NOW };
	const struct kql_diagnostic *list;

	buf_append_str(&text, "print x = ");
	for (unsigned int i = 0; i < n; i++)
		buf_append_str(&text, open);
	buf_append_str(&text, "1");
	for (unsigned int i = 0; i < n; i++)
		buf_append_str(&text, close);
	assert_int_equal(kql_compile(text.data, text.len, &options, &q), -EINVAL);
	assert_true(kql_query_diagnostics(q, &list) > 0);
	assert_string_equal(list[0].code, "KQL001");
}

static void test_limits(void **state)
{
	(void)state;
	expect_limit("(", ")", 5000);
	expect_limit("-", "", 5000);
	expect_limit("not(", ")", 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),	     cmocka_unit_test(test_limits),
		cmocka_unit_test(test_continuous),   cmocka_unit_test(test_tables_read),
		cmocka_unit_test(test_checked_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
