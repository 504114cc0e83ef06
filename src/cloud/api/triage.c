/* SPDX-License-Identifier: Apache-2.0 */
/*
 * triage.c - what people decide of alerts and incidents, written to the state
 *
 * Only what the change names is touched. An incident is resolved when its last open alert is, and
 * open again when one of them is; to resolve an incident resolves its alerts.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cloud/api/enums.h"
#include "cloud/api/handlers.h"

#define COMMENT_MAX 10000 /* bytes */
#define COMMENTS_MAX 1000
#define ALERTS_AT_ONCE_MAX 1000
#define TAGS_MAX 50

#define DECISION_FIELDS                                                                            \
	{ "assignedTo", BODY_TEXT, .nullable = true, .max = 256, .doc = "null: nobody." },         \
	    { "classification", BODY_TEXT, .max = 64, .values = api_classifications },             \
	    { "determination", BODY_TEXT, .max = 64, .values = api_determination_changes },        \
	{                                                                                          \
		"comment", BODY_TEXT, .min = 1, .max = COMMENT_MAX,                                \
				      .doc = "Is added to those there."                            \
	}
#define ALERT_STATUS                                                                               \
	{                                                                                          \
		"status", BODY_TEXT, .max = 64, .values = api_alert_status_changes                 \
	}

const struct body_field triage_alert_fields[] = { ALERT_STATUS, DECISION_FIELDS, { 0 } };

const struct body_field triage_alerts_fields[] = {
	{ "alertIds", BODY_TEXTS, true, .min = 1, .max = ALERTS_AT_ONCE_MAX },
	ALERT_STATUS,
	DECISION_FIELDS,
	{ 0 },
};

const struct body_field triage_incident_fields[] = {
	{ "status", BODY_TEXT, .max = 64, .values = api_incident_statuses },
	DECISION_FIELDS,
	{ "tags", BODY_TEXTS, .max = TAGS_MAX, .doc = "Replaces those there." },
	{ 0 },
};

/* Whether the change says anything beside which alerts. */
static int check_change(const struct triage *t, struct err *err)
{
	size_t said = json_object_size(t->change) - !!json_object_get(t->change, "alertIds");

	return said ? 0 : err_setf(err, -EINVAL, "the body changes nothing");
}

/* UPDATEs that alert and incident have in common; kind is the name of the table. */
static int decide(const struct triage *t, const char *kind, const char *id, struct err *err)
{
	const char *classification = body_text(t->change, "classification");
	const char *determination = api_determination(body_text(t->change, "determination"));
	const json_t *assigned = json_object_get(t->change, "assignedTo");
	char sql[512];
	int r;

	snprintf(sql, sizeof(sql),
		 "UPDATE %s SET updated_ns = ?, classification = coalesce(?, classification),"
		 " determination = coalesce(?, determination),"
		 " assigned_to = iif(?, nullif(?, ''), assigned_to) WHERE tenant_id = ? AND id = ?",
		 kind);
	r = state_exec(t->conn, err, sql, "ississs", t->now_ns, classification, determination,
		       (int64_t)(assigned != NULL), json_string_value(assigned), t->who->tenant_id,
		       id);
	if (r == 0 && state_changes(t->conn) == 0)
		r = err_setf(err, -ENOENT, "There is no %s %s.", kind, id);
	return r;
}

static int count_comments(const struct triage *t, const char *kind, const char *id,
			  int64_t *ret_count, struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	char sql[256];
	int r;

	snprintf(
	    sql, sizeof(sql),
	    "SELECT coalesce(max(sequence), 0) FROM %s_comment WHERE tenant_id = ? AND %s_id = ?",
	    kind, kind);
	r = state_query(t->conn, &st, err, sql, "ss", t->who->tenant_id, id);
	if (r == 0)
		r = state_step(st, err);
	if (r < 0)
		return r;
	*ret_count = state_int(st, 0);
	return 0;
}

static int comment(const struct triage *t, const char *kind, const char *id, struct err *err)
{
	const char *text = body_text(t->change, "comment");
	int64_t count;
	char sql[256];
	int r = text ? count_comments(t, kind, id, &count, err) : 0;

	if (r < 0 || !text)
		return r;
	if (count == COMMENTS_MAX)
		return err_setf(err, -ENOSPC, "the %s has %d comments, as many as it may", kind,
				COMMENTS_MAX);
	snprintf(
	    sql, sizeof(sql),
	    "INSERT INTO %s_comment (tenant_id, %s_id, sequence, comment, created_by, created_ns)"
	    " VALUES (?, ?, ?, ?, ?, ?)",
	    kind, kind);
	return state_exec(t->conn, err, sql, "ssissi", t->who->tenant_id, id, count + 1, text,
			  t->who->name, t->now_ns);
}

#define SET_ALERT_STATUS                                                                           \
	"UPDATE alert SET status = ?, updated_ns = ?,"                                             \
	" resolved_ns = iif(? = 'Resolved', coalesce(resolved_ns, ?), NULL)"

int triage_alert(const struct triage *t, const char *alert_id, struct err *err)
{
	const char *status = body_text(t->change, "status");
	int r = check_change(t, err);

	if (r == 0)
		r = decide(t, "alert", alert_id, err);
	if (r == 0)
		r = comment(t, "alert", alert_id, err);
	if (r < 0 || !status)
		return r;
	r = state_exec(t->conn, err, SET_ALERT_STATUS " WHERE tenant_id = ? AND id = ?", "sisiss",
		       status, t->now_ns, status, t->now_ns, t->who->tenant_id, alert_id);
	if (r < 0)
		return r;
	return state_exec(
	    t->conn, err,
	    "UPDATE incident AS i SET updated_ns = ?, status = iif(EXISTS (SELECT 1 FROM"
	    " alert o WHERE o.tenant_id = i.tenant_id AND o.incident_id = i.id AND"
	    " o.status <> 'Resolved'), iif(status = 'Resolved', 'Active', status),"
	    " 'Resolved') WHERE tenant_id = ? AND id = (SELECT incident_id FROM alert a"
	    " WHERE a.tenant_id = i.tenant_id AND a.id = ?)",
	    "iss", t->now_ns, t->who->tenant_id, alert_id);
}

static int set_tags(const struct triage *t, const char *id, struct err *err)
{
	json_t *tags = json_object_get(t->change, "tags");
	_cleanup_free_ char *text = tags ? json_dumps(tags, JSON_COMPACT) : NULL;

	if (!json_is_array(tags))
		return 0;
	if (!text)
		return -ENOMEM;
	return state_exec(t->conn, err,
			  "UPDATE incident SET tags = ? WHERE tenant_id = ? AND id = ?", "sss",
			  text, t->who->tenant_id, id);
}

/* Its open alerts share the incident's end. */
static int resolve_alerts(const struct triage *t, const char *id, struct err *err)
{
	return state_exec(
	    t->conn, err,
	    SET_ALERT_STATUS ", classification = coalesce(?, classification),"
			     " determination = coalesce(?, determination)"
			     " WHERE tenant_id = ? AND incident_id = ? AND status <> 'Resolved'",
	    "sisissss", "Resolved", t->now_ns, "Resolved", t->now_ns,
	    body_text(t->change, "classification"),
	    api_determination(body_text(t->change, "determination")), t->who->tenant_id, id);
}

int triage_incident(const struct triage *t, int64_t incident_id, struct err *err)
{
	const char *status = body_text(t->change, "status");
	char id[24];
	int r = check_change(t, err);

	snprintf(id, sizeof(id), "%lld", (long long)incident_id);
	if (r == 0)
		r = decide(t, "incident", id, err);
	if (r == 0)
		r = comment(t, "incident", id, err);
	if (r == 0)
		r = set_tags(t, id, err);
	if (r == 0 && status)
		r = state_exec(t->conn, err,
			       "UPDATE incident SET status = ? WHERE tenant_id = ? AND id = ?",
			       "sss", status, t->who->tenant_id, id);
	if (r == 0 && status && strcmp(status, "Resolved") == 0)
		r = resolve_alerts(t, id, err);
	return r;
}
