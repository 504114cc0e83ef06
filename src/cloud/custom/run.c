/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.c - one run of one rule: asked, recorded, and how it ended
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cloud/custom/custom_internal.h"
#include "cloud/custom/record.h"
#include "cloud/custom/schedule.h"

#define CONTINUOUS_EXECUTION_S 30
#define REASON_MAX 600

/* What a run carries from its beginning to its end. */
struct running {
	struct custom *custom;
	const struct custom_rule *rule;
	struct hunt_run *run;
	struct results results;
	struct run_outcome outcome;
	char reason[REASON_MAX];
};

static void running_done(struct running *r)
{
	hunt_end(r->run);
	results_done(&r->results);
}

static bool is_stopping(void *arg)
{
	struct custom *c = arg;

	return atomic_load(&c->stopping);
}

const char *run_error_code(int r, bool *ret_transient)
{
	*ret_transient = r == -EBUSY || r == -EDQUOT || r == -EAGAIN || r == -ENOMEM;
	switch (r) {
	case -EBUSY:
	case -EDQUOT:
		return "queryExecutionThrottling";
	case -ETIMEDOUT:
		return "queryTimeout";
	case -ENOBUFS:
		return "queryLimitsExceeded";
	case -EMSGSIZE:
		return "queryExceededResultSize";
	default:
		return "queryExecutionFailed";
	}
}

/* What the error's own words leave out. */
static void say_why(struct running *run, int r, const struct err *err)
{
	const struct kql_diagnostic *list;

	if (r == -EINVAL && run->run && kql_query_diagnostics(hunt_run_query(run->run), &list) > 0)
		snprintf(run->reason, sizeof(run->reason), "Line %u, column %u: %s%s%s",
			 list[0].line, list[0].column, list[0].message,
			 list[0].expected ? "; expected " : "", list[0].expected ?: "");
	else if (r == -ETIMEDOUT)
		snprintf(run->reason, sizeof(run->reason), "The query took longer than %d seconds.",
			 run->rule->draft.period_s == SCHEDULE_CONTINUOUS_S ? CONTINUOUS_EXECUTION_S
									    : HUNT_EXECUTION_S);
	else if (r == -ENOBUFS)
		snprintf(run->reason, sizeof(run->reason),
			 "The query takes more memory than one may; filter or summarize earlier.");
	else if (r == -EMSGSIZE)
		snprintf(run->reason, sizeof(run->reason),
			 "The result is too large; filter, or project fewer columns.");
	else if (r == -EAGAIN)
		snprintf(run->reason, sizeof(run->reason), "The event store does not answer.");
	else
		snprintf(run->reason, sizeof(run->reason), "%s", err_msg(err, r));
}

static void set_failure(struct running *run, int r, const struct err *err)
{
	say_why(run, r, err);
	run->outcome.status = "failed";
	run->outcome.error_code = run_error_code(r, &run->outcome.transient);
	run->outcome.error = run->reason;
}

/* Rows that became no alert are said, whether they come again or not. */
static void set_success(struct running *run)
{
	struct run_outcome *o = &run->outcome;
	bool partly = o->left || run->results.limited || run->results.unreadable;

	o->status = partly ? "partiallyFailed" : "completed";
	if (!partly)
		return;
	o->error = run->reason;
	o->error_code = run->results.unreadable ? "partialRowsFailed" : "queryExceededResultSize";
	if (run->results.unreadable)
		snprintf(run->reason, sizeof(run->reason), "%llu results could not be read.",
			 (unsigned long long)run->results.unreadable);
	else if (o->left)
		snprintf(run->reason, sizeof(run->reason),
			 "A run makes at most %d alerts; %llu results more wait for the next run.",
			 CUSTOM_ALERTS_MAX, (unsigned long long)o->left);
	else
		snprintf(run->reason, sizeof(run->reason),
			 "There are more results than %d; the newest were looked at.",
			 CUSTOM_RESULTS_MAX);
}

static int ask(struct running *run, struct err *err)
{
	const struct custom_rule *rule = run->rule;
	const struct custom_draft *d = &rule->draft;
	bool continuous = d->period_s == SCHEDULE_CONTINUOUS_S;
	struct hunt_request request = {
		.text = d->query,
		.len = strlen(d->query),
		.tenant_id = rule->tenant_id,
		.principal_id = rule->detector_id,
		.gone = is_stopping,
		.gone_arg = run->custom,
		.form = HUNT_LINES,
		.background = true,
		.continuous = continuous,
		.execution_s = continuous ? CONTINUOUS_EXECUTION_S : HUNT_EXECUTION_S,
		.rows_max = CUSTOM_RESULTS_MAX,
	};
	struct hunt_result result;
	int r;

	if (continuous)
		request.received_ns = run->outcome.from_ns;
	else
		request.recent_ns = run->outcome.from_ns;
	r = hunt_begin(run->custom->options.hunt, &request, &run->run, err);
	if (r == 0)
		r = hunt_execute(run->run, &run->results.answer, &result, err);
	if (r < 0)
		return r;
	run->results.limited = result.limited;
	result_columns_of(hunt_run_query(run->run), d, &run->results.columns);
	r = results_read(&run->results, run->outcome.started_ns);
	return r < 0 ? err_setf(err, r, "out of memory") : 0;
}

/* The columns may have gone with the schema since the rule was saved. */
static int check_columns(const struct running *run, struct err *err)
{
	const struct result_columns *c = &run->results.columns;

	if (c->time < 0)
		return err_setf(err, -EINVAL, "The result has no column Timestamp any more.");
	for (unsigned int i = 0; i < run->rule->draft.entity_count; i++) {
		bool there = false;

		for (unsigned int k = 0; k < c->count; k++)
			there |= strcmp(c->names[k], run->rule->draft.entities[i].column) == 0;
		if (!there)
			return err_setf(err, -EINVAL, "The result has no column %s any more.",
					run->rule->draft.entities[i].column);
	}
	return 0;
}

/* Tells the owner, once, that the rule has stopped seeing anything. */
static int tell_owner(struct state_conn *c, const struct running *run, struct err *err)
{
	const struct custom_rule *rule = run->rule;
	const struct rules_info info = { .id = rule->detector_id, .title = rule->draft.name };
	const struct incident_scope scope = { rule->tenant_id, "", "" };
	const struct detection d = { .rule = &info,
				     .custom = true,
				     .count = 1,
				     .first_ns = run->outcome.started_ns,
				     .last_ns = run->outcome.started_ns };
	struct incident_custom custom = { .detection = &d };
	char key[128], title[CUSTOM_NAME_MAX + 64], text[REASON_MAX + 256],
	    id[INCIDENT_ALERT_ID_SIZE];
	int r, n = snprintf(key, sizeof(key), "%s/cannot run/%lld", rule->detector_id,
			    (long long)(rule->failing_since_ns ?: run->outcome.started_ns));

	snprintf(title, sizeof(title), "Custom detection rule cannot run: %s", rule->draft.name);
	snprintf(
	    text, sizeof(text),
	    "The rule has failed %lld times in a row and sees nothing. It stays switched on and is "
	    "tried again. The last time: %s",
	    (long long)rule->failures + 1, run->reason);
	custom.text = (struct incident_text){
		title, text, "Medium", "General", "[]", "CustomDetection", rule->draft.owner
	};
	memcpy(custom.id, "da", 2);
	incident_hash(key, (size_t)n, custom.id + 2);
	memcpy(custom.group_key, custom.id + 2, sizeof(custom.group_key));
	r = incident_record_custom(c, &scope, &custom, NULL, id, err);
	return r < 0 ? r
		     : state_exec(
			   c, err,
			   "UPDATE custom_rule SET failure_alert_id = ? WHERE tenant_id = ? AND "
			   "id = ?",
			   "ssi", id, rule->tenant_id, rule->id);
}

static bool owner_is_to_know(const struct running *run)
{
	return strcmp(run->outcome.status, "failed") == 0 && !run->outcome.transient &&
	       !run->rule->told && run->rule->failures + 1 >= CUSTOM_FAILURES_TOLD;
}

/* Alerts, what they were made of, and the run's own mark: all or nothing. */
static int write_all(struct running *run, struct record *record, struct err *err)
{
	struct state_conn *c = state_get(run->custom->options.state);
	int r = c ? state_begin(c, err) : err_setf(err, -ENOMEM, "out of memory");

	if (r < 0)
		return r;
	if (record)
		r = record_write(record, &run->outcome, err);
	if (r == 0 && record)
		set_success(run);
	if (r == 0)
		r = rule_set_outcome(c, run->rule, &run->outcome, err);
	if (r == 0 && owner_is_to_know(run))
		r = tell_owner(c, run, err);
	return state_end(c, r, err);
}

static void count(struct running *run)
{
	struct custom *c = run->custom;

	pthread_mutex_lock(&c->lock);
	c->stats.runs++;
	c->stats.failed += strcmp(run->outcome.status, "failed") == 0;
	c->stats.alerts += run->outcome.alerts;
	c->stats.joined += run->outcome.joined;
	c->stats.left += run->outcome.left;
	pthread_mutex_unlock(&c->lock);
}

static int run_and_write(struct running *run, struct err *err)
{
	_cleanup_(record_freep) struct record *record = NULL;
	int64_t begun_ns = clock_monotonic_ns();
	struct err why = { 0 };
	int r = ask(run, &why);

	if (r == 0)
		r = check_columns(run, &why);
	if (r == 0)
		r = record_new(run->custom, run->rule, &run->results, hunt_run_query(run->run),
			       &record, &why);
	if (r == -ECANCELED)
		return r;
	run->outcome.results = run->results.count;
	run->outcome.duration_ms = (clock_monotonic_ns() - begun_ns) / NSEC_PER_MSEC;
	if (r == 0) {
		r = write_all(run, record, &why);
		if (r == 0 || r == -ESTALE)
			return r;
		run->outcome.alerts = run->outcome.joined = run->outcome.left = 0;
		set_failure(run, r, &why);
		run->outcome.error_code = "alertCreationFailed";
		run->outcome.transient = r == -EBUSY || r == -ENOSPC || r == -ENOMEM;
	} else {
		set_failure(run, r, &why);
	}
	return write_all(run, NULL, err);
}

int custom_run(struct custom *c, const struct custom_rule *rule, struct err *err)
{
	_cleanup_(running_done) struct running run = { .custom = c, .rule = rule };
	int r;

	results_init(&run.results);
	run.outcome.started_ns = clock_realtime_ns();
	run.outcome.from_ns =
	    schedule_from(rule->draft.period_s, rule->covered_ns, run.outcome.started_ns);
	r = run_and_write(&run, err);
	/* The words it ran by are not those of the rule any more: it will run by these. */
	if (r == -ESTALE || r == -ECANCELED)
		return 0;
	if (r == 0)
		count(&run);
	return r;
}
