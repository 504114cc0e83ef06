/* SPDX-License-Identifier: Apache-2.0 */
/*
 * health.h - what the sensor says about itself, as one JSON object
 */
#pragma once

#include "base/buf.h"
#include "base/config.h"
#include "sensor/kernel/kernel.h"
#include "sensor/logs/logs.h"
#include "sensor/process/monitor.h"
#include "sensor/process/outbox.h"

struct sensor_parts {
	const struct kernel *kernel;
	const struct monitor *monitor;
	struct outbox *outbox;
	const struct logs *logs;
	const struct config_set *config;
};

void sensor_health(const struct sensor_parts *parts, struct buf *out);
