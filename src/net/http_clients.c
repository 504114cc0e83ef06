/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http_clients.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/map.h"

/* Far above what a server's connections allow. */
#define CLIENTS_MAX 1000000

struct http_client_state {
	unsigned char digest[SHA256_DIGEST_LENGTH];
	unsigned int connections, requests;
};

struct http_clients {
	struct http_clients_options options;
	struct map *by_digest;
	struct http_client_state anonymous;
};

struct connection { /* hangs on the SSL object */
	struct http_clients *clients;
	struct bufferevent *bev;
	struct http_client_state *client; /* known when the handshake is done; NULL: before */
};

static int slot = -1; /* of SSL's extra data */

static void forget_if_idle(struct http_clients *c, struct http_client_state *client)
{
	if (client == &c->anonymous || client->connections || client->requests)
		return;
	map_remove(c->by_digest, client->digest, sizeof(client->digest));
	free(client);
}

static void on_ssl_free(void *parent _unused_, void *ptr, CRYPTO_EX_DATA *ad _unused_,
			int idx _unused_, long argl _unused_, void *argp _unused_)
{
	struct connection *conn = ptr;

	if (!conn)
		return;
	if (conn->client) {
		conn->client->connections--;
		forget_if_idle(conn->clients, conn->client);
	}
	if (conn->clients->options.on_closed)
		conn->clients->options.on_closed(conn->clients->options.arg);
	free(conn);
}

static void make_slot(void)
{
	slot = SSL_get_ex_new_index(0, NULL, NULL, NULL, on_ssl_free);
}

int http_clients_new(const struct http_clients_options *options, struct http_clients **ret_clients)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct http_clients *c = calloc(1, sizeof(*c));

	pthread_once(&once, make_slot);
	if (!c)
		return -ENOMEM;
	c->options = *options;
	c->by_digest = map_new(CLIENTS_MAX);
	if (!c->by_digest) {
		free(c);
		return -ENOMEM;
	}
	*ret_clients = c;
	return 0;
}

void http_clients_free(struct http_clients *c)
{
	void *client;

	if (!c)
		return;
	/* Requests whose answer nobody waited for any more. */
	for (size_t i = 0; map_next(c->by_digest, &i, NULL, NULL, &client);)
		free(client);
	map_free(c->by_digest);
	free(c);
}

static struct http_client_state *find_client(struct http_clients *c, const SSL *ssl)
{
	X509 *cert = SSL_get0_peer_certificate(ssl);
	unsigned char digest[EVP_MAX_MD_SIZE];
	struct http_client_state *client;
	unsigned int len;

	if (!cert || !X509_digest(cert, EVP_sha256(), digest, &len))
		return &c->anonymous;
	client = map_get(c->by_digest, digest, SHA256_DIGEST_LENGTH);
	if (client)
		return client;
	client = calloc(1, sizeof(*client));
	if (!client)
		return &c->anonymous;
	memcpy(client->digest, digest, SHA256_DIGEST_LENGTH);
	if (map_put(c->by_digest, digest, SHA256_DIGEST_LENGTH, client, NULL) < 0) {
		free(client);
		return &c->anonymous;
	}
	return client;
}

/* evhttp keeps its connection as the argument of the callbacks that it sets: evhttp_start_read_(). */
static void limit_body(const struct connection *conn, size_t max)
{
	void *evcon = NULL;

	bufferevent_getcb(conn->bev, NULL, NULL, NULL, &evcon);
	if (evcon)
		evhttp_connection_set_max_body_size(evcon, (ev_ssize_t)max);
}

/* Now it is known who the peer is, and nothing of a request has been read. */
static void on_info(const SSL *ssl, int where, int value _unused_)
{
	struct connection *conn = SSL_get_ex_data(ssl, slot);
	struct http_clients_options *o;

	if (!(where & SSL_CB_HANDSHAKE_DONE) || !conn || conn->client)
		return;
	o = &conn->clients->options;
	conn->client = find_client(conn->clients, ssl);
	conn->client->connections++;
	if (conn->client == &conn->clients->anonymous && o->anonymous_body_max)
		limit_body(conn, o->anonymous_body_max);
}

int http_clients_watch(struct http_clients *c, SSL *ssl, struct bufferevent *bev)
{
	struct connection *conn = calloc(1, sizeof(*conn));

	if (!conn)
		return -ENOMEM;
	conn->clients = c;
	conn->bev = bev;
	if (!SSL_set_ex_data(ssl, slot, conn)) {
		free(conn);
		return -ENOMEM;
	}
	SSL_set_info_callback(ssl, on_info);
	return 0;
}

int http_clients_begin(struct http_clients *c, SSL *ssl, struct http_client_state **ret_client)
{
	const struct http_clients_options *o = &c->options;
	struct connection *conn = ssl ? SSL_get_ex_data(ssl, slot) : NULL;
	struct http_client_state *client = conn ? conn->client : NULL;
	bool anonymous = client == &c->anonymous;
	unsigned int max = anonymous ? o->anonymous_max : o->requests_max;

	*ret_client = NULL;
	if (!client || !o->requests_max)
		return 0;
	if (client->requests >= max ||
	    (!anonymous && o->connections_max && client->connections > o->connections_max))
		return -EBUSY;
	client->requests++;
	*ret_client = client;
	return 0;
}

void http_clients_end(struct http_clients *c, struct http_client_state *client)
{
	if (!client)
		return;
	client->requests--;
	forget_if_idle(c, client);
}
