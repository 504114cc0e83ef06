/* SPDX-License-Identifier: Apache-2.0 */
/*
 * set.c - compiles the builder's rules into an immutable set
 *
 * Not here: evaluation (match.c). The set keeps the pool alive, so the builder may read on or go.
 */
#include "set.h"

#include <errno.h>
#include <string.h>

#include "builder.h"
#include "correlation.h"

#define SET_BYTES (512u << 20)
#define LITERALS_MAX (1u << 20)

/* A literal of one (group, field) while it is collected. */
struct literal {
	struct set_literal set;
	const char *text; /* in small letters */
};

struct field_literals {
	unsigned int field;
	struct map *by_text;
	struct literal **items;
	unsigned int count, cap;
};

struct compiler {
	struct rules_set *set;
	struct set_group *group;
	struct field_literals *fields; /* of the group at hand */
	unsigned int field_count, field_cap;
	struct map *by_field; /* field -> position in fields + 1 */
	struct wakes wakes;
	struct err *err;
};

static int reserve(void **array, unsigned int *cap, unsigned int count, size_t size)
{
	unsigned int bigger = *cap ? *cap * 2 : 16;
	void *p;

	if (count < *cap)
		return 0;
	p = realloc(*array, bigger * size);
	if (!p)
		return -ENOMEM;
	*array = p;
	*cap = bigger;
	return 0;
}

/* ---- literals ---- */

static int literals_of(struct compiler *c, unsigned int field, struct field_literals **ret)
{
	uint64_t key = (uint64_t)field + 1;
	void *found = map_get_u64(c->by_field, key);
	struct field_literals *f;

	if (found) {
		*ret = &c->fields[(uintptr_t)found - 1];
		return 0;
	}
	if (reserve((void **)&c->fields, &c->field_cap, c->field_count, sizeof(*c->fields)) < 0)
		return -ENOMEM;
	f = &c->fields[c->field_count];
	*f = (struct field_literals){ .field = field, .by_text = map_new(LITERALS_MAX) };
	if (!f->by_text)
		return -ENOMEM;
	c->field_count++;
	if (map_put_u64(c->by_field, key, (void *)(uintptr_t)c->field_count, NULL) < 0)
		return -ENOMEM;
	*ret = f;
	return 0;
}

static char *small_letters(struct arena *a, const char *text, size_t len)
{
	char *s = arena_strndup(a, text, len);

	for (size_t i = 0; s && i < len; i++)
		if (s[i] >= 'A' && s[i] <= 'Z')
			s[i] += 'a' - 'A';
	return s;
}

/* The bit that says: this field is, holds, begins or ends with the text. */
static int64_t literal_bit(struct compiler *c, unsigned int field, enum leaf_op shape,
			   const char *text, size_t len)
{
	struct arena *a = &c->set->arena;
	char *small = small_letters(a, text, len);
	struct field_literals *f;
	struct literal *l;

	if (!small || literals_of(c, field, &f) < 0)
		return -ENOMEM;
	l = map_get(f->by_text, small, len);
	if (!l) {
		l = arena_new(a, struct literal);
		if (!l || reserve((void **)&f->items, &f->cap, f->count, sizeof(*f->items)) < 0)
			return -ENOMEM;
		l->text = small;
		l->set.len = (uint32_t)len;
		memset(l->set.bits, 0xff, sizeof(l->set.bits));
		if (map_put(f->by_text, small, len, l, NULL) < 0)
			return -ENOMEM;
		f->items[f->count++] = l;
	}
	if (l->set.bits[shape] == BIT_NONE)
		l->set.bits[shape] = c->set->bit_count++;
	return l->set.bits[shape];
}

/* The bit without which the leaf cannot be true; BIT_NONE where there is none. */
static int64_t leaf_bit(struct compiler *c, const struct leaf *leaf)
{
	if (leaf_is_literal(leaf))
		return literal_bit(c, leaf->field, leaf->op, leaf->text, leaf->len);
	if (leaf->need)
		return literal_bit(c, leaf->field, LEAF_CONTAINS, leaf->need, leaf->need_len);
	return BIT_NONE;
}

/* ---- programs ---- */

static struct set_node *new_node(struct compiler *c)
{
	struct rules_set *s = c->set;

	if (reserve((void **)&s->nodes, &s->node_cap, s->node_count, sizeof(*s->nodes)) < 0)
		return NULL;
	return &s->nodes[s->node_count++];
}

static int emit_leaf(struct compiler *c, struct set_node *node, const struct leaf *leaf)
{
	int64_t bit = leaf_bit(c, leaf);

	if (bit < 0)
		return (int)bit;
	node->op = leaf_is_literal(leaf) && !leaf->cased ? NODE_BIT : NODE_LEAF;
	node->arg = (uint32_t)bit;
	node->leaf = leaf;
	node->end = c->set->node_count;
	return 0;
}

static int emit(struct compiler *c, const struct expr *e)
{
	static const uint8_t ops[] = {
		[EXPR_AND] = NODE_AND,
		[EXPR_OR] = NODE_OR,
		[EXPR_NOT] = NODE_NOT,
		[EXPR_ATLEAST] = NODE_ATLEAST,
	};
	struct set_node *node = new_node(c);
	uint32_t at = c->set->node_count - 1;

	if (!node)
		return -ENOMEM;
	if (e->op == EXPR_LEAF)
		return emit_leaf(c, node, &e->leaf);
	*node = (struct set_node){ .op = ops[e->op], .arg = e->least };
	for (unsigned int i = 0; i < e->count; i++) {
		int r = emit(c, e->kids[i]);

		if (r < 0)
			return r;
	}
	c->set->nodes[at].end = c->set->node_count;
	return 0;
}

/* ---- groups ---- */

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

bool set_group_concerns(const struct set_group *g, const char *category, const char *product,
			const char *service)
{
	return (!g->category || same(g->category, category)) &&
	       (!g->product || same(g->product, product)) &&
	       (!g->service || same(g->service, service));
}

static int assign_groups(struct rules_set *s)
{
	s->groups = arena_array(&s->arena, struct set_group, (size_t)s->rule_count + 1);
	if (!s->groups)
		return -ENOMEM;
	for (unsigned int i = 0; i < s->plain_count; i++) {
		const struct rules_info *info = &s->rules[i].rule->info;
		unsigned int g = 0;

		while (g < s->group_count && !(same(s->groups[g].category, info->category) &&
					       same(s->groups[g].product, info->product) &&
					       same(s->groups[g].service, info->service)))
			g++;
		if (g == s->group_count) {
			s->groups[g].category = info->category;
			s->groups[g].product = info->product;
			s->groups[g].service = info->service;
			s->group_count++;
		}
		s->rules[i].group = g;
	}
	return 0;
}

static int compile_scan(struct compiler *c, const struct field_literals *f, struct set_scan *scan)
{
	_cleanup_free_ struct literal_text *texts = calloc(f->count, sizeof(*texts));
	int r;

	scan->field = f->field;
	scan->literals = arena_array(&c->set->arena, struct set_literal, f->count);
	if (!texts || !scan->literals)
		return -ENOMEM;
	for (unsigned int i = 0; i < f->count; i++) {
		scan->literals[i] = f->items[i]->set;
		texts[i] = (struct literal_text){ f->items[i]->text, scan->literals[i].len };
	}
	r = literals_new(texts, f->count, &scan->matcher);
	if (r == -E2BIG)
		return err_setf(c->err, r, "the values of one field have more than %u bytes",
				LITERALS_STATES_MAX);
	if (r < 0)
		return r;
	scan->count = f->count;
	return 0;
}

static void forget_fields(struct compiler *c)
{
	for (unsigned int i = 0; i < c->field_count; i++) {
		map_free(c->fields[i].by_text);
		free(c->fields[i].items);
	}
	c->field_count = 0;
	if (c->by_field)
		map_clear(c->by_field);
}

static int compile_rule(struct compiler *c, unsigned int index)
{
	struct rules_set *s = c->set;
	struct set_rule *rule = &s->rules[index];
	int r;

	rule->start = s->node_count;
	r = emit(c, rule->rule->expr);
	if (r < 0)
		return r;
	r = wakes_collect(&c->wakes, s, rule->start, index);
	if (r != -ENOENT)
		return r;
	c->group->always[c->group->always_count++] = index;
	return 0;
}

static int compile_group(struct compiler *c, unsigned int index)
{
	struct rules_set *s = c->set;
	struct set_group *g = &s->groups[index];
	unsigned int members = 0;

	c->group = g;
	for (unsigned int i = 0; i < s->plain_count; i++)
		members += s->rules[i].group == index;
	g->always = arena_array(&s->arena, unsigned int, members);
	if (!g->always)
		return -ENOMEM;
	for (unsigned int i = 0; i < s->plain_count; i++) {
		int r = s->rules[i].group == index ? compile_rule(c, i) : 0;

		if (r < 0)
			return r;
	}
	g->scans = arena_array(&s->arena, struct set_scan, (size_t)c->field_count + 1);
	if (!g->scans)
		return -ENOMEM;
	for (unsigned int i = 0; i < c->field_count; i++) {
		int r = compile_scan(c, &c->fields[i], &g->scans[g->scan_count++]);

		if (r < 0)
			return r;
	}
	forget_fields(c);
	return 0;
}

static int compile(struct compiler *c)
{
	struct rules_set *s = c->set;
	int r = assign_groups(s);

	c->by_field = map_new(RULE_FIELDS_MAX + 1);
	if (!c->by_field)
		return -ENOMEM;
	for (unsigned int g = 0; r == 0 && g < s->group_count; g++)
		r = compile_group(c, g);
	return r < 0 ? r : wakes_index(&c->wakes, s);
}

/* The builder may add fields later; the set's view of them stays as it is now. */
static int copy_builder(struct rules_set *s, const struct rules_builder *b)
{
	const char **names = arena_array(&s->arena, const char *, (size_t)b->pool->field_count + 1);

	s->rules = arena_array(&s->arena, struct set_rule, (size_t)b->count + 1);
	if (!names || !s->rules)
		return -ENOMEM;
	s->field_count = b->pool->field_count;
	if (s->field_count)
		memcpy(names, b->pool->field_names, s->field_count * sizeof(*names));
	s->field_names = names;
	for (unsigned int i = 0; i < b->count; i++)
		if (!b->rules[i]->correlation)
			s->rules[s->rule_count++].rule = b->rules[i];
	s->plain_count = s->rule_count;
	for (unsigned int i = 0; i < b->count; i++)
		if (b->rules[i]->correlation && b->rules[i]->correlation->linked)
			s->rules[s->rule_count++].rule = b->rules[i];
	return 0;
}

/* The correlation's references as feeds of the rules that they name; at: the next free place of each. */
static void feed_rules(struct rules_set *s, const struct map *index, uint32_t correlation,
		       uint32_t *at)
{
	const struct rule *rule = s->rules[correlation].rule;

	for (unsigned int i = 0; i < rule->correlation->ref_count; i++) {
		const struct rule *ref = rule->correlation->refs[i].rule;
		uintptr_t to = (uintptr_t)map_get_u64(index, (uintptr_t)ref) - 1;

		if (at)
			s->feeds[at[to]++] = (struct set_feed){ correlation, i };
		else
			s->rules[to].feed_count++;
		if (!at && !rule->correlation->generate && !strcmp(ref->info.file, rule->info.file))
			s->rules[to].silent = true;
	}
}

/* Where one correlation lets the rules speak for themselves, another does not silence them. */
static void unsilence(struct rules_set *s, const struct map *index)
{
	for (unsigned int c = s->plain_count; c < s->rule_count; c++) {
		const struct correlation *corr = s->rules[c].rule->correlation;

		for (unsigned int i = 0; corr->generate && i < corr->ref_count; i++) {
			const struct rule *ref = corr->refs[i].rule;

			s->rules[(uintptr_t)map_get_u64(index, (uintptr_t)ref) - 1].silent = false;
		}
	}
}

static int link_set(struct rules_set *s)
{
	_cleanup_(map_freep) struct map *index = map_new((size_t)s->rule_count + 1);
	_cleanup_free_ uint32_t *at = calloc((size_t)s->rule_count + 1, sizeof(*at));
	uint32_t total = 0;
	int r = index && at ? 0 : -ENOMEM;

	for (unsigned int i = 0; r == 0 && i < s->rule_count; i++)
		r = map_put_u64(index, (uintptr_t)s->rules[i].rule, (void *)(uintptr_t)(i + 1),
				NULL);
	if (r < 0)
		return r;
	for (unsigned int c = s->plain_count; c < s->rule_count; c++)
		feed_rules(s, index, c, NULL);
	unsilence(s, index);
	for (unsigned int i = 0; i < s->rule_count; i++) {
		at[i] = s->rules[i].feed_start = total;
		total += s->rules[i].feed_count;
	}
	s->feeds = arena_array(&s->arena, struct set_feed, (size_t)total + 1);
	if (!s->feeds)
		return -ENOMEM;
	for (unsigned int c = s->plain_count; c < s->rule_count; c++)
		feed_rules(s, index, c, at);
	return 0;
}

int rules_builder_compile(struct rules_builder *b, struct rules_set **ret_set, struct err *err)
{
	_cleanup_(rules_set_freep) struct rules_set *s = calloc(1, sizeof(*s));
	struct compiler c = { .set = s, .err = err };
	int r;

	if (!s)
		return -ENOMEM;
	arena_init(&s->arena, SET_BYTES);
	s->pool = pool_ref(b->pool);
	rules_builder_link(b, NULL, NULL);
	r = copy_builder(s, b);
	if (r == 0)
		r = compile(&c);
	if (r == 0)
		r = link_set(s);
	forget_fields(&c);
	free(c.fields);
	if (c.by_field)
		map_free(c.by_field);
	free(c.wakes.items);
	if (r < 0)
		return r == -ENOMEM ? err_setf(err, r, "out of memory for the rule set") : r;
	*ret_set = TAKE_PTR(s);
	return 0;
}

void rules_set_free(struct rules_set *s)
{
	if (!s)
		return;
	for (unsigned int g = 0; g < s->group_count; g++)
		for (unsigned int i = 0; i < s->groups[g].scan_count; i++)
			literals_free(s->groups[g].scans[i].matcher);
	free(s->nodes);
	pool_unref(s->pool);
	arena_done(&s->arena);
	free(s);
}

size_t rules_set_count(const struct rules_set *s)
{
	return s->rule_count;
}

const struct rules_info *rules_set_info(const struct rules_set *s, unsigned int rule)
{
	return rule < s->rule_count ? &s->rules[rule].rule->info : NULL;
}

bool rules_set_is_correlation(const struct rules_set *s, unsigned int rule)
{
	return rule >= s->plain_count && rule < s->rule_count;
}

bool rules_set_is_silent(const struct rules_set *s, unsigned int rule)
{
	return rule < s->rule_count && s->rules[rule].silent;
}

unsigned int rules_set_field_count(const struct rules_set *s)
{
	return s->field_count;
}

const char *rules_set_field(const struct rules_set *s, unsigned int field)
{
	return field < s->field_count ? s->field_names[field] : NULL;
}
