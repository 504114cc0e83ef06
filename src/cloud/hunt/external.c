/* SPDX-License-Identifier: Apache-2.0 */
/*
 * external.c - what externaldata of a query reads from other servers
 *
 * The compiler has held the address against the administrator's list; redirects are not followed,
 * so that what is read is what was allowed. The run keeps its place meanwhile: what it may wait for
 * all of its addresses is bounded, and ends when nobody wants the answer any more.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cloud/hunt/hunt_internal.h"
#include "net/http_client.h"

#define WAIT_MS 15000

/* The address as the client wants it: where the server is, and what is asked of it. */
struct place {
	char base[512], path[2048];
};

static int take_apart(const char *address, struct place *ret_place, struct err *err)
{
	const char *host = strstr(address, "://");
	size_t base_len = host ? (size_t)(host - address) + 3 + strcspn(host + 3, "/?") : 0;
	const char *rest = address + base_len;

	if (!host || base_len >= sizeof(ret_place->base) ||
	    strlen(rest) + 1 >= sizeof(ret_place->path))
		return err_setf(err, -EINVAL, "the address is too long");
	snprintf(ret_place->base, sizeof(ret_place->base), "%.*s", (int)base_len, address);
	snprintf(ret_place->path, sizeof(ret_place->path), "%s%s", *rest == '/' ? "" : "/", rest);
	return 0;
}

/* 0 where the answer is the file that was asked for, as text. */
static int check(const struct http_client_response *response, struct err *err)
{
	static const char gzip[] = "\x1f\x8b", zip[] = "PK\x03\x04";
	const struct buf *body = &response->body;

	if (response->status / 100 == 3)
		return err_setf(
		    err, -EREMCHG,
		    "the server sends on to another address (%d), which is not followed",
		    response->status);
	if (response->status != 200)
		return err_setf(err, -ENOENT, "the server answers %d", response->status);
	if ((body->len > 2 && !memcmp(body->data, gzip, 2)) ||
	    (body->len > 4 && !memcmp(body->data, zip, 4)))
		return err_setf(err, -EBADMSG, "the file is packed; it must stand there as text");
	return 0;
}

static int get(struct hunt_run *r, const struct place *place, struct http_client_response *response,
	       struct err *err)
{
	const struct http_client_options options = {
		.base_url = place->base,
		.more_ca_file = r->hunt->external_ca_file,
		.timeout_ms = WAIT_MS - MIN(r->external_ms, WAIT_MS - 1u),
		.compressed = true,
		.stop = hunt_run_stops,
		.stop_arg = r,
	};
	const struct http_client_request request = { .method = "GET", .path = place->path };
	_cleanup_(http_client_freep) struct http_client *client = NULL;
	int64_t before = clock_monotonic_ns();
	int result = http_client_new(&options, &client, err);

	if (result == 0)
		result = http_client_send(client, &request, response, err);
	r->external_ms += (unsigned int)((clock_monotonic_ns() - before) / NSEC_PER_MSEC);
	return result;
}

int hunt_fetch(void *run, const char *address, struct buf *body, struct err *err)
{
	struct http_client_response response = { .body = BUF_INIT(KQL_EXTERNAL_MAX) };
	struct hunt_run *r = run;
	struct place place;
	int result = take_apart(address, &place, err);

	if (result == 0)
		result = get(r, &place, &response, err);
	if (result == -ETIMEDOUT)
		err_setf(err, result, "no answer within %d seconds, for all addresses together",
			 WAIT_MS / 1000);
	if (result == -ECANCELED)
		r->probe_result = result;
	if (result == 0)
		result = check(&response, err);
	if (result == 0)
		result = buf_append(body, response.body.data, response.body.len);
	buf_done(&response.body);
	return result;
}
