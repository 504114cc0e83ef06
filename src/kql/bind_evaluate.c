/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_evaluate.c - evaluate: which plugins there are; bag_unpack, pivot, narrow
 *
 * bag_unpack and pivot have the columns that the data has: the engine is asked for them while the
 * query is bound.
 */
#include "kql/bind_evaluate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "kql/bind_call.h"
#include "kql/bind_summarize.h"

#define FOUND_MAX 500u /* columns that data may make */

struct found {
	struct binder *b;
	const char *names[FOUND_MAX];
	enum kql_type types[FOUND_MAX];
	unsigned int count, dropped;
};

static enum kql_type type_of(const char *word, size_t len)
{
	static const struct {
		const char *name;
		enum kql_type type;
	} types[] = { { "long", KQL_LONG },
		      { "double", KQL_REAL },
		      { "bool", KQL_BOOL },
		      { "string", KQL_STRING } };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strlen(types[i].name) == len && !memcmp(types[i].name, word, len))
			return types[i].type;
	return KQL_DYNAMIC;
}

static void add_found(struct found *f, const char *name, size_t len, enum kql_type type)
{
	for (unsigned int i = 0; i < f->count; i++) {
		bool numbers = (f->types[i] == KQL_LONG && type == KQL_REAL) ||
			       (f->types[i] == KQL_REAL && type == KQL_LONG);

		if (strlen(f->names[i]) != len || memcmp(f->names[i], name, len) != 0)
			continue;
		if (type != f->types[i] && type != KQL_UNKNOWN)
			f->types[i] = f->types[i] == KQL_UNKNOWN ? type
				      : numbers			 ? KQL_REAL
								 : KQL_DYNAMIC;
		return;
	}
	if (f->count == FOUND_MAX) {
		f->dropped++;
		return;
	}
	f->names[f->count] = arena_strndup(f->b->arena, name, len);
	f->types[f->count] = type;
	f->count += f->names[f->count] != NULL;
}

/* "type name" */
static void on_key(void *arg, const char *text, size_t len)
{
	const char *space = memchr(text, ' ', len);
	size_t word = space ? (size_t)(space - text) : 0;

	if (space)
		add_found(arg, space + 1, len - word - 1,
			  word == 4 && !memcmp(text, "null", 4) ? KQL_UNKNOWN
								: type_of(text, word));
}

static void on_value(void *arg, const char *text, size_t len)
{
	add_found(arg, text, len, KQL_STRING);
}

static void sort_found(struct found *f)
{
	for (unsigned int i = 1; i < f->count; i++) {
		const char *name = f->names[i];
		enum kql_type type = f->types[i];
		unsigned int k = i;

		for (; k && strcmp(f->names[k - 1], name) > 0; k--) {
			f->names[k] = f->names[k - 1];
			f->types[k] = f->types[k - 1];
		}
		f->names[k] = name;
		f->types[k] = type;
	}
}

/* The different texts that x gives over t, or that the arrays hold where it is to be unnested. */
static bool ask(struct binder *b, const struct ast *call, const struct table *t, struct bx *x,
		bool unnest, struct found *f)
{
	struct rel *r = unnest ? rel_new(b, REL_UNNEST, t->rel) : NULL, *distinct;
	const struct column *c = unnest ? rel_define(b, r, "item", x) : NULL, *key;
	struct table copy;
	struct table source = { .rel = unnest ? r : t->rel };
	int res;

	f->b = b;
	distinct = rel_new(b, REL_AGGREGATE, source.rel);
	key = summarize_key(b, distinct, "item", unnest ? bx_column(b, c, call->span) : x);
	source.rel = distinct;
	table_push(b, &source, "item", key);
	if (!bind_clone(b, &source, &copy))
		return false;
	res = kql_ask(b, copy.rel, copy.outs[0].column, unnest ? on_key : on_value, f);
	if (res == -ENOTSUP)
		return true; /* nobody is to know yet: as of data that is empty */
	if (res < 0) {
		diag_add(b->diags, DIAG_REFUSED, call->span,
			 "the columns that %s() gives could not be found out", call->text);
		diag_expected(b->diags, "a list of them: evaluate %s(...) : (name:type, ...)",
			      call->text);
		return false;
	}
	if (f->dropped) {
		diag_add(b->diags, DIAG_LIMIT, call->span, "%s() of more than %u columns",
			 call->text, FOUND_MAX);
		return false;
	}
	sort_found(f);
	return true;
}

const struct ast *evaluate_argument(const struct ast *call, unsigned int position, const char *name)
{
	for (uint32_t i = 0; i < call->count; i++)
		if (ast_is(call->kids[i], AST_NAMED, name))
			return call->kids[i]->kids[0];
	return position < call->count && call->kids[position]->kind != AST_NAMED
		   ? call->kids[position]
		   : NULL;
}

static bool listed(struct binder *b, const struct ast *list, const char *name)
{
	const struct bx *x = list ? bind_constant(b, list, KQL_DYNAMIC) : NULL;
	char *quoted = x ? arena_printf(b->arena, "\"%s\"", name) : NULL;

	return quoted && strstr(x->s, quoted);
}

/* The property that a column of the schema is of: the prefix stands before its name; NULL: none. */
static const char *without_prefix(const char *name, const struct bx *prefix)
{
	size_t len = prefix ? prefix->len : 0;

	return !len ? name : strncmp(name, prefix->s, len) ? NULL : name + len;
}

struct unpack {
	struct bx *bag;
	const struct bx *prefix;
	bool replaces; /* a property is taken before a column of the name */
};

/* The columns that the query says, and no others but for a star. */
static void unpack_as(struct binder *b, const struct ast *schema, const struct unpack *u,
		      struct table *t)
{
	struct bx *bag = u->bag;
	struct rel *r = rel_new(b, REL_EXTEND, t->rel);
	struct table next = { .rel = r, .name = t->name };
	bool keeps = false;

	for (uint32_t i = 0; i < schema->count; i++) {
		const struct ast *typed = schema->kids[i];
		const struct output *out =
		    typed->kind == AST_TYPED ? table_find(t, typed->text) : NULL;
		const char *key =
		    typed->kind == AST_TYPED ? without_prefix(typed->text, u->prefix) : NULL;
		struct bx *x;

		if (typed->kind == AST_WILDCARD) {
			for (uint32_t k = 0; k < t->count; k++)
				if (bag->kind != BX_COLUMN || t->outs[k].column != bag->column)
					table_push(b, &next, t->outs[k].name, t->outs[k].column);
			keeps = true;
		}
		if (typed->kind != AST_TYPED || (keeps && table_find(&next, typed->text)))
			continue;
		if (out && !u->replaces && (bag->kind != BX_COLUMN || out->column != bag->column))
			x = bx_column(b, out->column, typed->span);
		else if (key)
			x = bx_call(b, "[]", typed->span, 2, bag,
				    bx_text(b, KQL_STRING, key, strlen(key), typed->span));
		else
			x = bx_null(b, typed->type, typed->span);
		x = bx_cast(b, x, typed->type);
		table_push(b, &next, typed->text, rel_define(b, r, typed->text, x));
	}
	*t = next;
}

static bool bag_unpack(struct binder *b, const struct ast *op, const struct ast *call,
		       struct table *t)
{
	const struct ast *prefix_arg = evaluate_argument(call, 1, "OutputColumnPrefix"),
			 *schema = ast_kid(op, 1);
	const struct ast *conflict_arg = evaluate_argument(call, 2, "columnsConflict");
	const struct ast *ignored = evaluate_argument(call, 3, "ignoredProperties");
	struct bx *bag = call->count ? table_expr(b, t, call->kids[0]) : bx_bad(b, call->span);
	const struct bx *prefix = prefix_arg ? bind_constant(b, prefix_arg, KQL_STRING) : NULL;
	const struct bx *conflict =
	    conflict_arg ? bind_constant(b, conflict_arg, KQL_STRING) : NULL;
	struct found *f = arena_new(b->arena, struct found);
	struct table next = { .name = t->name };
	struct rel *r;

	if (bag->type == KQL_STRING)
		bag = bx_call(b, "parse_json", call->span, 1, bag);
	if (!f || bag->type == KQL_UNKNOWN)
		return false;
	if (schema) {
		unpack_as(b, schema,
			  &(struct unpack){ bag, prefix,
					    conflict && !strcmp(conflict->s, "replace_source") },
			  t);
		return true;
	}
	if (!ask(b, call, t, bx_call(b, "__bag_types", call->span, 1, bag), true, f))
		return false;
	r = rel_new(b, REL_EXTEND, t->rel);
	for (uint32_t i = 0; i < t->count; i++)
		if (bag->kind != BX_COLUMN || t->outs[i].column != bag->column)
			table_push(b, &next, t->outs[i].name, t->outs[i].column);
	for (unsigned int i = 0; i < f->count; i++) {
		const char *name =
		    prefix ? arena_printf(b->arena, "%s%s", prefix->s, f->names[i]) : f->names[i];
		struct bx *key =
		    bx_text(b, KQL_STRING, f->names[i], strlen(f->names[i]), call->span);
		struct bx *x;

		if (!name || listed(b, ignored, f->names[i]))
			continue;
		x = bx_call(b, "[]", call->span, 2, bag, key);
		x = bx_cast(b, x, f->types[i] ? f->types[i] : KQL_DYNAMIC);
		if (table_find(&next, name) && conflict && !strcmp(conflict->s, "keep_source"))
			continue;
		if (table_find(&next, name) && !conflict) {
			diag_add(b->diags, DIAG_DUPLICATE, call->span,
				 "the bag has a property '%s', and the table such a column", name);
			diag_expected(
			    b->diags,
			    "a prefix, or columnsConflict='replace_source' or 'keep_source'");
			return false;
		}
		table_set(b, &next, name, rel_define(b, r, name, x));
	}
	next.rel = r;
	next.open = !f->count;
	*t = next;
	return true;
}

/* The aggregate of those rows alone whose value is this. */
static struct bx *pivot_aggregate(struct binder *b, const struct ast *a, struct bx *is)
{
	struct bx *args[4];

	if (!strcmp(a->text, "count") || !a->count)
		return bx_call(b, "countif", a->span, 1, is);
	for (uint32_t i = 0; i < a->count && i < ARRAY_SIZE(args); i++) {
		args[i] = bind_expr(b, a->kids[i]);
		if (!i && args[0]->type != KQL_STRING && args[0]->type != KQL_UNKNOWN)
			args[0] = bx_call(b, "iff", a->span, 3, is, args[0],
					  bx_null(b, args[0]->type, a->span));
	}
	if (!strcmp(a->text, "make_set") || !strcmp(a->text, "make_list") ||
	    args[0]->type == KQL_STRING) {
		const char *name =
		    arena_printf(b->arena, strchr(a->text, '_') ? "%s_if" : "%sif", a->text);

		args[1] = is;
		return name ? bind_overload(b, !strcmp(a->text, "take_any") ? "take_anyif" : name,
					    args, 2, a->span)
			    : bx_bad(b, a->span);
	}
	return bind_overload(b, a->text, args, MIN(a->count, 4u), a->span);
}

/* Of the columns that the query says there are those that the table has not are values. */
static void from_pivot_schema(const struct ast *schema, const struct table *t, struct found *f)
{
	for (uint32_t i = 0; i < schema->count && f->count < FOUND_MAX; i++) {
		if (schema->kids[i]->kind != AST_TYPED || table_find(t, schema->kids[i]->text))
			continue;
		f->names[f->count] = schema->kids[i]->text;
		f->types[f->count++] = schema->kids[i]->type;
	}
}

/* The columns in the order and of the types that the query says. */
static void as_schema(struct binder *b, const struct ast *schema, struct table *t)
{
	struct rel *r = rel_new(b, REL_EXTEND, t->rel);
	struct table next = { .rel = r, .name = t->name };

	for (uint32_t i = 0; i < schema->count; i++) {
		const struct ast *typed = schema->kids[i];
		const struct output *out =
		    typed->kind == AST_TYPED ? table_find(t, typed->text) : NULL;

		if (out)
			table_push(b, &next, typed->text,
				   rel_define(b, r, typed->text,
					      bx_cast(b, bx_column(b, out->column, typed->span),
						      typed->type)));
	}
	*t = next;
}

static bool pivot(struct binder *b, const struct ast *op, const struct ast *call, struct table *t)
{
	struct found *f = arena_new(b->arena, struct found);
	struct ast count = { .kind = AST_CALL, .text = "count", .text_len = 5, .span = call->span };
	const struct ast *aggregate = call->count > 1 ? call->kids[1] : &count;
	const struct ast *schema = ast_kid(op, 1);
	const struct column *used = NULL;
	struct summarize s;
	struct bx *x;

	if (!call->count || aggregate->kind != AST_CALL) {
		diag_add(b->diags, DIAG_ARGUMENTS, call->span,
			 "pivot() without a column, or with what is no aggregate");
		diag_expected(b->diags, "pivot(column, aggregate, other columns)");
		return false;
	}
	if (!f)
		return false;
	x = bx_cast(b, table_expr(b, t, call->kids[0]), KQL_STRING);
	if (x->type == KQL_UNKNOWN)
		return false;
	if (schema)
		from_pivot_schema(schema, t, f);
	else if (!ask(b, call, t, x, false, f))
		return false;
	summarize_begin(b, &s, t);
	if (aggregate->count && aggregate->kids[0]->kind == AST_NAME &&
	    bind_column(b, aggregate->kids[0]))
		used = bind_column(b, aggregate->kids[0])->column;
	for (uint32_t i = 0; i < t->count; i++) {
		bool key = call->count <= 2 && t->outs[i].column != used;

		for (uint32_t k = 2; k < call->count; k++)
			key |= ast_is(call->kids[k], AST_NAME, t->outs[i].name);
		if (x->kind == BX_COLUMN ? t->outs[i].column == x->column
					 : ast_is(call->kids[0], AST_NAME, t->outs[i].name))
			key = false;
		if (key)
			table_push(b, &s.outs, t->outs[i].name,
				   summarize_key(b, s.rel, t->outs[i].name,
						 bx_column(b, t->outs[i].column, call->span)));
	}
	b->aggregates = s.rel;
	for (unsigned int i = 0; i < f->count; i++) {
		struct bx *value =
		    bx_text(b, KQL_STRING, f->names[i], strlen(f->names[i]), call->span);
		struct bx *one =
		    pivot_aggregate(b, aggregate, bx_call(b, "==", call->span, 2, x, value));
		const char *name = table_free_name(b, &s.outs, f->names[i]);

		if (one->type != KQL_UNKNOWN)
			table_push(b, &s.outs, name, rel_define(b, s.rel, name, one));
	}
	summarize_end(b, &s, t);
	t->open = !schema && !f->count;
	if (schema)
		as_schema(b, schema, t);
	return true;
}

/* A row for each column of each row. */
static bool narrow(struct binder *b, const struct ast *op, const struct ast *call, struct table *t)
{
	struct table parts[64], numbered = *t;
	const struct column *row;
	uint32_t n = 0;

	(void)op;
	row =
	    rel_define(b, table_extend(b, &numbered), "Row", bx_call(b, "__row_id", call->span, 0));
	for (uint32_t i = 0; i < t->count && n < ARRAY_SIZE(parts); i++, n++) {
		struct table one = { .rel = numbered.rel }, copy;
		const char *name = t->outs[i].name;
		struct bx *value =
		    bx_cast(b, bx_column(b, t->outs[i].column, call->span), KQL_STRING);

		table_push(b, &one, "Row", row);
		table_push(b, &one, "Value", table_column(b, &one, "Value", value));
		if (!bind_clone(b, &one, &copy))
			return false;
		parts[n] = (struct table){ .rel = copy.rel };
		table_push(b, &parts[n], "Row", copy.outs[0].column);
		table_push(b, &parts[n], "Column",
			   rel_define(b, table_extend(b, &parts[n]), "Column",
				      bx_text(b, KQL_STRING, name, strlen(name), call->span)));
		table_push(b, &parts[n], "Value", copy.outs[1].column);
	}
	return n && bind_union_tables(b, parts, n, NULL, t);
}

bool bind_evaluate(struct binder *b, const struct ast *op, struct table *t)
{
	static const struct {
		const char *name;
		bind_plugin bind;
	} plugins[] = {
		{ "active_users_count", bind_library_plugin },
		{ "bag_unpack", bag_unpack },
		{ "ipv4_lookup", bind_ip_lookup },
		{ "ipv6_lookup", bind_ip_lookup },
		{ "narrow", narrow },
		{ "pivot", pivot },
		{ "schema_merge", bind_library_plugin },
		{ "sliding_window_counts", bind_library_plugin },
	};
	const struct ast *call = ast_kid(op, 0);
	struct near near = { .word = call && call->text ? call->text : "" };
	char names[256] = "";
	size_t n = 0;

	for (size_t i = 0; call && call->kind == AST_CALL && i < ARRAY_SIZE(plugins); i++) {
		if (!strcmp(call->text, plugins[i].name))
			return plugins[i].bind(b, op, call, t);
		near_offer(&near, plugins[i].name);
		n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s",
				      !i			    ? ""
				      : i + 1 < ARRAY_SIZE(plugins) ? ", "
								    : " or ",
				      plugins[i].name);
	}
	if (call && call->kind == AST_CALL) {
		diag_add(b->diags, DIAG_REFUSED, call->span,
			 "the plugin '%s' is not supported here", call->text);
		diag_expected(b->diags, "%s", names);
		diag_suggest(b->diags, near.best);
	}
	return false;
}
