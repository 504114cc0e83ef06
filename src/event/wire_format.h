/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire_format.h - the numbers that wire_writer.c and wire_reader.c must agree on
 *
 * Protobuf's encoding: https://protobuf.dev/programming-guides/encoding/
 */
#pragma once

#define WIRE_MAGIC "VKT1"

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

enum wire_batch_field {
	WIRE_BATCH_STREAM = 1,
	WIRE_BATCH_NUMBER = 2,
	WIRE_BATCH_BOOT_ID = 3,
	WIRE_BATCH_REALTIME = 4,
	WIRE_BATCH_BOOTTIME = 5,
	WIRE_BATCH_EVENT = 6,
};

enum wire_event_field { WIRE_EVENT_CPU = 1, WIRE_EVENT_SEQUENCE = 2, WIRE_EVENT_BOOTTIME = 3 };

/* A row of table id n is field 15 + n of Event: clear of what the envelope may still need. */
#define WIRE_ROW_BASE 15
