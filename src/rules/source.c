/* SPDX-License-Identifier: Apache-2.0 */
#include "rules_source.h"

#include <errno.h>
#include <string.h>

#include "bind.h"
#include "correlation.h"
#include "leaf.h"

/* What a condition can become, over all rows of a view. */
#define CAN_HOLD 1u
#define CAN_FAIL 2u

struct question {
	const struct rules_binding *binding;
	const struct event_table *table;
	const struct bound_action *action;
	const struct bound_view *view;
	struct leaf_regex regex;
};

static bool is_filled(const struct event_table *t, unsigned int column)
{
	return t->fields[column].flags & EVENT_FIELD_STORED;
}

/* Kinds of lines that the sensor takes apart. */
static bool has_named(const char *action)
{
	return action && (!strcmp(action, "AuditRecord") || !strcmp(action, "WebAccessLogLine"));
}

/* True where each row of the view has the same value, or none: *ret_value. */
static bool is_fixed(const struct question *q, unsigned int field, struct rules_value *ret_value)
{
	const struct slot *slot = &q->view->slots[field];
	const char *text = slot->text;

	*ret_value = (struct rules_value){ .kind = RULES_ABSENT };
	if (slot->kind == SLOT_COLUMN && q->action->name &&
	    (int)slot->column == q->binding->tables[q->table - event_tables].action_column)
		text = q->action->name;
	else if (slot->kind == SLOT_COLUMN)
		return !is_filled(q->table, slot->column);
	else if (slot->kind == SLOT_NONE)
		return true;
	else if (slot->kind == SLOT_NAMED)
		return !has_named(q->action->name);
	else if (slot->kind != SLOT_TEXT)
		return false;
	*ret_value = (struct rules_value){ .kind = RULES_TEXT, .text = text, .len = strlen(text) };
	return true;
}

static unsigned int ask_leaf(struct question *q, const struct leaf *leaf)
{
	struct rules_value v;

	if (leaf->field == FIELD_ANY || leaf->op == LEAF_FIELD || !is_fixed(q, leaf->field, &v))
		return CAN_HOLD | CAN_FAIL;
	return leaf_holds(leaf, &v, NULL, &q->regex) ? CAN_HOLD : CAN_FAIL;
}

/* As deep as conditions nest, which reading bounds. */
static unsigned int ask(struct question *q, const struct expr *e)
{
	unsigned int can, hold = 0, surely = 0, least;

	if (e->op == EXPR_LEAF)
		return ask_leaf(q, &e->leaf);
	for (unsigned int i = 0; i < e->count; i++) {
		can = ask(q, e->kids[i]);
		if (e->op == EXPR_NOT)
			return (can & CAN_FAIL ? CAN_HOLD : 0) | (can & CAN_HOLD ? CAN_FAIL : 0);
		hold += (can & CAN_HOLD) != 0;
		surely += can == CAN_HOLD;
	}
	least = e->op == EXPR_AND ? e->count : e->op == EXPR_OR ? 1 : e->least;
	return (hold >= least ? CAN_HOLD : 0) | (surely >= least ? 0 : CAN_FAIL);
}

static bool concerns(const struct bound_view *view, unsigned int group)
{
	for (unsigned int i = 0; i < view->group_count; i++)
		if (view->groups[i] == group)
			return true;
	return false;
}

typedef void (*view_fn)(void *arg, struct question *q, const struct expr *expr);

/* Calls fn for each view that the rule's logsource has. */
static void each_view(const struct rules_binding *b, unsigned int rule, view_fn fn, void *arg)
{
	struct question q = { .binding = b };

	if (leaf_regex_init(&q.regex) < 0)
		return;
	for (unsigned int t = 0; t < EVENT_TABLE_COUNT; t++)
		for (unsigned int a = 0; a <= b->tables[t].action_count; a++)
			for (unsigned int v = 0; v < b->tables[t].actions[a].view_count; v++) {
				q.table = &event_tables[t];
				q.action = &b->tables[t].actions[a];
				q.view = &q.action->views[v];
				if (concerns(q.view, b->set->rules[rule].group))
					fn(arg, &q, b->set->rules[rule].rule->expr);
			}
	leaf_regex_done(&q.regex);
}

struct telling {
	rules_source_fn fn; /* NULL: only counts */
	void *arg;
	unsigned int count;
};

static void tell(void *arg, struct question *q, const struct expr *expr)
{
	struct telling *t = arg;
	const struct audit_view *audit = q->view->audit;
	const struct rules_source source = { q->table, q->action->name, audit ? audit->type : NULL,
					     audit ? audit->differs : NULL };

	if (!(ask(q, expr) & CAN_HOLD))
		return;
	t->count++;
	if (t->fn)
		t->fn(t->arg, &source);
}

static unsigned int tell_all(const struct rules_binding *b, unsigned int rule, rules_source_fn fn,
			     void *arg)
{
	struct telling t = { .fn = fn, .arg = arg };

	each_view(b, rule, tell, &t);
	return t.count;
}

/* The n-th rule that a correlation counts; UINT_MAX behind the last. Correlations of correlations
 * too. */
static unsigned int counted(const struct rules_set *s, unsigned int correlation, unsigned int n)
{
	for (unsigned int i = 0; i < s->rule_count; i++)
		for (unsigned int f = 0; f < s->rules[i].feed_count; f++)
			if (s->feeds[s->rules[i].feed_start + f].correlation == correlation && !n--)
				return i;
	return UINT32_MAX;
}

/* A rule that the correlation counts and that has no source; UINT32_MAX: each has one. */
static unsigned int find_blind(const struct rules_binding *b, unsigned int rule)
{
	unsigned int ref, blind = UINT32_MAX;

	if (rule < b->set->plain_count)
		return tell_all(b, rule, NULL, NULL) ? UINT32_MAX : rule;
	for (unsigned int n = 0;
	     blind == UINT32_MAX && (ref = counted(b->set, rule, n)) != UINT32_MAX; n++)
		blind = find_blind(b, ref);
	return blind;
}

static void tell_counted(const struct rules_binding *b, unsigned int rule, rules_source_fn fn,
			 void *arg)
{
	unsigned int ref;

	if (rule < b->set->plain_count) {
		tell_all(b, rule, fn, arg);
		return;
	}
	for (unsigned int n = 0; (ref = counted(b->set, rule, n)) != UINT32_MAX; n++)
		tell_counted(b, ref, fn, arg);
}

void rules_each_source(const struct rules_binding *b, unsigned int rule, rules_source_fn fn,
		       void *arg)
{
	if (find_blind(b, rule) == UINT32_MAX)
		tell_counted(b, rule, fn, arg);
}

/* ---- why not ---- */

#define NAMES_MAX 8u

struct names {
	const struct rules_set *set;
	unsigned int views;
	unsigned int fields[NAMES_MAX], count;
};

/* Leaves that can never hold in a view, not counting those under a negation. */
static void note_dead(struct names *n, struct question *q, const struct expr *e)
{
	unsigned int i = 0;

	if (e->op == EXPR_NOT)
		return;
	if (e->op != EXPR_LEAF) {
		for (; i < e->count; i++)
			note_dead(n, q, e->kids[i]);
		return;
	}
	if (ask_leaf(q, &e->leaf) & CAN_HOLD || e->leaf.field == FIELD_ANY)
		return;
	while (i < n->count && n->fields[i] != e->leaf.field)
		i++;
	if (i == n->count && i < NAMES_MAX)
		n->fields[n->count++] = e->leaf.field;
}

static void note_view(void *arg, struct question *q, const struct expr *expr)
{
	struct names *n = arg;

	n->views++;
	note_dead(n, q, expr);
}

static void add_logsource(const struct rules_info *info, struct buf *out)
{
	const char *const parts[][2] = { { "product", info->product },
					 { "category", info->category },
					 { "service", info->service } };
	bool any = false;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (!parts[i][1])
			continue;
		buf_printf(out, "%s%s %s", any ? ", " : "", parts[i][0], parts[i][1]);
		any = true;
	}
}

int rules_missing(const struct rules_binding *b, unsigned int rule, struct buf *out)
{
	struct names n = { .set = b->set };
	unsigned int blind = find_blind(b, rule);

	if (blind == UINT32_MAX)
		return buf_error(out);
	each_view(b, blind, note_view, &n);
	buf_append_str(out, n.views ? "nothing here fills, or fills so: "
				    : "nothing here has the logsource ");
	if (!n.views)
		add_logsource(&b->set->rules[blind].rule->info, out);
	for (unsigned int i = 0; i < n.count; i++)
		buf_printf(out, "%s%s", i ? ", " : "", b->set->field_names[n.fields[i]]);
	return buf_error(out);
}
