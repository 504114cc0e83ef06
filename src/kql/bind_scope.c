/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_scope.c - names of let, and the query's own functions put in their places
 */
#include <stdio.h>
#include <string.h>

#include "kql/bind.h"

const struct entry *scope_find(const struct scope *s, const char *name)
{
	for (; s && name; s = s->parent)
		if (!strcmp(s->entry.name, name))
			return &s->entry;
	return NULL;
}

struct entry *scope_add(struct binder *b, const char *name, enum entry_kind kind)
{
	struct scope *s = arena_new(b->arena, struct scope);
	static struct scope spare;

	if (!s) {
		diag_add(b->diags, DIAG_MEMORY, (struct span){ 0, 0 }, "out of memory");
		return &spare.entry;
	}
	s->parent = b->scope;
	s->entry.name = name ? name : ""; /* of what could not be read */
	s->entry.kind = kind;
	s->entry.scope = b->scope;
	b->scope = s;
	return &s->entry;
}

static bool tabular(struct binder *b, const struct ast *a, const struct scope *scope,
		    const struct ast *function, unsigned int depth);

/* The expression that a function's body gives; NULL where it has none. */
static const struct ast *body_result(const struct ast *function)
{
	const struct ast *block = ast_kid(function, 1);
	const struct ast *last = block && block->count ? block->kids[block->count - 1] : NULL;

	return last && last->kind == AST_STATEMENT && last->count ? last->kids[0] : NULL;
}

static bool function_is_tabular(struct binder *b, const struct entry *e, unsigned int depth)
{
	const struct ast *result = e->tree->kind == AST_FUNCTION ? body_result(e->tree) : NULL;

	if (e->tree->kind == AST_PATTERN)
		return true;
	return result && tabular(b, result, e->scope, e->tree, depth + 1);
}

/* A name inside of a function: a parameter or a let of the body, as far as it is one. */
static bool local_is_tabular(struct binder *b, const struct ast *name, const struct ast *function,
			     const struct scope *scope, unsigned int depth, bool *ret)
{
	const struct ast *params = function->kids[0], *block = function->kids[1];

	for (uint32_t i = block->count; i; i--) {
		const struct ast *let = block->kids[i - 1];

		if (!ast_is(let, AST_LET, name->text) || !let->count)
			continue;
		*ret = let->kids[0]->kind == AST_FUNCTION
			   ? body_result(let->kids[0]) && tabular(b, body_result(let->kids[0]),
								  scope, let->kids[0], depth + 1)
			   : tabular(b, let->kids[0], scope, function, depth + 1);
		return true;
	}
	for (uint32_t i = 0; i < params->count; i++) {
		if (!ast_is(params->kids[i], AST_TYPED, name->text))
			continue;
		*ret = ast_kid(params->kids[i], 0) != NULL;
		return true;
	}
	return false;
}

static bool name_is_tabular(struct binder *b, const struct ast *a, const struct scope *scope,
			    const struct ast *function, unsigned int depth)
{
	const struct entry *e;
	bool local;

	if (function && function->count == 2 &&
	    local_is_tabular(b, a, function, scope, depth, &local))
		return local;
	e = scope_find(scope, a->text);
	if (!e)
		return bind_catalogue_table(b, a->text) != NULL;
	if (e->kind == ENTRY_FUNCTION)
		return function_is_tabular(b, e, depth);
	return e->kind == ENTRY_TABLE || e->kind == ENTRY_TREE;
}

static bool tabular(struct binder *b, const struct ast *a, const struct scope *scope,
		    const struct ast *function, unsigned int depth)
{
	static const char *const makers[] = { "table", "database", "cluster", "workspace", "view" };

	if (!a || depth > BIND_CALLS_MAX)
		return false;
	if (a->kind == AST_PIPE)
		return true;
	if (a->kind == AST_NAME)
		return name_is_tabular(b, a, scope, function, depth);
	if (a->kind == AST_PATH || a->kind == AST_INDEX)
		return a->kids[0]->kind == AST_CALL &&
		       tabular(b, a->kids[0], scope, function, depth + 1);
	if (a->kind != AST_CALL)
		return false;
	if (!strcmp(a->text, "materialize"))
		return a->count && tabular(b, a->kids[0], scope, function, depth + 1);
	for (size_t i = 0; i < ARRAY_SIZE(makers); i++)
		if (!strcmp(a->text, makers[i]))
			return true;
	return name_is_tabular(b, a, scope, function, depth) && !bind_catalogue_table(b, a->text);
}

bool bind_is_tabular(struct binder *b, const struct ast *a)
{
	if (a && a->kind == AST_NAME &&
	    (table_find(b->row.left, a->text) || table_find(b->row.right, a->text)))
		return false;
	return tabular(b, a, b->scope, NULL, 0);
}

/* let of materialize() with random values: bound once, all who read it read the same. */
static bool let_random(struct binder *b, const struct ast *let)
{
	const struct ast *value = ast_kid(let, 0);
	uint32_t columns = b->next_column;
	struct table *t;

	if (!ast_is(value, AST_CALL, "materialize") || value->count != 1 ||
	    !bind_is_tabular(b, value))
		return false;
	t = arena_new(b->arena, struct table);
	if (!t || !bind_table(b, value->kids[0], t) || !bind_is_random(t->rel)) {
		b->next_column = columns;
		return false;
	}
	bind_hold(b, t, value->span);
	scope_add(b, let->text, ENTRY_TABLE)->table = t;
	return true;
}

static void bind_let(struct binder *b, const struct ast *let)
{
	const struct ast *value = ast_kid(let, 0);
	struct row outer = b->row;
	struct bx *scalar;
	struct entry *e;

	if (!value || value->kind == AST_BAD)
		return;
	if (value->kind == AST_FUNCTION || value->kind == AST_PATTERN) {
		e = scope_add(b, let->text, ENTRY_FUNCTION);
		e->tree = value;
		e->view = value->text != NULL;
		return;
	}
	b->row = (struct row){ 0 };
	if (let_random(b, let)) {
		b->row = outer;
		return;
	}
	if (bind_is_tabular(b, value)) {
		e = scope_add(b, let->text, ENTRY_TREE);
		e->tree = value;
	} else {
		scalar = bind_expr(b, value);
		e = scope_add(b, let->text, ENTRY_SCALAR);
		e->scalar = scalar;
	}
	b->row = outer;
}

/* What the caller gave for a parameter of `declare query_parameters`, as a literal of its type. */
static struct bx *given_parameter(struct binder *b, const struct ast *param, const char *value)
{
	struct ast literal = { .kind = AST_LITERAL, .type = param->type, .span = param->span };
	size_t len = strlen(value), name = strlen(kql_type_name(param->type));

	if (param->type != KQL_STRING && !strncmp(value, kql_type_name(param->type), name) &&
	    value[name] == '(' && value[len - 1] == ')') {
		value += name + 1;
		len -= name + 2;
	}
	literal.text = arena_strndup(b->arena, value, len);
	literal.text_len = (uint32_t)len;
	return literal.text ? bind_literal(b, &literal) : bx_bad(b, param->span);
}

static void bind_declare(struct binder *b, const struct ast *declare)
{
	const struct ast *schema = ast_kid(declare, 0);

	for (uint32_t i = 0; schema && i < schema->count; i++) {
		const struct ast *param = schema->kids[i], *fallback = ast_kid(param, 1);
		const struct kql_parameter *p = b->options->parameters;
		struct bx *value = NULL;

		if (!param->text) /* what could not be read */
			continue;
		while (p && p->name && strcmp(p->name, param->text) != 0)
			p++;
		if (p && p->name)
			value = given_parameter(b, param, p->value);
		else if (fallback)
			value = bx_cast(b, bind_expr(b, fallback), param->type);
		if (!value) {
			diag_add(b->diags, DIAG_VALUE, param->span,
				 "the parameter '%s' has no value", param->text);
			diag_expected(b->diags, "a value handed in, or a default");
			value = bx_bad(b, param->span);
		}
		scope_add(b, param->text, ENTRY_SCALAR)->scalar = value;
	}
}

const struct ast *bind_setting(const struct binder *b, const char *name)
{
	const struct ast *found = NULL;

	for (uint32_t i = 0; i < b->tree->count; i++)
		if (ast_is(b->tree->kids[i], AST_SET, name))
			found = ast_kid(b->tree->kids[i], 0);
	return found;
}

static bool bind_result(struct binder *b, const struct ast *a, struct table *ret_table,
			struct bx **ret_scalar)
{
	if (bind_is_tabular(b, a) || !ret_scalar)
		return bind_table(b, a, ret_table);
	*ret_scalar = bind_expr(b, a);
	return true;
}

bool bind_block(struct binder *b, const struct ast *block, struct table *ret_table,
		struct bx **ret_scalar)
{
	bool found = false, good = true;

	for (uint32_t i = 0; i < block->count; i++) {
		const struct ast *s = block->kids[i];

		switch ((enum ast_kind)s->kind) {
		case AST_LET:
			bind_let(b, s);
			break;
		case AST_DECLARE:
			bind_declare(b, s);
			break;
		case AST_PATTERN:
			scope_add(b, s->text, ENTRY_FUNCTION)->tree = s;
			break;
		case AST_STATEMENT:
			found = true;
			good &= bind_result(b, s->kids[0], ret_table, ret_scalar);
			break;
		default: /* set, and what could not be read */
			break;
		}
	}
	if (!found) {
		diag_add(b->diags, DIAG_SYNTAX, block->span, "there is nothing to answer");
		diag_expected(b->diags, "an expression behind the last let");
	}
	return found && good;
}

static const struct ast *argument(const struct ast *call, const struct ast *params, unsigned int i,
				  bool invoked)
{
	unsigned int position = i - invoked;

	for (uint32_t k = 0; k < call->count; k++)
		if (ast_is(call->kids[k], AST_NAMED, params->kids[i]->text))
			return call->kids[k]->kids[0];
	if (invoked && !i)
		return NULL;
	return position < call->count && call->kids[position]->kind != AST_NAMED
		   ? call->kids[position]
		   : NULL;
}

static struct bx *scalar_argument(struct binder *b, const struct ast *param, const struct ast *arg,
				  struct span span)
{
	struct bx *x;

	if (!arg)
		arg = ast_kid(param, 1);
	if (!arg) {
		diag_add(b->diags, DIAG_ARGUMENTS, span, "no value for the parameter '%s'",
			 param->text);
		return bx_bad(b, span);
	}
	x = bind_expr(b, arg);
	if (x->type == KQL_UNKNOWN || x->type == param->type || param->type == KQL_UNKNOWN)
		return x;
	if (x->type == KQL_DYNAMIC || param->type == KQL_DYNAMIC ||
	    (kql_type_is_number(x->type) && kql_type_is_number(param->type)))
		return bx_cast(b, x, param->type);
	diag_add(b->diags, DIAG_TYPE, x->span, "the parameter '%s' is given a %s", param->text,
		 kql_type_name(x->type));
	diag_expected(b->diags, "%s", kql_type_name(param->type));
	return bx_bad(b, span);
}

/* The parameters as names; the scope afterwards is what the body sees. */
static void bind_arguments(struct binder *b, const struct ast *call, const struct entry *e,
			   const struct table *invoked)
{
	const struct ast *params = e->tree->kids[0];
	const struct scope *caller = b->scope, *inner = e->scope;

	if (call->kind == AST_CALL && call->count + (invoked != NULL) > params->count) {
		diag_add(b->diags, DIAG_ARGUMENTS, call->span, "%s() with %u arguments", call->text,
			 call->count);
		diag_expected(b->diags, "at most %u", params->count - (invoked != NULL));
	}
	for (uint32_t i = 0; i < params->count; i++) {
		const struct ast *param = params->kids[i];
		const struct ast *arg = argument(call, params, i, invoked != NULL);
		struct entry *to;
		struct bx *scalar = NULL;

		b->scope = caller;
		if (!ast_kid(param, 0))
			scalar = scalar_argument(b, param, arg, call->span);
		b->scope = inner;
		to = scope_add(b, param->text,
			       scalar ? ENTRY_SCALAR
			       : arg  ? ENTRY_TREE
				      : ENTRY_TABLE);
		inner = b->scope;
		to->scalar = scalar;
		if (arg && !scalar) {
			to->tree = arg;
			to->scope = caller;
		}
		to->table = invoked;
		if (!arg && !scalar && !(invoked && !i))
			diag_add(b->diags, DIAG_ARGUMENTS, call->span,
				 "no table for the parameter '%s'", param->text);
	}
	b->scope = inner;
}

/* The body of the pattern's case whose values are the call's. */
static const struct ast *pattern_body(struct binder *b, const struct ast *call,
				      const struct ast *pattern)
{
	for (uint32_t i = 1; i < pattern->count; i++) {
		const struct ast *values = pattern->kids[i]->kids[0];
		bool same = values->count == call->count;

		for (uint32_t k = 0; same && k < values->count; k++) {
			const struct bx *x = bind_constant(b, values->kids[k], KQL_STRING);
			const struct bx *y = bind_constant(b, call->kids[k], KQL_STRING);

			same = x && y && !strcmp(x->s, y->s);
		}
		if (same)
			return pattern->kids[i]->kids[1];
	}
	diag_add(b->diags, DIAG_VALUE, call->span, "the pattern '%s' has no such case", call->text);
	return NULL;
}

static bool bind_body(struct binder *b, const struct ast *call, const struct entry *e,
		      const struct table *invoked, struct table *ret_table, struct bx **ret_scalar)
{
	const struct scope *outer = b->scope;
	struct row row = b->row;
	const struct ast *body = ast_kid(e->tree, 1);
	struct rel *aggregates = b->aggregates;
	bool good = false;

	if (b->calls >= BIND_CALLS_MAX) {
		diag_add(b->diags, DIAG_LIMIT, call->span,
			 "functions call each other more than %u deep", BIND_CALLS_MAX);
		return false;
	}
	b->calls++;
	if (e->tree->kind == AST_PATTERN)
		body = pattern_body(b, call, e->tree);
	else
		bind_arguments(b, call, e, invoked);
	b->row = (struct row){ 0 };
	b->aggregates = NULL;
	if (body)
		good = bind_block(b, body, ret_table, ret_scalar);
	b->aggregates = aggregates;
	b->row = row;
	b->scope = outer;
	b->calls--;
	return good;
}

struct bx *bind_user_scalar(struct binder *b, const struct ast *call, const struct entry *e)
{
	struct table t = { 0 };
	struct bx *x = NULL;

	if (function_is_tabular(b, e, 0)) {
		diag_add(b->diags, DIAG_TYPE, call->span, "%s() gives a table", call->text);
		diag_expected(b->diags, "a scalar value; toscalar() makes one of a table");
		return bx_bad(b, call->span);
	}
	if (!bind_body(b, call, e, NULL, &t, &x) || !x)
		return bx_bad(b, call->span);
	return x;
}

bool bind_user_table(struct binder *b, const struct ast *call, const struct entry *e,
		     const struct table *invoked, struct table *ret)
{
	if (!function_is_tabular(b, e, 0)) {
		diag_add(b->diags, DIAG_TYPE, call->span, "%s() gives a scalar value", e->name);
		diag_expected(b->diags, "a table");
		return false;
	}
	return bind_body(b, call, e, invoked, ret, NULL);
}

int bind_query(struct diag_list *diags, const struct ast *tree, const struct kql_options *options,
	       struct bound *ret_bound)
{
	struct binder b = { .diags = diags,
			    .arena = diags->arena,
			    .options = options,
			    .catalogue = options->catalogue ? options->catalogue : kql_catalogue(),
			    .next_column = 1,
			    .tree = tree,
			    .bound = ret_bound };

	if (!bind_block(&b, tree, &ret_bound->result, NULL) && !diags->failed)
		diag_add(diags, DIAG_SYNTAX, tree->span, "the query is not complete");
	ret_bound->column_count = b.next_column;
	return 0;
}
