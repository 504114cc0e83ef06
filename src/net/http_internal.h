/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_internal.h - what the files of the HTTP server share; nobody else includes it
 *
 * A job is one request on its way: made on the loop thread, handled on a worker, answered and
 * freed on the loop thread. Only job->evreq belongs to the loop alone; the rest to who has the job.
 */
#pragma once

#include <event2/http.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "base/hex.h"
#include "net/http_clients.h"
#include "net/http_parse.h"
#include "net/http_server.h"

#define HTTP_HEADERS_MAX_BYTES (16u << 10)
#define HTTP_HEADERS_MAX 100
#define HTTP_RESPONSE_HEADERS_MAX 32

struct http_header {
	char *name, *value;
};

struct http_job {
	struct http_request req;
	struct http_response res;
	struct http_job *next;
	struct http_server *server;
	struct http_client_state *client; /* loop thread only */
	struct evhttp_request *evreq; /* NULL when the peer left; loop thread only */
	int fd; /* of the connection, for a look at it only: valid while gone is false */
	atomic_bool gone;
	struct arena arena;
	char request_id[UUID_TEXT_SIZE];
	char *raw_path;
	bool head;
	size_t header_count, res_header_count;
	struct http_header headers[HTTP_HEADERS_MAX];
	struct http_header res_headers[HTTP_RESPONSE_HEADERS_MAX];
	struct http_params params;
	void *handler_arg;
	X509 *peer;
	char *peer_fingerprint, *peer_name, *peer_pem; /* made when asked for */
};

#define HTTP_ROUTE_SETS_MAX 32

struct http_route_set {
	const struct http_route *routes;
	void *arg;
};

struct http_static {
	char *prefix, *dir;
};

/* http_job.c: NULL when the request cannot be taken (memory, limits, broken escape). */
struct http_job *http_job_new(struct evhttp_request *evreq);
void http_job_free(struct http_job *job);
void http_job_error(struct http_job *job, int status, const char *code, const char *message);

/* http_route.c */
struct http_router {
	struct http_route_set sets[HTTP_ROUTE_SETS_MAX];
	size_t set_count;
	struct http_static statics[HTTP_ROUTE_SETS_MAX];
	size_t static_count;
};
/* Finds route or file and answers; hooks included. */
void http_router_run(const struct http_router *router, const struct http_server_options *options,
		     struct http_job *job);

/* http_static.c */
void http_static_answer(const struct http_static *st, struct http_job *job);

/* http_tls.c: a server context per the options. */
int http_tls_new(const struct http_server_options *options, SSL_CTX **ret_ctx, struct err *err);

/*
 * http_listen.c: a non-blocking listening socket, owned by the caller. ret_port stays as it is for
 * a Unix socket.
 */
int http_listen(const struct http_server_options *options, int *ret_fd, uint16_t *ret_port,
		struct err *err);
