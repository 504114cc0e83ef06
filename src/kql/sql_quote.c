/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql_quote.c - the only place where bytes of a query become bytes of a statement
 */
#include "kql/sql.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void quoted(struct sql *s, const char *text, size_t len, char quote)
{
	buf_append_byte(&s->out, (uint8_t)quote);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '\\' || c == (unsigned char)quote) {
			buf_append_byte(&s->out, '\\');
			buf_append_byte(&s->out, c);
		} else if (c < 0x20 || c == 0x7f) {
			buf_printf(&s->out, "\\x%02X", c);
		} else {
			buf_append_byte(&s->out, c);
		}
	}
	buf_append_byte(&s->out, (uint8_t)quote);
}

void sql_text(struct sql *s, const char *text, size_t len)
{
	quoted(s, text, len, '\'');
}

void sql_name(struct sql *s, const char *name)
{
	quoted(s, name, strlen(name), '`');
}

/* Letters and digits of the name, so that a person recognises it, and the number that makes it one.
 */
void sql_column(struct sql *s, const struct column *c)
{
	unsigned int n = 0;

	if (c->sql) {
		sql_put(s, c->sql);
		return;
	}
	if (c->scan && c->scan == s->scan) {
		if (c->stored->sql) {
			sql_name(s, c->stored->sql);
		} else if (c->stored->view) {
			sql_put(s, c->stored->view);
		} else if (c->type == KQL_STRING) {
			sql_put(s, "''");
		} else {
			sql_printf(s, "CAST(NULL AS Nullable(%s))", kql_type_sql(c->type));
		}
		return;
	}
	for (const char *p = c->name; *p && n < 40; p++) {
		bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
			     (*p >= '0' && *p <= '9' && n);

		if (!plain && *p != '_')
			continue;
		buf_append_byte(&s->out, (uint8_t)*p);
		n++;
	}
	sql_printf(s, "%s_%u", n ? "" : "c", c->id);
}

void sql_put(struct sql *s, const char *text)
{
	buf_append_str(&s->out, text);
}

void sql_printf(struct sql *s, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	sql_put(s, text);
}
