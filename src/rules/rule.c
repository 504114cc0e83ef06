/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule.c - one YAML document becomes a rule: its head, its searches, its condition
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "correlation.h"
#include "rule.h"

#define TITLE_MAX 1024

static const char *const level_names[] = { "informational", "low", "medium", "high", "critical" };

const char *rules_level_name(enum rules_level level)
{
	return level_names[MIN((size_t)level, ARRAY_SIZE(level_names) - 1)];
}

/* Text of a key that may be missing; "" where it is null. */
static int read_text(struct reader *r, const struct tree_node *root, const char *key,
		     const char **ret_text)
{
	const struct tree_node *n = tree_get(root, key);

	if (!n)
		return 0;
	if (n->kind != TREE_SCALAR)
		return reader_refuse(r, n, "'%s' is text", key);
	if (strlen(n->text) != n->len)
		return reader_refuse(r, n, "'%s' holds a NUL", key);
	*ret_text = n->text;
	return 0;
}

/* Text or a list of text, as a NULL-terminated array. */
static int read_list(struct reader *r, const struct tree_node *root, const char *key,
		     const char *const **ret_list)
{
	const struct tree_node *n = tree_get(root, key);
	unsigned int count = !n || tree_is_null(n) ? 0 : n->kind == TREE_LIST ? n->count : 1;
	const char **list = arena_array(&r->pool->arena, const char *, count + 1);

	if (!list)
		return -ENOMEM;
	for (unsigned int i = 0; i < count; i++) {
		const struct tree_node *item = n->kind == TREE_LIST ? n->items[i] : n;

		if (item->kind != TREE_SCALAR)
			return reader_refuse(r, item, "'%s' is a list of text", key);
		list[i] = item->text;
	}
	*ret_list = list;
	return 0;
}

static bool is_uuid(const char *s)
{
	for (size_t i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? s[i] != '-' : !isxdigit((unsigned char)s[i]))
			return false;
	}
	return s[36] == '\0';
}

/* Sigma lets the id be missing; alerts need one that stays the same. */
static const char *made_id(struct arena *a, const char *title)
{
	XXH128_hash_t h = XXH3_128bits(title, strlen(title));

	return arena_printf(a, "%08x-%04x-8%03x-8%03x-%012llx", (unsigned int)(h.high64 >> 32),
			    (unsigned int)(h.high64 >> 16 & 0xffff),
			    (unsigned int)(h.high64 & 0xfff), (unsigned int)(h.low64 >> 52),
			    (unsigned long long)(h.low64 & 0xffffffffffffULL));
}

static int read_id(struct reader *r, const struct tree_node *root, struct rules_info *info)
{
	int res = read_text(r, root, "id", &info->id);

	if (res < 0)
		return res;
	if (!info->id) {
		info->id = made_id(&r->pool->arena, info->title);
		return info->id ? 0 : -ENOMEM;
	}
	if (!is_uuid(info->id))
		return reader_refuse(r, tree_get(root, "id"),
				     "'%.64s' is no UUID; right would be "
				     "929a690e-bef0-4204-a928-ef5e620d6fcc",
				     info->id);
	return 0;
}

static int read_level(struct reader *r, const struct tree_node *root, struct rules_info *info)
{
	const char *name = NULL;
	int res = read_text(r, root, "level", &name);

	if (res < 0)
		return res;
	info->level = RULES_MEDIUM;
	if (!name)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(level_names); i++) {
		if (strcasecmp(level_names[i], name))
			continue;
		info->level = (enum rules_level)i;
		return 0;
	}
	return reader_refuse(
	    r, tree_get(root, "level"),
	    "there is no level '%.64s'; levels are informational, low, medium, high, "
	    "critical",
	    name);
}

static bool is_technique(const char *s)
{
	return (s[0] == 't' || s[0] == 'T') && isdigit((unsigned char)s[1]);
}

/* attack.t1059.004 is a technique, attack.defense-evasion a tactic, attack.g0032 neither. */
static int read_tags(struct reader *r, const struct tree_node *root, struct rules_info *info)
{
	struct arena *a = &r->pool->arena;
	const char *const *tags = NULL;
	const char **techniques, **tactics;
	size_t n = 0, t = 0, k = 0;
	int res = read_list(r, root, "tags", &tags);

	if (res < 0)
		return res;
	while (tags[n])
		n++;
	techniques = arena_array(a, const char *, n + 1);
	tactics = arena_array(a, const char *, n + 1);
	if (!techniques || !tactics)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const char *name = tags[i] + 7;
		char *copy;

		if (strncasecmp(tags[i], "attack.", 7) || !*name)
			continue;
		copy = arena_strdup(a, name);
		if (!copy)
			return -ENOMEM;
		if (is_technique(name)) {
			copy[0] = 'T';
			techniques[t++] = copy;
		} else if (!((name[0] | 32) == 'g' && isdigit((unsigned char)name[1])) &&
			   !((name[0] | 32) == 's' && isdigit((unsigned char)name[1]))) {
			for (char *c = copy; *c; c++)
				*c = *c == '_' ? '-' : (char)tolower((unsigned char)*c);
			tactics[k++] = copy;
		}
	}
	info->techniques = techniques;
	info->tactics = tactics;
	return 0;
}

static int read_logsource(struct reader *r, const struct tree_node *root, struct rules_info *info)
{
	const struct tree_node *source = tree_get(root, "logsource");
	int res;

	if (!source)
		return reader_refuse(r, root, "'logsource' is missing");
	if (source->kind != TREE_MAP)
		return reader_refuse(r, source,
				     "'logsource' is a map of category, product, service");
	res = read_text(r, source, "category", &info->category);
	if (res == 0)
		res = read_text(r, source, "product", &info->product);
	if (res == 0)
		res = read_text(r, source, "service", &info->service);
	return res;
}

static int read_head(struct reader *r, const struct tree_node *root, struct rules_info *info)
{
	int res = read_text(r, root, "title", &info->title);

	if (res < 0)
		return res;
	if (!info->title || !*info->title || strlen(info->title) > TITLE_MAX)
		return reader_refuse(r, info->title ? tree_get(root, "title") : root,
				     "a rule needs a 'title' of at most %d bytes", TITLE_MAX);
	info->file = r->file;
	res = read_id(r, root, info);
	if (res == 0)
		res = read_level(r, root, info);
	if (res == 0)
		res = read_text(r, root, "description", &info->description);
	if (res == 0)
		res = read_text(r, root, "author", &info->author);
	if (res == 0)
		res = read_list(r, root, "references", &info->references);
	if (res == 0)
		res = read_list(r, root, "falsepositives", &info->falsepositives);
	if (res == 0)
		res = read_tags(r, root, info);
	return res < 0 || tree_get(root, "correlation") ? res : read_logsource(r, root, info);
}

static int read_detection(struct reader *r, const struct tree_node *detection,
			  struct expr **ret_expr)
{
	const struct tree_node *condition = tree_get(detection, "condition");
	struct search *searches = arena_array(&r->pool->arena, struct search, detection->count + 1);
	unsigned int n = 0;

	if (!searches)
		return -ENOMEM;
	if (!condition)
		return reader_refuse(r, detection, "'condition' is missing in detection");
	if (detection->count > RULE_SEARCHES_MAX)
		return reader_refuse(r, detection, "more than %u searches", RULE_SEARCHES_MAX);
	for (unsigned int i = 0; i < detection->count; i++) {
		const struct tree_node *key = detection->keys[i];
		int res;

		if (!strcmp(key->text, "condition") || !strcmp(key->text, "timeframe"))
			continue;
		for (unsigned int k = 0; k < n; k++)
			if (!strcmp(searches[k].name, key->text))
				return reader_refuse(r, key, "'%.128s' stands twice in detection",
						     key->text);
		searches[n].name = key->text;
		res = search_read(r, detection->items[i], &searches[n].expr);
		if (res < 0)
			return res;
		n++;
	}
	return condition_read(r, condition, searches, n, ret_expr);
}

static int read_body(struct reader *r, const struct tree_node *root, struct rule *rule)
{
	const struct tree_node *detection = tree_get(root, "detection");
	struct expr *expr;
	int res;

	if (tree_get(root, "correlation"))
		return correlation_read(r, root, &rule->correlation);
	if (!detection || detection->kind != TREE_MAP)
		return reader_refuse(r, detection ? detection : root,
				     "a rule needs 'detection', a map with a condition");
	res = read_detection(r, detection, &expr);
	if (res < 0)
		return res;
	if (expr->size > RULE_NODES_MAX)
		return reader_refuse(r, detection, "the rule has more than %u comparisons",
				     RULE_NODES_MAX);
	rule->expr = expr;
	return 0;
}

int rule_read(struct reader *r, const struct tree_node *root, struct rule **ret_rule)
{
	struct rule *rule = arena_new(&r->pool->arena, struct rule);
	int res;

	if (!rule)
		return -ENOMEM;
	if (root->kind != TREE_MAP)
		return reader_refuse(r, root, "a rule is a map that begins with title:");
	rule->line = root->line;
	res = read_head(r, root, &rule->info);
	if (res == 0)
		res = read_text(r, root, "name", &rule->name);
	if (res == 0)
		res = read_body(r, root, rule);
	if (res < 0)
		return res;
	*ret_rule = rule;
	return 0;
}
