/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parts.c - a thread that watches the room on disk and what was written while it was short
 *
 * An episode begins when room is short (or a statement says so) and ends when what was begun
 * meanwhile is checked. https://clickhouse.com/docs/sql-reference/statements/check-table
 */
#include "store/host/parts.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "store/host/part.h"

#define LOOK_INTERVAL_NS (100 * NSEC_PER_MSEC)
#define CHECK_INTERVAL_NS NSEC_PER_SEC
/* Twice what the engine keeps free: engine.c. */
#define ROOM_SHORT_BYTES (128ull << 20)
/* A part's time is taken before its files are synced; ours may be between two looks. */
#define SLACK_S 60
/* What a start looks at, and the most an episode looks back; sources are kept for 8 minutes. */
#define LOOK_BACK_S 600
#define CHECKED_MAX 4096
#define TOLD_MAX 20

struct parts {
	struct parts_options options;
	pthread_t thread;
	bool started;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	/* Under the lock. */
	bool ending, room_failed, check_now;
	int64_t short_s; /* when there was no room for the last time; written by the thread alone */
	char failure[sizeof(((struct err *)0)->msg)]; /* "" or words that may name a broken part */
	/* The thread's own. */
	struct engine_conn *conn;
	int64_t since_s; /* parts from here on are checked; 0: no episode */
	int64_t room_s;	 /* when there was room for the last time */
	int64_t next_check_ns;
	uint64_t checked[CHECKED_MAX]; /* a ring of hashes of paths */
	size_t checked_next;
};

static int64_t now_s(void)
{
	return clock_realtime_ns() / NSEC_PER_SEC;
}

static bool room_is_short(const struct parts *p)
{
	struct statvfs fs;

	return statvfs(p->options.data_dir, &fs) == 0 &&
	       (uint64_t)fs.f_bavail * fs.f_frsize < ROOM_SHORT_BYTES;
}

/* FNV-1a: only for what need not be checked twice. */
static uint64_t hash_path(const char *path)
{
	uint64_t h = 14695981039346656037ull;

	while (*path)
		h = (h ^ (uint8_t)*path++) * 1099511628211ull;
	return h;
}

static bool was_checked(const struct parts *p, const struct part *part)
{
	uint64_t h = hash_path(part->path);

	for (size_t i = 0; i < CHECKED_MAX; i++) {
		if (p->checked[i] == h)
			return true;
	}
	return false;
}

static void remember_checked(struct parts *p, const struct part *part)
{
	p->checked[p->checked_next++ % CHECKED_MAX] = hash_path(part->path);
}

static int set_aside(struct parts *p, const struct part *part, const struct err *why)
{
	uint64_t sources = 0, back = 0;
	char to[PART_PATH_SIZE];
	/* Not to know how many come back is no reason to leave the table as it is. */
	int r = part_count_sources(p->conn, part, &sources, &back);

	if (r < 0)
		log_debug("sources of %s: %s", part->name, strerror(-r));
	r = part_move_aside(part, to);
	if (r < 0) {
		LOG_RATELIMIT(LOG_LEVEL_ERROR, 60,
			      "part %s of %s.%s is broken (%s) and cannot be moved: %s", part->name,
			      part->database, part->table, why->msg, strerror(-r));
		return r;
	}
	log_error("part %s of %s.%s is broken (%s): moved to %s. Of its %" PRIu64 " rows %" PRIu64
		  " come back from the %" PRIu64 " parts it was merged from; %" PRIu64
		  " are missing unless they are sent again. Remove the folder when nobody needs it",
		  part->name, part->database, part->table, why->msg, to, part->rows,
		  MIN(back, part->rows), sources, part->rows - MIN(back, part->rows));
	return 0;
}

/* What a failed statement wrote would be in the next one's answer. */
static void drop_connection(struct parts *p, const char *what, const struct err *err, int r)
{
	LOG_RATELIMIT(LOG_LEVEL_ERROR, 60, "%s: %s", what, err_msg(err, r));
	engine_disconnect(p->conn);
	p->conn = NULL;
}

/* Checks what part_list() gave; the count of parts that were moved. */
static unsigned int check_list(struct parts *p, char *text)
{
	struct err why = { 0 };
	unsigned int moved = 0;
	struct part part;
	int r = 0;

	while (r >= 0 && part_next(&text, &part)) {
		if (was_checked(p, &part))
			continue;
		r = part_check(p->conn, &part, &why);
		if (r == 0)
			remember_checked(p, &part);
		else if (r > 0 && set_aside(p, &part, &why) == 0)
			moved++;
	}
	if (r < 0)
		drop_connection(p, "a part cannot be checked", &why, r);
	return moved;
}

static int list_since(struct engine_conn *c, int64_t since_s, struct buf *out, struct err *err)
{
	char where[80];

	snprintf(where, sizeof(where), "modification_time >= fromUnixTimestamp(%" PRId64 ")",
		 since_s);
	return part_list(c, where, NULL, out, err);
}

/* One that began while there was no room may be broken when it ends. */
static bool merges_are_open(struct parts *p, int64_t now)
{
	_cleanup_buf_ struct buf out = BUF_INIT(4096);
	char sql[128];

	snprintf(sql, sizeof(sql), "SELECT count() FROM system.merges WHERE elapsed >= %" PRId64,
		 now - p->short_s);
	return part_ask(p->conn, sql, NULL, &out, NULL) < 0 || strcmp(out.data, "0\n") != 0;
}

/* What was written in this episode; ends the episode when it is over. */
static unsigned int check_written(struct parts *p)
{
	_cleanup_buf_ struct buf out = BUF_INIT(64 << 20);
	struct err err = { 0 };
	int64_t now = now_s();
	/* Before the list: a merge that ends in between is then in it. */
	bool is_over = now > p->short_s + SLACK_S / 10 && !merges_are_open(p, now);
	int r = list_since(p->conn, p->since_s, &out, &err);

	if (r < 0) {
		drop_connection(p, "parts cannot be listed", &err, r);
		return 0;
	}
	if (check_list(p, out.data))
		return 1;
	/* Where one could not be checked, all of it is tried again. */
	if (!p->conn)
		return 0;
	p->since_s = is_over ? 0 : MAX(p->since_s, now - LOOK_BACK_S);
	return 0;
}

/* A part that a failed statement named, wherever it is in the words. */
static unsigned int check_named(struct parts *p, const char *words)
{
	_cleanup_buf_ struct buf out = BUF_INIT(64 << 20), value = BUF_INIT(8192);
	struct engine_params params = { .names = { "words" }, .count = 1 };
	struct err err = { 0 };
	int r;

	/* Values are in TSV's form: what it would escape is no part of a name. */
	for (; *words; words++)
		buf_append_byte(&value, strchr("\\\t\n", *words) ? ' ' : (uint8_t)*words);
	if (buf_error(&value))
		return 0;
	params.values[0] = value.data;
	memset(p->checked, 0, sizeof(p->checked));
	r = part_list(p->conn, "position({words:String}, concat('/', name, '/')) > 0", &params,
		      &out, &err);
	if (r == 0)
		return check_list(p, out.data);
	drop_connection(p, "parts cannot be listed", &err, r);
	return 0;
}

static bool connect_thread(struct parts *p)
{
	struct err err = { 0 };
	int r;

	if (p->conn)
		return true;
	r = engine_connect(p->options.engine, false, NULL, &p->conn, &err);
	if (r < 0)
		LOG_RATELIMIT(LOG_LEVEL_ERROR, 60, "connection for checks: %s", err_msg(&err, r));
	return r == 0;
}

/* Parts that lie aside, by us (told before) or the engine's start (not yet), until removed. */
static void tell_what_lies_aside(struct parts *p)
{
	static const char sql[] = "SELECT database, table, path FROM system.detached_parts "
				  "WHERE reason LIKE '%broken%' ORDER BY path";
	_cleanup_buf_ struct buf out = BUF_INIT(64 << 20);
	char *rest, *line;
	unsigned int count = 0;

	if (part_ask(p->conn, sql, NULL, &out, NULL) < 0)
		return;
	rest = out.data;
	while ((line = strsep(&rest, "\n")) && *line) {
		const char *database = strsep(&line, "\t"), *table = strsep(&line, "\t");
		_cleanup_free_ char *rows = NULL;
		char path[PART_PATH_SIZE];

		if (++count > TOLD_MAX || !line)
			continue;
		snprintf(path, sizeof(path), "%s/count.txt", line);
		if (file_read(path, 32, &rows, NULL, NULL) < 0)
			rows = NULL;
		log_write(strstr(line, "broken-on-start") ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING,
			  "a broken part of %s.%s with %s rows lies in %s: remove it when nobody "
			  "needs it",
			  database, table, rows && *rows ? rows : "an unknown number of", line);
	}
	if (count > TOLD_MAX)
		log_warning("and %u more broken parts: system.detached_parts", count - TOLD_MAX);
}

/* Sleeps until the next look, or less where something asks for one. False: the end. */
static bool wait_turn(struct parts *p, bool *ret_check_now, char *ret_failure)
{
	struct timespec until;
	bool ending;

	pthread_mutex_lock(&p->lock);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += LOOK_INTERVAL_NS;
	until.tv_sec += until.tv_nsec / NSEC_PER_SEC;
	until.tv_nsec %= NSEC_PER_SEC;
	if (!p->ending && !p->check_now)
		pthread_cond_timedwait(&p->wake, &p->lock, &until);
	ending = p->ending;
	*ret_check_now = p->check_now;
	if (p->room_failed || p->check_now || room_is_short(p))
		p->short_s = now_s();
	p->room_failed = p->check_now = false;
	strcpy(ret_failure, p->failure);
	p->failure[0] = '\0';
	pthread_mutex_unlock(&p->lock);
	return !ending;
}

/* Looks at the room; true: something is to be checked now. */
static bool look(struct parts *p, bool check_now)
{
	int64_t now = now_s();

	if (!p->since_s && p->short_s < now)
		p->room_s = now;
	else if (!p->since_s)
		p->since_s = p->room_s - SLACK_S;
	if (!p->since_s || (!check_now && clock_monotonic_ns() < p->next_check_ns))
		return false;
	p->next_check_ns = clock_monotonic_ns() + CHECK_INTERVAL_NS;
	return true;
}

static void *watch(void *arg)
{
	struct parts *p = arg;
	char failure[sizeof(p->failure)];
	bool check_now, told = false;

	while (wait_turn(p, &check_now, failure)) {
		unsigned int moved = 0;

		if (!connect_thread(p))
			continue;
		if (!told)
			tell_what_lies_aside(p);
		told = true;
		if (failure[0])
			moved = check_named(p, failure);
		if (look(p, check_now) && p->conn)
			moved += check_written(p);
		/* The engine does not know where they are now: it is not asked again. */
		if (moved) {
			p->options.on_set_aside(p->options.arg);
			break;
		}
	}
	engine_disconnect(p->conn);
	return NULL;
}

int parts_new(const struct parts_options *options, struct parts **ret_parts, struct err *err)
{
	_cleanup_(parts_freep) struct parts *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return err_setf(err, -ENOMEM, "out of memory");
	p->options = *options;
	/* Whoever ran before may have been ended while room was short. */
	p->since_s = now_s() - LOOK_BACK_S;
	pthread_mutex_init(&p->lock, NULL);
	clock_cond_init(&p->wake);
	r = pthread_create(&p->thread, NULL, watch, p);
	if (r)
		return err_setf(err, -r, "threads: %s", strerror(r));
	p->started = true;
	*ret_parts = TAKE_PTR(p);
	return 0;
}

void parts_free(struct parts *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->ending = true;
	pthread_cond_signal(&p->wake);
	pthread_mutex_unlock(&p->lock);
	if (p->started)
		pthread_join(p->thread, NULL);
	pthread_cond_destroy(&p->wake);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

/* ClickHouse's codes: src/Common/ErrorCodes.cpp. */
static bool says_damage(int code)
{
	static const int codes[] = {
		33,   /* CANNOT_READ_ALL_DATA */
		40,   /* CHECKSUM_DOESNT_MATCH */
		107,  /* FILE_DOESNT_EXIST */
		117,  /* INCORRECT_DATA */
		226,  /* NO_FILE_IN_DATA_PART */
		228,  /* BAD_SIZE_OF_FILE_IN_DATA_PART */
		246,  /* CORRUPTED_DATA */
		271,  /* CANNOT_DECOMPRESS */
		1001, /* STD_EXCEPTION */
	};

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		if (codes[i] == code)
			return true;
	}
	return false;
}

void parts_note_failure(struct parts *p, const char *words)
{
	enum { CANNOT_WRITE = 75, NOT_ENOUGH_SPACE = 243 };
	int code = 0;

	if (!words)
		return;
	(void)sscanf(words, "Code: %d", &code);
	pthread_mutex_lock(&p->lock);
	if (code == NOT_ENOUGH_SPACE || code == CANNOT_WRITE || strstr(words, "No space left"))
		p->room_failed = true;
	/* One at a time: who is refused for the next asks again. */
	else if (says_damage(code) && !p->failure[0])
		snprintf(p->failure, sizeof(p->failure), "%s", words);
	pthread_mutex_unlock(&p->lock);
}

void parts_insert_begin(struct parts *p, struct parts_insert *ret_insert)
{
	*ret_insert =
	    (struct parts_insert){ .begun_s = now_s(), .room_was_short = room_is_short(p) };
}

static void ask_for_check(struct parts *p)
{
	pthread_mutex_lock(&p->lock);
	p->check_now = true;
	pthread_cond_signal(&p->wake);
	pthread_mutex_unlock(&p->lock);
}

static bool was_short_since(struct parts *p, int64_t time_s)
{
	bool was;

	pthread_mutex_lock(&p->lock);
	was = p->short_s >= time_s;
	pthread_mutex_unlock(&p->lock);
	return was;
}

int parts_insert_end(struct parts *p, const struct parts_insert *i, struct engine_conn *c,
		     struct err *err)
{
	_cleanup_buf_ struct buf out = BUF_INIT(64 << 20);
	struct part part;
	char *text;
	int r;

	if (!i->room_was_short && !room_is_short(p) && !was_short_since(p, i->begun_s))
		return 0;
	r = list_since(c, i->begun_s, &out, err);
	if (r < 0)
		return err_prefix(err, -EIO, "what was inserted cannot be checked: ");
	text = out.data;
	while (part_next(&text, &part)) {
		struct err why = { 0 };

		r = part_check(c, &part, &why);
		if (r == 0)
			continue;
		ask_for_check(p);
		return err_setf(err, -EIO, "Code: 243. Room is short, and part %s is %s: %.500s",
				part.name, r > 0 ? "broken" : "not checked", why.msg);
	}
	return 0;
}
