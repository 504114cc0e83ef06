/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql.c - blocks as SELECTs
 */
#include "kql/sql.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool is_output(const struct block *b, const struct column *c)
{
	for (uint32_t i = 0; i < b->output_count; i++)
		if (b->outputs[i] == c)
			return true;
	return false;
}

static const struct bx *definition_of(const struct block *b, const struct column *c)
{
	for (uint32_t i = 0; i < b->def_count; i++)
		if (b->defs[i].column == c)
			return b->defs[i].value;
	return NULL;
}

static void put_definition(struct sql *s, const struct column *c, const struct bx *value)
{
	sql_expr(s, value);
	sql_put(s, " AS ");
	sql_column(s, c);
}

static void put_with(struct sql *s, const struct block *b)
{
	const char *separator = "WITH ";

	for (uint32_t i = 0; i < b->def_count; i++) {
		if (is_output(b, b->defs[i].column))
			continue;
		sql_put(s, separator);
		separator = ", ";
		put_definition(s, b->defs[i].column, b->defs[i].value);
	}
	if (*separator == ',')
		sql_put(s, " ");
}

static void put_select(struct sql *s, const struct block *b)
{
	bool aggregates = false;

	sql_put(s, "SELECT ");
	for (uint32_t i = 0; i < b->output_count; i++) {
		const struct column *c = b->outputs[i];
		const struct bx *value = definition_of(b, c);
		const struct rel *scan = s->scan;

		if (i)
			sql_put(s, ", ");
		if (value)
			sql_expr(s, value);
		else
			sql_column(s, c);
		if (value || (c->scan && c->scan == scan)) {
			sql_put(s, " AS ");
			s->scan = NULL;
			sql_column(s, c);
			s->scan = scan;
		}
	}
	for (uint32_t i = b->visible_from; i < b->def_count; i++)
		aggregates |= is_output(b, b->defs[i].column);
	/* Without any column a block still says how many rows there are. */
	if (!b->output_count)
		sql_put(s, b->aggregated ? "count()" : "1");
	else if (b->aggregated && !b->key_count && !aggregates)
		sql_put(s, ", count()");
}

static void put_values_empty(struct sql *s, const struct rel *r)
{
	sql_put(s, " FROM (SELECT ");
	for (uint32_t i = 0; i < r->def_count; i++) {
		sql_put(s, i ? ", " : "");
		put_definition(s, r->defs[i].column, r->defs[i].value);
	}
	sql_put(s, " WHERE 0)");
}

static void put_values(struct sql *s, const struct rel *r)
{
	if (!r->def_count)
		return; /* one row of nothing: no FROM */
	if (!r->row_count) {
		put_values_empty(s, r);
		return;
	}
	sql_put(s, " FROM values('");
	for (uint32_t i = 0; i < r->def_count; i++) {
		const struct column *c = r->defs[i].column;
		const char *type = kql_type_sql(c->type);

		sql_put(s, i ? ", " : "");
		sql_column(s, c);
		sql_put(s, c->type == KQL_STRING ? " " : " Nullable(");
		for (; *type; type++)
			sql_printf(s, *type == '\'' ? "\\%c" : "%c", *type);
		sql_put(s, c->type == KQL_STRING ? "" : ")");
	}
	sql_put(s, "'");
	for (uint32_t i = 0; i < r->row_count; i++) {
		sql_put(s, ", (");
		for (uint32_t c = 0; c < r->def_count; c++) {
			sql_put(s, c ? ", " : "");
			sql_expr(s, r->values[i * r->def_count + c]);
		}
		sql_put(s, ")");
	}
	sql_put(s, ")");
}

static void put_range(struct sql *s, const struct rel *r)
{
	bool dates = r->args[0]->type == KQL_DATETIME;

	sql_put(s, " FROM (SELECT ");
	sql_put(s, dates ? "kql_later(" : "(");
	sql_expr(s, r->args[0]);
	sql_put(s, dates ? ", toInt64(number) * " : " + toInt64(number) * ");
	sql_expr(s, r->args[2]);
	sql_put(s, ") AS ");
	sql_column(s, r->defs[0].column);
	sql_put(s, " FROM numbers(toUInt64(ifNull(greatest(0, floor(");
	sql_put(s, dates ? "kql_sub(" : "(");
	sql_expr(s, r->args[1]);
	sql_put(s, dates ? ", " : " - ");
	sql_expr(s, r->args[0]);
	sql_put(s, ") / ");
	sql_expr(s, r->args[2]);
	sql_put(s, ") + 1), 0))))");
}

static void put_input(struct sql *s, const struct block *b)
{
	const struct rel *scan = s->scan;

	sql_put(s, "(");
	sql_block(s, b);
	sql_put(s, ")");
	s->scan = scan;
}

static void put_join(struct sql *s, const struct block *b)
{
	static const char *const words[] = {
		[JOIN_INNERUNIQUE] = "INNER",	 [JOIN_INNER] = "INNER",
		[JOIN_LEFTOUTER] = "LEFT",	 [JOIN_RIGHTOUTER] = "RIGHT",
		[JOIN_FULLOUTER] = "FULL",	 [JOIN_LEFTSEMI] = "LEFT SEMI",
		[JOIN_RIGHTSEMI] = "RIGHT SEMI", [JOIN_LEFTANTI] = "LEFT ANTI",
		[JOIN_RIGHTANTI] = "RIGHT ANTI",
	};
	const struct rel *r = b->source;

	sql_put(s, " FROM ");
	put_input(s, b->input);
	sql_printf(s, " AS l_%u %s JOIN ", r->pairs[0].left->column->id, words[r->join]);
	put_input(s, b->right);
	sql_printf(s, " AS r_%u ON ", r->pairs[0].left->column->id);
	for (uint32_t i = 0; i < r->pair_count; i++) {
		sql_put(s, i ? " AND " : "");
		sql_expr(s, r->pairs[i].left);
		sql_put(s, " = ");
		sql_expr(s, r->pairs[i].right);
	}
	if (r->condition) {
		sql_put(s, " AND ");
		sql_expr(s, r->condition);
	}
}

/* A column of the union in one input, typed alike in all. */
static void put_union_value(struct sql *s, const struct column *c, const struct bx *value)
{
	if (c->type == KQL_STRING || value->nullable) {
		sql_expr(s, value);
	} else {
		sql_put(s, "toNullable(");
		sql_expr(s, value);
		sql_put(s, ")");
	}
	sql_put(s, " AS ");
	sql_column(s, c);
}

static void put_union(struct sql *s, const struct block *b)
{
	const struct rel *r = b->source;

	sql_put(s, " FROM (");
	for (uint32_t i = 0; i < r->input_count; i++) {
		bool any = false;

		sql_put(s, i ? " UNION ALL SELECT " : "SELECT ");
		for (uint32_t c = 0; c < r->def_count; c++) {
			if (!r->defs[c].column->needed)
				continue;
			sql_put(s, any ? ", " : "");
			put_union_value(s, r->defs[c].column, r->values[i * r->def_count + c]);
			any = true;
		}
		if (!any)
			sql_put(s, "1");
		sql_put(s, " FROM ");
		put_input(s, b->inputs[i]);
	}
	sql_put(s, ")");
}

static void put_from(struct sql *s, const struct block *b)
{
	if (!b->source) {
		sql_put(s, " FROM ");
		put_input(s, b->input);
		return;
	}
	switch ((enum rel_kind)b->source->kind) {
	case REL_SCAN:
		sql_scan(s, b);
		break;
	case REL_VALUES:
		put_values(s, b->source);
		break;
	case REL_RANGE:
		put_range(s, b->source);
		break;
	case REL_JOIN:
		put_join(s, b);
		break;
	case REL_UNION:
		put_union(s, b);
		break;
	default:
		s->failed = true;
	}
}

/* Arrays side by side must be of one length: the shorter are filled with null. */
static void put_unnest(struct sql *s, const struct rel *r)
{
	sql_put(s, " ARRAY JOIN ");
	for (uint32_t i = 0; i < r->def_count; i++) {
		sql_put(s, i ? ", " : "");
		if (r->def_count > 1)
			sql_put(s, "arrayResize(");
		sql_expr(s, r->defs[i].value);
		for (uint32_t k = 0; r->def_count > 1 && k < r->def_count; k++) {
			sql_put(s, k ? ", " : ", greatest(");
			sql_put(s, "length(");
			sql_expr(s, r->defs[k].value);
			sql_put(s, ")");
		}
		if (r->def_count > 1)
			sql_put(s, "), 'null')");
		sql_put(s, " AS ");
		sql_column(s, r->defs[i].column);
	}
}

static void put_filters(struct sql *s, const struct block *b)
{
	if (b->source && b->source->kind == REL_SCAN) {
		sql_scan_filters(s, b);
		return;
	}
	for (uint32_t i = 0; i < b->filter_count; i++) {
		sql_put(s, i ? " AND " : " WHERE ");
		sql_expr(s, b->filters[i]);
	}
}

static void put_grouping(struct sql *s, const struct block *b)
{
	for (uint32_t i = 0; i < b->key_count; i++) {
		sql_put(s, i ? ", " : " GROUP BY ");
		sql_column(s, b->keys[i].column);
	}
}

static void put_order(struct sql *s, const struct block *b)
{
	for (uint32_t i = 0; i < b->order_count; i++) {
		const struct order *o = &b->orders[i];

		sql_put(s, i ? ", " : " ORDER BY ");
		/* A number would be the place of a column. */
		sql_put(s, o->value->kind == BX_CONST ? "identity(" : "");
		sql_expr(s, o->value);
		sql_put(s, o->value->kind == BX_CONST ? ")" : "");
		sql_put(s, o->descending ? " DESC" : "");
		if (o->value->type != KQL_STRING)
			sql_put(s, o->nulls_first ? " NULLS FIRST" : " NULLS LAST");
	}
	if (b->distinct) {
		sql_put(s, " LIMIT 1 BY ");
		for (uint32_t i = 0; i < b->distinct->key_count; i++) {
			sql_put(s, i ? ", " : "");
			sql_column(s, b->distinct->keys[i].column);
		}
	}
	if (!b->limit)
		return;
	sql_printf(s, " LIMIT %" PRId64, b->limit->i);
	for (uint32_t i = 0; i < b->limit_by_count; i++) {
		sql_put(s, i ? ", " : " BY ");
		sql_column(s, b->limit_by[i]);
	}
}

void sql_block(struct sql *s, const struct block *b)
{
	s->scan = b->source && b->source->kind == REL_SCAN ? b->source : NULL;
	put_with(s, b);
	put_select(s, b);
	put_from(s, b);
	if (b->unnest)
		put_unnest(s, b->unnest);
	put_filters(s, b);
	put_grouping(s, b);
	put_order(s, b);
}

void sql_subquery(struct sql *s, const struct rel *r, const struct column *c)
{
	struct output out = { c->name, c };
	const struct rel *scan = s->scan;
	struct block *b = plan_query(&s->planner, r, &out, 1);

	sql_put(s, "(");
	if (b) {
		/* Exactly one column, whatever else an inner block had to give. */
		b->outputs[0] = c;
		b->output_count = 1;
		sql_block(s, b);
	} else {
		s->failed = true;
	}
	sql_put(s, ")");
	s->scan = scan;
}

/* What a client reads: times as the language prints them, the rest as it is. */
static void put_result(struct sql *s, const struct column *c)
{
	const char *helper = c->type == KQL_DATETIME			     ? "kql_datetime_text"
			     : c->type == KQL_TIMESPAN			     ? "kql_timespan_text"
			     : c->type == KQL_DECIMAL || c->type == KQL_GUID ? "toString"
			     : c->type == KQL_BOOL			     ? "toBool"
									     : NULL;

	if (helper)
		sql_printf(s, "%s(", helper);
	sql_column(s, c);
	if (helper)
		sql_put(s, ")");
}

/* Texts of externaldata that the statement reads stand once at its head. */
static void put_texts(struct sql *s, const char *statement, struct buf *with)
{
	struct sql quoted = { .out = BUF_INIT(KQL_SQL_MAX) };

	for (uint32_t i = 0; i < s->bound->text_count; i++) {
		const struct bound_text *t = &s->bound->texts[i];
		char name[32];

		snprintf(name, sizeof(name), "kql_text_%u,", i);
		if (!strstr(statement, name))
			continue;
		sql_put(&quoted, with->len || quoted.out.len ? ", " : "WITH ");
		sql_text(&quoted, t->s, t->len);
		sql_printf(&quoted, " AS kql_text_%u", i);
	}
	if (!quoted.out.len)
		return;
	while (with->len && with->data[with->len - 1] == ' ')
		with->len--;
	buf_append(with, quoted.out.data, quoted.out.len);
	buf_append_byte(with, ' ');
	if (buf_error(&quoted.out))
		s->failed = true;
	buf_done(&quoted.out);
}

static int finish(struct sql *s)
{
	_cleanup_buf_ struct buf with = BUF_INIT(KQL_SQL_MAX);

	if (s->planner.diags->failed)
		return -EINVAL;
	if (buf_error(&s->out) || s->failed) {
		diag_add(s->planner.diags, DIAG_LIMIT, (struct span){ 0, 0 },
			 "the query becomes a statement of more than %u bytes", KQL_SQL_MAX);
		return -EINVAL;
	}
	buf_append_str(&with, "");
	if (sql_helpers(s->out.data, &with) < 0)
		return -ENOMEM;
	put_texts(s, s->out.data, &with);
	buf_append(&with, s->out.data, s->out.len);
	if (buf_error(&with))
		return buf_error(&with);
	buf_clear(&s->out);
	buf_append(&s->out, with.data, with.len);
	return buf_error(&s->out);
}

int sql_statement(struct sql *s, const struct bound *bound, struct block **ret_plan)
{
	const struct table *t = &bound->result;
	struct block *b = plan_query(&s->planner, t->rel, t->outs, t->count);

	if (!b)
		return -EINVAL;
	*ret_plan = b;
	sql_put(s, "SELECT ");
	for (uint32_t i = 0; i < t->count; i++) {
		sql_put(s, i ? ", " : "");
		put_result(s, t->outs[i].column);
		sql_put(s, " AS ");
		sql_name(s, t->outs[i].name);
	}
	if (!t->count)
		sql_put(s, "1");
	sql_put(s, " FROM (");
	sql_block(s, b);
	sql_put(s, ")");
	return finish(s);
}

int sql_probe(struct sql *s, const struct rel *r, const struct column *c)
{
	sql_put(s, "SELECT * FROM ");
	sql_subquery(s, r, c);
	return finish(s);
}
