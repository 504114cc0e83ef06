/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fn_math.c - numbers, bits, choice
 */
#include "kql/func.h"
#include "kql/sql.h"

/* Whether the engine's own intervals begin where the language's do: from year 1 on. */
static bool is_interval(const struct bx *step)
{
	return bx_is_const(step) && step->i >= KQL_TICKS_PER_SECOND &&
	       step->i % KQL_TICKS_PER_SECOND == 0 && 864000000000 % step->i == 0;
}

/*
 * The engine's function is the fastest, but wrong before 1970 and from 2106 on. What devices have
 * told is between.
 */
static void emit_bin_time(struct sql *s, const struct bx *x)
{
	const struct bx *value = x->args[0], *step = x->args[1];

	if (value->kind != BX_COLUMN || !value->column->stored || !is_interval(step)) {
		sql_template(s, "kql_floor_time($1, $2)", x);
		return;
	}
	sql_put(s, "toDateTime64(toStartOfInterval(");
	sql_expr(s, value);
	sql_printf(s, ", toIntervalSecond(%lld)), 9, 'UTC')",
		   (long long)(step->i / KQL_TICKS_PER_SECOND));
}

static void emit_multi(struct sql *s, const struct bx *x)
{
	/* iff(a, x, iff(b, y, z)) is one multiIf */
	sql_put(s, "multiIf(");
	for (;;) {
		const struct bx *otherwise = x->args[2];

		sql_expr_filled(s, x->args[0]);
		sql_put(s, ", ");
		sql_expr(s, x->args[1]);
		sql_put(s, ", ");
		if (otherwise->kind != BX_CALL || otherwise->fn->emit != emit_multi ||
		    otherwise->type != x->type) {
			sql_expr(s, otherwise);
			break;
		}
		x = otherwise;
	}
	sql_put(s, ")");
}

/* Text is never null, so the first that is not empty is taken. */
static void emit_coalesce(struct sql *s, const struct bx *x)
{
	if (x->type != KQL_STRING) {
		sql_template(s, "coalesce($*)", x);
		return;
	}
	sql_put(s, "coalesce(");
	for (uint32_t i = 0; i < x->count; i++) {
		sql_put(s, "nullIf(");
		sql_expr(s, x->args[i]);
		sql_put(s, ", ''), ");
	}
	sql_put(s, "'')");
}

/* least() and greatest() give NULL where one is; here the others count. */
static void extreme(struct sql *s, const struct bx *x, const char *name)
{
	sql_printf(s, "%s([", name);
	sql_list(s, x, 0);
	sql_put(s, "])");
}

static void emit_max_of(struct sql *s, const struct bx *x)
{
	extreme(s, x, "kql_max_of");
}

static void emit_min_of(struct sql *s, const struct bx *x)
{
	extreme(s, x, "kql_min_of");
}

/* clang-format off */
static const struct func items[] = {
	{ "bin(value: datetime, step: timespan) datetime", NULL, "Rounded down to a multiple.", FUNC_NAME_ARG, emit_bin_time },
	{ "bin(value: timespan, step: timespan) timespan?", "kql_floor($1, $2)", "Rounded down to a multiple.", FUNC_NAME_ARG },
	{ "bin(value: number, step: number) common?", "kql_floor($1, $2)", "Rounded down to a multiple.", FUNC_NAME_ARG },
	{ "bin_auto(value: any) =1?", "$1", "bin() by `set query_bin_auto_size=...` and query_bin_auto_at.", FUNC_NAME_ARG },
	{ "floor(value: datetime, step: timespan) datetime", NULL, "bin.", FUNC_NAME_ARG | FUNC_LEGACY, emit_bin_time },
	{ "floor(value: timespan, step: timespan) timespan?", "kql_floor($1, $2)", "bin.", FUNC_NAME_ARG | FUNC_LEGACY },
	{ "floor(value: number, step: number) common?", "kql_floor($1, $2)", "bin.", FUNC_NAME_ARG | FUNC_LEGACY },
	{ "floor(value: real) real", "floor($1)", "Rounded down.", FUNC_NAME_ARG },
	{ "bin_at(value: number, step: number, at: number) common?", "(kql_floor($1 - $3, $2) + $3)", "Rounded down to a multiple counted from a fixed value.", FUNC_NAME_ARG },
	{ "bin_at(value: timespan, step: timespan, at: timespan) timespan?", "(kql_floor($1 - $3, $2) + $3)", "Rounded down to a multiple counted from a fixed value.", FUNC_NAME_ARG },
	{ "bin_at(value: datetime, step: timespan, at: datetime) datetime?", "kql_add($3, kql_floor(kql_sub($1, $3), $2))", "Rounded down to a multiple counted from a fixed time.", FUNC_NAME_ARG },
	{ "round(value: number) =1", "round($1)", "Rounded.", FUNC_NAME_ARG },
	{ "round(value: number, digits: long!) =1", "round($1, $2)", "Rounded to digits behind the point.", FUNC_NAME_ARG },
	{ "ceiling(value: number) =1", "ceil($1)", "Rounded up.", FUNC_NAME_ARG },
	{ "abs(value: long) long", "toInt64(abs($1))", "Without sign.", FUNC_NAME_ARG },
	{ "abs(value: real|decimal) =1", "abs($1)", "Without sign.", FUNC_NAME_ARG },
	{ "abs(value: timespan) timespan", "toInt64(abs($1))", "Without sign.", FUNC_NAME_ARG },
	{ "sign(value: number) real", "toFloat64(sign($1))", "-1, 0 or 1." },
	{ "pow(base: real, exponent: real) real", "pow($1, $2)", "Power.", FUNC_NAME_ARG },
	{ "sqrt(value: real) real?", "if($1 < 0, NULL, sqrt($1))", "Square root.", FUNC_NAME_ARG },
	{ "exp(value: real) real", "exp($1)", "e to the power.", FUNC_NAME_ARG },
	{ "exp2(value: real) real", "exp2($1)", "2 to the power.", FUNC_NAME_ARG },
	{ "exp10(value: real) real", "exp10($1)", "10 to the power.", FUNC_NAME_ARG },
	{ "log(value: real) real?", "if($1 < 0, NULL, log($1))", "Natural logarithm.", FUNC_NAME_ARG },
	{ "log2(value: real) real?", "if($1 < 0, NULL, log2($1))", "Logarithm to base 2.", FUNC_NAME_ARG },
	{ "log10(value: real) real?", "if($1 < 0, NULL, log10($1))", "Logarithm to base 10.", FUNC_NAME_ARG },
	{ "sin(value: real) real", "sin($1)", "Sine.", FUNC_NAME_ARG },
	{ "cos(value: real) real", "cos($1)", "Cosine.", FUNC_NAME_ARG },
	{ "tan(value: real) real", "tan($1)", "Tangent.", FUNC_NAME_ARG },
	{ "cot(value: real) real", "(1 / tan($1))", "Cotangent." },
	{ "asin(value: real) real", "asin($1)", "Arc sine.", FUNC_NAME_ARG },
	{ "acos(value: real) real", "acos($1)", "Arc cosine.", FUNC_NAME_ARG },
	{ "atan(value: real) real", "atan($1)", "Arc tangent.", FUNC_NAME_ARG },
	{ "atan2(y: real, x: real) real", "atan2($1, $2)", "Angle of a point.", FUNC_NAME_ARG },
	{ "degrees(value: real) real", "degrees($1)", "Radians as degrees." },
	{ "radians(value: real) real", "radians($1)", "Degrees as radians." },
	{ "pi() real", "pi()", "3.14159..." },
	{ "gamma(value: real) real", "tgamma($1)", "Gamma function.", FUNC_NAME_ARG },
	{ "loggamma(value: real) real", "lgamma($1)", "Logarithm of the gamma function.", FUNC_NAME_ARG },
	{ "erf(value: real) real", "erf($1)", "Error function.", FUNC_NAME_ARG },
	{ "erfc(value: real) real", "erfc($1)", "1 - erf.", FUNC_NAME_ARG },
	{ "beta_cdf(x: real, alpha: real, beta: real) real", "if(isNull($1) OR isNull($2) OR isNull($3), NULL, kql_beta_cdf(assumeNotNull($1), assumeNotNull($2), assumeNotNull($3)))", "Beta distribution: probability of a value up to x." },
	{ "beta_pdf(x: real, alpha: real, beta: real) real", "if(isNull($1) OR isNull($2) OR isNull($3), NULL, kql_beta_pdf(assumeNotNull($1), assumeNotNull($2), assumeNotNull($3)))", "Beta distribution: density at x." },
	{ "beta_inv(probability: real, alpha: real, beta: real) real?", "multiIf(isNull($1) OR isNull($2) OR isNull($3), NULL, $2 <= 0 OR $3 <= 0, nan, $1 < 0 OR $1 > 1, NULL, kql_beta_inv(assumeNotNull($1), assumeNotNull($2), assumeNotNull($3)))", "Beta distribution: the value of a probability." },
	{ "isnan(value: real) bool!", "ifNull(isNaN($1), false)", "Whether it is not a number." },
	{ "isinf(value: real) bool!", "ifNull(isInfinite($1), false)", "Whether it is infinite." },
	{ "isfinite(value: real) bool!", "ifNull(isFinite($1), false)", "Whether it is neither infinite nor not a number." },
	{ "rand() real", "randCanonical()", "A random number from 0 to 1.", FUNC_NAME_ARG | FUNC_VOLATILE },
	{ "rand(n: long) real", "toFloat64(rand64() % greatest($1, 1))", "A random whole number below n.", FUNC_NAME_ARG | FUNC_VOLATILE },
	{ "binary_and(a: long, b: long) long", "bitAnd($1, $2)", "Bits of both.", FUNC_NAME_ARG },
	{ "binary_or(a: long, b: long) long", "bitOr($1, $2)", "Bits of one or both.", FUNC_NAME_ARG },
	{ "binary_xor(a: long, b: long) long", "bitXor($1, $2)", "Bits of one alone.", FUNC_NAME_ARG },
	{ "binary_not(a: long) long", "bitNot(toInt64($1))", "All bits turned.", FUNC_NAME_ARG },
	{ "binary_shift_left(value: long, bits: long) long", "bitShiftLeft(toInt64($1), $2 % 64)", "Bits moved up.", FUNC_NAME_ARG },
	{ "binary_shift_right(value: long, bits: long) long", "bitShiftRight(toInt64($1), $2 % 64)", "Bits moved down.", FUNC_NAME_ARG },
	{ "bitset_count_ones(value: long) long", "toInt64(bitCount(toInt64($1)))", "Number of bits set.", FUNC_NAME_ARG },
	{ "around(value: number, center: number, delta: number) bool", "($1 BETWEEN $2 - $3 AND $2 + $3)", "Whether within delta of the center." },
	{ "around(value: timespan, center: timespan, delta: timespan) bool", "($1 BETWEEN $2 - $3 AND $2 + $3)", "Whether within delta of the center." },
	{ "around(value: datetime, center: datetime, delta: timespan) bool", "(abs(kql_sub($1, $2)) <= $3)", "Whether within delta of the center." },
	{ "iff(condition: bool, then: any, otherwise: any) common", NULL, "One of two values.", 0, emit_multi },
	{ "coalesce(value: any...) common", NULL, "The first that is not null; of texts, not empty.", 0, emit_coalesce },
	{ "max_of(value: number...) common", NULL, "The largest.", 0, emit_max_of },
	{ "max_of(value: datetime...) datetime", NULL, "The latest.", 0, emit_max_of },
	{ "max_of(value: timespan...) timespan", NULL, "The longest.", 0, emit_max_of },
	{ "max_of(value: string...) string", "greatest($*)", "The last in order.", 0 },
	{ "max_of(value: bool...) bool", NULL, "True where one is.", 0, emit_max_of },
	{ "min_of(value: number...) common", NULL, "The smallest.", 0, emit_min_of },
	{ "min_of(value: datetime...) datetime", NULL, "The earliest.", 0, emit_min_of },
	{ "min_of(value: timespan...) timespan", NULL, "The shortest.", 0, emit_min_of },
	{ "min_of(value: string...) string", "least($*)", "The first in order.", 0 },
	{ "min_of(value: bool...) bool", NULL, "False where one is.", 0, emit_min_of },
	{ "isnull(value: string) bool!", "false", "Text is never null." },
	{ "isnull(value: any) bool!", "isNull($1)", "Whether there is no value." },
	{ "isnotnull(value: string) bool!", "true", "Text is never null." },
	{ "isnotnull(value: any) bool!", "isNotNull($1)", "Whether there is a value." },
	{ "notnull(value: any) bool!", "isNotNull($1)", "isnotnull.", FUNC_LEGACY },
};
/* clang-format on */

const struct func_family fn_math = { "Numbers", items, ARRAY_SIZE(items) };
