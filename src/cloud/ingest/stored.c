/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/ingest/stored.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cloud/ingest/batch.h"

#define ANSWER_MAX (4u << 20)
#define TIMEOUT_MS 60000

struct rows {
	const struct event_table *table;
	int64_t day;
	uint64_t left;
};

struct stored {
	struct rows *rows;
	size_t count;
};

void stored_range_add(struct stored_range *range, const struct event *e)
{
	int64_t time = batch_time(e);
	bool is_first = true;

	for (size_t i = 0; i < EVENT_TABLE_COUNT; i++)
		is_first = is_first && !range->tables[i];
	range->tables[e->table - event_tables] = true;
	range->first_ns = is_first ? time : MIN(range->first_ns, time);
	range->last_ns = is_first ? time : MAX(range->last_ns, time);
}

void stored_free(struct stored *s)
{
	if (!s)
		return;
	free(s->rows);
	free(s);
}

/* The times only bound what is read: by days, so that nothing hangs on the last digit. */
static int write_question(struct buf *sql, const struct stored_range *range)
{
	const char *between = "";

	for (size_t i = 0; i < EVENT_TABLE_COUNT; i++) {
		if (!range->tables[i])
			continue;
		buf_printf(sql,
			   "%sSELECT '%s', intDiv(toUnixTimestamp64Nano(Timestamp), %" PRId64
			   ") AS day, count() FROM vakt.%s WHERE TenantId = {tenant:String} AND "
			   "DeviceId = {device:String} AND BatchStream = {stream:String} AND "
			   "BatchNumber = {number:UInt64} AND "
			   "Timestamp >= fromUnixTimestamp64Nano({first:Int64}, 'UTC') AND "
			   "Timestamp <= fromUnixTimestamp64Nano({last:Int64}, 'UTC') GROUP BY day",
			   between, event_tables[i].name, (int64_t)BATCH_DAY_NS,
			   event_tables[i].name);
		between = " UNION ALL ";
	}
	return buf_error(sql);
}

static int read_line(struct stored *s, const char *line)
{
	struct rows *to = &s->rows[s->count];
	char table[128];

	if (sscanf(line, "%127s %" SCNd64 " %" SCNu64, table, &to->day, &to->left) != 3)
		return -EBADMSG;
	to->table = event_table_find(table);
	if (!to->table)
		return -EBADMSG;
	s->count++;
	return 0;
}

static int read_answer(struct stored *s, char *text, struct err *err)
{
	size_t lines = 0;
	char *line;
	int r = 0;

	for (const char *p = text; *p; p++)
		lines += *p == '\n';
	s->rows = calloc(lines + 1, sizeof(*s->rows));
	if (!s->rows)
		return err_setf(err, -ENOMEM, "out of memory");
	while (r == 0 && (line = strsep(&text, "\n")) && *line)
		r = s->count < lines ? read_line(s, line) : -EBADMSG;
	return r < 0 ? err_setf(err, -EAGAIN, "the store's answer cannot be read") : 0;
}

int stored_ask(struct telemetry *t, const struct native_envelope *env,
	       const struct stored_range *range, struct stored **ret_stored, struct err *err)
{
	_cleanup_(stored_freep) struct stored *s = calloc(1, sizeof(*s));
	_cleanup_buf_ struct buf sql = BUF_INIT(1 << 20), out = BUF_INIT(ANSWER_MAX);
	char number[24], first[24], last[24];
	const struct telemetry_param params[] = {
		{ "tenant", env->tenant_id }, { "device", env->device_id },
		{ "stream", env->stream },    { "number", number },
		{ "first", first },	      { "last", last },
		{ NULL, NULL },
	};
	/* As one that writes: it is then answered after the inserts that came before it. */
	struct telemetry_query q = {
		.params = params, .format = "TSV", .timeout_ms = TIMEOUT_MS, .writes = true
	};
	int r;

	if (!s)
		return err_setf(err, -ENOMEM, "out of memory");
	snprintf(number, sizeof(number), "%" PRIu64, env->batch_number);
	snprintf(first, sizeof(first), "%" PRId64, range->first_ns);
	snprintf(last, sizeof(last), "%" PRId64, range->last_ns);
	r = write_question(&sql, range);
	q.sql = sql.data;
	if (r == 0 && q.sql)
		r = telemetry_query(t, &q, &out, err);
	if (r == 0 && out.data)
		r = read_answer(s, out.data, err);
	if (r == 0)
		*ret_stored = TAKE_PTR(s);
	return r;
}

bool stored_has_next(struct stored *s, const struct event *e)
{
	int64_t day = batch_day(e);

	for (size_t i = 0; s && i < s->count; i++) {
		struct rows *rows = &s->rows[i];

		if (rows->table != e->table || rows->day != day)
			continue;
		if (!rows->left)
			return false;
		rows->left--;
		return true;
	}
	return false;
}
