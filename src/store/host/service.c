/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service.c - HTTP in front, worker threads behind
 *
 * Owns the loop and the socket. Two pools, because a question must never wait behind an insert nor
 * the other way round; each queue is bounded, a full one answers 503.
 */
#include "store/host/service.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/thread.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/log.h"
#include "store/host/job.h"

#define QUEUE_MAX 256
#define BODY_MAX (256 << 20)
#define HEADER_MAX (64 << 10)
#define THREADS_MAX 32

struct pool {
	struct service *service;
	bool read_only;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct job *first, **last;
	size_t waiting;
	bool ending;
	pthread_t threads[THREADS_MAX];
	unsigned int thread_count;
};

struct service {
	struct engine *engine;
	struct event_base *base;
	struct evhttp *http;
	struct event *signals[2];
	struct event *finished; /* activated by workers */
	pthread_mutex_t done_lock;
	struct job *done;
	struct pool readers, writers;
	char socket_path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

/* The next job; NULL when the pool ends. */
static struct job *pool_pop(struct pool *p)
{
	struct job *j;

	pthread_mutex_lock(&p->lock);
	while (!p->first && !p->ending)
		pthread_cond_wait(&p->wake, &p->lock);
	j = p->first;
	if (j) {
		p->first = j->next;
		if (!p->first)
			p->last = &p->first;
		p->waiting--;
	}
	pthread_mutex_unlock(&p->lock);
	return j;
}

/*
 * After a failed statement the connection is made anew: the engine would give what that statement
 * had already written to the next one, which may be another tenant's.
 */
static void run_or_renew(struct pool *p, struct engine_conn **c, struct job *j)
{
	struct err err = { 0 };
	int r;

	if (*c && job_run(j, *c))
		return;
	if (!*c)
		j->status = 503;
	engine_disconnect(*c);
	*c = NULL;
	r = engine_connect(p->service->engine, p->read_only, c, &err);
	if (r < 0)
		LOG_RATELIMIT(LOG_LEVEL_ERROR, 60, "connection of a worker: %s", err_msg(&err, r));
}

static void *work(void *arg)
{
	struct pool *p = arg;
	struct service *s = p->service;
	struct engine_conn *c = NULL;
	struct err err = { 0 };
	struct job *j;
	int r = engine_connect(s->engine, p->read_only, &c, &err);

	if (r < 0)
		log_error("connection of a worker: %s", err_msg(&err, r));
	while ((j = pool_pop(p))) {
		run_or_renew(p, &c, j);
		pthread_mutex_lock(&s->done_lock);
		j->next = s->done;
		s->done = j;
		pthread_mutex_unlock(&s->done_lock);
		event_active(s->finished, 0, 0);
	}
	engine_disconnect(c);
	return NULL;
}

static int pool_start(struct pool *p, struct service *s, bool read_only, unsigned int threads)
{
	p->service = s;
	p->read_only = read_only;
	p->last = &p->first;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->wake, NULL);
	for (unsigned int i = 0; i < MIN(threads, (unsigned int)THREADS_MAX); i++) {
		int r = pthread_create(&p->threads[i], NULL, work, p);

		if (r != 0)
			return -r;
		p->thread_count++;
	}
	return 0;
}

static void pool_stop(struct pool *p)
{
	if (!p->service)
		return;
	pthread_mutex_lock(&p->lock);
	p->ending = true;
	pthread_cond_broadcast(&p->wake);
	pthread_mutex_unlock(&p->lock);
	for (unsigned int i = 0; i < p->thread_count; i++)
		pthread_join(p->threads[i], NULL);
}

static int pool_push(struct pool *p, struct job *j)
{
	int r = 0;

	pthread_mutex_lock(&p->lock);
	if (p->waiting >= QUEUE_MAX) {
		r = -EBUSY;
	} else {
		j->next = NULL;
		*p->last = j;
		p->last = &j->next;
		p->waiting++;
		pthread_cond_signal(&p->wake);
	}
	pthread_mutex_unlock(&p->lock);
	return r;
}

static void on_client_gone(struct evhttp_connection *conn _unused_, void *arg)
{
	struct job *j = arg;

	j->request = NULL;
}

static void reply(struct job *j)
{
	struct evhttp_request *req = j->request;
	struct evbuffer *out;
	char code[16];

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
		job_free(j);
		j = next;
	}
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
			if (j->params.count == ENGINE_PARAMS_MAX) {
				r = err_setf(err, -EINVAL, "Code: 62. More than %d parameters",
					     ENGINE_PARAMS_MAX);
				break;
			}
			j->params.names[j->params.count] = arena_strdup(&j->arena, kv->key + 6);
			j->params.values[j->params.count++] = value;
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

static void on_request(struct evhttp_request *req, void *arg)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
	struct service *s = arg;
	struct job *j = job_new();
	struct err err = { 0 };
	int r;

	if (!j) {
		evhttp_send_error(req, 503, NULL);
		return;
	}
	j->request = req;
	r = read_url(j, evhttp_uri_get_query(uri), &err);
	if (r == 0)
		r = read_body(j, req, &err);
	if (r == 0) {
		evhttp_connection_set_closecb(evhttp_request_get_connection(req), on_client_gone, j);
		r = pool_push(j->reads_only ? &s->readers : &s->writers, j);
		if (r == 0)
			return;
	}
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

int service_new(struct engine *engine, const struct service_options *options,
		struct service **ret_service, struct err *err)
{
	_cleanup_(service_freep) struct service *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_setf(err, -ENOMEM, "out of memory");
	s->engine = engine;
	pthread_mutex_init(&s->done_lock, NULL);
	if (strlen(options->socket_path) >= sizeof(s->socket_path))
		return err_setf(err, -ENAMETOOLONG, "%s: longer than a socket's name may be",
				options->socket_path);
	strcpy(s->socket_path, options->socket_path);
	r = open_http(s, err);
	if (r < 0)
		return r;
	r = pool_start(&s->readers, s, true, options->readers);
	if (r == 0)
		r = pool_start(&s->writers, s, false, options->writers);
	if (r < 0)
		return err_setf(err, r, "threads: %s", strerror(-r));
	*ret_service = TAKE_PTR(s);
	return 0;
}

int service_run(struct service *s)
{
	return event_base_dispatch(s->base) < 0 ? -EIO : 0;
}

void service_free(struct service *s)
{
	if (!s)
		return;
	pool_stop(&s->readers);
	pool_stop(&s->writers);
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
