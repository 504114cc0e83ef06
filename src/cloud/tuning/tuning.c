/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tuning.c - what is decided, written to state and kept in memory
 */
#include "cloud/tuning/tuning.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/map.h"
#include "cloud/tuning/tuning_internal.h"

#define TENANTS_MAX 100000
#define DAY_NS (86400 * NSEC_PER_SEC)

struct tuning {
	struct state *state;
	pthread_mutex_t lock;
	struct map *tenants; /* what each has decided, as it was read last */
	uint64_t generation; /* grows with each change */
};

int tuning_open(struct state *state, struct tuning **ret_tuning, struct err *err)
{
	struct tuning *t = calloc(1, sizeof(*t));

	if (t)
		t->tenants = map_new(TENANTS_MAX);
	if (!t || !t->tenants) {
		free(t);
		return err_setf(err, -ENOMEM, "out of memory");
	}
	t->state = state;
	pthread_mutex_init(&t->lock, NULL);
	*ret_tuning = t;
	return 0;
}

/* Under the lock, or when nobody else is left. */
static void forget_all(struct tuning *t)
{
	void *decided;

	for (size_t i = 0; map_next(t->tenants, &i, NULL, NULL, &decided);)
		decided_unref(decided);
	map_clear(t->tenants);
}

void tuning_close(struct tuning *t)
{
	if (!t)
		return;
	forget_all(t);
	map_free(t->tenants);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

struct state_conn *tuning_conn(struct tuning *t)
{
	return state_get(t->state);
}

static struct decided *get_kept(struct tuning *t, const char *tenant_id, uint64_t *ret_generation)
{
	struct decided *d;

	pthread_mutex_lock(&t->lock);
	d = map_get(t->tenants, tenant_id, strlen(tenant_id));
	if (d)
		decided_ref(d);
	*ret_generation = t->generation;
	pthread_mutex_unlock(&t->lock);
	return d;
}

/* Unless something was changed since it was read. */
static void keep(struct tuning *t, const char *tenant_id, struct decided *d, uint64_t generation)
{
	void *old = NULL;

	pthread_mutex_lock(&t->lock);
	if (t->generation == generation &&
	    map_put(t->tenants, tenant_id, strlen(tenant_id), d, &old) == 0)
		decided_ref(d);
	pthread_mutex_unlock(&t->lock);
	decided_unref(old);
}

int tuning_decided(struct tuning *t, const char *tenant_id, struct decided **ret_decided,
		   struct err *err)
{
	struct state_conn *c = tuning_conn(t);
	struct decided *d;
	uint64_t generation;
	int r;

	d = get_kept(t, tenant_id, &generation);
	if (!d) {
		r = c ? decided_load(c, tenant_id, clock_realtime_ns(), &d, err)
		      : err_setf(err, -ENOMEM, "out of memory");
		if (r < 0)
			return r;
		keep(t, tenant_id, d, generation);
	}
	*ret_decided = d;
	return 0;
}

static void changed(struct tuning *t)
{
	pthread_mutex_lock(&t->lock);
	t->generation++;
	forget_all(t);
	pthread_mutex_unlock(&t->lock);
}

int tuning_set_rule(struct tuning *t, const char *tenant_id, const char *who, const char *rule_id,
		    const struct tuning_setting *setting, struct err *err)
{
	struct state_conn *c = tuning_conn(t);
	int r = c ? state_begin(c, err) : err_setf(err, -ENOMEM, "out of memory");

	if (r < 0)
		return r;
	r = state_exec(
	    c, err,
	    "INSERT INTO rule_setting (tenant_id, rule_id, enabled, severity, changed_by,"
	    " changed_ns) VALUES (?,?,?,?,?,?) ON CONFLICT (tenant_id, rule_id) DO UPDATE"
	    " SET enabled = excluded.enabled, severity = excluded.severity,"
	    " changed_by = excluded.changed_by, changed_ns = excluded.changed_ns",
	    "ssissi", tenant_id, rule_id, (int64_t)setting->enabled, setting->severity, who,
	    clock_realtime_ns());
	r = state_end(c, r, err);
	changed(t);
	return r;
}

static int check_room(struct state_conn *c, const char *tenant_id, struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(c, &st, err, "SELECT count(*) FROM rule_exception WHERE tenant_id = ?",
			    "s", tenant_id);

	if (r == 0)
		r = state_step(st, err);
	if (r < 0)
		return r;
	if (state_int(st, 0) < TUNING_EXCEPTIONS_MAX)
		return 0;
	return err_setf(err, -ENOSPC, "there are %d exceptions already; remove one first",
			TUNING_EXCEPTIONS_MAX);
}

static int check_conditions(const struct tuning_draft *draft, struct err *err)
{
	struct conditions conditions;
	struct arena arena;
	int r;

	arena_init(&arena, TUNING_CONDITIONS_MAX * 2 * TUNING_VALUE_MAX);
	r = conditions_read(draft->conditions, draft->rule_id, &arena, &conditions, err);
	arena_done(&arena);
	return r;
}

static int insert(struct state_conn *c, const char *tenant_id, const char *who,
		  const struct tuning_draft *d, const char *id)
{
	_cleanup_free_ char *conditions = json_dumps(d->conditions, JSON_COMPACT);
	int64_t now = clock_realtime_ns();

	if (!conditions)
		return -ENOMEM;
	return state_exec(
	    c, NULL,
	    "INSERT INTO rule_exception (tenant_id, id, rule_id, rule_title, conditions,"
	    " reason, created_by, created_ns, expires_ns) VALUES (?,?,?,?,?,?,?,?,?)",
	    "sssssssii", tenant_id, id, d->rule_id, d->rule_title, conditions, d->reason, who, now,
	    now + d->days * DAY_NS);
}

int tuning_except(struct tuning *t, const char *tenant_id, const char *who,
		  const struct tuning_draft *draft, char ret_id[UUID_TEXT_SIZE], struct err *err)
{
	struct state_conn *c = tuning_conn(t);
	char id[UUID_TEXT_SIZE];
	int r = check_conditions(draft, err);

	if (r == 0)
		r = c ? state_begin(c, err) : -ENOMEM;
	if (r < 0)
		return r;
	uuid_random(id);
	r = check_room(c, tenant_id, err);
	if (r == 0)
		r = insert(c, tenant_id, who, draft, id);
	r = state_end(c, r, err);
	changed(t);
	if (r == 0)
		memcpy(ret_id, id, sizeof(id));
	return r;
}

int tuning_remove(struct tuning *t, const char *tenant_id, const char *id, struct err *err)
{
	struct state_conn *c = tuning_conn(t);
	int r = c ? state_begin(c, err) : err_setf(err, -ENOMEM, "out of memory");

	if (r < 0)
		return r;
	r = state_exec(c, err, "DELETE FROM rule_exception WHERE tenant_id = ? AND id = ?", "ss",
		       tenant_id, id);
	if (r == 0 && state_changes(c) == 0)
		r = err_setf(err, -ENOENT, "there is no exception %.60s", id);
	r = state_end(c, r, err);
	changed(t);
	return r;
}

int tuning_retain(struct state *state, int64_t now_ns, struct err *err)
{
	struct state_conn *c = state_get(state);
	int r = c ? state_begin(c, err) : err_setf(err, -ENOMEM, "out of memory");

	if (r < 0)
		return r;
	r = state_exec(c, err, "DELETE FROM rule_exception WHERE expires_ns < ?", "i",
		       now_ns - TUNING_EXPIRED_KEPT_DAYS * DAY_NS);
	return state_end(c, r, err);
}
