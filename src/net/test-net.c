/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-net.c - the real server and the real client over TLS on loopback
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "net/cert.h"
#include "net/http_client.h"
#include "net/http_server.h"

#define DAY (86400 * NSEC_PER_SEC)

struct fixture {
	char dir[64];
	char ca_file[96], server_pem[96], server_key[96], client_pem[96], client_key[96];
	char expired_pem[96];
	char *ca, *ca_key;
	struct cert_info ca_info, client_info;
	struct http_server *server;
	char url[64];
	atomic_int running;
	atomic_bool hold;
	unsigned int client_requests; /* 0: no bounds by client */
};

static void write_file(const char *dir, const char *name, const char *text, char path[96])
{
	snprintf(path, 96, "%s/%s", dir, name);
	assert_int_equal(file_write_atomic(path, text, strlen(text), 0600, NULL), 0);
}

static char *sign(struct fixture *f, const char *key, const char *cn, bool server, int64_t from,
		  int64_t to)
{
	_cleanup_free_ char *csr = NULL;
	char *pem = NULL;
	struct cert_sign_options o = {
		.ca_pem = f->ca, .ca_key_pem = f->ca_key, .common_name = cn, .organization = "t",
		.san = server ? "DNS:localhost,IP:127.0.0.1" : NULL, .server = server,
		.not_before_ns = from, .not_after_ns = to,
	};

	assert_int_equal(cert_csr_make(key, "asked", &csr, NULL), 0);
	o.csr_pem = csr;
	assert_int_equal(cert_sign(&o, &pem, NULL), 0);
	assert_int_equal(cert_check_key(pem, key, NULL), 0);
	assert_int_equal(cert_check_issuer(pem, f->ca, NULL), 0);
	return pem;
}

static int on_echo(struct http_request *req, struct http_response *res, void *arg _unused_)
{
	http_response_header(res, "X-Method", "seen");
	res->status = req->method == HTTP_DELETE ? 200 : 201;
	buf_printf(&res->body, "%d %s %s|", (int)req->method, http_request_param(req, "id"),
		   http_request_query(req, "$filter") ? http_request_query(req, "$filter") : "-");
	return buf_append(&res->body, req->body, req->body_len);
}

static int on_peer(struct http_request *req, struct http_response *res, void *arg _unused_)
{
	const char *print = http_request_peer_fingerprint(req);
	struct cert_info info;

	if (print && cert_read(http_request_peer_pem(req), &info, NULL) < 0)
		return -EIO;
	return buf_printf(&res->body, "%s %s", print ? print : "none",
			  print ? http_request_peer_name(req) : "none");
}

static int on_slow(struct http_request *req _unused_, struct http_response *res, void *arg)
{
	struct fixture *f = arg;

	atomic_fetch_add(&f->running, 1);
	while (atomic_load(&f->hold))
		usleep(1000);
	return buf_append_str(&res->body, "slow");
}

/* Until its asker has left. */
static int on_wait(struct http_request *req, struct http_response *res _unused_, void *arg)
{
	struct fixture *f = arg;

	atomic_fetch_add(&f->running, 1);
	while (!http_request_gone(req))
		usleep(1000);
	atomic_store(&f->hold, false);
	return 0;
}

static int on_fail(struct http_request *req _unused_, struct http_response *res _unused_,
		   void *arg _unused_)
{
	return -EIO;
}

static const struct http_route routes[] = {
	{ HTTP_POST, "/never", on_echo },
	{ HTTP_POST, "/api/echo/{id}", on_echo },
	{ HTTP_PATCH, "/api/echo/{id}", on_echo },
	{ HTTP_DELETE, "/api/echo/{id}", on_echo },
	{ HTTP_GET, "/api/things/find(id='{id}')", on_echo },
	{ HTTP_GET, "/peer", on_peer },
	{ HTTP_GET, "/slow", on_slow },
	{ HTTP_GET, "/wait", on_wait },
	{ HTTP_GET, "/fail", on_fail },
	{ 0 },
};

static void after(struct http_request *req _unused_, struct http_response *res, void *arg _unused_)
{
	http_response_header(res, "X-Frame-Options", "DENY");
}

static void start(struct fixture *f, bool required, unsigned int workers, unsigned int queue)
{
	struct http_server_options o = {
		.address = "127.0.0.1", .certificate_file = f->server_pem,
		.key_file = f->server_key, .client_ca_file = f->ca_file,
		.client_required = required, .workers = workers, .queue_max = queue,
		.body_max = 100000, .after = after, .client_requests_max = f->client_requests,
		.anonymous_body_max = f->client_requests ? 1000 : 0,
	};
	char web[96], path[96];
	struct err err = { "" };

	snprintf(web, sizeof(web), "%s/web", f->dir);
	assert_int_equal(dir_make(web, 0755, NULL), 0);
	write_file(web, "index.html", "<p>start</p>", path);
	write_file(web, "a.js", "let a;", path);
	write_file(f->dir, "secret", "secret", path);
	if (http_server_new(&o, &f->server, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(http_server_add_routes(f->server, routes, f), 0);
	assert_int_equal(http_server_add_static(f->server, "/portal/", web), 0);
	if (http_server_start(f->server, &err) < 0)
		fail_msg("%s", err.msg);
	snprintf(f->url, sizeof(f->url), "https://127.0.0.1:%u", http_server_port(f->server));
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	_cleanup_free_ char *key = NULL, *leaf = NULL, *client = NULL, *client_key = NULL;
	_cleanup_free_ char *old = NULL, *chain = NULL;
	int64_t now = clock_realtime_ns();

	strcpy(f->dir, "/tmp/vakt-test-net-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	assert_int_equal(cert_key_generate(&f->ca_key, NULL), 0);
	assert_int_equal(cert_ca_make(f->ca_key, "test CA", now - DAY, now + DAY, &f->ca, NULL), 0);
	assert_int_equal(cert_read(f->ca, &f->ca_info, NULL), 0);
	assert_true(f->ca_info.is_ca);
	assert_int_equal(cert_key_generate(&key, NULL), 0);
	assert_int_equal(cert_key_generate(&client_key, NULL), 0);
	leaf = sign(f, key, "localhost", true, now - DAY, now + DAY);
	client = sign(f, client_key, "device-1", false, now - DAY, now + DAY);
	old = sign(f, client_key, "device-1", false, now - DAY, now - DAY / 2);
	assert_int_equal(cert_read(client, &f->client_info, NULL), 0);
	assert_string_equal(f->client_info.common_name, "device-1");
	assert_true(asprintf(&chain, "%s%s", leaf, f->ca) > 0);
	write_file(f->dir, "ca.pem", f->ca, f->ca_file);
	write_file(f->dir, "server.pem", chain, f->server_pem);
	write_file(f->dir, "server.key", key, f->server_key);
	write_file(f->dir, "client.pem", client, f->client_pem);
	write_file(f->dir, "client.key", client_key, f->client_key);
	write_file(f->dir, "expired.pem", old, f->expired_pem);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	char command[128];

	http_server_free(f->server);
	snprintf(command, sizeof(command), "rm -rf %s", f->dir);
	assert_int_equal(system(command), 0);
	free(f->ca);
	free(f->ca_key);
	free(f);
	return 0;
}

static struct http_client *client(struct fixture *f, const char *pem, const char *pin)
{
	struct http_client_options o = {
		.base_url = f->url, .ca_file = pin ? NULL : f->ca_file, .pinned_ca_sha256 = pin,
		.certificate_file = pem, .key_file = f->client_key, .timeout_ms = 10000,
	};
	struct http_client *c = NULL;

	assert_int_equal(http_client_new(&o, &c, NULL), 0);
	return c;
}

static int call(struct http_client *c, const char *method, const char *path, const void *body,
		size_t len, struct http_client_response *res)
{
	struct http_client_request req = { .method = method, .path = path, .body = body,
					   .body_len = len };
	struct err err = { "" };
	int r = http_client_send(c, &req, res, &err);

	if (r < 0)
		print_message("# %s %s: %s\n", method, path, err.msg);
	return r;
}

static void test_methods(void **state)
{
	struct fixture *f = *state;
	_cleanup_buf_ struct buf big = BUF_INIT(1 << 20);
	struct http_client_response res = { .body = BUF_INIT(1 << 20) };

	start(f, false, 2, 10);
	{
		_cleanup_(http_client_freep) struct http_client *c = client(f, NULL, NULL);

		assert_int_equal(call(c, "POST", "/API/Echo/x%20y", "hej", 3, &res), 0);
		assert_int_equal(res.status, 201);
		assert_string_equal(res.body.data, "2 x y -|hej");
		assert_true(res.date_ns > 0);
		assert_int_equal(call(c, "PATCH", "/api/echo/1?%24filter=a+eq+%27b%27", "{}", 2, &res), 0);
		assert_string_equal(res.body.data, "8 1 a eq 'b'|{}");
		assert_int_equal(call(c, "DELETE", "/api/echo/1", NULL, 0, &res), 0);
		assert_int_equal(res.status, 200);
		assert_int_equal(call(c, "GET", "/api/things/Find(id=%27q%27)", NULL, 0, &res), 0);
		assert_string_equal(res.body.data, "1 q -|");
		assert_int_equal(call(c, "GET", "/api/echo/1", NULL, 0, &res), 0);
		assert_int_equal(res.status, 405);
		assert_int_equal(call(c, "GET", "/none", NULL, 0, &res), 0);
		assert_int_equal(res.status, 404);
		assert_int_equal(call(c, "GET", "/fail", NULL, 0, &res), 0);
		assert_int_equal(res.status, 500);
		for (int i = 0; i < 100001; i++)
			buf_append_byte(&big, 'a');
		assert_int_equal(call(c, "POST", "/api/echo/1", big.data, 100000, &res), 0);
		assert_int_equal(res.status, 201);
		assert_int_equal(res.body.len, 100000 + strlen("2 1 -|"));
		assert_int_equal(call(c, "POST", "/api/echo/1", big.data, 100001, &res), 0);
		assert_int_equal(res.status, 413);
		/* Another request on what must be a working server. */
		assert_int_equal(call(c, "GET", "/peer", NULL, 0, &res), 0);
		assert_string_equal(res.body.data, "none none");
	}
	buf_done(&res.body);
}

static void test_static(void **state)
{
	struct fixture *f = *state;
	struct http_client_response res = { .body = BUF_INIT(1 << 20) };

	start(f, false, 1, 10);
	{
		_cleanup_(http_client_freep) struct http_client *c = client(f, NULL, NULL);

		assert_int_equal(call(c, "GET", "/portal/a.js", NULL, 0, &res), 0);
		assert_string_equal(res.body.data, "let a;");
		assert_int_equal(call(c, "HEAD", "/portal/a.js", NULL, 0, &res), 0);
		assert_int_equal(res.status, 200);
		assert_int_equal(call(c, "GET", "/portal/alerts/7", NULL, 0, &res), 0);
		assert_string_equal(res.body.data, "<p>start</p>");
		assert_int_equal(call(c, "GET", "/portal/ips/192.0.2.7", NULL, 0, &res), 0);
		assert_string_equal(res.body.data, "<p>start</p>");
		assert_int_equal(call(c, "GET", "/portal/b.js", NULL, 0, &res), 0);
		assert_int_equal(res.status, 404);
		assert_int_equal(call(c, "GET", "/portal/assets/b.js", NULL, 0, &res), 0);
		assert_int_equal(res.status, 404);
		assert_int_equal(call(c, "GET", "/portal/%2e%2e/secret", NULL, 0, &res), 0);
		assert_int_equal(res.status, 404);
		assert_int_equal(call(c, "GET", "/portal/..%2fsecret", NULL, 0, &res), 0);
		assert_int_equal(res.status, 404);
	}
	buf_done(&res.body);
}

static void test_trust(void **state)
{
	struct fixture *f = *state;
	struct http_client_response res = { .body = BUF_INIT(1 << 20) };
	char expected[200], wrong[CERT_FINGERPRINT_SIZE];
	int r;

	start(f, true, 1, 10);
	snprintf(expected, sizeof(expected), "%s device-1", f->client_info.fingerprint);
	memset(wrong, 'a', 64);
	wrong[64] = '\0';
	{
		_cleanup_(http_client_freep) struct http_client *good = client(f, f->client_pem, NULL);
		_cleanup_(http_client_freep) struct http_client *none = client(f, NULL, NULL);
		_cleanup_(http_client_freep) struct http_client *old = client(f, f->expired_pem, NULL);
		_cleanup_(http_client_freep) struct http_client *pin =
			client(f, f->client_pem, f->ca_info.fingerprint);
		_cleanup_(http_client_freep) struct http_client *bad_pin =
			client(f, f->client_pem, wrong);

		assert_int_equal(call(good, "GET", "/peer", NULL, 0, &res), 0);
		assert_string_equal(res.body.data, expected);
		/*
		 * TLS 1.3 refuses a client after its handshake ended: the alert may be overtaken by
		 * the reset of the connection, and the client then knows no more than -EIO.
		 */
		r = call(none, "GET", "/peer", NULL, 0, &res);
		assert_true(r == -EKEYREJECTED || r == -EIO);
		r = call(old, "GET", "/peer", NULL, 0, &res);
		assert_true(r == -EKEYREJECTED || r == -EIO);
		assert_int_equal(call(pin, "GET", "/peer", NULL, 0, &res), 0);
		assert_int_equal(call(bad_pin, "GET", "/peer", NULL, 0, &res), -EKEYREJECTED);
		assert_int_equal(http_server_reload_tls(f->server, NULL), 0);
		assert_int_equal(call(good, "GET", "/peer", NULL, 0, &res), 0);
	}
	http_server_free(TAKE_PTR(f->server));
	{
		_cleanup_(http_client_freep) struct http_client *c = client(f, f->client_pem, NULL);

		assert_int_equal(call(c, "GET", "/peer", NULL, 0, &res), -ECONNREFUSED);
	}
	buf_done(&res.body);
}

struct thread {
	struct fixture *f;
	pthread_t id;
	const char *path, *pem;
	int count, ok, busy;
	unsigned int retry;
};

static void *requests(void *arg)
{
	struct thread *t = arg;
	struct http_client_response res = { .body = BUF_INIT(1 << 20) };
	_cleanup_(http_client_freep) struct http_client *c = client(t->f, t->pem, NULL);

	for (int i = 0; i < t->count; i++) {
		if (call(c, "GET", t->path, NULL, 0, &res) < 0)
			continue;
		t->ok += res.status == 200;
		t->busy += res.status == 503 || res.status == 429;
		t->retry = res.retry_after_s;
	}
	buf_done(&res.body);
	return NULL;
}

static void test_concurrent(void **state)
{
	struct fixture *f = *state;
	struct thread t[8];
	struct http_server_counters n;

	start(f, false, 4, 64);
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		t[i] = (struct thread){ .f = f, .path = "/peer", .count = 100 };
		assert_int_equal(pthread_create(&t[i].id, NULL, requests, &t[i]), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		pthread_join(t[i].id, NULL);
		assert_int_equal(t[i].ok, 100);
	}
	http_server_count(f->server, &n);
	assert_int_equal(n.requests, 800);
}

static void test_queue_full(void **state)
{
	struct fixture *f = *state;
	struct thread t[4];
	int ok = 0, busy = 0;

	atomic_store(&f->hold, true);
	start(f, false, 1, 1);
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		t[i] = (struct thread){ .f = f, .path = "/slow", .count = 1 };
		assert_int_equal(pthread_create(&t[i].id, NULL, requests, &t[i]), 0);
		while (!i && !atomic_load(&f->running))
			usleep(1000);
	}
	for (;;) {
		struct http_server_counters n;

		http_server_count(f->server, &n);
		if (n.requests == ARRAY_SIZE(t))
			break;
		usleep(1000);
	}
	atomic_store(&f->hold, false);
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		pthread_join(t[i].id, NULL);
		ok += t[i].ok;
		busy += t[i].busy;
		assert_true(!t[i].busy || t[i].retry == 1);
	}
	/* One ran, one waited, the rest had no place. */
	assert_int_equal(ok, 2);
	assert_int_equal(busy, 2);
}

/* One loud client gets as much as it may; beside it others are answered as if it were not there. */
static void test_client_bounds(void **state)
{
	struct http_client_response res = { .body = BUF_INIT(1 << 20) };
	_cleanup_(http_client_freep) struct http_client *quiet = NULL;
	struct http_server_counters n = { 0 };
	struct fixture *f = *state;
	struct thread t[8];
	int ok = 0, busy = 0;
	int64_t begun;

	f->client_requests = 2;
	atomic_store(&f->hold, true);
	start(f, false, 3, 16);
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		t[i] = (struct thread){ .f = f, .path = "/slow", .count = 1, .pem = f->client_pem };
		assert_int_equal(pthread_create(&t[i].id, NULL, requests, &t[i]), 0);
	}
	while (n.requests < ARRAY_SIZE(t)) {
		usleep(1000);
		http_server_count(f->server, &n);
	}
	quiet = client(f, NULL, NULL);
	begun = clock_monotonic_ns();
	for (int i = 0; i < 20; i++) {
		assert_int_equal(call(quiet, "GET", "/peer", NULL, 0, &res), 0);
		assert_int_equal(res.status, 200);
	}
	assert_true(clock_monotonic_ns() - begun < 5 * NSEC_PER_SEC);
	atomic_store(&f->hold, false);
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		pthread_join(t[i].id, NULL);
		ok += t[i].ok;
		busy += t[i].busy;
		assert_true(!t[i].busy || t[i].retry == 1);
	}
	assert_int_equal(ok, 2);
	assert_int_equal(busy, 6);
	http_server_count(f->server, &n);
	assert_int_equal(n.refused_client, 6);
	buf_done(&res.body);
}

static void test_stranger_body(void **state)
{
	struct http_client_response res = { .body = BUF_INIT(1 << 20) };
	_cleanup_(http_client_freep) struct http_client *stranger = NULL, *known = NULL;
	struct fixture *f = *state;
	char body[5000] = "";

	f->client_requests = 2;
	start(f, false, 2, 16);
	stranger = client(f, NULL, NULL);
	known = client(f, f->client_pem, NULL);
	assert_int_equal(call(stranger, "POST", "/api/echo/1", body, sizeof(body), &res), 0);
	assert_int_equal(res.status, 413);
	assert_int_equal(call(stranger, "POST", "/api/echo/1", body, 900, &res), 0);
	assert_int_equal(res.status, 201);
	assert_int_equal(call(known, "POST", "/api/echo/1", body, sizeof(body), &res), 0);
	assert_int_equal(res.status, 201);
	buf_done(&res.body);
}

static void test_peer_leaves(void **state)
{
	struct fixture *f = *state;
	struct http_client_options options = { .ca_file = f->ca_file, .timeout_ms = 1500 };
	struct http_client_response res = { .body = BUF_INIT(1 << 20) };
	struct http_client *c;

	atomic_store(&f->hold, true);
	start(f, false, 1, 4);
	options.base_url = f->url;
	assert_int_equal(http_client_new(&options, &c, NULL), 0);
	assert_int_equal(call(c, "GET", "/wait", NULL, 0, &res), -ETIMEDOUT);
	http_client_free(c);
	assert_int_equal(atomic_load(&f->running), 1);
	for (int i = 0; i < 10000 && atomic_load(&f->hold); i++)
		usleep(1000);
	assert_false(atomic_load(&f->hold));
	buf_done(&res.body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_methods, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_static, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_trust, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_concurrent, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_queue_full, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_client_bounds, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stranger_body, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_peer_leaves, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("net", tests, NULL, NULL);
}
