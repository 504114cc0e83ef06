/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fn_datetime.c - times and timespans; all of it in UTC
 */
#include <stdio.h>
#include <string.h>

#include "kql/func.h"
#include "kql/sql.h"

/* Parts of format strings. Source: learn.microsoft.com/kusto/query/format-datetime-function */
static const struct {
	const char *part, *datetime, *timespan;
} parts[] = {
	{ "fffffff", "leftPad(toString(kql_ticks(v) % 10000000), 7, '0')",
	  "leftPad(toString(abs(v) % 10000000), 7, '0')" },
	{ "ffffff", "leftPad(toString(intDiv(kql_ticks(v) % 10000000, 10)), 6, '0')",
	  "leftPad(toString(intDiv(abs(v) % 10000000, 10)), 6, '0')" },
	{ "fffff", "leftPad(toString(intDiv(kql_ticks(v) % 10000000, 100)), 5, '0')",
	  "leftPad(toString(intDiv(abs(v) % 10000000, 100)), 5, '0')" },
	{ "ffff", "leftPad(toString(intDiv(kql_ticks(v) % 10000000, 1000)), 4, '0')",
	  "leftPad(toString(intDiv(abs(v) % 10000000, 1000)), 4, '0')" },
	{ "fff", "leftPad(toString(intDiv(kql_ticks(v) % 10000000, 10000)), 3, '0')",
	  "leftPad(toString(intDiv(abs(v) % 10000000, 10000)), 3, '0')" },
	{ "ff", "leftPad(toString(intDiv(kql_ticks(v) % 10000000, 100000)), 2, '0')",
	  "leftPad(toString(intDiv(abs(v) % 10000000, 100000)), 2, '0')" },
	{ "f", "toString(intDiv(kql_ticks(v) % 10000000, 1000000))",
	  "toString(intDiv(abs(v) % 10000000, 1000000))" },
	{ "FFFFFFF", "kql_trim_zeros(leftPad(toString(kql_ticks(v) % 10000000), 7, '0'))",
	  "kql_trim_zeros(leftPad(toString(abs(v) % 10000000), 7, '0'))" },
	{ "FFFFFF",
	  "kql_trim_zeros(leftPad(toString(intDiv(kql_ticks(v) % 10000000, 10)), 6, '0'))",
	  "kql_trim_zeros(leftPad(toString(intDiv(abs(v) % 10000000, 10)), 6, '0'))" },
	{ "FFFFF",
	  "kql_trim_zeros(leftPad(toString(intDiv(kql_ticks(v) % 10000000, 100)), 5, '0'))",
	  "kql_trim_zeros(leftPad(toString(intDiv(abs(v) % 10000000, 100)), 5, '0'))" },
	{ "FFFF",
	  "kql_trim_zeros(leftPad(toString(intDiv(kql_ticks(v) % 10000000, 1000)), 4, '0'))",
	  "kql_trim_zeros(leftPad(toString(intDiv(abs(v) % 10000000, 1000)), 4, '0'))" },
	{ "FFF",
	  "kql_trim_zeros(leftPad(toString(intDiv(kql_ticks(v) % 10000000, 10000)), 3, '0'))",
	  "kql_trim_zeros(leftPad(toString(intDiv(abs(v) % 10000000, 10000)), 3, '0'))" },
	{ "FF",
	  "kql_trim_zeros(leftPad(toString(intDiv(kql_ticks(v) % 10000000, 100000)), 2, '0'))",
	  "kql_trim_zeros(leftPad(toString(intDiv(abs(v) % 10000000, 100000)), 2, '0'))" },
	{ "F", "kql_trim_zeros(toString(intDiv(kql_ticks(v) % 10000000, 1000000)))",
	  "kql_trim_zeros(toString(intDiv(abs(v) % 10000000, 1000000)))" },
	{ "yyyy", "leftPad(toString(toYear(v)), 4, '0')", NULL },
	{ "yy", "leftPad(toString(toYear(v) % 100), 2, '0')", NULL },
	{ "MM", "leftPad(toString(toMonth(v)), 2, '0')", NULL },
	{ "M", "toString(toMonth(v))", NULL },
	{ "dddddddd", NULL, "leftPad(toString(intDiv(abs(v), 864000000000)), 8, '0')" },
	{ "ddddddd", NULL, "leftPad(toString(intDiv(abs(v), 864000000000)), 7, '0')" },
	{ "dddddd", NULL, "leftPad(toString(intDiv(abs(v), 864000000000)), 6, '0')" },
	{ "ddddd", NULL, "leftPad(toString(intDiv(abs(v), 864000000000)), 5, '0')" },
	{ "dddd", NULL, "leftPad(toString(intDiv(abs(v), 864000000000)), 4, '0')" },
	{ "ddd", NULL, "leftPad(toString(intDiv(abs(v), 864000000000)), 3, '0')" },
	{ "dd", "leftPad(toString(toDayOfMonth(v)), 2, '0')",
	  "leftPad(toString(intDiv(abs(v), 864000000000)), 2, '0')" },
	{ "d", "toString(toDayOfMonth(v))", "toString(intDiv(abs(v), 864000000000))" },
	{ "HH", "leftPad(toString(toHour(v)), 2, '0')",
	  "leftPad(toString(intDiv(abs(v), 36000000000) % 24), 2, '0')" },
	{ "H", "toString(toHour(v))", "toString(intDiv(abs(v), 36000000000) % 24)" },
	{ "hh", "leftPad(toString((toHour(v) + 11) % 12 + 1), 2, '0')",
	  "leftPad(toString(intDiv(abs(v), 36000000000) % 24), 2, '0')" },
	{ "h", "toString((toHour(v) + 11) % 12 + 1)",
	  "toString(intDiv(abs(v), 36000000000) % 24)" },
	{ "mm", "leftPad(toString(toMinute(v)), 2, '0')",
	  "leftPad(toString(intDiv(abs(v), 600000000) % 60), 2, '0')" },
	{ "m", "toString(toMinute(v))", "toString(intDiv(abs(v), 600000000) % 60)" },
	{ "ss", "leftPad(toString(toSecond(v)), 2, '0')",
	  "leftPad(toString(intDiv(abs(v), 10000000) % 60), 2, '0')" },
	{ "s", "toString(toSecond(v))", "toString(intDiv(abs(v), 10000000) % 60)" },
	{ "tt", "if(toHour(v) < 12, 'AM', 'PM')", NULL },
};

static void put_format(struct sql *s, const struct bx *format, bool datetime)
{
	const char *at = format->s, *end = format->s + format->len;
	bool first = true;

	while (at < end) {
		const char *part = NULL;
		size_t len = 1;

		for (size_t i = 0; i < ARRAY_SIZE(parts) && !part; i++) {
			const char *sql = datetime ? parts[i].datetime : parts[i].timespan;

			len = strlen(parts[i].part);
			if (sql && (size_t)(end - at) >= len && !memcmp(at, parts[i].part, len))
				part = sql;
		}
		sql_put(s, first ? "" : ", ");
		first = false;
		if (part) {
			sql_put(s, part);
			at += len;
		} else {
			sql_text(s, at, 1);
			at++;
		}
	}
}

static void format(struct sql *s, const struct bx *x, bool datetime)
{
	sql_put(s, "arrayMap(v -> concat('', '', ");
	put_format(s, x->args[1], datetime);
	sql_put(s, x->args[1]->len ? "), [" : "''), [");
	sql_expr(s, x->args[0]);
	sql_put(s, "])[1]");
}

static void emit_format_datetime(struct sql *s, const struct bx *x)
{
	format(s, x, true);
}

static void emit_format_timespan(struct sql *s, const struct bx *x)
{
	format(s, x, false);
}

/* Units of datetime_add, datetime_diff and datetime_part. */
static const struct {
	const char *name, *part;
	int64_t ticks; /* of a fixed length */
	unsigned int months;
} units[] = {
	{ "year", "toYear(", 0, 12 },
	{ "quarter", "toQuarter(", 0, 3 },
	{ "month", "toMonth(", 0, 1 },
	{ "week_of_year", "toISOWeek(", 6048000000000, 0 },
	{ "weekofyear", "toISOWeek(", 6048000000000, 0 },
	{ "week", "toISOWeek(", 6048000000000, 0 },
	{ "dayofyear", "toDayOfYear(", 864000000000, 0 },
	{ "dayOfYear", "toDayOfYear(", 864000000000, 0 },
	{ "day", "toDayOfMonth(", 864000000000, 0 },
	{ "hour", "toHour(", 36000000000, 0 },
	{ "minute", "toMinute(", 600000000, 0 },
	{ "second", "toSecond(", 10000000, 0 },
	{ "millisecond", "intDiv(kql_ticks(", 10000, 0 },
	{ "microsecond", "intDiv(kql_ticks(", 10, 0 },
	{ "nanosecond", "(kql_ticks(", 0, 0 },
};

static int unit_of(struct sql *s, const struct bx *x)
{
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (x->len == strlen(units[i].name) && !strncasecmp(x->s, units[i].name, x->len))
			return (int)i;
	diag_add(s->planner.diags, DIAG_VALUE, x->span, "there is no part '%.*s' of a time",
		 (int)MIN(x->len, 40u), x->s);
	diag_expected(s->planner.diags,
		      "year, quarter, month, week, day, hour, minute, second, millisecond, "
		      "microsecond or nanosecond");
	return -1;
}

/* Fewer ticks are between any two times. */
#define LONGEST 115000000000000000LL

static void emit_add(struct sql *s, const struct bx *x)
{
	const struct bx turned = { .args = (struct bx *[]){ x->args[2], x->args[1] }, .count = 2 };
	int u = unit_of(s, x->args[0]);
	char tpl[128];

	if (u < 0)
		return;
	if (units[u].months) {
		snprintf(tpl, sizeof(tpl), "kql_add_months($1, kql_times($2, %u))",
			 units[u].months);
	} else if (units[u].ticks) {
		long long ticks = units[u].ticks, most = LONGEST / ticks;

		snprintf(tpl, sizeof(tpl),
			 "kql_add($1, if($2 BETWEEN -%lld AND %lld, $2 * %lld, NULL))", most, most,
			 ticks);
	} else {
		snprintf(tpl, sizeof(tpl), "kql_add($1, intDiv($2, 100))");
	}
	sql_template(s, tpl, &turned);
}

/* Borders of the unit between two times. */
static void emit_diff(struct sql *s, const struct bx *x)
{
	int u = unit_of(s, x->args[0]);

	if (u < 0)
		return;
	/* Weeks begin on Sunday: day 4 of 1970 was the first. */
	if (strstr(units[u].name, "week")) {
		sql_put(s, "(intDiv(kql_ticks(");
		sql_expr(s, x->args[1]);
		sql_put(s, ") + 864000000000, 6048000000000) - intDiv(kql_ticks(");
		sql_expr(s, x->args[2]);
		sql_put(s, ") + 864000000000, 6048000000000))");
		return;
	}
	if (units[u].ticks) {
		sql_put(s, "(intDiv(kql_ticks(");
		sql_expr(s, x->args[1]);
		sql_printf(s, "), %lld) - intDiv(kql_ticks(", (long long)units[u].ticks);
		sql_expr(s, x->args[2]);
		sql_printf(s, "), %lld))", (long long)units[u].ticks);
		return;
	}
	if (!strcmp(units[u].name, "nanosecond")) {
		sql_put(s, "(kql_sub(");
		sql_expr(s, x->args[1]);
		sql_put(s, ", ");
		sql_expr(s, x->args[2]);
		sql_put(s, ") * 100)");
		return;
	}
	sql_printf(s, "toInt64(dateDiff('%s', ", units[u].name);
	sql_expr(s, x->args[2]);
	sql_put(s, ", ");
	sql_expr(s, x->args[1]);
	sql_put(s, "))");
}

static void emit_part(struct sql *s, const struct bx *x)
{
	int u = unit_of(s, x->args[0]);

	if (u < 0)
		return;
	sql_put(s, "toInt64(");
	sql_put(s, units[u].part);
	sql_expr(s, x->args[1]);
	if (!strcmp(units[u].name, "millisecond"))
		sql_put(s, ") % 10000000, 10000)");
	else if (!strcmp(units[u].name, "microsecond"))
		sql_put(s, ") % 10000000, 10)");
	else if (!strcmp(units[u].name, "nanosecond"))
		sql_put(s, ") % 10000000) * 100");
	else
		sql_put(s, ")");
	sql_put(s, ")");
}

#define DAY "864000000000"
#define WEEK "6048000000000"
#define DAYS_LATER(n) "kql_add(kql_day($1), kql_times(" n ", " DAY "))"
#define WEEKS_LATER(n) "kql_add(kql_day($1), kql_times(" n ", " WEEK ") - kql_of_week($1))"
#define MONTHS_LATER(n) "kql_month(kql_months($1) + " n ")"
#define YEARS_LATER(n) "kql_year(toInt64(toYear($1)) + " n ")"
#define UNTIL(next) "kql_add(" next ", -1)"

/* clang-format off */
static const struct func items[] = {
	{ "now() datetime", "now64(9, 'UTC')", "The time at which the query began." },
	{ "now(offset: timespan) datetime?", "kql_add(now64(9, 'UTC'), $1)", "The time at which the query began, moved." },
	{ "ago(offset: timespan) datetime?", "kql_add(now64(9, 'UTC'), -($1))", "So long before the query began." },
	{ "startofday(date: datetime) datetime", "kql_day($1)", "Midnight before.", FUNC_NAME_ARG },
	{ "startofday(date: datetime, offset: long) datetime?", DAYS_LATER("$2"), "Midnight before, days later.", FUNC_NAME_ARG },
	{ "startofweek(date: datetime) datetime?", WEEKS_LATER("0"), "Midnight of the Sunday before." },
	{ "startofweek(date: datetime, offset: long) datetime?", WEEKS_LATER("$2"), "Midnight of the Sunday before, weeks later." },
	{ "startofmonth(date: datetime) datetime?", MONTHS_LATER("0"), "First of the month." },
	{ "startofmonth(date: datetime, offset: long) datetime?", MONTHS_LATER("$2"), "First of the month, months later." },
	{ "startofyear(date: datetime) datetime?", YEARS_LATER("0"), "First of the year." },
	{ "startofyear(date: datetime, offset: long) datetime?", YEARS_LATER("$2"), "First of the year, years later." },
	{ "endofday(date: datetime) datetime?", UNTIL(DAYS_LATER("1")), "Last tick of the day." },
	{ "endofday(date: datetime, offset: long) datetime?", UNTIL(DAYS_LATER("($2 + 1)")), "Last tick of the day, days later." },
	{ "endofweek(date: datetime) datetime?", UNTIL(WEEKS_LATER("1")), "Last tick of Saturday." },
	{ "endofweek(date: datetime, offset: long) datetime?", UNTIL(WEEKS_LATER("($2 + 1)")), "Last tick of Saturday, weeks later." },
	{ "endofmonth(date: datetime) datetime?", UNTIL(MONTHS_LATER("1")), "Last tick of the month." },
	{ "endofmonth(date: datetime, offset: long) datetime?", UNTIL(MONTHS_LATER("$2 + 1")), "Last tick of the month, months later." },
	{ "endofyear(date: datetime) datetime?", UNTIL(YEARS_LATER("1")), "Last tick of the year." },
	{ "endofyear(date: datetime, offset: long) datetime?", UNTIL(YEARS_LATER("$2 + 1")), "Last tick of the year, years later." },
	{ "dayofweek(date: datetime) timespan", "(toInt64(toDayOfWeek($1) % 7) * 864000000000)", "Days since Sunday." },
	{ "dayofmonth(date: datetime) int", "toInt32(toDayOfMonth($1))", "Day of the month." },
	{ "dayofyear(date: datetime) int", "toInt32(toDayOfYear($1))", "Day of the year." },
	{ "hourofday(date: datetime) int", "toInt32(toHour($1))", "Hour of the day." },
	{ "monthofyear(date: datetime) int", "toInt32(toMonth($1))", "Month of the year." },
	{ "getmonth(date: datetime) int", "toInt32(toMonth($1))", "Month of the year." },
	{ "getyear(date: datetime) int", "toInt32(toYear($1))", "The year." },
	{ "week_of_year(date: datetime) int", "toInt32(toISOWeek($1))", "Week of the year by ISO 8601." },
	{ "weekofyear(date: datetime) int", "toInt32(toISOWeek($1))", "week_of_year.", FUNC_LEGACY },
	{ "datetime_add(part: string!, count: long, date: datetime) datetime?", NULL, "The time later by so many units.", 0, emit_add },
	{ "datetime_diff(part: string!, later: datetime, earlier: datetime) long", NULL, "Borders of a unit between two times.", 0, emit_diff },
	{ "datetime_part(part: string!, date: datetime) int", NULL, "A part of the time.", 0, emit_part },
	{ "datepart(part: string!, date: datetime) int", NULL, "datetime_part.", FUNC_LEGACY, emit_part },
	{ "format_datetime(date: datetime, format: string!) string", NULL, "The time as the format says.", FUNC_NAME_ARG, emit_format_datetime },
	{ "format_timespan(timespan: timespan, format: string!) string", NULL, "The timespan as the format says.", FUNC_NAME_ARG, emit_format_timespan },
	{ "make_datetime(year: long, month: long, day: long) datetime?", "kql_make_datetime($1, $2, $3, 0, 0, 0)", "A time of its parts." },
	{ "make_datetime(year: long, month: long, day: long, hour: long, minute: long) datetime?", "kql_make_datetime($1, $2, $3, $4, $5, 0)", "A time of its parts." },
	{ "make_datetime(year: long, month: long, day: long, hour: long, minute: long, second: real) datetime?", "kql_make_datetime($1, $2, $3, $4, $5, $6)", "A time of its parts." },
	{ "make_datetime(text: string) datetime?", "kql_to_datetime($1)", "A time of its text.", FUNC_NAME_ARG },
	{ "make_timespan(hour: long, minute: long) timespan", "($1 * 36000000000 + $2 * 600000000)", "A timespan of its parts." },
	{ "make_timespan(hour: long, minute: long, second: real) timespan", "($1 * 36000000000 + $2 * 600000000 + toInt64(round($3 * 10000000)))", "A timespan of its parts." },
	{ "make_timespan(day: long, hour: long, minute: long, second: real) timespan", "($1 * 864000000000 + $2 * 36000000000 + $3 * 600000000 + toInt64(round($4 * 10000000)))", "A timespan of its parts." },
	{ "unixtime_seconds_todatetime(seconds: number) datetime?", "kql_unix($1, 1000000000)", "Seconds since 1970 as a time." },
	{ "unixtime_milliseconds_todatetime(milliseconds: number) datetime?", "kql_unix($1, 1000000)", "Milliseconds since 1970 as a time." },
	{ "unixtime_microseconds_todatetime(microseconds: number) datetime?", "kql_unix($1, 1000)", "Microseconds since 1970 as a time." },
	{ "unixtime_nanoseconds_todatetime(nanoseconds: number) datetime?", "kql_unix($1, 1)", "Nanoseconds since 1970 as a time." },
	{ "datetime_utc_to_local(date: datetime, zone: string) datetime?", "kql_to_zone($1, $2)", "The time by the clocks of a zone." },
	{ "datetime_local_to_utc(date: datetime, zone: string) datetime?", "kql_to_utc($1, $2)", "The time by UTC of a zone's clocks." },
};
/* clang-format on */
const struct func_family fn_datetimes = { "Times", items, ARRAY_SIZE(items) };
