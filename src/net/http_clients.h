/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_clients.h - who is connected, and how much each may have under way
 *
 * A client is its certificate. Bounds by client keep one loud machine from filling the queue that
 * all share. Those without a certificate are one client together: nobody knows who they are.
 * All calls on the server's loop thread.
 */
#pragma once

#include <openssl/ssl.h>
#include <stdbool.h>

struct bufferevent;
struct http_clients;
struct http_client_state;

struct http_clients_options {
	unsigned int requests_max;    /* of one client, waiting or running; 0: no bound */
	unsigned int anonymous_max;   /* the same of all without a certificate together */
	unsigned int connections_max; /* of one client with a certificate; 0: no bound */
	size_t anonymous_body_max;    /* 0: as everybody's */
	void (*on_closed)(void *arg); /* a connection has ended */
	void *arg;
};

int http_clients_new(const struct http_clients_options *options, struct http_clients **ret_clients);
/* All connections are closed. */
void http_clients_free(struct http_clients *c);

/* Follows a connection until its SSL object is freed. -ENOMEM. */
int http_clients_watch(struct http_clients *c, SSL *ssl, struct bufferevent *bev);
/*
 * The connection's client has one request more under way; NULL where there are no bounds. -EBUSY: it
 * has as many as it may.
 */
int http_clients_begin(struct http_clients *c, SSL *ssl, struct http_client_state **ret_client);
/* That request is done; client may be NULL. */
void http_clients_end(struct http_clients *c, struct http_client_state *client);
