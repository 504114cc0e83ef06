/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/ingest/ingest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "cloud/incident/incident.h"
#include "cloud/ingest/batch.h"
#include "event/wire.h"

struct ingest {
	struct fleet *fleet;
	struct state *state;
	struct telemetry *telemetry;
	struct detect *detect;
	struct lineage *lineage;
	_Atomic uint64_t batches, events, bytes, resends, refused, store_failures;
	_Atomic uint64_t alerts, incidents, joined, repeated, limited;
};

/* What one worker needs for a frame; kept by its thread. */
struct worker {
	struct wire_reader *reader;
	struct batch *batch;
	struct detect_run *run;
	struct event event;
};

int ingest_open(const struct ingest_options *options, struct ingest **ret_ingest, struct err *err)
{
	struct ingest *in = calloc(1, sizeof(*in));

	if (!in)
		return err_setf(err, -ENOMEM, "out of memory");
	in->fleet = options->fleet;
	in->state = options->state;
	in->telemetry = options->telemetry;
	in->detect = options->detect;
	if (lineage_new(&in->lineage) < 0) {
		free(in);
		return err_setf(err, -ENOMEM, "out of memory");
	}
	*ret_ingest = in;
	return 0;
}

void ingest_close(struct ingest *in)
{
	if (!in)
		return;
	lineage_free(in->lineage);
	free(in);
}

void ingest_get_stats(const struct ingest *in, struct ingest_stats *ret_stats)
{
	*ret_stats = (struct ingest_stats){
		.batches = in->batches,
		.events = in->events,
		.bytes = in->bytes,
		.resends = in->resends,
		.refused = in->refused,
		.store_failures = in->store_failures,
		.alerts = in->alerts,
		.incidents = in->incidents,
		.alert_joins = in->joined,
		.alert_repeats = in->repeated,
		.alert_limited = in->limited,
	};
}

static void worker_done(struct worker *w)
{
	detect_run_free(w->run);
	batch_free(w->batch);
	wire_reader_free(w->reader);
}

/* The highest number of the stream that the store is known to have. */
static int read_mark(struct state_conn *c, const struct fleet_device *d, const char *stream,
		     int64_t *ret_number, struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r =
	    state_query(c, &st, err,
			"SELECT number FROM ingest_mark WHERE tenant_id = ? AND device_id = ? AND "
			"stream = ?",
			"sss", d->tenant_id, d->id, stream);

	if (r == 0)
		r = state_step(st, err);
	if (r < 0)
		return r;
	*ret_number = r == 1 ? state_int(st, 0) : 0;
	return 0;
}

/* Clocks lie, and a device may send any number: no overflow, whatever it says. */
static int64_t clock_offset(int64_t device_ns, int64_t now_ns)
{
	int64_t offset;

	return __builtin_sub_overflow(device_ns, now_ns, &offset) ? INT64_MAX : offset;
}

static int write_mark(struct state_conn *c, const struct fleet_device *d,
		      const struct wire_batch *batch, struct err *err)
{
	int64_t now = clock_realtime_ns();
	int r =
	    state_exec(c, err,
		       "INSERT INTO ingest_mark VALUES (?, ?, ?, ?, ?) ON CONFLICT "
		       "(tenant_id, device_id, stream) DO UPDATE SET number = excluded.number, "
		       "updated_ns = excluded.updated_ns",
		       "sssii", d->tenant_id, d->id, batch->stream, (int64_t)batch->number, now);

	return r < 0 ? r
		     : state_exec(c, err,
				  "UPDATE device SET last_seen_ns = ?, clock_offset_ns = ? WHERE "
				  "tenant_id = ? AND id = ?",
				  "iiss", now, clock_offset(batch->sealed_realtime_ns, now),
				  d->tenant_id, d->id);
}

/* Whatever the reason, the device must keep the batch and try again. */
static int store_failed(struct ingest *in, int r, struct err *err)
{
	in->store_failures++;
	LOG_RATELIMIT(LOG_LEVEL_ERROR, 60, "insert failed: %s", err_msg(err, r));
	return err_setf(err, -EAGAIN, "the store is not available; try again");
}

static int add_event(struct ingest *in, struct worker *w, const struct native_envelope *env,
		     unsigned int *part, struct err *err)
{
	int r = batch_add(w->batch, &w->event, env);

	if (r == -ENOSPC) {
		r = batch_insert(w->batch, in->telemetry, env, (*part)++, err);
		if (r == 0)
			r = batch_add(w->batch, &w->event, env);
	}
	if (r < 0)
		return r;
	lineage_observe(in->lineage, env->device_id, &w->event);
	return detect_run_event(w->run, &w->event);
}

/* Decodes, detects, inserts; blocks that are full go to the store in between. */
static int store_events(struct ingest *in, struct worker *w, const struct wire_batch *batch,
			const struct fleet_device *d, struct err *err)
{
	int64_t now = clock_realtime_ns();
	const struct native_envelope env = {
		.tenant_id = d->tenant_id,
		.device_id = d->id,
		.device_name = d->name,
		.boot_id = batch->boot_id,
		.stream = batch->stream,
		.batch_number = batch->number,
		.received_ns = now,
		.clock_offset_ns = clock_offset(batch->sealed_realtime_ns, now),
	};
	unsigned int part = 0;
	int r;

	while ((r = wire_reader_next(w->reader, &w->event, err)) > 0) {
		r = add_event(in, w, &env, &part, err);
		if (r < 0)
			return store_failed(in, r, err);
	}
	if (r < 0)
		return r;
	r = batch_insert(w->batch, in->telemetry, &env, part, err);
	return r < 0 ? store_failed(in, r, err) : 0;
}

static void count_alerts(struct ingest *in, const struct incident_counts *counts)
{
	in->alerts += counts->alerts;
	in->incidents += counts->incidents;
	in->joined += counts->joined;
	in->repeated += counts->repeated;
	in->limited += counts->limited;
}

/* Alerts and mark, or neither. The same frame may be here twice at once: the later finds the mark.
 */
static int write_state(struct ingest *in, struct worker *w, struct state_conn *c,
		       const struct fleet_device *d, const struct wire_batch *batch,
		       const struct ancestry *ancestry, struct err *err)
{
	const struct incident_scope scope = { d->tenant_id, d->id, d->name };
	struct incident_counts counts = { 0 };
	int64_t mark = 0;
	int r = state_begin(c, err);

	if (r == 0)
		r = read_mark(c, d, batch->stream, &mark, err);
	if (r == 0 && (int64_t)batch->number <= mark) {
		state_rollback(c);
		in->resends++;
		return 0;
	}
	if (r == 0)
		r = incident_record(c, &scope, detect_run_detections(w->run), ancestry, &counts,
				    err);
	if (r == 0)
		r = write_mark(c, d, batch, err);
	if (r == 0)
		r = state_commit(c, err);
	state_rollback(c);
	if (r == 0)
		count_alerts(in, &counts);
	return r;
}

static int finish_frame(struct ingest *in, struct worker *w, struct state_conn *c,
			const struct fleet_device *d, const struct wire_batch *batch,
			struct err *err)
{
	_cleanup_(ancestry_freep) struct ancestry *ancestry = NULL;
	const struct incident_sources sources = { c, in->telemetry, in->lineage };
	const struct incident_scope scope = { d->tenant_id, d->id, d->name };
	const struct detections *list = detect_run_detections(w->run);
	int r = 0;

	if (detections_count(list))
		r = incident_ancestry(&sources, &scope, list, &ancestry, err);
	if (r < 0)
		return store_failed(in, r, err);
	return write_state(in, w, c, d, batch, ancestry, err);
}

/* Takes a frame in; *ret_batch is set as soon as it is known. */
static int take_frame(struct ingest *in, struct worker *w, const struct http_request *req,
		      const struct fleet_device *d, struct wire_batch *ret_batch, struct err *err)
{
	struct state_conn *c = state_get(in->state);
	int64_t mark = 0;
	int r;

	if (!c || wire_reader_new(&w->reader) < 0 || batch_new(&w->batch) < 0 ||
	    detect_run_new(in->detect, &w->run) < 0)
		return err_setf(err, -ENOMEM, "out of memory");
	r = wire_reader_open(w->reader, req->body, req->body_len, ret_batch, err);
	if (r == 0)
		r = read_mark(c, d, ret_batch->stream, &mark, err);
	if (r < 0)
		return r;
	if ((int64_t)ret_batch->number <= mark) {
		in->resends++;
		return 0;
	}
	r = store_events(in, w, ret_batch, d, err);
	if (r == 0)
		r = finish_frame(in, w, c, d, ret_batch, err);
	if (r < 0)
		return r;
	in->batches++;
	in->events += ret_batch->event_count;
	in->bytes += req->body_len;
	return 0;
}

static int on_events(struct http_request *req, struct http_response *res, void *arg)
{
	_cleanup_(worker_done) struct worker w = { 0 };
	struct fleet_device device;
	struct wire_batch batch = { 0 };
	struct ingest *in = arg;
	struct err err = { 0 };
	char body[64];
	int r = fleet_identify(in->fleet, req, &device, &err), n;

	if (r == 0)
		r = take_frame(in, &w, req, &device, &batch, &err);
	if (r < 0) {
		if (r == -EBADMSG) {
			in->refused++;
			LOG_RATELIMIT(LOG_LEVEL_WARNING, 10, "device %s: batch refused: %s",
				      device.id, err.msg);
		}
		return fleet_refuse(res, r, &err);
	}
	n = snprintf(body, sizeof(body), "{\"acknowledged\":%" PRIu64 "}", batch.number);
	return http_response_json(res, 200, body, (size_t)n);
}

const struct http_route ingest_routes[] = {
	{ HTTP_POST, "/device/v1/events", on_events, 0, "device_events" },
	{ 0 },
};
