/* SPDX-License-Identifier: Apache-2.0 */
#include "slot.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static void set_text(struct rules_value *v, enum rules_value_kind kind, const char *s, size_t len)
{
	v->kind = kind;
	v->text = s;
	v->len = len;
}

static void set_number(struct rules_value *v, int64_t n)
{
	v->number = n;
	set_text(v, RULES_NUMBER, v->digits,
		 (size_t)snprintf(v->digits, sizeof(v->digits), "%" PRId64, n));
}

static void set_time(struct rules_value *v, int64_t ns)
{
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm tm;

	v->kind = RULES_NULL;
	if (gmtime_r(&seconds, &tm))
		set_text(v, RULES_TEXT, v->digits,
			 strftime(v->digits, sizeof(v->digits), "%Y-%m-%dT%H:%M:%SZ", &tm));
}

void slot_column_value(const struct event *e, unsigned int column, struct rules_value *v)
{
	const struct event_value *from = &e->values[column];
	enum event_type type = (enum event_type)e->table->fields[column].type;

	if (!event_has(e, column)) {
		v->kind =
		    type == EVENT_STRING || type == EVENT_DYNAMIC ? RULES_EMPTY : RULES_ABSENT;
		return;
	}
	switch (type) {
	case EVENT_STRING:
	case EVENT_DYNAMIC:
		set_text(v, RULES_TEXT, from->s, from->len);
		break;
	case EVENT_BOOL:
		v->number = from->i != 0;
		set_text(v, RULES_BOOL, from->i ? "true" : "false", from->i ? 4 : 5);
		break;
	case EVENT_REAL:
		set_text(v, RULES_TEXT, v->digits,
			 (size_t)snprintf(v->digits, sizeof(v->digits), "%.17g", from->d));
		break;
	case EVENT_DATETIME:
		set_time(v, from->i);
		break;
	default:
		set_number(v, from->i);
	}
}

/* ---- words of a command line ---- */

static bool find_word(const char *s, size_t len, unsigned int word, const char **ret,
		      size_t *ret_len)
{
	size_t at = 0;

	for (;; word--) {
		size_t end;

		while (at < len && s[at] == ' ')
			at++;
		for (end = at; end < len && s[end] != ' ';)
			end++;
		if (at == end)
			return false;
		if (!word) {
			*ret = s + at;
			*ret_len = end - at;
			return true;
		}
		at = end;
	}
}

static void set_base(struct rules_value *v, const char *path, size_t len)
{
	const char *slash = memrchr(path, '/', len);

	if (slash) {
		len -= (size_t)(slash + 1 - path);
		path = slash + 1;
	}
	set_text(v, RULES_TEXT, path, len);
}

/* ---- a flat object of texts ---- */

/* From the quote at s[at]: the bytes between it and the next, and where that is. */
static bool read_quoted(const char *s, size_t len, size_t *at, const char **ret, size_t *ret_len)
{
	size_t begin;

	while (*at < len && s[*at] != '"')
		++*at;
	begin = ++*at;
	while (*at < len && s[*at] != '"')
		*at += s[*at] == '\\' ? 2 : 1;
	if (*at >= len)
		return false;
	*ret = s + begin;
	*ret_len = (*at)++ - begin;
	return true;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9'		    ? c - '0'
	       : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
						    : 0;
}

/* The byte behind a backslash; *at stands on the letter and moves to the escape's last one. */
static char unescape(const char *s, size_t len, size_t *at)
{
	static const char letters[] = "nrtbf", bytes[] = "\n\r\t\b\f";
	const char *found = strchr(letters, s[*at]);

	if (s[*at] == 'u' && *at + 4 < len) {
		*at += 4;
		/* Writers escape only control characters. */
		return (char)(hex_digit(s[*at - 1]) << 4 | hex_digit(s[*at]));
	}
	return found && *found ? bytes[found - letters] : s[*at];
}

static void set_decoded(struct rules_value *v, const char *s, size_t len, struct slot_room *room)
{
	char *to = room->text + room->used;
	size_t n = 0, max = sizeof(room->text) - room->used;

	for (size_t at = 0; at < len && n < max; at++) {
		if (s[at] == '\\' && at + 1 < len) {
			at++;
			to[n++] = unescape(s, len, &at);
		} else {
			to[n++] = s[at];
		}
	}
	room->used += n;
	set_text(v, RULES_TEXT, to, n);
}

static void set_named(struct rules_value *v, const struct event_value *json, const char *name,
		      struct slot_room *room)
{
	size_t at = 0, key_len, len, name_len = strlen(name);
	const char *key, *value;

	while (read_quoted(json->s, json->len, &at, &key, &key_len) &&
	       read_quoted(json->s, json->len, &at, &value, &len)) {
		if (key_len != name_len || memcmp(key, name, name_len))
			continue;
		if (memchr(value, '\\', len))
			set_decoded(v, value, len, room);
		else
			set_text(v, RULES_TEXT, value, len);
		return;
	}
}

void slot_value(const struct slot *slot, const struct event *e, struct slot_room *room,
		struct rules_value *v)
{
	const struct event_value *from = &e->values[slot->column];
	const char *word;
	size_t len;

	if (slot->kind >= SLOT_WORD && !event_has(e, slot->column))
		return;
	switch ((enum slot_kind)slot->kind) {
	case SLOT_NONE:
		break;
	case SLOT_COLUMN:
		slot_column_value(e, slot->column, v);
		break;
	case SLOT_TEXT:
		set_text(v, RULES_TEXT, slot->text, strlen(slot->text));
		break;
	case SLOT_WORD:
		if (find_word(from->s, from->len, slot->word, &word, &len))
			set_text(v, RULES_TEXT, word, len);
		break;
	case SLOT_BASE:
		if (find_word(from->s, from->len, 0, &word, &len))
			set_base(v, word, len);
		break;
	case SLOT_NAMED:
		set_named(v, from, slot->text, room);
		break;
	}
}
