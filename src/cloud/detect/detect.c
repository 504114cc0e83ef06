/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/detect/detect.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cloud/detect/rule_set.h"
#include "cloud/detect/subject.h"

struct detect {
	struct detect_options options;
	char *dir, *custom_dir;
	pthread_mutex_t lock;	 /* current, fingerprint */
	pthread_mutex_t loading; /* one load at a time */
	struct rule_set *current;
	uint64_t fingerprint;
	int64_t since_ns;
	_Atomic uint64_t loads, load_failures, matches, errors, dropped;
};

struct detect_run {
	struct detect *detect;
	struct rule_set *set;
	struct rules_scratch *scratch;
	struct detections *detections;
	const char *tenant;
	const struct detect_judge *judge;
	const struct event *event; /* the one that is looked at */
	uint64_t given_up;	   /* the scratch's count before */
	int error;
};

int detect_open(const struct detect_options *options, struct detect **ret_detect, struct err *err)
{
	_cleanup_(detect_closep) struct detect *d = calloc(1, sizeof(*d));

	if (!d)
		return err_setf(err, -ENOMEM, "out of memory");
	pthread_mutex_init(&d->lock, NULL);
	pthread_mutex_init(&d->loading, NULL);
	d->since_ns = clock_realtime_ns();
	d->options = *options;
	d->options.dir = d->dir = strdup(options->dir);
	if (options->custom_dir)
		d->options.custom_dir = d->custom_dir = strdup(options->custom_dir);
	if (!d->dir || (options->custom_dir && !d->custom_dir))
		return err_setf(err, -ENOMEM, "out of memory");
	*ret_detect = TAKE_PTR(d);
	return 0;
}

void detect_close(struct detect *d)
{
	if (!d)
		return;
	rule_set_unref(d->current);
	pthread_mutex_destroy(&d->lock);
	pthread_mutex_destroy(&d->loading);
	free(d->dir);
	free(d->custom_dir);
	free(d);
}

static struct rule_set *get_current(struct detect *d)
{
	struct rule_set *set;

	pthread_mutex_lock(&d->lock);
	set = d->current ? rule_set_ref(d->current) : NULL;
	pthread_mutex_unlock(&d->lock);
	return set;
}

/* The fingerprint is taken first: what is written while we read is loaded the next time. */
static int load(struct detect *d, bool force, struct err *err)
{
	struct rule_set *set = NULL, *old;
	uint64_t fingerprint = 0;
	int r = rule_set_fingerprint(&d->options, &fingerprint, err);

	if (r < 0 || (!force && fingerprint == d->fingerprint))
		return r;
	/* A folder that cannot be loaded is tried again when it changes, not all the time. */
	d->fingerprint = fingerprint;
	/* Only a load, of which there is one at a time, puts another set in its place. */
	r = rule_set_load(&d->options, d->current, &set, err);
	if (r < 0)
		return r;
	pthread_mutex_lock(&d->lock);
	old = d->current;
	d->current = set;
	pthread_mutex_unlock(&d->lock);
	rule_set_unref(old);
	return 1;
}

int detect_reload(struct detect *d, bool force, struct err *err)
{
	int r;

	pthread_mutex_lock(&d->loading);
	r = load(d, force, err);
	pthread_mutex_unlock(&d->loading);
	d->loads += r == 1;
	d->load_failures += r < 0;
	return r;
}

void detect_get_stats(struct detect *d, struct detect_stats *ret_stats)
{
	_cleanup_(rule_set_unrefp) struct rule_set *set = get_current(d);

	*ret_stats = (struct detect_stats){
		.rules = set ? rule_set_count(set) : 0,
		.refused = set ? rule_set_refused(set) : 0,
		.loads = d->loads,
		.load_failures = d->load_failures,
		.matches = d->matches,
		.errors = d->errors,
		.dropped = d->dropped + (set ? rule_set_uncorrelated(set) : 0),
		.since_ns = d->since_ns,
	};
}

void detect_each_rule(struct detect *d, detect_rule_fn fn, void *arg)
{
	_cleanup_(rule_set_unrefp) struct rule_set *set = get_current(d);

	for (unsigned int i = 0; set && i < rule_set_count(set); i++) {
		const struct rule_count *count = rule_set_counter(set, i);

		fn(arg, &(struct detect_rule){ .info = rule_set_info(set, i),
					       .custom = rule_set_is_custom(set, i),
					       .matches = count->matches,
					       .last_match_ns = count->last_ns,
					       .missing = rule_set_missing(set, i) });
	}
}

void detect_each_refused(struct detect *d, detect_refused_fn fn, void *arg)
{
	_cleanup_(rule_set_unrefp) struct rule_set *set = get_current(d);

	for (size_t i = 0; set && rule_set_refusal(set, i); i++)
		fn(arg, rule_set_refusal(set, i));
}

int detect_run_new(struct detect *d, const char *tenant, struct detect_run **ret_run)
{
	_cleanup_(detect_run_freep) struct detect_run *run = calloc(1, sizeof(*run));

	if (!run)
		return -ENOMEM;
	run->detect = d;
	run->tenant = tenant ?: "";
	run->set = get_current(d);
	if (run->set)
		run->scratch = rule_set_take_scratch(run->set);
	if (run->scratch)
		run->given_up = rules_scratch_given_up(run->scratch);
	if ((run->set && !run->scratch) || detections_new(&run->detections) < 0)
		return -ENOMEM;
	*ret_run = TAKE_PTR(run);
	return 0;
}

void detect_run_free(struct detect_run *run)
{
	if (!run)
		return;
	detections_free(run->detections);
	if (run->scratch) {
		run->detect->errors += rules_scratch_given_up(run->scratch) - run->given_up;
		rule_set_give_scratch(run->set, run->scratch);
	}
	rule_set_unref(run->set);
	free(run);
}

void detect_run_judge_by(struct detect_run *run, const struct detect_judge *judge)
{
	run->judge = judge;
}

/* A device whose clock is ahead must not make all that others send look late. */
#define AHEAD_MAX_NS (60 * NSEC_PER_SEC)

static int64_t event_time(const struct event *e)
{
	const struct subject_columns *columns = subject_columns(e->table);
	int64_t now = clock_realtime_ns(), time = columns ? subject_number(e, columns->time) : now;

	return MIN(time, now + AHEAD_MAX_NS);
}

static int add_finding(struct detect_run *run, unsigned int rule)
{
	const struct rules_info *info = rule_set_info(run->set, rule);
	struct detection_rule found = { info, info->level, rule_set_is_custom(run->set, rule) };

	if (run->judge && !run->judge->allows(run->judge->arg, info, run->event, &found.level))
		return 0;
	return detections_add(run->detections, &found, run->event);
}

/* A rule, or a correlation, is true of the event. */
static void add_match(struct detect_run *run, unsigned int rule)
{
	struct rule_count *count = rule_set_counter(run->set, rule);
	int r = 0;

	if (!rule_set_is_silent(run->set, rule))
		r = add_finding(run, rule);
	count->matches++;
	count->last_ns = clock_realtime_ns();
	run->detect->matches++;
	if (r == -ENOSPC)
		run->detect->dropped++;
	else if (r < 0)
		run->error = r;
}

static void on_fire(void *arg, unsigned int rule)
{
	add_match(arg, rule);
}

static void on_match(void *arg, unsigned int rule)
{
	struct detect_run *run = arg;
	const struct rules_occurrence at = { .scope = run->tenant,
					     .time_ns = event_time(run->event),
					     .event = run->event,
					     .fire = on_fire,
					     .arg = run };

	add_match(run, rule);
	rule_set_correlate(run->set, rule, &at);
}

int detect_run_event(struct detect_run *run, const struct event *e)
{
	int r;

	if (!run->set)
		return 0;
	run->event = e;
	run->error = 0;
	r = rules_match_event(rule_set_binding(run->set), run->scratch, e, on_match, run);
	/* What cannot be tried costs this event its detection, not its way into the store. */
	if (r < 0)
		run->detect->errors++;
	return run->error;
}

const struct detections *detect_run_detections(const struct detect_run *run)
{
	return run->detections;
}
