/* SPDX-License-Identifier: Apache-2.0 */
#include "store/host/statement.h"

#include <ctype.h>
#include <string.h>

/* Past a string or name that begins at p; its quote may be escaped or doubled. */
static const char *skip_quoted(const char *p)
{
	char quote = *p++;

	while (*p) {
		if (*p == '\\' && p[1]) {
			p += 2;
		} else if (*p == quote && p[1] == quote) {
			p += 2;
		} else if (*p++ == quote) {
			return p;
		}
	}
	return p;
}

/* Past a comment that begins at p, or p itself where none does. */
static const char *skip_comment(const char *p)
{
	if ((p[0] == '-' && p[1] == '-') || (p[0] == '#' && (p[1] == ' ' || p[1] == '!')))
		return p + strcspn(p, "\n");
	if (p[0] == '/' && p[1] == '*') {
		const char *end = strstr(p + 2, "*/");

		return end ? end + 2 : p + strlen(p);
	}
	return p;
}

bool statement_is_single(const char *sql)
{
	bool ended = false;

	while (*sql) {
		const char *next = skip_comment(sql);

		if (next != sql) {
			sql = next;
			continue;
		}
		if (*sql == ';')
			ended = true;
		else if (ended && !isspace((unsigned char)*sql))
			return false;
		/* A heredoc could hide anything; none of our statements has one. */
		if (*sql == '$')
			return false;
		sql = strchr("'\"`", *sql) ? skip_quoted(sql) : sql + 1;
	}
	return true;
}
