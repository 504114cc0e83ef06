/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/api/process_nodes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define COMMAND_LINE_MAX 4096 /* characters of a node's command line */

/* Adds "{ids}" as a list that the store reads; the ids are hexadecimal. */
static int put_ids(const char *const *ids, size_t count, struct buf *sql)
{
	buf_append_str(sql, "(");
	if (event_id_list(ids, count, sql) < 0)
		return -EINVAL;
	return buf_append_str(sql, ")");
}

static json_t *text_or_null(const json_t *value)
{
	return json_string_length(value) ? json_incref((json_t *)value) : json_null();
}

/* Columns: id, parent, pid, file, folder, command line, account, sha256, start, end. */
static int add_node(const json_t *values, void *arg)
{
	const json_t *v = values;

	return json_array_append_new(
	    arg,
	    json_pack("{s:O,s:o,s:I,s:O,s:O,s:O,s:O,s:O,s:o,s:o,s:i,s:[]}", "uniqueId",
		      json_array_get(v, 0), "parentUniqueId", text_or_null(json_array_get(v, 1)),
		      "processId", (json_int_t)event_number(json_array_get(v, 2)), "fileName",
		      json_array_get(v, 3), "folderPath", json_array_get(v, 4), "commandLine",
		      json_array_get(v, 5), "accountName", json_array_get(v, 6), "sha256",
		      json_array_get(v, 7), "startTime",
		      event_time(event_number(json_array_get(v, 8))), "endTime",
		      event_time(event_number(json_array_get(v, 9))), "childCount", 0, "alertIds"));
}

/*
 * A fork's row shows the parent's program, the rows of its exec and its end show its own; the first
 * row names the process that made it, later ones who it was given to.
 */
static void put_own(struct buf *sql)
{
	buf_printf(sql,
		   "SELECT ProcessUniqueId, argMin(InitiatingProcessUniqueId, Timestamp),"
		   " any(ProcessId), toValidUTF8(argMax(FileName, own)),"
		   " toValidUTF8(argMax(FolderPath, own)),"
		   " toValidUTF8(substringUTF8(argMax(ProcessCommandLine, own), 1, %d)),"
		   " toValidUTF8(argMax(AccountName, own)), argMax(SHA256, own),"
		   " toUnixTimestamp64Nano(min(ifNull(ProcessCreationTime, Timestamp))),"
		   " maxIf(toUnixTimestamp64Nano(Timestamp), ActionType = 'ProcessTerminated')"
		   " FROM (SELECT *, (ActionType != 'ProcessForked', Timestamp) AS own FROM"
		   " vakt.DeviceProcessEvents" EVENT_SCOPE " AND ProcessUniqueId IN ",
		   COMMAND_LINE_MAX);
}

static void put_seen(struct buf *sql)
{
	buf_printf(
	    sql,
	    "SELECT InitiatingProcessUniqueId, '', any(InitiatingProcessId),"
	    " toValidUTF8(argMax(InitiatingProcessFileName, Timestamp)),"
	    " toValidUTF8(argMax(InitiatingProcessFolderPath, Timestamp)),"
	    " toValidUTF8(substringUTF8(argMax(InitiatingProcessCommandLine, Timestamp), 1, %d)),"
	    " toValidUTF8(argMax(InitiatingProcessAccountName, Timestamp)),"
	    " argMax(InitiatingProcessSHA256, Timestamp),"
	    " toUnixTimestamp64Nano(min(ifNull(InitiatingProcessCreationTime, Timestamp))), 0"
	    " FROM (SELECT * FROM vakt.DeviceProcessEvents" EVENT_SCOPE
	    " AND InitiatingProcessUniqueId IN ",
	    COMMAND_LINE_MAX);
}

static int ask(const struct api *a, const struct event_device *device, void (*put)(struct buf *sql),
	       const char *const *ids, size_t count, json_t *nodes, struct err *err)
{
	_cleanup_buf_ struct buf answer = BUF_INIT(EVENTS_ANSWER_MAX);
	_cleanup_(event_question_done) struct event_question q;
	int r = event_question_init(&q, a, device);

	if (r < 0)
		return r;
	put(&q.sql);
	r = put_ids(ids, count, &q.sql);
	if (r == 0)
		r = buf_append_str(&q.sql, ") GROUP BY 1");
	if (r == 0)
		r = event_question_ask(&q, &answer, err);
	return r < 0 ? r : event_rows(&answer, add_node, nodes);
}

static bool has_node(const json_t *nodes, const char *id)
{
	json_t *node;
	size_t i;

	json_array_foreach(nodes, i,
			   node) if (strcmp(json_string_value(json_object_get(node, "uniqueId")),
					    id) == 0) return true;
	return false;
}

int process_nodes_load(const struct api *a, const struct event_device *device,
		       const char *const *ids, size_t count, json_t *nodes, struct err *err)
{
	const char *missing[PROCESS_NODES_MAX];
	size_t missing_count = 0;
	int r;

	if (count == 0)
		return 0;
	if (count > PROCESS_NODES_MAX)
		return -E2BIG;
	r = ask(a, device, put_own, ids, count, nodes, err);
	for (size_t i = 0; i < count && r == 0; i++)
		if (!has_node(nodes, ids[i]))
			missing[missing_count++] = ids[i];
	if (r == 0 && missing_count)
		r = ask(a, device, put_seen, missing, missing_count, nodes, err);
	return r;
}

static int set_count(const json_t *values, void *arg)
{
	json_t *nodes = arg, *node;
	size_t i;

	json_array_foreach(nodes, i, node) if (json_equal(json_object_get(node, "uniqueId"),
							  json_array_get(values, 0)))
	    json_object_set_new(node, "childCount",
				json_integer(event_number(json_array_get(values, 1))));
	return 0;
}

#define CHILD_ROWS                                                                                 \
	" FROM vakt.DeviceProcessEvents" EVENT_SCOPE                                               \
	" AND ActionType IN ('ProcessForked', 'ProcessCreated')"                                   \
	" AND ProcessUniqueId != InitiatingProcessUniqueId AND InitiatingProcessUniqueId IN "

static int count_children(const struct api *a, const struct event_device *device,
			  const char *const *ids, size_t count, json_t *nodes, struct err *err)
{
	_cleanup_buf_ struct buf answer = BUF_INIT(1u << 20);
	_cleanup_(event_question_done) struct event_question q;
	int r = event_question_init(&q, a, device);

	if (r < 0)
		return r;
	buf_append_str(&q.sql,
		       "SELECT InitiatingProcessUniqueId, uniqExact(ProcessUniqueId)" CHILD_ROWS);
	r = put_ids(ids, count, &q.sql);
	if (r == 0)
		r = buf_append_str(&q.sql, " GROUP BY 1");
	if (r == 0)
		r = event_question_ask(&q, &answer, err);
	return r < 0 ? r : event_rows(&answer, set_count, nodes);
}

/* An alert belongs to the process of its story and to those whose events matched. */
static int add_alerts(const struct api *a, const struct event_device *device, json_t *nodes)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(state_get(a->state), &st, NULL,
			    "SELECT id, process_unique_id FROM alert WHERE tenant_id = ?1 AND"
			    " device_id = ?2 UNION SELECT a.id,"
			    " json_extract(s.value, '$.process.uniqueId') FROM alert a,"
			    " json_each(a.story, '$.steps') s WHERE a.tenant_id = ?1 AND"
			    " a.device_id = ?2 AND json_extract(s.value, '$.matched')",
			    "ss", device->tenant_id, device->id);

	if (r < 0)
		return r;
	while ((r = state_step(st, NULL)) > 0) {
		const char *process = state_text(st, 1);
		json_t *node;
		size_t i;

		json_array_foreach(
		    nodes, i, node) if (process &&
					strcmp(json_string_value(json_object_get(node, "uniqueId")),
					       process) == 0)
		    json_array_append_new(json_object_get(node, "alertIds"),
					  json_string(state_text(st, 0)));
	}
	return r;
}

int process_nodes_finish(const struct api *a, const struct event_device *device, json_t *nodes,
			 struct err *err)
{
	_cleanup_free_ const char **ids = calloc(json_array_size(nodes) + 1, sizeof(*ids));
	json_t *node;
	size_t i;
	int r;

	if (!ids)
		return -ENOMEM;
	if (json_array_size(nodes) == 0)
		return 0;
	json_array_foreach(nodes, i, node) ids[i] =
	    json_string_value(json_object_get(node, "uniqueId"));
	r = count_children(a, device, ids, json_array_size(nodes), nodes, err);
	return r < 0 ? r : add_alerts(a, device, nodes);
}

struct child_list {
	json_t *ids;
	int64_t last_start;
	bool more;
};

static int add_child(const json_t *values, void *arg)
{
	struct child_list *c = arg;

	if (json_array_size(c->ids) == PROCESS_CHILDREN_MAX) {
		c->more = true;
		return 1;
	}
	json_array_append(c->ids, json_array_get(values, 0));
	c->last_start = event_number(json_array_get(values, 1));
	return 0;
}

int process_children(const struct api *a, const struct event_device *device, const char *id,
		     const char *cursor, json_t *ids, char ret_cursor[64], struct err *err)
{
	_cleanup_buf_ struct buf answer = BUF_INIT(1u << 20);
	_cleanup_(event_question_done) struct event_question q = { .param_count = 0 };
	struct child_list list = { .ids = ids };
	char after[EVENT_UNIQUE_ID_SIZE] = "";
	long long start = 0;
	int r;

	if (*cursor && sscanf(cursor, "%lld.%32[0-9a-f]", &start, after) != 2)
		return err_setf(err, -EINVAL, "cursor: not one of ours");
	r = event_question_init(&q, a, device);
	if (r == 0)
		r = event_question_number(&q, "start", start);
	if (r == 0)
		r = event_question_text(&q, "after", after);
	if (r < 0)
		return r;
	buf_append_str(&q.sql, "SELECT ProcessUniqueId,"
			       " toUnixTimestamp64Nano(min(Timestamp)) AS started" CHILD_ROWS);
	r = put_ids(&id, 1, &q.sql);
	if (r == 0)
		r = buf_printf(&q.sql,
			       " GROUP BY 1 HAVING (started, ProcessUniqueId) >"
			       " ({start:Int64}, {after:String}) ORDER BY started, ProcessUniqueId"
			       " LIMIT %d",
			       PROCESS_CHILDREN_MAX + 1);
	if (r == 0)
		r = event_question_ask(&q, &answer, err);
	if (r == 0)
		r = event_rows(&answer, add_child, &list);
	if (r < 0)
		return r;
	ret_cursor[0] = '\0';
	if (list.more)
		snprintf(ret_cursor, 64, "%lld.%s", (long long)list.last_start,
			 json_string_value(json_array_get(ids, json_array_size(ids) - 1)));
	return 0;
}
