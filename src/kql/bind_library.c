/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_library.c - FileProfile and SeenBy: functions over tables that are written as queries
 *
 * What the reference's service knows of files from all its customers, these tell from this tenant's
 * own events. Columns that would need its knowledge (signers, threats) are empty.
 */
#include <string.h>

#include "kql/bind.h"
#include "kql/parse.h"

/* %s: the column of the input with the hash, in brackets; %s: the hash's column in the events */
static const char file_profile[] =
    "let F = (T:(*)) { T\n"
    "| lookup kind=leftouter (\n"
    "    union (DeviceProcessEvents | project __hash = %2$s, DeviceId, Timestamp),\n"
    "        (DeviceFileEvents | project __hash = %2$s, DeviceId, Timestamp)\n"
    "    | where isnotempty(__hash)\n"
    "    | summarize GlobalPrevalence = dcount(DeviceId), GlobalFirstSeen = min(Timestamp),\n"
    "        GlobalLastSeen = max(Timestamp) by __hash\n"
    ") on $left.%1$s == $right.__hash\n"
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
	/* A name of the query stands as a name here: one that could not is refused. */
	for (const char *c = out->name; *c; c++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", *c))
			return NULL;
	return arena_printf(b->arena, file_profile, out->name,
			    strstr(out->name, "256") ? "SHA256" : "SHA1");
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
static const char *plain_column(struct binder *b, const struct ast *a, const struct table *input)
{
	const struct output *out = a && a->kind == AST_NAME ? table_find(input, a->text) : NULL;

	if (!out ||
	    strspn(a->text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") !=
		strlen(a->text)) {
		if (a)
			diag_add(b->diags, DIAG_NAME, a->span, "this is no column of the table");
		return NULL;
	}
	return out->name;
}

/* Counts of a window that moves by steps: each row counts in all windows that it is in. */
static const char sliding_counts[] =
    "let F = (T:(*), s:datetime, e:datetime, w:timespan, g:timespan) { T\n"
    "| extend __first = bin_at(%2$s, g, s)\n"
    "| extend %2$s = range(__first, __first + w - g, g)\n"
    "| mv-expand %2$s to typeof(datetime)\n"
    "| where %2$s >= s and %2$s <= e\n"
    "| summarize Count = count(), ['dcount'] = dcount(%1$s) by %2$s%3$s };";

bool bind_sliding_counts(struct binder *b, const struct ast *call, struct table *t)
{
	const char *id, *time, *more = "", *text;
	struct table result = { 0 };

	if (call->count < 6) {
		diag_add(b->diags, DIAG_ARGUMENTS, call->span, "%s() with %u arguments", call->text,
			 call->count);
		diag_expected(b->diags,
			      "id, time, start, end, window, step, and columns to keep apart");
		return false;
	}
	id = plain_column(b, call->kids[0], t);
	time = plain_column(b, call->kids[1], t);
	for (uint32_t i = 6; i < call->count && more; i++) {
		const char *name = plain_column(b, call->kids[i], t);

		more = name ? arena_printf(b->arena, "%s, %s", more, name) : NULL;
	}
	if (!id || !time || !more)
		return false;
	text = arena_printf(b->arena, sliding_counts, id, time, more);
	if (!text || !bind_text(b, text, call, call->kids + 2, 4, t, &result))
		return false;
	*t = result;
	return true;
}
