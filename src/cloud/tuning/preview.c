/* SPDX-License-Identifier: Apache-2.0 */
/*
 * preview.c - what an exception would have silenced, by the alerts that were made without it
 *
 * An alert keeps its first processes as evidence, so this is what is known of it, not each event.
 * One that a custom detection made is no rule's and is left out.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cloud/incident/incident.h"
#include "cloud/tuning/tuning_internal.h"

#define DAY_NS (86400 * NSEC_PER_SEC)
#define ENTITY_BYTES (1u << 20)

struct preview {
	struct state_conn *conn;
	const char *tenant_id;
	struct conditions conditions;
	json_t *shown;
	int64_t looked_at, wholly, partly, events;
	bool limited;
};

struct counts {
	int64_t evidence, processes, held;
};

/* Of the alert's processes, those that the conditions hold for. */
static int count_processes(struct preview *p, const char *alert_id, struct counts *ret,
			   struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	struct arena arena;
	int r = state_query(p->conn, &st, err,
			    "SELECT entity, entity_type = 'Process' FROM alert_evidence WHERE "
			    "tenant_id = ? AND alert_id = ?",
			    "ss", p->tenant_id, alert_id);

	arena_init(&arena, ENTITY_BYTES);
	while (r == 0 && (r = state_step(st, err)) == 1) {
		_cleanup_(json_decrefp) json_t *entity = NULL;
		struct facts facts;

		r = 0;
		ret->evidence++;
		if (!state_int(st, 1))
			continue;
		entity = json_loads(state_text(st, 0), 0, NULL);
		arena_reset(&arena);
		r = facts_of_evidence(entity, &arena, &facts);
		ret->processes++;
		ret->held += r == 0 && conditions_hold(&p->conditions, TUNING_OF_PROCESS, &facts);
	}
	arena_done(&arena);
	return r;
}

static bool device_holds(const struct preview *p, struct state_stmt *st)
{
	_cleanup_(json_decrefp) json_t *tags = json_loads(state_text(st, 5) ?: "[]", 0, NULL);
	const char *id = state_text(st, 3);
	struct facts facts = { .tags = tags };

	facts.values[TUNING_MACHINE_ID] = (struct fact){ id, strlen(id) };
	return conditions_hold(&p->conditions, TUNING_OF_DEVICE, &facts);
}

static int show(struct preview *p, struct state_stmt *st, bool wholly)
{
	char time[CLOCK_RFC3339_SIZE];
	json_t *alert;

	if (json_array_size(p->shown) == TUNING_PREVIEW_SHOWN_MAX)
		return 0;
	clock_format_rfc3339(state_int(st, 6), 7, time);
	alert = json_pack("{s:s,s:s,s:s,s:s,s:s?,s:s,s:I,s:b}", "id", state_text(st, 0), "title",
			  state_text(st, 1), "severity", state_text(st, 2), "machineId",
			  state_text(st, 3), "computerDnsName", state_text(st, 4), "firstEventTime",
			  time, "eventCount", (json_int_t)state_int(st, 7), "wholly", wholly);
	return json_array_append_new(p->shown, alert) < 0 ? -ENOMEM : 0;
}

static int look_at(struct preview *p, struct state_stmt *st, struct err *err)
{
	struct counts counts = { 0 };
	bool wholly;
	int r = device_holds(p, st) ? count_processes(p, state_text(st, 0), &counts, err) : 0;

	p->looked_at++;
	if (r < 0 || !counts.held)
		return r;
	wholly = counts.held == counts.processes;
	p->limited |= counts.evidence >= ALERT_EVIDENCE_MAX;
	p->wholly += wholly;
	p->partly += !wholly;
	p->events += wholly ? state_int(st, 7) : 0;
	return show(p, st, wholly);
}

static int look(struct preview *p, const char *rule_id, struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(
	    p->conn, &st, err,
	    "SELECT a.id, a.title, a.severity, a.device_id, d.computer_dns_name, d.machine_tags,"
	    " a.first_event_ns, a.event_count FROM alert a LEFT JOIN device d"
	    " ON d.tenant_id = a.tenant_id AND d.id = a.device_id WHERE a.tenant_id = ?"
	    " AND a.created_ns >= ? AND (? IS NULL OR a.rule_id = ?) AND a.rule_id NOT IN"
	    " (SELECT detector_id FROM custom_rule c WHERE c.tenant_id = a.tenant_id)"
	    " ORDER BY a.created_ns DESC, a.id",
	    "siss", p->tenant_id, clock_realtime_ns() - TUNING_PREVIEW_DAYS * DAY_NS, rule_id,
	    rule_id);

	while (r == 0 && (r = state_step(st, err)) == 1) {
		if (p->looked_at == TUNING_PREVIEW_ALERTS_MAX) {
			p->limited = true;
			return 0;
		}
		r = look_at(p, st, err);
	}
	return r;
}

int tuning_preview(struct tuning *t, const char *tenant_id, const struct tuning_draft *draft,
		   json_t **ret_json, struct err *err)
{
	struct preview p = { .conn = tuning_conn(t),
			     .tenant_id = tenant_id,
			     .shown = json_array() };
	struct arena arena;
	int r;

	arena_init(&arena, TUNING_CONDITIONS_MAX * 2 * TUNING_VALUE_MAX);
	r = conditions_read(draft->conditions, draft->rule_id, &arena, &p.conditions, err);
	if (r == 0)
		r = p.conn && p.shown ? look(&p, draft->rule_id, err) : -ENOMEM;
	arena_done(&arena);
	if (r < 0) {
		json_decref(p.shown);
		return r;
	}
	*ret_json =
	    json_pack("{s:i,s:I,s:b,s:I,s:I,s:I,s:o}", "days", TUNING_PREVIEW_DAYS, "lookedAt",
		      (json_int_t)p.looked_at, "limited", p.limited, "alertCount",
		      (json_int_t)p.wholly, "partlyCount", (json_int_t)p.partly, "eventCount",
		      (json_int_t)p.events, "alerts", p.shown);
	return *ret_json ? 0 : -ENOMEM;
}
