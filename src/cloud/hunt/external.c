/* SPDX-License-Identifier: Apache-2.0 */
/*
 * external.c - what externaldata of a query reads from other servers
 *
 * The compiler has held the address against the administrator's list; redirects are not followed,
 * so that what is read is what was allowed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cloud/hunt/hunt_internal.h"
#include "net/http_client.h"

#define TIMEOUT_MS 15000

int hunt_fetch(void *context, const char *address, struct buf *body)
{
	const char *host = strstr(address, "://");
	size_t base_len = host ? (size_t)(host - address) + 3 + strcspn(host + 3, "/?") : 0;
	struct http_client_response response = { .body = BUF_INIT(KQL_EXTERNAL_MAX) };
	_cleanup_(http_client_freep) struct http_client *client = NULL;
	const char *rest = address + base_len;
	char base[512], path[2048];
	int r;

	(void)context;
	if (!host || base_len >= sizeof(base) ||
	    (size_t)snprintf(path, sizeof(path), "%s%s", *rest == '/' ? "" : "/", rest) >=
		sizeof(path))
		return -EINVAL;
	snprintf(base, sizeof(base), "%.*s", (int)base_len, address);
	r = http_client_new(
	    &(struct http_client_options){ .base_url = base, .timeout_ms = TIMEOUT_MS }, &client,
	    NULL);
	if (r == 0)
		r = http_client_send(client,
				     &(struct http_client_request){ .method = "GET", .path = path },
				     &response, NULL);
	if (r == 0 && response.status != 200)
		r = -ENOENT;
	if (r == 0)
		buf_append(body, response.body.data, response.body.len);
	buf_done(&response.body);
	return r;
}
