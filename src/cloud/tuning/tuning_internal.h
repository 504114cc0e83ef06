/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tuning_internal.h - what the files of this folder share
 */
#pragma once

#include "cloud/tuning/decided.h"
#include "cloud/tuning/tuning.h"

/* What the tenant has decided by now. One reference. */
int tuning_decided(struct tuning *t, const char *tenant_id, struct decided **ret_decided,
		   struct err *err);
struct state_conn *tuning_conn(struct tuning *t);
