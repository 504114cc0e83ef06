/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fn_string.c - functions of text, and regular expressions
 */
#include <string.h>

#include "kql/func.h"
#include "kql/sql.h"

/* Here a dot stands for all but the end of a line. */
static void put_regex(struct sql *s, const struct bx *x)
{
	if (bx_is_const(x)) {
		struct buf re = BUF_INIT(KQL_TEXT_MAX + 16);

		buf_append_str(&re, "(?-s)");
		buf_append(&re, x->s, x->len);
		if (buf_error(&re))
			s->failed = true;
		else
			sql_text(s, re.data, re.len);
		buf_done(&re);
		return;
	}
	sql_put(s, "concat('(?-s)', ");
	sql_expr(s, x);
	sql_put(s, ")");
}

static void emit_matches(struct sql *s, const struct bx *x)
{
	bool fixed = bx_is_const(x->args[1]);

	sql_put(s, fixed ? "match(" : "match(materialize(");
	sql_expr(s, x->args[0]);
	sql_put(s, fixed ? ", " : "), ");
	put_regex(s, x->args[1]);
	sql_put(s, ")");
}

/* extract(regex, group, text) */
static void emit_extract(struct sql *s, const struct bx *x)
{
	sql_put(s, "kql_group(");
	sql_put(s, "extractGroups(");
	sql_expr(s, x->args[2]);
	sql_put(s, ", concat('(', ");
	put_regex(s, x->args[0]);
	sql_put(s, ", ')')), ");
	sql_expr(s, x->args[1]);
	sql_put(s, ")");
}

/* Number of the group (?P<name>...) of a regular expression; 0 where there is none of the name. */
static unsigned int group_number(const struct bx *regex, const char *name, size_t len)
{
	unsigned int number = 0;
	bool class = false;

	for (const char *p = regex->s, *end = p + regex->len; p < end; p++) {
		if (*p == '\\') {
			p++;
			continue;
		}
		class = *p == '[' || (class && *p != ']');
		if (class || *p != '(' ||
		    (p + 1 < end && p[1] == '?' && !(p + 3 < end && (p[2] == 'P' || p[2] == '<'))))
			continue;
		number++;
		p += p + 1 < end && p[1] == '?' ? 2 + (p[2] == 'P') : 0;
		if (*p == '<' && (size_t)(end - p) > len + 1 && !memcmp(p + 1, name, len) &&
		    p[len + 1] == '>')
			return number;
	}
	return 0;
}

/* Names of groups in the array become their numbers. */
static void put_groups(struct sql *s, const struct bx *regex, const struct bx *groups)
{
	struct buf out = BUF_INIT(4096);

	if (!bx_is_const(regex) || !bx_is_const(groups)) {
		sql_expr_filled(s, groups);
		return;
	}
	for (uint32_t i = 0; i < groups->len;) {
		const char *close = groups->s[i] == '"'
					? memchr(groups->s + i + 1, '"', groups->len - i - 1)
					: NULL;

		if (!close) {
			buf_append_byte(&out, (uint8_t)groups->s[i++]);
			continue;
		}
		buf_printf(
		    &out, "%u",
		    group_number(regex, groups->s + i + 1, (size_t)(close - groups->s) - i - 1));
		i = (uint32_t)(close - groups->s) + 1;
	}
	if (buf_error(&out))
		s->failed = true;
	else
		sql_text(s, out.data, out.len);
	buf_done(&out);
}

static void emit_extract_all(struct sql *s, const struct bx *x)
{
	const struct bx *text = x->args[x->count - 1];

	bool grouped = !bx_is_const(x->args[0]) || strchr(x->args[0]->s, '(');

	sql_put(s, "kql_all_groups(extractAllGroupsVertical(");
	sql_expr(s, text);
	sql_put(s, grouped ? ", " : ", concat('(', "); /* without a group all is one */
	put_regex(s, x->args[0]);
	sql_put(s, grouped ? "), " : ", ')')), ");
	if (x->count == 3)
		put_groups(s, x->args[0], x->args[1]);
	else
		sql_put(s, "''");
	sql_put(s, ")");
}

static void emit_replace_regex(struct sql *s, const struct bx *x)
{
	sql_put(s, "replaceRegexpAll(");
	sql_expr(s, x->args[0]);
	sql_put(s, ", ");
	put_regex(s, x->args[1]);
	sql_put(s, ", ");
	sql_expr(s, x->args[2]);
	sql_put(s, ")");
}

/* The older replace(regex, by, text). */
static void emit_replace(struct sql *s, const struct bx *x)
{
	struct bx *args[3] = { x->args[2], x->args[0], x->args[1] };
	struct bx turned = { .kind = BX_CALL, .type = KQL_STRING, .args = args, .count = 3 };

	emit_replace_regex(s, &turned);
}

/* Whether an occurrence may begin within another: the text begins as it ends. */
static bool may_overlap(const struct bx *x)
{
	if (!bx_is_const(x))
		return true;
	for (uint32_t n = 1; n < x->len; n++)
		if (!memcmp(x->s, x->s + x->len - n, n))
			return true;
	return false;
}

static void emit_countof(struct sql *s, const struct bx *x)
{
	bool regex = x->count > 2 && bx_is_const(x->args[2]) && !strcmp(x->args[2]->s, "regex");

	sql_template(s,
		     regex		       ? "toInt64(countMatches($1, $2))"
		     : may_overlap(x->args[1]) ? "kql_countof($1, $2)"
					       : "toInt64(countSubstrings($1, $2))",
		     x);
}

/* Numbers of characters, alone or as arrays. */
static void emit_from_codes(struct sql *s, const struct bx *x)
{
	sql_put(s, "kql_from_codes(arrayConcat(");
	for (uint32_t i = 0; i < x->count; i++) {
		bool array = x->args[i]->type == KQL_DYNAMIC;

		sql_put(s, i ? ", " : "");
		sql_put(s, array ? "arrayMap(c -> toInt64OrZero(c), kql_elements(" : "[toInt64(");
		sql_expr_filled(s, x->args[i]);
		sql_put(s, array ? "))" : ")]");
	}
	sql_put(s, "))");
}

/* clang-format off */
static const struct func items[] = {
	{ "matches(text: string, regex: string) bool!", NULL, "Whether the regular expression (RE2) matches somewhere.", 0, emit_matches },
	{ "strlen(source: string) long", "lengthUTF8($1)", "Number of characters.", FUNC_NAME_PREFIX },
	{ "string_size(source: string) long", "length($1)", "Number of bytes.", FUNC_NAME_PREFIX },
	{ "tolower(source: text) string", "lowerUTF8($1)", "In lower case." },
	{ "toupper(source: text) string", "upperUTF8($1)", "In upper case." },
	{ "substring(source: text, start: long) string", "kql_substring($1, $2, 4294967295)", "From a place (0 is the first) to the end." },
	{ "substring(source: text, start: long, length: long) string", "kql_substring($1, $2, $3)", "So many characters from a place on." },
	{ "strcat(value: text...) string", "concat($*, '')", "One behind the other." },
	{ "strcat_delim(delimiter: text, value: text...) string", "arrayStringConcat([$2*], $1)", "One behind the other with a delimiter between." },
	{ "strrep(value: text, count: long) string", "repeat($1, $2)", "The text several times." },
	{ "strrep(value: text, count: long, delimiter: text) string", "arrayStringConcat(arrayWithConstant($2, $1), $3)", "The text several times with a delimiter between." },
	{ "strcmp(a: text, b: text) long", "multiIf($1 < $2, -1, $1 > $2, 1, 0)", "-1, 0 or 1 as the first comes before the second." },
	{ "reverse(source: text) string", "reverseUTF8($1)", "Last character first." },
	{ "trim(regex: string, source: string) string", "replaceRegexpAll($2, concat('^(?:', $1, ')|(?:', $1, ')$$'), '')", "Without what matches at both ends." },
	{ "trim_start(regex: string, source: string) string", "replaceRegexpOne($2, concat('^(?:', $1, ')'), '')", "Without what matches at the beginning." },
	{ "trim_end(regex: string, source: string) string", "replaceRegexpOne($2, concat('(?:', $1, ')$$'), '')", "Without what matches at the end." },
	{ "replace_string(text: string, lookup: string, rewrite: string) string", "replaceAll($1, $2, $3)", "With each occurrence replaced." },
	{ "replace_regex(source: string, regex: string, rewrite: string) string", NULL, "With each match replaced; \\1 is a group.", 0, emit_replace_regex },
	{ "replace(regex: string, rewrite: string, source: string) string", NULL, "replace_regex.", FUNC_LEGACY, emit_replace },
	{ "replace_strings(text: string, lookups: dynamic, rewrites: dynamic) string", "kql_replace_many($1, $2!, $3!)", "With each occurrence of each replaced." },
	{ "translate(from: string, to: string, text: string) string", "kql_translate($3, extractAll($1, '(?s).'), extractAll($2, '(?s).'))", "With characters replaced by others." },
	{ "split(source: text, delimiter: text) dynamic", "kql_array(arrayMap(p -> kql_quote(p), if(empty($2), [$1], splitByString($2, $1))))", "The parts between delimiters.", FUNC_NAME_ARG },
	{ "split(source: text, delimiter: text, index: long) dynamic", "kql_array(arrayMap(p -> kql_quote(p), arraySlice(splitByString($2, $1), toInt32($3) + 1, 1)))", "One of the parts between delimiters, as an array.", FUNC_NAME_ARG },
	{ "extract(regex: string, group: long, source: string) string", NULL, "What a group of the regular expression matches.", 0, emit_extract },
	{ "extract_all(regex: string, source: string) dynamic?", NULL, "What the groups match, for each match.", 0, emit_extract_all },
	{ "extract_all(regex: string, groups: dynamic, source: string) dynamic?", NULL, "What some of the groups match, for each match.", 0, emit_extract_all },
	{ "extractall(regex: string, source: string) dynamic?", NULL, "extract_all.", FUNC_LEGACY, emit_extract_all },
	{ "extractall(regex: string, groups: dynamic, source: string) dynamic?", NULL, "extract_all.", FUNC_LEGACY, emit_extract_all },
	{ "indexof(source: text, lookup: text) long", "(positionUTF8($1, $2) - 1)", "Place of the first occurrence, or -1." },
	{ "indexof(source: text, lookup: text, start: long) long", "kql_indexof($1, $2, $3, -1, 1)", "Place of the first occurrence from a place on." },
	{ "indexof(source: text, lookup: text, start: long, length: long) long?", "kql_indexof($1, $2, $3, $4, 1)", "Place of the first occurrence within." },
	{ "indexof(source: text, lookup: text, start: long, length: long, occurrence: long) long?", "kql_indexof($1, $2, $3, $4, $5)", "Place of the n-th occurrence within." },
	{ "indexof_regex(source: text, regex: string) long", "kql_indexof_regex($1, $2, 0, -1, 1)", "Place of the first match, or -1." },
	{ "indexof_regex(source: text, regex: string, start: long) long?", "kql_indexof_regex($1, $2, $3, -1, 1)", "Place of the first match from a place on, or -1." },
	{ "indexof_regex(source: text, regex: string, start: long, length: long) long?", "kql_indexof_regex($1, $2, $3, $4, 1)", "Place of the first match within, or -1." },
	{ "indexof_regex(source: text, regex: string, start: long, length: long, occurrence: long) long?", "kql_indexof_regex($1, $2, $3, $4, $5)", "Place of the n-th match within, or -1." },
	{ "countof(source: string, search: string) long", NULL, "Number of occurrences, which may overlap.", 0, emit_countof },
	{ "countof(source: string, search: string, kind: string!) long", NULL, "Number of occurrences, or with \"regex\" of matches.", 0, emit_countof },
	{ "has_any_index(source: string, values: dynamic) long", "(arrayFirstIndex(v -> kql_has($1, kql_text(v)), kql_items($2!)) - 1)", "Place of the first term that the text has, or -1." },
	{ "regex_quote(source: text) string", "regexpQuoteMeta($1)", "With what is special in regular expressions escaped." },
	{ "isempty(value: string) bool!", "empty($1)", "Whether the text is empty." },
	{ "isempty(value: any) bool!", "isNull($1)", "Whether there is no value." },
	{ "isnotempty(value: string) bool!", "notEmpty($1)", "Whether the text is not empty." },
	{ "isnotempty(value: dynamic) bool!", "notEmpty(ifNull(kql_text($1), ''))", "Whether there is a value." },
	{ "isnotempty(value: any) bool!", "isNotNull($1)", "Whether there is a value." },
	{ "notempty(value: string) bool!", "notEmpty($1)", "isnotempty.", FUNC_LEGACY },
	{ "notempty(value: any) bool!", "isNotNull($1)", "isnotempty.", FUNC_LEGACY },
	{ "isascii(value: text) bool!", "isASCII($1)", "Whether all is ASCII." },
	{ "isutf8(value: text) bool!", "isValidUTF8($1)", "Whether the bytes are UTF-8." },
	{ "base64_encode_tostring(source: string) string", "base64Encode($1)", "Base64 of the text's bytes." },
	{ "base64_encodestring(source: string) string", "base64Encode($1)", "base64_encode_tostring.", FUNC_LEGACY },
	{ "base64_decode_tostring(source: string) string", "kql_valid(tryBase64Decode($1))", "Text of base64." },
	{ "base64_decodestring(source: string) string", "kql_valid(tryBase64Decode($1))", "base64_decode_tostring.", FUNC_LEGACY },
	{ "base64_decode_toarray(source: string) dynamic?", "kql_bytes(tryBase64Decode($1))", "Bytes of base64." },
	{ "base64_encode_fromarray(source: dynamic) string", "base64Encode(arrayStringConcat(arrayMap(b -> char(toUInt8OrZero(b)), kql_elements($1!))))", "Base64 of bytes." },
	{ "base64_decode_toguid(source: string) guid?", "kql_guid_bytes(tryBase64Decode($1))", "A guid of base64." },
	{ "base64_encode_fromguid(source: guid) string", "base64Encode(kql_bytes_guid($1))", "Base64 of a guid." },
	{ "url_encode(source: string) string", "replaceAll(kql_url($1), '%20', '+')", "With what is special in addresses escaped." },
	{ "url_encode_component(source: string) string", "kql_url($1)", "With what is special in parts of addresses escaped." },
	{ "url_decode(source: string) string", "decodeURLFormComponent($1)", "With escapes of addresses undone." },
	{ "make_string(code: long...) string", "kql_from_codes([$*])", "Characters of their numbers." },
	{ "unicode_codepoints_to_string(codes: dynamic|long...) string", NULL, "Characters of their numbers.", 0, emit_from_codes },
	{ "unicode_codepoints_from_string(source: text) dynamic", "kql_array(arrayMap(c -> toString(kql_code(c)), extractAll($1, '(?s).')))", "The numbers of characters." },
	{ "to_utf8(source: text) dynamic", "kql_array(arrayMap(c -> toString(kql_code(c)), extractAll($1, '(?s).')))", "The numbers of characters.", FUNC_LEGACY },
};
/* clang-format on */
const struct func_family fn_strings = { "Text", items, ARRAY_SIZE(items) };
