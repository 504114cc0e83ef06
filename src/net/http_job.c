/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_job.c - one request taken out of evhttp, and what handlers may ask of it
 *
 * Everything a handler sees is copied into the job, because the connection may end meanwhile.
 */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/keyvalq_struct.h>
#include <sys/queue.h>
#include <openssl/pem.h>
#include <poll.h>
#include <string.h>
#include <strings.h>

#include "net/http_internal.h"

#define ARENA_MAX (2u << 20)

static struct http_job *job_of(const struct http_request *req)
{
	return req->impl;
}

static int take_headers(struct http_job *job, struct evhttp_request *evreq)
{
	struct evkeyval *kv;

	TAILQ_FOREACH(kv, evhttp_request_get_input_headers(evreq), next) {
		struct http_header *h = &job->headers[job->header_count];

		if (job->header_count == HTTP_HEADERS_MAX)
			return -E2BIG;
		h->name = arena_strdup(&job->arena, kv->key);
		h->value = arena_strdup(&job->arena, kv->value);
		if (!h->name || !h->value)
			return -ENOMEM;
		job->header_count++;
	}
	return 0;
}

static int take_method(struct http_job *job, struct evhttp_request *evreq)
{
	switch (evhttp_request_get_command(evreq)) {
	case EVHTTP_REQ_HEAD:
		job->head = true;
		__attribute__((fallthrough));
	case EVHTTP_REQ_GET:
		job->req.method = HTTP_GET;
		return 0;
	case EVHTTP_REQ_POST:
		job->req.method = HTTP_POST;
		return 0;
	case EVHTTP_REQ_PUT:
		job->req.method = HTTP_PUT;
		return 0;
	case EVHTTP_REQ_PATCH:
		job->req.method = HTTP_PATCH;
		return 0;
	case EVHTTP_REQ_DELETE:
		job->req.method = HTTP_DELETE;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

/* Absolute forms ("GET https://host/x") are cut down to their path. */
static int take_target(struct http_job *job, struct evhttp_request *evreq)
{
	const char *uri = evhttp_request_get_uri(evreq);
	const char *scheme = uri && *uri != '/' ? strstr(uri, "://") : NULL;
	size_t len;

	if (scheme)
		uri = strchr(scheme + 3, '/');
	if (!uri || *uri != '/')
		return -EINVAL;
	len = strcspn(uri, "?#");
	job->raw_path = arena_strndup(&job->arena, uri, len);
	job->req.path = http_decode(&job->arena, uri, len, false);
	uri += len;
	job->req.query = arena_strndup(&job->arena, uri + (*uri == '?'),
				       *uri == '?' ? strcspn(uri + 1, "#") : 0);
	return job->raw_path && job->req.path && job->req.query ? 0 : -EINVAL;
}

static int take_body(struct http_job *job, struct evhttp_request *evreq)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(evreq);
	size_t len = evbuffer_get_length(in);
	char *body = malloc(len + 1);

	if (!body)
		return -ENOMEM;
	if (len && evbuffer_remove(in, body, len) != (ev_ssize_t)len) {
		free(body);
		return -EIO;
	}
	body[len] = '\0';
	job->req.body = body;
	job->req.body_len = len;
	return 0;
}

static void take_peer(struct http_job *job, struct evhttp_request *evreq)
{
	struct evhttp_connection *conn = evhttp_request_get_connection(evreq);
	struct bufferevent *bev = evhttp_connection_get_bufferevent(conn);
	SSL *ssl = bufferevent_openssl_get_ssl(bev);
	char *address = NULL;
	ev_uint16_t port;

	evhttp_connection_get_peer(conn, &address, &port);
	job->req.peer_address = arena_strdup(&job->arena, address ? address : "");
	job->fd = bufferevent_getfd(bev);
	if (ssl)
		job->peer = SSL_get1_peer_certificate(ssl);
}

struct http_job *http_job_new(struct evhttp_request *evreq)
{
	struct http_job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	arena_init(&job->arena, ARENA_MAX);
	buf_init(&job->res.body, HTTP_RESPONSE_MAX);
	job->req.impl = job->res.impl = job;
	job->res.status = 200;
	uuid_random(job->request_id);
	job->req.request_id = job->request_id;
	if (take_method(job, evreq) < 0 || take_target(job, evreq) < 0 ||
	    take_headers(job, evreq) < 0 || take_body(job, evreq) < 0) {
		http_job_free(job);
		return NULL;
	}
	take_peer(job, evreq);
	job->evreq = evreq;
	return job;
}

void http_job_free(struct http_job *job)
{
	if (!job)
		return;
	X509_free(job->peer);
	buf_done(&job->res.body);
	arena_done(&job->arena);
	free((void *)job->req.body);
	free(job);
}

void http_job_error(struct http_job *job, int status, const char *code, const char *message)
{
	struct buf *b = &job->res.body;

	buf_clear(b);
	job->res.status = status;
	http_response_header(&job->res, "Content-Type", "application/json");
	buf_append_str(b, "{\"error\":{\"code\":");
	buf_append_json(b, code, strlen(code));
	buf_append_str(b, ",\"message\":");
	buf_append_json(b, message, strlen(message));
	buf_printf(b, ",\"target\":\"%s\"}}", job->request_id);
}

const char *http_request_param(const struct http_request *req, const char *name)
{
	const struct http_params *params = &job_of(req)->params;

	for (size_t i = 0; i < params->count; i++)
		if (strlen(name) == params->items[i].name_len &&
		    !memcmp(name, params->items[i].name, params->items[i].name_len))
			return params->items[i].value;
	return NULL;
}

const char *http_request_query(const struct http_request *req, const char *name)
{
	return http_query_find(&job_of(req)->arena, req->query, name);
}

const char *http_request_header(const struct http_request *req, const char *name)
{
	const struct http_job *job = job_of(req);

	for (size_t i = 0; i < job->header_count; i++)
		if (!strcasecmp(job->headers[i].name, name))
			return job->headers[i].value;
	return NULL;
}

const char *http_request_cookie(const struct http_request *req, const char *name)
{
	struct http_job *job = job_of(req);

	for (size_t i = 0; i < job->header_count; i++) {
		char *value;

		if (strcasecmp(job->headers[i].name, "Cookie"))
			continue;
		value = http_cookie_find(&job->arena, job->headers[i].value, name);
		if (value)
			return value;
	}
	return NULL;
}

/* evhttp does not read, and so does not see the end, while it waits for the answer. */
bool http_request_gone(const struct http_request *req)
{
	struct http_job *job = job_of(req);
	struct pollfd fd = { .fd = job->fd, .events = POLLRDHUP };

	if (!atomic_load(&job->gone) && poll(&fd, 1, 0) == 1 &&
	    (fd.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)))
		return true;
	return atomic_load(&job->gone);
}

const char *http_request_peer_fingerprint(const struct http_request *req)
{
	struct http_job *job = job_of(req);
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len;

	if (!job->peer_fingerprint && job->peer &&
	    X509_digest(job->peer, EVP_sha256(), digest, &len)) {
		job->peer_fingerprint = arena_alloc(&job->arena, 2 * len + 1);
		if (job->peer_fingerprint)
			hex_encode(digest, len, job->peer_fingerprint);
	}
	return job->peer_fingerprint;
}

const char *http_request_peer_name(const struct http_request *req)
{
	struct http_job *job = job_of(req);
	char name[256];

	if (!job->peer_name && job->peer &&
	    X509_NAME_get_text_by_NID(X509_get_subject_name(job->peer), NID_commonName, name,
				      sizeof(name)) >= 0)
		job->peer_name = arena_strdup(&job->arena, name);
	return job->peer_name;
}

const char *http_request_peer_pem(const struct http_request *req)
{
	struct http_job *job = job_of(req);
	BIO *bio;
	char *data;
	long len;

	if (job->peer_pem || !job->peer)
		return job->peer_pem;
	bio = BIO_new(BIO_s_mem());
	if (bio && PEM_write_bio_X509(bio, job->peer)) {
		len = BIO_get_mem_data(bio, &data);
		job->peer_pem = arena_strndup(&job->arena, data, (size_t)len);
	}
	BIO_free(bio);
	return job->peer_pem;
}

int http_response_header(struct http_response *res, const char *name, const char *value)
{
	struct http_job *job = res->impl;
	struct http_header *h = NULL;

	if (strpbrk(name, "\r\n: ") || strpbrk(value, "\r\n"))
		return -EINVAL;
	/* A later value replaces the earlier; only cookies may come more than once. */
	for (size_t i = 0; i < job->res_header_count && strcasecmp(name, "Set-Cookie"); i++)
		if (!strcasecmp(job->res_headers[i].name, name))
			h = &job->res_headers[i];
	if (!h) {
		if (job->res_header_count == HTTP_RESPONSE_HEADERS_MAX)
			return -E2BIG;
		h = &job->res_headers[job->res_header_count];
		h->name = arena_strdup(&job->arena, name);
		if (!h->name)
			return -ENOMEM;
		h->value = arena_strdup(&job->arena, value);
		if (!h->value)
			return -ENOMEM;
		job->res_header_count++;
		return 0;
	}
	value = arena_strdup(&job->arena, value);
	if (!value)
		return -ENOMEM;
	h->value = (char *)value;
	return 0;
}

int http_response_json(struct http_response *res, int status, const char *json, size_t len)
{
	int r = http_response_header(res, "Content-Type", "application/json");

	if (r < 0)
		return r;
	res->status = status;
	return buf_append(&res->body, json, len);
}
