/* SPDX-License-Identifier: Apache-2.0 */
/*
 * retention.c - removes old alerts and incidents, a few at a time
 */
#include "cloud/incident/retention.h"

#include "base/macro.h"

#define STEP_ALERTS 100 /* of a transaction */
#define STEPS_MAX 10	/* of a call */

#define STRINGIFY(number) #number
#define TEXT(number) STRINGIFY(number)

/* The same alerts for each statement of a transaction: the alert itself goes last. */
#define OLD_ALERTS                                                                                 \
	"(SELECT tenant_id, id FROM alert WHERE updated_ns < ? ORDER BY updated_ns, tenant_id, "   \
	"id LIMIT " TEXT(STEP_ALERTS) ")"

static const char *const of_alerts[] = {
	"DELETE FROM alert_event WHERE (tenant_id, alert_id) IN " OLD_ALERTS,
	"DELETE FROM alert_evidence WHERE (tenant_id, alert_id) IN " OLD_ALERTS,
	"DELETE FROM alert_comment WHERE (tenant_id, alert_id) IN " OLD_ALERTS,
	"DELETE FROM alert WHERE (tenant_id, id) IN " OLD_ALERTS,
};

#define EMPTY_INCIDENTS                                                                            \
	"(SELECT i.tenant_id, i.id FROM incident i WHERE i.updated_ns < ? AND NOT EXISTS"          \
	" (SELECT 1 FROM alert a WHERE a.tenant_id = i.tenant_id AND a.incident_id = i.id)"        \
	" AND i.id < (SELECT max(n.id) FROM incident n WHERE n.tenant_id = i.tenant_id))"

static const char *const of_incidents[] = {
	"DELETE FROM incident_comment WHERE (tenant_id, incident_id) IN " EMPTY_INCIDENTS,
	"DELETE FROM incident WHERE (tenant_id, id) IN " EMPTY_INCIDENTS,
};

/* One transaction; returns how many rows the last statement removed. */
static int64_t remove_by(struct state_conn *c, const char *const *statements, size_t count,
			 int64_t before_ns, struct err *err)
{
	int64_t removed = 0;
	int r = state_begin(c, err);

	for (size_t i = 0; i < count && r >= 0; i++) {
		r = state_exec(c, err, statements[i], "i", before_ns);
		removed = state_changes(c);
	}
	r = state_end(c, r, err);
	return r < 0 ? r : removed;
}

int incident_retain(struct state *state, int64_t before_ns, int64_t *ret_alerts, struct err *err)
{
	struct state_conn *c = state_get(state);
	int64_t n = STEP_ALERTS;

	*ret_alerts = 0;
	for (int i = 0; i < STEPS_MAX && n == STEP_ALERTS; i++) {
		n = remove_by(c, of_alerts, ARRAY_SIZE(of_alerts), before_ns, err);
		if (n < 0)
			return (int)n;
		*ret_alerts += n;
	}
	n = remove_by(c, of_incidents, ARRAY_SIZE(of_incidents), before_ns, err);
	return n < 0 ? (int)n : 0;
}
