/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macro.h"
#include "sensor/process/dns_message.h"

/* Header: number 0x1234, one question; flags, count of answers. */
#define HEAD(flags, answers) "\x12\x34" flags "\0\1\0" answers "\0\0\0\0"
#define WWW "\3www\7example\3com\0"

static int parse(const char *data, size_t len, struct dns_message *m)
{
	memset(m, 0xee, sizeof(*m));
	return dns_message_parse(data, len, m);
}

static void a_question_tells_name_and_type(void **state _unused_)
{
	static const char question[] = HEAD("\1\0", "\0") WWW "\0\x1c\0\1";
	struct dns_message m;

	assert_int_equal(parse(question, sizeof(question) - 1, &m), 0);
	assert_false(m.response);
	assert_int_equal(m.id, 0x1234);
	assert_string_equal(m.name, "www.example.com");
	assert_string_equal(dns_type_name(m.type), "AAAA");
	assert_string_equal(m.result, "");
}

static void an_answer_tells_every_record(void **state _unused_)
{
	static const char answer[] = HEAD("\x81\x80", "\4") WWW "\0\1\0\1"
		"\xc0\x0c\0\5\0\1\0\0\0\x3c\0\6\3web\xc0\x10"
		"\xc0\x2d\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"
		"\xc0\x2d\0\x10\0\1\0\0\0\x3c\0\x08\7a\"b;c d"
		"\xc0\x2d\0\x0f\0\1\0\0\0\x3c\0\6\0\x0a\1m\xc0\x10";
	struct dns_message m;

	assert_int_equal(parse(answer, sizeof(answer) - 1, &m), 0);
	assert_true(m.response);
	assert_string_equal(dns_code_name(m.code), "NOERROR");
	assert_string_equal(m.result, "CNAME web.example.com; A 192.0.2.1; TXT a\\034b\\059c\\032d; "
				      "MX m.example.com");
	/* What breaks off keeps what came before. */
	assert_int_equal(parse(answer, sizeof(answer) - 30, &m), 0);
	assert_string_equal(m.result, "CNAME web.example.com; A 192.0.2.1");
}

static void an_answer_of_no_records_tells_why(void **state _unused_)
{
	static const char answer[] = HEAD("\x81\x83", "\0") WWW "\0\1\0\1";
	struct dns_message m;

	assert_int_equal(parse(answer, sizeof(answer) - 1, &m), 0);
	assert_string_equal(dns_code_name(m.code), "NXDOMAIN");
	assert_string_equal(m.result, "");
}

static void strange_names_are_told_so_that_they_can_be_read(void **state _unused_)
{
	static const char bytes[] = HEAD("\1\0", "\0") "\4a.\0\xff\0" "\0\1\0\1";
	static const char root[] = HEAD("\1\0", "\0") "\0" "\0\2\0\1";
	struct dns_message m;

	assert_int_equal(parse(bytes, sizeof(bytes) - 1, &m), 0);
	assert_string_equal(m.name, "a\\046\\000\\255");
	assert_int_equal(parse(root, sizeof(root) - 1, &m), 0);
	assert_string_equal(m.name, ".");
}

static void what_is_no_message_is_refused(void **state _unused_)
{
	static const char loop[] = HEAD("\1\0", "\0") "\xc0\x0c" "\0\1\0\1";
	static const char forward[] = HEAD("\1\0", "\0") "\xc0\x10" "\0\1\0\1\1a\0";
	static const char update[] = HEAD("\x28\0", "\0") WWW "\0\1\0\1";
	static const char long_label[] = HEAD("\1\0", "\0") "\x7f" "aaaa";
	struct dns_message m;

	assert_int_equal(parse(loop, sizeof(loop) - 1, &m), -EBADMSG);
	assert_int_equal(parse(forward, sizeof(forward) - 1, &m), -EBADMSG);
	assert_int_equal(parse(update, sizeof(update) - 1, &m), -EBADMSG);
	assert_int_equal(parse(long_label, sizeof(long_label) - 1, &m), -EBADMSG);
	for (size_t len = 0; len < 12 + 1 + 4; len++)
		assert_int_equal(parse(update, len, &m), -EBADMSG);
}

static void a_message_of_tcp_has_its_length_before_it(void **state _unused_)
{
	static const char with[] = "\0\x21" HEAD("\1\0", "\0") WWW "\0\1\0\1";
	struct dns_message m;

	assert_int_equal(dns_message_parse_tcp(with, sizeof(with) - 1, &m), 0);
	assert_string_equal(m.name, "www.example.com");
	memset(&m, 0xee, sizeof(m));
	assert_int_equal(dns_message_parse_tcp(with + 2, sizeof(with) - 3, &m), 0);
	assert_string_equal(m.name, "www.example.com");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_tells_name_and_type),
		cmocka_unit_test(an_answer_tells_every_record),
		cmocka_unit_test(an_answer_of_no_records_tells_why),
		cmocka_unit_test(strange_names_are_told_so_that_they_can_be_read),
		cmocka_unit_test(what_is_no_message_is_refused),
		cmocka_unit_test(a_message_of_tcp_has_its_length_before_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
