/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/incident/ancestry.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hex.h"
#include "base/map.h"
#include "cloud/detect/subject.h"

#define PROCESSES_MAX 8192
#define ASK_MAX 512 /* processes in one question */
#define ANSWER_MAX (16u << 20)
#define TIMEOUT_MS 5000

/* Ids to ask for, each once, in the order of asking. */
struct wants {
	char ids[PROCESSES_MAX][EVENT_UNIQUE_ID_SIZE];
	size_t count, done;
	struct map *known;
};

struct ancestry {
	char tenant_id[UUID_TEXT_SIZE];
	char device_id[64];
	struct lineage *lineage;
	struct map *by_id;
	struct wants parents, names;
};

int ancestry_new(const char *tenant_id, const char *device_id, struct lineage *lineage,
		 struct ancestry **ret_ancestry)
{
	_cleanup_(ancestry_freep) struct ancestry *a = calloc(1, sizeof(*a));

	if (!a)
		return -ENOMEM;
	a->lineage = lineage;
	a->by_id = map_new(PROCESSES_MAX);
	a->parents.known = map_new(PROCESSES_MAX);
	a->names.known = map_new(PROCESSES_MAX);
	if (!a->by_id || !a->parents.known || !a->names.known)
		return -ENOMEM;
	snprintf(a->tenant_id, sizeof(a->tenant_id), "%s", tenant_id);
	snprintf(a->device_id, sizeof(a->device_id), "%s", device_id);
	*ret_ancestry = TAKE_PTR(a);
	return 0;
}

static void ancestor_free(struct ancestor *p)
{
	free(p->file_name);
	free(p->folder_path);
	free(p->command_line);
	free(p->account_name);
	free(p->parent_file_name);
	free(p);
}
DEFINE_CLEANUP(struct ancestor *, ancestor_free)

void ancestry_free(struct ancestry *a)
{
	void *process;

	if (!a)
		return;
	if (a->by_id) {
		for (size_t i = 0; map_next(a->by_id, &i, NULL, NULL, &process);)
			ancestor_free(process);
	}
	map_free(a->by_id);
	map_free(a->parents.known);
	map_free(a->names.known);
	free(a);
}

static int want(struct wants *w, const char *id)
{
	int r;

	/* Only what event_process_unique_id() makes goes into the question. */
	if (strlen(id) != EVENT_UNIQUE_ID_SIZE - 1 || strspn(id, "0123456789abcdef") != strlen(id))
		return 0;
	if (w->count == PROCESSES_MAX || map_get(w->known, id, strlen(id)))
		return 0;
	r = map_put(w->known, id, strlen(id), w, NULL);
	if (r < 0)
		return r;
	memcpy(w->ids[w->count++], id, EVENT_UNIQUE_ID_SIZE);
	return 0;
}

int ancestry_want(struct ancestry *a, const char *id)
{
	char at[EVENT_UNIQUE_ID_SIZE];
	int r = 1;

	snprintf(at, sizeof(at), "%s", id);
	for (int i = 0; i < ANCESTRY_DEPTH_MAX && r == 1; i++)
		r = lineage_get(a->lineage, a->device_id, at, at);
	return r == -ENOENT ? want(&a->parents, at) : 0;
}

static bool is_top(const struct ancestor *p)
{
	return p->parent_process_id <= 1 || !p->parent_id[0] ||
	       subject_begins_sessions(p->parent_file_name, strlen(p->parent_file_name));
}

int ancestry_add(struct ancestry *a, const struct ancestor *process)
{
	_cleanup_(ancestor_freep) struct ancestor *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	if (map_get(a->by_id, process->id, strlen(process->id)))
		return 0;
	*p = *process;
	p->file_name = strdup(process->file_name ?: "");
	p->folder_path = strdup(process->folder_path ?: "");
	p->command_line = strdup(process->command_line ?: "");
	p->account_name = strdup(process->account_name ?: "");
	p->parent_file_name = strdup(process->parent_file_name ?: "");
	if (!p->file_name || !p->folder_path || !p->command_line || !p->account_name ||
	    !p->parent_file_name)
		return -ENOMEM;
	r = map_put(a->by_id, p->id, strlen(p->id), p, NULL);
	if (r < 0)
		return r == -ENOSPC ? 0 : r;
	lineage_put(a->lineage, a->device_id, p->id, is_top(p) ? "" : p->parent_id);
	TAKE_PTR(p);
	return 0;
}

/* Parent by the earliest row: the fork. Later ones may name who took the orphan in. */
#define QUESTION                                                                                   \
	"SELECT ProcessUniqueId AS id, argMin(InitiatingProcessUniqueId, Timestamp) AS parent, "   \
	"argMin(InitiatingProcessFileName, Timestamp) AS parentName, "                             \
	"argMin(InitiatingProcessId, Timestamp) AS parentPid, any(ProcessId) AS pid, "             \
	"argMax(FileName, Timestamp) AS name, argMax(FolderPath, Timestamp) AS path, "             \
	"argMax(substring(ProcessCommandLine, 1, 4096), Timestamp) AS line, "                      \
	"argMax(AccountName, Timestamp) AS account, "                                              \
	"toUnixTimestamp64Nano(min(Timestamp)) AS started FROM vakt.DeviceProcessEvents "          \
	"WHERE TenantId = {tenant:String} AND DeviceId = {device:String} "                         \
	"AND ActionType IN ('ProcessForked', 'ProcessCreated') AND ProcessUniqueId IN ("

/* Ids are hexadecimal, see ancestry_want(): they stand in the text because an address is short. */
static int write_question(const struct wants *w, size_t count, struct buf *sql)
{
	buf_append_str(sql, QUESTION);
	for (size_t i = 0; i < count; i++)
		buf_printf(sql, "%s'%s'", i ? "," : "", w->ids[w->done + i]);
	return buf_append_str(sql, ") GROUP BY id");
}

static char *text(const json_t *row, const char *name)
{
	return (char *)(json_string_value(json_object_get(row, name)) ?: "");
}

/* The store writes numbers of 64 bits as text or as numbers, as it is set. */
static int64_t number(const json_t *row, const char *name)
{
	const json_t *value = json_object_get(row, name);

	return json_is_string(value) ? strtoll(json_string_value(value), NULL, 10)
				     : json_integer_value(value);
}

static int take_row(struct ancestry *a, const char *line, size_t len)
{
	json_t *row = json_loadb(line, len, JSON_ALLOW_NUL, NULL);
	struct ancestor p = { 0 };
	int r;

	if (!row)
		return 0;
	snprintf(p.id, sizeof(p.id), "%s", text(row, "id"));
	snprintf(p.parent_id, sizeof(p.parent_id), "%s", text(row, "parent"));
	p.file_name = text(row, "name");
	p.folder_path = text(row, "path");
	p.command_line = text(row, "line");
	p.account_name = text(row, "account");
	p.parent_file_name = text(row, "parentName");
	p.process_id = number(row, "pid");
	p.parent_process_id = number(row, "parentPid");
	p.started_ns = number(row, "started");
	r = ancestry_add(a, &p);
	if (r == 0)
		r = ancestry_want(a, p.id);
	json_decref(row);
	return r;
}

/* The next of what is wanted, as many as go into one question. */
static int ask(struct ancestry *a, struct telemetry *t, struct wants *w, struct err *err)
{
	_cleanup_buf_ struct buf sql = BUF_INIT(1 << 20), out = BUF_INIT(ANSWER_MAX);
	const struct telemetry_param params[] = { { "tenant", a->tenant_id },
						  { "device", a->device_id },
						  { NULL, NULL } };
	struct telemetry_query q = { .params = params,
				     .format = "JSONEachRow",
				     .timeout_ms = TIMEOUT_MS };
	size_t count = MIN(w->count - w->done, (size_t)ASK_MAX);
	const char *line, *end;
	int r = write_question(w, count, &sql);

	q.sql = sql.data;
	if (r == 0)
		r = telemetry_query(t, &q, &out, err);
	for (line = out.data; r == 0 && line && *line; line = end + 1) {
		end = strchr(line, '\n');
		if (!end)
			break;
		r = take_row(a, line, (size_t)(end - line));
	}
	/* The store has all that came before: who has no row now will never have one. */
	for (size_t i = 0; r == 0 && i < count; i++)
		lineage_put(a->lineage, a->device_id, w->ids[w->done + i], "");
	w->done += count;
	return r;
}

int ancestry_load(struct ancestry *a, struct telemetry *t, struct err *err)
{
	int r = 0;

	/* Each answer may want one level more. */
	for (int i = 0; i < ANCESTRY_DEPTH_MAX && r == 0 && a->parents.done < a->parents.count; i++)
		r = ask(a, t, &a->parents, err);
	return r;
}

int ancestry_want_names(struct ancestry *a, const char *id)
{
	char ids[ANCESTRY_DEPTH_MAX][EVENT_UNIQUE_ID_SIZE];
	unsigned int count = ancestry_chain(a, id, ids);
	int r = 0;

	for (unsigned int i = 0; i < count && r == 0; i++) {
		if (!ancestry_find(a, ids[i]))
			r = want(&a->names, ids[i]);
	}
	return r;
}

int ancestry_load_names(struct ancestry *a, struct telemetry *t, struct err *err)
{
	int r = 0;

	while (r == 0 && a->names.done < a->names.count)
		r = ask(a, t, &a->names, err);
	return r;
}

const struct ancestor *ancestry_find(const struct ancestry *a, const char *id)
{
	return id[0] ? map_get(a->by_id, id, strlen(id)) : NULL;
}

unsigned int ancestry_chain(const struct ancestry *a, const char *id,
			    char ret_ids[ANCESTRY_DEPTH_MAX][EVENT_UNIQUE_ID_SIZE])
{
	unsigned int n = 0;

	if (!id[0])
		return 0;
	snprintf(ret_ids[n++], EVENT_UNIQUE_ID_SIZE, "%s", id);
	while (n < ANCESTRY_DEPTH_MAX &&
	       lineage_get(a->lineage, a->device_id, ret_ids[n - 1], ret_ids[n]) == 1)
		n++;
	return n;
}

void ancestry_root(const struct ancestry *a, const char *id, char ret_root[EVENT_UNIQUE_ID_SIZE])
{
	char ids[ANCESTRY_DEPTH_MAX][EVENT_UNIQUE_ID_SIZE];
	unsigned int count = ancestry_chain(a, id, ids);

	snprintf(ret_root, EVENT_UNIQUE_ID_SIZE, "%s", count ? ids[count - 1] : "");
}
