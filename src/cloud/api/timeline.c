/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timeline.c - a device's events, the newest first, in pages
 *
 * A page is asked for in two steps: the keys of its rows over all tables, read in the order of the
 * store's own key, and then the rows themselves within the narrow time that the keys span. So a
 * page costs the same wherever it lies.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "cloud/api/handlers.h"
#include "cloud/api/timeline.h"

#define LIMIT_DEFAULT 100

struct key {
	unsigned int kind;
	int64_t time_ns, report_id;
};

struct page {
	struct timeline_choice choice;
	int64_t limit, skip;
	bool has_cursor;
	struct key cursor;		      /* rows before this one */
	struct key keys[EVENTS_ROWS_MAX + 1]; /* one more tells whether there is a next page */
	size_t count;
};

static int read_number(const struct http_request *req, const char *name, int64_t min, int64_t max,
		       int64_t *number)
{
	const char *text = http_request_query(req, name);
	char *end;

	if (!text)
		return 0;
	errno = 0;
	*number = strtoll(text, &end, 10);
	return end == text || *end || errno || *number < min || *number > max ? -EINVAL : 0;
}

/* "TIME.REPORT", both as numbers. */
static int read_cursor(const char *text, struct page *p)
{
	char *end;

	if (!text || !*text)
		return 0;
	p->has_cursor = true;
	p->cursor.time_ns = strtoll(text, &end, 10);
	if (*end != '.')
		return -EINVAL;
	p->cursor.report_id = strtoll(end + 1, &end, 10);
	return *end ? -EINVAL : 0;
}

static int read_page(const struct http_request *req, struct http_response *res, struct page *p)
{
	int64_t before;
	int r = timeline_read(req, res, &p->choice);

	if (r != 0)
		return r;
	p->limit = LIMIT_DEFAULT;
	if (read_number(req, "limit", 1, EVENTS_ROWS_MAX, &p->limit) < 0)
		return api_errorf(req, res, 400, "BadRequest", "limit: a number from 1 to %d",
				  EVENTS_ROWS_MAX)
			   ?: 1;
	if (read_number(req, "skip", 0, EVENTS_SKIP_MAX, &p->skip) < 0)
		return api_errorf(req, res, 400, "BadRequest", "skip: a number from 0 to %d",
				  EVENTS_SKIP_MAX)
			   ?: 1;
	if (read_cursor(http_request_query(req, "cursor"), p) < 0)
		return api_errorf(req, res, 400, "BadRequest", "cursor: not one of ours") ?: 1;
	if (event_time_parameter(req, "before", p->choice.to_ns, &before) < 0)
		return api_errorf(req, res, 400, "BadRequest", "before: a time is expected") ?: 1;
	p->choice.to_ns = MIN(p->choice.to_ns, before);
	return 0;
}

static int add_key(const json_t *values, void *arg)
{
	struct page *p = arg;

	if (p->count == ARRAY_SIZE(p->keys))
		return -E2BIG;
	p->keys[p->count++] = (struct key){
		(unsigned int)event_number(json_array_get(values, 0)),
		event_number(json_array_get(values, 1)),
		event_number(json_array_get(values, 2)),
	};
	return 0;
}

static void put_keys(const struct page *p, struct buf *sql)
{
	bool first = true;

	buf_append_str(sql, "SELECT kind, toUnixTimestamp64Nano(time), id FROM (");
	for (unsigned int kind = 0; kind < EVENT_KIND_COUNT; kind++) {
		if (!(p->choice.kinds >> kind & 1))
			continue;
		buf_printf(sql,
			   "%sSELECT * FROM (SELECT %u AS kind, Timestamp AS time, ReportId AS id",
			   first ? "" : " UNION ALL ", kind);
		timeline_where(&p->choice, kind, sql);
		if (p->has_cursor)
			buf_append_str(sql,
				       " AND Timestamp <= fromUnixTimestamp64Nano({time:Int64})"
				       " AND (Timestamp, ReportId) <"
				       " (fromUnixTimestamp64Nano({time:Int64}), {id:Int64})");
		buf_printf(sql, " ORDER BY Timestamp DESC, ReportId DESC LIMIT %lld)",
			   (long long)(p->skip + p->limit + 1));
		first = false;
	}
	buf_printf(sql, ") ORDER BY time DESC, id DESC LIMIT %lld OFFSET %lld",
		   (long long)(p->limit + 1), (long long)p->skip);
}

static int load_keys(const struct api *a, const struct event_device *device, struct page *p,
		     struct err *err)
{
	_cleanup_buf_ struct buf answer = BUF_INIT(1u << 20);
	_cleanup_(event_question_done) struct event_question q;
	int r = event_question_init(&q, a, device);

	if (r == 0)
		r = timeline_bind(&p->choice, &q);
	if (r == 0)
		r = event_question_number(&q, "time", p->cursor.time_ns);
	if (r == 0)
		r = event_question_number(&q, "id", p->cursor.report_id);
	if (r < 0)
		return r;
	put_keys(p, &q.sql);
	r = event_question_ask(&q, &answer, err);
	return r < 0 ? r : event_rows(&answer, add_key, p);
}

/* Appends the rows of one kind, by the page's keys. */
static int load_kind(const struct api *a, const struct event_device *device, const struct page *p,
		     unsigned int kind, json_t *list, struct err *err)
{
	int64_t ids[EVENTS_ROWS_MAX + 1];
	struct event_pick pick = { .kind = kind, .from_ns = INT64_MAX, .report_ids = ids };

	for (size_t i = 0; i < p->count; i++) {
		if (p->keys[i].kind != kind)
			continue;
		ids[pick.count++] = p->keys[i].report_id;
		pick.from_ns = MIN(pick.from_ns, p->keys[i].time_ns);
		pick.to_ns = MAX(pick.to_ns, p->keys[i].time_ns);
	}
	return pick.count ? events_load(a, device, &pick, list, err) : 0;
}

/* Takes the events of the lists in the order of the keys. */
static int put_in_order(const struct page *p, const json_t *loaded, json_t *ordered)
{
	_cleanup_(map_freep) struct map *by_id = map_new(EVENTS_ROWS_MAX + 1);
	json_t *event;
	size_t i;

	if (!by_id)
		return -ENOMEM;
	json_array_foreach(loaded, i, event)
	{
		int64_t id = event_number(json_object_get(event, "reportId"));

		if (map_put_u64(by_id, (uint64_t)id, event, NULL) < 0)
			return -ENOMEM;
	}
	for (i = 0; i < p->count; i++) {
		event = map_get_u64(by_id, (uint64_t)p->keys[i].report_id);
		if (event)
			json_array_append(ordered, event);
	}
	return 0;
}

static int load_page(const struct api *a, const struct event_device *device, struct page *p,
		     json_t *events, struct err *err)
{
	_cleanup_(json_decrefp) json_t *loaded = json_array();
	int r = load_keys(a, device, p, err);
	bool more = p->count > (size_t)p->limit;

	p->count -= more;
	for (unsigned int kind = 0; kind < EVENT_KIND_COUNT && r == 0; kind++)
		r = load_kind(a, device, p, kind, loaded, err);
	if (r == 0)
		r = put_in_order(p, loaded, events);
	return r < 0 ? r : more;
}

int api_timeline(struct http_request *req, struct http_response *res, void *arg)
{
	_cleanup_(json_decrefp) json_t *events = json_array();
	struct event_device device;
	struct page p = { 0 };
	struct err err = { 0 };
	char cursor[48];
	int r = event_device_find(arg, req, res, &device);

	if (r == 0)
		r = read_page(req, res, &p);
	if (r != 0)
		return MIN(r, 0);
	/* Rows may be large: a smaller page then, the cursor leads on. */
	while ((r = load_page(arg, &device, &p, events, &err)) == -EMSGSIZE && p.limit > 1) {
		json_array_clear(events);
		p.count = 0;
		p.limit /= 2;
	}
	if (r < 0)
		return event_failed(req, res, r, &err);
	if (r > 0)
		snprintf(cursor, sizeof(cursor), "%lld.%lld",
			 (long long)p.keys[p.count - 1].time_ns,
			 (long long)p.keys[p.count - 1].report_id);
	return api_send(res, 200,
			json_pack("{s:O,s:s?}", "events", events, "nextCursor", r ? cursor : NULL));
}
