/* SPDX-License-Identifier: Apache-2.0 */
#include "store/state.h"

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/state_internal.h"

#define BUSY_TIMEOUT_MS 10000
#define WAL_RETRY_MS 10

struct state {
	char path[STATE_PATH_SIZE];
	char copy[STATE_PATH_SIZE]; /* of before the upgrade that opening made; "" where none */
	pthread_key_t key;	    /* the thread's connection */
	pthread_mutex_t lock;
	struct state_conn *connections; /* all of them, to be closed with the state */
};

struct state_stmt {
	sqlite3_stmt *stmt;
};

static int code_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
		return 0;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_CONSTRAINT:
		return -EEXIST;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_NOMEM:
		return -ENOMEM;
	default:
		return -EIO;
	}
}

static int fail(struct state_conn *c, int rc, const char *sql, struct err *err)
{
	return err_setf(err, code_of(rc), "state: %s (in: %.60s)", sqlite3_errmsg(c->db), sql);
}

/*
 * The first change to WAL wants the file alone and is refused at once, the busy timeout does not hold
 * for it: several that make a new database together would fail.
 */
static int configure(sqlite3 *db)
{
	int rc = SQLITE_BUSY;

	for (int waited = 0; rc == SQLITE_BUSY && waited < BUSY_TIMEOUT_MS; waited += WAL_RETRY_MS) {
		if (waited)
			sqlite3_sleep(WAL_RETRY_MS);
		rc = sqlite3_exec(db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
	}
	if (rc != SQLITE_OK)
		return rc;
	return sqlite3_exec(db,
			    "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
			    "PRAGMA trusted_schema=OFF;",
			    NULL, NULL, NULL);
}

int state_conn_open(const char *path, struct state_conn **ret_conn, struct err *err)
{
	struct state_conn *c = calloc(1, sizeof(*c));
	int rc;

	if (!c)
		return err_setf(err, -ENOMEM, "out of memory");
	rc = sqlite3_open_v2(
	    path, &c->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(c->db, BUSY_TIMEOUT_MS);
	if (rc == SQLITE_OK)
		rc = configure(c->db);
	if (rc != SQLITE_OK) {
		int r = err_setf(err, code_of(rc), "%s: %s", path, sqlite3_errmsg(c->db));

		sqlite3_close(c->db);
		free(c);
		return r;
	}
	*ret_conn = c;
	return 0;
}

void state_conn_close(struct state_conn *c)
{
	sqlite3_close(c->db);
	free(c);
}

int state_open_version(const char *path, int64_t version, struct state **ret_state, struct err *err)
{
	_cleanup_(state_closep) struct state *s = calloc(1, sizeof(*s));
	_cleanup_(state_conn_closep) struct state_conn *c = NULL;
	int r;

	if (!s)
		return err_setf(err, -ENOMEM, "out of memory");
	pthread_mutex_init(&s->lock, NULL);
	r = pthread_key_create(&s->key, NULL);
	if (r != 0)
		return err_setf(err, -r, "thread key: %s", strerror(r));
	if (strlen(path) > STATE_FILE_MAX)
		return err_setf(err, -ENAMETOOLONG,
				"%.60s...: at most %d bytes of path are possible", path,
				STATE_FILE_MAX);
	snprintf(s->path, sizeof(s->path), "%s", path);
	r = state_conn_open(path, &c, err);
	if (r == 0)
		r = state_migrate(c, path, version, s->copy, err);
	if (r < 0)
		return r;
	*ret_state = TAKE_PTR(s);
	return 0;
}

int state_open(const char *path, struct state **ret_state, struct err *err)
{
	return state_open_version(path, state_newest_version(), ret_state, err);
}

const char *state_copy(const struct state *s)
{
	return s->copy[0] ? s->copy : NULL;
}

void state_close(struct state *s)
{
	if (!s)
		return;
	while (s->connections) {
		struct state_conn *c = s->connections;

		s->connections = c->next;
		state_conn_close(c);
	}
	pthread_key_delete(s->key);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

struct state_conn *state_get(struct state *s)
{
	struct state_conn *c = pthread_getspecific(s->key);

	if (c)
		return c;
	if (state_conn_open(s->path, &c, NULL) < 0)
		return NULL;
	if (pthread_setspecific(s->key, c) != 0) {
		state_conn_close(c);
		return NULL;
	}
	pthread_mutex_lock(&s->lock);
	c->next = s->connections;
	s->connections = c;
	pthread_mutex_unlock(&s->lock);
	return c;
}

int state_begin(struct state_conn *c, struct err *err)
{
	int r = state_exec(c, err, "BEGIN IMMEDIATE", "");

	c->in_transaction = r == 0;
	return r;
}

int state_commit(struct state_conn *c, struct err *err)
{
	int r = state_exec(c, err, "COMMIT", "");

	if (r == 0)
		c->in_transaction = false;
	return r;
}

void state_rollback(struct state_conn *c)
{
	if (!c->in_transaction)
		return;
	sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
	c->in_transaction = false;
}

int state_end(struct state_conn *c, int r, struct err *err)
{
	if (r >= 0)
		r = state_commit(c, err);
	state_rollback(c);
	return r;
}

/* Texts and blobs are copied: the caller's may go before the statement has run. */
static int bind(sqlite3_stmt *stmt, const char *types, va_list ap)
{
	int rc = SQLITE_OK;

	for (int i = 1; *types && rc == SQLITE_OK; types++, i++) {
		const char *text;
		size_t len;

		switch (*types) {
		case 's':
			text = va_arg(ap, const char *);
			rc = sqlite3_bind_text(stmt, i, text, -1, SQLITE_TRANSIENT);
			break;
		case 'S':
			text = va_arg(ap, const char *);
			len = va_arg(ap, size_t);
			rc = sqlite3_bind_text64(stmt, i, text, len, SQLITE_TRANSIENT, SQLITE_UTF8);
			break;
		case 'b':
			text = va_arg(ap, const char *);
			len = va_arg(ap, size_t);
			rc = sqlite3_bind_blob64(stmt, i, text, len, SQLITE_TRANSIENT);
			break;
		case 'i':
			rc = sqlite3_bind_int64(stmt, i, va_arg(ap, int64_t));
			break;
		case 'd':
			rc = sqlite3_bind_double(stmt, i, va_arg(ap, double));
			break;
		case 'n':
			rc = sqlite3_bind_null(stmt, i);
			break;
		default:
			return SQLITE_MISUSE;
		}
	}
	return rc;
}

static int prepare(struct state_conn *c, sqlite3_stmt **ret_stmt, const char *sql,
		   const char *types, va_list ap)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(c->db, sql, -1, &stmt, NULL);

	if (rc == SQLITE_OK)
		rc = bind(stmt, types, ap);
	if (rc != SQLITE_OK) {
		sqlite3_finalize(stmt);
		return rc;
	}
	*ret_stmt = stmt;
	return SQLITE_OK;
}

int state_exec(struct state_conn *c, struct err *err, const char *sql, const char *types, ...)
{
	sqlite3_stmt *stmt;
	va_list ap;
	int rc;

	va_start(ap, types);
	rc = prepare(c, &stmt, sql, types, ap);
	va_end(ap);
	if (rc != SQLITE_OK)
		return fail(c, rc, sql, err);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
		;
	if (rc != SQLITE_DONE) {
		int r = fail(c, rc, sql, err);

		sqlite3_finalize(stmt);
		return r;
	}
	sqlite3_finalize(stmt);
	return 0;
}

int64_t state_changes(const struct state_conn *c)
{
	return sqlite3_changes64(c->db);
}

int state_query(struct state_conn *c, struct state_stmt **ret_stmt, struct err *err,
		const char *sql, const char *types, ...)
{
	struct state_stmt *st = calloc(1, sizeof(*st));
	va_list ap;
	int rc;

	if (!st)
		return err_setf(err, -ENOMEM, "out of memory");
	va_start(ap, types);
	rc = prepare(c, &st->stmt, sql, types, ap);
	va_end(ap);
	if (rc != SQLITE_OK) {
		free(st);
		return fail(c, rc, sql, err);
	}
	*ret_stmt = st;
	return 0;
}

static int bind_value(sqlite3_stmt *stmt, int i, const struct state_value *v)
{
	switch (v->type) {
	case 's':
		return sqlite3_bind_text(stmt, i, v->text, -1, SQLITE_TRANSIENT);
	case 'i':
		return sqlite3_bind_int64(stmt, i, v->number);
	case 'd':
		return sqlite3_bind_double(stmt, i, v->real);
	case 'n':
		return sqlite3_bind_null(stmt, i);
	default:
		return SQLITE_MISUSE;
	}
}

int state_query_values(struct state_conn *c, struct state_stmt **ret_stmt, struct err *err,
		       const char *sql, const struct state_value *values, size_t count)
{
	_cleanup_(state_donep) struct state_stmt *st = calloc(1, sizeof(*st));
	int rc;

	if (!st)
		return err_setf(err, -ENOMEM, "out of memory");
	rc = sqlite3_prepare_v2(c->db, sql, -1, &st->stmt, NULL);
	for (size_t i = 0; i < count && rc == SQLITE_OK; i++)
		rc = bind_value(st->stmt, (int)i + 1, &values[i]);
	if (rc != SQLITE_OK)
		return fail(c, rc, sql, err);
	*ret_stmt = TAKE_PTR(st);
	return 0;
}

int state_step(struct state_stmt *st, struct err *err)
{
	int rc = sqlite3_step(st->stmt);

	if (rc == SQLITE_ROW)
		return 1;
	if (rc == SQLITE_DONE)
		return 0;
	return err_setf(err, code_of(rc), "state: %s", sqlite3_errmsg(sqlite3_db_handle(st->stmt)));
}

void state_done(struct state_stmt *st)
{
	if (!st)
		return;
	sqlite3_finalize(st->stmt);
	free(st);
}

const char *state_text(struct state_stmt *st, int column)
{
	return (const char *)sqlite3_column_text(st->stmt, column);
}

int64_t state_int(struct state_stmt *st, int column)
{
	return sqlite3_column_int64(st->stmt, column);
}

double state_double(struct state_stmt *st, int column)
{
	return sqlite3_column_double(st->stmt, column);
}

const void *state_blob(struct state_stmt *st, int column, size_t *ret_len)
{
	const void *data = sqlite3_column_blob(st->stmt, column);

	*ret_len = (size_t)sqlite3_column_bytes(st->stmt, column);
	return data;
}

bool state_is_null(struct state_stmt *st, int column)
{
	return sqlite3_column_type(st->stmt, column) == SQLITE_NULL;
}
