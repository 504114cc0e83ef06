/* SPDX-License-Identifier: Apache-2.0 */
/*
 * correlation.c - reads the `correlation` of a document
 *
 * Rules are referred to by name or id and may come later or in another file; builder.c links them.
 */
#define XXH_STATIC_LINKING_ONLY /* hash states on the stack */
#include "correlation.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

static const char *const kind_names[] = {
	"event_count", "value_count", "temporal",	  "temporal_ordered",
	"value_sum",   "value_avg",   "value_percentile",
};
static const char *const bound_names[] = { "gt", "gte", "lt", "lte", "eq", "neq" };

struct input {
	struct reader *reader;
	struct arena *arena;
	const struct tree_node *node; /* the map below correlation: */
	const struct tree_node *condition;
	struct correlation *corr;
};

static bool is_word(const struct tree_node *n)
{
	return n->kind == TREE_SCALAR && n->len && strlen(n->text) == n->len;
}

static int read_kind(struct input *in)
{
	const struct tree_node *n = tree_get(in->node, "type");

	if (!n || !is_word(n))
		return reader_refuse(in->reader, n ? n : in->node,
				     "a correlation needs 'type', such as event_count");
	for (size_t i = 0; i < ARRAY_SIZE(kind_names); i++) {
		if (strcmp(kind_names[i], n->text))
			continue;
		in->corr->kind = (enum correlation_kind)i;
		return 0;
	}
	return reader_refuse(in->reader, n,
			     "there is no correlation type '%.64s'; types are event_count, "
			     "value_count, temporal, temporal_ordered, value_sum, value_avg, "
			     "value_percentile",
			     n->text);
}

static int read_span(struct input *in)
{
	static const struct {
		char letter;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 } };
	const struct tree_node *n = tree_get(in->node, "timespan");
	const int64_t max = CORRELATION_SPAN_MAX_NS / 1000000000;
	int64_t number;
	char *end;

	if (!n || !is_word(n))
		return reader_refuse(in->reader, n ? n : in->node,
				     "a correlation needs 'timespan', such as 5m");
	number = n->text[0] >= '0' && n->text[0] <= '9' ? strtoll(n->text, &end, 10) : 0;
	for (size_t i = 0; number > 0 && i < ARRAY_SIZE(units); i++) {
		if (end[0] != units[i].letter || end[1])
			continue;
		if (number > max / units[i].seconds)
			return reader_refuse(in->reader, n, "'%.32s' is longer than 31 days",
					     n->text);
		in->corr->span_ns = number * units[i].seconds * 1000000000;
		return 0;
	}
	return reader_refuse(in->reader, n,
			     "'%.32s' is no timespan; right would be a number and one of s, m, h, "
			     "d, w: 90m",
			     n->text);
}

/* Text or a list of text. */
static int read_names(struct input *in, const struct tree_node *n, unsigned int max,
		      const char ***ret_names, unsigned int *ret_count)
{
	unsigned int count = !n || tree_is_null(n) ? 0 : n->kind == TREE_LIST ? n->count : 1;
	const char **names = arena_array(in->arena, const char *, (size_t)count + 1);

	if (!names)
		return -ENOMEM;
	if (count > max)
		return reader_refuse(in->reader, n, "more than %u entries", max);
	for (unsigned int i = 0; i < count; i++) {
		const struct tree_node *item = n->kind == TREE_LIST ? n->items[i] : n;

		if (!is_word(item))
			return reader_refuse(in->reader, item, "a name should stand here");
		names[i] = item->text;
	}
	*ret_names = names;
	*ret_count = count;
	return 0;
}

static int read_refs(struct input *in)
{
	const struct tree_node *n = tree_get(in->node, "rules");
	struct correlation *c = in->corr;
	const char **names = NULL;
	unsigned int count = 0;
	int r = read_names(in, n, CORRELATION_RULES_MAX, &names, &count);

	if (r < 0)
		return r;
	if (!count)
		return reader_refuse(in->reader, n ? n : in->node,
				     "a correlation needs 'rules', a list of names or ids");
	c->refs = arena_array(in->arena, struct correlation_ref, count);
	if (!c->refs)
		return -ENOMEM;
	for (unsigned int i = 0; i < count; i++) {
		const struct tree_node *item = n->kind == TREE_LIST ? n->items[i] : n;

		for (unsigned int k = 0; k < i; k++)
			if (!strcmp(names[k], names[i]))
				return reader_refuse(in->reader, item,
						     "the rule '%.64s' stands twice", names[i]);
		c->refs[i].name = names[i];
		c->refs[i].line = item->line;
		c->refs[i].column = item->column;
	}
	c->ref_count = count;
	return 0;
}

/* The field that a name of group-by means in the events of one rule. */
static int find_field(struct input *in, const char *name, const char *rule, const char **ret_field)
{
	const struct tree_node *alias = tree_get(tree_get(in->node, "aliases"), name);
	const struct tree_node *field;

	*ret_field = name;
	if (!alias)
		return 0;
	if (alias->kind != TREE_MAP)
		return reader_refuse(in->reader, alias, "an alias is a map of rule to field");
	field = tree_get(alias, rule);
	if (!field || !is_word(field))
		return reader_refuse(in->reader, field ? field : alias,
				     "the alias '%.64s' names no field of the rule '%.64s'", name,
				     rule);
	*ret_field = field->text;
	return 0;
}

static int read_fields(struct input *in, const char *rule, const char **names, unsigned int count,
		       unsigned int **ret_fields)
{
	unsigned int *fields = arena_array(in->arena, unsigned int, (size_t)count + 1);

	if (!fields)
		return -ENOMEM;
	for (unsigned int i = 0; i < count; i++) {
		const char *name;
		int64_t field;
		int r = find_field(in, names[i], rule, &name);

		if (r < 0)
			return r;
		if (strlen(name) > RULE_FIELD_NAME_MAX)
			return reader_refuse(in->reader, in->node,
					     "a field's name has at most %u bytes",
					     RULE_FIELD_NAME_MAX);
		field = pool_field(in->reader->pool, name, strlen(name));
		if (field == -ENOSPC)
			return reader_refuse(in->reader, in->node, "more than %u field names",
					     RULE_FIELDS_MAX);
		if (field < 0)
			return (int)field;
		fields[i] = (unsigned int)field;
	}
	*ret_fields = fields;
	return 0;
}

static int read_all_fields(struct input *in)
{
	const struct tree_node *aliases = tree_get(in->node, "aliases");
	struct correlation *c = in->corr;
	int r;

	if (aliases && aliases->kind != TREE_MAP && !tree_is_null(aliases))
		return reader_refuse(in->reader, aliases,
				     "'aliases' is a map of alias to a map of rule to field");
	r = read_names(in, tree_get(in->node, "group-by"), CORRELATION_GROUP_MAX, &c->group_names,
		       &c->group_count);
	for (unsigned int i = 0; r == 0 && i < c->ref_count; i++) {
		struct correlation_ref *ref = &c->refs[i];

		r = read_fields(in, ref->name, c->group_names, c->group_count, &ref->group);
		if (r == 0)
			r = read_fields(in, ref->name, c->value_names, c->value_count,
					&ref->values);
	}
	return r;
}

static int read_number(struct input *in, const struct tree_node *n, double *ret_number)
{
	char *end;

	if (n->kind == TREE_SCALAR && n->len && strlen(n->text) == n->len) {
		*ret_number = strtod(n->text, &end);
		if (!*end && isfinite(*ret_number))
			return 0;
	}
	return reader_refuse(in->reader, n, "a number should stand here");
}

static int read_bound(struct input *in, const struct tree_node *key, const struct tree_node *value)
{
	struct correlation *c = in->corr;
	double number;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(bound_names); i++) {
		if (strcmp(bound_names[i], key->text))
			continue;
		r = read_number(in, value, &number);
		if (r < 0)
			return r;
		if (c->bound_count == CORRELATION_BOUNDS_MAX)
			return reader_refuse(in->reader, key, "a comparison stands twice");
		c->bounds[c->bound_count++] = (struct bound){ (enum bound_op)i, number };
		c->deferred |= i > BOUND_GTE;
		return 0;
	}
	return reader_refuse(in->reader, key,
			     "'%.64s' is no part of a condition; parts are field, percentile, gt, "
			     "gte, lt, lte, eq, neq",
			     key->text);
}

static bool counts(const struct correlation *c)
{
	return c->kind <= CORRELATION_TEMPORAL_ORDERED;
}

/* What keeps the memory of a group bounded, and what can never be. */
static int check_bounds(struct input *in)
{
	struct correlation *c = in->corr;

	for (unsigned int i = 0; i < c->bound_count && counts(c); i++) {
		bool lower = c->bounds[i].op <= BOUND_GTE;

		if (c->bounds[i].value > CORRELATION_COUNT_MAX)
			return reader_refuse(in->reader, in->condition,
					     "a count of more than %d cannot be asked for",
					     CORRELATION_COUNT_MAX);
		if (lower && c->bounds[i].value < (c->bounds[i].op == BOUND_GTE ? 1.0 : 0.0))
			return reader_refuse(in->reader, in->condition,
					     "every count is as large as that; right would be "
					     "gte: 1 or more");
	}
	if (c->percentile >= 0 && c->kind != CORRELATION_VALUE_PERCENTILE)
		return reader_refuse(in->reader, in->condition,
				     "'percentile' belongs to value_percentile");
	if (c->percentile > 100)
		return reader_refuse(in->reader, in->condition,
				     "a percentile is a number from 0 to 100");
	return 0;
}

static int read_condition_part(struct input *in, const struct tree_node *key,
			       const struct tree_node *value)
{
	struct correlation *c = in->corr;

	if (!strcmp(key->text, "field"))
		return read_names(in, value, CORRELATION_VALUES_MAX, &c->value_names,
				  &c->value_count);
	if (!strcmp(key->text, "percentile")) {
		int r = read_number(in, value, &c->percentile);

		if (r == 0 && c->percentile < 0)
			return reader_refuse(in->reader, value,
					     "a percentile is a number from 0 to 100");
		return r;
	}
	return read_bound(in, key, value);
}

static int read_condition(struct input *in)
{
	struct correlation *c = in->corr;
	bool temporal = c->kind == CORRELATION_TEMPORAL || c->kind == CORRELATION_TEMPORAL_ORDERED;
	bool values = !temporal && c->kind != CORRELATION_EVENT_COUNT;
	int r = 0;

	c->percentile = -1;
	in->condition = tree_get(in->node, "condition");
	if (!in->condition && temporal) {
		c->bounds[c->bound_count++] = (struct bound){ BOUND_GTE, c->ref_count };
		return 0;
	}
	if (!in->condition || in->condition->kind != TREE_MAP)
		return reader_refuse(in->reader, in->condition ? in->condition : in->node,
				     "a correlation needs 'condition', a map such as gte: 10");
	for (unsigned int i = 0; r == 0 && i < in->condition->count; i++)
		r = read_condition_part(in, in->condition->keys[i], in->condition->items[i]);
	if (r < 0)
		return r;
	if (!c->bound_count)
		return reader_refuse(in->reader, in->condition,
				     "the condition compares nothing; right would be gte: 10");
	if (values != (c->value_count > 0))
		return reader_refuse(in->reader, in->condition,
				     values ? "%s needs 'field', whose values are looked at"
					    : "%s looks at no 'field'",
				     kind_names[c->kind]);
	c->deferred |= c->kind == CORRELATION_VALUE_AVG || c->kind == CORRELATION_VALUE_PERCENTILE;
	return check_bounds(in);
}

static int read_generate(struct input *in, const struct tree_node *root)
{
	const struct tree_node *n = tree_get(root, "generate") ?: tree_get(in->node, "generate");

	if (!n || tree_is_null(n))
		return 0;
	if (n->kind != TREE_SCALAR || (strcasecmp(n->text, "true") && strcasecmp(n->text, "false")))
		return reader_refuse(in->reader, n, "'generate' is true or false");
	in->corr->generate = !strcasecmp(n->text, "true");
	return 0;
}

/* Depth is bounded by the parser. */
static void sign(XXH3_state_t *state, const struct tree_node *n)
{
	XXH3_64bits_update(state, &n->kind, sizeof(n->kind));
	if (n->kind == TREE_SCALAR)
		XXH3_64bits_update(state, n->text, n->len + 1);
	for (unsigned int i = 0; n->kind != TREE_SCALAR && i < n->count; i++) {
		if (n->kind == TREE_MAP)
			sign(state, n->keys[i]);
		sign(state, n->items[i]);
	}
}

static uint64_t signature(const struct tree_node *n)
{
	XXH3_state_t state;

	XXH3_INITSTATE(&state);
	XXH3_64bits_reset(&state);
	sign(&state, n);
	return XXH3_64bits_digest(&state);
}

int correlation_read(struct reader *reader, const struct tree_node *root,
		     struct correlation **ret_corr)
{
	struct input in = { .reader = reader,
			    .arena = &reader->pool->arena,
			    .node = tree_get(root, "correlation"),
			    .corr = arena_new(&reader->pool->arena, struct correlation) };
	int r;

	if (!in.corr)
		return -ENOMEM;
	if (in.node->kind != TREE_MAP)
		return reader_refuse(reader, in.node,
				     "'correlation' is a map of type, rules, group-by, timespan, "
				     "condition");
	if (tree_get(root, "detection"))
		return reader_refuse(reader, root,
				     "a rule has either 'detection' or 'correlation'");
	r = read_kind(&in);
	if (r == 0)
		r = read_span(&in);
	if (r == 0)
		r = read_refs(&in);
	if (r == 0)
		r = read_condition(&in);
	if (r == 0)
		r = read_all_fields(&in);
	if (r == 0)
		r = read_generate(&in, root);
	if (r < 0)
		return r;
	in.corr->signature = signature(in.node);
	*ret_corr = in.corr;
	return 0;
}

bool correlation_holds(const struct correlation *c, double number)
{
	for (unsigned int i = 0; i < c->bound_count; i++) {
		double value = c->bounds[i].value;
		bool holds = false;

		switch (c->bounds[i].op) {
		case BOUND_GT:
			holds = number > value;
			break;
		case BOUND_GTE:
			holds = number >= value;
			break;
		case BOUND_LT:
			holds = number < value;
			break;
		case BOUND_LTE:
			holds = number <= value;
			break;
		case BOUND_EQ:
			holds = fabs(number - value) < 1e-9;
			break;
		case BOUND_NEQ:
			holds = fabs(number - value) >= 1e-9;
			break;
		}
		if (!holds)
			return false;
	}
	return true;
}
