/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/logs/audit_group.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "sensor/logs/audit_record.h"

#define RECORDS_MAX 64u /* of one event; beyond it the event is two */
#define TEXT_MAX (2u << 20)
#define FIELDS_TEXT_MAX (1u << 20)

struct held {
	size_t at, len;
	struct log_line line;
};

struct audit_group {
	struct buf text, fields;
	struct held held[RECORDS_MAX];
	unsigned int count;
	int64_t serial, since_ns;
	uint64_t malformed;
	struct audit_record record, shared; /* large */
};

int audit_group_new(struct audit_group **ret_group)
{
	struct audit_group *g = calloc(1, sizeof(*g));

	if (!g)
		return -ENOMEM;
	buf_init(&g->text, TEXT_MAX);
	buf_init(&g->fields, FIELDS_TEXT_MAX);
	*ret_group = g;
	return 0;
}

void audit_group_free(struct audit_group *g)
{
	if (!g)
		return;
	buf_done(&g->text);
	buf_done(&g->fields);
	free(g);
}

static bool is_type(const struct audit_record *r, const char *type)
{
	return r->type.len == strlen(type) && !memcmp(r->type.s, type, r->type.len);
}

/* The record that says who did it; NULL: none does. */
static const struct audit_record *find_shared(struct audit_group *g)
{
	for (unsigned int i = 0; i < g->count; i++)
		if (audit_record_parse(g->text.data + g->held[i].at, g->held[i].len, &g->shared) == 0 &&
		    is_type(&g->shared, "SYSCALL"))
			return &g->shared;
	return NULL;
}

static int64_t pid_of(const struct audit_record *r, const struct audit_record *shared)
{
	const struct audit_field_text *f = audit_record_field(r, "pid");
	char digits[12] = "";

	if (!f && shared)
		f = audit_record_field(shared, "pid");
	if (f && f->value.len < sizeof(digits))
		memcpy(digits, f->value.s, f->value.len);
	return strtol(digits, NULL, 10);
}

static void hand_on(struct audit_group *g, const struct held *h, const struct audit_record *shared,
		    audit_line_fn fn, void *arg)
{
	struct audit_record *r = &g->record;
	struct log_line line = h->line;

	line.message = (struct log_text){ g->text.data + h->at, h->len };
	/* The end of an event says nothing more. */
	if (audit_record_parse(line.message.s, line.message.len, r) < 0 || is_type(r, "EOE"))
		return;
	buf_clear(&g->fields);
	if (audit_record_print(r, shared, &g->fields) == 0)
		line.fields = (struct log_text){ g->fields.data, g->fields.len };
	line.type = r->type;
	line.serial = r->serial;
	line.time_ns = r->time_ns;
	line.pid = pid_of(r, shared);
	fn(arg, &line);
}

void audit_group_flush(struct audit_group *g, audit_line_fn fn, void *arg)
{
	const struct audit_record *shared = find_shared(g);

	for (unsigned int i = 0; i < g->count; i++)
		hand_on(g, &g->held[i], shared, fn, arg);
	g->count = 0;
	g->since_ns = 0;
	buf_clear(&g->text);
}

void audit_group_add(struct audit_group *g, const struct log_line *line, audit_line_fn fn, void *arg)
{
	struct held *h;

	if (audit_record_parse(line->message.s, line->message.len, &g->record) < 0) {
		g->malformed++;
		audit_group_flush(g, fn, arg);
		fn(arg, line);
		return;
	}
	if (g->count && (g->record.serial != g->serial || g->count == RECORDS_MAX))
		audit_group_flush(g, fn, arg);
	if (!g->count)
		g->since_ns = clock_boottime_ns();
	g->serial = g->record.serial;
	h = &g->held[g->count];
	*h = (struct held){ g->text.len, line->message.len, *line };
	/* 64 lines of at most 16 KiB always fit. */
	if (buf_append(&g->text, line->message.s, line->message.len) == 0)
		g->count++;
}

int64_t audit_group_since(const struct audit_group *g)
{
	return g->since_ns;
}

uint64_t audit_group_malformed(const struct audit_group *g)
{
	return g->malformed;
}
