/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_client.c - libcurl with everything that the environment could change switched off
 */
#include "net/http_client.h"

#include <curl/curl.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/hex.h"

#define URL_MAX 8192

struct http_client {
	CURL *curl;
	char *base_url;
	unsigned char pin[32];
	bool pinned, ignore_time;
	char *more_ca_file;
	bool (*stop)(void *arg);
	void *stop_arg;
	char reason[CURL_ERROR_SIZE];
};

/*
 * Enrolment: nothing is known of the server but the fingerprint of its CA, which the token file
 * brought. Of what the server sent exactly that certificate is trusted, then the chain is checked
 * as always. The host name is checked by libcurl afterwards.
 */
static int verify_pinned(X509_STORE_CTX *ctx, void *arg)
{
	const struct http_client *c = arg;
	STACK_OF(X509) *sent = X509_STORE_CTX_get0_untrusted(ctx);
	STACK_OF(X509) *trusted = sk_X509_new_null();
	int ok;

	for (int i = 0; trusted && i < sk_X509_num(sent); i++) {
		X509 *cert = sk_X509_value(sent, i);
		unsigned char digest[EVP_MAX_MD_SIZE];
		unsigned int len;

		if (X509_check_ca(cert) == 1 && X509_digest(cert, EVP_sha256(), digest, &len) &&
		    len == sizeof(c->pin) && !memcmp(digest, c->pin, len))
			sk_X509_push(trusted, cert);
	}
	if (!trusted || !sk_X509_num(trusted)) {
		sk_X509_free(trusted);
		X509_STORE_CTX_set_error(ctx, X509_V_ERR_CERT_UNTRUSTED);
		return 0;
	}
	X509_STORE_CTX_set0_trusted_stack(ctx, trusted);
	ok = X509_verify_cert(ctx);
	sk_X509_free(trusted);
	return ok;
}

static CURLcode set_up_tls(CURL *curl _unused_, void *ssl_ctx, void *arg)
{
	const struct http_client *c = arg;

	if (c->pinned)
		SSL_CTX_set_cert_verify_callback(ssl_ctx, verify_pinned, arg);
	if (c->ignore_time)
		X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ssl_ctx), X509_V_FLAG_NO_CHECK_TIME);
	if (c->more_ca_file && !SSL_CTX_load_verify_locations(ssl_ctx, c->more_ca_file, NULL))
		return CURLE_SSL_CACERT_BADFILE;
	return CURLE_OK;
}

static int on_progress(void *arg, curl_off_t down_total _unused_, curl_off_t down _unused_,
		       curl_off_t up_total _unused_, curl_off_t up _unused_)
{
	const struct http_client *c = arg;

	return c->stop(c->stop_arg);
}

static void global_init(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static void set_options(struct http_client *c, const struct http_client_options *o)
{
	CURL *h = c->curl;

	curl_easy_setopt(h, CURLOPT_ERRORBUFFER, c->reason);
	curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(h, CURLOPT_PROXY, o->proxy ? o->proxy : "");
	curl_easy_setopt(h, CURLOPT_NOPROXY, "");
	curl_easy_setopt(h, CURLOPT_TCP_NODELAY, 1L);
	curl_easy_setopt(h, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, (long)(o->timeout_ms ? o->timeout_ms : 30000));
	curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS,
			 (long)MIN(o->timeout_ms ? o->timeout_ms : 30000, 10000u));
	if (o->unix_socket)
		curl_easy_setopt(h, CURLOPT_UNIX_SOCKET_PATH, o->unix_socket);
	if (o->certificate_file) {
		curl_easy_setopt(h, CURLOPT_SSLCERT, o->certificate_file);
		curl_easy_setopt(h, CURLOPT_SSLKEY, o->key_file);
	}
	if (o->ca_file || c->pinned) {
		curl_easy_setopt(h, CURLOPT_CAPATH, NULL);
		curl_easy_setopt(h, CURLOPT_CAINFO, c->pinned ? NULL : o->ca_file);
	}
	if (o->compressed)
		curl_easy_setopt(h, CURLOPT_ACCEPT_ENCODING, "gzip");
	if (c->stop) {
		curl_easy_setopt(h, CURLOPT_NOPROGRESS, 0L);
		curl_easy_setopt(h, CURLOPT_XFERINFOFUNCTION, on_progress);
		curl_easy_setopt(h, CURLOPT_XFERINFODATA, c);
	}
	if (c->pinned || c->ignore_time || c->more_ca_file) {
		curl_easy_setopt(h, CURLOPT_SSL_CTX_FUNCTION, set_up_tls);
		curl_easy_setopt(h, CURLOPT_SSL_CTX_DATA, c);
	}
}

int http_client_new(const struct http_client_options *options, struct http_client **ret_client,
		    struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	_cleanup_(http_client_freep) struct http_client *c = calloc(1, sizeof(*c));

	pthread_once(&once, global_init);
	if (!c)
		return err_setf(err, -ENOMEM, "out of memory");
	c->curl = curl_easy_init();
	c->base_url = strdup(options->base_url);
	if (!c->curl || !c->base_url)
		return err_setf(err, -ENOMEM, "out of memory");
	c->ignore_time = options->ignore_time;
	c->stop = options->stop;
	c->stop_arg = options->stop_arg;
	if (options->more_ca_file && !(c->more_ca_file = strdup(options->more_ca_file)))
		return err_setf(err, -ENOMEM, "out of memory");
	if (options->pinned_ca_sha256) {
		if (hex_decode(options->pinned_ca_sha256, c->pin, sizeof(c->pin)) < 0)
			return err_setf(err, -EINVAL, "the CA's fingerprint is not 64 hex digits");
		c->pinned = true;
	}
	set_options(c, options);
	*ret_client = TAKE_PTR(c);
	return 0;
}

void http_client_free(struct http_client *c)
{
	if (!c)
		return;
	curl_easy_cleanup(c->curl);
	free(c->base_url);
	free(c->more_ca_file);
	free(c);
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	return buf_append(arg, data, size * n) < 0 ? 0 : size * n;
}

static size_t on_header(char *line, size_t size, size_t n, void *arg)
{
	struct http_client_response *res = arg;
	char value[64];
	size_t len = size * n;

	if (len > 5 && len < sizeof(value) && !strncasecmp(line, "Date:", 5)) {
		memcpy(value, line + 5, len - 5);
		value[len - 5] = '\0';
		res->date_ns = (int64_t)curl_getdate(value, NULL) * NSEC_PER_SEC;
		if (res->date_ns < 0)
			res->date_ns = 0;
	}
	return len;
}

/* libcurl reports a refusal that arrives after the TLS 1.3 handshake as a failed read. */
static bool is_tls_alert(const char *reason)
{
	return strstr(reason, "alert") && (strstr(reason, "certificate") || strstr(reason, " ca") ||
					   strstr(reason, "access denied"));
}

static int to_errno(CURLcode code, long os, const char *reason)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return -EHOSTUNREACH;
	case CURLE_COULDNT_CONNECT:
		return os == ENETUNREACH || os == EHOSTUNREACH ? -EHOSTUNREACH
		       : os == ETIMEDOUT			 ? -ETIMEDOUT
								 : -ECONNREFUSED;
	case CURLE_OPERATION_TIMEDOUT:
		return -ETIMEDOUT;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
		return -EKEYREJECTED;
	case CURLE_OUT_OF_MEMORY:
		return -ENOMEM;
	case CURLE_ABORTED_BY_CALLBACK:
		return -ECANCELED;
	default:
		return is_tls_alert(reason) ? -EKEYREJECTED : -EIO;
	}
}

static int add_header(struct curl_slist **list, const char *line)
{
	struct curl_slist *grown = curl_slist_append(*list, line);

	if (!grown)
		return -ENOMEM;
	*list = grown;
	return 0;
}

static int make_headers(const struct http_client_request *req, struct curl_slist **ret_list)
{
	char line[256];
	int r = 0;

	if (req->content_type) {
		snprintf(line, sizeof(line), "Content-Type: %s", req->content_type);
		r = add_header(ret_list, line);
	}
	for (size_t i = 0; r == 0 && req->headers && req->headers[i]; i++)
		r = add_header(ret_list, req->headers[i]);
	return r;
}

static void set_request(CURL *h, const struct http_client_request *req)
{
	curl_easy_setopt(h, CURLOPT_HTTPGET, 1L);
	if (req->body || !strcmp(req->method, "POST") || !strcmp(req->method, "PUT") ||
	    !strcmp(req->method, "PATCH")) {
		curl_easy_setopt(h, CURLOPT_POSTFIELDS, req->body ? req->body : "");
		curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body_len);
	}
	curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, req->method);
	curl_easy_setopt(h, CURLOPT_NOBODY, strcmp(req->method, "HEAD") ? 0L : 1L);
	if (strcmp(req->method, "HEAD"))
		curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, req->method);
}

int http_client_send(struct http_client *c, const struct http_client_request *req,
		     struct http_client_response *ret_res, struct err *err)
{
	struct curl_slist *headers = NULL;
	char url[URL_MAX];
	curl_off_t retry = 0;
	long status = 0, os = 0;
	CURLcode code;
	int r;

	if (snprintf(url, sizeof(url), "%s%s", c->base_url, req->path) >= (int)sizeof(url))
		return err_setf(err, -ENAMETOOLONG, "the address is too long");
	r = make_headers(req, &headers);
	if (r < 0) {
		curl_slist_free_all(headers);
		return err_setf(err, r, "out of memory");
	}
	ret_res->status = 0;
	ret_res->retry_after_s = 0;
	ret_res->date_ns = 0;
	buf_clear(&ret_res->body);
	c->reason[0] = '\0';
	set_request(c->curl, req);
	curl_easy_setopt(c->curl, CURLOPT_URL, url);
	curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, &ret_res->body);
	curl_easy_setopt(c->curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c->curl, CURLOPT_HEADERDATA, ret_res);
	code = curl_easy_perform(c->curl);
	curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	if (code == CURLE_WRITE_ERROR && buf_error(&ret_res->body)) {
		r = buf_error(&ret_res->body);
		return err_setf(err, r, "%s: the answer has more than %zu bytes", c->base_url,
				ret_res->body.max);
	}
	if (code != CURLE_OK) {
		curl_easy_getinfo(c->curl, CURLINFO_OS_ERRNO, &os);
		r = to_errno(code, os, c->reason);
		return err_setf(err, r, "%s: %s", c->base_url,
				c->reason[0] ? c->reason : curl_easy_strerror(code));
	}
	curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(c->curl, CURLINFO_RETRY_AFTER, &retry);
	ret_res->status = (int)status;
	ret_res->retry_after_s = retry > 0 && retry < 86400 ? (unsigned int)retry : 0;
	return 0;
}
