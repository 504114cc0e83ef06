/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fn_operator.c - arithmetic, comparison and logic
 *
 * A comparison with null is null but for == and !=: those are false and true where one side is
 * null, and null where both are. In the engine all are NULL, so == and != are mended where a side
 * may be null. Source: learn.microsoft.com/kusto/query/scalar-data-types/null-values
 */
#include "kql/func.h"
#include "kql/sql.h"

static void compare(struct sql *s, const struct bx *x, const char *equal, const char *mended)
{
	bool left = x->args[0]->nullable, right = x->args[1]->nullable;

	if (!left && !right) {
		sql_template(s, equal, x);
		return;
	}
	if (left && right)
		sql_template(s, "if(isNull($1) AND isNull($2), NULL, ", x);
	sql_template(s, mended, x);
	sql_put(s, left && right ? ")" : "");
}

static void emit_equal(struct sql *s, const struct bx *x)
{
	compare(s, x, "($1 = $2)", "ifNull($1 = $2, false)");
}

static void emit_differ(struct sql *s, const struct bx *x)
{
	compare(s, x, "($1 != $2)", "isDistinctFrom($1, $2)");
}

static void put_set(struct sql *s, const struct bx *set, bool fold)
{
	if (set->kind == BX_ROWS && fold) {
		sql_put(s, "(SELECT lowerUTF8(item) FROM (SELECT arrayJoin(");
		sql_put(s, "(SELECT groupUniqArray(*) FROM ");
		sql_expr(s, set);
		sql_put(s, ")) AS item))");
		return;
	}
	if (set->kind != BX_LIST) {
		sql_expr(s, set);
		return;
	}
	sql_put(s, "(");
	for (uint32_t i = 0; i < set->count; i++) {
		sql_put(s, i ? ", " : "");
		sql_put(s, fold ? "lowerUTF8(" : "");
		sql_expr(s, set->args[i]);
		sql_put(s, fold ? ")" : "");
	}
	sql_put(s, ")");
}

static void emit_in_set(struct sql *s, const struct bx *x, bool fold)
{
	const struct bx *set = x->args[1];

	if (set->kind == BX_LIST && !set->count) {
		sql_put(s, "false");
		return;
	}
	if (set->kind != BX_LIST && set->kind != BX_ROWS) { /* an array */
		const struct bx text = {
			.kind = BX_CAST, .type = KQL_STRING, .args = x->args, .count = 1
		};

		sql_put(s, fold ? "has(arrayMap(i -> lowerUTF8(kql_text(i)), kql_items("
				: "has(arrayMap(i -> kql_text(i), kql_items(");
		sql_expr_filled(s, set);
		sql_put(s, fold ? ")), lowerUTF8(" : ")), ");
		if (x->args[0]->type == KQL_STRING)
			sql_expr(s, x->args[0]);
		else
			sql_cast(s, &text);
		sql_put(s, fold ? "))" : ")");
		return;
	}
	sql_put(s, x->args[0]->nullable ? "ifNull(" : "(");
	sql_put(s, fold && !func_is_digest(x->args[0]) ? "lowerUTF8(" : "");
	sql_expr(s, x->args[0]);
	sql_put(s, fold && !func_is_digest(x->args[0]) ? ") IN " : " IN ");
	put_set(s, set, fold);
	sql_put(s, x->args[0]->nullable ? ", false)" : ")");
}

static void emit_in(struct sql *s, const struct bx *x)
{
	emit_in_set(s, x, false);
}

static void emit_in_folded(struct sql *s, const struct bx *x)
{
	emit_in_set(s, x, true);
}

/* clang-format off */
static const struct func items[] = {
	{ "+(a: long, b: long) long", "($1 + $2)", "Sum." },
	{ "+(a: real|decimal, b: real|decimal) common", "($1 + $2)", "Sum." },
	{ "+(a: datetime, b: timespan) datetime?", "kql_add($1, $2)", "The time later by a timespan." },
	{ "+(a: timespan, b: datetime) datetime?", "kql_add($2, $1)", "The time later by a timespan." },
	{ "+(a: timespan, b: timespan) timespan", "($1 + $2)", "Sum." },
	{ "-(a: long, b: long) long", "($1 - $2)", "Difference." },
	{ "-(a: real|decimal, b: real|decimal) common", "($1 - $2)", "Difference." },
	{ "-(a: datetime, b: timespan) datetime?", "kql_add($1, -($2))", "The time earlier by a timespan." },
	{ "-(a: datetime, b: datetime) timespan", "kql_sub($1, $2)", "The time between." },
	{ "-(a: timespan, b: timespan) timespan", "($1 - $2)", "Difference." },
	{ "-(a: number) =1", "(-($1))", "The negative value." },
	{ "-(a: timespan) timespan", "(-($1))", "The negative timespan." },
	{ "*(a: long, b: long) long", "($1 * $2)", "Product." },
	{ "*(a: real|decimal, b: real|decimal) common", "($1 * $2)", "Product." },
	{ "*(a: timespan, b: integer) timespan", "($1 * $2)", "So many times the timespan." },
	{ "*(a: integer, b: timespan) timespan", "($1 * $2)", "So many times the timespan." },
	{ "*(a: timespan, b: real) timespan?", "kql_truncate($1 * $2)", "So many times the timespan." },
	{ "*(a: real, b: timespan) timespan?", "kql_truncate($1 * $2)", "So many times the timespan." },
	{ "/(a: long, b: long) long?", "intDivOrNull($1, $2)", "Quotient; of integers without the rest." },
	{ "/(a: real, b: real) real", "($1 / $2)", "Quotient." },
	{ "/(a: decimal, b: decimal) decimal?", "if($2 = 0, NULL, $1 / $2)", "Quotient." },
	{ "/(a: timespan, b: timespan) real", "($1 / $2)", "How many times one goes into the other." },
	{ "/(a: timespan, b: real) timespan?", "kql_truncate($1 / $2)", "A part of the timespan." },
	{ "%(a: long, b: long) long?", "if($2 = 0, NULL, toInt64(positiveModulo($1, $2)))", "The rest of a division, never negative." },
	{ "%(a: real, b: real) real", "positiveModulo($1, $2)", "The rest of a division, never negative." },
	{ "%(a: timespan, b: timespan) timespan?", "if($2 = 0, NULL, toInt64(positiveModulo($1, $2)))", "The rest of a division, never negative." },
	{ "==(a: bool, b: bool) bool&", NULL, "Whether both are the same.", 0, emit_equal },
	{ "==(a: number, b: number) bool&", NULL, "Whether both are the same.", 0, emit_equal },
	{ "==(a: datetime, b: datetime) bool&", NULL, "Whether both are the same.", 0, emit_equal },
	{ "==(a: timespan, b: timespan) bool&", NULL, "Whether both are the same.", 0, emit_equal },
	{ "==(a: guid, b: guid) bool&", NULL, "Whether both are the same.", 0, emit_equal },
	{ "==(a: string, b: string) bool&", NULL, "Whether both are the same.", 0, emit_equal },
	{ "==(a: dynamic, b: dynamic) bool&", NULL, "Whether both are the same.", 0, emit_equal },
	{ "!=(a: bool, b: bool) bool&", NULL, "Whether both differ.", 0, emit_differ },
	{ "!=(a: number, b: number) bool&", NULL, "Whether both differ.", 0, emit_differ },
	{ "!=(a: datetime, b: datetime) bool&", NULL, "Whether both differ.", 0, emit_differ },
	{ "!=(a: timespan, b: timespan) bool&", NULL, "Whether both differ.", 0, emit_differ },
	{ "!=(a: guid, b: guid) bool&", NULL, "Whether both differ.", 0, emit_differ },
	{ "!=(a: string, b: string) bool&", NULL, "Whether both differ.", 0, emit_differ },
	{ "!=(a: dynamic, b: dynamic) bool&", NULL, "Whether both differ.", 0, emit_differ },
	{ "<(a: number, b: number) bool", "($1 < $2)", "Less." },
	{ "<(a: datetime, b: datetime) bool", "($1 < $2)", "Earlier." },
	{ "<(a: timespan, b: timespan) bool", "($1 < $2)", "Shorter." },
	{ "<(a: bool, b: bool) bool", "($1 < $2)", "False and true." },
	{ "<=(a: number, b: number) bool", "($1 <= $2)", "Not more." },
	{ "<=(a: datetime, b: datetime) bool", "($1 <= $2)", "Not later." },
	{ "<=(a: timespan, b: timespan) bool", "($1 <= $2)", "Not longer." },
	{ "<=(a: bool, b: bool) bool", "($1 <= $2)", "Not true and false." },
	{ ">(a: number, b: number) bool", "($1 > $2)", "More." },
	{ ">(a: datetime, b: datetime) bool", "($1 > $2)", "Later." },
	{ ">(a: timespan, b: timespan) bool", "($1 > $2)", "Longer." },
	{ ">(a: bool, b: bool) bool", "($1 > $2)", "True and false." },
	{ ">=(a: number, b: number) bool", "($1 >= $2)", "Not less." },
	{ ">=(a: datetime, b: datetime) bool", "($1 >= $2)", "Not earlier." },
	{ ">=(a: timespan, b: timespan) bool", "($1 >= $2)", "Not shorter." },
	{ ">=(a: bool, b: bool) bool", "($1 >= $2)", "Not false and true." },
	{ "between(value: number, low: number, high: number) bool", "($1 BETWEEN $2 AND $3)", "Within both, these included." },
	{ "between(value: datetime, low: datetime, high: datetime) bool", "($1 BETWEEN $2 AND $3)", "Within both, these included." },
	{ "between(value: timespan, low: timespan, high: timespan) bool", "($1 BETWEEN $2 AND $3)", "Within both, these included." },
	{ "and(a: bool, b: bool) bool", "($1 AND $2)", "Both." },
	{ "or(a: bool, b: bool) bool", "($1 OR $2)", "One of both, or both." },
	{ "not(a: bool) bool", "(NOT $1)", "The contrary." },
	{ "in(value: any, set: any) bool!", NULL, "Whether the value is one of a list, an array or a table.", 0, emit_in },
	{ "in~(value: string, set: any) bool!", NULL, "in, and case does not matter.", 0, emit_in_folded },
	{ "__nullable(value: any) =1?", "toNullable($1)", "" },
	{ "__number(value: real) dynamic?", "if(isFinite($1), toString($1), NULL)", "" },
};
/* clang-format on */
const struct func_family fn_operators = { "Operators", items, ARRAY_SIZE(items) };
