/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service.c - HTTP in front, worker threads behind
 *
 * Owns the loop and the socket. Two pools, because a question must never wait behind an insert nor
 * the other way round; queues and the bytes that wait are bounded, beyond it the answer is 503.
 */
#include "store/host/service.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/thread.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "store/host/job.h"
#include "store/host/parts.h"
#include "store/host/pool.h"

#define BODY_MAX (256 << 20)
#define HEADER_MAX (64 << 10)
/* Of bodies that wait or are inserted. */
#define WAITING_BYTES_MAX (1u << 30)

struct service {
	struct engine *engine;
	struct event_base *base;
	struct evhttp *http;
	struct event *signals[2];
	struct event *finished; /* activated by workers */
	pthread_mutex_t done_lock;
	struct job *done;
	struct parts *parts;
	struct pool *readers, *writers;
	atomic_bool stale; /* the engine knows parts that lie elsewhere now */
	size_t waiting_bytes; /* of bodies; loop thread only */
	uid_t peer;
	char socket_path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

/* On a worker's thread. */
static void on_done(void *arg, struct job *j)
{
	struct service *s = arg;

	pthread_mutex_lock(&s->done_lock);
	j->next = s->done;
	s->done = j;
	pthread_mutex_unlock(&s->done_lock);
	event_active(s->finished, 0, 0);
}

static void stop_watching(struct job *j)
{
	if (j->closed)
		event_free(j->closed);
	j->closed = NULL;
}

/* evhttp frees the request. */
static void on_client_gone(struct evhttp_connection *conn _unused_, void *arg)
{
	struct job *j = arg;

	stop_watching(j);
	j->request = NULL;
}

static void on_closed(evutil_socket_t fd _unused_, short what _unused_, void *arg)
{
	struct job *j = arg;

	stop_watching(j);
	pool_abandon(j->service->readers, j);
}

/* evhttp does not read, and so does not see the end, while it waits for our answer. */
static int watch_client(struct service *s, struct job *j)
{
	struct evhttp_connection *conn = evhttp_request_get_connection(j->request);
	int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(conn));

	evhttp_connection_set_closecb(conn, on_client_gone, j);
	if (!j->reads_only)
		return 0;
	j->closed = event_new(s->base, fd, EV_CLOSED, on_closed, j);
	return j->closed && event_add(j->closed, NULL) == 0 ? 0 : -ENOMEM;
}

static void reply(struct job *j)
{
	struct evhttp_request *req = j->request;
	struct evbuffer *out;
	char code[16];

	stop_watching(j);
	if (!req)
		return;
	evhttp_connection_set_closecb(evhttp_request_get_connection(req), NULL, NULL);
	if (j->exception_code) {
		snprintf(code, sizeof(code), "%d", j->exception_code);
		evhttp_add_header(evhttp_request_get_output_headers(req),
				  "X-ClickHouse-Exception-Code", code);
	}
	if (j->status == 503)
		evhttp_add_header(evhttp_request_get_output_headers(req), "Retry-After", "1");
	out = evbuffer_new();
	if (out && j->answer.len)
		evbuffer_add(out, j->answer.data, j->answer.len);
	evhttp_send_reply(req, j->status, NULL, out);
	if (out)
		evbuffer_free(out);
}

static void on_finished(evutil_socket_t fd _unused_, short what _unused_, void *arg)
{
	struct service *s = arg;
	struct job *j;

	pthread_mutex_lock(&s->done_lock);
	j = s->done;
	s->done = NULL;
	pthread_mutex_unlock(&s->done_lock);
	while (j) {
		struct job *next = j->next;

		reply(j);
		s->waiting_bytes -= j->size;
		job_free(j);
		j = next;
	}
}

static int add_param(struct job *j, const char *name, const char *value, struct err *err)
{
	if (j->params.count == ENGINE_PARAMS_MAX)
		return err_setf(err, -EINVAL, "Code: 62. More than %d parameters", ENGINE_PARAMS_MAX);
	name = arena_strdup(&j->arena, name);
	if (!name)
		return err_setf(err, -ENOMEM, "out of memory");
	j->params.names[j->params.count] = name;
	j->params.values[j->params.count++] = value;
	return 0;
}

/* Settings by the URL, as far as they bound a question; what else ClickHouse has is not for here. */
static int read_limit(struct job *j, const char *name, const char *value, struct err *err)
{
	const struct {
		const char *name;
		uint64_t *to;
	} limits[] = {
		{ "max_execution_time", &j->limits.execution_s },
		{ "max_result_rows", &j->limits.result_rows },
		{ "max_memory_usage", &j->limits.memory_bytes },
	};
	char *end;

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		if (strcmp(name, limits[i].name))
			continue;
		*limits[i].to = strtoull(value, &end, 10);
		if (*end || end == value || *value == '-')
			return err_setf(err, -EINVAL, "Code: 72. %s: a number is expected", name);
		return 0;
	}
	return 0;
}

/* Takes what the URL says into the job. */
static int read_url(struct job *j, const char *uri_query, struct err *err)
{
	struct evkeyvalq args;
	struct evkeyval *kv;
	int r = 0;

	j->format = "TSV";
	if (evhttp_parse_query_str(uri_query ? uri_query : "", &args) < 0)
		return err_setf(err, -EINVAL, "Code: 62. The URL's query cannot be read");
	for (kv = args.tqh_first; kv && r == 0; kv = kv->next.tqe_next) {
		const char *value = arena_strdup(&j->arena, kv->value);

		if (!value) {
			r = err_setf(err, -ENOMEM, "out of memory");
		} else if (strcmp(kv->key, "query") == 0) {
			j->sql = value;
		} else if (strcmp(kv->key, "default_format") == 0) {
			j->format = value;
		} else if (strcmp(kv->key, "insert_deduplication_token") == 0) {
			j->token = value;
		} else if (strcmp(kv->key, "readonly") == 0) {
			j->reads_only = strcmp(value, "0") != 0;
		} else if (strncmp(kv->key, "param_", 6) == 0) {
			r = add_param(j, kv->key + 6, value, err);
		} else {
			r = read_limit(j, kv->key, value, err);
		}
	}
	evhttp_clear_headers(&args);
	return r;
}

static int read_body(struct job *j, struct evhttp_request *req, struct err *err)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(req);

	j->block = evbuffer_new();
	if (!j->block || evbuffer_add_buffer(j->block, in) < 0)
		return err_setf(err, -ENOMEM, "out of memory");
	j->body_len = evbuffer_get_length(j->block);
	j->body = j->body_len ? evbuffer_pullup(j->block, -1) : NULL;
	if (j->body_len && !j->body)
		return err_setf(err, -ENOMEM, "out of memory");
	if (j->sql)
		return 0;
	/* No query in the URL: the body is the statement. */
	if (!j->body_len)
		return err_setf(err, -EINVAL, "Code: 62. There is no query");
	j->sql = arena_strndup(&j->arena, j->body, j->body_len);
	j->body_len = 0;
	return j->sql ? 0 : err_setf(err, -ENOMEM, "out of memory");
}

/* Root, ourselves, and who we were told: the socket's mode alone would leave it to its folder. */
static bool peer_is_allowed(const struct service *s, struct evhttp_request *req)
{
	struct evhttp_connection *conn = evhttp_request_get_connection(req);
	int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(conn));
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	return peer.uid == 0 || peer.uid == geteuid() || peer.uid == s->peer;
}

static int enqueue(struct service *s, struct job *j, struct err *err)
{
	int r;

	j->size = j->body_len;
	j->alone = !j->reads_only && !j->body_len;
	if (s->waiting_bytes + j->size > WAITING_BYTES_MAX)
		return err_setf(err, -EBUSY, "Code: 241. More than %u bytes wait", WAITING_BYTES_MAX);
	if (watch_client(s, j) < 0)
		return err_setf(err, -ENOMEM, "out of memory");
	r = pool_push(j->reads_only ? s->readers : s->writers, j);
	if (r < 0)
		return err_setf(err, r, "Code: 202. Too many statements wait");
	s->waiting_bytes += j->size;
	return 0;
}

static void on_request(struct evhttp_request *req, void *arg)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
	struct service *s = arg;
	struct job *j;
	struct err err = { 0 };
	int r;

	if (!peer_is_allowed(s, req)) {
		evhttp_send_error(req, 403, NULL);
		return;
	}
	j = job_new();
	if (!j) {
		evhttp_send_error(req, 503, NULL);
		return;
	}
	j->request = req;
	j->service = s;
	r = read_url(j, evhttp_uri_get_query(uri), &err);
	if (r == 0)
		r = read_body(j, req, &err);
	if (r == 0)
		r = enqueue(s, j, &err);
	if (r == 0)
		return;
	j->status = r == -EINVAL ? 400 : 503;
	buf_printf(&j->answer, "%s\n", err_msg(&err, r));
	reply(j);
	job_free(j);
}

static void on_ping(struct evhttp_request *req, void *arg _unused_)
{
	struct evbuffer *out = evbuffer_new();

	if (out)
		evbuffer_add_printf(out, "Ok.\n");
	evhttp_send_reply(req, 200, NULL, out);
	if (out)
		evbuffer_free(out);
}

static void on_signal(evutil_socket_t fd _unused_, short what _unused_, void *arg)
{
	struct service *s = arg;

	event_base_loopexit(s->base, NULL);
}

static int listen_unix(const char *path, struct err *err)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return err_setf(err, -errno, "socket: %m");
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	/* The engine's lock on its data says whether another one lives; a socket left is dead. */
	unlink(path);
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || chmod(path, 0660) < 0 ||
	    listen(fd, 128) < 0)
		return err_setf(err, -errno, "%s: %m", path);
	return TAKE_FD(fd);
}

static int open_http(struct service *s, struct err *err)
{
	int fd;

	evthread_use_pthreads();
	s->base = event_base_new();
	s->http = s->base ? evhttp_new(s->base) : NULL;
	s->finished = s->base ? event_new(s->base, -1, EV_PERSIST, on_finished, s) : NULL;
	if (!s->http || !s->finished)
		return err_setf(err, -ENOMEM, "out of memory");
	evhttp_set_max_body_size(s->http, BODY_MAX);
	evhttp_set_max_headers_size(s->http, HEADER_MAX);
	evhttp_set_allowed_methods(s->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST);
	evhttp_set_gencb(s->http, on_request, s);
	evhttp_set_cb(s->http, "/ping", on_ping, NULL);
	s->signals[0] = evsignal_new(s->base, SIGTERM, on_signal, s);
	s->signals[1] = evsignal_new(s->base, SIGINT, on_signal, s);
	for (size_t i = 0; i < ARRAY_SIZE(s->signals); i++) {
		if (!s->signals[i] || event_add(s->signals[i], NULL) < 0)
			return err_setf(err, -ENOMEM, "out of memory");
	}
	fd = listen_unix(s->socket_path, err);
	if (fd < 0)
		return fd;
	if (evhttp_accept_socket(s->http, fd) < 0) {
		close(fd);
		return err_setf(err, -ENOMEM, "out of memory");
	}
	return 0;
}

/* On the thread of parts. */
static void on_set_aside(void *arg)
{
	struct service *s = arg;

	atomic_store(&s->stale, true);
	event_base_loopexit(s->base, NULL);
}

static int open_pools(struct service *s, const struct service_options *options, struct err *err)
{
	struct parts_options parts = { .engine = s->engine, .data_dir = options->data_dir,
				       .on_set_aside = on_set_aside, .arg = s };
	struct pool_options pool = { .engine = s->engine, .read_only = true, .on_done = on_done,
				     .arg = s, .threads = options->readers };
	int r = parts_new(&parts, &s->parts, err);

	if (r < 0)
		return r;
	pool.parts = s->parts;
	r = pool_new(&pool, &s->readers, err);
	pool.read_only = false;
	pool.threads = options->writers;
	return r < 0 ? r : pool_new(&pool, &s->writers, err);
}

int service_new(struct engine *engine, const struct service_options *options,
		struct service **ret_service, struct err *err)
{
	_cleanup_(service_freep) struct service *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_setf(err, -ENOMEM, "out of memory");
	s->engine = engine;
	s->peer = options->peer;
	pthread_mutex_init(&s->done_lock, NULL);
	if (strlen(options->socket_path) >= sizeof(s->socket_path))
		return err_setf(err, -ENAMETOOLONG, "%s: longer than a socket's name may be",
				options->socket_path);
	strcpy(s->socket_path, options->socket_path);
	r = open_http(s, err);
	if (r < 0)
		return r;
	r = open_pools(s, options, err);
	if (r < 0)
		return r;
	*ret_service = TAKE_PTR(s);
	return 0;
}

int service_run(struct service *s)
{
	int r = event_base_dispatch(s->base) < 0 ? -EIO : 0;

	return atomic_load(&s->stale) ? -ESTALE : r;
}

void service_free(struct service *s)
{
	if (!s)
		return;
	pool_free(s->readers);
	pool_free(s->writers);
	parts_free(s->parts);
	if (s->finished)
		on_finished(-1, 0, s);
	if (s->http)
		evhttp_free(s->http);
	for (size_t i = 0; i < ARRAY_SIZE(s->signals); i++) {
		if (s->signals[i])
			event_free(s->signals[i]);
	}
	if (s->finished)
		event_free(s->finished);
	if (s->base)
		event_base_free(s->base);
	unlink(s->socket_path);
	free(s);
}
