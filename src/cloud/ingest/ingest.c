/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/ingest/ingest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "cloud/incident/incident.h"
#include "cloud/ingest/batch.h"
#include "cloud/ingest/budget.h"
#include "cloud/ingest/commit.h"
#include "cloud/ingest/stored.h"
#include "cloud/ingest/streams.h"
#include "event/wire.h"

struct ingest {
	struct fleet *fleet;
	struct state *state;
	struct streams *streams;
	struct commit *commit;
	struct telemetry *telemetry;
	struct detect *detect;
	struct tuning *tuning;
	struct lineage *lineage;
	struct budget unpacked;
	_Atomic uint64_t batches, events, bytes, resends, refused, store_failures, put_off;
	_Atomic uint64_t alerts, incidents, joined, repeated, limited;
};

/* One frame on its way, with what the worker needs for it. */
struct frame {
	struct wire_reader *reader;
	struct batch *rows;
	struct detect_run *run;
	struct tuning_run *tuning;
	struct event event;
	const struct http_request *req;
	struct fleet_device device;
	struct wire_batch batch;
	struct native_envelope env;
	struct streams *streams;
	struct stream *stream;
	struct stored *stored; /* NULL: the store has nothing of it */
	struct budget *budget; /* NULL: nothing is taken of it */
	size_t taken;
};

int ingest_open(const struct ingest_options *options, struct ingest **ret_ingest, struct err *err)
{
	_cleanup_(ingest_closep) struct ingest *in = calloc(1, sizeof(*in));

	if (!in)
		return err_setf(err, -ENOMEM, "out of memory");
	in->fleet = options->fleet;
	in->state = options->state;
	in->telemetry = options->telemetry;
	in->detect = options->detect;
	in->tuning = options->tuning;
	in->unpacked.max = options->unpacked_max ?: INGEST_UNPACKED_MAX;
	if (in->unpacked.max < WIRE_UNPACKED_MAX)
		return err_setf(err, -EINVAL, "%zu bytes for frames in flight: one alone may take %u",
				in->unpacked.max, WIRE_UNPACKED_MAX);
	if (lineage_new(&in->lineage) < 0 || streams_new(&in->streams) < 0 ||
	    commit_new(in->state, in->telemetry, &in->commit) < 0)
		return err_setf(err, -ENOMEM, "out of memory");
	*ret_ingest = TAKE_PTR(in);
	return 0;
}

void ingest_close(struct ingest *in)
{
	if (!in)
		return;
	commit_free(in->commit);
	streams_free(in->streams);
	lineage_free(in->lineage);
	free(in);
}

struct lineage *ingest_lineage(const struct ingest *in)
{
	return in->lineage;
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
		.put_off = in->put_off,
		.alerts = in->alerts,
		.incidents = in->incidents,
		.alert_joins = in->joined,
		.alert_repeats = in->repeated,
		.alert_limited = in->limited,
	};
}

static void frame_done(struct frame *f)
{
	stored_free(f->stored);
	streams_leave(f->streams, f->stream);
	tuning_run_free(f->tuning);
	detect_run_free(f->run);
	batch_free(f->rows);
	wire_reader_free(f->reader);
	if (f->budget)
		budget_give(f->budget, f->taken);
}

/* Before anything is unpacked. A frame whose header is wrong takes nothing and is refused later. */
static int reserve(struct ingest *in, struct frame *f, struct err *err)
{
	int64_t bytes = wire_frame_unpacked(f->req->body, f->req->body_len);

	if (bytes < 0)
		return 0;
	if (!budget_take(&in->unpacked, (size_t)bytes)) {
		in->put_off++;
		LOG_RATELIMIT(LOG_LEVEL_WARNING, 60,
			      "frames in flight take all of the %zu MiB that they may; devices send "
			      "again what does not fit",
			      in->unpacked.max >> 20);
		return err_setf(err, -ENOBUFS, "frames of other devices are being taken in; try again");
	}
	f->budget = &in->unpacked;
	f->taken = (size_t)bytes;
	return 0;
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

/* Whatever the reason, the device must keep the batch and try again. */
static int store_failed(struct ingest *in, int r, struct err *err)
{
	in->store_failures++;
	LOG_RATELIMIT(LOG_LEVEL_ERROR, 60, "insert failed: %s", err_msg(err, r));
	return err_setf(err, -EAGAIN, "the store is not available; try again");
}

static int insert_rows(struct ingest *in, struct frame *f, struct err *err)
{
	int r = commit_rows(in->commit, f->rows, f->stream->alone, err);

	f->stream->alone = r < 0;
	return r;
}

static int add_event(struct ingest *in, struct frame *f, struct err *err)
{
	int r = 0;

	batch_prepare(&f->event, &f->env, f->batch.sealed_realtime_ns);
	if (!stored_has_next(f->stored, &f->event)) {
		r = batch_add(f->rows, &f->event, &f->env);
		if (r == -ENOSPC) {
			r = insert_rows(in, f, err);
			if (r == 0)
				r = batch_add(f->rows, &f->event, &f->env);
		}
	}
	if (r < 0)
		return r;
	batch_name_device(&f->event, &f->env);
	lineage_observe(in->lineage, f->env.device_id, &f->event);
	return detect_run_event(f->run, &f->event);
}

/* Asks the store what it has of the frame, and opens that again. */
static int ask_stored(struct ingest *in, struct frame *f, struct err *err)
{
	struct stored_range range = { 0 };
	int r;

	while ((r = wire_reader_next(f->reader, &f->event, err)) > 0) {
		batch_prepare(&f->event, &f->env, f->batch.sealed_realtime_ns);
		stored_range_add(&range, &f->event);
	}
	if (r < 0 || !f->batch.event_count)
		return r;
	r = stored_ask(in->telemetry, &f->env, &range, &f->stored, err);
	if (r < 0)
		return store_failed(in, r, err);
	return wire_reader_open(f->reader, f->req->body, f->req->body_len, &f->batch, err);
}

/* Decodes, detects, inserts; blocks that are full go to the store in between. */
static int store_events(struct ingest *in, struct frame *f, struct err *err)
{
	int r = f->stream->known ? 0 : ask_stored(in, f, err);

	if (r < 0)
		return r;
	/* From here on until its number is in state. */
	f->stream->known = false;
	f->stream->begun = MAX(f->stream->begun, (int64_t)f->batch.number);
	while ((r = wire_reader_next(f->reader, &f->event, err)) > 0) {
		r = add_event(in, f, err);
		if (r < 0)
			return store_failed(in, r, err);
	}
	if (r < 0)
		return r;
	r = insert_rows(in, f, err);
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

/* After its rows: the tree of what was detected may stand among them. */
static int finish_frame(struct ingest *in, struct frame *f, struct err *err)
{
	_cleanup_(ancestry_freep) struct ancestry *ancestry = NULL;
	const struct incident_sources sources = { state_get(in->state), in->telemetry,
						  in->lineage };
	const struct incident_scope scope = { f->device.tenant_id, f->device.id, f->device.name };
	const struct detections *list = detect_run_detections(f->run);
	struct commit_frame write = { .device = &f->device,
				      .batch = &f->batch,
				      .clock_offset_ns = f->env.clock_offset_ns,
				      .detections = list,
				      .tuning = f->tuning };
	int r = 0;

	if (detections_count(list))
		r = incident_ancestry(&sources, &scope, list, &ancestry, err);
	if (r < 0)
		return store_failed(in, r, err);
	write.ancestry = ancestry;
	r = commit_frame(in->commit, &write, err);
	if (r < 0)
		return r;
	f->stream->mark = (int64_t)f->batch.number;
	/* A later frame that did not get in may have left rows. */
	f->stream->known = f->stream->mark >= f->stream->begun;
	count_alerts(in, &write.counts);
	return 0;
}

/* 1: it has been taken in before; 0: it is new. */
static int enter_stream(struct ingest *in, struct frame *f, struct err *err)
{
	struct state_conn *c = state_get(in->state);
	int r = streams_enter(in->streams, f->device.id, f->batch.stream, &f->stream);

	if (r == -EBUSY || r == -ENOSPC)
		return err_setf(err, -EAGAIN, "the frame is being taken in; try again");
	if (r < 0 || !c)
		return err_setf(err, -ENOMEM, "out of memory");
	f->streams = in->streams;
	if (!f->stream->known)
		r = read_mark(c, &f->device, f->batch.stream, &f->stream->mark, err);
	return r < 0 ? r : (int64_t)f->batch.number <= f->stream->mark;
}

static void set_envelope(struct frame *f)
{
	int64_t now = clock_realtime_ns();

	f->env = (struct native_envelope){
		.tenant_id = f->device.tenant_id,
		.device_id = f->device.id,
		.device_name = f->device.name,
		.boot_id = f->batch.boot_id,
		.stream = f->batch.stream,
		.batch_number = f->batch.number,
		.received_ns = now,
		.clock_offset_ns = clock_offset(f->batch.sealed_realtime_ns, now),
	};
}

static int take_frame(struct ingest *in, struct frame *f, struct err *err)
{
	int r = reserve(in, f, err);

	if (r < 0)
		return r;
	if (wire_reader_new(&f->reader) < 0 || batch_new(&f->rows) < 0 ||
	    detect_run_new(in->detect, f->device.tenant_id, &f->run) < 0)
		return err_setf(err, -ENOMEM, "out of memory");
	r = wire_reader_open(f->reader, f->req->body, f->req->body_len, &f->batch, err);
	if (r == 0)
		r = enter_stream(in, f, err);
	if (r < 0)
		return r;
	if (r == 1) {
		in->resends++;
		return 0;
	}
	set_envelope(f);
	r = tuning_run_new(in->tuning, f->device.tenant_id, f->device.id, &f->tuning, err);
	if (r < 0)
		return r;
	detect_run_judge_by(f->run, tuning_run_judge(f->tuning));
	r = store_events(in, f, err);
	if (r == 0)
		r = finish_frame(in, f, err);
	if (r < 0)
		return r;
	in->batches++;
	in->events += f->batch.event_count;
	in->bytes += f->req->body_len;
	return 0;
}

static int on_events(struct http_request *req, struct http_response *res, void *arg)
{
	_cleanup_(frame_done) struct frame f = { .req = req };
	struct ingest *in = arg;
	struct err err = { 0 };
	char body[64];
	int r = fleet_identify(in->fleet, req, &f.device, &err), n;

	if (r == 0)
		r = take_frame(in, &f, &err);
	if (r < 0) {
		if (r == -EBADMSG) {
			in->refused++;
			LOG_RATELIMIT(LOG_LEVEL_WARNING, 10, "device %s: batch refused: %s",
				      f.device.id, err.msg);
		}
		return fleet_refuse(res, r, &err);
	}
	n = snprintf(body, sizeof(body), "{\"acknowledged\":%" PRIu64 "}", f.batch.number);
	return http_response_json(res, 200, body, (size_t)n);
}

const struct http_route ingest_routes[] = {
	{ HTTP_POST, "/device/v1/events", on_events, 0, "device_events" },
	{ 0 },
};
