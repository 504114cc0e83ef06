/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_parse.c - query strings, cookies, route patterns, file names in paths
 */
#include "net/http_parse.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *http_decode(struct arena *a, const char *s, size_t len, bool plus)
{
	char *dst = arena_alloc(a, len + 1);
	size_t n = 0;

	if (!dst)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		char c = s[i];

		if (c == '%') {
			if (len - i < 3 || digit(s[i + 1]) < 0 || digit(s[i + 2]) < 0)
				return NULL;
			c = (char)(digit(s[i + 1]) << 4 | digit(s[i + 2]));
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		if (!c)
			return NULL;
		dst[n++] = c;
	}
	dst[n] = '\0';
	return dst;
}

char *http_query_find(struct arena *a, const char *query, const char *name)
{
	for (const char *p = query; *p;) {
		size_t len = strcspn(p, "&");
		const char *eq = memchr(p, '=', len);
		size_t name_len = eq ? (size_t)(eq - p) : len;
		char *decoded = http_decode(a, p, name_len, true);

		if (decoded && !strcmp(decoded, name))
			return eq ? http_decode(a, eq + 1, len - name_len - 1, true)
				  : arena_strdup(a, "");
		p += len;
		if (*p)
			p++;
	}
	return NULL;
}

char *http_cookie_find(struct arena *a, const char *header, const char *name)
{
	size_t want = strlen(name);

	for (const char *p = header; *p;) {
		size_t len;

		p += strspn(p, " \t;");
		len = strcspn(p, ";");
		if (len > want && !strncmp(p, name, want) && p[want] == '=') {
			const char *value = p + want + 1;
			size_t n = len - want - 1;

			while (n && (value[n - 1] == ' ' || value[n - 1] == '\t'))
				n--;
			if (n >= 2 && value[0] == '"' && value[n - 1] == '"') {
				value++;
				n -= 2;
			}
			return arena_strndup(a, value, n);
		}
		p += len;
	}
	return NULL;
}

static const char *find_nocase(const char *s, const char *needle, size_t len)
{
	for (; *s; s++)
		if (!strncasecmp(s, needle, len))
			return s;
	return NULL;
}

/* One decoded segment against one of the pattern's. */
static bool match_segment(struct arena *a, const char *pattern, const char *end, const char *text,
			  struct http_params *params)
{
	while (pattern < end) {
		const char *close = *pattern == '{' ? memchr(pattern, '}', (size_t)(end - pattern))
						    : NULL;
		const char *brace, *stop;
		struct http_param *param;
		size_t literal;

		if (!close) {
			if (tolower((unsigned char)*pattern) != tolower((unsigned char)*text))
				return false;
			pattern++;
			text++;
			continue;
		}
		if (params->count == HTTP_PARAMS_MAX || !*text)
			return false;
		param = &params->items[params->count];
		param->name = pattern + 1;
		param->name_len = (size_t)(close - pattern - 1);
		pattern = close + 1;
		brace = memchr(pattern, '{', (size_t)(end - pattern));
		literal = (size_t)((brace ? brace : end) - pattern);
		if (!literal)
			stop = text + strlen(text);
		else if (!brace) /* The last literal belongs to the segment's end. */
			stop = strlen(text) >= literal ? text + strlen(text) - literal : NULL;
		else
			stop = find_nocase(text + 1, pattern, literal);
		if (!stop || stop == text)
			return false;
		param->value = arena_strndup(a, text, (size_t)(stop - text));
		if (!param->value)
			return false;
		params->count++;
		text = stop;
	}
	return !*text;
}

bool http_route_match(struct arena *a, const char *pattern, const char *path,
		      struct http_params *ret_params)
{
	struct http_params params = { .count = 0 };

	for (size_t i = 0; i < HTTP_SEGMENTS_MAX; i++) {
		size_t want, have;
		char *text;

		if (*pattern != '/' || *path != '/') {
			if (*pattern || *path)
				return false;
			*ret_params = params;
			return true;
		}
		want = strcspn(++pattern, "/");
		have = strcspn(++path, "/");
		text = http_decode(a, path, have, false);
		if (!text || !match_segment(a, pattern, pattern + want, text, &params))
			return false;
		pattern += want;
		path += have;
	}
	return false;
}

char *http_static_name(struct arena *a, const char *path)
{
	char *name;

	if (*path == '/')
		path++;
	name = http_decode(a, path, strlen(path), false);
	if (!name || strchr(name, '\\'))
		return NULL;
	for (const char *p = name;; p++) {
		/* Hidden names include "." and "..". */
		if (*p == '.' || *p == '/' || !*p)
			return !*p && p == name ? name : NULL;
		p += strcspn(p, "/");
		if (!*p)
			return name;
	}
}
