/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.c - the matches of one frame, held against what its tenant has decided
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cloud/tuning/tuning_internal.h"

/* Matches that made no alert; at most one entry for each rule and exception. */
struct silenced {
	const char *rule_id;			   /* the rule set's */
	const struct decided_exception *exception; /* NULL: the rule is off */
	uint64_t count;
};

struct tuning_run {
	struct detect_judge judge;
	struct decided *decided;
	const char *tenant_id;
	bool applies[TUNING_EXCEPTIONS_MAX]; /* the exception's conditions on the device hold */
	struct silenced *silenced;
	size_t count, room;
	int error;
};

static int read_tags(struct state_conn *c, const char *tenant_id, const char *device_id,
		     json_t **ret_tags, struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(c, &st, err,
			    "SELECT machine_tags FROM device WHERE tenant_id = ? AND id = ?", "ss",
			    tenant_id, device_id);

	if (r == 0)
		r = state_step(st, err);
	if (r == 1)
		*ret_tags = json_loads(state_text(st, 0), 0, NULL);
	return MIN(r, 0);
}

static int choose_exceptions(struct tuning_run *run, struct tuning *t, const char *device_id,
			     struct err *err)
{
	_cleanup_(json_decrefp) json_t *tags = NULL;
	struct facts facts = { 0 };
	int r = 0;

	if (decided_needs_tags(run->decided))
		r = read_tags(tuning_conn(t), run->tenant_id, device_id, &tags, err);
	facts.values[TUNING_MACHINE_ID] = (struct fact){ device_id, strlen(device_id) };
	facts.tags = tags;
	for (size_t i = 0; r == 0 && i < decided_exception_count(run->decided); i++)
		run->applies[i] = conditions_hold(&decided_exception(run->decided, i)->conditions,
						  TUNING_OF_DEVICE, &facts);
	return r;
}

static int count(struct tuning_run *run, const char *rule_id,
		 const struct decided_exception *exception)
{
	size_t i = 0;

	while (i < run->count && (run->silenced[i].exception != exception ||
				  strcmp(run->silenced[i].rule_id, rule_id) != 0))
		i++;
	if (i == run->room) {
		size_t room = run->room ? 2 * run->room : 16;
		void *grown = realloc(run->silenced, room * sizeof(*run->silenced));

		if (!grown)
			return -ENOMEM;
		run->silenced = grown;
		run->room = room;
	}
	if (i == run->count)
		run->silenced[run->count++] = (struct silenced){ rule_id, exception, 0 };
	run->silenced[i].count++;
	return 0;
}

static const struct decided_exception *find_exception(const struct tuning_run *run,
						      const char *rule_id, const struct event *e)
{
	size_t n = decided_exception_count(run->decided);
	int64_t now = clock_realtime_ns();
	struct facts facts;

	if (n)
		facts_of_event(e, &facts);
	for (size_t i = 0; i < n; i++) {
		const struct decided_exception *x = decided_exception(run->decided, i);

		if (run->applies[i] && x->expires_ns > now &&
		    (!x->rule_id || strcmp(x->rule_id, rule_id) == 0) &&
		    conditions_hold(&x->conditions, TUNING_OF_PROCESS, &facts))
			return x;
	}
	return NULL;
}

static bool allows(void *arg, const struct rules_info *rule, const struct event *e,
		   enum rules_level *level)
{
	struct tuning_run *run = arg;
	const struct decided_rule *decided = decided_rule(run->decided, rule->id);
	bool off = decided && !decided->enabled;
	const struct decided_exception *x = off ? NULL : find_exception(run, rule->id, e);

	if (off || x) {
		run->error = run->error ?: count(run, rule->id, x);
		return false;
	}
	if (decided)
		*level = MIN(*level, decided->level);
	return true;
}

int tuning_run_new(struct tuning *t, const char *tenant_id, const char *device_id,
		   struct tuning_run **ret_run, struct err *err)
{
	_cleanup_(tuning_run_freep) struct tuning_run *run = calloc(1, sizeof(*run));
	int r;

	if (!run)
		return err_setf(err, -ENOMEM, "out of memory");
	run->tenant_id = tenant_id;
	run->judge = (struct detect_judge){ allows, run };
	r = tuning_decided(t, tenant_id, &run->decided, err);
	if (r == 0)
		r = choose_exceptions(run, t, device_id, err);
	if (r < 0)
		return r;
	*ret_run = TAKE_PTR(run);
	return 0;
}

void tuning_run_free(struct tuning_run *run)
{
	if (!run)
		return;
	decided_unref(run->decided);
	free(run->silenced);
	free(run);
}

const struct detect_judge *tuning_run_judge(const struct tuning_run *run)
{
	return &run->judge;
}

static int write_one(const struct tuning_run *run, const struct silenced *s, struct state_conn *c,
		     struct err *err)
{
	int64_t now = clock_realtime_ns();
	int r = state_exec(c, err,
			   "INSERT INTO rule_silenced VALUES (?, ?, ?, ?) ON CONFLICT (tenant_id,"
			   " rule_id) DO UPDATE SET matches = matches + excluded.matches,"
			   " last_match_ns = excluded.last_match_ns",
			   "ssii", run->tenant_id, s->rule_id, (int64_t)s->count, now);

	if (r < 0 || !s->exception)
		return r;
	return state_exec(
	    c, err,
	    "UPDATE rule_exception SET matches = matches + ?, last_match_ns = ? WHERE "
	    "tenant_id = ? AND id = ?",
	    "iiss", (int64_t)s->count, now, run->tenant_id, s->exception->id);
}

int tuning_run_write(const struct tuning_run *run, struct state_conn *c, struct err *err)
{
	int r = run->error < 0 ? err_setf(err, run->error, "out of memory") : 0;

	for (size_t i = 0; i < run->count && r == 0; i++)
		r = write_one(run, &run->silenced[i], c, err);
	return r;
}
