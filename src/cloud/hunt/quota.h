/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quota.h - how long each tenant's queries have run this hour and this day
 *
 * Fixed windows of the monotonic clock. Not thread-safe: hunt.c has the lock.
 */
#pragma once

#include <stdint.h>

#include "base/macro.h"

struct hunt_quota;

struct hunt_quota *hunt_quota_new(void);
void hunt_quota_free(struct hunt_quota *q);
DEFINE_CLEANUP(struct hunt_quota *, hunt_quota_free)
/* Seconds until the tenant may run again; 0: now. */
unsigned int hunt_quota_wait_s(const struct hunt_quota *q, const char *tenant_id, int64_t now_ns);
void hunt_quota_add(struct hunt_quota *q, const char *tenant_id, int64_t ran_ns, int64_t now_ns);
