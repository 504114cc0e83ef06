/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hunt.c - from a query's text to its rows
 *
 * The compiler's statement is asked inside of one that bounds its rows; the store bounds time and
 * memory. Rows pass through as the engine wrote them.
 */
#include "cloud/hunt/hunt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cloud/hunt/hunt_internal.h"

#define DAY_NS (86400 * NSEC_PER_SEC)
#define PROBE_ANSWER_MAX (8u << 20)
#define PROBE_ROWS_MAX 10000	/* texts that a probe looks at */
#define TIMEOUT_MARGIN_MS 10000 /* beyond what the store allows itself: its own queue */

int hunt_open(const struct hunt_options *options, struct hunt **ret_hunt, struct err *err)
{
	_cleanup_(hunt_closep) struct hunt *h = calloc(1, sizeof(*h));

	if (!h)
		return err_setf(err, -ENOMEM, "out of memory");
	h->telemetry = options->telemetry;
	h->days = options->days ?: HUNT_DAYS_DEFAULT;
	h->external = options->external;
	h->external_ca_file = options->external_ca_file;
	pthread_mutex_init(&h->lock, NULL);
	clock_cond_init(&h->ended);
	h->quota = hunt_quota_new();
	if (!h->quota)
		return err_setf(err, -ENOMEM, "out of memory");
	*ret_hunt = TAKE_PTR(h);
	return 0;
}

void hunt_close(struct hunt *h)
{
	if (!h)
		return;
	hunt_quota_free(h->quota);
	pthread_cond_destroy(&h->ended);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

unsigned int hunt_days(const struct hunt *h)
{
	return h->days;
}

/* Of what the run may still take; at least a second, so that 0 never means "as much as you like".
 */
static unsigned int seconds_left(const struct hunt_run *r)
{
	int64_t left =
	    (int64_t)(r->request.execution_s ?: HUNT_EXECUTION_S) - r->ran_ns / NSEC_PER_SEC;

	return left > 1 ? (unsigned int)left : 1;
}

static int ask(struct hunt_run *r, const struct buf *sql, const char *format, struct buf *out,
	       struct err *err)
{
	const struct telemetry_query q = {
		.sql = sql->data,
		.format = format,
		.timeout_ms = seconds_left(r) * 1000 + TIMEOUT_MARGIN_MS,
		.execution_s = seconds_left(r),
		.stop = hunt_run_stops,
		.stop_arg = r,
	};
	int64_t before = clock_monotonic_ns();
	int result = buf_error(sql);

	if (result == 0)
		result = telemetry_query(r->hunt->telemetry, &q, out, err);
	r->ran_ns += clock_monotonic_ns() - before;
	return result;
}

/* Operators whose columns only the data tells. */
static int probe(void *context, const char *sql, kql_probe_row row, void *arg)
{
	_cleanup_buf_ struct buf bounded = BUF_INIT(KQL_SQL_MAX + 256),
				 out = BUF_INIT(PROBE_ANSWER_MAX);
	struct hunt_run *r = context;
	const char *line, *end;

	buf_printf(&bounded, "SELECT * FROM (%s\n) LIMIT %d", sql, PROBE_ROWS_MAX);
	r->probe_result = ask(r, &bounded, "JSONCompactEachRow", &out, NULL);
	if (r->probe_result < 0)
		return r->probe_result;
	line = out.data;
	end = line ? line + out.len : NULL;
	while (line < end) {
		const char *stop = memchr(line, '\n', (size_t)(end - line)) ?: end;
		_cleanup_(json_decrefp) json_t *values =
		    json_loadb(line, (size_t)(stop - line), JSON_ALLOW_NUL, NULL);
		const json_t *text = json_array_get(values, 0);

		if (!text)
			return -EBADMSG;
		if (json_is_string(text))
			row(arg, json_string_value(text), json_string_length(text));
		line = stop + 1;
	}
	return 0;
}

static int compile(struct hunt_run *r)
{
	const struct hunt_request *q = &r->request;
	int64_t before = clock_monotonic_ns(), now = clock_realtime_ns();
	int64_t lookback = r->hunt->days * DAY_NS;
	const struct kql_options options = {
		.tenant = r->tenant_id,
		.now_ns = now,
		.oldest_ns = now - (q->lookback_ns ? MIN(q->lookback_ns, lookback) : lookback),
		.probe = q->compile_only ? NULL : probe,
		.probe_context = r,
		.externaldata = r->hunt->external,
		.fetch = q->compile_only ? NULL : hunt_fetch,
		.fetch_context = r,
		.recent_ns = q->recent_ns,
		.received_ns = q->received_ns,
		.continuous = q->continuous,
	};
	int result = kql_compile(q->text, q->len, &options, &r->query);

	r->compile_ns = clock_monotonic_ns() - before;
	/* A store that does not answer is no mistake in the query, nor that it was taken back. */
	return r->probe_result < 0 && r->probe_result != -EINVAL ? r->probe_result : result;
}

static int copy_names(struct hunt_run *r, struct err *err)
{
	const struct hunt_request *q = &r->request;

	if (strlen(q->tenant_id) >= sizeof(r->tenant_id) ||
	    strlen(q->principal_id) >= sizeof(r->principal_id) ||
	    (q->run_id && strlen(q->run_id) >= sizeof(r->run_id)))
		return err_setf(err, -EINVAL, "an id is longer than %d bytes", HUNT_RUN_ID_MAX);
	strcpy(r->tenant_id, q->tenant_id);
	strcpy(r->principal_id, q->principal_id);
	strcpy(r->run_id, q->run_id ?: "");
	return 0;
}

int hunt_begin(struct hunt *h, const struct hunt_request *request, struct hunt_run **ret_run,
	       struct err *err)
{
	_cleanup_(hunt_endp) struct hunt_run *r = calloc(1, sizeof(*r));
	int result;

	if (!r)
		return err_setf(err, -ENOMEM, "out of memory");
	r->hunt = h;
	r->request = *request;
	result = copy_names(r, err);
	if (result == 0 && !request->compile_only)
		result = hunt_turn_take(r, err);
	if (result < 0)
		return result;
	result = compile(r);
	if (result == -EINVAL && !request->compile_only)
		hunt_count_refused(h);
	if (result < 0 && !r->query)
		return err_setf(err, result, "out of memory");
	if (result < 0 && result != -EINVAL)
		return err_setf(err, result,
				"what the query's columns depend on could not be read");
	*ret_run = TAKE_PTR(r);
	return result;
}

void hunt_end(struct hunt_run *r)
{
	if (!r)
		return;
	hunt_turn_give_back(r);
	kql_query_free(r->query);
	free(r);
}

const struct kql_query *hunt_run_query(const struct hunt_run *r)
{
	return r->query;
}

json_t *hunt_columns_json(const struct kql_query *q)
{
	const struct kql_column *columns;
	size_t count = kql_query_columns(q, &columns);
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_pack("{s:s,s:s}", "name", columns[i].name, "type",
						      kql_type_name(columns[i].type)));
	return list;
}

/*
 * Ends of lines between rows become commas. JSON has none within a row: they are escaped there. A
 * row beyond the most is cut off.
 */
static void join_rows(struct buf *out, size_t from, unsigned int most, char separator,
		      struct hunt_result *result)
{
	char *at = out->data + from, *end = out->data + out->len, *stop = at;

	while (result->rows < most && (at = memchr(stop, '\n', (size_t)(end - stop)))) {
		*at = separator;
		stop = at + 1;
		result->rows++;
	}
	result->limited = stop < end;
	if (stop > out->data + from && separator == ',')
		stop--; /* the last comma */
	*stop = '\0';
	out->len = (size_t)(stop - out->data);
}

/* Which rows are left where there are too many is not left to chance. */
static const char *newest_first(const struct hunt_run *r)
{
	const struct kql_column *columns;
	size_t count = kql_query_columns(r->query, &columns);

	for (size_t i = 0; r->request.rows_max && i < count; i++) {
		/* Times of the language are texts here, all of one length. */
		if (strcmp(columns[i].name, "Timestamp") == 0)
			return " ORDER BY Timestamp DESC";
		if (strcmp(columns[i].name, "TimeGenerated") == 0)
			return " ORDER BY TimeGenerated DESC";
	}
	return "";
}

/* A result's name comes from the query or from data: any text. */
static void put_name(struct buf *sql, const char *name)
{
	buf_append_byte(sql, '`');
	for (; *name; name++) {
		if (*name == '`' || *name == '\\')
			buf_append_byte(sql, '\\');
		buf_append_byte(sql, (uint8_t)*name);
	}
	buf_append_byte(sql, '`');
}

static void put_columns(struct buf *sql, const struct hunt_run *r)
{
	const struct kql_column *columns;
	size_t count = kql_query_columns(r->query, &columns), longs = 0;

	buf_append_str(sql, "*");
	for (size_t i = 0; r->request.form >= HUNT_LISTS_OF_TEXT && i < count; i++) {
		if (columns[i].type != KQL_LONG)
			continue;
		buf_append_str(sql, longs++ ? ", toString(" : " REPLACE (toString(");
		put_name(sql, columns[i].name);
		buf_append_str(sql, ") AS ");
		put_name(sql, columns[i].name);
	}
	if (longs)
		buf_append_str(sql, ")");
}

int hunt_execute(struct hunt_run *r, struct buf *out, struct hunt_result *ret_result,
		 struct err *err)
{
	_cleanup_buf_ struct buf sql = BUF_INIT(2 * KQL_SQL_MAX);
	struct hunt_result result = { .compile_ns = r->compile_ns, .wait_ns = r->wait_ns };
	unsigned int most = r->request.rows_max ?: HUNT_ROWS_MAX;
	size_t before = out->len;
	int ret;

	buf_append_str(&sql, "SELECT ");
	put_columns(&sql, r);
	buf_append_str(&sql, " FROM (");
	buf_append_str(&sql, kql_query_sql(r->query));
	buf_printf(&sql, "\n)%s LIMIT %u", newest_first(r), most + 1);
	ret = ask(r, &sql, r->request.form == HUNT_OBJECTS ? "JSONEachRow" : "JSONCompactEachRow",
		  out, err);
	result.execute_ns = r->ran_ns;
	if (ret == 0 && out->len > before)
		join_rows(out, before, most, r->request.form == HUNT_LINES ? '\n' : ',', &result);
	hunt_count(r->hunt, ret, result.limited);
	if (ret == 0)
		*ret_result = result;
	return ret;
}
