/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kept.c - see kept.h
 */
#include "cloud/hunt/kept.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"

const char *const hunt_outcome_names[] = {
	[HUNT_SUCCESS] = "Success",	[HUNT_LIMITED] = "Limited", [HUNT_REFUSED] = "Refused",
	[HUNT_CANCELLED] = "Cancelled", [HUNT_FAILED] = "Failed",   NULL,
};

static int check_room(struct state_conn *c, const struct hunt_person *who, struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(
	    c, &st, err, "SELECT count(*) FROM hunting_query WHERE tenant_id = ? AND owner_id = ?",
	    "ss", who->tenant_id, who->id);

	if (r == 0)
		r = state_step(st, err);
	if (r < 0)
		return r;
	if (state_int(st, 0) < HUNT_KEPT_MAX)
		return 0;
	return err_setf(err, -ENOSPC, "you keep %d queries, which is the most; delete one first",
			HUNT_KEPT_MAX);
}

static int check_sharing(const struct hunt_person *who, int shared, struct err *err)
{
	if (shared <= 0 || who->may_share)
		return 0;
	return err_setf(err, -EPERM, "your role does not allow sharing queries");
}

int hunt_kept_create(struct state_conn *c, const struct hunt_person *who,
		     const struct hunt_kept_change *first, char ret_id[UUID_TEXT_SIZE],
		     struct err *err)
{
	const int64_t now = clock_realtime_ns();
	char id[UUID_TEXT_SIZE];
	int r = check_sharing(who, first->shared, err);

	if (r == 0)
		r = state_begin(c, err);
	if (r < 0)
		return r;
	uuid_random(id);
	r = check_room(c, who, err);
	if (r == 0)
		r = state_exec(
		    c, err,
		    "INSERT INTO hunting_query (tenant_id, id, owner_id, name, description,"
		    " query, shared, created_by, created_ns, updated_by, updated_ns)"
		    " VALUES (?,?,?,?,?,?,?,?,?,?,?)",
		    "ssssssisisi", who->tenant_id, id, who->id, first->name,
		    first->description ?: "", first->query, (int64_t)(first->shared > 0), who->name,
		    now, who->name, now);
	r = state_end(c, r, err);
	if (r == 0)
		memcpy(ret_id, id, sizeof(id));
	return r;
}

/* 0 with whether it is their own. */
static int find(struct state_conn *c, const struct hunt_person *who, const char *id, bool *ret_own,
		struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(c, &st, err,
			    "SELECT owner_id = ? FROM hunting_query WHERE tenant_id = ? AND id = ?"
			    " AND (owner_id = ? OR shared)",
			    "ssss", who->id, who->tenant_id, id, who->id);

	if (r == 0)
		r = state_step(st, err);
	if (r < 0)
		return r;
	if (r == 0)
		return err_setf(err, -ENOENT, "there is no query %.60s", id);
	*ret_own = state_int(st, 0);
	return 0;
}

int hunt_kept_find(struct state_conn *c, const struct hunt_person *who, const char *id,
		   struct err *err)
{
	bool own;

	return find(c, who, id, &own, err);
}

/* In a transaction. */
static int check_may_change(struct state_conn *c, const struct hunt_person *who, const char *id,
			    struct err *err)
{
	bool own;
	int r = find(c, who, id, &own, err);

	if (r < 0 || own || who->may_share)
		return r;
	return err_setf(err, -EPERM, "the query is another's; keep a copy of your own");
}

static int change_in(struct state_conn *c, const struct hunt_person *who, const char *id,
		     const struct hunt_kept_change *change, struct err *err)
{
	int r = check_may_change(c, who, id, err);

	if (r < 0)
		return r;
	return state_exec(c, err,
			  "UPDATE hunting_query SET name = coalesce(?, name),"
			  " description = coalesce(?, description), query = coalesce(?, query),"
			  " shared = iif(? < 0, shared, ?), updated_by = ?, updated_ns = ?"
			  " WHERE tenant_id = ? AND id = ?",
			  "sssiisiss", change->name, change->description, change->query,
			  (int64_t)change->shared, (int64_t)change->shared, who->name,
			  clock_realtime_ns(), who->tenant_id, id);
}

int hunt_kept_change(struct state_conn *c, const struct hunt_person *who, const char *id,
		     const struct hunt_kept_change *change, struct err *err)
{
	int r = check_sharing(who, change->shared, err);

	if (r == 0)
		r = state_begin(c, err);
	return r < 0 ? r : state_end(c, change_in(c, who, id, change, err), err);
}

int hunt_kept_delete(struct state_conn *c, const struct hunt_person *who, const char *id,
		     struct err *err)
{
	int r = state_begin(c, err);

	if (r < 0)
		return r;
	r = check_may_change(c, who, id, err);
	if (r == 0)
		r = state_exec(c, err, "DELETE FROM hunting_query WHERE tenant_id = ? AND id = ?",
			       "ss", who->tenant_id, id);
	return state_end(c, r, err);
}

/* The newest run gets the next number, and those behind the most go. */
static int add_in(struct state_conn *c, const struct hunt_person *who,
		  const struct hunt_past_run *run, struct err *err)
{
	const char *outcome = hunt_outcome_names[run->outcome];
	const char type = run->rows < 0 ? 'n' : 'i';
	const char types[] = { 's', 's', 's', 's', 's', 'i', 'i', 's', type, '\0' };
	int r = state_exec(c, err,
			   "INSERT INTO hunting_history (tenant_id, principal_id, sequence, query,"
			   " started_ns, took_ns, outcome, row_count) SELECT ?, ?,"
			   " 1 + coalesce((SELECT max(sequence) FROM hunting_history WHERE"
			   " tenant_id = ? AND principal_id = ?), 0), ?, ?, ?, ?, ?",
			   types, who->tenant_id, who->id, who->tenant_id, who->id, run->query,
			   run->started_ns, run->took_ns, outcome, run->rows);

	if (r < 0)
		return r;
	return state_exec(c, err,
			  "DELETE FROM hunting_history WHERE tenant_id = ? AND principal_id = ?"
			  " AND sequence <= (SELECT max(sequence) FROM hunting_history WHERE"
			  " tenant_id = ? AND principal_id = ?) - ?",
			  "ssssi", who->tenant_id, who->id, who->tenant_id, who->id,
			  (int64_t)HUNT_HISTORY_MAX);
}

int hunt_history_add(struct state_conn *c, const struct hunt_person *who,
		     const struct hunt_past_run *run, struct err *err)
{
	int r = state_begin(c, err);

	return r < 0 ? r : state_end(c, add_in(c, who, run, err), err);
}

int hunt_history_clear(struct state_conn *c, const struct hunt_person *who, struct err *err)
{
	int r = state_begin(c, err);

	if (r < 0)
		return r;
	r = state_exec(c, err,
		       "DELETE FROM hunting_history WHERE tenant_id = ? AND principal_id = ?", "ss",
		       who->tenant_id, who->id);
	return state_end(c, r, err);
}
