/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/incident/copies.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/native.h"

#define BLOCK_MAX (64u << 20)

struct due {
	char tenant_id[64], alert_id[64];
};

struct due_list {
	struct due alerts[COPIES_ALERTS_MAX];
	unsigned int count;
	int64_t last; /* of alert_due that the list covers */
};

static bool is_listed(const struct due_list *list, const char *tenant_id, const char *alert_id)
{
	for (unsigned int i = 0; i < list->count; i++)
		if (!strcmp(list->alerts[i].alert_id, alert_id) &&
		    !strcmp(list->alerts[i].tenant_id, tenant_id))
			return true;
	return false;
}

/* The oldest first, each once, until the list is full. */
static int list_due(struct state_conn *c, struct due_list *list, struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(c, &st, err, "SELECT sequence, tenant_id, alert_id FROM alert_due "
					 "ORDER BY sequence LIMIT 1000", "");

	while (r == 0 && (r = state_step(st, err)) == 1) {
		const char *tenant_id = state_text(st, 1), *alert_id = state_text(st, 2);
		struct due *due = &list->alerts[list->count];

		r = 0;
		if (!is_listed(list, tenant_id, alert_id)) {
			if (list->count == COPIES_ALERTS_MAX)
				break;
			snprintf(due->tenant_id, sizeof(due->tenant_id), "%s", tenant_id);
			snprintf(due->alert_id, sizeof(due->alert_id), "%s", alert_id);
			list->count++;
		}
		list->last = state_int(st, 0);
	}
	return r;
}

/* Texts are the row's: good until its statement steps on. */
static void take_row(const struct event_table *table, struct state_stmt *st, struct event *e)
{
	int column = 2;

	memset(e->set, 0, sizeof(e->set));
	e->table = table;
	for (unsigned int i = 0; i < table->field_count; i++) {
		const struct event_field *f = &table->fields[i];

		if (!(f->flags & EVENT_FIELD_STORED))
			continue;
		if (f->type == EVENT_STRING || f->type == EVENT_DYNAMIC)
			event_set_str(e, i, state_text(st, column));
		else if (!state_is_null(st, column))
			event_set_int(e, i, state_int(st, column));
		column++;
	}
}

/* The alert's rows of one table. */
static int add_rows(struct state_conn *c, const struct due *due, unsigned int copy,
		    struct native_builder *b, struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	struct native_envelope env = { .tenant_id = due->tenant_id, .boot_id = "", .stream = "",
				       .received_ns = clock_realtime_ns() };
	struct event e = { 0 };
	int r = state_query(c, &st, err, alert_copy_selects[copy], "ss", due->tenant_id,
			    due->alert_id);

	while (r == 0 && (r = state_step(st, err)) == 1) {
		env.device_id = state_text(st, 0);
		env.device_name = state_text(st, 1) ?: "";
		take_row(&event_copies[copy], st, &e);
		r = native_builder_begin(b, &env);
		if (r == 0)
			r = native_builder_add(b, &e);
	}
	return r;
}

static int write_table(struct state_conn *c, struct telemetry *telemetry, unsigned int copy,
		       const struct due_list *list, struct err *err)
{
	_cleanup_(native_builder_freep) struct native_builder *b = NULL;
	_cleanup_buf_ struct buf block = BUF_INIT(BLOCK_MAX);
	char token[64];
	int r = native_builder_new(&event_copies[copy], &b);

	for (unsigned int i = 0; i < list->count && r == 0; i++)
		r = add_rows(c, &list->alerts[i], copy, b, err);
	if (r == 0 && !native_builder_rows(b))
		return 0; /* the alerts went meanwhile */
	if (r == 0)
		r = native_builder_finish(b, &block);
	if (r < 0)
		return r;
	snprintf(token, sizeof(token), "alerts-%" PRId64 "-%" PRId64, list->last,
		 clock_realtime_ns());
	return telemetry_insert(telemetry, event_copies[copy].name, native_builder_columns(b),
				block.data, block.len, token, err);
}

static int forget(struct state_conn *c, const struct due_list *list, struct err *err)
{
	int r = state_begin(c, err);

	if (r == 0)
		r = state_exec(c, err, "DELETE FROM alert_due WHERE sequence <= ?", "i", list->last);
	return state_end(c, r, err);
}

int copies_write(struct state_conn *c, struct telemetry *telemetry, struct err *err)
{
	struct due_list list = { .count = 0 };
	int r = list_due(c, &list, err);

	for (unsigned int i = 0; i < EVENT_COPY_COUNT && list.count && r == 0; i++)
		r = write_table(c, telemetry, i, &list, err);
	if (r == 0 && list.count)
		r = forget(c, &list, err);
	return r < 0 ? r : (int)list.count;
}
