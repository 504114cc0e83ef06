/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/custom/result.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/utf8.h"

#define ANSWER_MAX (64u << 20)
#define KEY_MAX (64u << 10)
#define ENTITY_TEXT_MAX 1024 /* bytes of a value that count in a key */

const char *const result_entity_columns[] = {
	"DeviceId",
	"DeviceName",
	"RemoteDeviceName",
	"RecipientEmailAddress",
	"SenderFromAddress",
	"SenderMailFromAddress",
	"RecipientObjectId",
	"AccountObjectId",
	"AccountSid",
	"AccountUpn",
	"InitiatingProcessAccountSid",
	"InitiatingProcessAccountUpn",
	"InitiatingProcessAccountObjectId",
	NULL,
};

static int find(const struct result_columns *c, const char *name)
{
	for (unsigned int i = 0; i < c->count; i++)
		if (strcmp(c->names[i], name) == 0)
			return (int)i;
	return -1;
}

static bool is_name(const char *column)
{
	size_t len = strlen(column);

	return len >= 4 && strcmp(column + len - 4, "Name") == 0;
}

/* The draft's impacted device, else the usual column. */
static void choose_device(struct result_columns *c, const struct custom_draft *draft)
{
	for (unsigned int i = 0; i < draft->entity_count && c->device < 0; i++) {
		if (draft->entities[i].kind == CUSTOM_DEVICE)
			c->device = find(c, draft->entities[i].column);
	}
	if (c->device < 0)
		c->device = find(c, "DeviceId");
	if (c->device < 0)
		c->device = find(c, "DeviceName");
	c->device_is_name = c->device >= 0 && is_name(c->names[c->device]);
}

void result_columns_of(const struct kql_query *q, const struct custom_draft *draft,
		       struct result_columns *ret_columns)
{
	struct result_columns *c = ret_columns;
	const struct kql_column *columns;
	size_t count = kql_query_columns(q, &columns);

	*c = (struct result_columns){ .device = -1 };
	for (size_t i = 0; i < count && i < CUSTOM_COLUMNS_MAX; i++)
		c->names[c->count++] = columns[i].name;
	c->time = find(c, "Timestamp");
	if (c->time < 0)
		c->time = find(c, "TimeGenerated");
	c->report = find(c, "ReportId");
	choose_device(c, draft);
	for (unsigned int i = 0; i < draft->entity_count; i++) {
		int column = find(c, draft->entities[i].column);

		if (column >= 0 && column != c->device)
			c->entities[c->entity_count++] = column;
	}
}

void results_init(struct results *r)
{
	*r = (struct results){ 0 };
	buf_init(&r->answer, ANSWER_MAX);
}

void results_done(struct results *r)
{
	buf_done(&r->answer);
	free(r->list);
}

/* The line with each byte that is no part of a character as a question mark. */
static json_t *load_mended(const char *line, size_t len)
{
	_cleanup_free_ char *text = malloc(len + 1);

	if (!text)
		return NULL;
	memcpy(text, line, len);
	for (size_t i = 0; i < len;) {
		size_t n = utf8_sequence(text + i, len - i);

		if (!n)
			text[i] = '?';
		i += n ?: 1;
	}
	return json_loadb(text, len, JSON_ALLOW_NUL, NULL);
}

static json_t *load(const char *line, size_t len)
{
	json_t *values = json_loadb(line, len, JSON_ALLOW_NUL, NULL) ?: load_mended(line, len);

	if (json_is_array(values))
		return values;
	json_decref(values);
	return NULL;
}

json_t *result_values(const struct results *r, const struct result *row)
{
	return load(r->answer.data + row->offset, row->len);
}

const char *result_text(const json_t *values, int column, struct arena *arena)
{
	const json_t *value = column < 0 ? NULL : json_array_get(values, (size_t)column);

	if (json_is_string(value))
		return json_string_length(value) ? arena_strdup(arena, json_string_value(value))
						 : NULL;
	if (json_is_integer(value))
		return arena_printf(arena, "%lld", (long long)json_integer_value(value));
	if (json_is_real(value))
		return arena_printf(arena, "%.15g", json_real_value(value));
	if (json_is_boolean(value))
		return json_is_true(value) ? "true" : "false";
	return NULL;
}

const char *result_fill(void *filling, const char *name, size_t len)
{
	const struct result_filling *f = filling;

	for (unsigned int i = 0; i < f->columns->count; i++)
		if (strlen(f->columns->names[i]) == len && !memcmp(f->columns->names[i], name, len))
			return result_text(f->values, (int)i, f->arena);
	return NULL;
}

static int64_t number_of(const json_t *value)
{
	return json_is_string(value) ? strtoll(json_string_value(value), NULL, 10)
				     : json_integer_value(value);
}

static void append_entity(struct buf *key, const char *text)
{
	buf_append_byte(key, '\0');
	if (text)
		buf_append(key, text, MIN(strlen(text), (size_t)ENTITY_TEXT_MAX));
}

/* Device and entities; then what tells this row from others of theirs. */
static int identify(const struct result_columns *c, const json_t *values, const char *line,
		    struct arena *arena, struct result *row)
{
	_cleanup_buf_ struct buf key = BUF_INIT(KEY_MAX);

	buf_append_str(&key, row->device);
	for (unsigned int i = 0; i < c->entity_count; i++)
		append_entity(&key, result_text(values, c->entities[i], arena));
	if (buf_error(&key))
		return buf_error(&key);
	incident_hash(key.data, key.len, row->entities);
	if (!row->report_id) {
		incident_hash(line, row->len, row->id);
		return 0;
	}
	buf_printf(&key, "%c%lld", 0, (long long)row->report_id);
	incident_hash(key.data, key.len, row->id);
	return buf_error(&key);
}

static int take_row(struct results *r, const char *line, int64_t now_ns, struct arena *arena,
		    struct result *row)
{
	_cleanup_(json_decrefp) json_t *values = load(line, row->len);
	const struct result_columns *c = &r->columns;
	const char *time, *device;

	if (!values)
		return -EBADMSG;
	time = result_text(values, c->time, arena);
	if (!time || clock_parse_rfc3339(time, &row->time_ns) < 0)
		row->time_ns = now_ns;
	row->report_id = c->report < 0 ? 0 : number_of(json_array_get(values, (size_t)c->report));
	device = result_text(values, c->device, arena);
	snprintf(row->device, sizeof(row->device), "%s", device ?: "");
	return identify(c, values, line, arena, row);
}

static int by_time(const void *a, const void *b)
{
	const struct result *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return strcmp(x->id, y->id);
}

int results_read(struct results *r, int64_t now_ns)
{
	const char *line = r->answer.data, *end = line ? line + r->answer.len : NULL, *stop;
	struct arena arena;
	int result = 0;

	r->list = calloc(CUSTOM_RESULTS_MAX, sizeof(*r->list));
	if (!r->list)
		return -ENOMEM;
	arena_init(&arena, 64u << 20);
	for (; line < end && r->count < CUSTOM_RESULTS_MAX && result >= 0; line = stop + 1) {
		struct result *row = &r->list[r->count];

		stop = memchr(line, '\n', (size_t)(end - line)) ?: end;
		*row = (struct result){ .offset = (size_t)(line - r->answer.data),
					.len = (size_t)(stop - line) };
		arena_reset(&arena);
		result = take_row(r, line, now_ns, &arena, row);
		r->count += result == 0;
		r->unreadable += result == -EBADMSG;
		if (result == -EBADMSG)
			result = 0;
	}
	arena_done(&arena);
	qsort(r->list, r->count, sizeof(*r->list), by_time);
	return result;
}

void groups_done(struct groups *g)
{
	free(g->list);
}

static void add_to_group(struct group *g, struct result *row)
{
	row->next = NULL;
	if (g->last)
		g->last->next = row;
	else
		g->first = row;
	g->last = row;
	g->count++;
}

static struct group *find_group(struct map *groups, const struct result *row, int64_t suppress_s)
{
	struct group *g = map_get(groups, row->entities, sizeof(row->entities));

	/* Rows come in the order of their time. */
	return g && row->time_ns - g->last->time_ns <= suppress_s * NSEC_PER_SEC ? g : NULL;
}

static int add_row(struct groups *out, struct map *by_entities, const struct grouping *how,
		   struct result *row)
{
	struct group *g = how->suppress_s ? find_group(by_entities, row, how->suppress_s) : NULL;
	char key[128];
	int n;

	if (!g) {
		g = &out->list[out->count++];
		n = snprintf(key, sizeof(key), "%s/%s", how->rule,
			     how->suppress_s ? row->entities : row->id);
		incident_hash(key, MIN((size_t)n, sizeof(key) - 1), g->key);
		if (how->suppress_s &&
		    map_put(by_entities, row->entities, sizeof(row->entities), g, NULL) < 0)
			return -ENOMEM;
	}
	add_to_group(g, row);
	return 0;
}

int groups_make(const struct results *r, const struct grouping *how, struct groups *ret_groups)
{
	_cleanup_(map_freep) struct map *by_entities = map_new(CUSTOM_RESULTS_MAX);
	struct groups *out = ret_groups;

	*out = (struct groups){ calloc(r->count + 1, sizeof(*out->list)), 0 };
	if (!out->list || !by_entities)
		return -ENOMEM;
	for (size_t i = 0; i < r->count; i++) {
		int known = how->skip ? how->skip(how->arg, &r->list[i]) : 0;

		if (known < 0)
			return known;
		if (!known && add_row(out, by_entities, how, &r->list[i]) < 0)
			return -ENOMEM;
	}
	return 0;
}
