/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-tail.c - a real file that is written, renamed, copied and emptied while it is followed
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/fd.h"
#include "sensor/logs/tail.h"

static char folder[64], path[128];

static int setup(void **state _unused_)
{
	snprintf(folder, sizeof(folder), "/tmp/vakt-tail-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/log", folder);
	return 0;
}

static int teardown(void **state _unused_)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static void add(const char *text)
{
	FILE *f = fopen(path, "ae");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void shell(const char *format, ...) _printf_(1, 2);
static void shell(const char *format, ...)
{
	char command[512], *at = command;
	va_list args;

	at += sprintf(at, "cd %s && ", folder);
	va_start(args, format);
	vsnprintf(at, sizeof(command) - (size_t)(at - command), format, args);
	va_end(args);
	assert_int_equal(system(command), 0);
}

static void note(void *arg, const char *line, size_t len, int64_t next _unused_)
{
	buf_append(arg, line, len);
	buf_append_byte(arg, '|');
}

/* All that can be read, over files that are done with. */
static const char *read_all(struct tail *t)
{
	static struct buf out = BUF_INIT(8 << 20);
	enum tail_result r;

	buf_clear(&out);
	buf_append_str(&out, "");
	while ((r = tail_read(t, 1 << 20, note, &out)) != TAIL_CAUGHT)
		if (r == TAIL_ENDED)
			tail_next(t);
	return out.data;
}

static struct tail *follow(const struct tail_place *place)
{
	struct tail *t;

	assert_int_equal(tail_new(path, place, &t), 0);
	return t;
}

static void only_what_is_added_is_told(void **state _unused_)
{
	_cleanup_(tail_freep) struct tail *t = NULL;
	int error;

	add("old\nhalf");
	t = follow(NULL);
	assert_string_equal(read_all(t), "");
	add(" line\nnext\nwith");
	assert_string_equal(read_all(t), " line|next|");
	add("out end\r\n\n");
	assert_string_equal(read_all(t), "without end|");
	assert_int_equal(tail_state(t, &error), TAIL_READING);
}

static void a_file_that_comes_later_is_read_from_its_beginning(void **state _unused_)
{
	_cleanup_(tail_freep) struct tail *t = follow(NULL);
	int error;

	assert_string_equal(read_all(t), "");
	assert_int_equal(tail_state(t, &error), TAIL_ABSENT);
	add("first\n");
	assert_string_equal(read_all(t), "first|");
}

static void what_is_renamed_is_read_to_its_end(void **state _unused_)
{
	_cleanup_(tail_freep) struct tail *t = NULL;
	int waits = 0;
	const char *got;

	add("");
	t = follow(NULL);
	add("a\n");
	shell("mv log log.1 && echo b >>log.1 && echo d >log && printf c >>log.1");
	assert_string_equal(read_all(t), "a|b|");
	/* Its writer is given time to be told. */
	while (!strcmp(got = read_all(t), "") && waits++ < 100)
		usleep(100000);
	assert_string_equal(got, "c|d|");
	assert_true(waits > 30);
	assert_false(tail_take_loss(t));
}

static void what_is_copied_and_emptied_is_read_from_the_copy(void **state _unused_)
{
	_cleanup_(tail_freep) struct tail *t = NULL;

	add("a\n");
	t = follow(NULL);
	add("b\n");
	assert_string_equal(read_all(t), "b|");
	shell("echo c >>log && cp log log.1 && : >log && echo d >>log");
	assert_string_equal(read_all(t), "c|d|");
	/* And where the new is already longer than the old was. */
	shell("echo e >>log && cp log log.1 && seq 100 >log");
	assert_memory_equal(read_all(t), "e|1|2|", 6);
	assert_false(tail_take_loss(t));
	shell(": >log");
	assert_string_equal(read_all(t), "");
	assert_true(tail_take_loss(t));
	assert_false(tail_take_loss(t));
}

static void a_place_is_found_again(void **state _unused_)
{
	struct tail_place place;
	struct tail *t = follow(NULL);

	add("a\nb\n");
	assert_string_equal(read_all(t), "a|b|");
	tail_place(t, &place);
	tail_free(t);
	add("c\n");
	t = follow(&place);
	assert_string_equal(read_all(t), "c|");
	tail_place(t, &place);
	tail_free(t);
	/* Renamed, and copied, while nobody looked. */
	shell("echo d >>log && mv log log.1 && echo e >log");
	t = follow(&place);
	assert_string_equal(read_all(t), "d|e|");
	tail_place(t, &place);
	tail_free(t);
	shell("echo f >>log && cp log log.2 && : >log && echo g >>log");
	t = follow(&place);
	assert_string_equal(read_all(t), "f|g|");
	assert_false(tail_take_loss(t));
	tail_place(t, &place);
	tail_free(t);
	shell("gzip log && echo h >log");
	t = follow(&place);
	assert_string_equal(read_all(t), "h|");
	assert_true(tail_take_loss(t));
	tail_free(t);
}

static void a_long_line_is_cut_and_counted(void **state _unused_)
{
	_cleanup_(tail_freep) struct tail *t = NULL;
	const char *got;

	add("");
	t = follow(NULL);
	shell("head -c 300000 /dev/zero | tr '\\0' x >>log");
	got = read_all(t);
	assert_int_equal(strlen(got), TAIL_LINE_MAX + 1);
	shell("echo xx >>log && echo y >>log && head -c 20000 /dev/zero | tr '\\0' z >>log && echo >>log");
	got = read_all(t);
	assert_memory_equal(got, "y|zz", 4);
	assert_int_equal(strlen(got), 2 + TAIL_LINE_MAX + 1);
	assert_int_equal(tail_cut(t), 2);
}

static void what_waits_can_be_left_out(void **state _unused_)
{
	_cleanup_(tail_freep) struct tail *t = NULL;

	add("");
	t = follow(NULL);
	add("a\nb");
	assert_int_equal(tail_waiting(t), 3);
	assert_int_equal(tail_skip_to_end(t), 3);
	add("b\nc\n");
	assert_string_equal(read_all(t), "c|");
}

static void links_and_pipes_are_not_read(void **state _unused_)
{
	struct tail *t;
	int error;

	shell("ln -s /etc/passwd log");
	t = follow(NULL);
	assert_int_equal(tail_state(t, &error), TAIL_FORBIDDEN);
	tail_free(t);
	shell("rm log && mkfifo log");
	t = follow(NULL);
	assert_string_equal(read_all(t), "");
	assert_int_equal(tail_state(t, &error), TAIL_FORBIDDEN);
	tail_free(t);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_what_is_added_is_told),
		TEST(a_file_that_comes_later_is_read_from_its_beginning),
		TEST(what_is_renamed_is_read_to_its_end),
		TEST(what_is_copied_and_emptied_is_read_from_the_copy),
		TEST(a_place_is_found_again),
		TEST(a_long_line_is_cut_and_counted),
		TEST(what_waits_can_be_left_out),
		TEST(links_and_pipes_are_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
