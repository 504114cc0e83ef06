/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-uplink.c - onboarding and sending against a real HTTPS server that speaks the contract
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>
#include <errno.h>
#include <jansson.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "event/spool.h"
#include "event/wire.h"
#include "net/cert.h"
#include "net/http_server.h"
#include "sensor/uplink/onboard.h"
#include "sensor/uplink/uplink.h"

#define DAY (86400 * NSEC_PER_SEC)

struct fixture {
	char dir[64], state[96], spool[128], token[128];
	char *ca, *ca_key;
	int64_t lifetime_ns, age_ns;
	struct config_set *config;
	struct http_server *server;
	atomic_int answer; /* to events; 200 unless set */
	atomic_int taken, refused, renewals;
	uint64_t last; /* number of the newest batch, to see order and doubles */
};

static char *sign(struct fixture *f, const char *csr, const char *cn, bool server)
{
	int64_t now = clock_realtime_ns() - f->age_ns;
	struct cert_sign_options o = {
		.ca_pem = f->ca, .ca_key_pem = f->ca_key, .csr_pem = csr, .common_name = cn,
		.san = server ? "IP:127.0.0.1" : NULL, .server = server, .not_before_ns = now,
		.not_after_ns = now + f->lifetime_ns,
	};
	char *pem = NULL;

	return cert_sign(&o, &pem, NULL) == 0 ? pem : NULL;
}

static int give_certificate(struct fixture *f, struct http_request *req, struct http_response *res,
			    int status)
{
	json_t *root = json_loadb(req->body, req->body_len, 0, NULL), *out;
	const char *csr = NULL;
	_cleanup_free_ char *pem = NULL, *text = NULL;

	json_unpack(root, "{s:s}", "csr", &csr);
	pem = csr ? sign(f, csr, "device-1", false) : NULL;
	json_decref(root);
	out = json_pack("{s:s,s:s,s:s?,s:s}", "deviceId", "device-1", "tenantId", "tenant-1",
			"certificate", pem, "caCertificate", f->ca);
	text = json_dumps(out, 0);
	json_decref(out);
	return http_response_json(res, status, text, strlen(text));
}

static int on_enroll(struct http_request *req, struct http_response *res, void *arg)
{
	return give_certificate(arg, req, res, 201);
}

static int on_renew(struct http_request *req, struct http_response *res, void *arg)
{
	struct fixture *f = arg;

	atomic_fetch_add(&f->renewals, 1);
	f->age_ns = 0;
	return give_certificate(f, req, res, 200);
}

static int on_heartbeat(struct http_request *req, struct http_response *res, void *arg _unused_)
{
	res->status = http_request_peer_name(req) ? 200 : 401;
	return buf_append_str(&res->body, "{\"offboarded\":false,\"cloneSuspected\":false}");
}

static int on_events(struct http_request *req, struct http_response *res, void *arg)
{
	struct fixture *f = arg;
	_cleanup_(wire_reader_freep) struct wire_reader *reader = NULL;
	struct wire_batch batch;

	res->status = atomic_load(&f->answer);
	if (res->status != 200) {
		atomic_fetch_add(&f->refused, 1);
		return buf_append_str(&res->body, "{\"error\":{\"code\":\"x\",\"message\":\"y\"}}");
	}
	if (wire_reader_new(&reader) < 0 ||
	    wire_reader_open(reader, req->body, req->body_len, &batch, NULL) < 0 ||
	    batch.number <= f->last)
		return -EBADMSG;
	f->last = batch.number;
	atomic_fetch_add(&f->taken, 1);
	return buf_append_str(&res->body, "{\"acknowledged\":1}");
}

static int on_offboard(struct http_request *req _unused_, struct http_response *res,
		       void *arg _unused_)
{
	res->status = 204;
	return 0;
}

static const struct http_route routes[] = {
	{ HTTP_POST, "/device/v1/enroll", on_enroll },
	{ HTTP_POST, "/device/v1/renew", on_renew },
	{ HTTP_POST, "/device/v1/heartbeat", on_heartbeat },
	{ HTTP_POST, "/device/v1/events", on_events },
	{ HTTP_POST, "/device/v1/offboard", on_offboard },
	{ 0 },
};

static void put(const char *dir, const char *name, const char *text, char path[128])
{
	snprintf(path, 128, "%s/%s", dir, name);
	assert_int_equal(file_write_atomic(path, text, strlen(text), 0600, NULL), 0);
}

static void start(struct fixture *f, uint16_t port)
{
	char cert[128], key[128], ca[128];
	struct http_server_options o = { .address = "127.0.0.1", .port = port,
					 .certificate_file = cert, .key_file = key,
					 .client_ca_file = ca };
	struct err err = { "" };

	snprintf(cert, sizeof(cert), "%s/server.crt", f->dir);
	snprintf(key, sizeof(key), "%s/server.key", f->dir);
	snprintf(ca, sizeof(ca), "%s/ca.crt", f->dir);
	if (http_server_new(&o, &f->server, &err) < 0)
		fail_msg("%s", err.msg);
	http_server_add_routes(f->server, routes, f);
	if (http_server_start(f->server, &err) < 0)
		fail_msg("%s", err.msg);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	_cleanup_free_ char *key = NULL, *csr = NULL, *leaf = NULL, *chain = NULL, *token = NULL;
	struct cert_info info;
	char path[128];
	int64_t now = clock_realtime_ns();

	strcpy(f->dir, "/tmp/vakt-test-uplink-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->state, sizeof(f->state), "%s/state", f->dir);
	snprintf(f->spool, sizeof(f->spool), "%s/spool", f->state);
	assert_int_equal(dir_make(f->spool, 0750, NULL), 0);
	f->lifetime_ns = DAY;
	atomic_store(&f->answer, 200);
	assert_int_equal(cert_key_generate(&f->ca_key, NULL), 0);
	assert_int_equal(cert_ca_make(f->ca_key, "CA", now - DAY, now + DAY, &f->ca, NULL), 0);
	assert_int_equal(cert_read(f->ca, &info, NULL), 0);
	assert_int_equal(cert_key_generate(&key, NULL), 0);
	assert_int_equal(cert_csr_make(key, "s", &csr, NULL), 0);
	leaf = sign(f, csr, "server", true);
	assert_true(asprintf(&chain, "%s%s", leaf, f->ca) > 0);
	put(f->dir, "server.crt", chain, path);
	put(f->dir, "server.key", key, path);
	put(f->dir, "ca.crt", f->ca, path);
	assert_int_equal(config_set_new(&(struct config_options){ .dir = f->dir }, &f->config, NULL), 0);
	start(f, 0);
	assert_true(asprintf(&token, "{\"version\":1,\"server\":\"https://127.0.0.1:%u\","
			     "\"tenantId\":\"tenant-1\",\"token\":\"t\",\"caSha256\":\"%s\"}",
			     http_server_port(f->server), info.fingerprint) > 0);
	put(f->dir, "token", token, f->token);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	char command[128];

	http_server_free(f->server);
	config_set_free(f->config);
	snprintf(command, sizeof(command), "rm -rf %s", f->dir);
	assert_int_equal(system(command), 0);
	free(f->ca);
	free(f->ca_key);
	free(f);
	return 0;
}

static int try_onboard(struct fixture *f, struct err *err)
{
	const struct onboard_options o = { .state_dir = f->state, .token_file = f->token };

	return onboard_run(&o, err);
}

static void onboard(struct fixture *f)
{
	struct err err = { "" };

	if (try_onboard(f, &err) != ONBOARD_JOINED)
		fail_msg("%s", err.msg);
}

static int offboard(struct fixture *f)
{
	const struct onboard_options o = { .state_dir = f->state };

	return onboard_leave(&o, false, NULL);
}

static void spool(struct fixture *f, uint64_t from, uint64_t to)
{
	_cleanup_(spool_writer_closep) struct spool_writer *w = NULL;
	_cleanup_(wire_writer_freep) struct wire_writer *wire = NULL;
	_cleanup_buf_ struct buf frame = BUF_INIT(1 << 20);
	struct wire_batch batch = { .stream = "0123456789abcdef0123456789abcdef",
				    .boot_id = "00000000-0000-4000-8000-000000000000" };
	struct event e;

	assert_int_equal(spool_writer_open(f->spool, 64 << 20, &w, NULL), 0);
	assert_int_equal(wire_writer_new(&wire), 0);
	for (uint64_t n = from; n <= to; n++) {
		event_init(&e, EVENT_DeviceProcessEvents);
		e.sequence = n;
		assert_int_equal(wire_writer_add(wire, &e), 0);
		buf_clear(&frame);
		batch.number = n;
		assert_int_equal(wire_writer_seal(wire, &batch, &frame), 0);
		assert_int_equal(spool_writer_append(w, frame.data, frame.len, NULL), 0);
	}
}

static struct uplink *make(struct fixture *f)
{
	struct uplink_options o = { .state_dir = f->state, .run_dir = f->dir, .config = f->config,
				    .heartbeat_ms = 300, .backoff_first_ms = 10,
				    .timeout_ms = 5000 };
	struct uplink *u = NULL;

	assert_int_equal(uplink_new(&o, &u, NULL), 0);
	return u;
}

/* Steps until health holds the text; fails after ten seconds. */
static void run_until(struct uplink *u, const char *text)
{
	int64_t end = clock_monotonic_ns() + 10 * NSEC_PER_SEC;
	_cleanup_buf_ struct buf health = BUF_INIT(1 << 16);

	do {
		usleep(MIN(uplink_step(u), 20u) * 1000);
		buf_clear(&health);
		uplink_health(u, &health);
		if (strstr(health.data, text))
			return;
	} while (clock_monotonic_ns() < end);
	fail_msg("never saw %s, but %s", text, health.data);
}

static void test_order(void **state)
{
	struct fixture *f = *state;

	{
		_cleanup_(uplink_freep) struct uplink *u = make(f);

		run_until(u, "notOnboarded");
	}
	onboard(f);
	assert_int_equal(try_onboard(f, NULL), ONBOARD_UNCHANGED);
	spool(f, 1, 20);
	{
		_cleanup_(uplink_freep) struct uplink *u = make(f);

		run_until(u, "\"framesSent\":7,");
	}
	/* Another process goes on where the first was stopped: nothing lost, nothing twice. */
	{
		_cleanup_(uplink_freep) struct uplink *u = make(f);

		run_until(u, "\"framesSent\":13,");
	}
	assert_int_equal(f->last, 20);
	assert_int_equal(f->taken, 20);
	assert_int_equal(offboard(f), 0);
	assert_int_equal(offboard(f), -ENOENT);
}

static void test_refusals(void **state)
{
	struct fixture *f = *state;
	_cleanup_(uplink_freep) struct uplink *u = make(f);
	uint16_t port = http_server_port(f->server);
	char path[256];

	onboard(f);
	spool(f, 1, 3);
	atomic_store(&f->answer, 503);
	run_until(u, "disconnected");
	atomic_store(&f->answer, 429);
	run_until(u, "\"framesSent\":0,");
	atomic_store(&f->answer, 400);
	run_until(u, "\"framesRefused\":1,");
	snprintf(path, sizeof(path), "%s/refused/0.frame", f->spool);
	assert_int_equal(access(path, F_OK), 0);
	http_server_free(TAKE_PTR(f->server));
	atomic_store(&f->answer, 200);
	run_until(u, "disconnected");
	start(f, port);
	run_until(u, "\"framesSent\":2,");
	assert_int_equal(f->last, 3);
	spool(f, 4, 4);
	atomic_store(&f->answer, 403);
	run_until(u, "notTrusted");
}

static void test_renewal(void **state)
{
	struct fixture *f = *state;
	_cleanup_(uplink_freep) struct uplink *u = make(f);

	f->age_ns = DAY * 3 / 4;
	onboard(f);
	run_until(u, "\"connected\":true");
	for (int i = 0; i < 200 && !atomic_load(&f->renewals); i++)
		usleep(MIN(uplink_step(u), 20u) * 1000);
	spool(f, 1, 1);
	run_until(u, "\"framesSent\":1,");
	assert_int_equal(atomic_load(&f->renewals), 1);
}

static void test_expired(void **state)
{
	struct fixture *f = *state;
	_cleanup_(uplink_freep) struct uplink *u = make(f);

	f->age_ns = DAY + NSEC_PER_SEC * 60;
	onboard(f);
	spool(f, 1, 1);
	run_until(u, "onboard this device again");
	assert_int_equal(f->taken, 0);
}

static void test_clone(void **state)
{
	struct fixture *f = *state;
	_cleanup_(uplink_freep) struct uplink *u = make(f);
	char path[256];
	json_t *root;

	onboard(f);
	snprintf(path, sizeof(path), "%s/identity/identity.json", f->state);
	root = json_load_file(path, 0, NULL);
	json_object_set_new(root, "machineUid", json_string("of another machine"));
	assert_int_equal(json_dump_file(root, path, 0), 0);
	json_decref(root);
	spool(f, 1, 1);
	run_until(u, "cloned");
	assert_int_equal(f->taken, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refusals, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_renewal, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_expired, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_clone, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("uplink", tests, NULL, NULL);
}
