/* SPDX-License-Identifier: Apache-2.0 */
/*
 * histogram.c - how many events a device had when, and when nobody watched
 */
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "cloud/api/handlers.h"
#include "cloud/api/timeline.h"

#define BUCKETS_DEFAULT 500
#define BUCKETS_MAX 2000
#define GAPS_MAX 10000

struct histogram {
	struct timeline_choice choice;
	int64_t width_ns, total;
	size_t count;
	int64_t counts[BUCKETS_MAX];
	bool gaps[BUCKETS_MAX];
};

static int add_count(const json_t *values, void *arg)
{
	struct histogram *h = arg;
	int64_t bucket = event_number(json_array_get(values, 0));
	int64_t count = event_number(json_array_get(values, 1));

	if (bucket < 0 || bucket >= (int64_t)h->count)
		return -ERANGE;
	h->counts[bucket] += count;
	h->total += count;
	return 0;
}

static int load_counts(const struct api *a, const struct event_device *device, struct histogram *h,
		       struct err *err)
{
	_cleanup_buf_ struct buf answer = BUF_INIT(4u << 20);
	_cleanup_(event_question_done) struct event_question q;
	int r = event_question_init(&q, a, device);

	if (r == 0)
		r = timeline_bind(&h->choice, &q);
	if (r == 0)
		r = event_question_number(&q, "width", h->width_ns);
	for (unsigned int kind = 0, n = 0; kind < EVENT_KIND_COUNT && r == 0; kind++) {
		if (!(h->choice.kinds >> kind & 1))
			continue;
		buf_printf(&q.sql,
			   "%sSELECT intDiv(toUnixTimestamp64Nano(Timestamp) - {from:Int64},"
			   " {width:Int64}) AS bucket, count()",
			   n++ ? " UNION ALL " : "");
		timeline_where(&h->choice, kind, &q.sql);
		buf_append_str(&q.sql, " GROUP BY bucket");
	}
	if (r == 0)
		r = event_question_ask(&q, &answer, err);
	return r < 0 ? r : event_rows(&answer, add_count, h);
}

static int mark_gap(const json_t *values, void *arg)
{
	struct histogram *h = arg;
	int64_t from = MAX(event_number(json_array_get(values, 0)), h->choice.from_ns);
	int64_t to = MIN(event_number(json_array_get(values, 1)), h->choice.to_ns - 1);

	for (int64_t b = (from - h->choice.from_ns) / h->width_ns;
	     from <= to && b <= (to - h->choice.from_ns) / h->width_ns && b < (int64_t)h->count;
	     b++)
		h->gaps[b] = true;
	return 0;
}

#define GAPS_OVERLAPPING                                                                           \
	" FROM vakt.SensorGaps" EVENT_SCOPE " AND Timestamp < fromUnixTimestamp64Nano({to:Int64})" \
	" AND greatest(EndTime, Timestamp) >= fromUnixTimestamp64Nano({from:Int64})"               \
	" ORDER BY Timestamp DESC LIMIT "

static int load_gaps(const struct api *a, const struct event_device *device,
		     const struct timeline_choice *choice, const char *columns, struct buf *answer,
		     struct err *err)
{
	_cleanup_(event_question_done) struct event_question q;
	int r = event_question_init(&q, a, device);

	if (r == 0)
		r = timeline_bind(choice, &q);
	if (r < 0)
		return r;
	buf_printf(&q.sql,
		   "SELECT toUnixTimestamp64Nano(Timestamp),"
		   " toUnixTimestamp64Nano(greatest(EndTime, Timestamp))%s" GAPS_OVERLAPPING "%d",
		   columns, GAPS_MAX);
	return event_question_ask(&q, answer, err);
}

static int read_buckets(const struct http_request *req, struct http_response *res,
			struct histogram *h)
{
	const char *text = http_request_query(req, "buckets");
	char *end = NULL;
	long n = text ? strtol(text, &end, 10) : BUCKETS_DEFAULT;
	int64_t span = h->choice.to_ns - h->choice.from_ns;

	if ((text && (end == text || *end)) || n < 1 || n > BUCKETS_MAX)
		return api_errorf(req, res, 400, "BadRequest", "buckets: a number from 1 to %d",
				  BUCKETS_MAX)
			   ?: 1;
	/* Whole seconds, so that every bucket begins at a time that can be written. */
	h->width_ns = (span / n + NSEC_PER_SEC - 1) / NSEC_PER_SEC * NSEC_PER_SEC;
	h->count = (size_t)((span + h->width_ns - 1) / h->width_ns);
	return 0;
}

static int send_histogram(struct http_response *res, const struct histogram *h)
{
	json_t *buckets = json_array();

	for (size_t i = 0; i < h->count; i++)
		json_array_append_new(
		    buckets, json_pack("{s:o,s:I,s:b}", "time",
				       event_time(h->choice.from_ns + (int64_t)i * h->width_ns),
				       "count", (json_int_t)h->counts[i], "gap", h->gaps[i]));
	return api_send(res, 200,
			json_pack("{s:o,s:o,s:I,s:I,s:o}", "from", event_time(h->choice.from_ns),
				  "to", event_time(h->choice.to_ns), "bucketSeconds",
				  (json_int_t)(h->width_ns / NSEC_PER_SEC), "total",
				  (json_int_t)h->total, "buckets", buckets));
}

int api_histogram(struct http_request *req, struct http_response *res, void *arg)
{
	_cleanup_free_ struct histogram *h = calloc(1, sizeof(*h));
	_cleanup_buf_ struct buf gaps = BUF_INIT(4u << 20);
	struct event_device device;
	struct err err = { 0 };
	int r = h ? event_device_find(arg, req, res, &device) : -ENOMEM;

	if (r == 0)
		r = timeline_read(req, res, &h->choice);
	if (r == 0)
		r = read_buckets(req, res, h);
	if (r != 0)
		return MIN(r, 0);
	r = load_counts(arg, &device, h, &err);
	if (r == 0)
		r = load_gaps(arg, &device, &h->choice, "", &gaps, &err);
	if (r == 0)
		r = event_rows(&gaps, mark_gap, h);
	return r < 0 ? event_failed(req, res, r, &err) : send_histogram(res, h);
}

static int add_gap(const json_t *values, void *arg)
{
	json_t *lost = json_array_get(values, 4);

	return json_array_append_new(
	    arg, json_pack("{s:o,s:o,s:O,s:O,s:o}", "from",
			   event_time(event_number(json_array_get(values, 0))), "to",
			   event_time(event_number(json_array_get(values, 1))), "reason",
			   json_array_get(values, 2), "kind", json_array_get(values, 3), "lost",
			   json_is_null(lost) ? json_null() : json_integer(event_number(lost))));
}

int api_gaps(struct http_request *req, struct http_response *res, void *arg)
{
	_cleanup_buf_ struct buf answer = BUF_INIT(8u << 20);
	struct timeline_choice choice;
	struct event_device device;
	struct err err = { 0 };
	json_t *gaps;
	int r = event_device_find(arg, req, res, &device);

	if (r == 0)
		r = timeline_read(req, res, &choice);
	if (r != 0)
		return MIN(r, 0);
	r = load_gaps(arg, &device, &choice,
		      ", if(Reason = '', ActionType, Reason), LostKind, LostEvents", &answer, &err);
	if (r < 0)
		return event_failed(req, res, r, &err);
	gaps = json_array();
	r = event_rows(&answer, add_gap, gaps);
	if (r < 0)
		json_decref(gaps);
	return r < 0 ? r : api_send(res, 200, json_pack("{s:o}", "gaps", gaps));
}
