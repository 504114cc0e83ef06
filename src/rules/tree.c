/* SPDX-License-Identifier: Apache-2.0 */
#include "tree.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#define ANCHORS_MAX 64

struct anchor {
	const char *name;
	struct tree_node *node;
};

struct parser {
	yaml_parser_t yaml;
	yaml_event_t event;
	bool have_event;
	struct arena *arena;
	struct tree_error *error;
	unsigned int first_line;
	unsigned int depth;
	unsigned int nodes;
	struct anchor anchors[ANCHORS_MAX];
	unsigned int anchor_count;
};

static _printf_(3, 4) int fail(struct parser *p, const yaml_mark_t *mark, const char *fmt, ...)
{
	va_list ap;

	p->error->line = p->first_line + (unsigned int)mark->line;
	p->error->column = 1 + (unsigned int)mark->column;
	va_start(ap, fmt);
	vsnprintf(p->error->message, sizeof(p->error->message), fmt, ap);
	va_end(ap);
	return -EBADMSG;
}

static int next_event(struct parser *p)
{
	const yaml_parser_t *y = &p->yaml;

	if (p->have_event)
		yaml_event_delete(&p->event);
	p->have_event = false;
	if (!yaml_parser_parse(&p->yaml, &p->event)) {
		if (y->error == YAML_MEMORY_ERROR)
			return -ENOMEM;
		if (y->error == YAML_READER_ERROR)
			return fail(p, &y->mark, "not UTF-8 text: %s at byte %zu",
				    y->problem ? y->problem : "unreadable", y->problem_offset);
		return fail(p, &y->problem_mark, "not YAML: %s%s%s",
			    y->problem ? y->problem : "unreadable", y->context ? ", " : "",
			    y->context ? y->context : "");
	}
	p->have_event = true;
	return 0;
}

static int parse_node(struct parser *p, struct tree_node **ret_node);

static struct tree_node *new_node(struct parser *p, enum tree_kind kind)
{
	struct tree_node *n = arena_new(p->arena, struct tree_node);

	if (!n)
		return NULL;
	n->kind = kind;
	n->line = p->first_line + (unsigned int)p->event.start_mark.line;
	n->column = 1 + (unsigned int)p->event.start_mark.column;
	n->size = 1;
	return n;
}

static int parse_scalar(struct parser *p, struct tree_node **ret_node)
{
	struct tree_node *n = new_node(p, TREE_SCALAR);
	yaml_scalar_style_t style = p->event.data.scalar.style;

	if (!n)
		return -ENOMEM;
	n->plain = style == YAML_PLAIN_SCALAR_STYLE;
	n->block = style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE;
	n->len = p->event.data.scalar.length;
	n->text = arena_strndup(p->arena, (const char *)p->event.data.scalar.value, n->len);
	if (!n->text)
		return -ENOMEM;
	*ret_node = n;
	return 0;
}

/* Children were linked in the order read; arrays are easier for everyone after us. */
static int fill_arrays(struct parser *p, struct tree_node *n, struct tree_node *first)
{
	bool map = n->kind == TREE_MAP;
	struct tree_node *c = first;

	n->items = arena_array(p->arena, struct tree_node *, n->count + 1);
	n->keys = map ? arena_array(p->arena, struct tree_node *, n->count + 1) : NULL;
	if (!n->items || (map && !n->keys))
		return -ENOMEM;
	for (unsigned int i = 0; i < n->count; i++) {
		if (map) {
			n->keys[i] = c;
			c = c->next;
		}
		n->items[i] = c;
		c = c->next;
	}
	return 0;
}

/* An alias gives the same node a second place: the link is in a holder of its own. */
static struct tree_node *holder(struct parser *p, struct tree_node *node)
{
	struct tree_node *copy = arena_new(p->arena, struct tree_node);

	if (copy)
		*copy = *node;
	if (copy)
		copy->next = NULL;
	return copy;
}

static int parse_children(struct parser *p, struct tree_node *n, yaml_event_type_t end)
{
	struct tree_node *first = NULL, **link = &first;
	unsigned int read = 0;
	int r;

	for (;;) {
		struct tree_node *child = NULL;

		r = next_event(p);
		if (r < 0)
			return r;
		if (p->event.type == end)
			break;
		r = parse_node(p, &child);
		if (r < 0)
			return r;
		if (n->kind == TREE_MAP && read % 2 == 0 && child->kind != TREE_SCALAR)
			return fail(p, &p->event.start_mark,
				    "a key must be text, not a list or a map");
		child = holder(p, child);
		if (!child)
			return -ENOMEM;
		*link = child;
		link = &child->next;
		n->size += child->size;
		read++;
	}
	n->count = n->kind == TREE_MAP ? read / 2 : read;
	return fill_arrays(p, n, first);
}

static int parse_alias(struct parser *p, struct tree_node **ret_node)
{
	const char *name = (const char *)p->event.data.alias.anchor;

	for (unsigned int i = p->anchor_count; i-- > 0;) {
		if (strcmp(p->anchors[i].name, name))
			continue;
		*ret_node = p->anchors[i].node;
		p->nodes += (*ret_node)->size;
		if (p->nodes > TREE_NODES_MAX)
			return fail(p, &p->event.start_mark, "more than %u nodes", TREE_NODES_MAX);
		return 0;
	}
	return fail(p, &p->event.start_mark, "alias *%s has no anchor before it", name);
}

static int remember_anchor(struct parser *p, const char *name, struct tree_node *node)
{
	if (!name)
		return 0;
	if (p->anchor_count == ANCHORS_MAX)
		return fail(p, &p->event.start_mark, "more than %d anchors", ANCHORS_MAX);
	p->anchors[p->anchor_count++] = (struct anchor){ name, node };
	return 0;
}

static int parse_collection(struct parser *p, enum tree_kind kind, struct tree_node **ret_node)
{
	struct tree_node *n = new_node(p, kind);
	int r;

	if (!n)
		return -ENOMEM;
	if (++p->depth > TREE_DEPTH_MAX)
		return fail(p, &p->event.start_mark, "nested deeper than %u levels",
			    TREE_DEPTH_MAX);
	r = parse_children(p, n,
			   kind == TREE_MAP ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT);
	if (r < 0)
		return r;
	p->depth--;
	*ret_node = n;
	return 0;
}

/* The node that begins with the current event. */
static int parse_node(struct parser *p, struct tree_node **ret_node)
{
	const yaml_event_t *e = &p->event;
	const char *anchor = NULL;
	int r;

	if (++p->nodes > TREE_NODES_MAX)
		return fail(p, &e->start_mark, "more than %u nodes", TREE_NODES_MAX);
	if (e->type == YAML_ALIAS_EVENT)
		return parse_alias(p, ret_node);
	if (e->type == YAML_SCALAR_EVENT)
		anchor = (const char *)e->data.scalar.anchor;
	else if (e->type == YAML_SEQUENCE_START_EVENT)
		anchor = (const char *)e->data.sequence_start.anchor;
	else if (e->type == YAML_MAPPING_START_EVENT)
		anchor = (const char *)e->data.mapping_start.anchor;
	if (anchor && !(anchor = arena_strdup(p->arena, anchor)))
		return -ENOMEM;
	if (e->type == YAML_SCALAR_EVENT)
		r = parse_scalar(p, ret_node);
	else
		r = parse_collection(p, e->type == YAML_MAPPING_START_EVENT ? TREE_MAP : TREE_LIST,
				     ret_node);
	return r < 0 ? r : remember_anchor(p, anchor, *ret_node);
}

static int parse_document(struct parser *p, struct tree_node **ret_root)
{
	struct tree_node *root = NULL;
	int r;

	for (;;) {
		r = next_event(p);
		if (r < 0)
			return r;
		switch (p->event.type) {
		case YAML_STREAM_START_EVENT:
		case YAML_DOCUMENT_START_EVENT:
		case YAML_DOCUMENT_END_EVENT:
			break;
		case YAML_STREAM_END_EVENT:
			*ret_root = root;
			return 0;
		default:
			if (root)
				return fail(p, &p->event.start_mark, "a second document");
			r = parse_node(p, &root);
			if (r < 0)
				return r;
		}
	}
}

int tree_parse(struct arena *a, const char *text, size_t len, unsigned int first_line,
	       struct tree_node **ret_root, struct tree_error *ret_error)
{
	struct parser p = { .arena = a, .error = ret_error, .first_line = first_line };
	struct tree_node *root = NULL;
	int r;

	if (len > TREE_TEXT_MAX)
		return fail(&p, &(yaml_mark_t){ 0 }, "the document has %zu bytes, the most is %u",
			    len, TREE_TEXT_MAX);
	if (!yaml_parser_initialize(&p.yaml))
		return -ENOMEM;
	yaml_parser_set_encoding(&p.yaml, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&p.yaml, (const unsigned char *)text, len);
	r = parse_document(&p, &root);
	if (p.have_event)
		yaml_event_delete(&p.event);
	yaml_parser_delete(&p.yaml);
	if (r >= 0)
		*ret_root = root;
	return r;
}

struct tree_node *tree_get(const struct tree_node *node, const char *key)
{
	if (!node || node->kind != TREE_MAP)
		return NULL;
	for (unsigned int i = 0; i < node->count; i++)
		if (!strcmp(node->keys[i]->text, key))
			return node->items[i];
	return NULL;
}

bool tree_is_null(const struct tree_node *node)
{
	static const char *const names[] = { "", "~", "null", "Null", "NULL" };

	if (node->kind != TREE_SCALAR || !node->plain)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (node->len == strlen(names[i]) && !strcmp(node->text, names[i]))
			return true;
	return false;
}
