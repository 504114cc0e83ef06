/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event_json.h - an event as one JSON object, column names as keys, for people and for tests
 *
 * Times are RFC 3339 text, numbers of 64 bits are numbers, absent columns are left out. The table's
 * name stands first under "Table".
 */
#pragma once

#include "base/buf.h"
#include "event/event.h"

int event_to_json(const struct event *e, struct buf *out);
