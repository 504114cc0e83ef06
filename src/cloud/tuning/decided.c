/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/tuning/decided.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "cloud/incident/classify.h"
#include "cloud/tuning/tuning.h"

#define ARENA_BYTES (64u << 20) /* of all values of all conditions, with room to spare */
#define RULES_MAX 100000

struct decided {
	_Atomic unsigned int refs;
	struct arena arena;
	struct map *rules;
	struct decided_exception exceptions[TUNING_EXCEPTIONS_MAX];
	size_t count;
	bool needs_tags;
};

static int add_rule(struct decided *d, struct state_stmt *st)
{
	struct decided_rule *rule = arena_new(&d->arena, struct decided_rule);
	const char *id = state_text(st, 0), *severity = state_text(st, 2);

	if (!rule)
		return -ENOMEM;
	*rule = (struct decided_rule){ state_int(st, 1), RULES_CRITICAL };
	if (severity)
		rule->level = (enum rules_level)classify_severity_rank(severity);
	return map_put(d->rules, id, strlen(id), rule, NULL);
}

static int load_rules(struct decided *d, struct state_conn *c, const char *tenant_id,
		      struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(
	    c, &st, err, "SELECT rule_id, enabled, severity FROM rule_setting WHERE tenant_id = ?",
	    "s", tenant_id);

	while (r == 0 && (r = state_step(st, err)) == 1)
		r = add_rule(d, st);
	return r;
}

static int add_exception(struct decided *d, struct state_stmt *st, struct err *err)
{
	_cleanup_(json_decrefp) json_t *json = json_loads(state_text(st, 2), 0, NULL);
	struct decided_exception *e = &d->exceptions[d->count];
	const char *rule_id = state_text(st, 1);
	int r;

	e->id = arena_strdup(&d->arena, state_text(st, 0));
	e->rule_id = rule_id ? arena_strdup(&d->arena, rule_id) : NULL;
	e->expires_ns = state_int(st, 3);
	if (!e->id || (rule_id && !e->rule_id))
		return -ENOMEM;
	r = conditions_read(json, rule_id, &d->arena, &e->conditions, err);
	if (r < 0)
		return r;
	for (unsigned int i = 0; i < e->conditions.count; i++)
		d->needs_tags |= e->conditions.list[i].field == TUNING_MACHINE_TAG;
	d->count++;
	return 0;
}

static int load_exceptions(struct decided *d, struct state_conn *c, const char *tenant_id,
			   int64_t now_ns, struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(c, &st, err,
			    "SELECT id, rule_id, conditions, expires_ns FROM rule_exception WHERE "
			    "tenant_id = ? AND expires_ns > ? ORDER BY created_ns, id LIMIT ?",
			    "sii", tenant_id, now_ns, (int64_t)TUNING_EXCEPTIONS_MAX);

	while (r == 0 && (r = state_step(st, err)) == 1)
		r = add_exception(d, st, err);
	return r;
}

int decided_load(struct state_conn *c, const char *tenant_id, int64_t now_ns,
		 struct decided **ret_decided, struct err *err)
{
	_cleanup_(decided_unrefp) struct decided *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return err_setf(err, -ENOMEM, "out of memory");
	d->refs = 1;
	arena_init(&d->arena, ARENA_BYTES);
	d->rules = map_new(RULES_MAX);
	if (!d->rules)
		return err_setf(err, -ENOMEM, "out of memory");
	r = load_rules(d, c, tenant_id, err);
	if (r == 0)
		r = load_exceptions(d, c, tenant_id, now_ns, err);
	if (r < 0)
		return r;
	*ret_decided = TAKE_PTR(d);
	return 0;
}

struct decided *decided_ref(struct decided *d)
{
	d->refs++;
	return d;
}

void decided_unref(struct decided *d)
{
	if (!d || --d->refs)
		return;
	map_free(d->rules);
	arena_done(&d->arena);
	free(d);
}

const struct decided_rule *decided_rule(const struct decided *d, const char *rule_id)
{
	return map_get(d->rules, rule_id, strlen(rule_id));
}

size_t decided_exception_count(const struct decided *d)
{
	return d->count;
}

const struct decided_exception *decided_exception(const struct decided *d, size_t i)
{
	return &d->exceptions[i];
}

bool decided_needs_tags(const struct decided *d)
{
	return d->needs_tags;
}
