/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql_helpers.c - lambdas that stand once at the head of a statement and are called by name
 *
 * They keep the statement readable and evaluate an argument once where SQL has no other way. A
 * statement gets only those that it calls. NULL gives NULL unless said otherwise.
 */
#include <stdio.h>
#include <string.h>

#include "kql/sql.h"

#define DAY "864000000000"
#define HOUR "36000000000"
/* Ticks from year 1, which the language counts from, to 1970. */
#define EPOCH "621355968000000000"
/* The first and the last time that the engine holds, in ticks since 1970. */
#define FIRST "-22089888000000000"
#define LAST "92233720368547757"
#define EDGE "[^\\\\p{L}\\\\p{N}]"

/*
 * The regularised incomplete beta function as a continued fraction, by Lentz: two terms a step, t
 * is (c, d, the fraction so far). Source: Press et al., Numerical Recipes, 6.4
 */
#define BETA_EVEN "(m * (b - m) * x / ((a - 1 + 2 * m) * (a + 2 * m)))"
#define BETA_ODD "(-(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 1 + 2 * m)))"
/* What is found at one depth of values; deeper than the last is not looked. */
#define SCHEMA(depth, next)                                                                        \
	{                                                                                          \
		"kql_schema_" depth,                                                               \
		    "v -> arrayMap(l -> if(length(l) = 1, l[1], kql_array(l)), [arrayConcat("      \
		    "arrayDistinct(arrayMap(e -> kql_quote(kql_type(e)), arrayFilter(e -> NOT "    \
		    "match(e, '^[{[]'), v))), "                                                    \
		    "if(arrayExists(e -> match(e, '^[{[]'), v), [kql_object(arrayMap(p" depth      \
		    " -> (p" depth ".1, kql_schema_" next "(p" depth ".2)), "                      \
		    "kql_schema_parts(v)))], emptyArrayString()))])[1]"                            \
	}

/*
 * Helpers are put in their places as text: a name bound in one must not stand in what it is called
 * with, so each depth has its own.
 */
/* The bag with the value at a path of names. */
#define PUT(depth, next)                                                                           \
	{                                                                                          \
		"kql_put_" depth,                                                                  \
		    "(d, p, v) -> kql_merge(arrayConcat([(p[1], if(length(p) = 1, v, "             \
		    "kql_put_" next "(JSONExtractRaw(d, p[1]), arraySlice(p, 2), v)))], "          \
		    "kql_members(d)))"                                                             \
	}
/* A bag without what the paths lead to. */
#define WITHOUT(depth, next)                                                                       \
	{                                                                                          \
		"kql_without_" depth,                                                              \
		    "(d, k) -> if(startsWith(d, '{') AND notEmpty(k), kql_object(arrayMap(p" depth \
		    " -> (p" depth ".1, kql_without_" next "(p" depth ".2, kql_below(p" depth      \
		    ".1, k))), "                                                                   \
		    "arrayFilter(p" depth " -> NOT has(k, [p" depth ".1]), kql_members(d)))), d)"  \
	}
/* JSON with the names of its bags in order. */
#define ORDERED(depth, next)                                                                       \
	{                                                                                          \
		"kql_ordered_" depth,                                                              \
		    "d -> if(match(d, '^[{[]'), concat(substring(d, 1, 1), "                       \
		    "arrayStringConcat(arrayMap(p" depth " -> concat(p" depth                      \
		    ".1, kql_ordered_" next "(p" depth ".2)), "                                    \
		    "kql_ordered_parts(d)), ','), if(startsWith(d, '{'), '}', ']')), d)"           \
	}

/* clang-format off */
static const struct helper {
	const char *name, *lambda;
} helpers[] = {
	/* dynamic; the engine escapes slashes, JSON need not */
	{ "kql_quote", "s -> replaceAll(toJSONString(s), '\\\\/', '/')" },
	{ "kql_text", "d -> if(startsWith(d, '\"'), JSONExtractString(d), d)" },
	{ "kql_null", "d -> nullIf(d, 'null')" },
	{ "kql_raw", "d -> nullIf(nullIf(d, ''), 'null')" },
	{ "kql_parse", "s -> multiIf(isValidJSON(s), kql_raw(JSONExtractRaw(s)), s = '', NULL, kql_quote(s))" },
	{ "kql_array", "a -> concat('[', arrayStringConcat(a, ','), ']')" },
	/* Elements of an array, {name: value} of a bag, else the value alone, also where it is null. */
	{ "kql_items", "d -> multiIf(startsWith(d, '['), JSONExtractArrayRaw(d), startsWith(d, '{'), "
		       "arrayMap(p -> concat('{', kql_quote(p.1), ':', p.2, '}'), JSONExtractKeysAndValuesRaw(d)), "
		       "[if(d = '', 'null', d)])" },
	{ "kql_pairs", "d -> if(startsWith(d, '{'), arrayMap(p -> concat('[', kql_quote(p.1), ',', p.2, ']'), "
		       "JSONExtractKeysAndValuesRaw(d)), kql_items(d))" },
	{ "kql_elements", "d -> if(startsWith(d, '['), JSONExtractArrayRaw(d), CAST([] AS Array(String)))" },
	{ "kql_object", "p -> concat('{', arrayStringConcat(arrayMap(x -> concat(kql_quote(x.1), ':', x.2), p), ','), '}')" },
	{ "kql_members", "d -> if(startsWith(d, '{'), JSONExtractKeysAndValuesRaw(d), "
			 "CAST([] AS Array(Tuple(String, String))))" },
	{ "kql_json_long", "s -> arrayMap(x -> ifNull(toInt64OrNull(x), kql_truncate(toFloat64OrNull(x))), [s])[1]" },
	/* scalars as text, and inside of JSON */
	{ "kql_bool_text", "b -> multiIf(isNull(b), NULL, b, 'true', 'false')" },
	{ "kql_real_text", "r -> multiIf(isNull(r), NULL, isNaN(r), 'NaN', isInfinite(r), if(r > 0, 'Infinity', '-Infinity'), toString(r))" },
	{ "kql_real_json", "r -> multiIf(isNull(r), NULL, isFinite(r), if(match(toString(r), '^-?[0-9]+$'), "
			   "concat(toString(r), '.0'), toString(r)), kql_quote(kql_real_text(r)))" },
	{ "kql_quote_decimal", "d -> concat('\"', toString(d), '\"')" },
	{ "kql_guid_json", "g -> concat('\"', toString(g), '\"')" },
	{ "kql_datetime_text", "t -> concat(replaceOne(substring(toString(t), 1, 27), ' ', 'T'), 'Z')" },
	{ "kql_datetime_json", "t -> concat('\"', kql_datetime_text(t), '\"')" },
	{ "kql_timespan_text",
	  "t -> concat(if(t < 0, '-', ''), if(abs(t) >= " DAY ", concat(toString(intDiv(abs(t), " DAY ")), '.'), ''), "
	  "leftPad(toString(intDiv(abs(t), " HOUR ") % 24), 2, '0'), ':', "
	  "leftPad(toString(intDiv(abs(t), 600000000) % 60), 2, '0'), ':', "
	  "leftPad(toString(intDiv(abs(t), 10000000) % 60), 2, '0'), "
	  "if(abs(t) % 10000000 = 0, '', concat('.', leftPad(toString(abs(t) % 10000000), 7, '0'))))" },
	{ "kql_timespan_json", "t -> concat('\"', kql_timespan_text(t), '\"')" },
	/* from text */
	{ "kql_to_bool", "s -> multiIf(lower(s) IN ('true', '1'), true, lower(s) IN ('false', '0'), false, NULL)" },
	{ "kql_to_long", "s -> if(match(s, '^\\\\s*0[xX][0-9a-fA-F]{1,16}\\\\s*$'), "
			 "reinterpretAsInt64(reverse(unhex(leftPad(substring(trimBoth(s), 3), 16, '0')))), "
			 "toInt64OrNull(trimBoth(s)))" },
	{ "kql_to_real", "s -> toFloat64OrNull(trimBoth(s))" },
	{ "kql_to_guid", "s -> toUUIDOrNull(replaceRegexpAll(s, '[-{}()]', ''))" },
	/* No digits alone but those of a year. What is before 1900 the engine takes for 1900. */
	{ "kql_to_datetime", "s -> arrayMap(moment -> if(toYear(moment) = 1900 AND NOT match(s, '(^|[^0-9.])1900'), NULL, moment), [kql_best_effort(s)])[1]" },
	{ "kql_best_effort", "s -> parseDateTime64BestEffortUSOrNull(replaceRegexpOne(replaceRegexpOne(trimBoth(s, ' \\t\\r\\n'), "
			     "'^[0-9]{5,}$', ''), '^([0-9]{4})$', '\\\\1-01-01'), 9, 'UTC')" },
	{ "kql_to_timespan",
	  "s -> arrayMap(g -> if(empty(g), if(match(s, '^-?[0-9]+$'), toInt64OrNull(s) * " DAY ", NULL), "
	  "if(g[1] = '-', -1, 1) * (toInt64OrZero(g[2]) * " DAY " + toInt64OrZero(g[3]) * " HOUR " + "
	  "toInt64OrZero(g[4]) * 600000000 + toInt64OrZero(g[5]) * 10000000 + toInt64OrZero(rightPad(g[6], 7, '0')))), "
	  "[extractGroups(ifNull(s, ''), "
	  "'^\\\\s*(-?)(?:(\\\\d+)\\\\.)?(\\\\d{1,2}):(\\\\d{1,2})(?::(\\\\d{1,2})(?:\\\\.(\\\\d{1,7}))?)?\\\\s*$')])[1]" },
	/* numbers and times */
	{ "kql_truncate", "r -> if(isFinite(r) AND abs(r) < 9.2e18, toInt64(r), NULL)" },
	{ "kql_time", "n -> if(n BETWEEN " FIRST " AND " LAST ", fromUnixTimestamp64Nano(toInt64(n) * 100, 'UTC'), NULL)" },
	{ "kql_add", "(t, d) -> if(d BETWEEN " FIRST " - intDiv(toUnixTimestamp64Nano(t), 100) AND " LAST " - intDiv(toUnixTimestamp64Nano(t), 100), "
		     "fromUnixTimestamp64Nano(toUnixTimestamp64Nano(t) + toInt64(d) * 100, 'UTC'), NULL)" },
	/* Where it is known that the result can be held. */
	{ "kql_later", "(t, d) -> fromUnixTimestamp64Nano(toUnixTimestamp64Nano(t) + toInt64(d) * 100, 'UTC')" },
	/* So many of a day or a week; NULL where no two times are as far from each other. */
	{ "kql_times", "(n, u) -> if(n BETWEEN -140000 AND 140000, n * u, NULL)" },
	{ "kql_sub", "(a, b) -> intDiv(toUnixTimestamp64Nano(a), 100) - intDiv(toUnixTimestamp64Nano(b), 100)" },
	{ "kql_ticks", "t -> intDiv(toUnixTimestamp64Nano(t), 100) + " EPOCH },
	{ "kql_from_ticks", "t -> kql_time(t - " EPOCH ")" },
	{ "kql_floor", "(x, y) -> if(y > 0, x - positiveModulo(x, y), NULL)" },
	{ "kql_floor_time", "(t, d) -> if(d > 0, kql_from_ticks(kql_ticks(t) - positiveModulo(kql_ticks(t), d)), NULL)" },
	{ "kql_day", "t -> fromUnixTimestamp64Nano(toUnixTimestamp64Nano(t) - positiveModulo(toUnixTimestamp64Nano(t), toInt64(86400000000000)), 'UTC')" },
	/* Ticks from Sunday's midnight to that of the day. */
	{ "kql_of_week", "t -> toInt64(toDayOfWeek(t) % 7) * " DAY },
	/* Months since year 0, and the first of one. */
	{ "kql_months", "t -> toInt64(toYear(t)) * 12 + toMonth(t) - 1" },
	{ "kql_month", "m -> if(m BETWEEN 22800 AND 27147, kql_time(toInt64(toInt32(makeDate32(intDiv(m, 12), m % 12 + 1, 1))) * " DAY "), NULL)" },
	{ "kql_year", "y -> if(y BETWEEN 1900 AND 2262, kql_month(y * 12), NULL)" },
	/* Days that the month does not have become its last. */
	{ "kql_add_months", "(t, n) -> if(kql_months(t) + n BETWEEN 22800 AND 27146, toDateTime64(addMonths(t, n), 9, 'UTC'), NULL)" },
	{ "kql_unix", "(n, u) -> if(n BETWEEN intDiv(-2208988800000000000, u) AND intDiv(9223372036854774784, u), fromUnixTimestamp64Nano(toInt64(n * u), 'UTC'), NULL)" },
	/* A time as the clocks of a zone show it; and back: the difference of the zone at about that time. */
	{ "kql_to_zone", "(t, z) -> if(toDate32(t) = '1900-01-01', NULL, parseDateTime64BestEffortOrNull(toString(t, z), 9, 'UTC'))" },
	{ "kql_zone_shift", "(t, z) -> kql_sub(kql_to_zone(t, z), t)" },
	{ "kql_zone_back", "(t, d) -> kql_add(t, -d)" },
	/* What clocks skip is taken as if they had gone on. */
	{ "kql_to_utc", "(t, z) -> arrayMap(u -> if(kql_to_zone(kql_zone_back(t, kql_zone_shift(u, z)), z) = t, kql_zone_back(t, kql_zone_shift(u, z)), u), "
			"[kql_zone_back(t, kql_zone_shift(t, z))])[1]" },
	/* terms: the needle stands between ends of text and what is neither letter nor digit */
	{ "kql_edge", "c -> if(match(c, '^[\\\\p{L}\\\\p{N}]$'), '(?:^|$|" EDGE ")', '')" },
	{ "kql_term", "(n, a, b) -> concat(if(a, kql_edge(substringUTF8(n, 1, 1)), ''), regexpQuoteMeta(n), "
		      "if(b, kql_edge(substringUTF8(n, -1, 1)), ''))" },
	{ "kql_has", "(h, n) -> n = '' OR match(materialize(h), concat('(?i)', kql_term(n, 1, 1)))" },
	{ "kql_has_cs", "(h, n) -> n = '' OR match(materialize(h), kql_term(n, 1, 1))" },
	{ "kql_hasprefix", "(h, n) -> n = '' OR match(materialize(h), concat('(?i)', kql_term(n, 1, 0)))" },
	{ "kql_hasprefix_cs", "(h, n) -> n = '' OR match(materialize(h), kql_term(n, 1, 0))" },
	{ "kql_hassuffix", "(h, n) -> n = '' OR match(materialize(h), concat('(?i)', kql_term(n, 0, 1)))" },
	{ "kql_hassuffix_cs", "(h, n) -> n = '' OR match(materialize(h), kql_term(n, 0, 1))" },
	/* text */
	{ "kql_substring", "(s, b, l) -> substringUTF8(s, if(b < 0, greatest(toInt64(lengthUTF8(s)) + b, 0), b) + 1, "
			   "if(l < 0, 0, l))" },
	{ "kql_group", "(g, i) -> g[i + 1]" },
	{ "kql_pick", "(m, g) -> if(empty(g), m, arrayMap(i -> m[toInt32OrZero(i)], kql_elements(g)))" },
	{ "kql_all_groups", "(m, g) -> if(empty(m), NULL, kql_array(arrayMap(r -> if(length(kql_pick(r, g)) = 1, "
			    "kql_quote(kql_pick(r, g)[1]), kql_array(arrayMap(x -> kql_quote(x), kql_pick(r, g)))), m)))" },
	/* The whole needle within l characters from b on (-1: all); each occurrence is looked for in so many
	   behind the one before it. */
	{ "kql_find", "(s, n, b, l) -> arrayMap(p -> if(p = 0, toInt64(-1), toInt64(b + p - 1)), [positionUTF8(kql_substring(s, b, if(l = -1, 4294967295, l)), n)])[1]" },
	{ "kql_start", "(s, b) -> if(b < 0, greatest(toInt64(lengthUTF8(s)) + b, 0), toInt64(b))" },
	{ "kql_indexof", "(s, n, b, l, o) -> if(l < -1, NULL, arrayFold((t, i) -> if(t = -1 AND i > 1, t, "
			 "kql_find(s, n, if(i = 1, kql_start(s, b), t + toInt64(lengthUTF8(n))), l)), range(1, toUInt64(least(10000, greatest(1, o))) + 1), toInt64(-1)))" },
	{ "kql_match_place", "(s, r, b, o) -> if(o < 1 OR length(extractAll(s, concat('(', r, ')'))) < o, -1, b + toInt64(arrayFold((t, m) -> "
			     "toInt64(positionUTF8(s, m, toUInt64(t + 1)) - 1) + toInt64(lengthUTF8(m)), arraySlice(extractAll(s, concat('(', r, ')')), 1, o), toInt64(0))) "
			     "- toInt64(lengthUTF8(extractAll(s, concat('(', r, ')'))[o])))" },
	{ "kql_indexof_regex", "(s, r, b, l, o) -> if(b < 0 OR l < -1, NULL, kql_match_place(kql_substring(s, b, if(l = -1, 4294967295, l)), r, b, o))" },
	{ "kql_url", "s -> arrayStringConcat(arrayMap(p -> multiIf(startsWith(p, '%'), transform(p, ['%21', '%2A', '%28', '%29'], ['!', '*', '(', ')'], lower(p)), "
		     "replaceAll(p, '~', '%7e')), extractAll(encodeURLComponent(s), '%[0-9A-F]{2}|[^%]+')))" },
	{ "kql_lookups", "f -> arrayFilter(e -> startsWith(e, '\"') AND e != '\"\"', kql_elements(f))" },
	{ "kql_rewrite", "(m, f, t) -> if(startsWith(kql_elements(t)[indexOf(kql_elements(f), m)], '\"'), "
			 "kql_text(kql_elements(t)[indexOf(kql_elements(f), m)]), kql_text(m))" },
	/* Each lookup in turn becomes a character of private use, so that no later one finds what is in its
	   place; these become the rewrites at the end. */
	{ "kql_slot", "i -> char(238, 128 + intDiv(i, 64) % 64, 128 + i % 64)" },
	{ "kql_slots", "f -> arrayZip(kql_lookups(f), arrayEnumerate(kql_lookups(f)))" },
	{ "kql_replace_many", "(s, f, t) -> arrayFold((a, x) -> replaceAll(a, kql_slot(x.2), kql_rewrite(x.1, f, t)), kql_slots(f), "
			      "arrayFold((b, y) -> replaceAll(b, kql_text(y.1), kql_slot(y.2)), kql_slots(f), s))" },
	{ "kql_translate", "(s, f, t) -> arrayStringConcat(arrayMap(c -> if(has(f, c) AND notEmpty(t), t[least(indexOf(f, c), length(t))], c), extractAll(s, '(?s).')))" },
	{ "kql_countof", "(s, n) -> if(n = '' OR length(n) > length(s), 0, toInt64(arrayCount(i -> substring(s, i, length(n)) = n, range(1, length(s) - length(n) + 2))))" },
	{ "kql_valid", "s -> if(isValidUTF8(s), s, '')" },
	{ "kql_bytes", "b -> if(empty(b), NULL, kql_array(arrayMap(i -> toString(reinterpretAsUInt8(substring(b, i, 1))), "
		       "range(1, length(b) + 1))))" },
	{ "kql_guid_bytes", "b -> if(length(b) = 16, toUUIDOrNull(replaceRegexpOne(lower(concat(hex(reverse(substring(b, 1, 4))), "
			    "hex(reverse(substring(b, 5, 2))), hex(reverse(substring(b, 7, 2))), hex(substring(b, 9)))), "
			    "'(.{8})(.{4})(.{4})(.{4})(.{12})', '\\\\1-\\\\2-\\\\3-\\\\4-\\\\5')), NULL)" },
	{ "kql_bytes_guid", "g -> arrayMap(b -> concat(reverse(substring(b, 1, 4)), reverse(substring(b, 5, 2)), "
			    "reverse(substring(b, 7, 2)), substring(b, 9)), [unhex(replaceAll(toString(g), '-', ''))])[1]" },
	{ "kql_from_codes", "c -> arrayStringConcat(arrayMap(x -> multiIf(x < 128, char(x), x < 2048, char(192 + intDiv(x, 64), 128 + x % 64), "
			    "x < 65536, char(224 + intDiv(x, 4096), 128 + intDiv(x, 64) % 64, 128 + x % 64), "
			    "char(240 + intDiv(x, 262144), 128 + intDiv(x, 4096) % 64, 128 + intDiv(x, 64) % 64, 128 + x % 64)), c))" },
	{ "kql_byte", "(c, i) -> toInt64(reinterpretAsUInt8(substring(c, i, 1)))" },
	{ "kql_code", "c -> multiIf(length(c) = 1, kql_byte(c, 1), length(c) = 2, (kql_byte(c, 1) - 192) * 64 + kql_byte(c, 2) - 128, "
		      "length(c) = 3, (kql_byte(c, 1) - 224) * 4096 + (kql_byte(c, 2) - 128) * 64 + kql_byte(c, 3) - 128, "
		      "(kql_byte(c, 1) - 240) * 262144 + (kql_byte(c, 2) - 128) * 4096 + (kql_byte(c, 3) - 128) * 64 + kql_byte(c, 4) - 128)" },
	/* arrays and bags */
	{ "kql_merge", "p -> kql_object(arrayFilter((x, i) -> i = indexOf(arrayMap(y -> y.1, p), x.1), p, arrayEnumerate(p)))" },
	{ "kql_has_path", "(d, k) -> if(startsWith(k, '$'), kql_json_path(d, k) != '', JSONHas(d, k))" },
	{ "kql_put_0", "(d, p, v) -> kql_merge(arrayConcat([(p[1], v)], kql_members(d)))" },
	PUT("1", "0"), PUT("2", "1"), PUT("3", "2"),
	/* Keys, or paths from $ on, each as a list of names. */
	{ "kql_key_paths", "k -> arrayMap(x -> kql_path_names(x), arrayMap(y -> kql_text(y), k))" },
	{ "kql_path_names", "g -> if(startsWith(g, '$'), arrayMap(n -> replaceRegexpAll(n, '^[\\[\\x22\\x27]+|[\\]\\x22\\x27]+$', ''), "
			    "extractAll(substring(g, 2), '\\[[^\\]]*\\]|[^.\\[\\]]+')), [g])" },
	{ "kql_below", "(n, k) -> arrayMap(q -> arraySlice(q, 2), arrayFilter(q -> length(q) > 1 AND q[1] = n, k))" },
	WITHOUT("0", "1"), WITHOUT("1", "2"), WITHOUT("2", "3"), WITHOUT("3", "4"), WITHOUT("4", "5"), WITHOUT("5", "6"),
	{ "kql_without_6", "(d, k) -> d" },
	{ "kql_set_union", "(a, b) -> arrayDistinct(arrayConcat(a, b))" },
	{ "kql_set_intersect", "(a, b) -> arrayDistinct(arrayFilter(x -> has(b, x), a))" },
	{ "kql_set_difference", "(a, b) -> arrayDistinct(arrayFilter(x -> NOT has(b, x), a))" },
	{ "kql_jaccard", "(a, b) -> length(arrayIntersect(a, b)) / length(arrayDistinct(arrayConcat(a, b)))" },
	{ "kql_zip", "a -> kql_array(arrayMap(i -> kql_array(arrayMap(x -> if(i > length(x), 'null', x[i]), a)), "
		     "range(1, arrayMax(arrayMap(x -> length(x), a)) + 1)))" },
	{ "kql_place", "(n, i) -> greatest(0, least(toInt64(n), if(i < 0, toInt64(n) + i, i)))" },
	{ "kql_slice", "(a, b, e) -> arraySlice(a, kql_place(length(a), b) + 1, "
		       "greatest(0, kql_place(length(a), e) - kql_place(length(a), b) + 1))" },
	{ "kql_array_split", "(a, i) -> kql_array(arrayMap((b, e) -> kql_array(arraySlice(a, b + 1, greatest(0, e - b))), "
			     "arrayConcat([toInt64(0)], arrayMap(x -> kql_place(length(a), x), i)), "
			     "arrayConcat(arrayMap(x -> kql_place(length(a), x), i), [toInt64(length(a))])))" },
	{ "kql_rotate", "(a, n) -> if(empty(a), a, arrayConcat(arraySlice(a, positiveModulo(toInt64(n), toInt64(length(a))) + 1), "
			"arraySlice(a, 1, positiveModulo(toInt64(n), toInt64(length(a))))))" },
	{ "kql_shift", "(a, n, f) -> if(n >= 0, arrayConcat(arraySlice(a, n + 1), arrayWithConstant(least(n, toInt64(length(a))), f)), "
		       "arrayConcat(arrayWithConstant(least(-n, toInt64(length(a))), f), arraySlice(a, 1, greatest(0, toInt64(length(a)) + n))))" },
	/* Order of elements: numbers, texts, the rest; null apart. */
	{ "kql_sort_key", "e -> (multiIf(match(e, '^-?[0-9]'), 0, startsWith(e, '\"'), 1, 2), toFloat64OrZero(e), kql_text(e))" },
	{ "kql_sorted_places", "(d, a) -> if(d, arrayReverseSort(i -> kql_sort_key(a[i]), arrayFilter(i -> a[i] != 'null', arrayEnumerate(a))), "
			       "arraySort(i -> kql_sort_key(a[i]), arrayFilter(i -> a[i] != 'null', arrayEnumerate(a))))" },
	{ "kql_null_places", "a -> arrayFilter(i -> a[i] = 'null', arrayEnumerate(a))" },
	{ "kql_sorted", "(d, l, v) -> arrayMap(p -> arrayMap(a -> if(length(a) != length(p), 'null', kql_array(arrayMap(i -> a[i], p))), v), "
			"[if(l, arrayConcat(kql_sorted_places(d, v[1]), kql_null_places(v[1])), arrayConcat(kql_null_places(v[1]), kql_sorted_places(d, v[1])))])[1]" },
	{ "kql_array_index", "(a, v, s, l, o) -> kql_nth_or(arrayFilter(i -> a[i] = v AND i > kql_place(length(a), s) AND "
			     "(l < 0 OR i <= kql_place(length(a), s) + l), arrayEnumerate(a)), o)" },
	{ "kql_nth_or", "(p, o) -> if(o < 1 OR length(p) < o, -1, toInt64(p[o]) - 1)" },
	/* What is neither bool nor number chooses nothing. */
	{ "kql_array_iff", "(c, t, f) -> kql_array(arrayMap((x, i) -> multiIf(x = 'true' OR toFloat64OrZero(x) != 0, "
			   "if(length(t) = 1, t[1], if(i > length(t), 'null', t[i])), x = 'false' OR toFloat64OrNull(x) = 0, "
			   "if(length(f) = 1, f[1], if(i > length(f), 'null', f[i])), 'null'), c, arrayEnumerate(c)))" },
	{ "kql_type", "d -> multiIf(d IN ('', 'null'), 'null', startsWith(d, '{'), 'dictionary', startsWith(d, '['), 'array', "
		      "startsWith(d, '\"'), 'string', d IN ('true', 'false'), 'bool', match(d, '^-?[0-9]+$'), 'long', 'double')" },
	{ "kql_json_path", "(d, p) -> arrayFold((a, k) -> if(match(k, '^[0-9]+$'), JSONExtractRaw(a, toInt64OrZero(k) + 1), JSONExtractRaw(a, k)), "
			   "arrayMap(k -> replaceRegexpAll(k, '^[\\\\[\\\\x22\\\\x27]+|[\\\\]\\\\x22\\\\x27]+$', ''), "
			   "extractAll(replaceRegexpOne(p, '^[$]', ''), '\\\\[[^\\\\]]*\\\\]|[^.\\\\[\\\\]]+')), d)" },
	{ "kql_ordered_parts", "d -> if(startsWith(d, '{'), arrayMap(m -> (concat(kql_quote(m.1), ':'), m.2), arraySort(m -> m.1, kql_members(d))), "
			       "arrayMap(e -> ('', e), kql_elements(d)))" },
	ORDERED("0", "1"), ORDERED("1", "2"), ORDERED("2", "3"), ORDERED("3", "4"), ORDERED("4", "5"), ORDERED("5", "6"),
	{ "kql_ordered_6", "d -> d" },
	{ "kql_schema_keys", "v -> arrayDistinct(arrayFlatten(arrayMap(e -> JSONExtractKeys(e), arrayFilter(e -> startsWith(e, '{'), v))))" },
	{ "kql_schema_values", "v -> arrayFilter(e -> e NOT IN ('', 'null'), v)" },
	{ "kql_schema_parts", "v -> arrayConcat(arrayMap(k -> (k, kql_schema_values(arrayMap(e -> JSONExtractRaw(e, k), v))), kql_schema_keys(v)), "
			      "if(arrayExists(e -> startsWith(e, '['), v), [('`indexer`', kql_schema_values(arrayFlatten(arrayMap(e -> kql_elements(e), v))))], []))" },
	SCHEMA("0", "1"), SCHEMA("1", "2"), SCHEMA("2", "3"), SCHEMA("3", "4"), SCHEMA("4", "5"), SCHEMA("5", "6"),
	{ "kql_schema_6", "v -> kql_array(arrayDistinct(arrayMap(e -> kql_quote(kql_type(e)), v)))" },
	/* numbers */
	{ "kql_beta_fraction", "(x, a, b) -> tupleElement(arrayFold((t, m) -> arrayMap(u -> arrayMap(v -> (v.2, v.1, t.3 * u.1 * u.2 * v.1 * v.2), "
			       "[(1 / (1 + " BETA_ODD " * u.1), 1 + " BETA_ODD " / u.2)])[1], [(1 / (1 + " BETA_EVEN " * t.2), 1 + " BETA_EVEN " / t.1)])[1], "
			       "arrayMap(i -> toFloat64(i), range(1, 150)), (toFloat64(1), 1 / (1 - (a + b) * x / (a + 1)), 1 / (1 - (a + b) * x / (a + 1)))), 3)" },
	{ "kql_beta_front", "(x, a, b) -> exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(1 - x))" },
	{ "kql_beta_ratio", "(x, a, b) -> if(x < (a + 1) / (a + b + 2), kql_beta_front(x, a, b) * kql_beta_fraction(x, a, b) / a, "
			    "1 - kql_beta_front(x, a, b) * kql_beta_fraction(1 - x, b, a) / b)" },
	{ "kql_beta_cdf", "(x, a, b) -> multiIf(NOT (x >= 0 AND x <= 1 AND a > 0 AND b > 0), nan, x IN (0, 1), x, kql_beta_ratio(x, a, b))" },
	{ "kql_beta_pdf", "(x, a, b) -> if(x >= 0 AND x <= 1 AND a > 0 AND b > 0, kql_beta_front(x, a, b) / (x * (1 - x)), nan)" },
	{ "kql_beta_inv", "(p, a, b) -> tupleElement(arrayFold((w, i) -> if(kql_beta_ratio((w.1 + w.2) / 2, a, b) < p, ((w.1 + w.2) / 2, w.2), "
			  "(w.1, (w.1 + w.2) / 2)), range(60), (toFloat64(0), toFloat64(1))), 1)" },
	{ "kql_max_of", "a -> arrayReduce('maxOrNull', a)" },
	{ "kql_min_of", "a -> arrayReduce('minOrNull', a)" },
	{ "kql_hex", "n -> lower(if(match(hex(n), '^0+$'), '0', replaceRegexpOne(hex(reinterpretAsUInt64(toInt64(n))), '^0+', '')))" },
	{ "kql_hex32", "n -> lower(if(n = 0, '0', replaceRegexpOne(hex(reinterpretAsUInt32(toInt32(n))), '^0+', '')))" },
	{ "kql_pad", "(n, s) -> leftPad(s, greatest(n, length(s)), '0')" },
	{ "kql_trim_zeros", "s -> replaceRegexpOne(s, '0+$', '')" },
	{ "kql_make_datetime", "(y, m, d, h, i, s) -> if(m BETWEEN 1 AND 12 AND d BETWEEN 1 AND 31 AND (y * 12 + m - 1) * 31 + d BETWEEN 22800 * 31 + 1 AND 27147 * 31 + 11 AND h BETWEEN 0 AND 23 AND i BETWEEN 0 AND 59 AND s >= 0 AND s < 60, "
			       "kql_add(parseDateTime64BestEffortOrNull(concat(leftPad(toString(y), 4, '0'), '-', leftPad(toString(m), 2, '0'), '-', "
			       "leftPad(toString(d), 2, '0')), 9, 'UTC'), h * " HOUR " + i * 600000000 + toInt64(round(s * 10000000))), NULL)" },
	{ "kql_unit", "(b, u) -> multiIf(u = 'Bytes', 0, u = 'KB', 1, u = 'MB', 2, u = 'GB', 3, u = 'TB', 4, u = 'PB', 5, u = 'EB', 6, "
		      "abs(b) < 1024, 0, least(6, toInt64(floor(log2(greatest(abs(b), 1)) / 10))))" },
	{ "kql_format_bytes", "(b, d, u) -> concat(toString(round(b / pow(1024, kql_unit(b, u)), d)), ' ', "
			      "['Bytes', 'KB', 'MB', 'GB', 'TB', 'PB', 'EB'][kql_unit(b, u) + 1])" },
	{ "kql_weighted", "p -> arrayFlatten(arrayMap(x -> arrayWithConstant(least(10000, greatest(0, assumeNotNull(x.2))), x.1), p))" },
	{ "kql_percentile", "(a, p) -> if(empty(a), NULL, a[greatest(1, toInt64(ceil(p / 100 * length(a))))])" },
	{ "kql_series", "(i, v, n, d) -> kql_array(arrayMap(k -> if(has(i, toInt64(k)), if(v[indexOf(i, toInt64(k))] = 'null', d, "
			"v[indexOf(i, toInt64(k))]), d), range(toUInt64(least(1048576, n)))))" },
	/* Groups are one for each kind of quotes, and the last for a value without. */
	{ "kql_pair", "(g, e) -> arrayMap(q -> trimBoth(if(q != '', if(e = '', q, replaceRegexpAll(q, concat('[', e, '](.)'), '\\\\1')), g[-1])), "
		      "[arrayStringConcat(arraySlice(g, 1, length(g) - 1))])[1]" },
	{ "kql_pair_by_regex", "(m, k) -> trimBoth(arrayFirst(g -> trimBoth(g[1]) = k, m)[2])" },
	/* How often each of the texts is among them, as (texts, counts). */
	{ "kql_counts", "a -> arrayReduce('sumMap', arrayMap(x -> [x], a), arrayMap(x -> [toUInt64(1)], a))" },
	/* Those that occur in more than a part t of n. */
	{ "kql_frequent", "(a, n, t) -> arrayMap(c -> arrayFilter((x, k) -> k > greatest(1, t * n), c.1, c.2), [kql_counts(a)])[1]" },
	/* Words (w: what stands for neither is a separator) with their place in front. */
	{ "kql_places", "(w, e) -> arrayMap((x, i) -> if(match(x, e), '', concat(toString(i), ' ', x)), w, arrayEnumerate(w))" },
	{ "kql_pattern", "(w, e, f) -> arrayMap((x, p) -> multiIf(p = '', x, has(f, p), x, '\\x01'), w, kql_places(w, e))" },
	{ "kql_patterns_of", "(v, e, g, n, t) -> arrayMap(f -> arrayMap(w -> if(arrayExists(p -> p != '' AND has(f, p), kql_places(w, e)), "
			     "replaceRegexpAll(arrayStringConcat(kql_pattern(w, e, f)), g, '*'), 'others'), v), "
			     "[kql_frequent(arrayFilter(p -> p != '', arrayFlatten(arrayMap(w -> kql_places(w, e), v))), n, t)])[1]" },
	{ "kql_patterns", "(v, s, e, g, t) -> arrayMap(p -> arrayMap(f -> arrayMap(x -> if(has(f, x), x, 'others'), p), [kql_frequent(p, length(v), t)])[1], "
			  "[kql_patterns_of(arrayMap(x -> extractAll(x, s), v), e, g, length(v), t)])[1]" },
	/*
	 * series: numbers, what is none as nan. The engine resolves a lambda within a lambda many times over, so
	 * they are few and lie flat; and an array that a lambda over another looks at would be copied for each
	 * element, so constants go in as arrays beside it.
	 */
	{ "kql_floats", "d -> arrayMap(e -> ifNull(toFloat64OrNull(e), nan), kql_elements(d))" },
	{ "kql_finite", "(a, i) -> if(i OR isFinite(arraySum(a)), arrayFilter(x -> isFinite(x), a), emptyArrayFloat64())" },
	{ "kql_reals", "d -> kql_finite(kql_floats(d), false)" },
	{ "kql_beside", "(a, x) -> arrayWithConstant(length(a), x)" },
	{ "kql_jsons", "a -> arrayMap(r -> kql_real_json(r), a)" },
	{ "kql_values", "a -> arrayMap(v -> if(empty(v), NULL, kql_array(v)), [a])[1]" },
	{ "kql_bag", "(n, a) -> arrayMap(v -> if(empty(v), NULL, kql_object(arrayZip(n, v))), [a])[1]" },
	{ "kql_spread", "y -> arrayReduce('varPopStable', y) * length(y) / greatest(length(y) - 1, 1)" },
	{ "kql_stats", "(a, f) -> if(empty(f), emptyArrayString(), arrayConcat(kql_jsons([arrayMin(f)]), [toString(indexOf(a, arrayMin(f)) - 1)], kql_jsons([arrayMax(f)]), "
		       "[toString(indexOf(a, arrayMax(f)) - 1)], kql_jsons([arrayAvg(f), sqrt(kql_spread(f)), kql_spread(f), arraySum(f)]), [toString(length(f))]))" },
	/* Of the line over 1, 2, ...: how much of the values it tells, what they spread beside it, and its values. */
	{ "kql_slope", "y -> if(length(y) < 2, 0, tupleElement(arrayReduce('simpleLinearRegression', arrayEnumerate(y), y), 1))" },
	{ "kql_intercept", "y -> arrayAvg(y) - kql_slope(y) * (length(y) + 1) / 2" },
	{ "kql_told", "y -> if(kql_spread(y) = 0, 1, pow(arrayReduce('corrStable', arrayEnumerate(y), y), 2))" },
	{ "kql_rest", "y -> kql_spread(y) * greatest(0, 1 - kql_told(y))" },
	{ "kql_line", "y -> arrayMap((i, k, b) -> kql_real_json(k * i + b), arrayEnumerate(y), kql_beside(y, kql_slope(y)), kql_beside(y, kql_intercept(y)))" },
	{ "kql_one_line", "y -> if(empty(y), emptyArrayString(), arrayPushBack(kql_jsons([kql_told(y), kql_slope(y), kql_spread(y), kql_rest(y), kql_intercept(y)]), kql_array(kql_line(y))))" },
	/* Squares that are left beside the line over m values, of their sum, that of their squares, that of their
	   products with their places, and the middle of these. */
	{ "kql_cost", "(m, y, q, p, x) -> q - y * y / m - pow(p - x * y, 2) * 12 / (m * (m * m - 1))" },
	/* Over values around 0: where to split them, by both sides' squares for each place. */
	{ "kql_split", "z -> arrayReduce('argMin', arrayEnumerate(z), arrayMap((i, a, b, c, s, q, p, n) -> if(i < 2 OR i > n - 2, inf, "
		       "kql_cost(i, a, b, c, (i - 1) / 2) + kql_cost(n - i, s - a, q - b, p - c, (n + i - 1) / 2)), arrayEnumerate(z), arrayCumSum(z), "
		       "arrayCumSum(v -> v * v, z), arrayCumSum((v, j) -> v * (j - 1), z, arrayEnumerate(z)), kql_beside(z, arraySum(z)), kql_beside(z, arraySum(v -> v * v, z)), "
		       "kql_beside(z, arraySum((v, j) -> v * (j - 1), z, arrayEnumerate(z))), kql_beside(z, length(z))))" },
	{ "kql_centred", "y -> arrayMap((v, m) -> v - m, y, kql_beside(y, arrayAvg(y)))" },
	{ "kql_side", "y -> [kql_told(y), kql_slope(y), kql_intercept(y), kql_spread(y), kql_rest(y)]" },
	{ "kql_rest_of_two", "(l, r) -> (kql_rest(l) * (length(l) - 1) + kql_rest(r) * (length(r) - 1)) / (length(l) + length(r) - 1)" },
	{ "kql_joined", "(y, l, r) -> arrayConcat(kql_jsons([if(kql_spread(y) = 0, 1, 1 - kql_rest_of_two(l, r) / kql_spread(y))]), [toString(length(l))], "
			"kql_jsons([kql_spread(y), kql_rest_of_two(l, r)]), [kql_array(arrayConcat(kql_line(l), kql_line(r)))], kql_jsons(arrayConcat(kql_side(r), kql_side(l))))" },
	{ "kql_two_lines", "a -> arrayMap((y, k) -> if(length(y) < 4, emptyArrayString(), kql_joined(y, arraySlice(y, 1, k), arraySlice(y, k + 1))), "
			   "[a], [kql_split(kql_centred(a))])[1]" },
	{ "kql_side_bag", "v -> kql_object(arrayZip(['rsquare', 'slope', 'interception', 'variance', 'rvariance'], v))" },
	{ "kql_two_lines_bag", "a -> arrayMap(v -> if(empty(v), NULL, kql_object(arrayZip(['rsquare', 'split_idx', 'variance', 'rvariance', 'line_fit', 'right', 'left'], "
			       "arrayConcat(arraySlice(v, 1, 5), [kql_side_bag(arraySlice(v, 6, 5)), kql_side_bag(arraySlice(v, 11, 5))])))), [a])[1]" },
	/* sketches: (registers, ranks) of an hll; (value, weight) of a digest, many of them made fewer, and the finer the
	   nearer to the ends */
	{ "kql_hll_rank", "h -> toUInt64(50 - floor(log2(greatest(bitShiftRight(h, 14), 1))))" },
	{ "kql_hll_codes", "d -> arrayFilter(c -> c BETWEEN 1 AND 1048575, arrayMap(e -> toUInt64OrZero(e), kql_elements(d)))" },
	{ "kql_hll_state", "t -> arrayMap(u -> if(empty(u.1), NULL, kql_array(arrayMap((k, v) -> toString(k * 64 + v), u.1, u.2))), [t])[1]" },
	{ "kql_hll_guess", "(n, e) -> toInt64(round(if(e <= 40960 AND n < 16384, 16384 * log(16384 / (16384 - n)), e)))" },
	{ "kql_hll_count", "a -> arrayMap(c -> kql_hll_guess(length(c), 0.7213 / (1 + 1.079 / 16384) * 268435456 / (16384 - length(c) + arraySum(x -> exp2(-toFloat64(x % 64)), c))), [a])[1]" },
	{ "kql_digest_pairs", "d -> arrayMap(l -> arrayMap((v, w) -> (toFloat64OrZero(v), toFloat64OrZero(w)), kql_elements(l[1]), "
			      "arrayResize(kql_elements(l[2]), length(kql_elements(l[1])), '1')), [kql_elements(d)])[1]" },
	{ "kql_digest_places", "p -> arrayMap(t -> arrayMap((x, c) -> toInt64(floor(asin(greatest(-1, least(1, 2 * (c - x.2 / 2) / t - 1))) * 652)), p, arrayCumSum(x -> x.2, p)), "
			       "[arraySum(x -> x.2, p)])[1]" },
	{ "kql_digest_fewer", "p -> if(length(p) <= 2048, p, arrayMap(g -> (arraySum(x -> x.1 * x.2, g) / arraySum(x -> x.2, g), arraySum(x -> x.2, g)), "
			      "arraySplit((x, s) -> s != 0, p, arrayDifference(kql_digest_places(p)))))" },
	{ "kql_digest_state", "a -> arrayMap(p -> if(empty(p), NULL, kql_array([kql_array(kql_jsons(arrayMap(x -> x.1, p))), kql_array(kql_jsons(arrayMap(x -> x.2, p)))])), "
			      "[arrayMap(q -> kql_digest_fewer(q), [arraySort(arrayFilter(x -> x.2 > 0, a))])[1]])[1]" },
	{ "kql_digest_at", "(p, t) -> p[arrayFirstIndex(c -> c >= t, arrayPushBack(arrayPopBack(arrayCumSum(x -> x.2, p)), inf))].1" },
	{ "kql_digest_percentile", "(a, n) -> arrayMap(p -> if(empty(p) OR isNull(n), NULL, kql_digest_at(p, arraySum(x -> x.2, p) * ifNull(n, 0) / 100)), [a])[1]" },
	{ "kql_digest_rank", "(a, n) -> arrayMap(p -> if(empty(p) OR isNull(n), NULL, arraySum(x -> if(x.1 <= n, x.2, 0), p)), [a])[1]" },
	{ "kql_slices", "(a, n) -> arraySplit((x, i) -> i > 1 AND i % n = 1, a, arrayEnumerate(a))" },
	/* rows before */
	{ "kql_row_number", "(r, s) -> s + toInt64(length(r)) - greatest(1, toInt64(arrayLastIndex(x -> ifNull(x, false), r)))" },
	{ "kql_cumsum", "t -> arraySum(x -> ifNull(x.1, 0), arraySlice(t, greatest(1, toInt64(arrayLastIndex(x -> ifNull(x.2, false), t)))))" },
	{ "kql_rank_dense", "a -> 1 + arraySum((x, i) -> toInt64(ifNull(i > 1 AND isDistinctFrom(a[i - 1], x), false)), a, arrayEnumerate(a))" },
	{ "kql_rank_dense_from", "t -> kql_rank_dense(arrayMap(x -> x.1, arraySlice(t, greatest(1, toInt64(arrayLastIndex(x -> ifNull(x.2, false), t))))))" },
	/* Beginning of the session and last value, over (value, restart). */
	{ "kql_session", "(t, f, n) -> arrayFold((a, x) -> (if(isNull(a.1) OR isNull(x.1) OR x.1 >= a.1 + f OR x.1 >= a.2 + n OR ifNull(x.2, false), x.1, a.1), x.1), "
			 "t, (CAST(NULL AS Nullable(Int64)), CAST(NULL AS Nullable(Int64)))).1" },
	{ "kql_rank_min_from", "t -> kql_rank_min(arrayMap(x -> x.1, arraySlice(t, greatest(1, toInt64(arrayLastIndex(x -> ifNull(x.2, false), t))))))" },
	{ "kql_rank_min", "a -> length(a) - length(arrayFirst(x -> 1, [arrayFilter(x -> x = a[-1], a)])) + 1" },
	/* structured text */
	{ "kql_file", "p -> arrayElement(splitByRegexp('[/\\\\\\\\]', p), -1)" },
	{ "kql_parse_path", "p -> if(p = '', NULL, kql_object([('Scheme', kql_quote(extract(p, '^([a-zA-Z][a-zA-Z0-9+.-]+)://'))), "
			    "('RootPath', kql_quote(extract(p, '^(?:[a-zA-Z][a-zA-Z0-9+.-]+://)?([a-zA-Z]:)'))), "
			    "('DirectoryPath', kql_quote(extract(replaceRegexpOne(p, '^[a-zA-Z][a-zA-Z0-9+.-]+://', ''), '^(.*)[/\\\\\\\\]'))), "
			    "('DirectoryName', kql_quote(arrayElement(splitByRegexp('[/\\\\\\\\]', p), -2))), "
			    "('Filename', kql_quote(replaceRegexpOne(kql_file(p), ':[^:]*$', ''))), "
			    "('Extension', kql_quote(extract(kql_file(p), '\\\\.([^.:]+)(?::[^:]*)?$'))), "
			    "('AlternateDataStreamName', kql_quote(extract(kql_file(p), ':([^:]*)$')))]))" },
	{ "kql_query_bag", "q -> kql_object(arrayMap(p -> (decodeURLComponent(splitByChar('=', p)[1]), "
			   "kql_quote(decodeURLFormComponent(substring(p, position(p, '=') + 1)))), "
			   "arrayFilter(p -> position(p, '=') > 0, splitByChar('&', replaceRegexpOne(q, '^[^?]*[?]', '')))))" },
	{ "kql_parse_url", "u -> if(u = '', NULL, kql_object([('Scheme', kql_quote(extract(u, '^([a-zA-Z][a-zA-Z0-9+.-]*):'))), "
			   "('Host', kql_quote(extract(u, '://(?:[^/@?#]*@)?(\\\\[[^\\\\]]*\\\\]|[^/:?#]*)'))), "
			   "('Port', kql_quote(extract(u, '://(?:[^/@?#]*@)?(?:\\\\[[^\\\\]]*\\\\]|[^/:?#]*):([0-9]+)'))), "
			   "('Path', kql_quote(extract(u, '://[^/?#]*(/[^?#]*)'))), "
			   "('Username', kql_quote(extract(u, '://([^/@:?#]*)(?::[^/@?#]*)?@'))), "
			   "('Password', kql_quote(extract(u, '://[^/@:?#]*:([^/@?#]*)@'))), "
			   "('Query Parameters', kql_query_bag(if(position(u, '?') > 0, replaceRegexpOne(u, '#.*$', ''), ''))), "
			   "('Fragment', kql_quote(extract(u, '#(.*)$')))]))" },
	{ "kql_parse_version", "v -> if(match(v, '^[0-9]+([.][0-9]+){0,3}$'), toDecimal128OrNull(replaceRegexpOne(arrayStringConcat(arrayMap(x -> "
			       "leftPad(x, 8, '0'), arrayResize(splitByChar('.', v), 4, '0'))), '^0+([0-9])', '\\\\1'), 0), NULL)" },
	{ "kql_command_line", "l -> if(trim(l) = '', NULL, kql_array(arrayMap(a -> kql_quote(replaceAll(replaceRegexpAll(replaceAll(a, '\\\\\\\\\"', '\\x01'), '\"', ''), '\\x01', '\"')), "
			      "extractAll(l, '(?:[^\\\\s\"]|\"(?:[^\"\\\\\\\\]|\\\\\\\\.)*\"?)+'))))" },
	/* The end of line that is put behind ends the last field, which may be empty. */
	{ "kql_csv_fields", "m -> arraySlice(m, 1, arrayFirstIndex(g -> g[2] != ',', m))" },
	{ "kql_csv_values", "t -> arrayMap(g -> if(startsWith(g[1], '\"'), replaceAll(substring(g[1], 2, length(g[1]) - 2), '\"\"', '\"'), g[1]), "
			    "kql_csv_fields(extractAllGroupsVertical(if(t = '', '', concat(t, '\\n')), '(\"(?:[^\"]|\"\")*\"|[^,\\\\r\\\\n]*)(,|\\\\r?\\\\n)')))" },
	{ "kql_csv", "t -> kql_array(arrayMap(f -> kql_quote(f), kql_csv_values(t)))" },
	/* Records: ends of lines between quotes are of the value. */
	{ "kql_lines", "(t, n) -> arraySlice(arrayFilter(l -> l != '', splitByChar('\\n', replaceAll(t, '\\r', ''))), n)" },
	{ "kql_records", "(t, n) -> arraySlice(extractAll(replaceAll(t, '\\r', ''), '(?:[^\"\\\\n]|\"(?:[^\"]|\"\")*(?:\"|$))+'), n)" },
	/* addresses */
	{ "kql_ip4", "s -> toIPv4OrNull(splitByChar('/', ifNull(s, ''))[1])" },
	{ "kql_ip4_in", "(i, r) -> kql_ip4_net(i, kql_ip4_prefix(r)) = kql_ip4_net(r, kql_ip4_prefix(r))" },
	{ "kql_ip4_private", "i -> kql_ip4_in(i, '10.0.0.0/8') OR kql_ip4_in(i, '172.16.0.0/12') OR kql_ip4_in(i, '192.168.0.0/16')" },
	{ "kql_ip4_least", "(a, b, p) -> least(toInt64(kql_ip4_prefix(a)), toInt64(kql_ip4_prefix(b)), toInt64(p))" },
	{ "kql_ip4_compare", "(a, b, p) -> toInt64(sign(toInt64(kql_ip4_net(a, kql_ip4_least(a, b, p))) - toInt64(kql_ip4_net(b, kql_ip4_least(a, b, p)))))" },
	{ "kql_ip4_masked", "s -> kql_ip4_net(s, kql_ip4_prefix(s))" },
	{ "kql_ip4_text", "(s, p) -> if(isNull(kql_ip4(s)) OR p < 0 OR p > 32, '', IPv4NumToString(toUInt32(assumeNotNull(kql_ip4_net(s, least(toInt64(kql_ip4_prefix(s)), p))))))" },
	{ "kql_ip4_mask_text", "(s, p) -> if(kql_ip4_text(s, p) = '', '', concat(kql_ip4_text(s, p), '/', toString(least(toInt64(kql_ip4_prefix(s)), p))))" },
	{ "kql_has_ip4", "(t, i) -> isIPv4String(i) AND match(materialize(t), concat('(?:^|[^0-9A-Za-z.])', regexpQuoteMeta(i), '(?:$|[^0-9A-Za-z.]|[.](?:$|[^0-9]))'))" },
	{ "kql_ip4s", "t -> arrayFilter(a -> isIPv4String(a), arrayMap(w -> replaceRegexpOne(w, '[.]$', ''), splitByRegexp('[^0-9A-Za-z.]+', t)))" },
	/* A whole address, or a part of one that ends with a point. */
	{ "kql_has_ip4_prefix", "(t, p) -> arrayExists(a -> if(endsWith(p, '.'), startsWith(a, p), a = p), kql_ip4s(t))" },
	/* From an address the widest network that begins there and does not go beyond the end. */
	{ "kql_ip4_cidrs", "(s, e) -> tupleElement(arrayFold((t, i) -> if(t.1 > e, t, arrayMap(k -> (t.1 + toUInt64(bitShiftLeft(toUInt64(1), k)), "
			   "arrayPushBack(t.2, concat('\"', IPv4NumToString(toUInt32(t.1)), '/', toString(32 - k), '\"'))), "
			   "[toUInt8(least(bitCount(bitXor(t.1, t.1 - 1)) - 1, floor(log2(e - t.1 + 1))))])[1]), "
			   "range(64), (toUInt64(s), emptyArrayString())), 2)" },
	{ "kql_ip6_in", "(i, r) -> kql_ip6_net(i, toInt64(kql_ip6_prefix(r))) = kql_ip6_net(r, toInt64(kql_ip6_prefix(r)))" },
	{ "kql_ip6_least", "(a, b, p) -> least(toInt64(kql_ip6_prefix(a)), toInt64(kql_ip6_prefix(b)), toInt64(p))" },
	{ "kql_ip6_compare", "(a, b, p) -> multiIf(isNull(kql_ip6(a)) OR isNull(kql_ip6(b)), NULL, kql_ip6_net(a, kql_ip6_least(a, b, p)) < kql_ip6_net(b, kql_ip6_least(a, b, p)), -1, "
			     "kql_ip6_net(a, kql_ip6_least(a, b, p)) > kql_ip6_net(b, kql_ip6_least(a, b, p)), 1, 0)" },
	{ "kql_ip6_text", "(s, p) -> if(isNull(kql_ip6(s)), '', arrayStringConcat(extractAll(lower(hex(assumeNotNull(kql_ip6_net(s, least(toInt64(kql_ip6_prefix(s)), p))))), '.{4}'), ':'))" },
	{ "kql_ip4_prefix", "s -> if(position(s, '/') = 0, 32, toUInt8OrNull(splitByChar('/', s)[2]))" },
	{ "kql_ip4_net", "(s, p) -> bitAnd(toUInt32(kql_ip4(s)), if(p <= 0, 0, bitShiftLeft(toUInt64(4294967295), 32 - p) % 4294967296))" },
	{ "kql_ip6", "s -> IPv6StringToNumOrNull(replaceRegexpOne(splitByChar('/', ifNull(s, ''))[1], '^::([0-9]+[.])', '::ffff:\\\\1'))" },
	{ "kql_ip6_prefix", "s -> multiIf(position(s, '/') = 0, 128, position(s, '.') > 0, "
			    "toUInt8OrNull(splitByChar('/', s)[2]) + 96, toUInt8OrNull(splitByChar('/', s)[2]))" },
	{ "kql_ip6_net", "(s, p) -> bitAnd(kql_ip6(s), toFixedString(unhex(rightPad(concat(repeat('f', intDiv(p, 4)), "
			 "if(p % 4 = 0, '', lower(substring('8ce', p % 4, 1)))), 32, '0')), 16))" },
};
/* clang-format on */

/* Whether the text calls it: the name with its parenthesis, and no longer name before it. */
static bool calls(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = strstr(text, name); p; p = strstr(p + len, name))
		if (p[len] == '(')
			return true;
	return false;
}

int sql_helpers(const char *statement, struct buf *out)
{
	bool used[ARRAY_SIZE(helpers)] = { false }, more = true;
	const char *separator = "WITH ";

	if (!statement)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(helpers); i++)
		used[i] = calls(statement, helpers[i].name);
	while (more) { /* those that helpers call */
		more = false;
		for (size_t i = 0; i < ARRAY_SIZE(helpers); i++) {
			for (size_t k = 0; used[i] && k < ARRAY_SIZE(helpers); k++) {
				if (used[k] || !calls(helpers[i].lambda, helpers[k].name))
					continue;
				used[k] = more = true;
			}
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(helpers); i++) {
		if (!used[i])
			continue;
		buf_printf(out, "%s(%s) AS %s", separator, helpers[i].lambda, helpers[i].name);
		separator = ", ";
	}
	if (*separator == ',')
		buf_append_byte(out, ' ');
	return buf_error(out);
}
