/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timeline_choice.c - from, to, kinds and text of a timeline as conditions of the store
 *
 * A word is looked for anywhere in the text, without regard to case, by LIKE on the very expression
 * that the text index is made of: the index then leaves out what cannot match.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cloud/api/timeline.h"

#define RETENTION_NS (181LL * 86400 * NSEC_PER_SEC)
#define AHEAD_NS (86400 * NSEC_PER_SEC) /* a device's clock may be ahead of ours */

/* Looked in besides what has a text index. */
static const char *const more_columns[] = {
	"RemoteIP", "LocalIP", "RemoteUrl", "AccountName", "InitiatingProcessAccountName", "Reason"
};

static bool looked_in(const struct event_field *f)
{
	if (!(f->flags & EVENT_FIELD_STORED) || f->type != EVENT_STRING)
		return false;
	if (f->flags & EVENT_FIELD_TEXT_INDEX)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(more_columns); i++)
		if (strcmp(f->name, more_columns[i]) == 0)
			return true;
	return false;
}

static int read_kinds(const char *text, unsigned int *ret_kinds)
{
	unsigned int kinds = 0;

	while (text && *text) {
		size_t len = strcspn(text, ","), i = 0;

		while (i < EVENT_KIND_COUNT && (strlen(event_kinds[i].name) != len ||
						strncmp(event_kinds[i].name, text, len) != 0))
			i++;
		if (i == EVENT_KIND_COUNT)
			return -EINVAL;
		kinds |= 1U << i;
		text += len + (text[len] == ',');
	}
	*ret_kinds = kinds ?: (1U << EVENT_KIND_COUNT) - 1;
	return 0;
}

static void make_pattern(const char *word, size_t len, char *out)
{
	*out++ = '%';
	for (size_t i = 0; i < len; i++) {
		if (strchr("%_\\", word[i]))
			*out++ = '\\';
		*out++ = (char)tolower((unsigned char)word[i]);
	}
	*out++ = '%';
	*out = '\0';
}

static int read_words(const char *text, struct timeline_choice *c)
{
	if (text && strlen(text) > EVENTS_TEXT_MAX)
		return -EINVAL;
	while (text && *(text += strspn(text, " \t\r\n"))) {
		size_t len = strcspn(text, " \t\r\n");

		if (c->word_count == EVENTS_WORDS_MAX)
			return -EINVAL;
		make_pattern(text, len, c->words[c->word_count++]);
		text += len;
	}
	return 0;
}

static int refuse(const struct http_request *req, struct http_response *res, const char *what)
{
	return api_errorf(req, res, 400, "BadRequest", "%s", what) ?: 1;
}

int timeline_read(const struct http_request *req, struct http_response *res,
		  struct timeline_choice *ret_choice)
{
	struct timeline_choice *c = ret_choice;
	int64_t now = clock_realtime_ns();

	c->word_count = 0;
	if (event_time_parameter(req, "to", now + AHEAD_NS, &c->to_ns) < 0)
		return refuse(req, res, "to: a time such as 2026-01-31T10:00:00Z is expected");
	if (event_time_parameter(req, "from", c->to_ns - RETENTION_NS, &c->from_ns) < 0)
		return refuse(req, res, "from: a time such as 2026-01-31T10:00:00Z is expected");
	if (c->from_ns < 0 || c->from_ns >= c->to_ns)
		return refuse(req, res, "from must be before to, and not before 1970");
	if (read_kinds(http_request_query(req, "kinds"), &c->kinds) < 0)
		return refuse(req, res,
			      "kinds: process, file, network, device and gap, with commas between");
	if (read_words(http_request_query(req, "text"), c) < 0)
		return refuse(req, res, "text: at most 8 words, 256 bytes together");
	return 0;
}

int timeline_bind(const struct timeline_choice *choice, struct event_question *q)
{
	int r = event_question_number(q, "from", choice->from_ns);

	if (r == 0)
		r = event_question_number(q, "to", choice->to_ns);
	for (size_t i = 0; i < choice->word_count && r == 0; i++) {
		char name[32];

		snprintf(name, sizeof(name), "word%zu", i);
		r = event_question_text(q, name, choice->words[i]);
	}
	return r;
}

static void put_word(const struct event_table *t, size_t word, struct buf *sql)
{
	bool first = true;

	buf_append_str(sql, " AND (");
	for (unsigned int i = 0; i < t->field_count; i++) {
		if (!looked_in(&t->fields[i]))
			continue;
		buf_printf(sql, "%slower(%s) LIKE {word%zu:String}", first ? "" : " OR ",
			   t->fields[i].name, word);
		first = false;
	}
	buf_append_str(sql, first ? "false)" : ")");
}

void timeline_where(const struct timeline_choice *choice, unsigned int kind, struct buf *sql)
{
	const struct event_table *t = &event_tables[event_kinds[kind].table];

	buf_printf(sql,
		   " FROM vakt.%s" EVENT_SCOPE
		   " AND Timestamp >= fromUnixTimestamp64Nano({from:Int64})"
		   " AND Timestamp < fromUnixTimestamp64Nano({to:Int64})",
		   t->name);
	for (size_t i = 0; i < choice->word_count; i++)
		put_word(t, i, sql);
}
