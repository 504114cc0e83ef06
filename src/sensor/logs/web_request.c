/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/logs/web_request.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"
#include "sensor/logs/log_line.h"

#define TEXT_MAX 16384u

struct cursor {
	const char *s, *end;
};

/* Up to the character, which is skipped; a backslash hides the one behind it. */
static bool take(struct cursor *c, char stop, struct log_text *ret_text)
{
	const char *from = c->s;

	while (c->s < c->end && *c->s != stop)
		c->s += *c->s == '\\' && stop == '"' && c->s + 1 < c->end ? 2 : 1;
	if (c->s >= c->end)
		return false;
	*ret_text = (struct log_text){ from, (size_t)(c->s - from) };
	c->s++;
	return true;
}

static bool skip(struct cursor *c, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(c->end - c->s) < len || memcmp(c->s, text, len))
		return false;
	c->s += len;
	return true;
}

static void print(struct buf *out, const char *name, struct log_text value)
{
	char text[4 * TEXT_MAX];
	size_t len = value.len < TEXT_MAX ? value.len : TEXT_MAX;

	if (!value.len || (value.len == 1 && *value.s == '-'))
		return;
	buf_printf(out, "%s\"%s\":", out->data[out->len - 1] == '{' ? "" : ",", name);
	buf_append_json(out, text, utf8_escape(text, value.s, len));
}

static void print_request(struct buf *out, struct log_text request)
{
	struct cursor c = { request.s, request.s + request.len };
	struct log_text method, target, path;
	const char *query;

	if (!take(&c, ' ', &method)) {
		print(out, "cs-uri-query", request);
		return;
	}
	if (!take(&c, ' ', &target))
		target = (struct log_text){ c.s, (size_t)(c.end - c.s) };
	query = memchr(target.s, '?', target.len);
	path = (struct log_text){ target.s, query ? (size_t)(query - target.s) : target.len };
	print(out, "cs-method", method);
	print(out, "cs-uri", target);
	print(out, "cs-uri-query", target);
	print(out, "cs-uri-stem", path);
}

int web_request_print(const char *line, size_t len, struct buf *out)
{
	struct cursor c = { line, line + len };
	struct log_text client, identity, user, time, request, status, bytes = { 0 }, referer, agent;

	if (!take(&c, ' ', &client) || !take(&c, ' ', &identity) || !take(&c, ' ', &user) ||
	    !skip(&c, "[") || !take(&c, ']', &time) || !skip(&c, " \"") || !take(&c, '"', &request) ||
	    !skip(&c, " ") || !take(&c, ' ', &status))
		return -EBADMSG;
	buf_append_byte(out, '{');
	print(out, "c-ip", client);
	print(out, "cs-username", user);
	print_request(out, request);
	print(out, "sc-status", status);
	if (take(&c, ' ', &bytes) && skip(&c, "\"") && take(&c, '"', &referer) && skip(&c, " \"") &&
	    take(&c, '"', &agent)) {
		print(out, "cs-referer", referer);
		print(out, "cs-user-agent", agent);
	}
	buf_append_byte(out, '}');
	return buf_error(out);
}
