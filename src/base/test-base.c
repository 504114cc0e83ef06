/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/hex.h"
#include "base/loop.h"
#include "base/map.h"
#include "base/utf8.h"

static void err_keeps_code_and_prefixes(void **state _unused_)
{
	struct err err = { 0 };

	assert_int_equal(err_setf(&err, -EINVAL, "line %d", 7), -EINVAL);
	assert_int_equal(err_prefix(&err, -EINVAL, "rules %s: ", "a.yml"), -EINVAL);
	assert_string_equal(err_msg(&err, -EINVAL), "rules a.yml: line 7");
	assert_string_equal(err_msg(NULL, -ENOENT), strerror(ENOENT));
	assert_int_equal(err_setf(NULL, -EIO, "nobody listens"), -EIO);
}

static void buf_stops_at_its_maximum(void **state _unused_)
{
	_cleanup_buf_ struct buf b = BUF_INIT(10);

	assert_int_equal(buf_append_str(&b, "0123456789"), 0);
	assert_int_equal(buf_append_byte(&b, 'x'), -EMSGSIZE);
	assert_int_equal(buf_error(&b), -EMSGSIZE);
	assert_string_equal(b.data, "0123456789");
	buf_clear(&b);
	assert_int_equal(buf_printf(&b, "%d", 42), 0);
	assert_string_equal(b.data, "42");
}

static void buf_writes_json_strings(void **state _unused_)
{
	_cleanup_buf_ struct buf b = BUF_INIT(100);

	buf_append_json(&b, "a\"\\\n\xff\xc3\xa5", 7);
	assert_string_equal(b.data, "\"a\\\"\\\\\\u000a\xef\xbf\xbd\xc3\xa5\"");
}

static void clock_text_goes_both_ways(void **state _unused_)
{
	char text[CLOCK_RFC3339_SIZE];
	int64_t ns;

	assert_int_equal(clock_parse_rfc3339("2026-01-31T12:00:00.125Z", &ns), 0);
	clock_format_rfc3339(ns, 3, text);
	assert_string_equal(text, "2026-01-31T12:00:00.125Z");
	assert_int_equal(clock_parse_rfc3339("2026-01-31T14:00:00+02:00", &ns), 0);
	clock_format_rfc3339(ns, 0, text);
	assert_string_equal(text, "2026-01-31T12:00:00Z");
	clock_format_rfc3339(-1, 9, text);
	assert_string_equal(text, "1969-12-31T23:59:59.999999999Z");
	assert_int_equal(clock_parse_rfc3339("2026-13-01", &ns), -EINVAL);
	assert_int_equal(clock_parse_rfc3339("2026-01-01x", &ns), -EINVAL);
	assert_int_equal(clock_parse_rfc3339("9999-12-31", &ns), -ERANGE);
	assert_int_equal(clock_parse_rfc3339("0001-01-01", &ns), -ERANGE);
}

static void map_survives_growth_and_removal(void **state _unused_)
{
	_cleanup_(map_freep) struct map *m = map_new(10000);
	uintptr_t sum = 0;
	void *value;

	for (uintptr_t i = 1; i <= 10000; i++)
		assert_int_equal(map_put_u64(m, i, (void *)i, NULL), 0);
	assert_int_equal(map_put_u64(m, 20000, m, NULL), -ENOSPC);
	for (uintptr_t i = 1; i <= 10000; i += 2)
		assert_ptr_equal(map_remove_u64(m, i), (void *)i);
	assert_int_equal(map_len(m), 5000);
	assert_null(map_get_u64(m, 1));
	assert_ptr_equal(map_get_u64(m, 2), (void *)2);
	for (size_t at = 0; map_next(m, &at, NULL, NULL, &value);)
		sum += (uintptr_t)value;
	assert_int_equal(sum, 2 * (5000UL * 5001 / 2));
}

static void map_copies_long_keys(void **state _unused_)
{
	_cleanup_(map_freep) struct map *m = map_new(10);
	char key[] = "a key that is longer than the slot has room for";
	void *old;

	assert_int_equal(map_put(m, key, sizeof(key), m, NULL), 0);
	key[0] = 'b';
	assert_null(map_get(m, key, sizeof(key)));
	key[0] = 'a';
	assert_ptr_equal(map_get(m, key, sizeof(key)), m);
	assert_int_equal(map_put(m, key, sizeof(key), key, &old), 0);
	assert_ptr_equal(old, m);
	assert_int_equal(map_len(m), 1);
}

static void arena_refuses_beyond_its_maximum(void **state _unused_)
{
	struct arena a;

	arena_init(&a, 100);
	assert_non_null(arena_alloc(&a, 60));
	assert_null(arena_alloc(&a, 60));
	arena_reset(&a);
	assert_string_equal(arena_printf(&a, "%s-%d", "x", 5), "x-5");
	arena_done(&a);
}

static void utf8_escape_loses_nothing(void **state _unused_)
{
	char out[40];
	size_t n;

	assert_true(utf8_valid("sm\xc3\xb6rg\xc3\xa5s 12345678", 17));
	assert_false(utf8_valid("12345678\xc0\xaf", 10));
	assert_false(utf8_valid("\xed\xa0\x80", 3));
	n = utf8_escape(out, "a\xff\xc3\xa5", 4);
	assert_int_equal(n, 7);
	assert_memory_equal(out, "a\\xff\xc3\xa5", 7);
}

static void hex_and_uuid(void **state _unused_)
{
	char text[9], uuid[UUID_TEXT_SIZE];
	uint8_t bytes[4];

	hex_encode("\x01\x02\xab\xff", 4, text);
	assert_string_equal(text, "0102abff");
	assert_int_equal(hex_decode("0102ABFF", bytes, 4), 0);
	assert_memory_equal(bytes, "\x01\x02\xab\xff", 4);
	assert_int_equal(hex_decode("0102abf", bytes, 4), -EINVAL);
	assert_int_equal(hex_decode("0102abff0", bytes, 4), -EINVAL);
	uuid_random(uuid);
	assert_int_equal(strlen(uuid), 36);
	assert_int_equal(uuid[14], '4');
}

static void file_is_replaced_whole_or_refused(void **state _unused_)
{
	char dir[] = "/tmp/vakt-base-XXXXXX", path[64];
	_cleanup_free_ char *data = NULL;
	struct err err = { 0 };
	size_t len;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/f", dir);
	assert_int_equal(file_write_atomic(path, "one", 3, 0600, &err), 0);
	assert_int_equal(file_write_atomic(path, "three", 5, 0600, &err), 0);
	assert_int_equal(file_read(path, 5, &data, &len, &err), 0);
	assert_string_equal(data, "three");
	free(TAKE_PTR(data));
	assert_int_equal(file_read(path, 4, &data, &len, &err), -EFBIG);
	assert_null(data);
	assert_non_null(strstr(err.msg, "larger than the allowed 4 bytes"));
	unlink(path);
	rmdir(dir);
}

struct ticks {
	struct loop *loop;
	int count;
};

static int on_tick(void *arg)
{
	struct ticks *t = arg;

	if (++t->count == 3)
		loop_stop(t->loop);
	return 0;
}

static void loop_runs_timers_until_stopped(void **state _unused_)
{
	_cleanup_(loop_freep) struct loop *l = NULL;
	struct ticks t = { 0 };

	assert_int_equal(loop_new(&l, NULL), 0);
	t.loop = l;
	assert_int_equal(loop_add_timer(l, NSEC_PER_MSEC, on_tick, &t, NULL), 0);
	assert_int_equal(loop_run(l), 0);
	assert_int_equal(t.count, 3);
}

static void a_timer_takes_another_interval(void **state _unused_)
{
	_cleanup_(loop_freep) struct loop *l = NULL;
	struct loop_source *timer;
	struct ticks t = { 0 };

	assert_int_equal(loop_new(&l, NULL), 0);
	t.loop = l;
	/* Would not end the test before its time-out. */
	assert_int_equal(loop_add_timer(l, 3600 * NSEC_PER_SEC, on_tick, &t, &timer), 0);
	assert_int_equal(loop_set_interval(timer, NSEC_PER_MSEC), 0);
	assert_int_equal(loop_run(l), 0);
	assert_int_equal(t.count, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(err_keeps_code_and_prefixes),
		cmocka_unit_test(buf_stops_at_its_maximum),
		cmocka_unit_test(buf_writes_json_strings),
		cmocka_unit_test(clock_text_goes_both_ways),
		cmocka_unit_test(map_survives_growth_and_removal),
		cmocka_unit_test(map_copies_long_keys),
		cmocka_unit_test(arena_refuses_beyond_its_maximum),
		cmocka_unit_test(utf8_escape_loses_nothing),
		cmocka_unit_test(hex_and_uuid),
		cmocka_unit_test(file_is_replaced_whole_or_refused),
		cmocka_unit_test(loop_runs_timers_until_stopped),
		cmocka_unit_test(a_timer_takes_another_interval),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
