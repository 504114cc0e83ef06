/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token.c - OAuth 2.0 client credentials, at the two addresses that the reference's clients use
 *
 * Source: RFC 6749 sections 4.4 and 5; errors are that document's, not the API's.
 */
#include "cloud/api/token.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cloud/api/handlers.h"
#include "net/http_parse.h"

#define FORM_MAX 8192

void token_form_read(struct arena *arena, const char *body, struct token_form *ret_form)
{
	*ret_form = (struct token_form){
		.grant_type = http_query_find(arena, body, "grant_type"),
		.client_id = http_query_find(arena, body, "client_id"),
		.client_secret = http_query_find(arena, body, "client_secret"),
		.scope = http_query_find(arena, body, "scope"),
		.resource = http_query_find(arena, body, "resource"),
	};
}

static int refuse(struct http_response *res, int status, const char *error, const char *description)
{
	if (status == 401)
		http_response_header(res, "WWW-Authenticate", "Basic realm=\"vakt\"");
	return api_send(res, status,
			json_pack("{s:s,s:s}", "error", error, "error_description", description));
}

/* "https://x/.default" and "https://x" ask for the same. */
static void set_audience(const struct token_form *form, char audience[512])
{
	static const char suffix[] = "/.default";
	const char *wanted = form->resource ?: form->scope ?: "";
	size_t len = MIN(strcspn(wanted, " "), (size_t)511);

	memcpy(audience, wanted, len);
	audience[len] = '\0';
	if (len >= sizeof(suffix) && strcmp(audience + len - strlen(suffix), suffix) == 0)
		audience[len - strlen(suffix)] = '\0';
}

static int send_token(const struct http_request *req, struct http_response *res, const char *token,
		      const char *audience)
{
	json_int_t now = clock_realtime_ns() / NSEC_PER_SEC;
	json_t *json = json_object();
	char text[24];

	json_object_set_new(json, "token_type", json_string("Bearer"));
	json_object_set_new(json, "access_token", json_string(token));
	if (strstr(req->route->pattern, "v2.0")) {
		json_object_set_new(json, "expires_in", json_integer(ACCESS_BEARER_LIFETIME_S));
		json_object_set_new(json, "ext_expires_in", json_integer(ACCESS_BEARER_LIFETIME_S));
		return api_send(res, 200, json);
	}
	/* The older address writes numbers as texts. */
	snprintf(text, sizeof(text), "%d", ACCESS_BEARER_LIFETIME_S);
	json_object_set_new(json, "expires_in", json_string(text));
	json_object_set_new(json, "ext_expires_in", json_string(text));
	snprintf(text, sizeof(text), "%lld", (long long)(now + ACCESS_BEARER_LIFETIME_S));
	json_object_set_new(json, "expires_on", json_string(text));
	snprintf(text, sizeof(text), "%lld", (long long)now);
	json_object_set_new(json, "not_before", json_string(text));
	json_object_set_new(json, "resource", json_string(audience));
	return api_send(res, 200, json);
}

static int audit(struct api *a, const struct http_request *req, const char *client_id,
		 const char *outcome)
{
	struct access_event event = { req->route->operation, client_id, req->peer_address, outcome,
				      NULL };

	return access_audit(state_get(a->state), NULL, &event, NULL);
}

static int issue(struct api *a, const struct http_request *req, struct http_response *res,
		 const struct token_form *form)
{
	char by_client[160], by_address[96], issuer[300], audience[512];
	struct access_token_request request = {
		.tenant = http_request_param(req, "tenant"),
		.client_id = form->client_id,
		.client_secret = form->client_secret,
		.audience = audience,
		.issuer = issuer,
	};
	_cleanup_buf_ struct buf token = BUF_INIT(ACCESS_BEARER_MAX);
	int64_t now = clock_monotonic_ns();
	unsigned int wait_s;
	int r;

	set_audience(form, audience);
	snprintf(issuer, sizeof(issuer), "https://%s", a->public_host);
	snprintf(by_client, sizeof(by_client), "client:%.128s", form->client_id);
	snprintf(by_address, sizeof(by_address), "address:%s", req->peer_address);
	wait_s = MAX(access_throttle_wait(a->throttle, by_client, now),
		     access_throttle_wait(a->throttle, by_address, now));
	if (wait_s)
		return api_too_many(req, res, wait_s);
	r = access_token_issue(a->signer, state_get(a->state), &request, &token, NULL);
	if (r == -EACCES) {
		access_throttle_failed(a->throttle, by_client, now);
		access_throttle_failed(a->throttle, by_address, now);
		r = audit(a, req, form->client_id, "Failed");
		return r < 0 ? r
			     : refuse(res, 401, "invalid_client",
				      "The client or its secret is not known here.");
	}
	if (r == -ENOENT)
		return refuse(res, 400, "invalid_request", "There is no such tenant.");
	if (r == 0)
		r = audit(a, req, form->client_id, "Success");
	return r < 0 ? r : send_token(req, res, token.data, audience);
}

int api_token(struct http_request *req, struct http_response *res, void *arg)
{
	_cleanup_(arena_done) struct arena arena;
	struct token_form form;

	arena_init(&arena, 64u << 10);
	if (req->body_len > FORM_MAX || strlen(req->body) != req->body_len)
		return refuse(res, 400, "invalid_request", "The form is too large or not a text.");
	token_form_read(&arena, req->body, &form);
	if (!form.grant_type || !form.client_id || !form.client_secret)
		return refuse(res, 400, "invalid_request",
			      "grant_type, client_id and client_secret are needed, as a form.");
	if (strcmp(form.grant_type, "client_credentials") != 0)
		return refuse(res, 400, "unsupported_grant_type",
			      "client_credentials is supported.");
	return issue(arg, req, res, &form);
}
