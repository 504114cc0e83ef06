/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/logs/logs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "sensor/logs/file_source.h"
#include "sensor/logs/journal.h"

#define READ_AT_ONCE (64u << 10)
#define BYTES_PER_SECOND (4 << 20)
#define WAITING_MAX (64ll << 20) /* of a file; more is left out */
#define JOURNAL_LAG_NS (600 * NSEC_PER_SEC) /* likewise of the journal */
#define JOURNAL_RETRY_NS (60 * NSEC_PER_SEC)
#define JOURNAL "journal"

enum journal_use { JOURNAL_AUTO, JOURNAL_ENABLED, JOURNAL_DISABLED };

struct logs {
	struct logs_options options;
	char places_path[4096];
	struct places places; /* as last read or made */
	struct file_source_handlers handlers;
	struct file_source *files[CONFIG_LOG_FILES_MAX];
	unsigned int file_count, turn;

	struct journal *journal;
	enum journal_use journal_use;
	char journal_folder[CONFIG_TEXT_SIZE], journal_missing[sizeof(((struct err *)NULL)->msg)];
	uint32_t journal_generation;
	uint64_t journal_place, journal_skip; /* entries of the generation; those that are in the spool */
	int64_t journal_tried_ns;
	uint64_t journal_lines;

	int64_t lines_left, bytes_left, lines_per_second;
	int64_t refilled_ns, full_since_ns; /* boot time */
	bool changed; /* since the places were written */
};

/* ---- places ---- */

static void make_places(struct logs *l)
{
	struct places *p = &l->places;
	struct place *journal = places_find(p, JOURNAL), kept = { 0 };

	if (journal)
		kept = *journal;
	p->count = 0;
	for (unsigned int i = 0; i < l->file_count; i++)
		file_source_place(l->files[i], &p->list[p->count++]);
	if (l->journal) {
		kept = (struct place){ .name = JOURNAL, .generation = l->journal_generation,
				       .file.offset = (int64_t)l->journal_place };
		snprintf(kept.cursor, sizeof(kept.cursor), "%s", journal_cursor(l->journal));
	}
	if (*kept.cursor)
		p->list[p->count++] = kept;
}

static void write_places(struct logs *l)
{
	struct err err = { 0 };

	make_places(l);
	l->changed = false;
	if (places_write(l->places_path, &l->places, &err) < 0)
		LOG_RATELIMIT(LOG_LEVEL_WARNING, 60, "%s", err.msg);
}

void logs_commit(struct logs *l)
{
	if (l->changed)
		write_places(l);
}

static uint32_t new_generation(void *logs)
{
	struct logs *l = logs;

	/* 24 bits: a number comes again after 16 million files, none of which are known any more. */
	l->places.next_generation = (l->places.next_generation + 1) & 0xffffff;
	return l->places.next_generation;
}

static void on_begin(void *logs)
{
	write_places(logs);
}

/* ---- what comes ---- */

static void on_line(void *logs, const struct log_line *line)
{
	struct logs *l = logs;

	l->changed = true;
	l->lines_left--;
	l->bytes_left -= (int64_t)line->message.len;
	l->options.on_line(l->options.arg, line);
}

static void on_gap(void *logs, const char *reason)
{
	struct logs *l = logs;

	l->options.on_gap(l->options.arg, reason, l->full_since_ns ?: clock_boottime_ns());
}

static bool may_read(const struct logs *l)
{
	return l->lines_left > 0 && l->bytes_left > 0;
}

static void refill(struct logs *l)
{
	int64_t now = clock_boottime_ns(), passed = now - l->refilled_ns;
	double share = passed >= NSEC_PER_SEC ? 1 : (double)passed / NSEC_PER_SEC;

	l->refilled_ns = now;
	l->lines_left = MIN(l->lines_left + (int64_t)(share * (double)l->lines_per_second),
			    l->lines_per_second);
	l->bytes_left = MIN(l->bytes_left + (int64_t)(share * BYTES_PER_SECOND), (int64_t)BYTES_PER_SECOND);
}

/* ---- files ---- */

static void poll_files(struct logs *l)
{
	for (unsigned int i = 0; i < l->file_count; i++) {
		struct file_source *f = l->files[(l->turn + i) % l->file_count];

		while (may_read(l) && file_source_read(f, READ_AT_ONCE))
			;
		file_source_settle(f);
		if (!may_read(l))
			file_source_limit(f, WAITING_MAX);
	}
	/* Who was read last is read first. */
	if (l->file_count)
		l->turn = (l->turn + 1) % l->file_count;
}

/* ---- the journal ---- */

/* Where a syslog daemon writes files, they hold what the journal holds. */
static bool has_syslog(const struct logs *l)
{
	for (unsigned int i = 0; i < l->file_count; i++)
		if (file_source_kind(l->files[i]) <= LOG_SYSLOG && file_source_reads(l->files[i]))
			return true;
	return false;
}

static bool wants_journal(struct logs *l)
{
	const char *why = "";

	if (l->journal_use == JOURNAL_DISABLED)
		why = "vakt.logs.journal is disabled";
	else if (l->journal_use == JOURNAL_AUTO && has_syslog(l))
		why = "a file has the same lines";
	else
		return true;
	snprintf(l->journal_missing, sizeof(l->journal_missing), "%s", why);
	return false;
}

static void drop_journal(struct logs *l)
{
	if (!l->journal)
		return;
	make_places(l);
	journal_close(TAKE_PTR(l->journal));
}

static void open_journal(struct logs *l)
{
	const struct place *place = places_find(&l->places, JOURNAL);
	int64_t now = clock_monotonic_ns();
	struct err err = { 0 };

	if (l->journal_tried_ns && now - l->journal_tried_ns < JOURNAL_RETRY_NS)
		return;
	l->journal_tried_ns = now;
	if (journal_open(l->journal_folder, place ? place->cursor : "", &l->journal, &err) < 0) {
		snprintf(l->journal_missing, sizeof(l->journal_missing), "%s", err.msg);
		return;
	}
	l->journal_missing[0] = '\0';
	if (journal_take_loss(l->journal)) {
		on_gap(l, "the journal was cut before it was read");
		place = NULL;
	}
	if (place) {
		l->journal_generation = place->generation;
		l->journal_place = (uint64_t)place->file.offset;
		return;
	}
	l->journal_skip = l->journal_place = 0;
	l->journal_generation = new_generation(l);
	write_places(l);
}

static void limit_journal(struct logs *l, int64_t entry_ns)
{
	if (clock_realtime_ns() - entry_ns <= JOURNAL_LAG_NS || journal_skip_to_end(l->journal) < 0)
		return;
	on_gap(l, "entries of the journal came faster than they may be read");
}

static void poll_journal(struct logs *l)
{
	struct log_line line;
	int r = 0;

	while (may_read(l) && (r = journal_next(l->journal, &line)) > 0) {
		uint64_t place = l->journal_place + 1;

		line.sequence = (uint64_t)l->journal_generation << LOG_PLACE_BITS | place;
		line.action = log_line_action(LOG_SYSLOG, line.identifier);
		if (place > l->journal_skip && line.message.len) {
			l->journal_lines++;
			on_line(l, &line);
		}
		l->journal_place = place;
		l->changed = true;
		if (!may_read(l))
			limit_journal(l, line.time_ns);
	}
	if (r < 0) {
		snprintf(l->journal_missing, sizeof(l->journal_missing), "%s", strerror(-r));
		drop_journal(l);
	}
}

/* ---- the whole ---- */

static bool is_configured(const struct config *c, const struct file_source *f)
{
	for (unsigned int i = 0; i < CONFIG_LOG_FILES_MAX && *c->log_files[i].path; i++)
		if (!strcmp(c->log_files[i].path, file_source_path(f)) &&
		    c->log_files[i].kind == (int64_t)file_source_kind(f))
			return true;
	return false;
}

static bool is_open(const struct logs *l, const char *path)
{
	for (unsigned int i = 0; i < l->file_count; i++)
		if (!strcmp(file_source_path(l->files[i]), path))
			return true;
	return false;
}

static void close_files(struct logs *l, const struct config *c)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < l->file_count; i++) {
		if (c && is_configured(c, l->files[i]))
			l->files[kept++] = l->files[i];
		else
			file_source_free(l->files[i]);
	}
	l->file_count = kept;
}

static void open_files(struct logs *l, const struct config *c)
{
	for (unsigned int i = 0; i < CONFIG_LOG_FILES_MAX && *c->log_files[i].path; i++) {
		const struct config_log_file *f = &c->log_files[i];

		if (is_open(l, f->path))
			continue;
		if (file_source_new(f->path, (enum log_kind)f->kind, places_find(&l->places, f->path),
				    &l->handlers, &l->files[l->file_count]) < 0)
			LOG_RATELIMIT(LOG_LEVEL_ERROR, 60, "out of memory for %s", f->path);
		else
			l->file_count++;
	}
}

void logs_configure(struct logs *l, const struct config *c)
{
	close_files(l, c);
	open_files(l, c);
	l->lines_per_second = c->log_lines_per_second;
	l->journal_use = (enum journal_use)c->log_journal;
	if (strcmp(l->journal_folder, c->log_journal_folder) != 0) {
		drop_journal(l);
		snprintf(l->journal_folder, sizeof(l->journal_folder), "%s", c->log_journal_folder);
	}
	l->journal_tried_ns = 0;
	write_places(l);
}

int logs_new(const struct logs_options *options, const struct config *config, struct logs **ret_logs,
	     struct err *err)
{
	_cleanup_(logs_freep) struct logs *l = calloc(1, sizeof(*l));
	struct err reading = { 0 };

	if (!l)
		return err_setf(err, -ENOMEM, "out of memory");
	l->options = *options;
	l->handlers = (struct file_source_handlers){ on_line, on_gap, new_generation, on_begin, l };
	snprintf(l->places_path, sizeof(l->places_path), "%s/log-places", options->state_dir);
	if (places_read(l->places_path, &l->places, &reading) < 0) {
		log_warning("%s: logs are read from their ends", reading.msg);
		on_gap(l, "where logs had been read to was lost");
	}
	snprintf(l->journal_folder, sizeof(l->journal_folder), "%s", config->log_journal_folder);
	l->refilled_ns = clock_boottime_ns();
	logs_configure(l, config);
	*ret_logs = TAKE_PTR(l);
	return 0;
}

void logs_free(struct logs *l)
{
	if (!l)
		return;
	close_files(l, NULL);
	journal_close(l->journal);
	free(l);
}

void logs_note_spooled(struct logs *l, uint64_t sequence)
{
	const struct place *journal = places_find(&l->places, JOURNAL);
	uint64_t place = sequence & ((UINT64_C(1) << LOG_PLACE_BITS) - 1);

	for (unsigned int i = 0; i < l->file_count; i++)
		file_source_note_spooled(l->files[i], sequence);
	if (journal && sequence >> LOG_PLACE_BITS == journal->generation)
		l->journal_skip = MAX(l->journal_skip, place);
}

void logs_poll(struct logs *l)
{
	refill(l);
	poll_files(l);
	if (!wants_journal(l))
		drop_journal(l);
	else if (!l->journal)
		open_journal(l);
	if (l->journal)
		poll_journal(l);
	if (may_read(l))
		l->full_since_ns = 0;
	else if (!l->full_since_ns)
		l->full_since_ns = clock_boottime_ns();
}

void logs_health(const struct logs *l, struct buf *out)
{
	buf_append_byte(out, '[');
	for (unsigned int i = 0; i < l->file_count; i++) {
		file_source_health(l->files[i], out);
		buf_append_byte(out, ',');
	}
	buf_printf(out, "{\"kind\":\"syslog\",\"source\":\"journal\",\"read\":%s,\"missing\":",
		   l->journal ? "true" : "false");
	buf_append_json(out, l->journal_missing, strlen(l->journal_missing));
	buf_printf(out, ",\"lines\":%" PRIu64 ",\"cut\":0,\"malformed\":0}]", l->journal_lines);
}
