/* SPDX-License-Identifier: Apache-2.0 */
/*
 * retention.h - alerts and incidents go when the events behind them have gone
 *
 * By when something last happened to them, whatever their status: an alert that nobody touched for
 * as long has no row left in the store that it could be judged by.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "store/state.h"

/*
 * Removes what was last updated before, in transactions short enough that ingest does not notice.
 * *ret_alerts: how many alerts went, at most a thousand a call: a clock of ours that jumped years
 * ahead is noticed before it has cost everything.
 * An incident goes with its last alert; the newest of a tenant stays, for its number must not be
 * given again.
 */
int incident_retain(struct state *state, int64_t before_ns, int64_t *ret_alerts, struct err *err);
