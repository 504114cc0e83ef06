/* SPDX-License-Identifier: Apache-2.0 */
/*
 * correlate.c - the state of correlations while matches come
 *
 * A group is one correlation in one scope with one value of each field of group-by. It is known by
 * a hash of these and holds its matches in the order of their time. Groups are in a list by when
 * they last grew. Not here: what the matches of a group amount to (window.c).
 */
#define XXH_STATIC_LINKING_ONLY /* hash states on the stack */
#include "rules_correlate.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "builder.h"
#include "set.h"
#include "window.h"

struct group {
	XXH128_canonical_t key;
	struct group *older, *newer;
	uint32_t correlation; /* rule of the set */
	struct window window;
};

struct rules_correlator {
	const struct rules_set *set;
	struct rules_correlator_limits limits;
	struct map *groups; /* by key */
	struct group *oldest, *newest;
	struct rules_correlator_stats stats;
	unsigned int depth;
};

int rules_correlator_new(const struct rules_set *s, const struct rules_correlator_limits *limits,
			 struct rules_correlator **ret_correlator)
{
	struct rules_correlator *c;

	if (!limits->groups || limits->entries < CORRELATION_COUNT_MAX)
		return -EINVAL;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->set = s;
	c->limits = *limits;
	c->groups = map_new(limits->groups);
	if (!c->groups) {
		free(c);
		return -ENOMEM;
	}
	*ret_correlator = c;
	return 0;
}

/* ---- groups ---- */

static void unlink_group(struct rules_correlator *c, struct group *g)
{
	*(g->older ? &g->older->newer : &c->oldest) = g->newer;
	*(g->newer ? &g->newer->older : &c->newest) = g->older;
	g->older = g->newer = NULL;
}

static void link_newest(struct rules_correlator *c, struct group *g)
{
	g->older = c->newest;
	*(c->newest ? &c->newest->newer : &c->oldest) = g;
	c->newest = g;
}

static void remove_group(struct rules_correlator *c, struct group *g)
{
	unlink_group(c, g);
	map_remove(c->groups, &g->key, sizeof(g->key));
	c->stats.entries -= g->window.count;
	c->stats.groups--;
	free(g->window.entries);
	free(g);
}

void rules_correlator_free(struct rules_correlator *c)
{
	if (!c)
		return;
	while (c->oldest)
		remove_group(c, c->oldest);
	map_free(c->groups);
	free(c);
}

static void hash_value(XXH3_state_t *state, const struct rules_value *v)
{
	bool has = v->kind == RULES_TEXT || v->kind == RULES_NUMBER || v->kind == RULES_BOOL;
	uint64_t len = has ? v->len : UINT64_MAX;

	XXH3_128bits_update(state, &len, sizeof(len));
	if (has && v->len)
		XXH3_128bits_update(state, v->text, v->len);
}

static void get_value(const struct rules_occurrence *at, unsigned int field, struct rules_value *v)
{
	v->kind = RULES_ABSENT;
	if (at->get)
		at->get(at->event, field, v);
}

/* The rule's id, not its number: another set's groups are found again. */
static XXH128_canonical_t group_key(const struct rule *rule, unsigned int ref,
				    const struct rules_occurrence *at)
{
	const struct correlation *corr = rule->correlation;
	const unsigned int *fields = corr->refs[ref].group;
	XXH128_canonical_t key;
	XXH3_state_t state;

	XXH3_INITSTATE(&state);
	XXH3_128bits_reset(&state);
	XXH3_128bits_update(&state, rule->info.id, strlen(rule->info.id) + 1);
	XXH3_128bits_update(&state, &corr->signature, sizeof(corr->signature));
	XXH3_128bits_update(&state, at->scope, strlen(at->scope) + 1);
	for (unsigned int i = 0; i < corr->group_count; i++) {
		struct rules_value v;

		get_value(at, fields[i], &v);
		hash_value(&state, &v);
	}
	XXH128_canonicalFromHash(&key, XXH3_128bits_digest(&state));
	return key;
}

static struct group *find_group(struct rules_correlator *c, uint32_t correlation, unsigned int ref,
				const struct rules_occurrence *at)
{
	const struct rule *rule = c->set->rules[correlation].rule;
	XXH128_canonical_t key = group_key(rule, ref, at);
	struct group *g = map_get(c->groups, &key, sizeof(key));

	if (g) {
		unlink_group(c, g);
		link_newest(c, g);
		return g;
	}
	if (c->stats.groups == c->limits.groups) {
		remove_group(c, c->oldest);
		c->stats.evicted++;
	}
	g = calloc(1, sizeof(*g));
	if (!g)
		return NULL;
	g->key = key;
	g->correlation = correlation;
	g->window.corr = rule->correlation;
	if (map_put(c->groups, &key, sizeof(key), g, NULL) < 0) {
		free(g);
		return NULL;
	}
	link_newest(c, g);
	c->stats.groups++;
	return g;
}

void rules_correlator_adopt(struct rules_correlator *c, struct rules_correlator *from)
{
	_cleanup_(map_freep) struct map *by_id = map_new((size_t)c->set->rule_count + 1);

	for (unsigned int i = c->set->plain_count; by_id && i < c->set->rule_count; i++) {
		const char *id = c->set->rules[i].rule->info.id;

		if (map_put(by_id, id, strlen(id), (void *)(uintptr_t)(i + 1), NULL) < 0)
			return;
	}
	while (by_id && from->oldest && c->stats.groups < c->limits.groups) {
		struct group *g = from->oldest;
		const struct rule *rule = from->set->rules[g->correlation].rule;
		uintptr_t to = (uintptr_t)map_get(by_id, rule->info.id, strlen(rule->info.id));
		const struct correlation *corr =
		    to ? c->set->rules[to - 1].rule->correlation : NULL;

		unlink_group(from, g);
		map_remove(from->groups, &g->key, sizeof(g->key));
		from->stats.groups--;
		from->stats.entries -= g->window.count;
		if (!corr || corr->signature != rule->correlation->signature ||
		    map_put(c->groups, &g->key, sizeof(g->key), g, NULL) < 0) {
			free(g->window.entries);
			free(g);
			continue;
		}
		g->correlation = (uint32_t)to - 1;
		g->window.corr = corr;
		link_newest(c, g);
		c->stats.groups++;
		c->stats.entries += g->window.count;
	}
}

/* ---- matches ---- */

static void add(struct rules_correlator *c, unsigned int rule, const struct rules_occurrence *at);

static void fire(struct rules_correlator *c, uint32_t correlation,
		 const struct rules_occurrence *at)
{
	c->stats.fired++;
	at->fire(at->arg, correlation);
	/* Linking has bounded the depth. */
	if (c->depth < LINK_DEPTH_MAX) {
		c->depth++;
		add(c, correlation, at);
		c->depth--;
	}
}

/* False where a number is asked for and the event has none. */
static bool make_entry(const struct correlation *corr, unsigned int ref,
		       const struct rules_occurrence *at, struct entry *ret_entry)
{
	const unsigned int *fields = corr->refs[ref].values;
	XXH3_state_t state;

	*ret_entry = (struct entry){ .time_ns = at->time_ns, .ref = ref, .number = NAN };
	if (!corr->value_count)
		return true;
	XXH3_INITSTATE(&state);
	XXH3_64bits_reset(&state);
	for (unsigned int i = 0; i < corr->value_count; i++) {
		struct rules_value v;
		char text[64], *end;

		get_value(at, fields[i], &v);
		if (v.kind != RULES_TEXT && v.kind != RULES_NUMBER && v.kind != RULES_BOOL)
			return false;
		XXH3_64bits_update(&state, &v.len, sizeof(v.len));
		XXH3_64bits_update(&state, v.text, v.len);
		if (i || !v.len || v.len >= sizeof(text))
			continue;
		memcpy(text, v.text, v.len);
		text[v.len] = '\0';
		ret_entry->number = strtod(text, &end);
		if (*end || !isfinite(ret_entry->number))
			ret_entry->number = NAN;
	}
	ret_entry->value = XXH3_64bits_digest(&state);
	return !window_needs_numbers(corr) || !isnan(ret_entry->number);
}

static void make_room(struct rules_correlator *c, const struct group *keep)
{
	while (c->stats.entries >= c->limits.entries && c->oldest && c->oldest != keep) {
		remove_group(c, c->oldest);
		c->stats.evicted++;
	}
}

static void add_to_group(struct rules_correlator *c, struct group *g, const struct entry *entry,
			 const struct rules_occurrence *at)
{
	unsigned int before = g->window.count, fired = 0;
	struct window_counts counts = { 0 };
	uint32_t correlation = g->correlation;

	if (!window_add(&g->window, entry, &fired, &counts))
		c->stats.dropped++;
	c->stats.late += counts.late;
	c->stats.dropped += counts.dropped;
	c->stats.entries += g->window.count;
	c->stats.entries -= before;
	if (!g->window.count)
		remove_group(c, g);
	/* Firing may add to other groups, so this one is done with. */
	for (; fired; fired--)
		fire(c, correlation, at);
}

static void add(struct rules_correlator *c, unsigned int rule, const struct rules_occurrence *at)
{
	const struct set_rule *r = &c->set->rules[rule];

	for (uint32_t i = 0; i < r->feed_count; i++) {
		struct set_feed feed = c->set->feeds[r->feed_start + i];
		const struct correlation *corr = c->set->rules[feed.correlation].rule->correlation;
		struct entry entry;
		struct group *g;

		if (!make_entry(corr, feed.ref, at, &entry))
			continue;
		g = find_group(c, feed.correlation, feed.ref, at);
		if (!g) {
			c->stats.dropped++;
			continue;
		}
		make_room(c, g);
		add_to_group(c, g, &entry, at);
	}
}

bool rules_set_feeds_correlation(const struct rules_set *s, unsigned int rule)
{
	return rule < s->rule_count && s->rules[rule].feed_count > 0;
}

void rules_correlator_add(struct rules_correlator *c, unsigned int rule,
			  const struct rules_occurrence *at)
{
	if (rules_set_feeds_correlation(c->set, rule))
		add(c, rule, at);
}

void rules_correlator_end(struct rules_correlator *c, rules_fire_fn fn, void *arg)
{
	while (c->oldest) {
		struct group *g = c->oldest;

		c->stats.entries -= g->window.count;
		for (unsigned int fired = window_end(&g->window); fired; fired--) {
			c->stats.fired++;
			fn(arg, g->correlation);
		}
		remove_group(c, g);
	}
}

void rules_correlator_get_stats(const struct rules_correlator *c,
				struct rules_correlator_stats *ret_stats)
{
	*ret_stats = c->stats;
}
