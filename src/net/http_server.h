/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_server.h - HTTPS server: libevent's loop in front, worker threads behind
 *
 * The loop thread speaks TLS and HTTP/1.1; a whole request goes to a bounded queue, a worker calls
 * the route's handler, the loop sends the answer. Handlers are synchronous and run concurrently.
 * When the queue is full the answer is 503 with Retry-After, so memory stays bounded.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Largest answer, static files included; what hunting queries find can be large. */
#define HTTP_RESPONSE_MAX (124u << 20)

enum http_method { HTTP_GET = 1, HTTP_POST = 2, HTTP_PUT = 4, HTTP_PATCH = 8, HTTP_DELETE = 16 };

struct http_request {
	enum http_method method;
	const char *path;  /* decoded, without the query */
	const char *query; /* raw, after '?'; "" where there is none */
	const void *body;
	size_t body_len;
	const char *peer_address; /* text */
	const char *request_id;   /* UUID, made here, also in the answer's header */
	const struct http_route *route;
	void *user; /* what the server's before hook attached, e.g. the identity */
	/* private */
	void *impl;
};

struct http_response {
	int status; /* 200 unless set */
	struct buf body; /* bounded by the server's maximum */
	/* private */
	void *impl;
};

/* 0, or a negative errno that becomes 500 and a log line. Sets status and body itself otherwise. */
typedef int (*http_handler_fn)(struct http_request *req, struct http_response *res, void *arg);

struct http_route {
	enum http_method method;
	/*
	 * "/api/alerts/{id}"; segments match case-insensitively, {x} is a segment or a part of one:
	 * "/api/machines/findbytag(tag='{tag}')". Of several that match the one with the fewest {x}
	 * wins, then the earlier.
	 */
	const char *pattern;
	http_handler_fn handler;
	uint64_t permission; /* what the module above makes of it; opaque here */
	const char *operation; /* name for documentation and logs, "alerts_get" */
};

struct http_server_options {
	const char *address; /* "0.0.0.0", "::", or "/path" of a Unix socket */
	uint16_t port;       /* 0: any free one, see http_server_port() */
	/* PEM, the leaf first, its CA behind it; both NULL: no TLS, for Unix sockets and loopback. */
	const char *certificate_file, *key_file;
	const char *client_ca_file; /* ask for a client certificate from this CA; NULL: do not ask */
	/*
	 * Let a certificate in that has expired, or that begins later: it may be of a time when the
	 * issuer's clock was ahead. Whoever answers must then look at its end himself. The handshake
	 * has still proved that the peer has the key.
	 */
	bool client_any_time;
	bool client_required;       /* refuse the connection without one */
	unsigned int workers;       /* threads; 0: 4 */
	unsigned int queue_max;     /* waiting requests; 0: 256 */
	size_t body_max;            /* larger requests get 413; 0: 1 MiB */
	/*
	 * Bounds by client, which is its certificate; more get 429. All without one together may have
	 * an eighth of the queue. 0: no bound.
	 */
	unsigned int client_requests_max, client_connections_max;
	size_t anonymous_body_max; /* larger requests of those without a certificate get 413; 0: body_max */
	unsigned int idle_s;        /* a silent connection is closed after it; 0: 60 */
	unsigned int connections_max; /* more are closed at once; 0: 4096 */
	/*
	 * Called on the worker before the handler, for files and unknown addresses as well (route is
	 * NULL then); returns 0 to go on, 1 when it has answered itself.
	 * after is called when the response is complete, also when before answered (nullable).
	 */
	int (*before)(struct http_request *req, struct http_response *res, void *arg);
	void (*after)(struct http_request *req, struct http_response *res, void *arg);
	void *arg;
};

struct http_server;

int http_server_new(const struct http_server_options *options, struct http_server **ret_server,
		    struct err *err);
/* routes: an array that outlives the server, ended by a zeroed entry; arg goes to its handlers. */
int http_server_add_routes(struct http_server *s, const struct http_route *routes, void *arg);
/*
 * Files below dir under the prefix, with ETag and cache headers; other paths get index.html. dir
 * NULL: nothing is there, whatever a shorter prefix has. The longest prefix counts.
 */
int http_server_add_static(struct http_server *s, const char *prefix, const char *dir);
int http_server_start(struct http_server *s, struct err *err);
/* The port it listens on. */
uint16_t http_server_port(const struct http_server *s);

struct http_server_counters {
	uint64_t requests;
	uint64_t refused_queue;       /* answered 503 */
	uint64_t refused_client;      /* answered 429 */
	uint64_t refused_connections; /* over connections_max */
	uint64_t gone;                /* answers whose peer had left */
};
void http_server_count(const struct http_server *s, struct http_server_counters *ret_counters);

/* Loads certificate and key again, e.g. after a renewal. */
int http_server_reload_tls(struct http_server *s, struct err *err);
/* Stops accepting, lets running handlers end, frees. */
void http_server_free(struct http_server *s);
DEFINE_CLEANUP(struct http_server *, http_server_free)

/* The value of {name} in the route's pattern, decoded; NULL where the pattern has none. */
const char *http_request_param(const struct http_request *req, const char *name);
/* Decoded query parameter, or NULL. Names compare case-sensitively; "$filter" is given as such. */
const char *http_request_query(const struct http_request *req, const char *name);
const char *http_request_header(const struct http_request *req, const char *name);
const char *http_request_cookie(const struct http_request *req, const char *name);
/* SHA-256 of the client certificate in DER as hex, and its subject's CN; NULL without one. */
const char *http_request_peer_fingerprint(const struct http_request *req);
const char *http_request_peer_name(const struct http_request *req);
/* Whether the peer has left meanwhile: for handlers that take long. */
bool http_request_gone(const struct http_request *req);
/* The client certificate in PEM, or NULL. */
const char *http_request_peer_pem(const struct http_request *req);

int http_response_header(struct http_response *res, const char *name, const char *value);
/* Sets Content-Type and appends the text. */
int http_response_json(struct http_response *res, int status, const char *json, size_t len);
