/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_library.c - functions and plugins that are written as queries: FileProfile, SeenBy,
 * sliding_window_counts, active_users_count, schema_merge
 *
 * What the reference's service knows of files from all its customers, these tell from this tenant's
 * own events. Columns that would need its knowledge (signers, threats) are empty.
 */
#include <string.h>

#include "kql/bind_evaluate.h"
#include "kql/parse.h"

/* A name of the query that stands as a name in a text is of these alone. */
#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

/* %1 of a text is the first of the values, and so on. */
static const char *filled(struct binder *b, const char *text, const char *const *values)
{
	struct buf out = BUF_INIT(KQL_TEXT_MAX);
	const char *copy = NULL;

	for (; *text; text++) {
		if (*text == '%' && text[1] >= '1' && text[1] <= '9')
			buf_append_str(&out, values[*++text - '1']);
		else
			buf_append_byte(&out, (uint8_t)*text);
	}
	if (!buf_error(&out))
		copy = arena_strndup(b->arena, out.data, out.len);
	buf_done(&out);
	return copy;
}

/* 1: the column of the input with the hash; 2: the hash's column in the events */
static const char file_profile[] =
    "let F = (T:(*)) { T\n"
    "| lookup kind=leftouter (\n"
    "    union (DeviceProcessEvents | project __hash = %2, DeviceId, Timestamp),\n"
    "        (DeviceFileEvents | project __hash = %2, DeviceId, Timestamp)\n"
    "    | where isnotempty(__hash)\n"
    "    | summarize GlobalPrevalence = dcount(DeviceId), GlobalFirstSeen = min(Timestamp),\n"
    "        GlobalLastSeen = max(Timestamp) by __hash\n"
    ") on $left.%1 == $right.__hash\n"
    "| extend Signer = '', Issuer = '', SignerHash = '', IsCertificateValid = bool(null),\n"
    "    IsRootSignerMicrosoft = bool(null), SignatureState = 'Unknown', IsExecutable = "
    "bool(null),\n"
    "    ThreatName = '', Publisher = '', SoftwareName = '',\n"
    "    ProfileAvailability = iff(isnull(GlobalPrevalence), 'Missing', 'Available') };";

static const char seen_by[] = "let F = (T:(*)) { T | extend SeenBy = dynamic([]) };";

bool bind_is_library(const char *name)
{
	return !strcmp(name, "FileProfile") || !strcmp(name, "SeenBy");
}

/* The first argument names a column, as a name or as text; SHA1 where there is none. */
static const struct output *hash_column(struct binder *b, const struct ast *call,
					const struct table *input)
{
	const struct ast *a = ast_kid(call, 0);
	const char *name =
	    a && (a->kind == AST_NAME || (a->kind == AST_LITERAL && a->type == KQL_STRING))
		? a->text
		: "SHA1";
	const struct output *out = table_find(input, name);

	if (!out) {
		diag_add(b->diags, DIAG_NAME, a ? a->span : call->span,
			 "there is no column '%s' for FileProfile", name);
		diag_expected(b->diags,
			      "a column of hashes: SHA1, SHA256, InitiatingProcessSHA1, ...");
	} else if (out->column->type != KQL_STRING) {
		diag_add(b->diags, DIAG_TYPE, call->span, "FileProfile of a %s",
			 kql_type_name(out->column->type));
		diag_expected(b->diags, "a column of hashes as text");
		return NULL;
	}
	return out;
}

static const char *library_text(struct binder *b, const struct ast *call, const struct table *input)
{
	const struct output *out;

	if (!strcmp(call->text, "SeenBy"))
		return seen_by;
	out = hash_column(b, call, input);
	if (!out)
		return NULL;
	if (strspn(out->name, PLAIN) != strlen(out->name)) {
		diag_add(b->diags, DIAG_NAME, call->span, "FileProfile of a column '%s'",
			 out->name);
		diag_expected(b->diags, "a column whose name is letters, digits and _");
		return NULL;
	}
	return filled(
	    b, file_profile,
	    (const char *const[]){ out->name, strstr(out->name, "256") ? "SHA256" : "SHA1" });
}

/* Binds the function F of the text, with input as its first argument and args behind it. */
static bool bind_text(struct binder *b, const char *text, const struct ast *call, struct ast **args,
		      uint32_t count, const struct table *input, struct table *ret)
{
	struct ast invoked = { .kind = AST_CALL,
			       .text = "F",
			       .text_len = 1,
			       .span = call->span,
			       .kids = args,
			       .count = count };
	struct diag_list quiet = { .arena = b->arena, .source = text, .source_len = strlen(text) };
	struct table *copy = arena_new(b->arena, struct table);
	struct entry e = { .name = "F", .kind = ENTRY_FUNCTION };
	struct token_list tokens;
	const struct ast *block;

	if (!copy || token_scan(&quiet, text, strlen(text), &tokens) < 0)
		return false;
	block = parse_query(&quiet, &tokens);
	if (!block || quiet.failed || !block->count || !block->kids[0]->count)
		return false;
	*copy = *input;
	/* e.scope is none: nothing of the query's own is in reach of the text. */
	e.tree = block->kids[0]->kids[0];
	return bind_user_table(b, &invoked, &e, copy, ret);
}

bool bind_library(struct binder *b, const struct ast *call, const struct table *input,
		  struct table *ret)
{
	const char *text = bind_is_library(call->text) ? library_text(b, call, input) : NULL;

	return text && bind_text(b, text, call, NULL, 0, input, ret);
}

/* Name of a column that can stand in a text; NULL after a complaint. */
static const struct output *plain_column(struct binder *b, const struct ast *a,
					 const struct table *input)
{
	const struct output *out = a && a->kind == AST_NAME ? table_find(input, a->text) : NULL;

	if (out && strspn(a->text, PLAIN) == strlen(a->text))
		return out;
	if (a && a->kind != AST_BAD) {
		diag_add(b->diags, DIAG_NAME, a->span, "this is no column of the table");
		diag_expected(b->diags, "the name of a column: letters, digits and _");
	}
	return NULL;
}

/*
 * Plugins over a time line. In the texts stand: 1 the column with ids, 2 the one with times, 3 the
 * columns to keep apart, each with a comma before it, 4 the type of times and 5 of what is between
 * two, 6 the bin of a row's time and 7 the type of the last argument.
 */
static const struct timeline {
	const char *name;
	uint32_t args; /* with id and time */
	const char *wanted, *text;
} timelines[] = {
	/* Counts of a window that moves by steps: each row counts in all windows that it is in. */
	{ "sliding_window_counts", 6,
	  "id, time, start, end, window, step, and columns to keep apart",
	  "let F = (T:(*), s:%4, e:%4, w:%5, g:%7) { T\n"
	  "| extend __first = bin_at(%2, g, s)\n"
	  "| extend %2 = range(__first, __first + w - g, g)\n"
	  "| mv-expand %2 to typeof(%4)\n"
	  "| where %2 >= s and %2 <= e\n"
	  "| summarize Count = count(), ['dcount'] = dcount(%1) by %2%3 };" },
	/* An id counts where it was seen in so many periods of the window before. */
	{ "active_users_count", 8,
	  "id, time, start, end, window, period, number of periods, bin, and columns to keep apart",
	  "let F = (T:(*), s:%4, e:%4, w:%5, p:%5, n:long, g:%7) {\n"
	  "let A = T | where %2 >= s - w and %2 <= e | distinct %1, %2%3;\n"
	  "A | where %2 >= s\n"
	  "| join kind=inner (A | extend __seen = %2) on %1%3\n"
	  "| where __seen > %2 - w and __seen <= %2\n"
	  "| summarize __periods = count_distinct(bin_at(__seen, p, s)) by %1, %2%3\n"
	  "| where __periods >= n\n"
	  "| summarize ['dcount'] = count_distinct(%1) by %2 = %6%3 };" },
};

/* The bin of a time: by a step that is the argument g, or the week, month or year by its name. */
static const char *bin_of(struct binder *b, const struct ast *bin, const char *time,
			  const char **ret_type)
{
	static const char *const names[] = { "week", "month", "year" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!ast_is(bin, AST_LITERAL, names[i]))
			continue;
		*ret_type = "string";
		return arena_printf(b->arena, "startof%s(%s)", names[i], time);
	}
	return arena_printf(b->arena, "bin_at(%s, g, s)", time);
}

static bool bind_timeline(struct binder *b, const struct timeline *l, const struct ast *call,
			  struct table *t)
{
	const struct output *id, *time;
	const char *more = "", *between, *last, *bin, *text;
	struct table result = { 0 };

	if (call->count < l->args) {
		diag_add(b->diags, DIAG_ARGUMENTS, call->span, "%s() with %u arguments", call->text,
			 call->count);
		diag_expected(b->diags, "%s", l->wanted);
		return false;
	}
	id = plain_column(b, call->kids[0], t);
	time = plain_column(b, call->kids[1], t);
	for (uint32_t i = l->args; i < call->count && more; i++) {
		const struct output *key = plain_column(b, call->kids[i], t);

		more = key ? arena_printf(b->arena, "%s, %s", more, key->name) : NULL;
	}
	if (!id || !time || !more)
		return false;
	last = between =
	    time->column->type == KQL_DATETIME ? "timespan" : kql_type_name(time->column->type);
	bin = bin_of(b, call->kids[l->args - 1], time->name, &last);
	if (!bin)
		return false;
	text =
	    filled(b, l->text,
		   (const char *const[]){ id->name, time->name, more,
					  kql_type_name(time->column->type), between, bin, last });
	if (!text || !bind_text(b, text, call, call->kids + 2, l->args - 2, t, &result))
		return false;
	*t = result;
	return true;
}

static const char schema_merge[] =
    "let F = (T:(*), keep:bool) { T\n"
    "| summarize __first = min(ColumnOrdinal), __last = max(ColumnOrdinal),\n"
    "    __types = make_set(ColumnType), __data = take_any(DataType) by ColumnName\n"
    "| extend __good = not(keep) or __first == __last\n"
    "| extend __wide = case(array_length(__types) == 1, tostring(__types[0]),\n"
    "    array_length(set_difference(__types, dynamic(['int', 'long']))) == 0, 'long',\n"
    "    array_length(set_difference(__types, dynamic(['int', 'long', 'real']))) == 0, 'real',\n"
    "    array_length(set_difference(__types, dynamic(['int', 'long', 'decimal']))) == 0, "
    "'decimal', '')\n"
    "| extend ColumnType = case(not(__good), 'ERROR(columns are out of order)',\n"
    "    __wide == '', 'ERROR(types are incompatible)', __wide)\n"
    "| extend DataType = case(array_length(__types) == 1 and __good, __data,\n"
    "    ColumnType == 'long', 'System.Int64', ColumnType == 'real', 'System.Double',\n"
    "    ColumnType == 'decimal', 'System.Data.SqlTypes.SqlDecimal',\n"
    "    strcat('ERROR(unknown CSL type:', ColumnType, ')'))\n"
    "| sort by __good desc, __last asc, ColumnName asc\n"
    "| project ColumnName, ColumnOrdinal = iff(__good, row_number(0), -1), DataType, ColumnType };";

static bool bind_schema_merge(struct binder *b, const struct ast *call, struct table *t)
{
	struct ast yes = { .kind = AST_LITERAL,
			   .type = KQL_BOOL,
			   .text = "true",
			   .text_len = 4,
			   .span = call->span };
	struct ast *keep = (struct ast *)evaluate_argument(call, 0, "PreserveOrder");
	static const char *const columns[] = { "ColumnName", "ColumnOrdinal", "DataType",
					       "ColumnType" };
	struct table result = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		if (table_find(t, columns[i]))
			continue;
		diag_add(b->diags, DIAG_NAME, call->span, "schema_merge() of a table without '%s'",
			 columns[i]);
		diag_expected(b->diags, "what getschema gives");
		return false;
	}
	if (!keep)
		keep = &yes;
	if (!bind_text(b, schema_merge, call, &keep, 1, t, &result))
		return false;
	*t = result;
	return true;
}

bool bind_library_plugin(struct binder *b, const struct ast *op, const struct ast *call,
			 struct table *t)
{
	(void)op;
	for (size_t i = 0; i < ARRAY_SIZE(timelines); i++)
		if (!strcmp(call->text, timelines[i].name))
			return bind_timeline(b, &timelines[i], call, t);
	return bind_schema_merge(b, call, t);
}
