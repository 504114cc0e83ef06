/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fn_window.c - functions of a row and those before or behind it
 */
#include "kql/func.h"
#include "kql/sql.h"

#define ALL " OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)"
#define BEFORE " OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"

static void put_default(struct sql *s, const struct bx *x, enum kql_type type)
{
	struct bx *args[1] = { (struct bx *)x };
	const struct bx cast = { .kind = BX_CAST, .type = (uint8_t)type, .args = args, .count = 1 };

	if (x->type == type)
		sql_expr(s, x);
	else
		sql_cast(s, &cast);
}

/* prev(x), prev(x, n), prev(x, n, default) and next */
static void neighbour(struct sql *s, const struct bx *x, const char *function)
{
	bool text = x->args[0]->type == KQL_STRING;

	sql_printf(s, "%s(%s", function, text ? "" : "toNullable(");
	sql_expr(s, x->args[0]);
	sql_put(s, text ? ", " : "), ");
	if (x->count > 1)
		sql_expr(s, x->args[1]);
	else
		sql_put(s, "1");
	if (x->count > 2) {
		sql_put(s, text ? ", " : ", toNullable(");
		put_default(s, x->args[2], x->args[0]->type);
		sql_put(s, text ? "" : ")");
	}
	sql_put(s, ")" ALL);
}

static void emit_prev(struct sql *s, const struct bx *x)
{
	neighbour(s, x, "lagInFrame");
}

static void emit_next(struct sql *s, const struct bx *x)
{
	neighbour(s, x, "leadInFrame");
}

/* clang-format off */
static const struct func items[] = {
	{ "prev(value: any) =1?", NULL, "The value in the row before.", FUNC_WINDOW, emit_prev },
	{ "prev(value: any, offset: long!) =1?", NULL, "The value so many rows before.", FUNC_WINDOW, emit_prev },
	{ "prev(value: any, offset: long!, default: any) =1?", NULL, "The value so many rows before.", FUNC_WINDOW, emit_prev },
	{ "next(value: any) =1?", NULL, "The value in the row behind.", FUNC_WINDOW, emit_next },
	{ "next(value: any, offset: long!) =1?", NULL, "The value so many rows behind.", FUNC_WINDOW, emit_next },
	{ "next(value: any, offset: long!, default: any) =1?", NULL, "The value so many rows behind.", FUNC_WINDOW, emit_next },
	{ "row_number() long", "toInt64(row_number()" BEFORE ")", "Number of the row, from 1.", FUNC_WINDOW },
	{ "row_number(start: long!) long", "(toInt64(row_number()" BEFORE ") + $1 - 1)", "Number of the row.", FUNC_WINDOW },
	{ "row_number(start: long!, restart: bool) long", "kql_row_number(groupArray($2)" BEFORE ", $1)", "Number of the row; it begins again where restart is true.", FUNC_WINDOW },
	{ "row_cumsum(term: number) =1", "sum($1)" BEFORE, "Sum up to the row.", FUNC_WINDOW },
	{ "row_cumsum(term: timespan) timespan", "sum($1)" BEFORE, "Sum up to the row.", FUNC_WINDOW },
	{ "row_cumsum(term: number, restart: bool) =1", "kql_cumsum(groupArray(($1, $2))" BEFORE ")", "Sum up to the row; it begins again where restart is true.", FUNC_WINDOW },
	{ "row_rank_dense(term: any) long", "toInt64(kql_rank_dense(groupArray($1)" BEFORE "))", "Number of different values so far.", FUNC_WINDOW },
	{ "row_rank_dense(term: any, restart: bool) long", "toInt64(kql_rank_dense_from(groupArray(($1, $2))" BEFORE "))", "row_rank_dense; it begins again where restart is true.", FUNC_WINDOW },
	{ "row_window_session(time: datetime, from_first: timespan!, between: timespan!) datetime?", "kql_from_ticks(kql_session(groupArray((toNullable(kql_ticks($1)), false))" BEFORE ", $2, $3))", "When the session of the row began.", FUNC_WINDOW },
	{ "row_window_session(time: datetime, from_first: timespan!, between: timespan!, restart: bool) datetime?", "kql_from_ticks(kql_session(groupArray((toNullable(kql_ticks($1)), $4))" BEFORE ", $2, $3))", "When the session of the row began; restart begins one.", FUNC_WINDOW },
	{ "row_rank_min(term: any, restart: bool) long", "toInt64(kql_rank_min_from(groupArray(($1, $2))" BEFORE "))", "row_rank_min; it begins again where restart is true.", FUNC_WINDOW },
	{ "row_rank_min(term: any) long", "toInt64(kql_rank_min(groupArray($1)" BEFORE "))", "Number of the row in which the value began.", FUNC_WINDOW },
};
/* clang-format on */
const struct func_family fn_windows = { "Rows before and behind", items, ARRAY_SIZE(items) };
