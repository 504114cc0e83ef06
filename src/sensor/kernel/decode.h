/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decode.h - a record of the ring as a struct kernel_event; believes no length in it
 */
#pragma once

#include "base/err.h"
#include "sensor/kernel/kernel.h"

/* 0, or -EBADMSG where a size or kind cannot be. Strings of *ret_event point into data. */
int decode_record(const void *data, size_t len, struct kernel_event *ret_event);
