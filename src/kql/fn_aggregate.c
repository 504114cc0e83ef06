/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fn_aggregate.c - aggregates: one value of many rows; null does not count. Of no rows sums and
 * deviations are 0, an average is NaN, lists are empty, everything else is null.
 */
#include <inttypes.h>

#include "kql/func.h"
#include "kql/sql.h"

#define LIST_MAX 1048576 /* elements of make_list and make_set: the language's own limit */
#define AGG FUNC_AGGREGATE | FUNC_NAME_PREFIX

static void put_limit(struct sql *s, const struct bx *x, uint32_t i)
{
	if (i < x->count && bx_is_const(x->args[i]) && x->args[i]->i > 0 &&
	    x->args[i]->i < LIST_MAX)
		sql_printf(s, "(%" PRId64 ")", x->args[i]->i);
	else
		sql_printf(s, "(%d)", LIST_MAX);
}

/* Elements as JSON; what is null is left out but by make_list_with_nulls. */
static void put_element(struct sql *s, const struct bx *x)
{
	sql_json(s, x);
}

static void put_condition(struct sql *s, const struct bx *value, const struct bx *condition,
			  bool nulls)
{
	bool first = true;

	if (condition) {
		sql_expr_filled(s, condition);
		first = false;
	}
	if (value->nullable && !nulls) {
		sql_put(s, first ? "isNotNull(" : " AND isNotNull(");
		sql_expr(s, value);
		sql_put(s, ")");
		first = false;
	}
	if (first)
		sql_put(s, "true");
}

/* make_list(value, limit), make_list_if(value, condition, limit) */
static void list(struct sql *s, const struct bx *x, const char *function,
		 const struct bx *condition, bool nulls)
{
	sql_printf(s, "kql_array(%s", function);
	put_limit(s, x, condition ? 2 : 1);
	sql_put(s, "(");
	put_element(s, x->args[0]);
	sql_put(s, ", ");
	put_condition(s, x->args[0], condition, nulls);
	sql_put(s, "))");
}

static void emit_list(struct sql *s, const struct bx *x)
{
	list(s, x, "groupArrayIf", NULL, false);
}

static void emit_list_if(struct sql *s, const struct bx *x)
{
	list(s, x, "groupArrayIf", x->args[1], false);
}

static void emit_list_nulls(struct sql *s, const struct bx *x)
{
	list(s, x, "groupArrayIf", NULL, true);
}

/* Elements of an array given are elements of the set. */
static void set(struct sql *s, const struct bx *x, const struct bx *condition)
{
	if (x->args[0]->type == KQL_DYNAMIC) {
		sql_put(s, "kql_array(arrayDistinct(arrayFlatten(groupUniqArrayIf");
		put_limit(s, x, condition ? 2 : 1);
		sql_put(s, "(if(startsWith(");
		sql_expr_filled(s, x->args[0]);
		sql_put(s, ", '['), kql_elements(");
		sql_expr_filled(s, x->args[0]);
		sql_put(s, "), [");
		put_element(s, x->args[0]);
		sql_put(s, "]), ");
		put_condition(s, x->args[0], condition, false);
		sql_put(s, "))))");
		return;
	}
	list(s, x, "groupUniqArrayIf", condition, false);
}

static void emit_set(struct sql *s, const struct bx *x)
{
	set(s, x, NULL);
}

static void emit_set_if(struct sql *s, const struct bx *x)
{
	set(s, x, x->args[1]);
}

static void bag(struct sql *s, const struct bx *x, const struct bx *condition)
{
	sql_put(s, "kql_merge(arrayFlatten(groupArrayIf");
	put_limit(s, x, condition ? 2 : 1);
	sql_put(s, "(kql_members(");
	sql_expr_filled(s, x->args[0]);
	sql_put(s, "), ");
	put_condition(s, x->args[0], condition, false);
	sql_put(s, ")))");
}

static void emit_bag(struct sql *s, const struct bx *x)
{
	bag(s, x, NULL);
}

static void emit_bag_if(struct sql *s, const struct bx *x)
{
	bag(s, x, x->args[1]);
}

/* One tuple for all columns; those that nobody reads are left out. */
static void put_tuple(struct sql *s, const struct bx *x, const bool *used)
{
	sql_put(s, "tuple(");
	for (uint32_t i = 0; i < x->count; i++) {
		sql_put(s, i ? ", " : "");
		if (!used || used[i])
			sql_expr(s, x->args[i]);
		else
			sql_put(s, "0");
	}
	sql_put(s, ")");
}

static void arg_extreme(struct sql *s, const struct bx *x, bool max)
{
	const struct bx *by = x->args[0];

	sql_put(s, max ? "argMax(" : "argMin(");
	put_tuple(s, x, x->used);
	sql_put(s, ", ");
	if (by->nullable) { /* a row with null is taken where there is no other */
		sql_put(s, max ? "(isNotNull(" : "(isNull(");
		sql_expr(s, by);
		sql_put(s, "), assumeNotNull(");
		sql_expr(s, by);
		sql_put(s, "))");
	} else {
		sql_expr(s, by);
	}
	sql_put(s, ")");
}

static void emit_arg_max(struct sql *s, const struct bx *x)
{
	arg_extreme(s, x, true);
}

static void emit_arg_min(struct sql *s, const struct bx *x)
{
	arg_extreme(s, x, false);
}

static void emit_any_tuple(struct sql *s, const struct bx *x)
{
	sql_put(s, "any(");
	put_tuple(s, x, x->used);
	sql_put(s, ")");
}

static void emit_rows(struct sql *s, const struct bx *x)
{
	sql_put(s, "groupArray(");
	put_tuple(s, x, x->used);
	sql_put(s, ")");
}

/* any() of text prefers one that is not empty. */
static void emit_any(struct sql *s, const struct bx *x)
{
	if (x->type == KQL_STRING)
		sql_template(s, "ifNull(anyOrNullIf($1, $1 != ''), '')", x);
	else
		sql_template(s, "anyOrNull($1)", x);
}

static void emit_extreme(struct sql *s, const struct bx *x)
{
	bool max = func_is_called(x->fn, "max") || func_is_called(x->fn, "maxif");

	sql_printf(s, "%sOrNull%s(", max ? "max" : "min", x->count > 1 ? "If" : "");
	sql_list(s, x, 0);
	sql_put(s, ")");
}

static void emit_collect(struct sql *s, const struct bx *x)
{
	sql_put(s, "groupArray(");
	sql_json(s, x->args[0]);
	sql_put(s, ")");
}

/* clang-format off */
static const struct func items[] = {
	{ "count() long", "toInt64(count())", "Number of rows.", AGG },
	{ "count(value: any) long", "toInt64(count())", "Number of rows.", AGG },
	{ "cnt() long", "toInt64(count())", "count.", AGG | FUNC_LEGACY },
	{ "countif(condition: bool) long", "toInt64(countIf($1))", "Number of rows for which the condition is true.", AGG },
	{ "sum(value: long) long!", "ifNull(sum($1), 0)", "Sum.", AGG },
	{ "sum(value: real|decimal) =1!", "ifNull(sum($1), 0)", "Sum.", AGG },
	{ "sum(value: timespan) timespan!", "ifNull(sum($1), 0)", "Sum.", AGG },
	{ "sumif(value: long, condition: bool) long!", "ifNull(sumIf($1, $2), 0)", "Sum of rows for which the condition is true.", AGG },
	{ "sumif(value: real|decimal, condition: bool) =1!", "ifNull(sumIf($1, $2), 0)", "Sum of rows for which the condition is true.", AGG },
	{ "sumif(value: timespan, condition: bool) timespan!", "ifNull(sumIf($1, $2), 0)", "Sum of rows for which the condition is true.", AGG },
	{ "avg(value: real) real!", "ifNull(avg($1), nan)", "Average; of nothing NaN.", AGG },
	{ "avg(value: decimal) decimal?", "if(count($1) = 0, NULL, sum($1) / count($1))", "Average.", AGG },
	{ "avg(value: timespan) timespan?", "toInt64(avg($1))", "Average.", AGG },
	{ "avg(value: datetime) datetime?", "kql_from_ticks(toInt64(avg(toFloat64(kql_ticks($1)))))", "Average.", AGG },
	{ "avgif(value: real, condition: bool) real!", "ifNull(avgIf($1, $2), nan)", "Average of rows for which the condition is true.", AGG },
	{ "avgif(value: timespan, condition: bool) timespan?", "toInt64(avgIf($1, $2))", "Average of rows for which the condition is true.", AGG },
	{ "avgif(value: datetime, condition: bool) datetime?", "kql_from_ticks(toInt64(avgIf(toFloat64(kql_ticks($1)), $2)))", "Average of rows for which the condition is true.", AGG },
	{ "min(value: orderable) =1?", NULL, "The smallest.", AGG, emit_extreme },
	{ "max(value: orderable) =1?", NULL, "The largest.", AGG, emit_extreme },
	{ "minif(value: orderable, condition: bool) =1?", NULL, "The smallest of rows for which the condition is true.", AGG, emit_extreme },
	{ "maxif(value: orderable, condition: bool) =1?", NULL, "The largest of rows for which the condition is true.", AGG, emit_extreme },
	{ "dcount(value: any) long", "toInt64(uniq($1))", "About how many different values.", AGG },
	{ "dcount(value: any, accuracy: long) long", "toInt64(uniq($1))", "About how many different values.", AGG },
	{ "dcountif(value: any, condition: bool) long", "toInt64(uniqIf($1, $2))", "About how many different values of rows for which the condition is true.", AGG },
	{ "dcountif(value: any, condition: bool, accuracy: long) long", "toInt64(uniqIf($1, $2))", "About how many different values of rows for which the condition is true.", AGG },
	{ "count_distinct(value: scalar) long", "toInt64(uniqExact($1))", "How many different values.", AGG },
	{ "count_distinctif(value: scalar, condition: bool) long", "toInt64(uniqExactIf($1, $2))", "How many different values of rows for which the condition is true.", AGG },
	{ "make_list(value: any) dynamic!", NULL, "An array of all values.", AGG, emit_list, "list" },
	{ "make_list(value: any, limit: long!) dynamic!", NULL, "An array of values.", AGG, emit_list, "list" },
	{ "makelist(value: any) dynamic!", NULL, "make_list.", AGG | FUNC_LEGACY, emit_list, "list" },
	{ "makelist(value: any, limit: long!) dynamic!", NULL, "make_list.", AGG | FUNC_LEGACY, emit_list, "list" },
	{ "make_list_if(value: any, condition: bool) dynamic!", NULL, "An array of values of rows for which the condition is true.", AGG, emit_list_if, "list" },
	{ "make_list_if(value: any, condition: bool, limit: long!) dynamic!", NULL, "An array of values of rows for which the condition is true.", AGG, emit_list_if, "list" },
	{ "make_list_with_nulls(value: any) dynamic!", NULL, "An array of all values, null among them.", AGG, emit_list_nulls, "list" },
	{ "make_set(value: any) dynamic!", NULL, "An array of the different values.", AGG, emit_set, "set" },
	{ "make_set(value: any, limit: long!) dynamic!", NULL, "An array of different values.", AGG, emit_set, "set" },
	{ "makeset(value: any) dynamic!", NULL, "make_set.", AGG | FUNC_LEGACY, emit_set, "set" },
	{ "makeset(value: any, limit: long!) dynamic!", NULL, "make_set.", AGG | FUNC_LEGACY, emit_set, "set" },
	{ "make_set_if(value: any, condition: bool) dynamic!", NULL, "An array of the different values of rows for which the condition is true.", AGG, emit_set_if, "set" },
	{ "make_set_if(value: any, condition: bool, limit: long!) dynamic!", NULL, "An array of different values of rows for which the condition is true.", AGG, emit_set_if, "set" },
	{ "make_bag(bag: dynamic) dynamic!", NULL, "A bag of all properties.", AGG, emit_bag, "bag" },
	{ "make_bag(bag: dynamic, limit: long!) dynamic!", NULL, "A bag of properties.", AGG, emit_bag, "bag" },
	{ "make_bag_if(bag: dynamic, condition: bool) dynamic!", NULL, "A bag of properties of rows for which the condition is true.", AGG, emit_bag_if, "bag" },
	{ "make_bag_if(bag: dynamic, condition: bool, limit: long!) dynamic!", NULL, "A bag of properties of rows for which the condition is true.", AGG, emit_bag_if, "bag" },
	{ "buildschema(value: dynamic) dynamic?", "nullIf(kql_schema_0(kql_schema_values(groupArray($1!))), '[]')", "The least schema that fits all values.", AGG, NULL, "schema" },
	{ "make_dictionary(bag: dynamic) dynamic!", NULL, "make_bag.", AGG | FUNC_LEGACY, emit_bag, "dictionary" },
	{ "take_any(value: any) =1?", NULL, "The value of some row.", FUNC_AGGREGATE | FUNC_NAME_ARG, emit_any },
	{ "any(value: any) =1?", NULL, "take_any.", AGG | FUNC_LEGACY, emit_any },
	{ "take_anyif(value: any, condition: bool) =1?", "anyOrNullIf($1, $2)", "The value of some row for which the condition is true.", FUNC_AGGREGATE | FUNC_NAME_ARG },
	{ "anyif(value: any, condition: bool) =1?", "anyOrNullIf($1, $2)", "take_anyif.", AGG | FUNC_LEGACY },
	{ "stdev(value: number) real!", "ifNotFinite(ifNull(stddevSampStable($1), 0), 0)", "Standard deviation of a sample.", AGG },
	{ "stdevif(value: number, condition: bool) real!", "ifNotFinite(ifNull(stddevSampStableIf($1, $2), 0), 0)", "Standard deviation of a sample.", AGG },
	{ "stdevp(value: number) real!", "ifNotFinite(ifNull(stddevPopStable($1), 0), 0)", "Standard deviation.", AGG },
	{ "variance(value: number) real!", "ifNotFinite(ifNull(varSampStable($1), 0), 0)", "Variance of a sample.", AGG },
	{ "varianceif(value: number, condition: bool) real!", "ifNotFinite(ifNull(varSampStableIf($1, $2), 0), 0)", "Variance of a sample.", AGG },
	{ "variancep(value: number) real!", "ifNotFinite(ifNull(varPopStable($1), 0), 0)", "Variance.", AGG },
	{ "variancepif(value: number, condition: bool) real!", "ifNotFinite(ifNull(varPopStableIf($1, $2), 0), 0)", "Variance.", AGG },
	{ "covariance(x: number, y: number) real?", "covarSampStable($1, $2)", "Covariance of a sample.", AGG },
	{ "covarianceif(x: number, y: number, condition: bool) real?", "covarSampStableIf($1, $2, $3)", "Covariance of a sample.", AGG },
	{ "covariancep(x: number, y: number) real?", "covarPopStable($1, $2)", "Covariance.", AGG },
	{ "covariancepif(x: number, y: number, condition: bool) real?", "covarPopStableIf($1, $2, $3)", "Covariance.", AGG },
	{ "percentile(value: number, percentile: real!) =1?", "kql_percentile(arraySort(groupArray($1)), $2)", "The value below which so many percent are.", FUNC_AGGREGATE },
	{ "percentile(value: timespan, percentile: real!) timespan?", "kql_percentile(arraySort(groupArray($1)), $2)", "The value below which so many percent are.", FUNC_AGGREGATE },
	{ "percentile(value: datetime, percentile: real!) datetime?", "kql_percentile(arraySort(groupArray($1)), $2)", "The value below which so many percent are.", FUNC_AGGREGATE },
	{ "percentile(value: dynamic, percentile: real!) real?", "kql_percentile(arraySort(groupArray(toFloat64OrNull(kql_text($1)))), $2)", "The value below which so many percent are.", FUNC_AGGREGATE },
	{ "percentilew(value: number, weight: long, percentile: real!) =1?", "quantileExactWeighted($3 / 100)($1, toUInt64($2))", "The value below which so many percent of the weight are.", FUNC_AGGREGATE },
	{ "percentilesw_array(value: number, weight: long, percentile: number...) dynamic?", "kql_array(arrayMap(p -> toString(kql_percentile(kql_weighted(arraySort(groupArray(($1, $2)))), p)), [$3*]))", "Several weighted percentiles.", FUNC_AGGREGATE | FUNC_NAME_PREFIX, NULL, "percentile" },
	{ "percentilesw_array(value: number, weight: long, percentiles: dynamic!) dynamic?", "kql_array(arrayMap(p -> toString(kql_percentile(kql_weighted(arraySort(groupArray(($1, $2)))), toFloat64OrZero(p))), kql_elements($3)))", "Several weighted percentiles.", FUNC_AGGREGATE | FUNC_NAME_PREFIX, NULL, "percentile" },
	{ "percentiles_array(value: number, percentiles: dynamic!) dynamic?", "kql_array(arrayMap(p -> toString(kql_percentile(arraySort(groupArray($1)), toFloat64OrZero(p))), kql_elements($2)))", "Several percentiles.", AGG, NULL, "percentiles" },
	{ "percentiles_array(value: number, percentile: number...) dynamic?", "kql_array(arrayMap(p -> toString(kql_percentile(arraySort(groupArray($1)), p)), [$2*]))", "Several percentiles.", AGG, NULL, "percentiles" },
	{ "binary_all_and(value: integer) =1?", "groupBitAnd($1)", "Bits that all have.", FUNC_AGGREGATE | FUNC_NAME_ARG },
	{ "binary_all_or(value: integer) =1?", "groupBitOr($1)", "Bits that one has.", FUNC_AGGREGATE | FUNC_NAME_ARG },
	{ "binary_all_xor(value: integer) =1?", "groupBitXor($1)", "Bits that an odd number have.", FUNC_AGGREGATE | FUNC_NAME_ARG },
	{ "__collect_numbers(value: long) dynamic!", "groupArray($1)", "", FUNC_AGGREGATE },
	{ "__collect(value: any) dynamic!", NULL, "", FUNC_AGGREGATE, emit_collect },
	{ "__arg_max(by: any, value: any...?) dynamic", NULL, "", FUNC_AGGREGATE, emit_arg_max },
	{ "__arg_min(by: any, value: any...?) dynamic", NULL, "", FUNC_AGGREGATE, emit_arg_min },
	{ "__texts(value: text) dynamic!", "groupArray(1048576)($1)", "", FUNC_AGGREGATE },
	{ "__rows(value: any...?) dynamic!", NULL, "", FUNC_AGGREGATE, emit_rows },
	{ "__any(value: any...) dynamic", NULL, "", FUNC_AGGREGATE, emit_any_tuple },
};
/* clang-format on */
const struct func_family fn_aggregates = { "Aggregates", items, ARRAY_SIZE(items) };
