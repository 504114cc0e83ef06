/* SPDX-License-Identifier: Apache-2.0 */
/*
 * telemetry.c - requests to ClickHouse's HTTP interface over libcurl
 *
 * Owns a pool of curl handles, each with its kept-alive connection; a call waits for a free one.
 */
#include "store/telemetry.h"

#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS_DEFAULT 30000
#define CONNECTIONS_MAX 64
#define UNIX_PREFIX "unix:"

struct telemetry {
	char socket[128]; /* empty: none */
	char url[256];
	char database[64];
	pthread_mutex_t lock;
	pthread_cond_t freed;
	CURL *idle[CONNECTIONS_MAX];
	unsigned int idle_count;
};

int telemetry_open(const struct telemetry_options *options, struct telemetry **ret_store,
		   struct err *err)
{
	_cleanup_(telemetry_closep) struct telemetry *t = calloc(1, sizeof(*t));
	unsigned int n = options->connections_max ? options->connections_max : 8;

	if (!t)
		return err_setf(err, -ENOMEM, "out of memory");
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->freed, NULL);
	snprintf(t->database, sizeof(t->database), "%s", options->database);
	if (strncmp(options->address, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0) {
		snprintf(t->socket, sizeof(t->socket), "%s",
			 options->address + strlen(UNIX_PREFIX));
		snprintf(t->url, sizeof(t->url), "http://store");
	} else if (strncmp(options->address, "http", 4) == 0) {
		snprintf(t->url, sizeof(t->url), "%s", options->address);
	} else {
		return err_setf(err, -EINVAL,
				"store address '%s': unix:PATH or http(s)://HOST:PORT",
				options->address);
	}
	curl_global_init(CURL_GLOBAL_DEFAULT);
	for (; t->idle_count < MIN(n, (unsigned int)CONNECTIONS_MAX); t->idle_count++) {
		t->idle[t->idle_count] = curl_easy_init();
		if (!t->idle[t->idle_count])
			return err_setf(err, -ENOMEM, "out of memory");
	}
	*ret_store = TAKE_PTR(t);
	return 0;
}

void telemetry_close(struct telemetry *t)
{
	if (!t)
		return;
	while (t->idle_count)
		curl_easy_cleanup(t->idle[--t->idle_count]);
	free(t);
}

static CURL *take(struct telemetry *t)
{
	CURL *c;

	pthread_mutex_lock(&t->lock);
	while (!t->idle_count)
		pthread_cond_wait(&t->freed, &t->lock);
	c = t->idle[--t->idle_count];
	pthread_mutex_unlock(&t->lock);
	return c;
}

static void give_back(struct telemetry *t, CURL *c)
{
	curl_easy_reset(c); /* options go, the connection stays */
	pthread_mutex_lock(&t->lock);
	t->idle[t->idle_count++] = c;
	pthread_cond_signal(&t->freed);
	pthread_mutex_unlock(&t->lock);
}

static size_t on_data(char *data, size_t size, size_t count, void *arg)
{
	return buf_append(arg, data, size * count) < 0 ? 0 : size * count;
}

/* Appends "&name=value" with the value escaped for a URL. */
static void add_argument(CURL *c, struct buf *url, const char *name, const char *value)
{
	char *escaped = curl_easy_escape(c, value, 0);

	buf_printf(url, "&%s=%s", name, escaped ? escaped : "");
	curl_free(escaped);
}

/* ClickHouse's error codes that callers tell apart: src/Common/ErrorCodes.cpp. */
static int errno_of(CURL *c, long status)
{
	struct curl_header *h;

	switch (curl_easy_header(c, "X-ClickHouse-Exception-Code", 0, CURLH_HEADER, -1, &h) ==
			CURLHE_OK
		    ? atoi(h->value)
		    : 0) {
	case 241: /* MEMORY_LIMIT_EXCEEDED */
		return -ENOBUFS;
	case 396: /* TOO_MANY_ROWS_OR_BYTES */
		return -EMSGSIZE;
	default:
		return status == 503 ? -EAGAIN : status == 408 ? -ETIMEDOUT : -EINVAL;
	}
}

/* answer: what the store said, nullable. */
static int result_of(CURL *c, CURLcode rc, const char *answer, struct err *err)
{
	long status = 0;

	switch (rc) {
	case CURLE_OK:
		break;
	case CURLE_ABORTED_BY_CALLBACK:
		return err_setf(err, -ECANCELED, "the question was taken back");
	case CURLE_OPERATION_TIMEDOUT:
		return err_setf(err, -ETIMEDOUT, "the store did not answer in time");
	case CURLE_WRITE_ERROR:
		return err_setf(err, -EMSGSIZE, "the store's answer is larger than allowed");
	default:
		return err_setf(err, -EAGAIN, "the store cannot be reached: %s",
				curl_easy_strerror(rc));
	}
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	if (status == 200)
		return 0;
	return err_setf(err, errno_of(c, status), "store: %.900s", answer ?: "no reason given");
}

/* Sends; a refusal's text is left out of the caller's buffer. */
static int send_request(struct telemetry *t, CURL *c, const char *url, const void *body, size_t len,
			unsigned int timeout_ms, struct buf *out, struct err *err)
{
	struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
	size_t before = out->len;
	CURLcode rc;
	int r;

	curl_easy_setopt(c, CURLOPT_URL, url);
	if (t->socket[0])
		curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, t->socket);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
	curl_easy_setopt(c, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, out);
	rc = curl_easy_perform(c);
	curl_slist_free_all(headers);
	r = result_of(c, rc, out->data ? out->data + before : NULL, err);
	if (r < 0 && out->data) {
		out->len = before;
		out->data[before] = '\0';
	}
	return r;
}

int telemetry_insert(struct telemetry *t, const char *table, const char *columns, const void *block,
		     size_t len, const char *dedup_token, struct err *err)
{
	_cleanup_buf_ struct buf url = BUF_INIT(1 << 20), sql = BUF_INIT(1 << 20),
				 out = BUF_INIT(1 << 20);
	CURL *c = take(t);
	int r;

	buf_printf(&sql, "INSERT INTO %s.%s (%s) FORMAT Native", t->database, table, columns);
	buf_printf(&url, "%s/?readonly=0", t->url);
	if (!buf_error(&sql))
		add_argument(c, &url, "query", sql.data);
	add_argument(c, &url, "insert_deduplication_token", dedup_token);
	r = buf_error(&url) ? buf_error(&url) : buf_error(&sql);
	if (r == 0)
		r = send_request(t, c, url.data, block, len, 120000, &out, err);
	give_back(t, c);
	return r;
}

/* ClickHouse reads parameter values as TSV fields. */
static int escape_tsv(const char *value, struct buf *out)
{
	buf_clear(out);
	buf_append(out, "", 0);
	for (; *value; value++) {
		switch (*value) {
		case '\\':
			buf_append_str(out, "\\\\");
			break;
		case '\t':
			buf_append_str(out, "\\t");
			break;
		case '\n':
			buf_append_str(out, "\\n");
			break;
		default:
			buf_append_byte(out, (uint8_t)*value);
		}
	}
	return buf_error(out);
}

static int add_params(CURL *c, const struct telemetry_query *q, struct buf *url)
{
	_cleanup_buf_ struct buf escaped = BUF_INIT(1 << 20);

	for (const struct telemetry_param *p = q->params; p && p->name; p++) {
		char name[80];

		if (escape_tsv(p->value, &escaped) < 0)
			return buf_error(&escaped);
		snprintf(name, sizeof(name), "param_%s", p->name);
		add_argument(c, url, name, escaped.data);
	}
	return buf_error(url);
}

static int on_progress(void *arg, curl_off_t down_total _unused_, curl_off_t down _unused_,
		       curl_off_t up_total _unused_, curl_off_t up _unused_)
{
	const struct telemetry_query *q = arg;

	return q->stop(q->stop_arg);
}

static void add_limits(const struct telemetry_query *q, struct buf *url)
{
	if (q->execution_s)
		buf_printf(url, "&max_execution_time=%u", q->execution_s);
	if (q->memory_bytes)
		buf_printf(url, "&max_memory_usage=%" PRIu64, q->memory_bytes);
}

/* An answer that ends while it is sent leaves the connection unusable; curl closes it. */
static void watch_stop(CURL *c, const struct telemetry_query *q)
{
	if (!q->stop)
		return;
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, q);
}

int telemetry_query(struct telemetry *t, const struct telemetry_query *q, struct buf *out,
		    struct err *err)
{
	_cleanup_buf_ struct buf url = BUF_INIT(4 << 20);
	CURL *c = take(t);
	int r;

	buf_printf(&url, "%s/?readonly=%d", t->url, !q->writes);
	add_argument(c, &url, "default_format", q->format);
	add_limits(q, &url);
	watch_stop(c, q);
	r = add_params(c, q, &url);
	if (r == 0)
		r = send_request(t, c, url.data, q->sql, strlen(q->sql),
				 q->timeout_ms ? q->timeout_ms : TIMEOUT_MS_DEFAULT, out, err);
	give_back(t, c);
	return r;
}
