/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ingest.c - sends recorded frames to a running vakt-cloud, and the same rows to its store
 *
 * The recording is a spool that the real sensor wrote. Each sender is a device of its own, enrolled
 * here, with its own certificate and connection; its frames hold the recorded events under numbers
 * of their own and are made before the clock runs. Prints one JSON object a phase. A rate of 0 is
 * as fast as it goes; only then the rows go into the store alone as well. bench/ingest.py starts
 * what is needed.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "event/spool.h"
#include "event/wire.h"
#include "net/cert.h"
#include "net/http_client.h"
#include "store/native.h"
#include "store/telemetry.h"

#define SENDERS_MAX 16
#define FRAMES_MAX 65536
#define BULK_ROWS 10000

struct frame {
	char *data;
	size_t len;
	unsigned int events;
};

/* The recording: frames as they were. */
static struct frame recorded[FRAMES_MAX];
static unsigned int recorded_count;
static uint64_t recorded_events;
static unsigned int frame_events; /* in a frame that is sent; 0: as recorded */

struct sender {
	const char *server, *dir;
	char cert[160], key[160], ca[160], stream[WIRE_STREAM_SIZE];
	unsigned int number;
	struct frame *frames;
	unsigned int frame_count;
	int64_t *latencies_ns;
	uint64_t events, bytes, retries;
	double rate; /* events a second, 0: as fast as it goes */
	struct telemetry *store;
	pthread_t thread;
	struct err err;
	int result;
};

static int read_recording(const char *spool, struct err *err)
{
	_cleanup_(spool_reader_closep) struct spool_reader *r = NULL;
	_cleanup_(wire_reader_freep) struct wire_reader *w = NULL;
	_cleanup_buf_ struct buf frame = BUF_INIT(WIRE_PACKED_MAX + WIRE_HEADER_SIZE);
	struct wire_batch batch;
	int n = spool_reader_open(spool, &r, err);

	if (n == 0)
		n = wire_reader_new(&w);
	while (n == 0 && recorded_count < FRAMES_MAX &&
	       (n = spool_reader_next(r, &frame, err)) == 1) {
		struct frame *f = &recorded[recorded_count++];

		n = wire_reader_open(w, frame.data, frame.len, &batch, err);
		f->len = frame.len;
		f->events = batch.event_count;
		recorded_events += f->events;
		f->data = buf_take(&frame);
		buf_init(&frame, WIRE_PACKED_MAX + WIRE_HEADER_SIZE);
		if (n == 0)
			n = f->data ? spool_reader_ack(r, err) : -ENOMEM;
	}
	if (n >= 0 && !recorded_events)
		return err_setf(err, -ENODATA, "%s: no events were recorded", spool);
	return n;
}

/* What a sender's frames are made of; one at a time. */
struct maker {
	struct sender *sender;
	struct wire_reader *reader;
	struct wire_writer *writer;
	struct wire_batch batch;
	struct event event;
};

static int seal(struct maker *m)
{
	struct sender *s = m->sender;
	_cleanup_buf_ struct buf out = BUF_INIT(WIRE_PACKED_MAX + WIRE_HEADER_SIZE);
	struct frame *to = &s->frames[s->frame_count];
	int r;

	memcpy(m->batch.stream, s->stream, sizeof(m->batch.stream));
	m->batch.number = ++s->frame_count;
	to->events = wire_writer_count(m->writer);
	r = wire_writer_seal(m->writer, &m->batch, &out);
	to->len = out.len;
	to->data = r < 0 ? NULL : buf_take(&out);
	return r < 0 ? r : to->data ? 0 : -ENOMEM;
}

/* Adds a recorded frame's events; sequences differ from pass to pass. */
static int add_recorded(struct maker *m, const struct frame *from, uint64_t pass, struct err *err)
{
	int r = wire_reader_open(m->reader, from->data, from->len, &m->batch, err);

	while (r >= 0 && (r = wire_reader_next(m->reader, &m->event, err)) == 1) {
		m->event.sequence += pass << 40;
		r = wire_writer_add(m->writer, &m->event);
		if (r == 0 && frame_events && wire_writer_count(m->writer) >= frame_events)
			r = seal(m);
	}
	if (r == 0 && !frame_events && wire_writer_count(m->writer))
		r = seal(m);
	return r;
}

static int make_frames(struct sender *s, uint64_t events, struct err *err)
{
	struct maker *m = calloc(1, sizeof(*m));
	uint8_t random[16];
	uint64_t have = 0;
	int r;

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return -errno;
	hex_encode(random, sizeof(random), s->stream);
	s->frames = calloc(FRAMES_MAX, sizeof(*s->frames));
	s->latencies_ns = calloc(FRAMES_MAX, sizeof(*s->latencies_ns));
	if (!m || !s->frames || !s->latencies_ns)
		return -ENOMEM;
	m->sender = s;
	r = wire_reader_new(&m->reader);
	if (r == 0)
		r = wire_writer_new(&m->writer);
	for (unsigned int i = 0; r == 0 && have < events && s->frame_count < FRAMES_MAX; i++) {
		const struct frame *from = &recorded[i % recorded_count];

		r = add_recorded(m, from, 1 + i / recorded_count, err);
		have += from->events;
	}
	if (r == 0 && wire_writer_count(m->writer))
		r = seal(m);
	wire_reader_free(m->reader);
	wire_writer_free(m->writer);
	free(m);
	return r;
}

/* ---- enrolment ---- */

static int keep(const char *path, const char *text, struct err *err)
{
	return file_write_atomic(path, text, strlen(text), 0600, err);
}

static char *enroll_body(const struct sender *s, const char *token, const char *csr)
{
	char uid[65], name[32];
	json_t *root;
	char *text;

	snprintf(uid, sizeof(uid), "%064x", s->number + 1);
	snprintf(name, sizeof(name), "bench-%u", s->number);
	root = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "token", token, "csr", csr,
			 "machineUid", uid, "computerDnsName", name, "osDistribution", "debian",
			 "osVersion", "12", "osBuild", "6", "osArchitecture", "64-bit",
			 "osProcessor", "x86_64", "agentVersion", "0");
	text = root ? json_dumps(root, JSON_COMPACT) : NULL;
	json_decref(root);
	return text;
}

static int keep_identity(struct sender *s, const char *answer, const char *key, struct err *err)
{
	json_t *root = json_loads(answer, 0, NULL);
	const char *cert, *ca;
	int r = -EBADMSG;

	if (json_unpack(root, "{s:s,s:s}", "certificate", &cert, "caCertificate", &ca) == 0) {
		snprintf(s->cert, sizeof(s->cert), "%s/%u.crt", s->dir, s->number);
		snprintf(s->key, sizeof(s->key), "%s/%u.key", s->dir, s->number);
		snprintf(s->ca, sizeof(s->ca), "%s/ca.crt", s->dir);
		r = keep(s->cert, cert, err);
		if (r == 0)
			r = keep(s->key, key, err);
		if (r == 0)
			r = keep(s->ca, ca, err);
	}
	json_decref(root);
	return r;
}

static int enroll(struct sender *s, const char *token, const char *ca_sha256, struct err *err)
{
	const struct http_client_options o = { .base_url = s->server,
					       .pinned_ca_sha256 = ca_sha256,
					       .timeout_ms = 30000 };
	_cleanup_(http_client_freep) struct http_client *client = NULL;
	_cleanup_free_ char *key = NULL, *csr = NULL, *body = NULL;
	struct http_client_response res = { .body = BUF_INIT(1 << 20) };
	struct http_client_request req = { .method = "POST",
					   .path = "/device/v1/enroll",
					   .content_type = "application/json" };
	int r = cert_key_generate(&key, err);

	if (r == 0)
		r = cert_csr_make(key, "device", &csr, err);
	if (r == 0)
		r = http_client_new(&o, &client, err);
	if (r < 0)
		return r;
	req.body = body = enroll_body(s, token, csr);
	req.body_len = body ? strlen(body) : 0;
	r = body ? http_client_send(client, &req, &res, err) : -ENOMEM;
	if (r == 0)
		r = res.status == 201 ? keep_identity(s, res.body.data, key, err)
				      : err_setf(err, -EACCES, "%.900s", res.body.data);
	buf_done(&res.body);
	return r;
}

/* ---- phases ---- */

static int send_frame(struct sender *s, struct http_client *c, const struct frame *f)
{
	struct http_client_response res = { .body = BUF_INIT(1 << 20) };
	const struct http_client_request req = { .method = "POST",
						 .path = "/device/v1/events",
						 .content_type = "application/octet-stream",
						 .body = f->data,
						 .body_len = f->len };
	int r = http_client_send(c, &req, &res, &s->err);

	if (r == 0 && (res.status == 429 || res.status == 503)) {
		s->retries++;
		usleep(100000);
		r = -EAGAIN;
	} else if (r == 0 && res.status != 200) {
		r = err_setf(&s->err, -EIO, "%d %.900s", res.status, res.body.data);
	}
	buf_done(&res.body);
	return r;
}

static void *send_frames(void *arg)
{
	struct sender *s = arg;
	const struct http_client_options o = { .base_url = s->server,
					       .ca_file = s->ca,
					       .certificate_file = s->cert,
					       .key_file = s->key,
					       .timeout_ms = 60000 };
	_cleanup_(http_client_freep) struct http_client *client = NULL;
	int64_t begun = clock_monotonic_ns();

	s->result = http_client_new(&o, &client, &s->err);
	for (unsigned int i = 0; s->result == 0 && i < s->frame_count; i++) {
		int64_t start, due = s->rate ? begun + (int64_t)(s->events / s->rate * 1e9) : 0;

		start = clock_monotonic_ns();
		if (due > start)
			usleep((useconds_t)((due - start) / 1000));
		start = clock_monotonic_ns();
		do {
			s->result = send_frame(s, client, &s->frames[i]);
		} while (s->result == -EAGAIN);
		s->latencies_ns[i] = clock_monotonic_ns() - start;
		s->events += s->frames[i].events;
		s->bytes += s->frames[i].len;
	}
	return NULL;
}

static int add_bulk(struct native_builder **builders, struct sender *s, const struct event *e,
		    unsigned int *block, struct err *err)
{
	const struct native_envelope env = {
		.tenant_id = "bench",
		.device_id = s->stream,
		.device_name = "bench-bulk",
		.boot_id = "00000000-0000-0000-0000-000000000000",
		.stream = s->stream,
		.batch_number = *block,
		.received_ns = clock_realtime_ns(),
	};
	struct native_builder **b = &builders[e->table - event_tables];
	_cleanup_buf_ struct buf bytes = BUF_INIT(256 << 20);
	char token[96];
	int r = *b ? 0 : native_builder_new(e->table, b);

	if (r == 0 && !native_builder_rows(*b))
		r = native_builder_begin(*b, &env);
	if (r == 0)
		r = native_builder_add(*b, e);
	if (r < 0 || native_builder_rows(*b) < BULK_ROWS)
		return r;
	r = native_builder_finish(*b, &bytes);
	snprintf(token, sizeof(token), "bulk:%s:%u", s->stream, (*block)++);
	return r < 0 ? r
		     : telemetry_insert(s->store, e->table->name, native_builder_columns(*b),
					bytes.data, bytes.len, token, err);
}

/* What is left in unfinished blocks is not sent and not counted. */
static void *send_rows(void *arg)
{
	struct sender *s = arg;
	struct native_builder *builders[EVENT_TABLE_COUNT] = { NULL };
	_cleanup_(wire_reader_freep) struct wire_reader *r = NULL;
	static __thread struct event e;
	struct wire_batch batch;
	unsigned int block = 0;

	s->result = wire_reader_new(&r);
	s->events = 0;
	for (unsigned int i = 0; s->result == 0 && i < s->frame_count; i++) {
		s->result =
		    wire_reader_open(r, s->frames[i].data, s->frames[i].len, &batch, &s->err);
		while (s->result == 0 && (s->result = wire_reader_next(r, &e, &s->err)) == 1) {
			s->result = add_bulk(builders, s, &e, &block, &s->err);
			s->events++;
		}
	}
	for (size_t t = 0; t < EVENT_TABLE_COUNT; t++) {
		s->events -= builders[t] ? native_builder_rows(builders[t]) : 0;
		native_builder_free(builders[t]);
	}
	return NULL;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static int report(const char *phase, struct sender *senders, unsigned int count, double seconds)
{
	int64_t *all = calloc((size_t)FRAMES_MAX * count, sizeof(*all));
	uint64_t events = 0, bytes = 0, retries = 0;
	size_t n = 0;

	for (unsigned int i = 0; i < count; i++) {
		struct sender *s = &senders[i];

		if (s->result < 0) {
			fprintf(stderr, "bench-ingest: %s: %s\n", phase,
				err_msg(&s->err, s->result));
			free(all);
			return s->result;
		}
		events += s->events;
		bytes += s->bytes;
		retries += s->retries;
		for (unsigned int k = 0; all && k < s->frame_count; k++)
			all[n++] = s->latencies_ns[k];
	}
	if (all)
		qsort(all, n, sizeof(*all), compare);
	printf("{\"phase\":\"%s\",\"senders\":%u,\"events\":%" PRIu64 ",\"seconds\":%.3f,"
	       "\"events_per_s\":%.0f,\"bytes_per_event\":%.1f,\"retries\":%" PRIu64
	       ",\"frames\":%zu,\"frame_p50_ms\":%.1f,\"frame_p99_ms\":%.1f}\n",
	       phase, count, events, seconds, (double)events / seconds,
	       events ? (double)bytes / (double)events : 0, retries, n,
	       n ? (double)all[n / 2] / 1e6 : 0, n ? (double)all[n * 99 / 100] / 1e6 : 0);
	fflush(stdout);
	free(all);
	return 0;
}

static int run_phase(const char *phase, struct sender *senders, unsigned int count,
		     void *(*work)(void *))
{
	int64_t start = clock_monotonic_ns();

	for (unsigned int i = 0; i < count; i++)
		if (pthread_create(&senders[i].thread, NULL, work, &senders[i]))
			return -EAGAIN;
	for (unsigned int i = 0; i < count; i++)
		pthread_join(senders[i].thread, NULL);
	return report(phase, senders, count, (double)(clock_monotonic_ns() - start) / 1e9);
}

static int run(char **argv, struct err *err)
{
	static struct sender senders[SENDERS_MAX];
	unsigned int count = (unsigned int)MIN(atoi(argv[7]), SENDERS_MAX);
	struct telemetry_options options = { .address = argv[5],
					     .database = "vakt",
					     .connections_max = SENDERS_MAX };
	_cleanup_(telemetry_closep) struct telemetry *store = NULL;
	uint64_t events = strtoull(argv[6], NULL, 10);
	double rate = atof(argv[9]);
	int r = read_recording(argv[4], err);

	frame_events = (unsigned int)atoi(argv[8]);

	if (r == 0)
		r = telemetry_open(&options, &store, err);
	for (unsigned int i = 0; r == 0 && i < count; i++) {
		struct sender *s = &senders[i];

		*s = (struct sender){ .server = argv[1],
				      .dir = ".",
				      .number = i,
				      .store = store,
				      .rate = rate / count };
		r = enroll(s, argv[2], argv[3], err);
		if (r == 0)
			r = make_frames(s, events / count, err);
	}
	puts("{\"phase\":\"ready\"}");
	fflush(stdout);
	if (r == 0)
		r = run_phase("chain", senders, count, send_frames);
	if (r == 0 && !rate)
		r = run_phase("bulk", senders, MIN(count, 2u), send_rows);
	return r;
}

int main(int argc, char **argv)
{
	struct err err = { 0 };
	int r;

	if (argc < 10) {
		fprintf(stderr, "usage: bench-ingest SERVER TOKEN CA-SHA256 SPOOL STORE EVENTS "
				"SENDERS EVENTS-A-FRAME EVENTS-A-SECOND\n");
		return 2;
	}
	r = run(argv, &err);
	if (r < 0)
		fprintf(stderr, "bench-ingest: %s\n", err_msg(&err, r));
	return r < 0;
}
