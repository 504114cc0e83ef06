/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vaktctl_session.c - where the control plane is and who we are there
 *
 * Options come before the environment, that before ~/.config/vakt/ctl.json. The secret is never an
 * option: other users could read it in the list of processes.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "net/http_client.h"
#include "vaktctl.h"

#define SETTINGS_MAX (64u << 10)
#define ANSWER_MAX (160u << 20)
#define SECRET_MAX 256
/* Longer than a hunting query may take. */
#define TIMEOUT_MS 240000

enum setting { SERVER, TENANT, CLIENT_ID, CLIENT_SECRET, CA, CA_SHA256, SETTING_COUNT };

static const struct {
	const char *key, *environment, *what;
	bool optional;
} settings[SETTING_COUNT] = {
	[SERVER] = { "server", "VAKT_SERVER", "the control plane's address, https://HOST:8443",
		     false },
	[TENANT] = { "tenant", "VAKT_TENANT", "the tenant's id", false },
	[CLIENT_ID] = { "clientId", "VAKT_CLIENT_ID", "the API client's id", false },
	[CLIENT_SECRET] = { "clientSecret", "VAKT_CLIENT_SECRET", "the API client's secret",
			    false },
	[CA] = { "ca", "VAKT_CA", "file of the CA's certificate", true },
	[CA_SHA256] = { "caSha256", "VAKT_CA_SHA256", "fingerprint of the CA's certificate", true },
};

struct ctl_session {
	json_t *file; /* owns what values borrow from it */
	const char *values[SETTING_COUNT];
	struct http_client *http;
	char *authorization; /* "Authorization: Bearer ..." */
};

static int settings_path(char *path, size_t size, struct err *err)
{
	const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int n = base && *base ? snprintf(path, size, "%s/vakt/ctl.json", base)
			      : snprintf(path, size, "%s/.config/vakt/ctl.json", home ? home : "");

	return n > 0 && (size_t)n < size ? 0 : err_setf(err, -ENAMETOOLONG, "HOME is too long");
}

/* A secret that others can read is none. */
static int read_settings(struct ctl_session *s, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	json_error_t error;
	char path[4096];
	size_t len;
	int r = settings_path(path, sizeof(path), err);

	if (r < 0)
		return r;
	r = file_read(path, SETTINGS_MAX, &text, &len, err);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	s->file = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(s->file))
		return err_setf(err, -EINVAL, "%s:%d:%d: %s", path, error.line, error.column,
				s->file ? "an object is expected" : error.text);
	return 0;
}

static void choose(struct ctl_session *s, const struct ctl_arguments *a)
{
	const char *const given[SETTING_COUNT] = { a->server, a->tenant, a->client_id,
						   NULL,      a->ca,	 a->ca_sha256 };

	for (size_t i = 0; i < SETTING_COUNT; i++) {
		s->values[i] = given[i] ?: getenv(settings[i].environment);
		if (!s->values[i] || !*s->values[i])
			s->values[i] = json_string_value(json_object_get(s->file, settings[i].key));
	}
}

static int check(const struct ctl_session *s, struct err *err)
{
	for (size_t i = 0; i < SETTING_COUNT; i++)
		if (!s->values[i] && !settings[i].optional)
			return err_setf(err, -EINVAL,
					"%s is not known: use `vaktctl login` or set %s",
					settings[i].what, settings[i].environment);
	return 0;
}

static int connect_server(struct ctl_session *s, struct err *err)
{
	const struct http_client_options options = {
		.base_url = s->values[SERVER],
		.ca_file = s->values[CA],
		.pinned_ca_sha256 = s->values[CA] ? NULL : s->values[CA_SHA256],
		.timeout_ms = TIMEOUT_MS,
	};

	return http_client_new(&options, &s->http, err);
}

int ctl_escape(struct buf *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    strchr("-_.~", c))
			buf_append_byte(out, c);
		else
			buf_printf(out, "%%%02X", c);
	}
	return buf_error(out);
}

static int send_request(struct ctl_session *s, const struct http_client_request *request,
			int *ret_status, json_t **ret_json, struct err *err)
{
	struct http_client_response response = { .body = BUF_INIT(ANSWER_MAX) };
	int r = http_client_send(s->http, request, &response, err);

	if (r == 0) {
		*ret_status = response.status;
		*ret_json = response.body.len ? json_loadb(response.body.data, response.body.len,
							   JSON_ALLOW_NUL, NULL)
					      : json_null();
		if (!*ret_json)
			r = err_setf(err, -EPROTO,
				     "%s answered status %d with something that is no JSON",
				     s->values[SERVER], response.status);
	}
	buf_done(&response.body);
	return r;
}

static int take_token(struct ctl_session *s, struct err *err)
{
	_cleanup_buf_ struct buf form = BUF_INIT(8192), path = BUF_INIT(8192);
	_cleanup_(json_decrefp) json_t *json = NULL;
	const char *token;
	int status, r;

	buf_append_str(&path, "/");
	ctl_escape(&path, s->values[TENANT]);
	buf_append_str(&path, "/oauth2/v2.0/token");
	buf_append_str(&form, "grant_type=client_credentials&client_id=");
	ctl_escape(&form, s->values[CLIENT_ID]);
	buf_append_str(&form, "&client_secret=");
	ctl_escape(&form, s->values[CLIENT_SECRET]);
	r = buf_error(&form) ?: buf_error(&path);
	if (r == 0)
		r = send_request(s,
				 &(struct http_client_request){
				     .method = "POST",
				     .path = path.data,
				     .content_type = "application/x-www-form-urlencoded",
				     .body = form.data,
				     .body_len = form.len },
				 &status, &json, err);
	if (r < 0)
		return r;
	token = json_string_value(json_object_get(json, "access_token"));
	if (!token) {
		const char *why = json_string_value(json_object_get(json, "error_description"));

		return why ? err_setf(err, -EACCES, "%s", why)
			   : ctl_session_refusal(status, json, err);
	}
	return asprintf(&s->authorization, "Authorization: Bearer %s", token) < 0 ? -ENOMEM : 0;
}

int ctl_session_open(const struct ctl_arguments *a, struct ctl_session **ret_session,
		     struct err *err)
{
	_cleanup_(ctl_session_closep) struct ctl_session *s = calloc(1, sizeof(*s));
	int r = s ? read_settings(s, err) : -ENOMEM;

	if (r < 0)
		return r;
	choose(s, a);
	r = check(s, err);
	if (r == 0)
		r = connect_server(s, err);
	if (r == 0)
		r = take_token(s, err);
	if (r < 0)
		return r;
	*ret_session = TAKE_PTR(s);
	return 0;
}

void ctl_session_close(struct ctl_session *s)
{
	if (!s)
		return;
	http_client_free(s->http);
	json_decref(s->file);
	free(s->authorization);
	free(s);
}

int ctl_session_ask(struct ctl_session *s, const char *method, const char *path, const json_t *body,
		    int *ret_status, json_t **ret_json, struct err *err)
{
	const char *const headers[] = { s->authorization, NULL };
	_cleanup_free_ char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	const struct http_client_request request = {
		.method = method,
		.path = path,
		.content_type = text ? "application/json" : NULL,
		.headers = headers,
		.body = text,
		.body_len = text ? strlen(text) : 0,
	};

	return send_request(s, &request, ret_status, ret_json, err);
}

int ctl_session_refusal(int status, const json_t *json, struct err *err)
{
	const json_t *error = json_object_get(json, "error");
	const char *message = json_string_value(json_object_get(error, "message"));

	return err_setf(err,
			status == 401 || status == 403	 ? -EACCES
			: status == 429 || status == 503 ? -EAGAIN
							 : -EBADMSG,
			"%s (status %d)", message ? message : "no reason given", status);
}

int ctl_session_do(struct ctl_session *s, const char *method, const char *path, const json_t *body,
		   json_t **ret_json, struct err *err)
{
	_cleanup_(json_decrefp) json_t *json = NULL;
	int status, r = ctl_session_ask(s, method, path, body, &status, &json, err);

	if (r < 0)
		return r;
	if (status >= 300)
		return ctl_session_refusal(status, json, err);
	*ret_json = TAKE_PTR(json);
	return 0;
}

/* From the terminal without echo, else a line of standard input. */
static int ask_secret(char secret[SECRET_MAX], struct err *err)
{
	size_t len;

	if (isatty(STDIN_FILENO)) {
		const char *typed = getpass("The API client's secret: ");

		snprintf(secret, SECRET_MAX, "%s", typed ? typed : "");
	} else if (!fgets(secret, SECRET_MAX, stdin)) {
		*secret = '\0';
	}
	len = strcspn(secret, "\r\n");
	secret[len] = '\0';
	return len ? 0 : err_setf(err, -EINVAL, "no secret was given on standard input");
}

static int keep(const struct ctl_session *s, struct err *err)
{
	_cleanup_(json_decrefp) json_t *json = json_object();
	_cleanup_free_ char *text = NULL, *ca = NULL;
	char path[4096], dir[4096];
	int r = settings_path(path, sizeof(path), err);

	if (r < 0)
		return r;
	snprintf(dir, sizeof(dir), "%.*s", (int)(strrchr(path, '/') - path), path);
	r = dir_make(dir, 0700, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < SETTING_COUNT; i++)
		if (s->values[i])
			json_object_set_new(json, settings[i].key, json_string(s->values[i]));
	/* Settings hold wherever one stands. */
	ca = s->values[CA] ? realpath(s->values[CA], NULL) : NULL;
	if (ca)
		json_object_set_new(json, settings[CA].key, json_string(ca));
	text = json_dumps(json, JSON_INDENT(2));
	return text ? file_write_atomic(path, text, strlen(text), 0600, err) : -ENOMEM;
}

int ctl_login(const struct ctl_arguments *a, struct err *err)
{
	_cleanup_(ctl_session_closep) struct ctl_session *s = calloc(1, sizeof(*s));
	char secret[SECRET_MAX] = "";
	int r = s ? read_settings(s, err) : -ENOMEM;

	if (r < 0)
		return r;
	choose(s, a);
	if (!getenv(settings[CLIENT_SECRET].environment)) {
		r = ask_secret(secret, err);
		if (r < 0)
			return r;
		s->values[CLIENT_SECRET] = secret;
	}
	r = check(s, err);
	if (r == 0)
		r = connect_server(s, err);
	if (r == 0)
		r = take_token(s, err);
	if (r == 0)
		r = keep(s, err);
	if (r < 0)
		return r;
	printf("Logged in at %s.\n", s->values[SERVER]);
	return CTL_DONE;
}
