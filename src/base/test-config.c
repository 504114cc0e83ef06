/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-config.c - what people write into configuration files, and what they are told
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/config.h"
#include "base/fd.h"
#include "base/jdoc.h"
#include "base/log.h"
#include "base/near.h"

static void json_is_read_with_positions(void **state _unused_)
{
	static const char text[] = "\xef\xbb\xbf{\n\t\"å\": [1, -2.5e1],\n  \"b\\u00e5\\ud83d\\ude00\" : "
				   "{\"c\":null,\"d\":true}\n}\n";
	const struct jdoc *root, *d;
	struct arena arena;

	arena_init(&arena, 1 << 20);
	assert_int_equal(jdoc_parse(&arena, text, sizeof(text) - 1, &root, NULL), 0);
	d = jdoc_member(root, "å");
	assert_non_null(d);
	assert_int_equal(d->type, JDOC_LIST);
	assert_int_equal(d->key_line, 2);
	assert_int_equal(d->key_column, 2);
	assert_int_equal(d->column, 7);
	assert_int_equal(d->first->integer, 1);
	assert_int_equal(d->first->next->column, 11);
	assert_true(d->first->next->real == -25.0);
	d = jdoc_member(root, "bå\xf0\x9f\x98\x80");
	assert_non_null(d);
	assert_int_equal(d->line, 3);
	assert_true(jdoc_member(d, "d")->boolean);
	assert_int_equal(jdoc_member(d, "c")->type, JDOC_NULL);
	assert_null(jdoc_member(d, "e"));
	arena_done(&arena);
}

static void json_that_is_wrong_is_told_where(void **state _unused_)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "", "1:1: a value is expected, but the text ends here" },
		{ "{\"a\":1,}", "1:8: text in double quotes is expected, not '}'" },
		{ "{\"a\":1\n \"b\":2}", "2:2: ',' or '}' is expected, not '\"'" },
		{ "{\"a\" 1}", "1:6: ':' is expected, not '1'" },
		{ "{a:1}", "1:2: text in double quotes is expected, not 'a'" },
		{ "{\"a\":1,\n\n\"a\":2}", "3:1: \"a\" stands here again, it was given in line 1" },
		{ "[01]", "1:2: this is no number" },
		{ "[1.]", "1:2: this is no number" },
		{ "[99999999999999999999]", "1:2: this number is out of range" },
		{ "[1e999]", "1:2: this number is out of range" },
		{ "[\"a", "1:4: the text has no closing quote" },
		{ "[\"a\nb\"]", "1:4: control characters in text must be written as \\uXXXX" },
		{ "[\"\\x\"]", "1:4: one of \" \\ / b f n r t u behind \\ is expected, not 'x'" },
		{ "[\"\\ud800\"]", "1:9: half of a surrogate pair" },
		{ "[\"\\u0000\"]", "1:9: text must not hold \\u0000" },
		{ "[\"\xff\"]", "1:3: this byte is not UTF-8" },
		{ "true false", "1:6: the end of the text is expected, not 'f'" },
		{ "True", "1:1: a value is expected, not 'T'" },
		{ "// note", "1:1: a value is expected, not '/'" },
		{ "[1", "1:3: ',' or ']' is expected, but the text ends here" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct jdoc *root = NULL;
		struct err err = { "" };
		struct arena arena;

		arena_init(&arena, 1 << 20);
		assert_int_equal(jdoc_parse(&arena, cases[i].text, strlen(cases[i].text), &root,
					    &err), -EINVAL);
		assert_string_equal(err.msg, cases[i].message);
		assert_null(root);
		arena_done(&arena);
	}
}

static void json_has_limits(void **state _unused_)
{
	char deep[200];
	_cleanup_buf_ struct buf many = BUF_INIT(1 << 20);
	const struct jdoc *root;
	struct err err = { "" };
	struct arena arena;

	arena_init(&arena, 8 << 20);
	memset(deep, '[', sizeof(deep));
	assert_int_equal(jdoc_parse(&arena, deep, sizeof(deep), &root, &err), -EINVAL);
	assert_string_equal(err.msg, "1:33: nested too deeply");
	for (int i = 0; i <= JDOC_MEMBERS_MAX; i++)
		buf_printf(&many, "%s\"%d\":1", i ? "," : "{", i);
	buf_append_str(&many, "}");
	assert_int_equal(jdoc_parse(&arena, many.data, many.len, &root, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "too many elements"));
	arena_done(&arena);
}

static void a_mistyped_word_is_recognised(void **state _unused_)
{
	struct near near = { .word = "healht" };

	near_offer(&near, "help");
	near_offer(&near, "health");
	near_offer(&near, "version");
	assert_string_equal(near.best, "health");
	near = (struct near){ .word = "Proxy" };
	near_offer(&near, "proxy");
	assert_int_equal(near.distance, 0);
	near = (struct near){ .word = "something" };
	near_offer(&near, "health");
	assert_null(near.best);
	assert_int_equal(near_distance("ab", "ba"), 1);
	assert_int_equal(near_distance("", "abc"), 3);
}

/* The faults of a text, one a line; refusing ones begin with "!". */
static char *faults_of(const char *text, enum config_file file, bool *ret_refused)
{
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 20);
	struct config_reading r;

	assert_int_equal(config_read(text, strlen(text), "f", file, &r), 0);
	for (size_t i = 0; i < r.fault_count && i < CONFIG_FAULTS_MAX; i++)
		buf_printf(&out, "%s%s%s", i ? "\n" : "", r.faults[i].refuses ? "!" : "",
			   r.faults[i].text);
	*ret_refused = r.refused;
	config_reading_done(&r);
	buf_append_str(&out, "");
	return buf_take(&out);
}

static void a_wrong_key_or_value_is_told_with_what_is_right(void **state _unused_)
{
	static const struct {
		const char *text, *faults;
	} cases[] = {
		{ "{\"vakt\":{\"logs\":{\"files\":[{\"path\":\"log\",\"kind\":\"auth\"}]}}}",
		  "!f:1:26: vakt.logs.files must be a list of at most 31 {\"path\":\"/...\",\"kind\":\"...\"}, "
		  "each path once and the kind one of auth, syslog, cron, auditd, vsftpd, clamav, guacamole, "
		  "webserver, not this list" },
		{ "{\"edr\":{\"tagz\":[]}}", "!f:1:9: unknown key \"edr.tagz\"; did you mean \"edr.tags\"?" },
		{ "{\n  \"vakt\": {\n    \"spool\": {\"maxbytes\": 1}}}",
		  "!f:3:15: unknown key \"vakt.spool.maxbytes\"; did you mean \"vakt.spool.maxBytes\"?" },
		{ "{\"logLevel\":\"debug\"}", "!f:1:2: unknown key \"logLevel\"; did you mean \"vakt.logLevel\"?" },
		{ "{\"vakt\":{\"qqqq\":1}}", "!f:1:10: unknown key \"vakt.qqqq\"; known here: logLevel, "
		  "heartbeatSeconds, spool, ring, hash, processes, network, "
		  "logs" },
		{ "{\"vakt\":{\"spool\":{\"maxBytes\":\"1G\"}}}",
		  "!f:1:30: vakt.spool.maxBytes must be a whole number from 16777216 to 1099511627776, "
		  "not \"1G\"" },
		{ "{\"vakt\":{\"spool\":{\"maxBytes\":5}}}",
		  "!f:1:30: vakt.spool.maxBytes must be a whole number from 16777216 to 1099511627776, not 5" },
		{ "{\"vakt\":{\"ring\":{\"bytes\":300000}}}",
		  "!f:1:26: vakt.ring.bytes must be a power of two from 262144 to 1073741824, not 300000" },
		{ "{\"vakt\":{\"logLevel\":\"debgu\"}}",
		  "!f:1:21: vakt.logLevel must be one of error, warning, notice, info, debug, not "
		  "\"debgu\"; did you mean \"debug\"?" },
		{ "{\"vakt\":{\"spool\":7}}", "!f:1:18: vakt.spool must be an object" },
		{ "{\"cloudService\":{\"proxy\":\"http://u:p@h:1\"}}",
		  "!f:1:26: cloudService.proxy must be \"http://host:port\" without user and password, "
		  "or \"\", not \"http://u:p@h:1\"" },
		{ "{\"edr\":{\"tags\":[{\"key\":\"OTHER\",\"value\":\"x\"}]}}",
		  "!f:1:16: edr.tags must be a list of at most 15 {\"key\":\"GROUP\",\"value\":\"...\"}, "
		  "each value of 1 to 200 bytes, not this list" },
		{ "[]", "!f:1:1: an object is expected: {...}" },
		{ "{\"edr\":{}", "!f:1:10: ',' or '}' is expected, but the text ends here" },
		{ "{\"a\":1,\"antivirusEngine\":{\"scanArchives\":\"yes\"}}",
		  "!f:1:2: unknown key \"a\"; known here: cloudService, edr, vakt, antivirusEngine, "
		  "scheduledScan, features, networkProtection, exclusionSettings, tamperProtection\n"
		  "!f:1:42: antivirusEngine.scanArchives must be true or false, not \"yes\"" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bool refused;
		_cleanup_free_ char *faults = faults_of(cases[i].text, CONFIG_OWN, &refused);

		assert_string_equal(faults, cases[i].faults);
		assert_true(refused);
	}
}

/* The reference's own page once had both of these mistakes in its example. */
static void a_managed_profile_that_works_elsewhere_works(void **state _unused_)
{
	static const char text[] =
		"{\"antivirusEngine\":{\"enforcementLevel\":\"real_time\",\"exclusions\":[{\"$type\":"
		"\"excludedPath\",\"isDirectory\":true,\"path\":\"/run\",\"scopes\":[\"epp\"]}],"
		"\"offlineDefintionUpdateFallbackToCloud\":false,\"scanHistoryMaximumItems\":\"10000\"},\n"
		"\"features\":{\"supplementarySensorConfigurations\":{\"enablePseudofsCalls\":\"diabled\"}},"
		"\"cloudService\":{\"proxy\":\"http://proxy.server:8080/\"},"
		"\"edr\":{\"groupIds\":\"Group\",\"tags\":[{\"key\":\"GROUP\",\"value\":\"Tag\"}]}}";
	bool refused;
	_cleanup_free_ char *faults = faults_of(text, CONFIG_REFERENCE, &refused);

	assert_false(refused);
	assert_string_equal(faults,
			    "f:1:142: unknown key \"antivirusEngine.offlineDefintionUpdateFallbackToCloud\";"
			    " did you mean \"antivirusEngine.offlineDefinitionUpdateFallbackToCloud\"?\n"
			    "f:2:72: features.supplementarySensorConfigurations.enablePseudofsCalls must "
			    "be one of disabled, enabled, not \"diabled\"; did you mean \"disabled\"?");
	free(TAKE_PTR(faults));
	/* What has an effect must be right there, too. */
	faults = faults_of("{\"cloudService\":{\"proxy\":\"<EXAMPLE DO NOT USE> http://p:1/\"}}",
			   CONFIG_REFERENCE, &refused);
	assert_true(refused);
}

static void only_the_first_faults_are_kept(void **state _unused_)
{
	_cleanup_buf_ struct buf text = BUF_INIT(1 << 20);
	struct config_reading r;

	for (int i = 0; i < 100; i++)
		buf_printf(&text, "%s\"%d\":1", i ? "," : "{", i);
	buf_append_str(&text, "}");
	assert_int_equal(config_read(text.data, text.len, "f", CONFIG_OWN, &r), 0);
	assert_int_equal(r.fault_count, 100);
	assert_true(r.refused);
	config_reading_done(&r);
}

static void every_default_is_allowed(void **state _unused_)
{
	for (size_t i = 0; i < config_key_count; i++) {
		_cleanup_buf_ struct buf text = BUF_INIT(4096);
		char path[256], *save = NULL;
		struct config_reading r;
		size_t depth = 0;

		snprintf(path, sizeof(path), "%s", config_keys[i].path);
		for (char *p = strtok_r(path, ".", &save); p; p = strtok_r(NULL, ".", &save), depth++)
			buf_printf(&text, "{\"%s\":", p);
		buf_append_str(&text, config_keys[i].unset);
		while (depth--)
			buf_append_byte(&text, '}');
		assert_int_equal(config_read(text.data, text.len, "f", CONFIG_OWN, &r), 0);
		assert_int_equal(r.fault_count, 0);
		assert_string_equal(r.json[i], config_keys[i].unset);
		config_reading_done(&r);
		assert_int_equal(config_key_find(config_keys[i].path, NULL), i);
	}
}

struct fixture {
	char dir[64], own[96], reference[96], keep[96];
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->dir, "/tmp/vakt-test-config-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->own, sizeof(f->own), "%s/managed.json", f->dir);
	snprintf(f->reference, sizeof(f->reference), "%s/mdatp_managed.json", f->dir);
	snprintf(f->keep, sizeof(f->keep), "%s/state/configuration", f->dir);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", f->dir);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static struct config_set *open_set(const struct fixture *f, bool keep)
{
	const struct config_options o = { .dir = f->dir,
					  .keep_dir = f->keep, .keep = keep };
	struct config_set *s = NULL;
	struct err err = { "" };

	if (config_set_new(&o, &s, &err) < 0)
		fail_msg("%s", err.msg);
	return s;
}

static void put(const char *path, const char *text)
{
	assert_int_equal(file_write_atomic(path, text, strlen(text), 0644, NULL), 0);
}

static void vakt_s_file_wins_key_by_key(void **state)
{
	struct fixture *f = *state;
	_cleanup_(config_set_freep) struct config_set *s = open_set(f, false);
	const struct config *c = config_set_values(s);
	_cleanup_free_ char *before = NULL;
	const char *file;
	size_t key;

	assert_int_equal(c->spool_max_bytes, 1 << 30);
	assert_int_equal(c->log_level, LOG_LEVEL_INFO);
	assert_string_equal(config_set_version(s), "default");
	assert_int_equal(config_set_poll(s), 0);
	put(f->reference, "{\"cloudService\":{\"proxy\":\"http://a:1\",\"enabled\":false},"
			  "\"edr\":{\"tags\":[{\"key\":\"GROUP\",\"value\":\"one\"}]}}");
	assert_int_equal(config_set_poll(s), 1);
	assert_int_equal(config_set_poll(s), 0);
	before = strdup(config_set_version(s));
	put(f->own, "{\"cloudService\":{\"proxy\":\"http://b:2\"},\"vakt\":{\"logLevel\":\"debug\"}}");
	assert_int_equal(config_set_poll(s), 1);
	assert_string_not_equal(before, config_set_version(s));
	assert_string_equal(c->proxy, "http://b:2");
	assert_string_equal(c->tags[0], "one");
	assert_string_equal(c->tags[1], "");
	assert_int_equal(c->log_level, LOG_LEVEL_DEBUG);
	assert_int_equal(config_set_without_effect(s), 1);
	key = (size_t)config_key_find("cloudService.proxy", NULL);
	assert_string_equal(config_set_json(s, key, &file), "\"http://b:2\"");
	assert_string_equal(file, f->own);
	assert_int_equal(unlink(f->own), 0);
	assert_int_equal(config_set_poll(s), 1);
	assert_string_equal(c->proxy, "http://a:1");
	assert_string_equal(before, config_set_version(s));
}

static void the_last_good_file_stays_in_force(void **state)
{
	struct fixture *f = *state;
	_cleanup_(config_set_freep) struct config_set *s = NULL;
	_cleanup_buf_ struct buf report = BUF_INIT(1 << 20);
	struct stat st;

	put(f->own, "{\"vakt\":{\"heartbeatSeconds\":30,\"ring\":{\"bytes\":524288}}}");
	s = open_set(f, true);
	assert_int_equal(config_set_values(s)->heartbeat_s, 30);
	put(f->own, "{\"vakt\":{\"heartbeatSeconds\":40,\"ring\":{\"bytes\":1}}}");
	assert_int_equal(config_set_poll(s), 1);
	assert_int_equal(config_set_values(s)->heartbeat_s, 30);
	assert_non_null(strstr(config_set_fault(s, 0)->text, "managed.json:1:48: vakt.ring.bytes must"));
	assert_null(config_set_fault(s, 1));
	/* A program that starts now has no memory of it but the kept text. */
	config_set_free(s);
	s = open_set(f, false);
	assert_int_equal(config_set_values(s)->heartbeat_s, 30);
	assert_non_null(config_set_fault(s, 0));
	put(f->own, "{\"vakt\":{\"heartbeatSeconds\":50,\"ring\":{\"bytes\":1048576}}}");
	assert_int_equal(config_set_poll(s), 1);
	assert_int_equal(config_set_values(s)->heartbeat_s, 50);
	assert_null(config_set_fault(s, 0));
	assert_int_equal(config_set_report(s, CONFIG_SENSOR, &report), 0);
	assert_non_null(strstr(report.data, "\"restartNeeded\":[\"vakt.ring.bytes\"]"));
	/* Taken away on purpose: the defaults, and nothing is kept. */
	config_set_free(s);
	assert_int_equal(unlink(f->own), 0);
	s = open_set(f, true);
	assert_int_equal(config_set_values(s)->heartbeat_s, 60);
	assert_int_equal(stat(f->keep, &st), 0);
	assert_int_equal(st.st_nlink, 2);
	config_set_free(s);
	s = open_set(f, false);
	assert_int_equal(config_set_values(s)->heartbeat_s, 60);
}

static void what_cannot_be_read_is_told(void **state)
{
	struct fixture *f = *state;
	_cleanup_(config_set_freep) struct config_set *s = NULL;

	assert_int_equal(mkdir(f->own, 0755), 0);
	s = open_set(f, false);
	assert_non_null(config_set_fault(s, 0));
	assert_non_null(strstr(config_set_fault(s, 0)->text, f->own));
	assert_int_equal(config_set_values(s)->heartbeat_s, 60);
}

/* The program that speaks to the network has no rights, yet follows the file. */
static void who_may_not_read_the_file_follows_the_kept_text(void **state)
{
	struct fixture *f = *state;
	_cleanup_(config_set_freep) struct config_set *s = NULL;
	int status;
	pid_t pid;

	assert_int_equal(chmod(f->dir, 0755), 0);
	put(f->own, "{\"vakt\":{\"heartbeatSeconds\":30}}");
	assert_int_equal(chmod(f->own, 0600), 0);
	s = open_set(f, true);
	pid = fork();
	if (pid == 0) {
		bool ok;

		if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
			_exit(2);
		config_set_free(TAKE_PTR(s));
		s = open_set(f, false);
		ok = config_set_values(s)->heartbeat_s == 30 && !config_set_fault(s, 0) &&
		     config_set_poll(s) == 0;
		config_set_free(s);
		_exit(!ok);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void an_unknown_key_is_found_nearly(void **state _unused_)
{
	struct err err = { "" };

	assert_int_equal(config_key_find("vakt.loglevl", &err), -ENOENT);
	assert_string_equal(err.msg, "there is no key \"vakt.loglevl\"; did you mean \"vakt.logLevel\"?");
	assert_int_equal(config_key_find("proxy", &err), -ENOENT);
	assert_string_equal(err.msg, "there is no key \"proxy\"; did you mean \"cloudService.proxy\"?");
	assert_int_equal(config_key_find("vakt.spool", &err), -ENOENT);
	assert_string_equal(err.msg, "\"vakt.spool\" is a section; it has: maxBytes, sealMilliseconds");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_is_read_with_positions),
		cmocka_unit_test(json_that_is_wrong_is_told_where),
		cmocka_unit_test(json_has_limits),
		cmocka_unit_test(a_mistyped_word_is_recognised),
		cmocka_unit_test(a_wrong_key_or_value_is_told_with_what_is_right),
		cmocka_unit_test(a_managed_profile_that_works_elsewhere_works),
		cmocka_unit_test(only_the_first_faults_are_kept),
		cmocka_unit_test(every_default_is_allowed),
		cmocka_unit_test_setup_teardown(vakt_s_file_wins_key_by_key, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_last_good_file_stays_in_force, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_cannot_be_read_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(who_may_not_read_the_file_follows_the_kept_text,
						set_up, tear_down),
		cmocka_unit_test(an_unknown_key_is_found_nearly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
