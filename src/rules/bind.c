/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind.c - which rules and which columns concern an event is decided when a set is bound, so that
 * an event costs a comparison of its ActionType and array lookups
 */
#include "rules_bind.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "set.h"

#define PRODUCT "linux"
#define NO_COLUMN -1

/* An ActionType of a table with the groups of every category it belongs to. */
struct action {
	const char *name; /* NULL: any other */
	size_t len;
	unsigned int *groups;
	unsigned int group_count;
};

struct table_binding {
	int16_t *columns; /* by the set's field; NO_COLUMN */
	int action_column;
	struct action *actions; /* the last has no name */
	unsigned int action_count;
};

struct rules_binding {
	const struct rules_set *set;
	struct arena arena;
	struct table_binding tables[EVENT_TABLE_COUNT];
};

struct bound_event {
	const struct event *event;
	const int16_t *columns;
};

#define BINDING_BYTES (64u << 20)

/* ---- values ---- */

static void set_text(struct rules_value *v, enum rules_value_kind kind, const char *s, size_t len)
{
	v->kind = kind;
	v->text = s;
	v->len = len;
}

static void set_number(struct rules_value *v, int64_t n)
{
	v->number = n;
	set_text(v, RULES_NUMBER, v->digits,
		 (size_t)snprintf(v->digits, sizeof(v->digits), "%" PRId64, n));
}

static void set_time(struct rules_value *v, int64_t ns)
{
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm tm;

	v->kind = RULES_NULL;
	if (gmtime_r(&seconds, &tm))
		set_text(v, RULES_TEXT, v->digits,
			 strftime(v->digits, sizeof(v->digits), "%Y-%m-%dT%H:%M:%SZ", &tm));
}

static void column_value(const struct event *e, unsigned int column, struct rules_value *v)
{
	const struct event_value *from = &e->values[column];
	enum event_type type = (enum event_type)e->table->fields[column].type;

	if (!event_has(e, column)) {
		v->kind =
		    type == EVENT_STRING || type == EVENT_DYNAMIC ? RULES_EMPTY : RULES_ABSENT;
		return;
	}
	switch (type) {
	case EVENT_STRING:
	case EVENT_DYNAMIC:
		set_text(v, RULES_TEXT, from->s, from->len);
		break;
	case EVENT_BOOL:
		v->number = from->i != 0;
		set_text(v, RULES_BOOL, from->i ? "true" : "false", from->i ? 4 : 5);
		break;
	case EVENT_REAL:
		set_text(v, RULES_TEXT, v->digits,
			 (size_t)snprintf(v->digits, sizeof(v->digits), "%.17g", from->d));
		break;
	case EVENT_DATETIME:
		set_time(v, from->i);
		break;
	default:
		set_number(v, from->i);
	}
}

static void get_field(const void *event, unsigned int field, struct rules_value *ret_value)
{
	const struct bound_event *b = event;
	int column = b->columns[field];

	if (column != NO_COLUMN)
		column_value(b->event, (unsigned int)column, ret_value);
}

static bool get_value(const void *event, unsigned int i, struct rules_value *ret_value)
{
	const struct bound_event *b = event;

	if (i >= b->event->table->field_count)
		return false;
	column_value(b->event, i, ret_value);
	return true;
}

/* ---- binding ---- */

static int find_column(const struct event_table *t, const char *name)
{
	for (unsigned int i = 0; i < t->field_count; i++)
		if (t->fields[i].sigma && !strcmp(t->fields[i].sigma, name))
			return (int)i;
	for (unsigned int i = 0; i < t->field_count; i++)
		if (!strcmp(t->fields[i].name, name))
			return (int)i;
	return NO_COLUMN;
}

static bool has_action(const struct event_sigma_source *source, const char *action)
{
	for (const char *const *a = source->actions; action && *a; a++)
		if (!strcmp(*a, action))
			return true;
	return false;
}

/* Categories of the action that a group accepts; an action without any has the category NULL. */
static bool group_concerns(const struct set_group *g, const struct event_table *t,
			   const char *action)
{
	bool any = false;

	for (const struct event_sigma_source *s = t->sigma; s->category; s++) {
		if (!has_action(s, action))
			continue;
		any = true;
		if (set_group_concerns(g, s->category, PRODUCT, NULL))
			return true;
	}
	return !any && set_group_concerns(g, NULL, PRODUCT, NULL);
}

static int bind_action(struct rules_binding *b, const struct event_table *t, struct action *action,
		       const char *name)
{
	const struct rules_set *s = b->set;

	action->name = name;
	action->len = name ? strlen(name) : 0;
	action->groups = arena_array(&b->arena, unsigned int, (size_t)s->group_count + 1);
	if (!action->groups)
		return -ENOMEM;
	for (unsigned int g = 0; g < s->group_count; g++)
		if (group_concerns(&s->groups[g], t, name))
			action->groups[action->group_count++] = g;
	return 0;
}

static bool action_known(const struct table_binding *tb, const char *name)
{
	for (unsigned int i = 0; i < tb->action_count; i++)
		if (!strcmp(tb->actions[i].name, name))
			return true;
	return false;
}

static int bind_actions(struct rules_binding *b, const struct event_table *t,
			struct table_binding *tb)
{
	unsigned int most = 1;
	int r;

	for (const struct event_sigma_source *s = t->sigma; s->category; s++)
		for (const char *const *a = s->actions; *a; a++)
			most++;
	tb->actions = arena_array(&b->arena, struct action, most);
	if (!tb->actions)
		return -ENOMEM;
	for (const struct event_sigma_source *s = t->sigma; s->category; s++)
		for (const char *const *a = s->actions; *a; a++) {
			if (action_known(tb, *a))
				continue;
			r = bind_action(b, t, &tb->actions[tb->action_count], *a);
			if (r < 0)
				return r;
			tb->action_count++;
		}
	return bind_action(b, t, &tb->actions[tb->action_count], NULL);
}

static int bind_table(struct rules_binding *b, unsigned int table)
{
	const struct event_table *t = &event_tables[table];
	struct table_binding *tb = &b->tables[table];

	tb->action_column = event_field_find(t, "ActionType");
	tb->columns = arena_array(&b->arena, int16_t, (size_t)b->set->field_count + 1);
	if (!tb->columns)
		return -ENOMEM;
	for (unsigned int i = 0; i < b->set->field_count; i++)
		tb->columns[i] = (int16_t)find_column(t, b->set->field_names[i]);
	return bind_actions(b, t, tb);
}

int rules_binding_new(const struct rules_set *s, struct rules_binding **ret_binding)
{
	_cleanup_(rules_binding_freep) struct rules_binding *b = calloc(1, sizeof(*b));

	if (!b)
		return -ENOMEM;
	arena_init(&b->arena, BINDING_BYTES);
	b->set = s;
	for (unsigned int t = 0; t < EVENT_TABLE_COUNT; t++) {
		int r = bind_table(b, t);

		if (r < 0)
			return r;
	}
	*ret_binding = TAKE_PTR(b);
	return 0;
}

void rules_binding_free(struct rules_binding *b)
{
	if (!b)
		return;
	arena_done(&b->arena);
	free(b);
}

static const struct action *find_action(const struct table_binding *tb, const struct event *e)
{
	const struct event_value *v;

	if (tb->action_column >= 0 && event_has(e, (unsigned int)tb->action_column)) {
		v = &e->values[tb->action_column];
		for (unsigned int i = 0; i < tb->action_count; i++)
			if (tb->actions[i].len == v->len &&
			    !memcmp(tb->actions[i].name, v->s, v->len))
				return &tb->actions[i];
	}
	return &tb->actions[tb->action_count];
}

int rules_match_event(const struct rules_binding *b, struct rules_scratch *scratch,
		      const struct event *e, rules_match_fn match, void *arg)
{
	const struct table_binding *tb = &b->tables[e->table - event_tables];
	const struct action *action = find_action(tb, e);
	struct bound_event bound = { e, tb->columns };
	struct rules_event event = { .event = &bound, .get = get_field, .value = get_value };

	return set_match(b->set, scratch, action->groups, action->group_count, &event, match, arg);
}

void rules_correlate_event(const struct rules_binding *b, struct rules_correlator *c,
			   unsigned int rule, const struct rules_occurrence *at)
{
	const struct event *e = at->event;
	struct bound_event bound = { e, b->tables[e->table - event_tables].columns };
	struct rules_occurrence seen = *at;

	seen.event = &bound;
	seen.get = get_field;
	rules_correlator_add(c, rule, &seen);
}
