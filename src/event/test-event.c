/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "event/wire.h"

#define BOOT "0da61837-3532-4b9d-ae43-7dfa6055954f"

static const struct wire_batch sample_batch = {
	.stream = "00112233445566778899aabbccddeeff",
	.number = 7,
	.boot_id = BOOT,
	.sealed_realtime_ns = 1790000000123456789,
	.sealed_boottime_ns = 42,
};

/* A value for every field of a table, different for each. */
static void fill_event(struct event *e, enum event_table_id table, char text[][40])
{
	event_init(e, table);
	e->cpu = 3;
	e->sequence = UINT64_MAX;
	e->boottime_ns = -5;
	for (unsigned int i = 0; i < e->table->field_count; i++) {
		const struct event_field *f = &e->table->fields[i];

		if (f->type == EVENT_STRING || f->type == EVENT_DYNAMIC) {
			snprintf(text[i], 40, "v\xc3\xa4rde %u", i);
			event_set_str(e, i, text[i]);
		} else if (f->type == EVENT_REAL) {
			event_set_real(e, i, i + 0.5);
		} else if (f->type == EVENT_BOOL) {
			event_set_int(e, i, i & 1);
		} else if (f->type == EVENT_INT) {
			event_set_int(e, i, -(int64_t)i);
		} else {
			event_set_int(e, i, i & 1 ? INT64_MIN + i : INT64_MAX - i);
		}
	}
}

static void assert_same(const struct event *a, const struct event *b)
{
	assert_ptr_equal(a->table, b->table);
	assert_int_equal(a->cpu, b->cpu);
	assert_true(a->sequence == b->sequence);
	assert_int_equal(a->boottime_ns, b->boottime_ns);
	assert_memory_equal(a->set, b->set, sizeof(a->set));
	for (unsigned int i = 0; i < a->table->field_count; i++) {
		if (!event_has(a, i))
			continue;
		if (a->table->fields[i].type == EVENT_STRING ||
		    a->table->fields[i].type == EVENT_DYNAMIC) {
			assert_int_equal(a->values[i].len, b->values[i].len);
			assert_memory_equal(a->values[i].s, b->values[i].s, a->values[i].len);
		} else {
			assert_int_equal(a->values[i].i, b->values[i].i);
		}
	}
}

static void every_field_of_every_table_goes_both_ways(void **state _unused_)
{
	_cleanup_(wire_writer_freep) struct wire_writer *w = NULL;
	_cleanup_(wire_reader_freep) struct wire_reader *r = NULL;
	_cleanup_buf_ struct buf frame = BUF_INIT(1 << 20);
	static char text[EVENT_FIELDS_MAX][40];
	static struct event in, out;
	struct wire_batch batch;
	struct err err;

	assert_int_equal(wire_writer_new(&w), 0);
	assert_int_equal(wire_reader_new(&r), 0);
	for (int t = 0; t < EVENT_TABLE_COUNT; t++) {
		fill_event(&in, (enum event_table_id)t, text);
		assert_int_equal(wire_writer_add(w, &in), 0);
	}
	assert_int_equal(wire_writer_seal(w, &sample_batch, &frame), 0);
	assert_int_equal(wire_writer_count(w), 0);
	assert_int_equal(wire_frame_length(frame.data, frame.len), frame.len);
	assert_int_equal(wire_reader_open(r, frame.data, frame.len, &batch, &err), 0);
	assert_string_equal(batch.stream, sample_batch.stream);
	assert_string_equal(batch.boot_id, BOOT);
	assert_int_equal(batch.number, 7);
	assert_int_equal(batch.sealed_realtime_ns, sample_batch.sealed_realtime_ns);
	assert_int_equal(batch.event_count, EVENT_TABLE_COUNT);
	for (int t = 0; t < EVENT_TABLE_COUNT; t++) {
		fill_event(&in, (enum event_table_id)t, text);
		assert_int_equal(wire_reader_next(r, &out, &err), 1);
		assert_same(&in, &out);
	}
	assert_int_equal(wire_reader_next(r, &out, &err), 0);
}

static void make_frame(struct buf *frame, const char *name, size_t len)
{
	_cleanup_(wire_writer_freep) struct wire_writer *w = NULL;
	static struct event e;

	assert_int_equal(wire_writer_new(&w), 0);
	event_init(&e, EVENT_DeviceProcessEvents);
	event_set_text(&e, DeviceProcessEvents_FileName, name, len);
	assert_int_equal(wire_writer_add(w, &e), 0);
	assert_int_equal(wire_writer_seal(w, &sample_batch, frame), 0);
}

static void damaged_frames_are_refused_with_a_reason(void **state _unused_)
{
	_cleanup_(wire_reader_freep) struct wire_reader *r = NULL;
	_cleanup_buf_ struct buf frame = BUF_INIT(1 << 20);
	struct wire_batch batch;
	struct err err;

	assert_int_equal(wire_reader_new(&r), 0);
	make_frame(&frame, "bash", 4);
	for (size_t i = 0; i < frame.len; i++) {
		frame.data[i] ^= 0x10;
		/* The count of events is not under the hash; it shows while reading. */
		if (wire_reader_open(r, frame.data, frame.len, &batch, &err) == 0) {
			static struct event e;
			int n;

			while ((n = wire_reader_next(r, &e, &err)) > 0)
				;
			assert_int_equal(n, -EBADMSG);
		}
		assert_true(err.msg[0] != '\0');
		frame.data[i] ^= 0x10;
	}
	for (size_t len = 0; len < frame.len; len++)
		assert_int_equal(wire_reader_open(r, frame.data, len, &batch, &err), -EBADMSG);
	assert_int_equal(wire_reader_open(r, frame.data, frame.len, &batch, &err), 0);
}

static void text_that_is_not_utf8_is_refused(void **state _unused_)
{
	_cleanup_(wire_reader_freep) struct wire_reader *r = NULL;
	_cleanup_buf_ struct buf frame = BUF_INIT(1 << 20);
	static struct event e;
	struct wire_batch batch;
	struct err err;

	assert_int_equal(wire_reader_new(&r), 0);
	make_frame(&frame, "b\xff", 2);
	assert_int_equal(wire_reader_open(r, frame.data, frame.len, &batch, &err), 0);
	assert_int_equal(wire_reader_next(r, &e, &err), -EBADMSG);
	assert_string_equal(err.msg, "event 1: DeviceProcessEvents.FileName: not UTF-8");
}

static void long_text_is_cut_between_characters(void **state _unused_)
{
	_cleanup_(wire_reader_freep) struct wire_reader *r = NULL;
	_cleanup_buf_ struct buf frame = BUF_INIT(1 << 20);
	static struct event e;
	static char name[40001];
	struct wire_batch batch;
	struct err err;

	name[0] = 'a';
	for (size_t i = 1; i + 1 < sizeof(name); i += 2)
		memcpy(name + i, "\xc3\xa5", 2);
	assert_int_equal(wire_reader_new(&r), 0);
	make_frame(&frame, name, sizeof(name));
	assert_int_equal(wire_reader_open(r, frame.data, frame.len, &batch, &err), 0);
	assert_int_equal(wire_reader_next(r, &e, &err), 1);
	assert_int_equal(e.values[DeviceProcessEvents_FileName].len, 32767);
}

static void a_full_batch_refuses_and_stays_whole(void **state _unused_)
{
	_cleanup_(wire_writer_freep) struct wire_writer *w = NULL;
	_cleanup_(wire_reader_freep) struct wire_reader *r = NULL;
	_cleanup_buf_ struct buf frame = BUF_INIT(64 << 20);
	static struct event e;
	struct wire_batch batch;

	assert_int_equal(wire_writer_new(&w), 0);
	assert_int_equal(wire_reader_new(&r), 0);
	event_init(&e, EVENT_SensorGaps);
	for (unsigned int i = 0; i < WIRE_EVENTS_MAX; i++)
		assert_int_equal(wire_writer_add(w, &e), 0);
	assert_int_equal(wire_writer_add(w, &e), -EMSGSIZE);
	assert_int_equal(wire_writer_seal(w, &sample_batch, &frame), 0);
	assert_int_equal(wire_reader_open(r, frame.data, frame.len, &batch, NULL), 0);
	assert_int_equal(batch.event_count, WIRE_EVENTS_MAX);
}

static void identities_do_not_depend_on_who_asks(void **state _unused_)
{
	char a[EVENT_UNIQUE_ID_SIZE], b[EVENT_UNIQUE_ID_SIZE];

	event_process_unique_id(BOOT, 100, 1000, a);
	event_process_unique_id(BOOT, 100, 1001, b);
	assert_string_not_equal(a, b);
	event_process_unique_id(BOOT, 100, 1000, b);
	assert_string_equal(a, b);
	assert_true(event_report_id(BOOT, 0, 1) > 0);
	assert_true(event_report_id(BOOT, 0, 1) != event_report_id(BOOT, 1, 1));
}

static void fields_are_found_by_name(void **state _unused_)
{
	const struct event_table *t = event_table_find("DeviceFileEvents");

	assert_non_null(t);
	assert_int_equal(event_field_find(t, "FolderPath"), DeviceFileEvents_FolderPath);
	assert_int_equal(event_field_find(t, "Nothing"), -ENOENT);
	assert_string_equal(t->fields[DeviceFileEvents_FolderPath].sigma, "TargetFilename");
	assert_null(event_table_find("deviceFileEvents"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_of_every_table_goes_both_ways),
		cmocka_unit_test(damaged_frames_are_refused_with_a_reason),
		cmocka_unit_test(text_that_is_not_utf8_is_refused),
		cmocka_unit_test(long_text_is_cut_between_characters),
		cmocka_unit_test(a_full_batch_refuses_and_stays_whole),
		cmocka_unit_test(identities_do_not_depend_on_who_asks),
		cmocka_unit_test(fields_are_found_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
