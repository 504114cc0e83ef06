/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind.c - which rules and which columns concern an event is decided when a set is bound, so that
 * an event costs a comparison of its ActionType and array lookups
 */
#include "bind.h"

#include <errno.h>
#include <string.h>

#define PRODUCT "linux"
#define AUDITD "auditd"
#define BINDING_BYTES (64u << 20)

/* ---- values ---- */

struct seen_event {
	const struct event *event;
	const struct bound_view *view;
	struct slot_room room;
};

static void get_field(const void *event, unsigned int field, struct rules_value *ret_value)
{
	/* What is decoded for one field belongs to the row, which its caller owns. */
	struct seen_event *seen = (struct seen_event *)event;

	slot_value(&seen->view->slots[field], seen->event, &seen->room, ret_value);
}

static bool get_value(const void *event, unsigned int i, struct rules_value *ret_value)
{
	const struct seen_event *seen = event;
	const struct audit_view *audit = seen->view->audit;

	if (audit) {
		if (i >= ARRAY_SIZE(audit->texts) || audit->texts[i] < 0)
			return false;
		i = (unsigned int)audit->texts[i];
	} else if (i >= seen->event->table->field_count) {
		return false;
	}
	slot_column_value(seen->event, i, ret_value);
	return true;
}

/* ---- binding ---- */

static int find_column(const struct event_table *t, const char *name)
{
	for (unsigned int i = 0; i < t->field_count; i++)
		if (t->fields[i].sigma && !strcmp(t->fields[i].sigma, name))
			return (int)i;
	return event_field_find(t, name);
}

/* A field that is no column is looked for among those that the line itself names. */
static struct slot find_slot(const struct event_table *t, const char *name)
{
	int column = find_column(t, name);

	if (column >= 0)
		return (struct slot){ .kind = SLOT_COLUMN, .column = (uint16_t)column };
	if (t == &event_tables[EVENT_DeviceLogEvents])
		return (struct slot){ .kind = SLOT_NAMED,
				      .column = DeviceLogEvents_LogFields,
				      .text = name };
	return (struct slot){ .kind = SLOT_NONE };
}

static bool has_action(const struct event_sigma_source *source, const char *action)
{
	for (const char *const *a = source->actions; action && *a; a++)
		if (!strcmp(*a, action))
			return true;
	return false;
}

/* Logsources of the action that a group accepts; an action without any has neither. */
static bool group_concerns(const struct set_group *g, const struct event_table *t,
			   const char *action)
{
	bool any = false;

	for (const struct event_sigma_source *s = t->sigma; s->actions; s++) {
		if (!has_action(s, action))
			continue;
		any = true;
		if (set_group_concerns(g, s->category, PRODUCT, s->service))
			return true;
	}
	return !any && set_group_concerns(g, NULL, PRODUCT, NULL);
}

/* Rules that name no service have met the row itself. */
static bool group_audits(const struct set_group *g)
{
	return g->service && set_group_concerns(g, NULL, PRODUCT, AUDITD);
}

static bool view_is_of(const struct audit_view *v, const struct event_table *t, const char *action)
{
	return action && &event_tables[v->table] == t && !strcmp(v->action, action);
}

static int bind_groups(struct rules_binding *b, const struct event_table *t, const char *action,
		       struct bound_view *view)
{
	const struct rules_set *s = b->set;

	view->groups = arena_array(&b->arena, unsigned int, (size_t)s->group_count + 1);
	if (!view->groups)
		return -ENOMEM;
	for (unsigned int g = 0; g < s->group_count; g++)
		if (view->audit ? group_audits(&s->groups[g])
				: group_concerns(&s->groups[g], t, action))
			view->groups[view->group_count++] = g;
	return 0;
}

static int bind_view(struct rules_binding *b, const struct audit_view *audit,
		     struct bound_view *view)
{
	struct slot *slots = arena_array(&b->arena, struct slot, (size_t)b->set->field_count + 1);

	if (!slots)
		return -ENOMEM;
	for (unsigned int i = 0; i < b->set->field_count; i++)
		slots[i] = audit_view_slot(audit, b->set->field_names[i]);
	view->audit = audit;
	view->slots = slots;
	return bind_groups(b, NULL, NULL, view);
}

static int bind_action(struct rules_binding *b, const struct event_table *t,
		       struct bound_action *action, const char *name)
{
	unsigned int count = 1;
	int r;

	for (size_t i = 0; i < audit_view_count; i++)
		count += view_is_of(&audit_views[i], t, name);
	action->name = name;
	action->len = name ? strlen(name) : 0;
	action->views = arena_array(&b->arena, struct bound_view, count);
	if (!action->views)
		return -ENOMEM;
	action->views[0].slots = b->tables[t - event_tables].slots;
	r = bind_groups(b, t, name, &action->views[0]);
	action->view_count = 1;
	for (size_t i = 0; r == 0 && i < audit_view_count; i++) {
		struct bound_view *view = &action->views[action->view_count];

		if (!view_is_of(&audit_views[i], t, name))
			continue;
		r = bind_view(b, &audit_views[i], view);
		/* A view that no rule asks for is not looked at. */
		if (r == 0 && view->group_count)
			action->view_count++;
		else
			*view = (struct bound_view){ 0 };
	}
	return r;
}

static bool action_known(const struct bound_table *bt, const char *name)
{
	for (unsigned int i = 0; i < bt->action_count; i++)
		if (!strcmp(bt->actions[i].name, name))
			return true;
	return false;
}

static int add_action(struct rules_binding *b, const struct event_table *t, const char *name)
{
	struct bound_table *bt = &b->tables[t - event_tables];
	int r;

	if (action_known(bt, name))
		return 0;
	r = bind_action(b, t, &bt->actions[bt->action_count], name);
	bt->action_count += r == 0;
	return r;
}

static int bind_actions(struct rules_binding *b, const struct event_table *t)
{
	struct bound_table *bt = &b->tables[t - event_tables];
	unsigned int most = 1 + (unsigned int)audit_view_count;
	int r = 0;

	for (const struct event_sigma_source *s = t->sigma; s->actions; s++)
		for (const char *const *a = s->actions; *a; a++)
			most++;
	bt->actions = arena_array(&b->arena, struct bound_action, most);
	if (!bt->actions)
		return -ENOMEM;
	for (const struct event_sigma_source *s = t->sigma; r == 0 && s->actions; s++)
		for (const char *const *a = s->actions; r == 0 && *a; a++)
			r = add_action(b, t, *a);
	for (size_t i = 0; r == 0 && i < audit_view_count; i++)
		if (&event_tables[audit_views[i].table] == t)
			r = add_action(b, t, audit_views[i].action);
	return r < 0 ? r : bind_action(b, t, &bt->actions[bt->action_count], NULL);
}

static int bind_table(struct rules_binding *b, unsigned int table)
{
	const struct event_table *t = &event_tables[table];
	struct bound_table *bt = &b->tables[table];

	bt->action_column = event_field_find(t, "ActionType");
	bt->slots = arena_array(&b->arena, struct slot, (size_t)b->set->field_count + 1);
	if (!bt->slots)
		return -ENOMEM;
	for (unsigned int i = 0; i < b->set->field_count; i++)
		bt->slots[i] = find_slot(t, b->set->field_names[i]);
	return bind_actions(b, t);
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

static const struct bound_action *find_action(const struct bound_table *bt, const struct event *e)
{
	const struct event_value *v;

	if (bt->action_column >= 0 && event_has(e, (unsigned int)bt->action_column)) {
		v = &e->values[bt->action_column];
		for (unsigned int i = 0; i < bt->action_count; i++)
			if (bt->actions[i].len == v->len &&
			    !memcmp(bt->actions[i].name, v->s, v->len))
				return &bt->actions[i];
	}
	return &bt->actions[bt->action_count];
}

/* A rule may be true of several views of one row: it is told once. */
struct telling {
	rules_match_fn match;
	void *arg;
	int count;
	unsigned int told[64];
};

static void tell(void *arg, unsigned int rule)
{
	struct telling *t = arg;

	for (int i = 0; i < t->count && i < (int)ARRAY_SIZE(t->told); i++)
		if (t->told[i] == rule)
			return;
	if (t->count < (int)ARRAY_SIZE(t->told))
		t->told[t->count] = rule;
	t->count++;
	t->match(t->arg, rule);
}

static int match_view(const struct rules_binding *b, struct rules_scratch *scratch,
		      struct seen_event *seen, struct telling *t)
{
	const struct bound_view *v = seen->view;
	struct rules_event event = { .event = seen, .get = get_field, .value = get_value };

	seen->room.used = 0;
	return set_match(b->set, scratch, v->groups, v->group_count, &event, tell, t);
}

int rules_match_event(const struct rules_binding *b, struct rules_scratch *scratch,
		      const struct event *e, rules_match_fn match, void *arg)
{
	const struct bound_action *action = find_action(&b->tables[e->table - event_tables], e);
	struct telling t = { .match = match, .arg = arg };
	struct seen_event seen = { .event = e };

	for (unsigned int i = 0; i < action->view_count; i++) {
		int r;

		seen.view = &action->views[i];
		r = match_view(b, scratch, &seen, &t);
		if (r < 0)
			return r;
	}
	return t.count;
}

/* The view in which the rule met the row. */
static const struct bound_view *view_of(const struct rules_binding *b,
					const struct bound_action *action, unsigned int rule)
{
	for (unsigned int i = 1; rule < b->set->plain_count && i < action->view_count; i++)
		for (unsigned int g = 0; g < action->views[i].group_count; g++)
			if (action->views[i].groups[g] == b->set->rules[rule].group)
				return &action->views[i];
	return &action->views[0];
}

void rules_correlate_event(const struct rules_binding *b, struct rules_correlator *c,
			   unsigned int rule, const struct rules_occurrence *at)
{
	const struct event *e = at->event;
	const struct bound_action *action = find_action(&b->tables[e->table - event_tables], e);
	struct seen_event event = { .event = e, .view = view_of(b, action, rule) };
	struct rules_occurrence seen = *at;

	seen.event = &event;
	seen.get = get_field;
	rules_correlator_add(c, rule, &seen);
}
