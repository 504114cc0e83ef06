/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uplink.c - the sending side: heartbeat, frames, back-off
 */
#include "sensor/uplink/uplink.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/hex.h"
#include "base/log.h"
#include "event/spool.h"
#include "event/spool_files.h"
#include "event/wire.h"
#include "net/cert.h"
#include "net/http_client.h"
#include "sensor/uplink/addresses.h"
#include "sensor/uplink/device_report.h"
#include "sensor/uplink/uplink_internal.h"

#define FRAME_MAX (WIRE_HEADER_SIZE + WIRE_PACKED_MAX)
#define ANSWER_MAX (64u << 10)
#define HEALTH_MAX (512u << 10)
#define BACKOFF_MAX_MS 60000u
#define IDLE_MS 200u
#define REFUSED_FILES_MAX 100u

static void set_state(struct uplink *u, const char *state, const char *reason)
{
	pthread_mutex_lock(&u->lock);
	if (strcmp(u->status.state, state))
		log_notice("%s%s%s", state, *reason ? ": " : "", reason);
	u->status.state = state;
	snprintf(u->status.reason, sizeof(u->status.reason), "%s", reason);
	pthread_mutex_unlock(&u->lock);
}

void uplink_forget(struct uplink *u)
{
	http_client_free(TAKE_PTR(u->client));
	spool_reader_close(TAKE_PTR(u->spool));
	identity_done(&u->id);
	u->onboarded = u->untrusted = u->have_frame = false;
	u->next_heartbeat_ns = u->next_renew_ns = u->retry_ns = 0;
	u->failures = 0;
}

int uplink_new(const struct uplink_options *o, struct uplink **ret_uplink, struct err *err)
{
	struct uplink *u = calloc(1, sizeof(*u));

	if (!u)
		return err_setf(err, -ENOMEM, "out of memory");
	if (strlen(o->state_dir) >= sizeof(u->state_dir) ||
	    (o->run_dir && strlen(o->run_dir) >= sizeof(u->run_dir))) {
		free(u);
		return err_setf(err, -ENAMETOOLONG, "path of the state or run folder is too long");
	}
	strcpy(u->state_dir, o->state_dir);
	strcpy(u->run_dir, o->run_dir ? o->run_dir : "");
	snprintf(u->spool_dir, sizeof(u->spool_dir), "%s/spool", o->state_dir);
	u->config = o->config;
	u->fixed_heartbeat = o->heartbeat_ms != 0;
	u->heartbeat_ms = o->heartbeat_ms;
	u->backoff_first_ms = o->backoff_first_ms ? o->backoff_first_ms : 1000;
	u->timeout_ms = o->timeout_ms ? o->timeout_ms : 30000;
	buf_init(&u->frame, FRAME_MAX);
	buf_init(&u->res.body, ANSWER_MAX);
	pthread_mutex_init(&u->lock, NULL);
	u->status.state = "starting";
	uplink_configure(u);
	*ret_uplink = u;
	return 0;
}

int uplink_make_client(struct uplink *u, struct err *err)
{
	const struct identity_client_options o = { .proxy = u->proxy, .timeout_ms = u->timeout_ms };

	http_client_free(TAKE_PTR(u->client));
	return identity_client(&u->id, &o, &u->client, err);
}

void uplink_configure(struct uplink *u)
{
	_cleanup_buf_ struct buf report = BUF_INIT(CONFIG_REPORT_MAX);
	const struct config *c = config_set_values(u->config);
	struct err err = { "" };

	config_set_report(u->config, CONFIG_UPLINK, &report);
	pthread_mutex_lock(&u->lock);
	free(u->status.configuration);
	u->status.configuration = buf_take(&report);
	pthread_mutex_unlock(&u->lock);
	if (!u->fixed_heartbeat)
		u->heartbeat_ms = (unsigned int)c->heartbeat_s * 1000;
	/* Tags and faults are told at once. */
	u->next_heartbeat_ns = 0;
	if (!strcmp(u->proxy, c->proxy))
		return;
	snprintf(u->proxy, sizeof(u->proxy), "%s", c->proxy);
	u->retry_ns = 0;
	if (u->onboarded && uplink_make_client(u, &err) < 0)
		uplink_forget(u);
}

void uplink_free(struct uplink *u)
{
	if (!u)
		return;
	uplink_forget(u);
	free(u->status.configuration);
	buf_done(&u->frame);
	buf_done(&u->res.body);
	pthread_mutex_destroy(&u->lock);
	free(u);
}

static void tell_identity(struct uplink *u)
{
	struct status *s = &u->status;

	pthread_mutex_lock(&u->lock);
	s->not_after_ns = u->id.not_after_ns;
	s->clone_suspected = false;
	snprintf(s->server, sizeof(s->server), "%s", u->id.server);
	snprintf(s->tenant_id, sizeof(s->tenant_id), "%s", u->id.tenant_id);
	snprintf(s->device_id, sizeof(s->device_id), "%s", u->id.device_id);
	snprintf(s->machine_uid, sizeof(s->machine_uid), "%s", u->id.machine_uid);
	pthread_mutex_unlock(&u->lock);
}

static int adopt(struct uplink *u)
{
	char uid[IDENTITY_UID_SIZE];
	struct err err = { "" };
	int r = identity_load(u->state_dir, &u->id, &err);

	if (r == 0 && stat(u->id.json_path, &u->identity_seen) < 0) {
		r = err_setf(&err, -errno, "%s: %m", u->id.json_path);
		identity_done(&u->id);
	}
	if (r < 0) {
		set_state(u, r == -ENOENT ? "notOnboarded" : "failed", err_msg(&err, r));
		return r;
	}
	r = identity_machine_uid(u->run_dir[0] ? u->run_dir : NULL, uid, &err);
	if (r == 0 && strcmp(uid, u->id.machine_uid)) {
		r = -EPERM;
		err_setf(&err, r, "the identity was copied from another machine; remove it and "
				  "onboard again");
		set_state(u, "cloned", err.msg);
		identity_done(&u->id);
		return r;
	}
	if (r == 0)
		r = dir_make(u->spool_dir, 0750, &err);
	if (r == 0)
		r = spool_reader_open(u->spool_dir, &u->spool, &err);
	if (r == 0)
		r = uplink_make_client(u, &err);
	if (r < 0) {
		set_state(u, "failed", err_msg(&err, r));
		uplink_forget(u);
		return r;
	}
	u->onboarded = true;
	tell_identity(u);
	set_state(u, "connecting", "");
	return 0;
}

int uplink_post(struct uplink *u, struct http_client *c, const char *path, const char *type,
		const void *body, size_t len, struct err *err)
{
	struct http_client_request req = { .method = "POST", .path = path, .content_type = type,
					   .body = body, .body_len = len };

	return http_client_send(c, &req, &u->res, err);
}

const char *uplink_server_reason(struct uplink *u, char *dst, size_t size)
{
	json_t *root = u->res.body.data ? json_loads(u->res.body.data, 0, NULL) : NULL;
	const char *message = "no reason given";

	json_unpack(root, "{s:{s:s}}", "error", "message", &message);
	snprintf(dst, size, "%s", message);
	json_decref(root);
	return dst;
}

/* Doubles up to a minute; half of it is random, so that a fleet does not come back as one. */
static void back_off(struct uplink *u, const char *reason, unsigned int retry_after_s)
{
	uint64_t ms = (uint64_t)u->backoff_first_ms << MIN(u->failures, 16u);
	uint32_t random;

	random_bytes(&random, sizeof(random));
	ms = MIN(ms, (uint64_t)BACKOFF_MAX_MS);
	ms = ms / 2 + random % (ms / 2 + 1);
	if (retry_after_s)
		ms = MAX(ms, MIN(retry_after_s, 3600u) * 1000ull);
	u->failures++;
	u->retry_ns = clock_monotonic_ns() + (int64_t)ms * NSEC_PER_MSEC;
	set_state(u, "disconnected", reason);
}

void uplink_lose_trust(struct uplink *u, const char *reason)
{
	u->untrusted = true;
	set_state(u, "notTrusted", reason);
}

static void on_unreachable(struct uplink *u, int r, struct err *err)
{
	if (u->id.not_after_ns < uplink_server_now(u))
		uplink_lose_trust(u, "the certificate expired; onboard this device again");
	else
		back_off(u, err_msg(err, r), 0);
}

static void succeed(struct uplink *u)
{
	int64_t now = clock_realtime_ns();

	u->failures = 0;
	u->retry_ns = 0;
	u->untrusted = false;
	pthread_mutex_lock(&u->lock);
	u->status.last_success_ns = now;
	if (u->res.date_ns)
		/* Date has whole seconds: the server's time is on average half a second later. */
		u->status.clock_offset_ns = now - u->res.date_ns - NSEC_PER_SEC / 2;
	pthread_mutex_unlock(&u->lock);
	set_state(u, "connected", "");
}

static void read_heartbeat(struct uplink *u)
{
	json_t *root = u->res.body.data ? json_loads(u->res.body.data, 0, NULL) : NULL;
	json_int_t server_ns = 0;
	int offboarded = 0, clone = 0;

	json_unpack(root, "{s?I,s?b,s?b}", "serverTimeNs", &server_ns, "offboarded", &offboarded,
		    "cloneSuspected", &clone);
	json_decref(root);
	pthread_mutex_lock(&u->lock);
	u->status.clone_suspected = clone;
	if (server_ns)
		u->status.clock_offset_ns = clock_realtime_ns() - server_ns;
	pthread_mutex_unlock(&u->lock);
	if (offboarded)
		uplink_lose_trust(u, "the cloud has offboarded this device");
}

/* The whole of what `vakt health` shows, so that the portal shows the same. */
static char *heartbeat_body(struct uplink *u)
{
	_cleanup_buf_ struct buf own = BUF_INIT(HEALTH_MAX);
	struct device_report_options o = { .state_dir = u->state_dir, .run_dir = u->run_dir,
					   .config = u->config };
	json_t *body, *report;
	char *text;

	uplink_health(u, &own);
	o.uplink = own.data ? json_loadb(own.data, own.len, 0, NULL) : NULL;
	/* Who reads the report has received it: the fault that kept the last one back is over. */
	json_object_set_new(o.uplink, "state", json_string("connected"));
	json_object_set_new(o.uplink, "connected", json_true());
	json_object_set_new(o.uplink, "reason", json_string(""));
	json_object_set_new(o.uplink, "lastSuccessNs", json_integer(clock_realtime_ns()));
	report = o.uplink ? device_report_make(&o) : NULL;
	json_decref(o.uplink);
	body = json_pack("{s:o*,s:s,s:o*,s:s,s:I}", "health", report, "machineUid",
			 u->id.machine_uid, "ipAddresses", addresses_list(), "agentVersion",
			 VAKT_VERSION, "realtimeNs", (json_int_t)clock_realtime_ns());
	text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	json_decref(body);
	return text;
}

static void heartbeat(struct uplink *u)
{
	_cleanup_free_ char *body = heartbeat_body(u);
	struct err err = { "" };
	char reason[256];
	int r;

	u->next_heartbeat_ns = clock_monotonic_ns() + (int64_t)u->heartbeat_ms * NSEC_PER_MSEC;
	if (!body)
		return;
	r = uplink_post(u, u->client, "/device/v1/heartbeat", "application/json", body, strlen(body), &err);
	if (r < 0)
		on_unreachable(u, r, &err);
	else if (u->res.status == 200) {
		succeed(u);
		read_heartbeat(u);
	} else if (u->res.status == 401 || u->res.status == 403)
		uplink_on_refused(u);
	else
		back_off(u, uplink_server_reason(u, reason, sizeof(reason)), u->res.retry_after_s);
}

/* Keeps what the cloud refuses for ever, for a person to look at; the oldest gives way. */
static void set_aside(struct uplink *u, const char *reason)
{
	char dir[3300], path[3400];
	struct err err = { "" };
	uint64_t n;
	int r;

	pthread_mutex_lock(&u->lock);
	n = u->status.frames_refused++;
	pthread_mutex_unlock(&u->lock);
	log_error("the cloud refuses a frame of %zu bytes for ever: %s", u->frame.len, reason);
	snprintf(dir, sizeof(dir), "%s/refused", u->spool_dir);
	snprintf(path, sizeof(path), "%s/%" PRIu64 ".frame", dir, n % REFUSED_FILES_MAX);
	r = dir_make(dir, 0750, &err);
	if (r == 0)
		r = file_write_atomic(path, u->frame.data, u->frame.len, 0640, &err);
	if (r < 0)
		log_warning("cannot keep the refused frame: %s", err_msg(&err, r));
}

static void acknowledge(struct uplink *u)
{
	struct err err = { "" };
	int r = spool_reader_ack(u->spool, &err);

	if (r < 0)
		back_off(u, err_msg(&err, r), 0); /* Sent again later; the cloud knows it. */
	else
		u->have_frame = false;
}

static void send_frame(struct uplink *u)
{
	struct err err = { "" };
	char reason[256];
	int r = uplink_post(u, u->client, "/device/v1/events", "application/vnd.vakt.frame",
		     u->frame.data, u->frame.len, &err);

	if (r < 0) {
		on_unreachable(u, r, &err);
		return;
	}
	switch (u->res.status) {
	case 200:
		succeed(u);
		pthread_mutex_lock(&u->lock);
		u->status.frames_sent++;
		u->status.bytes_sent += u->frame.len;
		pthread_mutex_unlock(&u->lock);
		acknowledge(u);
		return;
	case 400:
	case 413:
		set_aside(u, uplink_server_reason(u, reason, sizeof(reason)));
		acknowledge(u);
		return;
	case 401:
	case 403:
		uplink_on_refused(u);
		return;
	default:
		back_off(u, uplink_server_reason(u, reason, sizeof(reason)), u->res.retry_after_s);
	}
}

static unsigned int until(int64_t then, int64_t now)
{
	return then <= now ? 0 : (unsigned int)MIN((then - now) / NSEC_PER_MSEC + 1, 1000);
}

/* Offboarded or onboarded anew by the command line. */
static bool identity_changed(const struct uplink *u)
{
	struct stat now;

	return stat(u->id.json_path, &now) < 0 || now.st_ino != u->identity_seen.st_ino ||
	       now.st_mtim.tv_sec != u->identity_seen.st_mtim.tv_sec ||
	       now.st_mtim.tv_nsec != u->identity_seen.st_mtim.tv_nsec;
}

unsigned int uplink_step(struct uplink *u)
{
	struct err err = { "" };
	int64_t now = clock_monotonic_ns();
	int r;

	if (u->onboarded && identity_changed(u))
		uplink_forget(u);
	if (!u->onboarded)
		return adopt(u) < 0 ? 1000 : 0;
	if (now < u->retry_ns)
		return until(u->retry_ns, now);
	if (now >= u->next_heartbeat_ns) {
		heartbeat(u);
		return 0;
	}
	if (u->untrusted)
		return until(u->next_heartbeat_ns, now);
	if (now >= u->next_renew_ns) {
		uplink_renew_when_due(u);
		return 0;
	}
	if (!u->have_frame) {
		r = spool_reader_next(u->spool, &u->frame, &err);
		if (r < 0)
			back_off(u, err_msg(&err, r), 0);
		if (r <= 0)
			return IDLE_MS;
		u->have_frame = true;
	}
	send_frame(u);
	return 0;
}

static void add_text(struct buf *out, const char *key, const char *value)
{
	buf_printf(out, ",\"%s\":", key);
	buf_append_json(out, value, strlen(value));
}

int uplink_health(struct uplink *u, struct buf *out)
{
	uint64_t waiting = 0;
	struct status s;

	pthread_mutex_lock(&u->lock);
	s = u->status;
	s.configuration = strdup(s.configuration ? s.configuration : "{}");
	pthread_mutex_unlock(&u->lock);
	spool_segments(u->spool_dir, 0, NULL, NULL, &waiting);
	buf_printf(out, "{\"state\":\"%s\",\"connected\":%s,\"reason\":", s.state,
		   !strcmp(s.state, "connected") ? "true" : "false");
	buf_append_json(out, s.reason, strlen(s.reason));
	add_text(out, "server", s.server);
	add_text(out, "tenantId", s.tenant_id);
	add_text(out, "deviceId", s.device_id);
	add_text(out, "machineUid", s.machine_uid);
	buf_printf(out, ",\"configuration\":%s", s.configuration ? s.configuration : "{}");
	free(s.configuration);
	return buf_printf(out, ",\"lastSuccessNs\":%" PRId64 ",\"framesSent\":%" PRIu64
			  ",\"bytesSent\":%" PRIu64 ",\"framesRefused\":%" PRIu64
			  ",\"spoolBytes\":%" PRIu64 ",\"certificateExpiryNs\":%" PRId64
			  ",\"clockOffsetNs\":%" PRId64 ",\"cloneSuspected\":%s}",
			  s.last_success_ns, s.frames_sent, s.bytes_sent, s.frames_refused, waiting,
			  s.not_after_ns, s.clock_offset_ns, s.clone_suspected ? "true" : "false");
}
