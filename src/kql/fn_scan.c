/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fn_scan.c - the machine of a scan as SQL: a fold over the rows
 *
 * What is folded is (number of the next match, a state for each step, rows of `output=last` that
 * wait, for each step, rows given so far). A state is (active, number of the match, a value for
 * each ref). Rows are folded in slices, else the list of what was given would be copied for each
 * row.
 *
 * Names in the statement, such as no helper has: sa what is folded, sx the row at hand, sf what a
 * slice made, sc the state that an expression reads, and by step sp whether the row continues the
 * sequence of the step before: then that one's state moves here sb the state as far as it was not
 * moved away sq whether the row goes on with, or begins, a sequence of the step itself ss the state
 * that assignments read sd the values assigned
 */
#include "kql/scan.h"

#include "kql/func.h"
#include "kql/sql.h"

#define SLICE 300 /* about the square root of the rows that are wanted to be quick */

struct machine {
	struct sql *s;
	const struct bx *call;
	const struct scan *scan;
	const bool *used;
	uint32_t n;
};

static void put_type(struct sql *s, enum kql_type type)
{
	const char *name = kql_type_sql(type);

	sql_put(s, type == KQL_STRING ? "" : "Nullable(");
	for (; *name; name++) /* it stands in quotes */
		sql_printf(s, *name == '\'' ? "\\%c" : "%c", *name);
	sql_put(s, type == KQL_STRING ? "" : ")");
}

static void put_state_type(struct machine *m)
{
	sql_put(m->s, "Tuple(Bool, Int64");
	for (uint32_t i = 0; i < m->scan->ref_count; i++) {
		sql_put(m->s, ", ");
		put_type(m->s, m->scan->refs[i].column->type);
	}
	sql_put(m->s, ")");
}

/* A row given: elements of the input, declared columns, number of the match, name of the step. */
static void put_row_type(struct machine *m)
{
	sql_put(m->s, "Tuple(");
	for (uint32_t i = 0; i < m->scan->source_count; i++) {
		if (m->used[i])
			put_type(m->s, m->scan->source[i]->type);
		else
			sql_put(m->s, "UInt8");
		sql_put(m->s, ", ");
	}
	for (uint32_t i = 0; i < m->scan->declared_count; i++) {
		put_type(m->s, m->scan->types[i]);
		sql_put(m->s, ", ");
	}
	sql_put(m->s, "Int64, String)");
}

static void put_values_type(struct machine *m)
{
	sql_put(m->s, "Tuple(UInt8");
	for (uint32_t i = 0; i < m->scan->declared_count; i++) {
		sql_put(m->s, ", ");
		put_type(m->s, m->scan->types[i]);
	}
	sql_put(m->s, ")");
}

/* Element of the fold: states from 2 on, then waiting rows, then rows given. */
static void put_part(struct machine *m, const char *of, uint32_t i)
{
	sql_printf(m->s, "tupleElement(%s, %u)", of, i);
}

static uint32_t state_part(uint32_t step)
{
	return 2 + step;
}

static uint32_t waiting_part(const struct machine *m, uint32_t step)
{
	return 2 + m->n + step;
}

static uint32_t given_part(const struct machine *m)
{
	return 2 + 2 * m->n;
}

static void put_fold_type(struct machine *m)
{
	sql_put(m->s, "'Tuple(Int64");
	for (uint32_t i = 0; i < m->n; i++) {
		sql_put(m->s, ", ");
		put_state_type(m);
	}
	for (uint32_t i = 0; i <= m->n; i++) {
		sql_put(m->s, ", Array(");
		put_row_type(m);
		sql_put(m->s, ")");
	}
	sql_put(m->s, ")'");
}

static void put_empty_state(struct machine *m)
{
	sql_put(m->s, "CAST(tuple(false, 0");
	for (uint32_t i = 0; i < m->scan->ref_count; i++) {
		sql_put(m->s, ", ");
		sql_expr(m->s, m->call->args[scan_missing(m->scan, i)]);
	}
	sql_put(m->s, "), '");
	put_state_type(m);
	sql_put(m->s, "')");
}

/* What is folded before the first row. */
static void put_beginning(struct machine *m)
{
	sql_put(m->s, "CAST(tuple(0");
	for (uint32_t i = 0; i < m->n; i++) {
		sql_put(m->s, ", ");
		put_empty_state(m);
	}
	for (uint32_t i = 0; i <= m->n; i++)
		sql_put(m->s, ", []");
	sql_put(m->s, "), ");
	put_fold_type(m);
	sql_put(m->s, ")");
}

/* arrayMap(name -> ..., [value])[1] is how a value gets a name. */
static void put_let(struct machine *m, const char *name)
{
	sql_printf(m->s, "arrayMap(%s -> ", name);
}

static void put_condition(struct machine *m, uint32_t step, const char *state, uint32_t part)
{
	put_let(m, "sc");
	sql_expr_filled(m->s, m->call->args[scan_condition(m->scan, step)]);
	sql_put(m->s, ", [");
	put_part(m, state, part);
	sql_put(m->s, "])[1]");
}

static void put_p(struct machine *m)
{
	sql_put(m->s, "tuple(false");
	for (uint32_t i = 1; i < m->n; i++) {
		sql_put(m->s, ", tupleElement(");
		put_part(m, "sa", state_part(i - 1));
		sql_put(m->s, ", 1) AND ");
		put_condition(m, i, "sa", state_part(i - 1));
	}
	sql_put(m->s, ")");
}

static void put_b(struct machine *m)
{
	sql_put(m->s, "tuple(");
	for (uint32_t i = 0; i < m->n; i++) {
		sql_put(m->s, i ? ", " : "");
		if (i + 1 < m->n) {
			sql_put(m->s, "if(");
			put_part(m, "sp", i + 2);
			sql_put(m->s, ", ");
			put_empty_state(m);
			sql_put(m->s, ", ");
		}
		put_part(m, "sa", state_part(i));
		sql_put(m->s, i + 1 < m->n ? ")" : "");
	}
	sql_put(m->s, ")");
}

static void put_q(struct machine *m)
{
	sql_put(m->s, "tuple(");
	for (uint32_t i = 0; i < m->n; i++) {
		sql_put(m->s, i ? ", NOT " : "NOT ");
		put_part(m, "sp", i + 1);
		sql_put(m->s, " AND ");
		if (i) {
			sql_put(m->s, "tupleElement(");
			put_part(m, "sb", i + 1);
			sql_put(m->s, ", 1) AND ");
		}
		put_condition(m, i, "sb", i + 1);
	}
	sql_put(m->s, ")");
}

static void put_s(struct machine *m)
{
	sql_put(m->s, "tuple(");
	for (uint32_t i = 0; i < m->n; i++) {
		sql_put(m->s, i ? ", if(" : "");
		if (i) {
			put_part(m, "sp", i + 1);
			sql_put(m->s, ", ");
			put_part(m, "sa", state_part(i - 1));
			sql_put(m->s, ", ");
		}
		put_part(m, "sb", i + 1);
		sql_put(m->s, i ? ")" : "");
	}
	sql_put(m->s, ")");
}

static void put_d(struct machine *m)
{
	sql_put(m->s, "tuple(");
	for (uint32_t i = 0; i < m->n; i++) {
		sql_put(m->s, i ? ", " : "");
		put_let(m, "sc");
		sql_put(m->s, "CAST(tuple(0");
		for (uint32_t k = 0; k < m->scan->declared_count; k++) {
			sql_put(m->s, ", ");
			sql_expr(m->s, m->call->args[scan_condition(m->scan, i) + 1 + k]);
		}
		sql_put(m->s, "), '");
		put_values_type(m);
		sql_put(m->s, "'), [");
		put_part(m, "ss", i + 1);
		sql_put(m->s, "])[1]");
	}
	sql_put(m->s, ")");
}

static void put_matched(struct machine *m, uint32_t step)
{
	sql_put(m->s, "(");
	put_part(m, "sp", step + 1);
	sql_put(m->s, " OR ");
	put_part(m, "sq", step + 1);
	sql_put(m->s, ")");
}

/* Number of the match that the row is in, where it matched. */
static void put_match(struct machine *m, uint32_t step)
{
	if (step) {
		sql_printf(m->s, "tupleElement(tupleElement(ss, %u), 2)", step + 1);
		return;
	}
	sql_put(m->s,
		"if(tupleElement(tupleElement(sb, 1), 1), tupleElement(tupleElement(sb, 1), 2), "
		"tupleElement(sa, 1))");
}

static void put_value(struct machine *m, uint32_t step, const struct scan_ref *r, uint32_t i)
{
	if (r->step != step)
		sql_printf(m->s, "tupleElement(tupleElement(ss, %u), %u)", step + 1, i + 3);
	else if (r->declared)
		sql_printf(m->s, "tupleElement(tupleElement(sd, %u), %u)", step + 1, r->index + 2);
	else
		sql_printf(m->s, "tupleElement(sx, %u)", r->index + 1);
}

static void put_state(struct machine *m, uint32_t step)
{
	sql_put(m->s, "if(");
	put_matched(m, step);
	sql_put(m->s, ", CAST(tuple(true, ");
	put_match(m, step);
	for (uint32_t i = 0; i < m->scan->ref_count; i++) {
		sql_put(m->s, ", ");
		put_value(m, step, &m->scan->refs[i], i);
	}
	sql_put(m->s, "), '");
	put_state_type(m);
	sql_put(m->s, "'), ");
	put_part(m, "sb", step + 1);
	sql_put(m->s, ")");
}

/* [the row as the step gives it] */
static void put_row(struct machine *m, uint32_t step)
{
	sql_put(m->s, "CAST([tuple(");
	for (uint32_t i = 0; i < m->scan->source_count; i++)
		sql_printf(m->s, "tupleElement(sx, %u), ", i + 1);
	for (uint32_t i = 0; i < m->scan->declared_count; i++)
		sql_printf(m->s, "tupleElement(tupleElement(sd, %u), %u), ", step + 1, i + 2);
	put_match(m, step);
	sql_put(m->s, ", ");
	sql_text(m->s, m->scan->steps[step].name, strlen(m->scan->steps[step].name));
	sql_put(m->s, ")], 'Array(");
	put_row_type(m);
	sql_put(m->s, ")')");
}

static void put_no_rows(struct machine *m)
{
	sql_put(m->s, "CAST([], 'Array(");
	put_row_type(m);
	sql_put(m->s, ")')");
}

/* Of `output=last` the row that matched last waits until its sequence goes on to another step. */
static void put_waiting(struct machine *m, uint32_t step)
{
	if (m->scan->steps[step].output != SCAN_LAST) {
		put_no_rows(m);
		return;
	}
	sql_put(m->s, "multiIf(");
	put_matched(m, step);
	sql_put(m->s, ", ");
	put_row(m, step);
	if (step + 1 < m->n) {
		sql_put(m->s, ", ");
		put_part(m, "sp", step + 2);
		sql_put(m->s, ", ");
		put_no_rows(m);
	}
	sql_put(m->s, ", ");
	put_part(m, "sa", waiting_part(m, step));
	sql_put(m->s, ")");
}

/* What waited and may go now; it stands before what the row itself gives. */
static void put_released(struct machine *m, uint32_t step)
{
	if (m->scan->steps[step].output != SCAN_LAST)
		return;
	sql_put(m->s, ", if(");
	put_part(m, "sp", step + 1);
	if (step + 1 < m->n) {
		sql_put(m->s, " OR ");
		put_part(m, "sp", step + 2);
	}
	sql_put(m->s, ", ");
	put_part(m, "sa", waiting_part(m, step));
	sql_put(m->s, ", ");
	put_no_rows(m);
	sql_put(m->s, ")");
}

static void put_given_by(struct machine *m, uint32_t step)
{
	if (m->scan->steps[step].output != SCAN_ALL)
		return;
	sql_put(m->s, ", if(");
	put_matched(m, step);
	sql_put(m->s, ", ");
	put_row(m, step);
	sql_put(m->s, ", ");
	put_no_rows(m);
	sql_put(m->s, ")");
}

/* What is folded behind the row. */
static void put_next(struct machine *m)
{
	sql_put(m->s, "CAST(tuple(tupleElement(sa, 1) + (tupleElement(sq, 1) AND NOT "
		      "tupleElement(tupleElement(sb, 1), 1))");
	for (uint32_t i = 0; i < m->n; i++) {
		sql_put(m->s, ", ");
		put_state(m, i);
	}
	for (uint32_t i = 0; i < m->n; i++) {
		sql_put(m->s, ", ");
		put_waiting(m, i);
	}
	sql_put(m->s, ", arrayConcat(");
	put_part(m, "sa", given_part(m));
	for (uint32_t i = m->n; i; i--)
		put_released(m, i - 1);
	for (uint32_t i = m->n; i; i--)
		put_given_by(m, i - 1);
	sql_put(m->s, ")), ");
	put_fold_type(m);
	sql_put(m->s, ")");
}

static void put_fold_of_slice(struct machine *m)
{
	static const struct {
		const char *name;
		void (*put)(struct machine *m);
	} lets[] = {
		{ "sp", put_p }, { "sb", put_b }, { "sq", put_q }, { "ss", put_s }, { "sd", put_d }
	};

	sql_put(m->s, "arrayFold((sa, sx) -> ");
	for (size_t i = 0; i < ARRAY_SIZE(lets); i++)
		put_let(m, lets[i].name);
	put_next(m);
	for (size_t i = ARRAY_SIZE(lets); i; i--) {
		sql_put(m->s, ", [");
		lets[i - 1].put(m);
		sql_put(m->s, "])[1]");
	}
	sql_put(m->s, ", sy, CAST(tuple(");
	for (uint32_t i = 1; i < given_part(m); i++) {
		put_part(m, "sg", i);
		sql_put(m->s, ", ");
	}
	sql_put(m->s, "[]), ");
	put_fold_type(m);
	sql_put(m->s, "))");
}

/* The fold of slices: what they give is put together. */
static void put_fold(struct machine *m)
{
	sql_put(m->s, "arrayFold((sg, sy) -> ");
	put_let(m, "sf");
	sql_put(m->s, "tuple(");
	for (uint32_t i = 1; i < given_part(m); i++) {
		put_part(m, "sf", i);
		sql_put(m->s, ", ");
	}
	sql_put(m->s, "arrayConcat(");
	put_part(m, "sg", given_part(m));
	sql_put(m->s, ", ");
	put_part(m, "sf", given_part(m));
	sql_put(m->s, ")), [");
	put_fold_of_slice(m);
	sql_printf(m->s, "])[1], kql_slices(");
	sql_expr(m->s, m->call->args[0]);
	sql_printf(m->s, ", %d), ", SLICE);
	put_beginning(m);
	sql_put(m->s, ")");
}

static void emit_scan(struct sql *s, const struct bx *x)
{
	struct machine m = { .s = s,
			     .call = x,
			     .scan = x->scan,
			     .used = x->args[0]->column->used,
			     .n = x->scan->step_count };

	put_let(&m, "sf");
	sql_put(s, "arrayConcat(");
	for (uint32_t i = m.n + 2; i <= given_part(&m); i++) {
		/* What still waits comes last. */
		put_part(&m, "sf", i == m.n + 2 ? given_part(&m) : i - 1);
		sql_put(s, i < given_part(&m) ? ", " : "), [");
	}
	put_fold(&m);
	sql_put(s, "])[1]");
}

/* clang-format off */
static const struct func items[] = {
	{ "__scan(rows: dynamic) dynamic!", NULL, "", 0, emit_scan },
};
/* clang-format on */
const struct func_family fn_scans = { "Scan", items, ARRAY_SIZE(items) };
