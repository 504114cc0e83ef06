/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fn_dynamic.c - arrays and property bags
 *
 * A dynamic value is JSON text; elements of an array are an Array(String) of such texts between
 * kql_elements() and kql_array().
 */
#include <inttypes.h>
#include <string.h>

#include "kql/func.h"
#include "kql/sql.h"

static void emit_access(struct sql *s, const struct bx *x);

/* a.b[0].c is one look into the text: the chain's keys are gathered. */
static void put_chain(struct sql *s, const struct bx *x)
{
	const struct bx *chain[KQL_DEPTH_MAX];
	unsigned int n = 0;

	while (x->kind == BX_CALL && x->fn->emit == emit_access && n < ARRAY_SIZE(chain)) {
		chain[n++] = x->args[1];
		x = x->args[0];
	}
	/* What is no JSON gives nothing anyway. */
	if (x->kind == BX_CALL &&
	    (func_is_called(x->fn, "parse_json") || func_is_called(x->fn, "todynamic")))
		x = x->args[0];
	sql_expr(s, x);
	while (n) {
		const struct bx *key = chain[--n];

		sql_put(s, ", ");
		if (key->type == KQL_STRING) {
			sql_expr(s, key);
		} else if (bx_is_const(key)) {
			sql_printf(s, "%lld", (long long)(key->i < 0 ? key->i : key->i + 1));
		} else { /* from 1, from the end below 0 */
			sql_put(s, "toInt64(");
			sql_expr(s, key);
			sql_put(s, " >= 0) + ");
			sql_expr(s, key);
		}
	}
}

static void emit_access(struct sql *s, const struct bx *x)
{
	sql_put(s, "kql_raw(JSONExtractRaw(");
	put_chain(s, x);
	sql_put(s, "))");
}

void sql_dynamic_text(struct sql *s, const struct bx *x)
{
	if (x->kind == BX_CALL && x->fn->emit == emit_access) {
		sql_put(s, "JSONExtract(");
		put_chain(s, x);
		sql_put(s, ", 'Nullable(String)')");
		return;
	}
	sql_put(s, "kql_text(");
	sql_expr(s, x);
	sql_put(s, ")");
}

static void put_pairs(struct sql *s, const struct bx *x)
{
	sql_put(s, "[");
	for (uint32_t i = 0; i + 1 < x->count; i += 2) {
		sql_put(s, i ? ", (" : "(");
		if (x->args[i]->type == KQL_STRING) {
			sql_expr(s, x->args[i]);
		} else {
			struct bx cast = {
				.kind = BX_CAST, .type = KQL_STRING, .args = &x->args[i], .count = 1
			};

			sql_cast(s, &cast);
		}
		sql_put(s, ", ");
		sql_json(s, x->args[i + 1]);
		sql_put(s, ")");
	}
	sql_put(s, "]");
}

static void emit_bag_pack(struct sql *s, const struct bx *x)
{
	if (x->count < 2) {
		sql_put(s, "'{}'");
		return;
	}
	sql_put(s, "kql_object(");
	put_pairs(s, x);
	sql_put(s, ")");
}

static void emit_pack_filled(struct sql *s, const struct bx *x)
{
	if (x->count < 2) {
		sql_put(s, "'{}'");
		return;
	}
	sql_put(s, "kql_object(arrayFilter(p -> p.2 NOT IN ('null', '\"\"'), ");
	put_pairs(s, x);
	sql_put(s, "))");
}

static void emit_pack_array(struct sql *s, const struct bx *x)
{
	if (!x->count) {
		sql_put(s, "'[]'");
		return;
	}
	sql_put(s, "kql_array([");
	for (uint32_t i = 0; i < x->count; i++) {
		sql_put(s, i ? ", " : "");
		sql_json(s, x->args[i]);
	}
	sql_put(s, "])");
}

static void emit_concat(struct sql *s, const struct bx *x)
{
	sql_put(s, "kql_array(arrayConcat(");
	for (uint32_t i = 0; i < x->count; i++) {
		sql_put(s, i ? ", kql_items(" : "kql_items(");
		sql_expr_filled(s, x->args[i]);
		sql_put(s, ")");
	}
	sql_put(s, "))");
}

static void put_elements(struct sql *s, const struct bx *x)
{
	sql_put(s, "kql_elements(");
	sql_expr_filled(s, x);
	sql_put(s, ")");
}

/* set_union, set_intersect, set_difference of two or more */
static void sets(struct sql *s, const struct bx *x, const char *join)
{
	sql_put(s, "kql_array(");
	for (uint32_t i = 1; i < x->count; i++)
		sql_printf(s, "%s(", join);
	put_elements(s, x->args[0]);
	for (uint32_t i = 1; i < x->count; i++) {
		sql_put(s, ", ");
		put_elements(s, x->args[i]);
		sql_put(s, ")");
	}
	sql_put(s, ")");
}

static void emit_union(struct sql *s, const struct bx *x)
{
	sets(s, x, "kql_set_union");
}

static void emit_intersect(struct sql *s, const struct bx *x)
{
	sets(s, x, "kql_set_intersect");
}

static void emit_difference(struct sql *s, const struct bx *x)
{
	sets(s, x, "kql_set_difference");
}

static void emit_merge(struct sql *s, const struct bx *x)
{
	sql_put(s, "kql_merge(arrayConcat(");
	for (uint32_t i = 0; i < x->count; i++) {
		sql_put(s, i ? ", kql_members(" : "kql_members(");
		sql_expr_filled(s, x->args[i]);
		sql_put(s, ")");
	}
	sql_put(s, "))");
}

static void emit_zip(struct sql *s, const struct bx *x)
{
	sql_put(s, "kql_zip([");
	for (uint32_t i = 0; i < x->count; i++) {
		sql_put(s, i ? ", " : "");
		put_elements(s, x->args[i]);
	}
	sql_put(s, "])");
}

/* Any scalar as an element of an array. */
static void emit_index_of(struct sql *s, const struct bx *x)
{
	sql_put(s, "kql_array_index(");
	put_elements(s, x->args[0]);
	sql_put(s, ", ");
	sql_json(s, x->args[1]);
	sql_put(s, ", ");
	for (unsigned int i = 2; i < 5; i++) { /* start, length, occurrence */
		sql_put(s, i > 2 ? ", " : "");
		if (x->count > i)
			sql_expr(s, x->args[i]);
		else
			sql_put(s, i == 2 ? "0" : i == 3 ? "-1" : "1");
	}
	sql_put(s, ")");
}

static void emit_has_element(struct sql *s, const struct bx *x)
{
	sql_put(s, "has(");
	put_elements(s, x->args[0]);
	sql_put(s, ", ");
	sql_json(s, x->args[1]);
	sql_put(s, ")");
}

static void emit_repeat(struct sql *s, const struct bx *x)
{
	sql_put(s, "kql_array(arrayWithConstant(");
	sql_expr(s, x->args[1]);
	sql_put(s, ", ");
	sql_json(s, x->args[0]);
	sql_put(s, "))");
}

/* Where none is given: 1, or an hour. */
static void put_range_step(struct sql *s, const struct bx *x)
{
	if (x->count > 2)
		sql_expr(s, x->args[2]);
	else
		sql_put(s, kql_type_is_number(x->args[0]->type) ? "1" : "36000000000");
}

static void emit_range(struct sql *s, const struct bx *x)
{
	bool dates = x->args[0]->type == KQL_DATETIME;

	sql_put(s, "kql_array(arrayMap(n -> ");
	sql_put(s, dates			      ? "kql_datetime_json(kql_later("
		   : x->args[0]->type == KQL_TIMESPAN ? "kql_timespan_json(("
		   : x->args[0]->type == KQL_REAL     ? "kql_real_json(("
						      : "toString((");
	sql_expr(s, x->args[0]);
	sql_put(s, dates ? ", toInt64(n) * " : " + toInt64(n) * ");
	put_range_step(s, x);
	sql_put(s, ")), range(toUInt64(least(1048576, ifNull(greatest(0, floor(");
	sql_put(s, dates ? "kql_sub(" : "(");
	sql_expr(s, x->args[1]);
	sql_put(s, dates ? ", " : " - ");
	sql_expr(s, x->args[0]);
	sql_put(s, ") / ");
	put_range_step(s, x);
	sql_put(s, ") + 1), 0))))))");
}

static void emit_array_iff(struct sql *s, const struct bx *x)
{
	sql_put(s, "kql_array_iff(");
	put_elements(s, x->args[0]);
	for (unsigned int i = 1; i < 3; i++) {
		sql_put(s, ", kql_items(");
		if (x->args[i]->type == KQL_DYNAMIC)
			sql_expr_filled(s, x->args[i]);
		else
			sql_json(s, x->args[i]);
		sql_put(s, ")");
	}
	sql_put(s, ")");
}

/* The arrays in the order of the first one; a last argument that is no array is a bool. */
static void emit_sort(struct sql *s, const struct bx *x)
{
	bool descending = func_is_called(x->fn, "array_sort_desc");
	uint32_t arrays = x->count;

	if (x->args[arrays - 1]->type == KQL_BOOL)
		arrays--;
	sql_printf(s, arrays > 1 ? "kql_array(kql_sorted(%d, " : "kql_sorted(%d, ", descending);
	if (arrays < x->count)
		sql_expr_filled(s, x->args[arrays]);
	else
		sql_put(s, "true");
	sql_put(s, ", [");
	for (uint32_t i = 0; i < arrays; i++) {
		sql_put(s, i ? ", " : "");
		put_elements(s, x->args[i]);
	}
	sql_put(s, arrays > 1 ? "]))" : "])[1]");
}

static void emit_series(struct sql *s, const struct bx *x)
{
	sql_put(s, "kql_series(");
	for (unsigned int i = 0; i < 3; i++) {
		sql_expr_filled(s, x->args[i]);
		sql_put(s, ", ");
	}
	sql_json(s, x->args[3]);
	sql_put(s, ")");
}

static void emit_shift(struct sql *s, const struct bx *x)
{
	sql_template(s,
		     func_is_called(x->fn, "array_shift_left")
			 ? "kql_array(kql_shift(kql_elements($1!), $2, "
			 : "kql_array(kql_shift(kql_elements($1!), -($2), ",
		     x);
	sql_put(s, "ifNull(");
	sql_json(s, x->args[2]);
	sql_put(s, ", 'null')))");
}

static void emit_set_key(struct sql *s, const struct bx *x)
{
	sql_template(s, "if(startsWith($1!, '{'), kql_put_3($1!, kql_path_names($2), ", x);
	sql_json(s, x->args[2]);
	sql_put(s, "), NULL)");
}

/* Of this length 32 bits can number all steps between the engine's first time and its last. */
#define STEP_SHORT (3 * KQL_TICKS_PER_SECOND)

/*
 * The value is not before the first step. All rows go through this and are grouped by it: a division of
 * integers by a constant, and a short key, are cheaper.
 */
static void emit_step_of(struct sql *s, const struct bx *x)
{
	const struct bx *step = x->args[2];
	bool is_short;

	if (!bx_is_const(step) || step->i <= 0 || step->i > INT64_MAX / 100) {
		sql_template(s, "toInt64(floor(kql_sub($1, $2) / $3))", x);
		return;
	}
	is_short = step->i < STEP_SHORT;
	sql_put(s, is_short ? "" : "toUInt32(");
	sql_template(s, "intDiv(toUnixTimestamp64Nano($1) - intDiv(toUnixTimestamp64Nano($2), 100) * 100, ", x);
	sql_printf(s, "toInt64(%" PRId64 "))", step->i * 100);
	sql_put(s, is_short ? "" : ")");
}

/* A sum of constants would be one more call for each column of a row. */
static void emit_element(struct sql *s, const struct bx *x)
{
	sql_put(s, "tupleElement(");
	sql_expr(s, x->args[0]);
	sql_printf(s, ", %" PRId64 ")", x->args[1]->i + 1);
}

/* clang-format off */
static const struct func items[] = {
	{ "[](value: dynamic, key: string) dynamic?", NULL, "A property of a bag.", 0, emit_access },
	{ "[](value: dynamic, index: long) dynamic?", NULL, "An element of an array; below 0 from its end.", 0, emit_access },
	{ "[](value: dynamic, key: dynamic) dynamic?", "kql_raw(JSONExtractRaw($1, kql_text($2)))", "A property of a bag." },
	{ "parse_json(text: string) dynamic?", "kql_parse($1)", "The value that JSON text stands for.", FUNC_NAME_ARG },
	{ "parse_json(value: dynamic) dynamic", "$1", "The value itself.", FUNC_NAME_ARG },
	{ "parse_json(value: any) dynamic?", "toString($1)", "The value itself.", FUNC_NAME_ARG },
	{ "parsejson(text: string) dynamic?", "kql_parse($1)", "parse_json.", FUNC_NAME_ARG | FUNC_LEGACY },
	{ "parsejson(value: dynamic) dynamic", "$1", "parse_json.", FUNC_NAME_ARG | FUNC_LEGACY },
	{ "todynamic(text: string) dynamic?", "kql_parse($1)", "parse_json.", FUNC_NAME_ARG },
	{ "todynamic(value: dynamic) dynamic", "$1", "The value itself.", FUNC_NAME_ARG },
	{ "toobject(text: string) dynamic?", "kql_parse($1)", "parse_json.", FUNC_NAME_ARG | FUNC_LEGACY },
	{ "dynamic_to_json(value: dynamic) string", "kql_ordered_0($1!)", "JSON with the names of bags in order." },
	{ "dynamic_to_json(value: text) string", "$1", "The value as text." },
	{ "extract_json(path: string, text: string) string", "ifNull(kql_text(kql_raw(kql_json_path($2, $1))), '')", "What a JSON path finds in a text." },
	{ "extract_json(path: string, text: dynamic) string", "ifNull(kql_text(kql_raw(kql_json_path($2!, $1))), '')", "What a JSON path finds." },
	{ "extractjson(path: string, text: string) string", "ifNull(kql_text(kql_raw(kql_json_path($2, $1))), '')", "extract_json.", FUNC_LEGACY },
	{ "extractjson(path: string, text: dynamic) string", "ifNull(kql_text(kql_raw(kql_json_path($2!, $1))), '')", "extract_json.", FUNC_LEGACY },
	{ "array_length(array: dynamic) long?", "if(startsWith($1, '['), toInt64(JSONLength($1!)), NULL)", "Number of elements." },
	{ "arraylength(array: dynamic) long?", "if(startsWith($1, '['), toInt64(JSONLength($1!)), NULL)", "array_length.", FUNC_LEGACY },
	{ "array_concat(array: dynamic...) dynamic", NULL, "One behind the other.", 0, emit_concat },
	{ "array_slice(array: dynamic, start: long, end: long) dynamic", "kql_array(kql_slice(kql_elements($1!), $2, $3))", "Elements from a place to a place." },
	{ "array_split(array: dynamic, index: long) dynamic", "kql_array_split(kql_elements($1!), [$2])", "Cut at a place." },
	{ "array_split(array: dynamic, indexes: dynamic) dynamic", "kql_array_split(kql_elements($1!), arrayMap(i -> toInt64OrZero(i), kql_elements($2!)))", "Cut at places." },
	{ "array_reverse(array: dynamic) dynamic", "kql_array(arrayReverse(kql_elements($1!)))", "The last element first." },
	{ "array_rotate_left(array: dynamic, count: long) dynamic", "kql_array(kql_rotate(kql_elements($1!), $2))", "The first elements put at the end." },
	{ "array_rotate_right(array: dynamic, count: long) dynamic", "kql_array(kql_rotate(kql_elements($1!), -toInt64($2)))", "The last elements put at the front." },
	{ "array_shift_left(array: dynamic, count: long) dynamic", "kql_array(kql_shift(kql_elements($1!), $2, 'null'))", "Moved to the front, filled with null." },
	{ "array_shift_left(array: dynamic, count: long, fill: any) dynamic", NULL, "Moved to the front, filled up.", 0, emit_shift },
	{ "array_shift_right(array: dynamic, count: long) dynamic", "kql_array(kql_shift(kql_elements($1!), -($2), 'null'))", "Moved to the end, filled with null." },
	{ "array_shift_right(array: dynamic, count: long, fill: any) dynamic", NULL, "Moved to the end, filled up.", 0, emit_shift },
	{ "array_sort_asc(array: dynamic, more: dynamic|bool...?) dynamic", NULL, "In order; further arrays in the order of the first. Last may stand whether null comes last.", FUNC_TUPLE, emit_sort },
	{ "array_sort_desc(array: dynamic, more: dynamic|bool...?) dynamic", NULL, "In falling order; further arrays in the order of the first. Last may stand whether null comes last.", FUNC_TUPLE, emit_sort },
	{ "array_sum(array: dynamic) real?", "if(arrayExists(x -> isNull(toFloat64OrNull(x)), kql_elements($1!)), NULL, arraySum(x -> toFloat64OrZero(x), kql_elements($1!)))", "Sum of the elements; null where one is no number." },
	{ "array_index_of(array: dynamic, value: any) long", NULL, "Place of the value, or -1.", 0, emit_index_of },
	{ "array_index_of(array: dynamic, value: any, start: long) long", NULL, "Place of the value from a place on, or -1.", 0, emit_index_of },
	{ "array_index_of(array: dynamic, value: any, start: long, length: long) long", NULL, "Place of the value within, or -1.", 0, emit_index_of },
	{ "array_index_of(array: dynamic, value: any, start: long, length: long, occurrence: long) long", NULL, "Place of the n-th occurrence within, or -1.", 0, emit_index_of },
	{ "array_iff(conditions: dynamic, then: any, otherwise: any) dynamic", NULL, "Of two arrays, element by element.", 0, emit_array_iff },
	{ "array_strcat(array: dynamic, delimiter: text) string", "arrayStringConcat(arrayMap(e -> if(e = 'null', '', kql_text(e)), kql_elements($1!)), $2)", "strcat_array.", FUNC_LEGACY },
	{ "strcat_array(array: dynamic, delimiter: text) string", "arrayStringConcat(arrayMap(e -> if(e = 'null', '', kql_text(e)), kql_elements($1!)), $2)", "Elements with a delimiter between." },
	{ "repeat(value: any, count: long) dynamic", NULL, "An array of one value several times.", FUNC_NAME_PREFIX, emit_repeat },
	{ "range(start: number, stop: number) dynamic", NULL, "Values from start to stop by 1.", 0, emit_range },
	{ "range(start: datetime, stop: datetime) dynamic", NULL, "Times from start to stop by an hour.", 0, emit_range },
	{ "range(start: timespan, stop: timespan) dynamic", NULL, "Timespans from start to stop by an hour.", 0, emit_range },
	{ "range(start: number, stop: number, step: number) dynamic", NULL, "Values from start to stop.", 0, emit_range },
	{ "range(start: datetime, stop: datetime, step: timespan) dynamic", NULL, "Times from start to stop.", 0, emit_range },
	{ "range(start: timespan, stop: timespan, step: timespan) dynamic", NULL, "Timespans from start to stop.", 0, emit_range },
	{ "pack_array(value: any...?) dynamic", NULL, "An array of the values.", 0, emit_pack_array },
	{ "bag_pack(pair: any...?) dynamic", NULL, "A bag of names and values.", 0, emit_bag_pack },
	{ "pack(pair: any...?) dynamic", NULL, "bag_pack.", FUNC_LEGACY, emit_bag_pack },
	{ "pack_dictionary(pair: any...?) dynamic", NULL, "bag_pack.", FUNC_LEGACY, emit_bag_pack },
	{ "__pack_filled(pair: any...?) dynamic", NULL, "", 0, emit_pack_filled },
	{ "bag_keys(bag: dynamic) dynamic?", "if(startsWith($1, '{'), kql_array(arrayMap(k -> kql_quote(k), JSONExtractKeys($1!))), NULL)", "Names of the properties." },
	{ "bag_has_key(bag: dynamic, key: string) bool!", "kql_has_path($1!, $2)", "Whether there is such a property." },
	{ "bag_merge(bag: dynamic...) dynamic", NULL, "Properties of all; of one name the first.", 0, emit_merge },
	{ "bag_remove_keys(bag: dynamic, keys: dynamic) dynamic", "kql_without_0($1!, kql_key_paths(kql_elements($2!)))", "Without some properties." },
	{ "bag_set_key(bag: dynamic, key: string, value: any) dynamic?", NULL, "With a property set; the key may be a path from $ on.", 0, emit_set_key },
	{ "bag_zip(keys: dynamic, values: dynamic) dynamic?", "if(startsWith($1!, '['), kql_object(arrayMap(z -> (kql_text(z.1), z.2), arrayFilter(z -> startsWith(z.1, '\"'), arrayZip(kql_elements($1!), arrayResize(kql_elements($2!), length(kql_elements($1!)), 'null'))))), NULL)", "A bag of an array of names and one of values." },
	{ "set_union(set: dynamic...) dynamic", NULL, "Values of one or more.", 0, emit_union },
	{ "set_intersect(set: dynamic...) dynamic", NULL, "Values of all.", 0, emit_intersect },
	{ "set_difference(set: dynamic...) dynamic", NULL, "Values of the first alone.", 0, emit_difference },
	{ "set_equals(a: dynamic, b: dynamic) bool!", "(arraySort(arrayDistinct(kql_elements($1!))) = arraySort(arrayDistinct(kql_elements($2!))))", "Whether both have the same values." },
	{ "set_has_element(set: dynamic, value: any) bool!", NULL, "Whether the value is in it.", 0, emit_has_element },
	{ "jaccard_index(a: dynamic, b: dynamic) real", "kql_jaccard(arrayDistinct(kql_elements($1!)), arrayDistinct(kql_elements($2!)))", "How much two sets have in common." },
	{ "zip(array: dynamic...) dynamic", NULL, "An array of the first elements, the second, ...", 0, emit_zip },
	{ "gettype(value: dynamic) string", "kql_type($1!)", "The type of the value.", FUNC_NAME_PREFIX, NULL, "type" },
	{ "gettype(value: bool) string", "'bool'", "The type of the value.", FUNC_NAME_PREFIX, NULL, "type" },
	{ "gettype(value: int) string", "'int'", "The type of the value.", FUNC_NAME_PREFIX, NULL, "type" },
	{ "gettype(value: long) string", "'long'", "The type of the value.", FUNC_NAME_PREFIX, NULL, "type" },
	{ "gettype(value: real) string", "'real'", "The type of the value.", FUNC_NAME_PREFIX, NULL, "type" },
	{ "gettype(value: decimal) string", "'decimal'", "The type of the value.", FUNC_NAME_PREFIX, NULL, "type" },
	{ "gettype(value: datetime) string", "'datetime'", "The type of the value.", FUNC_NAME_PREFIX, NULL, "type" },
	{ "gettype(value: timespan) string", "'timespan'", "The type of the value.", FUNC_NAME_PREFIX, NULL, "type" },
	{ "gettype(value: guid) string", "'guid'", "The type of the value.", FUNC_NAME_PREFIX, NULL, "type" },
	{ "gettype(value: string) string", "'string'", "The type of the value.", FUNC_NAME_PREFIX, NULL, "type" },

	/* of the binder: arrays of JSON texts for REL_UNNEST, and an element of one */
	{ "__first(items: dynamic, count: long!) dynamic!", "arraySlice($1, 1, $2)", "" },
	{ "__items(value: dynamic) dynamic!", "kql_items($1!)", "" },
	{ "__pairs(value: dynamic) dynamic!", "kql_pairs($1!)", "" },
	{ "__indexes(items: dynamic) dynamic!", "arrayMap(i -> toString(i - 1), arrayEnumerate($1))", "" },
	{ "__item(value: dynamic) dynamic?", "kql_null($1)", "" },
	{ "__element(tuple: dynamic, index: long) dynamic?", NULL, "", 0, emit_element },
	{ "__group(groups: dynamic, index: long) string", "$1[$2 + 1]", "" },
	{ "__parse(text: string, regex: string!) dynamic!", "extractGroups($1, $2)", "" },
	{ "__matched(groups: dynamic) bool!", "notEmpty($1)", "" },
	{ "__pair(text: string, regex: string!, escape: string!) string", "kql_pair(extractGroups($1, $2), $3)", "" },
	{ "__pair_by_regex(text: string, regex: string!, key: string!) string", "kql_pair_by_regex(extractAllGroupsVertical($1, $2), $3)", "" },
	{ "__bag_types(bag: dynamic) dynamic!", "arrayMap(p -> concat(kql_type(p.2), ' ', p.1), kql_members($1!))", "" },
	{ "__patterns(texts: dynamic, threshold: real!, separators: string!) dynamic!", "kql_patterns($1, concat('[', $3, ']+|', if(startsWith($3, '^'), concat('[', substring($3, 2), ']+'), concat('[^', $3, ']+'))), concat('^[', $3, ']'), concat('[', $3, ']*\\x01(?:[', $3, ']*\\x01)*[', $3, ']*'), $2)", "" },
	{ "__lines(text: string, from: long) dynamic!", "kql_lines($1, $2)", "" },
	{ "__records(text: string, from: long) dynamic!", "kql_records($1, $2)", "" },
	{ "__documents(text: string, from: long) dynamic!", "if(match($1, '^\\\\s*[[]'), arraySlice(JSONExtractArrayRaw($1), $2), kql_lines($1, $2))", "" },
	{ "__fields(line: string, separator: string!) dynamic!", "if($2 = ',', kql_csv_values($1), splitByString($2, $1))", "" },
	{ "__text_item(text: dynamic) string", "$1", "" },
	{ "__steps(from: number, to: number, step: number) long", "greatest(0, toInt64(ceil(($2 - $1) / $3)))", "" },
	{ "__steps(from: timespan, to: timespan, step: timespan) long", "greatest(0, toInt64(ceil(($2 - $1) / $3)))", "" },
	{ "__steps(from: datetime, to: datetime, step: timespan) long", "greatest(0, toInt64(ceil(kql_sub($2, $1) / $3)))", "" },
	{ "__step_of(value: number, from: number, step: number) long", "toInt64(floor(($1 - $2) / $3))", "" },
	{ "__step_of(value: timespan, from: timespan, step: timespan) long", "toInt64(floor(($1 - $2) / $3))", "" },
	{ "__step_of(value: datetime, from: datetime, step: timespan) long", NULL, "", 0, emit_step_of },
	{ "__axis(from: number, step: number, count: long) dynamic!", "kql_array(arrayMap(n -> toString($1 + n * $2), range(toUInt64(least(1048576, $3!)))))", "" },
	{ "__axis(from: timespan, step: timespan, count: long) dynamic!", "kql_array(arrayMap(n -> kql_timespan_json(toInt64($1 + n * $2)), range(toUInt64(least(1048576, $3!)))))", "" },
	{ "__axis(from: datetime, step: timespan, count: long) dynamic!", "kql_array(arrayMap(n -> kql_datetime_json(kql_later($1, n * $2)), range(toUInt64(least(1048576, $3!)))))", "" },
	{ "__series(steps: dynamic, values: dynamic, count: long, default: any) dynamic!", NULL, "", 0, emit_series },
	{ "__filled(steps: dynamic) bool!", "notEmpty($1)", "" },
	{ "__row_id() long", "rowNumberInAllBlocks()", "", FUNC_VOLATILE },
};
/* clang-format on */
const struct func_family fn_dynamics = { "Arrays and property bags", items, ARRAY_SIZE(items) };
