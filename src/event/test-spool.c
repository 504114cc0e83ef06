/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "event/spool.h"
#include "event/spool_files.h"
#include "event/wire.h"

struct fixture {
	char dir[32];
	struct spool_writer *writer;
	struct spool_reader *reader;
	struct buf frame;
};

static int setup(void **state)
{
	static struct fixture f;

	strcpy(f.dir, "/tmp/vakt-spool-XXXXXX");
	if (!mkdtemp(f.dir) || spool_writer_open(f.dir, 1 << 30, &f.writer, NULL) < 0 ||
	    spool_reader_open(f.dir, &f.reader, NULL) < 0)
		return -1;
	buf_init(&f.frame, WIRE_PACKED_MAX + WIRE_HEADER_SIZE);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[64];

	spool_writer_close(f->writer);
	spool_reader_close(f->reader);
	buf_done(&f->frame);
	snprintf(command, sizeof(command), "rm -rf %s", f->dir);
	return system(command);
}

/* A frame whose payload cannot be packed: size bytes and its number. */
static void make_frame(struct buf *out, uint32_t number, size_t size)
{
	uint32_t words[] = { (uint32_t)size, (uint32_t)size, number };

	buf_clear(out);
	buf_append(out, "VKT1", 4);
	buf_append(out, words, sizeof(words));
	assert_int_equal(buf_reserve(out, size + 8), 0);
	memset(out->data + out->len, (int)number, size + 8);
	out->len += size + 8;
}

static void write_frames(struct fixture *f, uint32_t first, uint32_t count, size_t size)
{
	_cleanup_buf_ struct buf frame = BUF_INIT(WIRE_PACKED_MAX);

	for (uint32_t i = first; i < first + count; i++) {
		make_frame(&frame, i, size);
		assert_int_equal(spool_writer_append(f->writer, frame.data, frame.len, NULL), 0);
	}
}

static uint32_t frame_number(const struct buf *frame)
{
	uint32_t number;

	memcpy(&number, frame->data + 12, sizeof(number));
	return number;
}

static void read_frames(struct fixture *f, uint32_t first, uint32_t count)
{
	for (uint32_t i = first; i < first + count; i++) {
		assert_int_equal(spool_reader_next(f->reader, &f->frame, NULL), 1);
		assert_int_equal(frame_number(&f->frame), i);
		assert_int_equal(spool_reader_ack(f->reader, NULL), 0);
	}
}

static void frames_come_in_order_and_wait_for_the_next(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(spool_reader_next(f->reader, &f->frame, NULL), 0);
	write_frames(f, 0, 3, 100);
	read_frames(f, 0, 3);
	assert_int_equal(spool_reader_next(f->reader, &f->frame, NULL), 0);
	assert_int_equal(spool_reader_ack(f->reader, NULL), -EINVAL);
	write_frames(f, 3, 1, 100);
	read_frames(f, 3, 1);
}

static void what_was_not_acknowledged_comes_again(void **state)
{
	struct fixture *f = *state;

	write_frames(f, 0, 3, 100);
	read_frames(f, 0, 1);
	assert_int_equal(spool_reader_next(f->reader, &f->frame, NULL), 1);
	spool_reader_close(f->reader);
	assert_int_equal(spool_reader_open(f->dir, &f->reader, NULL), 0);
	read_frames(f, 1, 2);
}

static void acknowledged_segments_are_deleted(void **state)
{
	struct fixture *f = *state;
	char path[SPOOL_PATH_MAX];

	write_frames(f, 0, 12, 3 << 20);
	read_frames(f, 0, 12);
	spool_segment_path(f->dir, 1, path);
	assert_int_equal(access(path, F_OK), -1);
	write_frames(f, 12, 4, 3 << 20);
	read_frames(f, 12, 4);
	assert_int_equal(spool_reader_skipped_bytes(f->reader), 0);
}

static void a_torn_frame_of_a_crash_is_skipped_and_counted(void **state)
{
	struct fixture *f = *state;
	char path[SPOOL_PATH_MAX];
	struct stat st;

	write_frames(f, 0, 2, 100);
	spool_segment_path(f->dir, 1, path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(truncate(path, st.st_size - 30), 0);
	spool_writer_close(f->writer);
	assert_int_equal(spool_writer_open(f->dir, 1 << 30, &f->writer, NULL), 0);
	write_frames(f, 2, 1, 100);
	read_frames(f, 0, 1);
	read_frames(f, 2, 1);
	assert_int_equal(spool_reader_skipped_bytes(f->reader), 24 + 100 - 30);
}

static void the_last_frame_stays_until_there_is_another(void **state)
{
	struct fixture *f = *state;
	char path[SPOOL_PATH_MAX];
	struct stat st;

	assert_int_equal(spool_last_frame(f->dir, &f->frame, NULL), 0);
	write_frames(f, 0, 3, 100);
	read_frames(f, 0, 3);
	/* A writer that has written nothing takes nothing away. */
	spool_writer_close(f->writer);
	assert_int_equal(spool_writer_open(f->dir, 1 << 30, &f->writer, NULL), 0);
	assert_int_equal(spool_reader_next(f->reader, &f->frame, NULL), 0);
	assert_int_equal(spool_last_frame(f->dir, &f->frame, NULL), 1);
	assert_int_equal(frame_number(&f->frame), 2);
	spool_segment_path(f->dir, 1, path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(truncate(path, st.st_size - 1), 0);
	assert_int_equal(spool_last_frame(f->dir, &f->frame, NULL), 1);
	assert_int_equal(frame_number(&f->frame), 1);
	write_frames(f, 3, 1, 100);
	assert_int_equal(spool_last_frame(f->dir, &f->frame, NULL), 1);
	assert_int_equal(frame_number(&f->frame), 3);
}

static void a_full_spool_refuses_until_there_is_room(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };

	spool_writer_close(f->writer);
	assert_int_equal(spool_writer_open(f->dir, 4096, &f->writer, NULL), 0);
	write_frames(f, 0, 2, 1900);
	make_frame(&f->frame, 2, 1900);
	assert_int_equal(spool_writer_append(f->writer, f->frame.data, f->frame.len, &err), -ENOSPC);
	assert_non_null(strstr(err.msg, "of 4096 bytes used"));
	read_frames(f, 0, 2);
}

static void a_full_disk_leaves_no_half_frame(void **state)
{
	struct fixture *f = *state;
	struct buf frame = BUF_INIT(WIRE_PACKED_MAX);
	char command[128];
	int r = 0;

	/* A file system of one mebibyte of our own. */
	spool_writer_close(f->writer);
	snprintf(command, sizeof(command), "mount -t tmpfs -o size=1m none %s", f->dir);
	assert_int_equal(system(command), 0);
	assert_int_equal(spool_writer_open(f->dir, 1 << 30, &f->writer, NULL), 0);
	for (uint32_t i = 0; i < 20 && r == 0; i++) {
		make_frame(&frame, i, 100000);
		r = spool_writer_append(f->writer, frame.data, frame.len, NULL);
	}
	assert_int_equal(r, -ENOSPC);
	read_frames(f, 0, 10);
	assert_int_equal(spool_reader_next(f->reader, &f->frame, NULL), 0);
	spool_writer_close(TAKE_PTR(f->writer));
	spool_reader_close(TAKE_PTR(f->reader));
	buf_done(&frame);
	snprintf(command, sizeof(command), "umount %s", f->dir);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(frames_come_in_order_and_wait_for_the_next, setup, teardown),
		cmocka_unit_test_setup_teardown(what_was_not_acknowledged_comes_again, setup, teardown),
		cmocka_unit_test_setup_teardown(acknowledged_segments_are_deleted, setup, teardown),
		cmocka_unit_test_setup_teardown(a_torn_frame_of_a_crash_is_skipped_and_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(the_last_frame_stays_until_there_is_another, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_spool_refuses_until_there_is_room, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_disk_leaves_no_half_frame, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
