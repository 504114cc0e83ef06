/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/uplink/connectivity.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"

#define ANSWER_MAX (64u << 10)

/* Every address that a device uses, and a request there that changes nothing. */
static const struct address {
	const char *purpose, *method, *path;
	bool identity; /* shows the device's certificate, so that a refusal of it is seen */
} addresses[] = {
	{ "enrolment", "GET", "/device/v1/enroll", false },
	{ "heartbeat", "POST", "/device/v1/heartbeat", true },
	{ "events", "GET", "/device/v1/events", false },
};

_Static_assert(ARRAY_SIZE(addresses) <= CONNECTIVITY_ADDRESSES_MAX, "all have room");

struct endpoint {
	char host[256], port[6];
};

const char *connectivity_step_name(enum connectivity_step step)
{
	static const char *const names[] = { "DNS", "TCP", "proxy", "TLS", "HTTP" };

	return names[step];
}

/* scheme://host[:port][/...] */
static int split_url(const char *url, struct endpoint *ret, struct err *err)
{
	const char *host = strstr(url, "://"), *end, *port = NULL;
	size_t len;

	if (!host)
		return err_setf(err, -EINVAL, "\"%s\" is no address like https://host:port", url);
	host += 3;
	if (*host == '[') {
		host++;
		end = host + strcspn(host, "]");
		port = *end && end[1] == ':' ? end + 2 : NULL;
	} else {
		end = host + strcspn(host, ":/");
		port = *end == ':' ? end + 1 : NULL;
	}
	len = (size_t)(end - host);
	if (!len || len >= sizeof(ret->host))
		return err_setf(err, -EINVAL, "\"%s\" has no host name", url);
	memcpy(ret->host, host, len);
	ret->host[len] = '\0';
	snprintf(ret->port, sizeof(ret->port), "%.*s", (int)(port ? strspn(port, "0123456789") : 0),
		 port ? port : "");
	if (!ret->port[0])
		strcpy(ret->port, strncmp(url, "http:", 5) == 0 ? "80" : "443");
	return 0;
}

static void fail(struct connectivity_result *r, enum connectivity_step step, const char *reason,
		 const char *advice)
{
	r->good = false;
	r->failed = step;
	snprintf(r->reason, sizeof(r->reason), "%s", reason);
	snprintf(r->advice, sizeof(r->advice), "%s", advice);
}

static int connect_one(const struct addrinfo *a, int timeout_ms)
{
	_cleanup_close_ int fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	int error = 0;
	socklen_t len = sizeof(error);

	if (fd < 0)
		return -errno;
	if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return -errno;
	if (poll(&p, 1, timeout_ms) <= 0)
		return -ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return -errno;
	return -error;
}

static const char *tcp_advice(int r, bool proxied)
{
	if (r == -ECONNREFUSED)
		return proxied ? "nothing listens there: is the proxy's address right?"
			       : "nothing listens there: does vakt-cloud run, and is the port right?";
	if (r == -ETIMEDOUT)
		return "no answer at all: a firewall on the way drops it; let this port through";
	return "look at this machine's routes and firewall";
}

/* DNS and TCP to the first hop: the server, or the proxy. */
static bool reach(const struct endpoint *e, bool proxied, unsigned int timeout_ms,
		  struct connectivity_result *res)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list = NULL;
	char reason[512];
	int r = getaddrinfo(e->host, e->port, &hints, &list);

	if (r) {
		snprintf(reason, sizeof(reason), "%s: %s", e->host,
			 r == EAI_SYSTEM ? strerror(errno) : gai_strerror(r));
		fail(res, CONNECTIVITY_DNS, reason,
		     r == EAI_NONAME ? "no such name: look at its spelling, at /etc/resolv.conf and /etc/hosts"
				     : "the name server does not answer: look at /etc/resolv.conf");
		return false;
	}
	for (const struct addrinfo *a = list; a; a = a->ai_next) {
		r = connect_one(a, (int)timeout_ms);
		if (r == 0)
			break;
	}
	freeaddrinfo(list);
	if (r == 0)
		return true;
	snprintf(reason, sizeof(reason), "%s port %s: %s", e->host, e->port, strerror(-r));
	fail(res, CONNECTIVITY_TCP, reason, tcp_advice(r, proxied));
	return false;
}

static void explain_transport(struct connectivity_result *res, int r, const char *reason)
{
	if (strstr(reason, "CONNECT") || strstr(reason, "proxy"))
		fail(res, CONNECTIVITY_PROXY, reason,
		     "the proxy must let CONNECT to this host and port through, without a log-in");
	else if (r != -EKEYREJECTED)
		fail(res, CONNECTIVITY_TLS, reason, "the connection is taken and then broken: something "
			     "on the way does not let TLS through");
	else if (strstr(reason, "expired") || strstr(reason, "not yet valid"))
		fail(res, CONNECTIVITY_TLS, reason, "look at this machine's clock and at the server's "
			     "certificate");
	else if (strstr(reason, "subject name") || strstr(reason, "does not match"))
		fail(res, CONNECTIVITY_TLS, reason, "the server's certificate is for another name; "
			     "vakt-cloud takes its own from --public-host");
	else
		fail(res, CONNECTIVITY_TLS, reason, "the server is not the control plane that this device "
			     "knows, or something on the way opens TLS; exclude this address there");
}

static void judge_status(struct connectivity_result *res, const struct address *a,
			 const struct http_client_response *answer)
{
	char reason[512];
	int status = answer->status;

	/* What the handlers answer to a wrong method and to a heartbeat without content. */
	if ((!strcmp(a->method, "GET") && status == 405) ||
	    (!strcmp(a->method, "POST") && (status == 200 || status == 400))) {
		res->good = true;
		return;
	}
	snprintf(reason, sizeof(reason), "status %d: %.400s", status,
		 answer->body.data ? answer->body.data : "");
	if (status == 401 || status == 403)
		fail(res, CONNECTIVITY_HTTP, reason, "the control plane does not take this device any "
			     "more; `vakt onboard --token FILE` with a new token brings it back");
	else if (status >= 500)
		fail(res, CONNECTIVITY_HTTP, reason, "the control plane has a fault of its own; look at "
			     "vakt-cloud's log");
	else
		fail(res, CONNECTIVITY_HTTP, reason, "this does not answer as vakt-cloud does; is the "
			     "address right?");
}

/* The whole request, as the sender makes it. */
static void talk(const struct connectivity_options *o, const struct address *a,
		 struct connectivity_result *res)
{
	struct identity_client_options with = { .proxy = o->proxy, .timeout_ms = o->timeout_ms };
	struct http_client_options without = { .base_url = o->server, .proxy = o->proxy,
					       .pinned_ca_sha256 = o->ca_sha256,
					       .timeout_ms = o->timeout_ms,
					       .ignore_time = true };
	_cleanup_(http_client_freep) struct http_client *client = NULL;
	struct http_client_response answer = { .body = BUF_INIT(ANSWER_MAX) };
	struct http_client_request req = { .method = a->method, .path = a->path };
	struct err err = { "" };
	int r;

	if (!strcmp(a->method, "POST")) {
		req.content_type = "application/json";
		req.body = "{}";
		req.body_len = 2;
	}
	r = o->id ? identity_client(o->id, &with, &client, &err)
		  : http_client_new(&without, &client, &err);
	if (r == 0)
		r = http_client_send(client, &req, &answer, &err);
	if (r < 0)
		explain_transport(res, r, err_msg(&err, r));
	else
		judge_status(res, a, &answer);
	buf_done(&answer.body);
}

int connectivity_test(const struct connectivity_options *o,
		      struct connectivity_result ret_results[CONNECTIVITY_ADDRESSES_MAX],
		      struct err *err)
{
	struct connectivity_options options = *o;
	bool proxied = o->proxy && *o->proxy;
	struct endpoint first;
	int n = 0, r;

	if (o->id)
		options.server = o->id->server;
	r = split_url(proxied ? o->proxy : options.server, &first, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		struct connectivity_result *res = &ret_results[n];
		int64_t start = clock_monotonic_ns();

		/* Nobody is refused before having an identity. */
		if (addresses[i].identity && !o->id)
			continue;
		*res = (struct connectivity_result){ .purpose = addresses[i].purpose };
		snprintf(res->url, sizeof(res->url), "%s%s", options.server, addresses[i].path);
		if (reach(&first, proxied, o->timeout_ms, res))
			talk(&options, &addresses[i], res);
		res->milliseconds = (int)((clock_monotonic_ns() - start) / NSEC_PER_MSEC);
		n++;
	}
	return n;
}
