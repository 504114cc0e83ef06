/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit.c - appends to the audit log; nothing here changes or removes a row
 */
#include "base/clock.h"
#include "cloud/access/access.h"

int access_audit(struct state_conn *c, const struct access_identity *id,
		 const struct access_event *event, struct err *err)
{
	int r = state_begin(c, err);

	if (r < 0)
		return r;
	r = state_exec(
	    c, err,
	    "INSERT INTO audit (tenant_id, time_ns, actor, address, operation, target,"
	    " outcome, details) VALUES (coalesce(?, (SELECT id FROM tenant ORDER BY created_ns"
	    " LIMIT 1)),?,?,?,?,?,?,coalesce(?,'{}'))",
	    "sissssss", id ? id->tenant_id : NULL, clock_realtime_ns(), id ? id->name : "",
	    event->address, event->operation, event->target, event->outcome, event->details);
	r = state_end(c, r, err);
	return r < 0 ? r : 0;
}
