/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_scan.c - scan: rows one by one through a machine of steps
 *
 * All rows of the input become one array of tuples, __scan() folds it (fn_scan.c), and what it
 * gives is rows again. Of the tuples only elements that somebody reads are collected.
 */
#include "kql/scan.h"

#include <string.h>

#include "base/near.h"
#include "kql/bind_call.h"
#include "kql/bind_summarize.h"

/* While the expressions of a scan are bound. */
struct scanning {
	struct scan *scan;
	const struct table *input;
	struct table row; /* the input's names; the columns are elements of the row at hand */
	bool *used;	  /* of the input's columns */
};

static struct column *stand_in(struct binder *b, const char *name, enum kql_type type,
			       const char *sql)
{
	struct column *c = column_new(b, name, type, true);

	c->sql = sql ? sql : "NULL";
	return c;
}

static bool begin(struct binder *b, struct scanning *s, const struct table *t)
{
	s->input = t;
	s->scan = arena_new(b->arena, struct scan);
	s->used = arena_array(b->arena, bool, t->count + 1);
	if (!s->scan || !s->used)
		return false;
	s->scan->source = arena_array(b->arena, const struct column *, t->count + 1);
	if (!s->scan->source)
		return false;
	s->scan->source_count = t->count;
	for (uint32_t i = 0; i < t->count; i++) {
		const struct column *c = t->outs[i].column;

		s->scan->source[i] = c;
		table_push(b, &s->row, t->outs[i].name,
			   stand_in(b, c->name, c->type,
				    arena_printf(b->arena, "tupleElement(sx, %u)", i + 1)));
	}
	return true;
}

static bool declare(struct binder *b, struct scanning *s, const struct ast *schema,
		    struct bx **defaults)
{
	for (uint32_t i = 0; schema && i < schema->count; i++) {
		const struct ast *typed = schema->kids[i];
		uint32_t n = s->scan->declared_count;
		struct bx *x;

		if (typed->kind != AST_TYPED || typed->type == KQL_UNKNOWN)
			return false;
		if (n == SCAN_DECLARED_MAX) {
			diag_add(b->diags, DIAG_LIMIT, typed->span, "more than %u columns",
				 SCAN_DECLARED_MAX);
			return false;
		}
		if (table_find(s->input, typed->text)) {
			diag_add(b->diags, DIAG_DUPLICATE, typed->span,
				 "there is a column '%s' already", typed->text);
			diag_expected(b->diags, "a name of its own");
			return false;
		}
		x = ast_kid(typed, 1) ? bind_expr(b, typed->kids[1])
				      : bx_null(b, typed->type, typed->span);
		if (x->type == KQL_UNKNOWN)
			return false;
		defaults[n] = bx_cast(b, x, typed->type);
		s->scan->declared[n] = typed->text;
		s->scan->types[n] = typed->type;
		s->scan->declared_count++;
	}
	return true;
}

static enum scan_output output_of(struct binder *b, const struct ast *step)
{
	static const char *const words[] = { "all", "last", "none" };
	const struct ast *option = ast_option(step, "output");

	for (unsigned int i = 0; option && i < ARRAY_SIZE(words); i++)
		if (ast_is(option, AST_LITERAL, words[i]) || ast_is(option, AST_NAME, words[i]))
			return (enum scan_output)i;
	if (option) {
		diag_add(b->diags, DIAG_VALUE, option->span, "a step has no such output");
		diag_expected(b->diags, "all, last or none");
	}
	return SCAN_ALL;
}

static bool name_steps(struct binder *b, const struct ast *op, struct scan *s)
{
	for (uint32_t i = 2; i < op->count; i++) {
		const struct ast *step = op->kids[i];

		if (step->kind != AST_STEP)
			return false;
		if (s->step_count == SCAN_STEPS_MAX) {
			diag_add(b->diags, DIAG_LIMIT, step->span, "more than %u steps",
				 SCAN_STEPS_MAX);
			return false;
		}
		for (uint32_t k = 0; k < s->step_count; k++) {
			if (strcmp(s->steps[k].name, step->text) != 0)
				continue;
			diag_add(b->diags, DIAG_DUPLICATE, step->span, "a second step '%s'",
				 step->text);
			diag_expected(b->diags, "steps with names of their own");
			return false;
		}
		s->steps[s->step_count++] = (struct scan_step){ step->text, output_of(b, step) };
	}
	if (s->step_count)
		return true;
	diag_add(b->diags, DIAG_SYNTAX, op->span, "scan without a step");
	diag_expected(b->diags, "with (step name: condition => column = value;)");
	return false;
}

static struct bx *ref(struct binder *b, struct scanning *s, const struct scan_ref *wanted,
		      const char *name, struct span at)
{
	struct scan *scan = s->scan;
	struct scan_ref *r;

	for (uint32_t i = 0; i < scan->ref_count; i++)
		if (scan->refs[i].step == wanted->step && scan->refs[i].index == wanted->index &&
		    scan->refs[i].declared == wanted->declared)
			return bx_column(b, scan->refs[i].column, at);
	if (scan->ref_count == SCAN_REFS_MAX) {
		diag_add(b->diags, DIAG_LIMIT, at, "steps read more than %u values of each other",
			 SCAN_REFS_MAX);
		return bx_bad(b, at);
	}
	r = &scan->refs[scan->ref_count++];
	*r = *wanted;
	r->column =
	    stand_in(b, name, r->declared ? scan->types[r->index] : scan->source[r->index]->type,
		     arena_printf(b->arena, "tupleElement(sc, %u)", scan->ref_count + 2));
	if (!r->declared)
		s->used[r->index] = true;
	return bx_column(b, r->column, at);
}

struct bx *bind_scan_path(struct binder *b, const struct ast *a)
{
	struct scanning *s = b->scanning;
	const struct ast *base = a->kids[0];
	struct scan_ref wanted = { .step = SCAN_STEPS_MAX };
	const struct output *out;
	struct near near = { .word = a->text };

	for (uint32_t i = 0; s && base->kind == AST_NAME && i < s->scan->step_count; i++)
		if (!strcmp(base->text, s->scan->steps[i].name))
			wanted.step = i;
	if (wanted.step == SCAN_STEPS_MAX)
		return NULL;
	for (uint32_t i = 0; i < s->scan->declared_count; i++) {
		near_offer(&near, s->scan->declared[i]);
		if (strcmp(a->text, s->scan->declared[i]) != 0)
			continue;
		wanted.declared = true;
		wanted.index = i;
		return ref(b, s, &wanted, a->text, a->span);
	}
	out = table_find(s->input, a->text);
	if (out) {
		wanted.index = (uint32_t)(out - s->input->outs);
		return ref(b, s, &wanted, a->text, a->span);
	}
	for (uint32_t i = 0; i < s->input->count; i++)
		near_offer(&near, s->input->outs[i].name);
	diag_add(b->diags, DIAG_NAME, a->span, "the rows of step '%s' have no column '%s'",
		 base->text, a->text);
	diag_expected(b->diags, "a column of the input, or a declared one");
	diag_suggest(b->diags, near.best);
	return bx_bad(b, a->span);
}

/* Columns of the row at hand that an expression reads. */
static void mark(const struct scanning *s, const struct bx *x)
{
	for (uint32_t i = 0; x->kind == BX_COLUMN && i < s->row.count; i++)
		s->used[i] |= s->row.outs[i].column == x->column;
	for (uint32_t i = 0; i < x->count; i++)
		mark(s, x->args[i]);
}

static bool assign(struct binder *b, struct scanning *s, const struct ast *item, struct bx **values)
{
	struct bx *x;

	for (uint32_t i = 0; item->kind == AST_NAMED && i < s->scan->declared_count; i++) {
		if (!ast_is(item, AST_NAMED, s->scan->declared[i]))
			continue;
		x = bind_expr(b, item->kids[0]);
		if (x->type == KQL_UNKNOWN)
			return false;
		if (x->type != s->scan->types[i] && x->type != KQL_DYNAMIC &&
		    !(kql_type_is_number(x->type) && kql_type_is_number(s->scan->types[i]))) {
			diag_add(b->diags, DIAG_TYPE, x->span, "'%s' is given a %s",
				 s->scan->declared[i], kql_type_name(x->type));
			diag_expected(b->diags, "%s", kql_type_name(s->scan->types[i]));
			return false;
		}
		values[i] = bx_cast(b, x, s->scan->types[i]);
		mark(s, values[i]);
		return true;
	}
	diag_add(b->diags, DIAG_NAME, item->span, "a step can only set columns that are declared");
	diag_expected(b->diags, "scan declare (name:type) with (...)");
	return false;
}

static bool bind_steps(struct binder *b, struct scanning *s, const struct ast *op, struct bx **args)
{
	uint32_t declared = s->scan->declared_count;
	bool good = true;

	for (uint32_t i = 0; i < s->scan->step_count; i++) {
		const struct ast *step = op->kids[i + 2];
		struct bx **values = &args[scan_condition(s->scan, i)];

		values[0] = step->count ? bind_bool(b, step->kids[0]) : bx_bad(b, step->span);
		good &= values[0]->type != KQL_UNKNOWN;
		mark(s, values[0]);
		for (uint32_t k = 0; k < declared; k++)
			values[1 + k] = args[scan_default(s->scan, k)];
		for (uint32_t k = 1; k < step->count; k++)
			good &= assign(b, s, step->kids[k], values + 1);
	}
	for (uint32_t i = 0; i < s->scan->ref_count; i++) {
		const struct scan_ref *r = &s->scan->refs[i];

		args[scan_missing(s->scan, i)] = r->declared
						     ? args[scan_default(s->scan, r->index)]
						     : bx_null(b, r->column->type, op->span);
	}
	return good;
}

static void push(struct binder *b, struct table *t, const char *name, struct rel *r,
		 struct bx *value)
{
	table_push(b, t, name, rel_define(b, r, name, value));
}

/* The rows that the machine gives, an element of each tuple a column. */
static void take_results(struct binder *b, const struct ast *op, const struct scanning *s,
			 struct bx *call, struct table *t)
{
	const struct ast *id = ast_option(op, "with_match_id"),
			 *step = ast_option(op, "with_step_name");
	const struct column *rows = call->args[0]->column;
	const struct column *matches = rel_define(b, table_extend(b, t), "matches", call);
	struct rel *unnest = rel_new(b, REL_UNNEST, t->rel), *r = rel_new(b, REL_EXTEND, unnest);
	struct table next = { .rel = r, .name = s->input->name, .ordered = true };
	uint32_t n = s->input->count, declared = s->scan->declared_count;
	struct column *match;

	match = (struct column *)rel_define(b, unnest, "match", bx_column(b, matches, op->span));
	match->used = rows->used;
	match->used_count = rows->used_count;
	for (uint32_t i = 0; i < n; i++)
		push(b, &next, s->input->outs[i].name, r,
		     bind_element(b, match, i, s->scan->source[i]->type, op->span));
	for (uint32_t i = 0; i < declared; i++)
		push(b, &next, s->scan->declared[i], r,
		     bind_element(b, match, n + i, s->scan->types[i], op->span));
	if (id && id->text)
		push(b, &next, table_free_name(b, &next, id->text), r,
		     bind_element(b, match, n + declared, KQL_LONG, op->span));
	if (step && step->text)
		push(b, &next, table_free_name(b, &next, step->text), r,
		     bind_element(b, match, n + declared + 1, KQL_STRING, op->span));
	*t = next;
}

/* All rows as one array, in their order; of each key where the input is partitioned. */
static const struct column *collect(struct binder *b, const struct scanning *s,
				    const struct ast *op, struct table *t)
{
	uint32_t n = s->input->count;
	struct bx **args = arena_array(b->arena, struct bx *, n + 1);
	struct summarize sum;
	struct column *rows;
	struct bx *x;

	if (!args)
		return NULL;
	for (uint32_t i = 0; i < n; i++)
		args[i] = bx_column(b, s->input->outs[i].column, op->span);
	summarize_begin(b, &sum, t);
	summarize_keys(b, &sum, NULL);
	x = bind_raw_call(b, "__rows", KQL_DYNAMIC, args, n, op->span);
	x->nullable = false;
	rows = (struct column *)rel_define(b, sum.rel, "rows", x);
	/* Room for what __scan puts behind a row: it is always there. */
	rows->used_count = n + s->scan->declared_count + 2;
	x->used = rows->used = arena_array(b->arena, bool, rows->used_count);
	if (!rows->used)
		return NULL;
	memcpy(rows->used, s->used, n * sizeof(bool));
	summarize_end(b, &sum, t);
	return rows;
}

bool bind_scan_op(struct binder *b, const struct ast *op, struct table *t)
{
	struct scanning s = { 0 }, *outer = b->scanning;
	struct bx
	    *args[1 + SCAN_STEPS_MAX * (1 + SCAN_DECLARED_MAX) + SCAN_DECLARED_MAX + SCAN_REFS_MAX];
	struct bx *defaults[SCAN_DECLARED_MAX], *call;
	struct table input = *t;
	struct row row = b->row;
	const struct column *rows;
	bool good;

	if (op->count < 2 || !begin(b, &s, &input))
		return false;
	if (ast_kid(op, 1)) {
		diag_add(b->diags, DIAG_REFUSED, op->kids[1]->span, "an order inside of scan");
		diag_expected(b->diags, "sort by ... before it");
		return false;
	}
	if (!t->ordered) {
		diag_add(b->diags, DIAG_PLACE, op->span, "scan needs rows in an order");
		diag_expected(b->diags, "serialize, sort or top before it");
		return false;
	}
	b->row = (struct row){ 0 };
	good = declare(b, &s, op->kids[0], defaults) && name_steps(b, op, s.scan);
	for (uint32_t i = 0; good && i < s.scan->declared_count; i++)
		args[scan_default(s.scan, i)] = defaults[i];
	b->row = (struct row){ .left = &s.row };
	b->scanning = &s;
	good = good && bind_steps(b, &s, op, args);
	b->scanning = outer;
	b->row = row;
	rows = good ? collect(b, &s, op, t) : NULL;
	if (!rows)
		return false;
	args[0] = bx_column(b, rows, op->span);
	call = bind_raw_call(b, "__scan", KQL_DYNAMIC, args,
			     scan_missing(s.scan, s.scan->ref_count), op->span);
	if (call->type == KQL_UNKNOWN)
		return false;
	call->nullable = false;
	call->scan = s.scan;
	take_results(b, op, &s, call, t);
	return true;
}
