/* SPDX-License-Identifier: Apache-2.0 */
/*
 * health.h - what the sensor says about itself, as one JSON object
 */
#pragma once

#include "base/buf.h"
#include "base/config.h"
#include "sensor/kernel/kernel.h"
#include "sensor/process/monitor.h"
#include "sensor/process/outbox.h"

void sensor_health(const struct kernel *k, const struct monitor *m, struct outbox *o,
		   const struct config_set *config, struct buf *out);
