/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link.c - correlations find the rules that they refer to
 *
 * A rule may come after the correlation or in another file, so this is done when all are read. A
 * correlation that cannot be linked costs only itself and those that build on it; it stays in the
 * builder, for what it lacks may still come.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "builder.h"
#include "correlation.h"

/* In place of a rule in names: several have it. */
static char ambiguous;

int link_keep_name(struct rules_builder *b, struct rule *rule)
{
	size_t len = rule->name ? strlen(rule->name) : 0;
	void *mine = rule;

	b->correlations += rule->correlation != NULL;
	if (!len)
		return 0;
	if (map_get(b->names, rule->name, len))
		mine = &ambiguous;
	return map_put(b->names, rule->name, len, mine, NULL);
}

/* NULL where there is none or where several have the name. */
static struct rule *find_rule(const struct rules_builder *b, const char *name)
{
	struct rule *rule = map_get(b->ids, name, strlen(name));

	if (!rule)
		rule = map_get(b->names, name, strlen(name));
	return (void *)rule == (void *)&ambiguous ? NULL : rule;
}

/* True once all that it refers to is there and linked itself. */
static bool link_one(const struct rules_builder *b, struct correlation *c)
{
	for (unsigned int i = 0; i < c->ref_count; i++) {
		struct rule *rule = find_rule(b, c->refs[i].name);

		if (!rule || (rule->correlation && !rule->correlation->linked))
			return false;
		c->refs[i].rule = rule;
	}
	c->linked = true;
	return true;
}

static void say_why(const struct rules_builder *b, const struct rule *rule,
		    rules_problem_fn problem, void *arg)
{
	const struct correlation *c = rule->correlation;
	const struct correlation_ref *bad = NULL;
	const char *why = "is refused, refers back here or is too deep";
	char message[256];

	for (unsigned int i = 0; i < c->ref_count && !bad; i++) {
		const struct rule *found = find_rule(b, c->refs[i].name);

		if (!found || (found->correlation && !found->correlation->linked))
			bad = &c->refs[i];
		if (!found)
			why = map_get(b->names, c->refs[i].name, strlen(c->refs[i].name))
				  ? "is the name of several rules; right would be an id"
				  : "is neither name nor id of a rule";
	}
	if (!bad)
		return;
	snprintf(message, sizeof(message), "'%.100s' %s", bad->name, why);
	problem(arg, &(struct rules_problem){ .file = rule->info.file,
					      .line = bad->line,
					      .column = bad->column,
					      .rule = rule->info.title,
					      .message = message });
}

void rules_builder_link(struct rules_builder *b, rules_problem_fn problem, void *arg)
{
	bool changed = b->correlations > 0;

	for (unsigned int i = 0; i < b->count; i++)
		if (b->rules[i]->correlation)
			b->rules[i]->correlation->linked = false;
	for (unsigned int depth = 0; changed && depth < LINK_DEPTH_MAX; depth++) {
		changed = false;
		for (unsigned int i = 0; i < b->count; i++) {
			struct correlation *c = b->rules[i]->correlation;

			if (c && !c->linked)
				changed |= link_one(b, c);
		}
	}
	for (unsigned int i = 0; problem && i < b->count; i++)
		if (b->rules[i]->correlation && !b->rules[i]->correlation->linked)
			say_why(b, b->rules[i], problem, arg);
}
