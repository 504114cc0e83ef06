/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench-store.c - rows a second that a running vakt-store takes, one sender, 10,000 rows a block
 *
 * Argument: the store's address, "unix:PATH". Writes into its tables: use a store of its own.
 */
#include <stdio.h>

#include "base/clock.h"
#include "store/native.h"
#include "store/telemetry.h"

#define BLOCKS 30
#define ROWS 10000

static int add_rows(struct native_builder *b, uint64_t first)
{
	static const struct native_envelope envelope = {
		.tenant_id = "bench", .device_id = "d", .device_name = "host", .boot_id = "b",
		.stream = "s", .received_ns = 1790000000000000000,
	};
	static struct event e;
	char line[128];
	int r = native_builder_begin(b, &envelope);

	for (uint64_t i = first; i < first + ROWS && r == 0; i++) {
		event_init(&e, EVENT_DeviceProcessEvents);
		e.sequence = i;
		snprintf(line, sizeof(line), "/usr/bin/program%llu --number %llu --output /tmp/x",
			 (unsigned long long)(i % 300), (unsigned long long)i);
		event_set_int(&e, DeviceProcessEvents_Timestamp, 1790000000000000000 + (int64_t)i);
		event_set_str(&e, DeviceProcessEvents_ActionType, "ProcessCreated");
		event_set_str(&e, DeviceProcessEvents_ProcessCommandLine, line);
		r = native_builder_add(b, &e);
	}
	return r;
}

static int send_block(struct telemetry *t, struct native_builder *b, int number, struct err *err)
{
	_cleanup_buf_ struct buf block = BUF_INIT(256 << 20);
	char token[64];
	int r = add_rows(b, (uint64_t)number * ROWS);

	if (r == 0)
		r = native_builder_finish(b, &block);
	snprintf(token, sizeof(token), "bench:%lld:%d", (long long)clock_realtime_ns(), number);
	return r < 0 ? r : telemetry_insert(t, "DeviceProcessEvents", native_builder_columns(b),
					    block.data, block.len, token, err);
}

int main(int argc, char **argv)
{
	struct telemetry_options options = { .database = "vakt", .connections_max = 1 };
	_cleanup_(telemetry_closep) struct telemetry *t = NULL;
	_cleanup_(native_builder_freep) struct native_builder *b = NULL;
	struct err err = { 0 };
	int64_t start;
	double seconds;
	int r;

	if (argc != 2) {
		fprintf(stderr, "usage: bench-store unix:PATH\n");
		return 2;
	}
	options.address = argv[1];
	r = telemetry_open(&options, &t, &err);
	if (r == 0)
		r = telemetry_migrate(t, &err);
	if (r == 0)
		r = native_builder_new(&event_tables[EVENT_DeviceProcessEvents], &b);
	start = clock_monotonic_ns();
	for (int i = 0; i < BLOCKS && r == 0; i++)
		r = send_block(t, b, i, &err);
	if (r < 0) {
		fprintf(stderr, "bench-store: %s\n", err_msg(&err, r));
		return 1;
	}
	seconds = (double)(clock_monotonic_ns() - start) / NSEC_PER_SEC;
	printf("%d rows in %.2f s: %.0f rows/s\n", BLOCKS * ROWS, seconds, BLOCKS * ROWS / seconds);
	return 0;
}
