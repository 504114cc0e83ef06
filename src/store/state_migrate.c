/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state_migrate.c - from the version that a database has to the one that the program knows
 *
 * Forward only; the way back is the copy that is made before. It is taken while the write lock is
 * held, so that it is exactly what the migrations began with, and one of two programs that open the
 * database at once makes it. This file must not delete anything but copies beyond the newest few.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/fd.h"
#include "store/state_internal.h"

#include "state-schema-2.gen.h"
#include "state-schema-3.gen.h"
#include "state-schema-4.gen.h"
#include "state-schema-5.gen.h"
#include "state-schema-6.gen.h"
#include "state-schema-7.gen.h"
#include "state-schema.gen.h"

#define COPIES_KEPT 3
#define COMPARE_SIZE 65536

/* Version n of the database is what migrations[0 .. n-1] make of an empty one. */
static const char *const migrations[] = { state_schema_sql, state_schema_2_sql, state_schema_3_sql,
					  state_schema_4_sql, state_schema_5_sql,
					  state_schema_6_sql, state_schema_7_sql };

/* A copy beside the database: FILE.vVERSION-SECONDS, seconds since 1970. */
struct copy {
	int64_t version, time;
};

struct copies {
	struct copy newest[COPIES_KEPT + 1]; /* the newest first */
	size_t count;
};

int64_t state_newest_version(void)
{
	return (int64_t)ARRAY_SIZE(migrations);
}

static void copy_path(const char *path, const struct copy *copy, char ret_path[STATE_PATH_SIZE])
{
	snprintf(ret_path, STATE_PATH_SIZE, "%s.v%" PRId64 "-%" PRId64, path, copy->version,
		 copy->time);
}

/* Only the names that copy_path() makes, to the letter. */
static bool copy_parse(const char *file, const char *name, struct copy *ret_copy)
{
	const size_t len = strlen(file);
	struct copy copy;
	char again[64];

	if (strncmp(name, file, len) != 0 ||
	    sscanf(name + len, ".v%18" SCNd64 "-%18" SCNd64, &copy.version, &copy.time) != 2)
		return false;
	snprintf(again, sizeof(again), ".v%" PRId64 "-%" PRId64, copy.version, copy.time);
	if (strcmp(name + len, again) != 0 || copy.version < 1 || copy.time < 0)
		return false;
	*ret_copy = copy;
	return true;
}

/* Puts it in its place; what there is no place for is the oldest, and stands behind the kept. */
static void copies_add(struct copies *list, const struct copy *copy)
{
	size_t i = list->count < COPIES_KEPT ? list->count++ : COPIES_KEPT;

	list->newest[i] = *copy;
	for (; i > 0 && list->newest[i].time > list->newest[i - 1].time; i--) {
		struct copy older = list->newest[i - 1];

		list->newest[i - 1] = list->newest[i];
		list->newest[i] = older;
	}
}

static void folder_of(const char *path, char ret_dir[STATE_PATH_SIZE])
{
	const char *slash = strrchr(path, '/');

	snprintf(ret_dir, STATE_PATH_SIZE, "%.*s", slash ? (int)(slash - path) + 1 : 1,
		 slash ? path : ".");
}

/* The newest copies of at most a version; prune: those behind them are removed. */
static int copies_read(const char *path, int64_t version_max, bool prune, struct copies *ret_list)
{
	char dir[STATE_PATH_SIZE], old[STATE_PATH_SIZE];
	const char *slash = strrchr(path, '/');
	struct dirent *entry;
	struct copy copy;
	struct stat st;
	DIR *d;

	folder_of(path, dir);
	d = opendir(dir);
	if (!d)
		return -errno;
	*ret_list = (struct copies){ 0 };
	while ((entry = readdir(d))) {
		if (!copy_parse(slash ? slash + 1 : path, entry->d_name, &copy) ||
		    copy.version > version_max ||
		    fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISREG(st.st_mode))
			continue;
		ret_list->newest[COPIES_KEPT].time = -1;
		copies_add(ret_list, &copy);
		if (!prune || ret_list->newest[COPIES_KEPT].time < 0)
			continue;
		copy_path(path, &ret_list->newest[COPIES_KEPT], old);
		unlink(old);
	}
	closedir(d);
	return 0;
}

static bool same_content(const char *a, const char *b)
{
	_cleanup_close_ int fd_a = open(a, O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int fd_b = open(b, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *data = malloc(2 * COMPARE_SIZE);
	ssize_t n, m;

	if (fd_a < 0 || fd_b < 0 || !data)
		return false;
	do {
		n = fd_read_full(fd_a, data, COMPARE_SIZE);
		m = fd_read_full(fd_b, data + COMPARE_SIZE, COMPARE_SIZE);
		if (n < 0 || n != m || memcmp(data, data + COMPARE_SIZE, (size_t)n) != 0)
			return false;
	} while (n > 0);
	return true;
}

/*
 * A supervisor starts a program again and again whose migration fails: copies that say the same as
 * the newest go, lest they push out the copies of earlier versions.
 */
static void copies_tidy(const char *path)
{
	char newest[STATE_PATH_SIZE], older[STATE_PATH_SIZE];
	struct copies list;

	/* What cannot be tidied up stays: no reason not to go on. */
	if (copies_read(path, INT64_MAX, false, &list) < 0 || list.count < 2)
		return;
	copy_path(path, &list.newest[0], newest);
	copy_path(path, &list.newest[1], older);
	if (same_content(newest, older))
		unlink(older);
	copies_read(path, INT64_MAX, true, &list);
}

/* Newer than all that are there, whatever the clock says: it must not be the one that is pruned. */
static int name_copy(const char *path, int64_t version, char ret_copy[STATE_PATH_SIZE])
{
	struct copy copy = { version, time(NULL) };
	struct copies list;
	int r = copies_read(path, INT64_MAX, false, &list);

	if (r == 0 && list.count)
		copy.time = MAX(copy.time, list.newest[0].time + 1);
	copy_path(path, &copy, ret_copy);
	return r;
}

/* SQLite does not sync what VACUUM INTO writes. */
static int put_in_place(const char *unfinished, const char *copy)
{
	_cleanup_close_ int fd = open(unfinished, O_RDONLY | O_CLOEXEC);
	char dir[STATE_PATH_SIZE];

	folder_of(copy, dir);
	if (fd < 0 || fchmod(fd, 0600) < 0 || fsync(fd) < 0 || rename(unfinished, copy) < 0)
		return -errno;
	return dir_sync(dir);
}

/*
 * By a connection of its own: one in a transaction cannot. Under another name until it is whole;
 * the caller holds the database's write lock, so nobody else writes there.
 */
static int make_copy(const char *path, int64_t version, char ret_copy[STATE_PATH_SIZE],
		     struct err *err)
{
	_cleanup_(state_conn_closep) struct state_conn *c = NULL;
	char unfinished[STATE_PATH_SIZE];
	int r = state_conn_open(path, &c, err);

	if (r < 0)
		return r;
	snprintf(unfinished, sizeof(unfinished), "%s.copy-unfinished", path);
	if (unlink(unfinished) < 0 && errno != ENOENT)
		return err_setf(err, -errno, "%s: %m", unfinished);
	r = state_exec(c, err, "VACUUM INTO ?", "s", unfinished);
	if (r < 0) {
		unlink(unfinished);
		return r;
	}
	r = name_copy(path, version, ret_copy);
	if (r == 0)
		r = put_in_place(unfinished, ret_copy);
	if (r < 0)
		return err_setf(err, r, "%s: %s", ret_copy, strerror(-r));
	copies_tidy(path);
	return 0;
}

static int read_version(struct state_conn *c, int64_t *ret_version, struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(c, &st, err, "PRAGMA user_version", "");

	if (r == 0)
		r = state_step(st, err);
	if (r < 0)
		return r;
	*ret_version = state_int(st, 0);
	return 0;
}

static int run_migrations(struct state_conn *c, int64_t from, int64_t to, struct err *err)
{
	char pragma[64];

	for (int64_t n = from; n < to; n++)
		if (sqlite3_exec(c->db, migrations[n], NULL, NULL, NULL) != SQLITE_OK)
			return err_setf(err, -EIO, "to version %" PRId64 ": %s", n + 1,
					sqlite3_errmsg(c->db));
	snprintf(pragma, sizeof(pragma), "PRAGMA user_version=%" PRId64, to);
	return state_exec(c, err, pragma, "");
}

static int refuse_newer(const char *path, int64_t has, int64_t known, struct err *err)
{
	char copy[STATE_PATH_SIZE] = "the copy that it made beside the database";
	struct copies list;

	if (copies_read(path, known, false, &list) == 0 && list.count)
		copy_path(path, &list.newest[0], copy);
	return err_setf(err, -EPROTO,
			"%s has version %" PRId64 ", this program knows %" PRId64
			" and leaves it alone: start the newer program, or put back %s",
			path, has, known, copy);
}

/* In the transaction. */
static int migrate_locked(struct state_conn *c, const char *path, int64_t version,
			  char ret_copy[STATE_PATH_SIZE], struct err *err)
{
	int64_t has;
	int r = read_version(c, &has, err);

	if (r < 0)
		return r;
	/* Another program was faster. */
	if (has >= version)
		return has == version ? 0 : refuse_newer(path, has, version, err);
	if (has > 0) {
		r = make_copy(path, has, ret_copy, err);
		if (r < 0)
			return err_prefix(
			    err, r,
			    "%s: no copy could be made, so the upgrade was not tried and "
			    "the database is unchanged: ",
			    path);
	}
	r = run_migrations(c, has, version, err);
	if (r == 0)
		r = state_commit(c, err);
	if (r == 0)
		return 0;
	state_rollback(c);
	return err_prefix(err, r,
			  "%s: the upgrade failed and the database is unchanged (version %" PRId64
			  "%s%s); the program that was in use before still opens it. What failed: ",
			  path, has, ret_copy[0] ? ", also as the copy " : "", ret_copy);
}

int state_migrate(struct state_conn *c, const char *path, int64_t version,
		  char ret_copy[STATE_PATH_SIZE], struct err *err)
{
	int64_t has;
	int r = read_version(c, &has, err);

	ret_copy[0] = '\0';
	if (r < 0)
		return r;
	if (has > version)
		return refuse_newer(path, has, version, err);
	if (has == version)
		return 0;
	r = state_begin(c, err);
	if (r == 0)
		r = migrate_locked(c, path, version, ret_copy, err);
	state_rollback(c);
	return r;
}
