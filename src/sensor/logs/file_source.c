/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/logs/file_source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "sensor/logs/audit_group.h"
#include "sensor/logs/web_request.h"

#define AUDIT_WAIT_NS (500 * NSEC_PER_MSEC)
#define FIELDS_MAX (1u << 20)

struct file_source {
	char path[PLACE_NAME_SIZE];
	enum log_kind kind;
	const struct file_source_handlers *handlers;
	struct tail *tail;
	uint32_t generation;
	int64_t out; /* offset behind the last line that was handed on */
	struct audit_group *group; /* of LOG_AUDITD */
	struct buf fields;	   /* of LOG_WEB */
	uint64_t lines;
};

static void begin_generation(struct file_source *s)
{
	s->out = 0;
	s->generation = s->handlers->new_generation(s->handlers->arg);
	s->handlers->on_begin(s->handlers->arg);
}

int file_source_new(const char *path, enum log_kind kind, const struct place *place,
		    const struct file_source_handlers *handlers, struct file_source **ret_source)
{
	_cleanup_(file_source_freep) struct file_source *s = calloc(1, sizeof(*s));
	struct tail_place at;

	if (!s)
		return -ENOMEM;
	snprintf(s->path, sizeof(s->path), "%s", path);
	s->kind = kind;
	s->handlers = handlers;
	buf_init(&s->fields, FIELDS_MAX);
	if (tail_new(path, place ? &place->file : NULL, &s->tail) < 0 ||
	    (kind == LOG_AUDITD && audit_group_new(&s->group) < 0))
		return -ENOMEM;
	tail_place(s->tail, &at);
	s->out = at.offset;
	if (place && at.offset == place->file.offset && at.inode == place->file.inode)
		s->generation = place->generation;
	else
		s->generation = handlers->new_generation(handlers->arg);
	*ret_source = TAKE_PTR(s);
	return 0;
}

void file_source_free(struct file_source *s)
{
	if (!s)
		return;
	tail_free(s->tail);
	audit_group_free(s->group);
	buf_done(&s->fields);
	free(s);
}

const char *file_source_path(const struct file_source *s)
{
	return s->path;
}

enum log_kind file_source_kind(const struct file_source *s)
{
	return s->kind;
}

bool file_source_reads(const struct file_source *s)
{
	int error;

	return tail_state(s->tail, &error) == TAIL_READING;
}

void file_source_note_spooled(struct file_source *s, uint64_t sequence)
{
	int64_t offset = (int64_t)(sequence & ((UINT64_C(1) << LOG_PLACE_BITS) - 1));

	if (sequence >> LOG_PLACE_BITS != s->generation || offset <= s->out)
		return;
	s->out = offset;
	tail_forward(s->tail, offset);
}

static void hand_on(void *source, const struct log_line *line)
{
	struct file_source *s = source;

	s->lines++;
	s->handlers->on_line(s->handlers->arg, line);
}

static void read_web(struct file_source *s, struct log_line *line)
{
	buf_clear(&s->fields);
	if (web_request_print(line->message.s, line->message.len, &s->fields) == 0)
		line->fields = (struct log_text){ s->fields.data, s->fields.len };
}

static void on_line(void *source, const char *text, size_t len, int64_t next)
{
	struct file_source *s = source;
	struct log_line line = {
		.sequence = (uint64_t)s->generation << LOG_PLACE_BITS | (uint64_t)next,
		.time_ns = clock_realtime_ns(),
		.source = s->path,
		.message = { text, len },
	};

	if (s->kind == LOG_AUDITD) {
		line.action = log_line_action(s->kind, line.identifier);
		audit_group_add(s->group, &line, hand_on, s);
		return;
	}
	if (s->kind == LOG_AUTH || s->kind == LOG_SYSLOG || s->kind == LOG_CRON)
		log_line_split(text, len, &line);
	else if (s->kind == LOG_WEB)
		read_web(s, &line);
	line.action = log_line_action(s->kind, line.identifier);
	hand_on(s, &line);
	s->out = next;
}

/* What is held of an event is read again after a restart: it does not count as handed on. */
static void note_out(struct file_source *s)
{
	struct tail_place at;

	tail_place(s->tail, &at);
	if (!s->group || !audit_group_since(s->group))
		s->out = at.offset;
}

static void flush(struct file_source *s)
{
	if (s->group)
		audit_group_flush(s->group, hand_on, s);
	note_out(s);
}

bool file_source_read(struct file_source *s, size_t max_bytes)
{
	enum tail_result result = tail_read(s->tail, max_bytes, on_line, s);

	if (tail_take_loss(s->tail))
		s->handlers->on_gap(s->handlers->arg,
				    "a log file was emptied, or taken away before it was read");
	if (result == TAIL_ENDED) {
		flush(s);
		tail_next(s->tail);
		begin_generation(s);
		return true;
	}
	note_out(s);
	return result == TAIL_MORE;
}

void file_source_settle(struct file_source *s)
{
	if (s->group && audit_group_since(s->group) &&
	    clock_boottime_ns() - audit_group_since(s->group) > AUDIT_WAIT_NS)
		flush(s);
}

void file_source_limit(struct file_source *s, int64_t max)
{
	char reason[160];
	int64_t waiting = tail_waiting(s->tail);

	if (waiting <= max)
		return;
	flush(s);
	waiting = tail_skip_to_end(s->tail);
	note_out(s);
	snprintf(reason, sizeof(reason), "%" PRId64 " bytes of a log came faster than they may be read",
		 waiting);
	s->handlers->on_gap(s->handlers->arg, reason);
}

void file_source_place(const struct file_source *s, struct place *ret_place)
{
	*ret_place = (struct place){ .generation = s->generation };
	snprintf(ret_place->name, sizeof(ret_place->name), "%s", s->path);
	tail_place(s->tail, &ret_place->file);
	ret_place->file.skipping &= ret_place->file.offset == s->out;
	ret_place->file.offset = s->out;
	/* The hash is of more than what counts as read. */
	if ((int64_t)ret_place->file.head_len > s->out)
		ret_place->file.head_len = 0;
}

uint64_t file_source_lines(const struct file_source *s)
{
	return s->lines;
}

void file_source_health(const struct file_source *s, struct buf *out)
{
	int error;
	enum tail_state state = tail_state(s->tail, &error);
	const char *why = state == TAIL_READING	 ? ""
			  : state == TAIL_ABSENT ? "there is no such file"
						 : strerror(error);

	buf_append_str(out, "{\"kind\":");
	buf_append_json(out, log_kind_word(s->kind), strlen(log_kind_word(s->kind)));
	buf_append_str(out, ",\"source\":");
	buf_append_json(out, s->path, strlen(s->path));
	buf_printf(out, ",\"read\":%s,\"missing\":", state == TAIL_READING ? "true" : "false");
	buf_append_json(out, why, strlen(why));
	buf_printf(out, ",\"lines\":%" PRIu64 ",\"cut\":%" PRIu64 ",\"malformed\":%" PRIu64 "}", s->lines,
		   tail_cut(s->tail), s->group ? audit_group_malformed(s->group) : 0);
}
