/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fn_series.c - what is computed of a whole series of numbers, as make-series makes them
 *
 * A series with an element that is no finite number gives null. Decomposition, filters and
 * outliers are not here.
 */
#include "kql/func.h"

#define STATS "min real, min_idx long, max real, max_idx long, avg real, stdev real, variance real"
#define LINE                                                                                       \
	"rsquare real, slope real, variance real, rvariance real, interception real, line_fit "    \
	"dynamic"
#define SIDE(side)                                                                                 \
	side "_rsquare real, " side "_slope real, " side "_interception real, " side               \
	     "_variance real, " side "_rvariance real"
#define TWO_LINES                                                                                  \
	"rsquare real, split_idx long, variance real, rvariance real, line_fit dynamic, " SIDE(    \
	    "right") ", " SIDE("left")
#define STATS_OF(ignore)                                                                           \
	"arrayMap((a, f) -> kql_stats(a, f), [kql_floats($1!)], "                                  \
	"[kql_finite(kql_floats($1!), " ignore ")])[1]"
#define STATS_BAG(ignore)                                                                          \
	"kql_bag(['min', 'min_idx', 'max', 'max_idx', 'avg', 'stdev', 'variance', 'sum', "         \
	"'len'], " STATS_OF(ignore) ")"
#define ONE_LINE "arrayMap(y -> kql_one_line(y), [kql_reals($1!)])[1]"
#define LINE_BAG                                                                                   \
	"kql_bag(['rsquare', 'slope', 'variance', 'rvariance', 'interception', "                   \
	"'line_fit'], " ONE_LINE ")"
#define TWO_LINES_OF "arrayMap(s -> kql_two_lines(s), [kql_reals($1!)])[1]"

/* clang-format off */
static const struct func items[] = {
	{ "series_stats(series: dynamic) dynamic?", "kql_values(" STATS_OF("false") ")", "Least, largest, their places, average, deviation and variance.", FUNC_TUPLE, .values = STATS },
	{ "series_stats(series: dynamic, ignore_nonfinite: bool) dynamic?", "kql_values(" STATS_OF("$2!") ")", "Least, largest, their places, average, deviation and variance.", FUNC_TUPLE, .values = STATS },
	{ "series_stats_dynamic(series: dynamic) dynamic?", STATS_BAG("false"), "series_stats as a bag, with sum and number." },
	{ "series_stats_dynamic(series: dynamic, ignore_nonfinite: bool) dynamic?", STATS_BAG("$2!"), "series_stats as a bag, with sum and number." },
	{ "series_fit_line(series: dynamic) dynamic?", "kql_values(" ONE_LINE ")", "The line that is nearest to the values.", FUNC_TUPLE, .values = LINE },
	{ "series_fit_line_dynamic(series: dynamic) dynamic?", LINE_BAG, "series_fit_line as a bag." },
	{ "series_fit_2lines(series: dynamic) dynamic?", "kql_values(" TWO_LINES_OF ")", "The two lines, one behind the other, that are nearest to the values; each has two of them at least.", FUNC_TUPLE, .values = TWO_LINES },
	{ "series_fit_2lines_dynamic(series: dynamic) dynamic?", "kql_two_lines_bag(" TWO_LINES_OF ")", "series_fit_2lines as a bag." },
};
/* clang-format on */
const struct func_family fn_series = { "Series", items, ARRAY_SIZE(items) };
