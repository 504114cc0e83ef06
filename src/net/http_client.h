/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_client.h - HTTPS requests over libcurl, one struct per thread, connections reused
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct http_client;

struct http_client_options {
	const char *base_url;       /* "https://host:8444" */
	const char *ca_file;        /* PEM; NULL: the system's */
	const char *more_ca_file;   /* PEM, trusted beside those; nullable */
	const char *pinned_ca_sha256; /* hex of the CA certificate's DER, for enrolment; nullable */
	const char *certificate_file, *key_file; /* client certificate; nullable */
	/*
	 * Do not ask our own clock whether the server's certificate has begun or expired: for a CA of
	 * our own, on machines whose clock may be wrong by years.
	 */
	bool ignore_time;
	const char *unix_socket;    /* nullable */
	const char *proxy;          /* "http://host:port"; nullable; environment is not read */
	unsigned int timeout_ms;
	bool compressed; /* take answers packed by gzip; their body is unpacked */
	/* Asked about every second while an answer is waited for; true: nobody wants it. Nullable.
	 */
	bool (*stop)(void *arg);
	void *stop_arg;
};

int http_client_new(const struct http_client_options *options, struct http_client **ret_client,
		    struct err *err);
void http_client_free(struct http_client *c);
DEFINE_CLEANUP(struct http_client *, http_client_free)

struct http_client_request {
	const char *method; /* "GET", ... */
	const char *path;   /* with query */
	const char *content_type;
	const char *const *headers; /* "Name: value", NULL-terminated; nullable */
	const void *body;
	size_t body_len;
};

struct http_client_response {
	int status;
	unsigned int retry_after_s; /* 0 where the header is missing */
	int64_t date_ns;            /* the server's Date header, 0 where missing */
	struct buf body;            /* set .max before; the caller ends it with buf_done() */
};

/*
 * 0 when an answer arrived, whatever its status. Else -EHOSTUNREACH, -ECONNREFUSED, -ETIMEDOUT,
 * -EKEYREJECTED (TLS: not trusted, expired, wrong name), -EMSGSIZE (more than the body holds),
 * -ECANCELED (stop said so), -EIO; err says which in words.
 */
int http_client_send(struct http_client *c, const struct http_client_request *req,
		     struct http_client_response *ret_res, struct err *err);
