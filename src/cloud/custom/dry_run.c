/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dry_run.c - what a rule would have found, before it is switched on
 *
 * The whole time that hunting sees is asked at once, in a person's name. For a rule that looks at
 * one row at a time that is what its runs would have found; for one that puts rows together it is
 * what one run over all of it finds. This file must not write anything.
 */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "cloud/custom/custom_internal.h"
#include "cloud/custom/record.h"
#include "cloud/custom/schedule.h"

static int ask(struct custom *c, const struct hunt_request *request, struct hunt_run **ret_run,
	       struct results *results, struct err *err)
{
	struct hunt_result result;
	int r = hunt_begin(c->options.hunt, request, ret_run, err);

	if (r == 0)
		r = hunt_execute(*ret_run, &results->answer, &result, err);
	if (r == 0)
		results->limited = result.limited;
	return r;
}

static json_t *time_json(int64_t ns)
{
	char text[CLOCK_RFC3339_SIZE];

	clock_format_rfc3339(ns, 7, text);
	return json_string(text);
}

static json_t *alert_json(struct state_conn *c, const char *tenant_id,
			  const struct custom_draft *draft, const struct results *results,
			  const struct group *g)
{
	_cleanup_(json_decrefp) json_t *values = result_values(results, g->first);
	struct incident_text text;
	struct arena arena;
	char name[256] = "";
	json_t *alert = NULL;

	arena_init(&arena, 4u << 20);
	(void)record_device_name(c, tenant_id, g->first->device, name, NULL);
	if (record_texts(draft, &results->columns, values, &arena, &text) == 0)
		alert =
		    json_pack("{s:s,s:s,s:s,s:s,s:o,s:o,s:I}", "title", text.title, "description",
			      text.description, "machineId", g->first->device, "computerDnsName",
			      name, "firstEventTime", time_json(g->first->time_ns), "lastEventTime",
			      time_json(g->last->time_ns), "eventCount", (json_int_t)g->count);
	arena_done(&arena);
	return alert;
}

static json_t *alerts_json(struct custom *c, const char *tenant_id,
			   const struct custom_draft *draft, const struct results *results,
			   const struct groups *groups)
{
	struct state_conn *conn = state_get(c->options.state);
	json_t *list = json_array();

	/* The newest first: these are the ones that a person remembers. */
	for (size_t i = groups->count; conn && i-- > 0;) {
		if (json_array_size(list) == CUSTOM_DRY_ROWS_MAX)
			break;
		json_array_append_new(
		    list, alert_json(conn, tenant_id, draft, results, &groups->list[i]));
	}
	return list;
}

static json_t *rows_json(const struct results *results)
{
	json_t *list = json_array();

	for (size_t i = results->count; i-- > 0 && json_array_size(list) < CUSTOM_DRY_ROWS_MAX;)
		json_array_append_new(list, result_values(results, &results->list[i]));
	return list;
}

int custom_dry_run(struct custom *c, const struct custom_caller *who,
		   const struct custom_draft *draft, bool (*gone)(void *arg), void *gone_arg,
		   json_t **ret_json, struct err *err)
{
	const struct hunt_request request = { .text = draft->query,
					      .len = strlen(draft->query),
					      .tenant_id = who->tenant_id,
					      .principal_id = who->principal_id,
					      .form = HUNT_LINES,
					      .gone = gone,
					      .gone_arg = gone_arg,
					      .rows_max = CUSTOM_RESULTS_MAX };
	_cleanup_(results_done) struct results results;
	_cleanup_(groups_done) struct groups groups = { 0 };
	_cleanup_(hunt_endp) struct hunt_run *run = NULL;
	int64_t now = clock_realtime_ns();
	int r;

	results_init(&results);
	r = ask(c, &request, &run, &results, err);
	if (r < 0)
		return r;
	result_columns_of(hunt_run_query(run), draft, &results.columns);
	r = results_read(&results, now);
	if (r == 0)
		r = record_resolve(state_get(c->options.state), who->tenant_id, &results, err);
	if (r == 0)
		r = groups_make(&results, &(struct grouping){ "", draft->suppress_s }, &groups);
	if (r < 0)
		return r;
	*ret_json =
	    json_pack("{s:i,s:I,s:b,s:I,s:o,s:o,s:o}", "days", (int)hunt_days(c->options.hunt),
		      "results", (json_int_t)results.count, "limited", results.limited,
		      "alertCount", (json_int_t)groups.count, "alerts",
		      alerts_json(c, who->tenant_id, draft, &results, &groups), "columns",
		      hunt_columns_json(hunt_run_query(run)), "rows", rows_json(&results));
	return *ret_json ? 0 : -ENOMEM;
}
