/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/ingest/commit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hex.h"
#include "cloud/ingest/group.h"

/* As many as vakt-store has threads that insert. */
#define INSERTS_MAX 2
#define INSERT_BYTES_MAX (32u << 20)

struct commit {
	struct state *state;
	struct telemetry *telemetry;
	struct group *rows, *frames;
	char id[UUID_TEXT_SIZE]; /* of this process, in the inserts' tokens */
	_Atomic uint64_t inserts;
};

static void finish_all(struct group_member **members, unsigned int count, int r,
		       const struct err *err)
{
	for (unsigned int i = 0; i < count; i++) {
		members[i]->result = r;
		members[i]->err = *err;
	}
}

static void insert_rows(void *arg, struct group_member **members, unsigned int count)
{
	struct batch *batches[GROUP_MEMBERS_MAX];
	struct commit *c = arg;
	struct err err = { 0 };
	char token[80];

	for (unsigned int i = 0; i < count; i++)
		batches[i] = members[i]->work;
	snprintf(token, sizeof(token), "%s:%" PRIu64, c->id, ++c->inserts);
	finish_all(members, count, batch_insert(batches, count, c->telemetry, token, &err), &err);
}

static int write_mark(struct state_conn *c, const struct commit_frame *f, struct err *err)
{
	int64_t now = clock_realtime_ns();
	const struct fleet_device *d = f->device;
	int r =
	    state_exec(c, err,
		       "INSERT INTO ingest_mark VALUES (?, ?, ?, ?, ?) ON CONFLICT "
		       "(tenant_id, device_id, stream) DO UPDATE SET number = excluded.number, "
		       "updated_ns = excluded.updated_ns",
		       "sssii", d->tenant_id, d->id, f->batch->stream, (int64_t)f->batch->number,
		       now);

	return r < 0 ? r
		     : state_exec(c, err,
				  "UPDATE device SET last_seen_ns = ?, clock_offset_ns = ? WHERE "
				  "tenant_id = ? AND id = ?",
				  "iiss", now, f->clock_offset_ns,
				  d->tenant_id, d->id);
}

static int write_frame(struct state_conn *conn, struct commit_frame *f, struct err *err)
{
	const struct incident_scope scope = { f->device->tenant_id, f->device->id,
					      f->device->name };
	int r;

	f->counts = (struct incident_counts){ 0 };
	r = incident_record(conn, &scope, f->detections, f->ancestry, &f->counts, err);
	if (r == 0)
		r = tuning_run_write(f->tuning, conn, err);
	return r < 0 ? r : write_mark(conn, f, err);
}

static int write_together(struct commit *c, struct group_member **members, unsigned int count,
			  struct err *err)
{
	struct state_conn *conn = state_get(c->state);
	int r = conn ? state_begin(conn, err) : err_setf(err, -ENOMEM, "out of memory");

	for (unsigned int i = 0; i < count && r == 0; i++)
		r = write_frame(conn, members[i]->work, err);
	if (r == 0)
		r = state_commit(conn, err);
	if (conn)
		state_rollback(conn);
	return r;
}

static void write_frames(void *arg, struct group_member **members, unsigned int count)
{
	struct commit *c = arg;
	struct err err = { 0 };
	int r = write_together(c, members, count, &err);

	finish_all(members, count, r, &err);
	if (r == 0 || count == 1)
		return;
	for (unsigned int i = 0; i < count; i++)
		members[i]->result = write_together(c, &members[i], 1, &members[i]->err);
}

int commit_new(struct state *state, struct telemetry *telemetry, struct commit **ret_commit)
{
	_cleanup_(commit_freep) struct commit *c = calloc(1, sizeof(*c));
	const struct group_options rows = { INSERTS_MAX, INSERT_BYTES_MAX, insert_rows, c };
	const struct group_options frames = { 1, SIZE_MAX, write_frames, c };

	if (!c)
		return -ENOMEM;
	c->state = state;
	c->telemetry = telemetry;
	uuid_random(c->id);
	if (group_new(&rows, &c->rows) < 0 || group_new(&frames, &c->frames) < 0)
		return -ENOMEM;
	*ret_commit = TAKE_PTR(c);
	return 0;
}

void commit_free(struct commit *c)
{
	if (!c)
		return;
	group_free(c->rows);
	group_free(c->frames);
	free(c);
}

int commit_rows(struct commit *c, struct batch *batch, bool alone, struct err *err)
{
	struct group_member m = { .work = batch, .bytes = batch_bytes(batch), .alone = alone };

	return m.bytes ? group_join(c->rows, &m, err) : 0;
}

int commit_frame(struct commit *c, struct commit_frame *frame, struct err *err)
{
	struct group_member m = { .work = frame };

	return group_join(c->frames, &m, err);
}
