/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dump.c - relations and blocks as text, for people and golden cases
 */
#include <inttypes.h>
#include <string.h>

#include "kql/func.h"
#include "kql/plan.h"

#define DUMP_DEPTH_MAX 500u

static const char *const rels[] = {
	[REL_SCAN] = "scan",	     [REL_VALUES] = "values", [REL_RANGE] = "range",
	[REL_FILTER] = "filter",     [REL_EXTEND] = "extend", [REL_AGGREGATE] = "aggregate",
	[REL_SORT] = "sort",	     [REL_LIMIT] = "limit",   [REL_JOIN] = "join",
	[REL_UNION] = "union",	     [REL_UNNEST] = "unnest", [REL_WINDOW] = "window",
	[REL_DISTINCT] = "distinct",
};
static const char *const joins[] = {
	[JOIN_INNERUNIQUE] = "innerunique", [JOIN_INNER] = "inner",
	[JOIN_LEFTOUTER] = "leftouter",	    [JOIN_RIGHTOUTER] = "rightouter",
	[JOIN_FULLOUTER] = "fullouter",	    [JOIN_LEFTSEMI] = "leftsemi",
	[JOIN_RIGHTSEMI] = "rightsemi",	    [JOIN_LEFTANTI] = "leftanti",
	[JOIN_RIGHTANTI] = "rightanti",
};

static void dump_rel(const struct rel *r, unsigned int depth, struct buf *out);

static void indent(unsigned int depth, struct buf *out)
{
	for (unsigned int i = 0; i < depth; i++)
		buf_append_str(out, "  ");
}

static void dump_column(const struct column *c, struct buf *out)
{
	buf_printf(out, "%s#%u", c->name, c->id);
}

static void dump_const(const struct bx *x, struct buf *out)
{
	buf_append_str(out, kql_type_name(x->type));
	buf_append_byte(out, '(');
	if (x->null)
		buf_append_str(out, "null");
	else if (x->type == KQL_REAL)
		buf_printf(out, "%.17g", x->d);
	else if (x->type == KQL_STRING || x->type == KQL_DYNAMIC || x->type == KQL_GUID ||
		 x->type == KQL_DECIMAL)
		buf_append_json(out, x->s, x->len);
	else
		buf_printf(out, "%" PRId64, x->i);
	buf_append_byte(out, ')');
}

static void dump_expr(const struct bx *x, unsigned int depth, struct buf *out)
{
	if (depth > DUMP_DEPTH_MAX)
		return;
	switch ((enum bx_kind)x->kind) {
	case BX_CONST:
		dump_const(x, out);
		return;
	case BX_COLUMN:
		dump_column(x->column, out);
		return;
	case BX_CALL:
		buf_append(out, x->fn->sig, strcspn(x->fn->sig, "("));
		break;
	case BX_CAST:
		buf_printf(out, "to %s", kql_type_name(x->type));
		break;
	case BX_SCALAR:
	case BX_ROWS:
		buf_append_str(out, x->kind == BX_SCALAR ? "first value of " : "rows of ");
		dump_column(x->result, out);
		return;
	case BX_LIST:
		break;
	}
	buf_append_byte(out, '(');
	for (uint32_t i = 0; i < x->count; i++) {
		if (i)
			buf_append_str(out, ", ");
		dump_expr(x->args[i], depth + 1, out);
	}
	buf_append_byte(out, ')');
}

void bound_dump_expr(const struct bx *x, struct buf *out)
{
	dump_expr(x, 0, out);
}

static void dump_defs(const char *what, const struct definition *defs, uint32_t count,
		      unsigned int depth, struct buf *out)
{
	for (uint32_t i = 0; i < count; i++) {
		indent(depth, out);
		buf_printf(out, "%s", what);
		dump_column(defs[i].column, out);
		buf_printf(out, " :%s%s", kql_type_name(defs[i].column->type),
			   defs[i].column->nullable ? "?" : "");
		if (defs[i].value) {
			buf_append_str(out, " = ");
			dump_expr(defs[i].value, 0, out);
		}
		buf_append_byte(out, '\n');
	}
}

static void dump_order(const struct order *o, struct buf *out)
{
	dump_expr(o->value, 0, out);
	buf_printf(out, " %s nulls %s", o->descending ? "desc" : "asc",
		   o->nulls_first ? "first" : "last");
}

static void dump_details(const struct rel *r, unsigned int depth, struct buf *out)
{
	if (r->table)
		buf_printf(out, " %s", r->table->name);
	if (r->kind == REL_JOIN)
		buf_printf(out, " %s", joins[r->join]);
	if (r->kind == REL_VALUES)
		buf_printf(out, " %u rows", r->row_count);
	if (r->condition) {
		buf_append_byte(out, ' ');
		dump_expr(r->condition, 0, out);
	}
	for (size_t i = 0; i < ARRAY_SIZE(r->args) && r->args[i]; i++) {
		buf_append_byte(out, ' ');
		dump_expr(r->args[i], 0, out);
	}
	for (uint32_t i = 0; i < r->by_count; i++) {
		buf_append_str(out, i ? ", " : " for each ");
		dump_column(r->by[i], out);
	}
	for (uint32_t i = 0; i < r->order_count; i++) {
		buf_append_str(out, i ? ", " : " ");
		dump_order(&r->orders[i], out);
	}
	for (uint32_t i = 0; i < r->pair_count; i++) {
		buf_append_str(out, i ? ", " : " ");
		dump_expr(r->pairs[i].left, 0, out);
		buf_append_str(out, " = ");
		dump_expr(r->pairs[i].right, 0, out);
	}
	buf_append_byte(out, '\n');
	dump_defs("by ", r->keys, r->key_count, depth + 1, out);
	if (r->kind != REL_SCAN)
		dump_defs("", r->defs, r->def_count, depth + 1, out);
}

static void dump_rel(const struct rel *r, unsigned int depth, struct buf *out)
{
	if (depth > DUMP_DEPTH_MAX)
		return;
	indent(depth, out);
	buf_append_str(out, rels[r->kind]);
	dump_details(r, depth, out);
	if (r->input)
		dump_rel(r->input, depth + 1, out);
	if (r->right)
		dump_rel(r->right, depth + 1, out);
	for (uint32_t i = 0; i < r->input_count; i++)
		dump_rel(r->inputs[i], depth + 1, out);
}

void bound_dump(const struct bound *b, struct buf *out)
{
	buf_append_str(out, "result");
	for (uint32_t i = 0; i < b->result.count; i++) {
		buf_printf(out, "%s %s=", i ? "," : "", b->result.outs[i].name);
		dump_column(b->result.outs[i].column, out);
	}
	buf_append_byte(out, '\n');
	if (b->has_render)
		buf_printf(out, "render %s\n", b->render.kind);
	dump_rel(b->result.rel, 0, out);
}

static void dump_block(const struct block *b, unsigned int depth, struct buf *out)
{
	if (depth > DUMP_DEPTH_MAX)
		return;
	indent(depth, out);
	buf_append_str(out, "select");
	for (uint32_t i = 0; i < b->output_count; i++) {
		buf_append_str(out, i ? ", " : " ");
		dump_column(b->outputs[i], out);
	}
	buf_append_byte(out, '\n');
	for (uint32_t i = 0; i < b->filter_count; i++) {
		indent(depth + 1, out);
		buf_append_str(out, "where ");
		dump_expr(b->filters[i], 0, out);
		buf_append_byte(out, '\n');
	}
	if (b->unnest)
		dump_defs("each ", b->unnest->defs, b->unnest->def_count, depth + 1, out);
	if (b->extreme) {
		indent(depth + 1, out);
		buf_append_str(out, "only what decides in ");
		dump_expr(b->extreme->args[0], 0, out);
		buf_append_byte(out, '\n');
	}
	if (b->aggregated)
		dump_defs("by ", b->keys, b->key_count, depth + 1, out);
	dump_defs("", b->defs, b->def_count, depth + 1, out);
	for (uint32_t i = 0; i < b->order_count; i++) {
		indent(depth + 1, out);
		buf_append_str(out, "order ");
		dump_order(&b->orders[i], out);
		buf_append_byte(out, '\n');
	}
	if (b->distinct)
		dump_defs("one for each ", b->distinct->keys, b->distinct->key_count, depth + 1,
			  out);
	if (b->limit) {
		indent(depth + 1, out);
		buf_append_str(out, "limit ");
		dump_expr(b->limit, 0, out);
		for (uint32_t i = 0; i < b->limit_by_count; i++) {
			buf_append_str(out, i ? ", " : " for each ");
			dump_column(b->limit_by[i], out);
		}
		buf_append_byte(out, '\n');
	}
	if (b->source) {
		indent(depth + 1, out);
		buf_printf(out, "from %s", rels[b->source->kind]);
		dump_details(b->source, depth + 1, out);
	}
	if (b->input)
		dump_block(b->input, depth + 1, out);
	if (b->right)
		dump_block(b->right, depth + 1, out);
	for (uint32_t i = 0; i < b->input_count; i++)
		dump_block(b->inputs[i], depth + 1, out);
}

void plan_dump(const struct block *b, struct buf *out)
{
	dump_block(b, 0, out);
}
