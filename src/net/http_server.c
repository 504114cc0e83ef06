/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_server.c - libevent's loop, the queue to the workers and the way back
 *
 * The loop thread owns every connection. A request becomes a job; workers run it through the
 * router; finished jobs come back over a list and an eventfd. Memory is bounded by connections,
 * queue and workers, each times the largest body.
 */
#include "net/http_server.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/fd.h"
#include "net/http_internal.h"

#define WORKERS_MAX 64

struct job_list {
	struct http_job *first, **last;
	unsigned int len;
};

struct http_server {
	struct http_server_options options; /* strings are copies */
	struct http_router router;
	struct event_base *base;
	struct evhttp *http;
	struct evhttp_bound_socket *bound;
	struct event *notify;
	struct http_clients *clients; /* loop thread only */
	int notify_fd, listen_fd;
	uint16_t port;
	bool started, paused; /* paused: loop thread only */
	unsigned int connections;

	pthread_mutex_t lock; /* all below */
	pthread_cond_t wake;
	struct job_list waiting, done;
	SSL_CTX *tls;
	bool closing, quit;
	struct http_server_counters counters;

	unsigned int worker_count;
	pthread_t loop_thread, workers[WORKERS_MAX];
};

static void list_init(struct job_list *l)
{
	l->first = NULL;
	l->last = &l->first;
	l->len = 0;
}

static void list_push(struct job_list *l, struct http_job *job)
{
	job->next = NULL;
	*l->last = job;
	l->last = &job->next;
	l->len++;
}

static struct http_job *list_pop(struct job_list *l)
{
	struct http_job *job = l->first;

	if (!job)
		return NULL;
	l->first = job->next;
	if (!l->first)
		l->last = &l->first;
	l->len--;
	return job;
}

static void notify(struct http_server *s)
{
	uint64_t one = 1;

	if (write(s->notify_fd, &one, sizeof(one)) < 0)
		return; /* Full means that the loop has a wake-up waiting already. */
}

static void *worker_main(void *arg)
{
	struct http_server *s = arg;

	pthread_mutex_lock(&s->lock);
	for (;;) {
		struct http_job *job = list_pop(&s->waiting);

		if (!job) {
			if (s->closing)
				break;
			pthread_cond_wait(&s->wake, &s->lock);
			continue;
		}
		pthread_mutex_unlock(&s->lock);
		http_router_run(&s->router, &s->options, job);
		pthread_mutex_lock(&s->lock);
		list_push(&s->done, job);
		notify(s);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* Answer without a job: it could not be made or there is no room for it. */
static void refuse(struct evhttp_request *evreq, int status, const char *json)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(evreq);
	struct evbuffer *body = evbuffer_new();

	if (body)
		evbuffer_add_printf(body, "%s", json);
	evhttp_add_header(headers, "Content-Type", "application/json");
	if (status == 503 || status == 429)
		evhttp_add_header(headers, "Retry-After", "1");
	evhttp_send_reply(evreq, status, NULL, body);
	if (body)
		evbuffer_free(body);
}

/* The peer left before its answer: evhttp frees the request, the job goes on without it. */
static void on_close(struct evhttp_connection *conn _unused_, void *arg)
{
	struct http_job *job = arg;

	job->evreq = NULL;
	atomic_store(&job->gone, true); /* evhttp closes the descriptor after this call */
}

#define BUSY                                                                                       \
	"{\"error\":{\"code\":\"ServiceUnavailable\",\"message\":\"The server is busy; try again.\"}}"
#define TOO_MANY                                                                                   \
	"{\"error\":{\"code\":\"TooManyRequests\",\"message\":"                                     \
	"\"More requests at once than one client may have.\"}}"
#define BROKEN                                                                                     \
	"{\"error\":{\"code\":\"BadRequest\",\"message\":"                                          \
	"\"The request is not well-formed or too large.\"}}"

/* Hands the job to the workers; false when there is no room. */
static bool enqueue(struct http_server *s, struct http_job *job)
{
	bool full;

	pthread_mutex_lock(&s->lock);
	full = s->closing || s->waiting.len >= s->options.queue_max;
	if (full) {
		s->counters.refused_queue++;
	} else {
		list_push(&s->waiting, job);
		pthread_cond_signal(&s->wake);
	}
	pthread_mutex_unlock(&s->lock);
	return !full;
}

static void count_request(struct http_server *s, bool refused)
{
	pthread_mutex_lock(&s->lock);
	s->counters.requests++;
	s->counters.refused_client += refused;
	pthread_mutex_unlock(&s->lock);
}

static void on_request(struct evhttp_request *evreq, void *arg)
{
	struct evhttp_connection *conn = evhttp_request_get_connection(evreq);
	SSL *ssl = bufferevent_openssl_get_ssl(evhttp_connection_get_bufferevent(conn));
	struct http_client_state *client;
	struct http_server *s = arg;
	struct http_job *job;
	int r = http_clients_begin(s->clients, ssl, &client);

	count_request(s, r < 0);
	if (r < 0) {
		refuse(evreq, 429, TOO_MANY);
		return;
	}
	job = http_job_new(evreq);
	if (!job) {
		http_clients_end(s->clients, client);
		refuse(evreq, 400, BROKEN);
		return;
	}
	job->server = s;
	job->client = client;
	/* Before a worker may have it. */
	evhttp_connection_set_closecb(conn, on_close, job);
	if (enqueue(s, job))
		return;
	evhttp_connection_set_closecb(conn, NULL, NULL);
	http_clients_end(s->clients, client);
	http_job_free(job);
	refuse(evreq, 503, BUSY);
}

static void free_body(const void *data _unused_, size_t len _unused_, void *arg)
{
	free(arg);
}

static void send_answer(struct http_job *job)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(job->evreq);
	struct buf *b = &job->res.body;
	struct evbuffer *body = evbuffer_new();
	char length[32];

	evhttp_connection_set_closecb(evhttp_request_get_connection(job->evreq), NULL, NULL);
	for (size_t i = 0; i < job->res_header_count; i++)
		evhttp_add_header(headers, job->res_headers[i].name, job->res_headers[i].value);
	evhttp_add_header(headers, "X-Request-Id", job->request_id);
	if (job->head) {
		snprintf(length, sizeof(length), "%zu", b->len);
		evhttp_add_header(headers, "Content-Length", length);
	} else if (body && b->len) {
		size_t len = b->len;
		char *data = TAKE_PTR(b->data);

		buf_init(b, HTTP_RESPONSE_MAX);
		if (evbuffer_add_reference(body, data, len, free_body, data) < 0)
			free(data);
	}
	evhttp_send_reply(job->evreq, job->res.status, NULL, body);
	if (body)
		evbuffer_free(body);
}

static void on_notify(evutil_socket_t fd, short events _unused_, void *arg)
{
	struct http_server *s = arg;
	struct http_job *jobs, *next;
	bool closing, quit;
	uint64_t count, gone = 0;

	if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return;
	pthread_mutex_lock(&s->lock);
	jobs = s->done.first;
	list_init(&s->done);
	closing = s->closing;
	quit = s->quit;
	pthread_mutex_unlock(&s->lock);
	for (; jobs; jobs = next) {
		next = jobs->next;
		if (jobs->evreq)
			send_answer(jobs);
		else
			gone++;
		http_clients_end(s->clients, jobs->client);
		http_job_free(jobs);
	}
	if (gone) {
		pthread_mutex_lock(&s->lock);
		s->counters.gone += gone;
		pthread_mutex_unlock(&s->lock);
	}
	if (closing && s->bound) {
		evhttp_del_accept_socket(s->http, s->bound);
		s->bound = NULL;
	}
	if (quit) {
		/* The last answers get a moment to leave. */
		struct timeval linger = { .tv_usec = 50000 };

		event_base_loopexit(s->base, &linger);
	}
}

static void on_connection_closed(void *arg)
{
	struct http_server *s = arg;

	s->connections--;
	if (s->paused && s->bound && s->connections < s->options.connections_max) {
		s->paused = false;
		evconnlistener_enable(evhttp_bound_socket_get_listener(s->bound));
	}
}

static struct bufferevent *new_connection(struct event_base *base, void *arg)
{
	struct http_server *s = arg;
	struct bufferevent *bev;
	SSL *ssl;

	pthread_mutex_lock(&s->lock);
	ssl = SSL_new(s->tls);
	pthread_mutex_unlock(&s->lock);
	if (!ssl)
		return NULL;
	bev = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING,
					     BEV_OPT_CLOSE_ON_FREE);
	if (!bev) {
		SSL_free(ssl);
		return NULL;
	}
	bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	if (http_clients_watch(s->clients, ssl, bev) < 0) {
		bufferevent_free(bev);
		return NULL;
	}
	if (++s->connections >= s->options.connections_max && s->bound) {
		s->paused = true;
		pthread_mutex_lock(&s->lock);
		s->counters.refused_connections++;
		pthread_mutex_unlock(&s->lock);
		evconnlistener_disable(evhttp_bound_socket_get_listener(s->bound));
	}
	return bev;
}

static void *loop_main(void *arg)
{
	struct http_server *s = arg;

	event_base_loop(s->base, EVLOOP_NO_EXIT_ON_EMPTY);
	return NULL;
}

static const char *copy(const char *s)
{
	return s ? strdup(s) : NULL;
}

static void fill_options(struct http_server_options *dst, const struct http_server_options *src)
{
	*dst = *src;
	dst->address = copy(src->address);
	dst->certificate_file = copy(src->certificate_file);
	dst->key_file = copy(src->key_file);
	dst->client_ca_file = copy(src->client_ca_file);
	dst->workers = MIN(src->workers ? src->workers : 4u, (unsigned int)WORKERS_MAX);
	if (!dst->queue_max)
		dst->queue_max = 256;
	if (!dst->body_max)
		dst->body_max = 1 << 20;
	if (!dst->idle_s)
		dst->idle_s = 60;
	if (!dst->connections_max)
		dst->connections_max = 4096;
}

static void set_up_http(struct http_server *s)
{
	evhttp_set_allowed_methods(s->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST |
						    EVHTTP_REQ_PUT | EVHTTP_REQ_PATCH |
						    EVHTTP_REQ_DELETE);
	evhttp_set_max_headers_size(s->http, HTTP_HEADERS_MAX_BYTES);
	evhttp_set_max_body_size(s->http, (ev_ssize_t)s->options.body_max);
	evhttp_set_timeout(s->http, (int)s->options.idle_s);
	evhttp_set_default_content_type(s->http, NULL);
	/* Reads the rest of a request that is too large, so that the peer gets to see the 413. */
	evhttp_set_flags(s->http, EVHTTP_SERVER_LINGERING_CLOSE);
	evhttp_set_gencb(s->http, on_request, s);
	if (s->tls)
		evhttp_set_bevcb(s->http, new_connection, s);
}

static int open_clients(struct http_server *s)
{
	const struct http_clients_options o = {
		.requests_max = s->options.client_requests_max,
		.anonymous_max = MAX(s->options.queue_max / 8, 1u),
		.connections_max = s->options.client_connections_max,
		.anonymous_body_max = s->options.anonymous_body_max,
		.on_closed = on_connection_closed,
		.arg = s,
	};

	return http_clients_new(&o, &s->clients);
}

int http_server_new(const struct http_server_options *options, struct http_server **ret_server,
		    struct err *err)
{
	_cleanup_(http_server_freep) struct http_server *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_setf(err, -ENOMEM, "out of memory");
	/* A TLS peer that left turns the next write into SIGPIPE. */
	signal(SIGPIPE, SIG_IGN);
	s->notify_fd = s->listen_fd = -1;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->wake, NULL);
	list_init(&s->waiting);
	list_init(&s->done);
	fill_options(&s->options, options);
	r = open_clients(s);
	if (r < 0)
		return err_setf(err, r, "out of memory");
	if (s->options.certificate_file) {
		r = http_tls_new(&s->options, &s->tls, err);
		if (r < 0)
			return r;
	}
	s->notify_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	s->base = event_base_new();
	s->http = s->base ? evhttp_new(s->base) : NULL;
	s->notify = s->base ? event_new(s->base, s->notify_fd, EV_READ | EV_PERSIST, on_notify, s)
			    : NULL;
	if (s->notify_fd < 0 || !s->http || !s->notify || event_add(s->notify, NULL) < 0)
		return err_setf(err, -ENOMEM, "cannot make the server's loop");
	set_up_http(s);
	*ret_server = TAKE_PTR(s);
	return 0;
}

int http_server_add_routes(struct http_server *s, const struct http_route *routes, void *arg)
{
	struct http_router *router = &s->router;

	if (s->started || router->set_count == HTTP_ROUTE_SETS_MAX)
		return -ENOSPC;
	router->sets[router->set_count++] = (struct http_route_set){ routes, arg };
	return 0;
}

int http_server_add_static(struct http_server *s, const char *prefix, const char *dir)
{
	struct http_router *router = &s->router;
	struct http_static st = { strdup(prefix), dir ? strdup(dir) : NULL };

	if (s->started || router->static_count == HTTP_ROUTE_SETS_MAX || !st.prefix ||
	    (dir && !st.dir)) {
		free(st.prefix);
		free(st.dir);
		return -ENOSPC;
	}
	router->statics[router->static_count++] = st;
	return 0;
}

static int start_threads(struct http_server *s)
{
	sigset_t all, old;
	int r;

	/* Signals belong to the program's main thread. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = -pthread_create(&s->loop_thread, NULL, loop_main, s);
	s->started = r == 0;
	while (r == 0 && s->worker_count < s->options.workers) {
		r = -pthread_create(&s->workers[s->worker_count], NULL, worker_main, s);
		if (r == 0)
			s->worker_count++;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return r;
}

int http_server_start(struct http_server *s, struct err *err)
{
	int r = http_listen(&s->options, &s->listen_fd, &s->port, err);

	if (r < 0)
		return r;
	s->bound = evhttp_accept_socket_with_handle(s->http, s->listen_fd);
	if (!s->bound)
		return err_setf(err, -EIO, "cannot accept connections");
	s->listen_fd = -1; /* evhttp closes it */
	r = start_threads(s);
	return r < 0 ? err_setf(err, r, "cannot start the server's threads") : 0;
}

uint16_t http_server_port(const struct http_server *s)
{
	return s->port;
}

void http_server_count(const struct http_server *s, struct http_server_counters *ret_counters)
{
	pthread_mutex_t *lock = (pthread_mutex_t *)&s->lock;

	pthread_mutex_lock(lock);
	*ret_counters = s->counters;
	pthread_mutex_unlock(lock);
}

int http_server_reload_tls(struct http_server *s, struct err *err)
{
	SSL_CTX *fresh = NULL, *old;
	int r = s->options.certificate_file ? http_tls_new(&s->options, &fresh, err) : -EINVAL;

	if (r < 0)
		return r;
	pthread_mutex_lock(&s->lock);
	old = s->tls;
	s->tls = fresh;
	pthread_mutex_unlock(&s->lock);
	SSL_CTX_free(old); /* Connections that use it hold their own reference. */
	return 0;
}

static void stop(struct http_server *s)
{
	pthread_mutex_lock(&s->lock);
	s->closing = true;
	pthread_cond_broadcast(&s->wake);
	pthread_mutex_unlock(&s->lock);
	notify(s);
	for (unsigned int i = 0; i < s->worker_count; i++)
		pthread_join(s->workers[i], NULL);
	pthread_mutex_lock(&s->lock);
	s->quit = true;
	pthread_mutex_unlock(&s->lock);
	notify(s);
	pthread_join(s->loop_thread, NULL);
}

static void free_jobs(struct job_list *l)
{
	struct http_job *job;

	while ((job = list_pop(l)))
		http_job_free(job);
}

void http_server_free(struct http_server *s)
{
	if (!s)
		return;
	if (s->started)
		stop(s);
	s->bound = NULL;
	if (s->http)
		evhttp_free(s->http);
	free_jobs(&s->waiting);
	free_jobs(&s->done);
	if (s->notify)
		event_free(s->notify);
	if (s->base)
		event_base_free(s->base);
	/* The loop's end is what frees the last connections. */
	http_clients_free(s->clients);
	SSL_CTX_free(s->tls);
	closep(&s->notify_fd);
	closep(&s->listen_fd);
	for (size_t i = 0; i < s->router.static_count; i++) {
		free(s->router.statics[i].prefix);
		free(s->router.statics[i].dir);
	}
	free((void *)s->options.address);
	free((void *)s->options.certificate_file);
	free((void *)s->options.key_file);
	free((void *)s->options.client_ca_file);
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->lock);
	free(s);
}
