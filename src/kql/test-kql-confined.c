/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-kql-confined.c - no query runs other SQL than the compiler's, reads another tenant's rows,
 * or anything but the catalogue's tables
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kql/kql.h"

#define NOW 1704164645123456700

static struct kql_query *compile(const char *text, int *ret)
{
	struct kql_options options = { .tenant = "t'e\\nant", .now_ns = NOW };
	struct kql_query *q = NULL;

	*ret = kql_compile(text, strlen(text), &options, &q);
	assert_non_null(q);
	return q;
}

/* Every scan has the tenant's predicate, whatever stands around it. */
static void test_tenant(void **state)
{
	static const char *const queries[] = {
		"DeviceProcessEvents | count",
		"union Device* | count",
		"search 'x'",
		"DeviceProcessEvents | join kind=inner DeviceNetworkEvents on DeviceId",
		"let T = DeviceProcessEvents; T | where FileName in (T | project FileName)",
		"print x = toscalar(DeviceProcessEvents | count)",
		"table('DeviceProcessEvents') | take 1",
		"find in (DeviceProcessEvents, DeviceFileEvents) where FileName == 'a'",
		"DeviceProcessEvents | extend TenantId = 'other' | where TenantId == 'other'",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(queries); i++) {
		_cleanup_(kql_query_freep) struct kql_query *q = NULL;
		size_t scans = 0, predicates = 0;
		int r;

		q = compile(queries[i], &r);
		if (r < 0)
			print_error("%s\n", queries[i]);
		assert_int_equal(r, 0);
		for (const char *p = kql_query_sql(q); (p = strstr(p, "FROM `vakt`.")); p++)
			scans++;
		for (const char *p = kql_query_sql(q);
		     (p = strstr(p, "TenantId = 't\\'e\\\\nant'")); p++)
			predicates++;
		assert_true(scans > 0);
		assert_int_equal(scans, predicates);
	}
}

/* Names and functions of the engine are nobody's to call. */
static void test_refused(void **state)
{
	static const char *const queries[] = {
		"system.tables",
		"['system.tables'] | take 1",
		"['vakt`.`DeviceInfo']",
		"file('/etc/passwd')",
		"url('http://x/', CSV)",
		"remote('h', 'd', 't')",
		"table('system.tables')",
		"table('DeviceInfo` --')",
		"numbers(10)",
		"print file('/etc/passwd')",
		"print x = currentDatabase()",
		"print sleep(3)",
		"database('other').DeviceInfo",
		"cluster('c').database('d').T",
		"workspace('w').DeviceInfo",
		"externaldata(a:string)['https://example.com/a.csv']",
		"DeviceInfo | where kql_text('x') == 'x'",
		"DeviceInfo | project $ReceivedTime",
		"DeviceInfo | project TenantId",
		"print __row_id()",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(queries); i++) {
		_cleanup_(kql_query_freep) struct kql_query *q = NULL;
		int r;

		q = compile(queries[i], &r);
		if (r != -EINVAL)
			print_error("taken: %s\n  %s\n", queries[i], kql_query_sql(q));
		assert_int_equal(r, -EINVAL);
		assert_null(kql_query_sql(q));
	}
}

/* What of the engine reads files, the network, other tables, settings, or waits: none can be named.
 */
static void test_engine_functions(void **state)
{
	static const char *const names[] = { "file",
					     "fileCluster",
					     "url",
					     "urlCluster",
					     "remote",
					     "remoteSecure",
					     "s3",
					     "s3Cluster",
					     "gcs",
					     "hdfs",
					     "hdfsCluster",
					     "azureBlobStorage",
					     "iceberg",
					     "deltaLake",
					     "hudi",
					     "mysql",
					     "postgresql",
					     "mongodb",
					     "redis",
					     "sqlite",
					     "jdbc",
					     "odbc",
					     "executable",
					     "input",
					     "cluster_all",
					     "clusterAllReplicas",
					     "merge",
					     "numbers",
					     "zeros",
					     "generateRandom",
					     "generateSeries",
					     "loop",
					     "viewExplain",
					     "dictionary",
					     "dictGet",
					     "dictGetOrNull",
					     "joinGet",
					     "getSetting",
					     "getMacro",
					     "getServerPort",
					     "hostName",
					     "currentUser",
					     "currentDatabase",
					     "currentRoles",
					     "version",
					     "uptime",
					     "sleep",
					     "sleepEachRow",
					     "throwIf",
					     "catboostEvaluate",
					     "addressToLine",
					     "demangle",
					     "materializeX",
					     "ignore",
					     "runningAccumulate",
					     "toUInt8",
					     "CAST",
					     "kql_text",
					     "kql_add",
					     "__row_id",
					     "__scan",
					     "tupleElement",
					     "arrayMap" };
	static const char *const forms[] = {
		"%s('x')",
		"%s('x', 'y') | take 1",
		"print x = %s('x')",
		"DeviceInfo | where %s(DeviceName)",
		"DeviceInfo | summarize %s(DeviceName)",
		"DeviceInfo | join (%s('x')) on DeviceId",
		"union DeviceInfo, %s('x')",
		"DeviceInfo | where DeviceId in (%s('x'))",
		"let f = () { %s('x') }; f()",
		"DeviceInfo | evaluate %s('x')",
		"DeviceInfo | invoke %s('x')",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names) * ARRAY_SIZE(forms); i++) {
		_cleanup_(kql_query_freep) struct kql_query *q = NULL;
		char text[256];
		int r;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(text, sizeof(text), forms[i % ARRAY_SIZE(forms)],
			 names[i / ARRAY_SIZE(forms)]);
#pragma GCC diagnostic pop
		q = compile(text, &r);
		if (r != -EINVAL)
			print_error("taken: %s\n", text);
		assert_int_equal(r, -EINVAL);
		assert_null(kql_query_sql(q));
	}
}

/* Comments of the query end where its lines do, and none of them is part of the statement. */
static void test_comments(void **state)
{
	static const char *const queries[] = {
		"DeviceInfo // '; DROP TABLE x; --\n| take 1",
		"// DROP\nprint x = 1 // DROP",
		"print x = 1 // */ DROP /*",
		"DeviceInfo | where DeviceName == 'a' // ' OR DROP",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(queries); i++) {
		_cleanup_(kql_query_freep) struct kql_query *q = NULL;
		int r;

		q = compile(queries[i], &r);
		assert_int_equal(r, 0);
		assert_null(strstr(kql_query_sql(q), "DROP"));
	}
}

/*
 * The statement reads the catalogue's tables alone, each with the tenant's predicate, and outside
 * of literals and quoted names nothing stands that the compiler does not write.
 */
static void assert_confined(const char *sql)
{
	static const char predicate[] = "TenantId = 't\\'e\\\\nant'";
	size_t scans = 0, predicates = 0;
	char quote = '\0';

	for (const char *p = sql; *p; p++) {
		if (quote) {
			if (*p == '\\')
				p++;
			else if (*p == quote)
				quote = '\0';
			continue;
		}
		scans += !strncmp(p, " FROM `", 7);
		predicates += !strncmp(p, predicate, strlen(predicate));
		assert_true(*p != ';' && *p != '{' && strncmp(p, "--", 2) != 0 &&
			    strncmp(p, "/*", 2) != 0 && strncmp(p, "DROP ", 5) != 0);
		assert_true(strncmp(p, " FROM `", 7) != 0 ||
			    !strncmp(p, " FROM `vakt`.`Device", 20));
		if (*p == '\'' || *p == '`')
			quote = *p;
	}
	assert_int_equal(quote, '\0');
	assert_int_equal(scans, predicates);
}

/* Wherever a query says a text or a name; at most three of them. */
static const char *const quoted[] = {
	"DeviceInfo | where DeviceName == \"%s\"",
	"DeviceInfo | where DeviceName has \"%s\"",
	"DeviceInfo | where DeviceName contains \"%s\"",
	"DeviceInfo | where DeviceName in~ (\"%s\", \"b\")",
	"DeviceInfo | where DeviceName startswith \"%s\"",
	"DeviceInfo | where DeviceName has_any (\"%s\", \"b\")",
	"print x = dynamic([\"%s\"]), [\"%s\"] = 1",
	"DeviceInfo | parse DeviceName with \"%s\" a \"%s\"",
	"DeviceInfo | extend x = format_datetime(Timestamp, \"%s\")",
	"DeviceInfo | parse-kv DeviceName as (a:string) with "
	"(pair_delimiter=\"%s\", kv_delimiter=\"%s\", quote=\"%s\")",
	"print ['a %s'] = 1 | project-rename ['b %s'] = ['a %s']",
	"let ['n %s'] = 5; print x = ['n %s']",
	"let ['t %s'] = DeviceInfo | where DeviceName == \"%s\"; ['t %s'] | count",
	"print d = dynamic({}) | extend x = d[\"%s\"], y = d['%s'].b[\"%s\"]",
	"DeviceInfo | extend x = todynamic(DeviceName)[\"%s\"][\"%s\"] | where x "
	"== '%s'",
	"datatable(['%s']:string) [\"%s\"] | extend y = ['%s']",
	"DeviceInfo | as ['%s'] | union withsource=['%s'] DeviceProcessEvents",
	"DeviceInfo | summarize ['%s'] = count() by ['b%s'] = DeviceName",
	"print x = bag_pack(\"%s\", 1), y = pack_array(\"%s\"), z = pack(\"%s\", "
	"\"a\")",
	"print x = extract_json(\"$.%s\", \"{}\"), y = bag_set_key(dynamic({}), "
	"\"$.%s\", 1)",
	"print x = bag_remove_keys(dynamic({\"a\": 1}), dynamic([\"%s\"]))",
	"print x = replace_string(\"%s\", \"%s\", \"%s\"), y = split(\"a\", "
	"\"%s\")",
	"DeviceInfo | where DeviceName matches regex \"%s\" or extract(@'%s', 0, "
	"'a') == ''",
	"DeviceInfo | parse kind=regex DeviceName with * \"%s\" ['c%s'] \"%s\"",
	"search in (DeviceInfo) \"%s\" and DeviceName:\"%s\"",
	"find in (DeviceInfo) where DeviceName == \"%s\" project DeviceName",
	"DeviceInfo | reduce by DeviceName with characters=\"%s\"",
	"DeviceInfo | top-nested 2 of DeviceName with others = \"%s\" by count()",
	"DeviceInfo | join kind=inner (DeviceProcessEvents | where FileName == "
	"\"%s\") on DeviceId",
	"DeviceInfo | make-series ['s%s'] = count() on Timestamp from ago(1d) to "
	"now() step 1h",
	"DeviceInfo | extend ['%s'] = DeviceName | render timechart with "
	"(title=\"%s\")",
	"declare query_parameters(['p%s']:string = \"%s\"); print ['p%s']",
	"DeviceInfo | extend ['a%s'] = 1 | project-keep ['a%s'] | project-reorder ['a%s']",
	"DeviceInfo | evaluate narrow() | where Column == \"%s\"",
	"DeviceInfo | sort by Timestamp asc | scan declare (d:string = \"%s\") with (step a: true "
	"=> "
	"d = \"%s\";)",
};

/* Texts that would end a literal stay in it: the statement is the same but for the literal. */
static void test_quoting(void **state)
{
	static const char *const texts[] = {
		"'",	      "\\\\", "\\\\'", "' OR 1=1 --", "'; DROP TABLE x; --",
		"`",	      "\\n'", "/*",    "\\u0000'",    "\\u2019",
		"{x:String}", "?",    "$1",    "%'"
	};

	unsigned int taken[ARRAY_SIZE(quoted)] = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(quoted); k++) {
			_cleanup_(kql_query_freep) struct kql_query *q = NULL;
			char text[512];
			int r;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			snprintf(text, sizeof(text), quoted[k], texts[i], texts[i], texts[i]);
#pragma GCC diagnostic pop
			q = compile(text, &r);
			taken[k] += r == 0;
			if (r < 0)
				continue; /* a name in brackets is not escaped: refused */
			assert_confined(kql_query_sql(q));
		}
	}
	for (size_t k = 0; k < ARRAY_SIZE(quoted); k++) {
		if (!taken[k])
			print_error("never taken: %s\n", quoted[k]);
		assert_true(taken[k] > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tenant),	 cmocka_unit_test(test_refused),
		cmocka_unit_test(test_comments), cmocka_unit_test(test_engine_functions),
		cmocka_unit_test(test_quoting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
