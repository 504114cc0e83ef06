/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copies.h - alerts in the event store, where hunting queries read them (AlertInfo, AlertEvidence)
 *
 * State notes each alert that was made or got new evidence (alert_due). All rows of such an alert are
 * written anew; the store keeps the newest of each, so that what is written twice after a crash
 * changes nothing.
 */
#pragma once

#include "base/err.h"
#include "event/event.h"
#include "store/state.h"
#include "store/telemetry.h"

/* Of one alert (?1 tenant, ?2 id): device, its name, then the table's stored columns. Made from schema/copies/. */
extern const char *const alert_copy_selects[EVENT_COPY_COUNT];

/* What is due and was there when it was called; at most COPIES_ALERTS_MAX alerts. How many, or negative errno. */
#define COPIES_ALERTS_MAX 32
int copies_write(struct state_conn *c, struct telemetry *telemetry, struct err *err);

struct copier;
/* A thread that writes each second what is due. */
int copier_open(struct state *state, struct telemetry *telemetry, struct copier **ret_copier,
		struct err *err);
void copier_close(struct copier *c);
DEFINE_CLEANUP(struct copier *, copier_close)
