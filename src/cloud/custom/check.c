/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.c - whether a draft may become a rule
 *
 * The compiler says what is wrong with the query. Here is looked at what a rule needs beside:
 * columns that say when, where and which row, and that all that names a column names one of the
 * answer's. learn.microsoft.com/defender-xdr/custom-detection-rules, "Required columns".
 */
#include <errno.h>
#include <string.h>

#include "base/near.h"
#include "cloud/custom/custom_internal.h"
#include "cloud/custom/result.h"
#include "cloud/custom/schedule.h"
#include "cloud/custom/text.h"

#define PROBLEMS_BYTES_MAX (1u << 20)

void custom_problems_init(struct custom_problems *p)
{
	arena_init(&p->arena, PROBLEMS_BYTES_MAX);
	p->count = p->column_count = 0;
}

void custom_problems_done(struct custom_problems *p)
{
	arena_done(&p->arena);
}

/* NULL where the list is full. */
static struct custom_problem *add(struct custom_problems *p, const char *field, const char *code)
{
	struct custom_problem *problem = &p->list[p->count];

	if (p->count == CUSTOM_PROBLEMS_MAX)
		return NULL;
	*problem = (struct custom_problem){ .field = field, .code = code, .line = 1, .column = 1 };
	p->count++;
	return problem;
}

static void take_diagnostics(struct custom_problems *p, const struct kql_query *q)
{
	const struct kql_diagnostic *list;
	size_t count = kql_query_diagnostics(q, &list);

	for (size_t i = 0; i < count; i++) {
		struct custom_problem *problem = add(p, CUSTOM_FIELD_QUERY, list[i].code);

		if (!problem)
			return;
		problem->message = arena_strdup(&p->arena, list[i].message);
		problem->expected =
		    list[i].expected ? arena_strdup(&p->arena, list[i].expected) : NULL;
		problem->suggestion =
		    list[i].suggestion ? arena_strdup(&p->arena, list[i].suggestion) : NULL;
		problem->offset = list[i].offset;
		problem->length = list[i].length;
		problem->line = list[i].line;
		problem->column = list[i].column;
	}
}

static void take_columns(struct custom_problems *p, const struct kql_query *q)
{
	const struct kql_column *columns;
	size_t count = kql_query_columns(q, &columns);

	for (size_t i = 0; i < count && i < CUSTOM_COLUMNS_MAX; i++) {
		p->columns[p->column_count] = arena_strdup(&p->arena, columns[i].name);
		p->column_count += p->columns[p->column_count] != NULL;
	}
}

static bool has_column(const struct custom_problems *p, const char *name, size_t len)
{
	for (unsigned int i = 0; i < p->column_count; i++)
		if (strlen(p->columns[i]) == len && memcmp(p->columns[i], name, len) == 0)
			return true;
	return false;
}

static bool has(const struct custom_problems *p, const char *name)
{
	return has_column(p, name, strlen(name));
}

/* Whether all tables that the query reads lack what a row is told from others by. */
static bool needs_report_id(const struct kql_query *q)
{
	const struct kql_table *tables[64];
	size_t count = kql_query_tables(q, tables, ARRAY_SIZE(tables));

	for (size_t i = 0; i < MIN(count, ARRAY_SIZE(tables)); i++)
		for (size_t k = 0; k < tables[i]->column_count; k++)
			if (strcmp(tables[i]->columns[k].name, "ReportId") == 0)
				return true;
	return false;
}

static void missing(struct custom_problems *p, const char *message, const char *expected)
{
	struct custom_problem *problem = add(p, CUSTOM_FIELD_QUERY, "MissingColumn");

	if (!problem)
		return;
	problem->message = message;
	problem->expected = expected;
}

static bool names_an_entity(const struct custom_problems *p)
{
	for (const char *const *name = result_entity_columns; *name; name++)
		if (has(p, *name))
			return true;
	return false;
}

static void check_columns(struct custom_problems *p, const struct kql_query *q)
{
	if (!has(p, "Timestamp") && !has(p, "TimeGenerated"))
		missing(p, "the result has no column Timestamp: an alert needs to know when",
			"Timestamp in project, or of the newest event: "
			"summarize arg_max(Timestamp, ReportId) by DeviceId");
	if (needs_report_id(q) && !has(p, "ReportId"))
		missing(p, "the result has no column ReportId, by which its row is found again",
			"ReportId in project, or of the newest event: "
			"summarize arg_max(Timestamp, ReportId) by DeviceId");
	if (!names_an_entity(p))
		missing(p, "no column of the result says which device or user is impacted",
			"DeviceId, DeviceName, or another column of a device or user");
}

/* One complaint about a name that is no column, with the nearest that is. */
static void no_column(struct custom_problems *p, struct custom_problem *problem, const char *name,
		      size_t len)
{
	char word[NEAR_WORD_MAX];
	struct near near = { .word = word };

	if (!problem)
		return;
	snprintf(word, sizeof(word), "%.*s", (int)MIN(len, sizeof(word) - 1), name);
	for (unsigned int i = 0; i < p->column_count; i++)
		near_offer(&near, p->columns[i]);
	problem->message = arena_printf(&p->arena, "the result has no column '%s'", word);
	problem->expected = "a column of the query's result";
	problem->suggestion = near.best;
}

/* Line and column are told in characters, as the query's are. */
static void set_place(struct custom_problem *problem, const char *text, size_t offset,
		      size_t length)
{
	problem->offset = (uint32_t)offset;
	problem->length = (uint32_t)length;
	for (size_t i = 0; i < offset; i++) {
		if (text[i] == '\n') {
			problem->line++;
			problem->column = 1;
		} else if (((unsigned char)text[i] & 0xc0) != 0x80) {
			problem->column++;
		}
	}
}

static void check_text(struct custom_problems *p, const char *field, const char *text)
{
	struct text_place place;

	for (size_t at = 0; text_next(text, at, &place); at = place.offset + place.length) {
		struct custom_problem *problem;

		if (has_column(p, text + place.name, place.name_len))
			continue;
		problem = add(p, field, "UnknownColumn");
		no_column(p, problem, text + place.name, place.name_len);
		if (problem)
			set_place(problem, text, place.offset, place.length);
	}
}

static bool is_asset(enum custom_kind kind)
{
	return kind == CUSTOM_DEVICE || kind == CUSTOM_USER || kind == CUSTOM_MAILBOX;
}

static void check_entities(struct custom_problems *p, const struct custom_draft *d)
{
	for (unsigned int i = 0; i < d->entity_count; i++) {
		const struct custom_entity *e = &d->entities[i];

		if (!has(p, e->column))
			no_column(
			    p,
			    add(p, is_asset(e->kind) ? CUSTOM_FIELD_ASSETS : CUSTOM_FIELD_RELATED,
				"UnknownColumn"),
			    e->column, strlen(e->column));
	}
}

/* The reference takes one column for each kind of impacted asset. */
static void check_kinds(struct custom_problems *p, const struct custom_draft *d)
{
	unsigned int seen[CUSTOM_ADDRESS + 1] = { 0 };

	for (unsigned int i = 0; i < d->entity_count; i++) {
		struct custom_problem *problem;

		if (!is_asset(d->entities[i].kind) || seen[d->entities[i].kind]++ != 1)
			continue;
		problem = add(p, CUSTOM_FIELD_ASSETS, "TooManyAssets");
		if (problem) {
			problem->message = arena_printf(&p->arena, "more than one impacted %s",
							custom_kinds[d->entities[i].kind]);
			problem->expected = "one column for each kind";
		}
	}
}

static int compile(struct custom *c, const struct custom_caller *who, const struct custom_draft *d,
		   struct hunt_run **ret_run, struct err *err)
{
	const struct hunt_request request = {
		.text = d->query,
		.len = strlen(d->query),
		.tenant_id = who->tenant_id,
		.principal_id = who->principal_id,
		.compile_only = !who->asks_store,
		.continuous = d->period_s == SCHEDULE_CONTINUOUS_S,
	};

	return hunt_begin(c->options.hunt, &request, ret_run, err);
}

int custom_check(struct custom *c, const struct custom_caller *who,
		 const struct custom_draft *draft, struct custom_problems *problems,
		 struct err *err)
{
	_cleanup_(hunt_endp) struct hunt_run *run = NULL;
	int r = compile(c, who, draft, &run, err);

	if (r < 0 && !run)
		return r;
	take_diagnostics(problems, hunt_run_query(run));
	if (r == 0) {
		take_columns(problems, hunt_run_query(run));
		check_columns(problems, hunt_run_query(run));
		check_text(problems, CUSTOM_FIELD_TITLE, draft->title);
		check_text(problems, CUSTOM_FIELD_DESCRIPTION, draft->description);
		check_entities(problems, draft);
	}
	check_kinds(problems, draft);
	for (unsigned int i = 0; i < problems->count; i++)
		if (!problems->list[i].message)
			return err_setf(err, -ENOMEM, "out of memory");
	return problems->count ? -EINVAL : 0;
}
