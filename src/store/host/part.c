/* SPDX-License-Identifier: Apache-2.0 */
#include "store/host/part.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/log.h"

#define LIST_MAX 10000
#define ASIDE_TRIES_MAX 100
#define TOKENS_FILE_MAX (64 << 20)

int part_ask(struct engine_conn *c, const char *sql, const struct engine_params *params,
	     struct buf *out, struct err *err)
{
	struct engine_result result;
	int r = engine_run(c, sql, "TSV", params, &result, err);

	if (r < 0)
		return r;
	buf_clear(out);
	r = buf_append(out, result.data ? result.data : "", result.data ? result.len : 0);
	engine_result_done(c, &result);
	return r < 0 ? err_setf(err, r, "the engine's answer is too large") : 0;
}

static bool is_plain(const char *name)
{
	for (; *name; name++) {
		if (!isalnum((unsigned char)*name) && *name != '_' && *name != '-')
			return false;
	}
	return true;
}

int part_list(struct engine_conn *c, const char *where, const struct engine_params *params,
	      struct buf *out, struct err *err)
{
	_cleanup_buf_ struct buf sql = BUF_INIT(8192);

	buf_printf(
	    &sql,
	    "SELECT database, table, name, path, partition_id, min_block_number, max_block_number, "
	    "level, rows FROM system.parts WHERE active AND database != 'system' AND %s "
	    "ORDER BY modification_time LIMIT %d",
	    where, LIST_MAX);
	return buf_error(&sql) ? buf_error(&sql) : part_ask(c, sql.data, params, out, err);
}

/* Takes a line of part_list() off the text; false at its end. */
bool part_next(char **text, struct part *ret_part)
{
	const char *fields[9];
	char *line;

	do {
		line = strsep(text, "\n");
		if (!line || !*line)
			return false;
		for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
			fields[i] = strsep(&line, "\t");
			if (!fields[i])
				return false;
		}
		/* Names that would have to be quoted are none of ours. */
	} while (!is_plain(fields[0]) || !is_plain(fields[1]) || !is_plain(fields[2]));
	*ret_part = (struct part){ fields[0], fields[1], fields[2],
				   fields[3], fields[4], fields[5],
				   fields[6], fields[7], strtoull(fields[8], NULL, 10) };
	return true;
}

/* Of a statement about a part: ClickHouse's src/Common/ErrorCodes.cpp. */
static bool is_gone(const struct err *err)
{
	enum { UNKNOWN_TABLE = 60, NO_SUCH_DATA_PART = 232 };
	int code = 0;

	(void)sscanf(err->msg, "Code: %d", &code);
	return code == UNKNOWN_TABLE || code == NO_SUCH_DATA_PART;
}

static int check_once(struct engine_conn *c, const struct part *part, struct err *ret_why)
{
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 20);
	struct err err = { 0 };
	char sql[512], *rest, *path, *passed;
	int r;

	snprintf(sql, sizeof(sql),
		 "CHECK TABLE `%s`.`%s` PART '%s' SETTINGS check_query_single_value_result = 0",
		 part->database, part->table, part->name);
	r = part_ask(c, sql, NULL, &out, &err);
	if (r < 0)
		return is_gone(&err) ? 0 : err_setf(ret_why, r, "%s", err_msg(&err, r));
	rest = out.data;
	path = strsep(&rest, "\t");
	passed = strsep(&rest, "\t");
	if (!path || !passed || strcmp(passed, "0") != 0)
		return 0;
	err_setf(ret_why, -EIO, "%.600s", rest ? rest : "");
	ret_why->msg[strcspn(ret_why->msg, "\n")] = '\0';
	return 1;
}

/* Twice: what is moved must be broken on the disk, not only in one reading of it. */
int part_check(struct engine_conn *c, const struct part *part, struct err *ret_why)
{
	int r = check_once(c, part, ret_why);

	return r == 1 ? check_once(c, part, ret_why) : r;
}

/*
 * Rows that come back: of inactive parts within the broken one's range those that no other of them
 * covers. The engine takes these in at its start.
 */
int part_count_sources(struct engine_conn *c, const struct part *part, uint64_t *ret_count,
		       uint64_t *ret_rows)
{
	static const char form[] =
	    "SELECT count(), sum(rows) FROM (SELECT rows, min_block_number AS first, "
	    "max(max_block_number) OVER w AS before, count() OVER w AS earlier FROM system.parts "
	    "WHERE NOT active AND database = '%s' AND table = '%s' AND partition_id = '%s' AND "
	    "min_block_number >= %s AND max_block_number <= %s AND level < %s "
	    "WINDOW w AS (ORDER BY min_block_number, max_block_number DESC, level DESC "
	    "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) WHERE earlier = 0 OR first > "
	    "before";
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 20), sql = BUF_INIT(8192);
	int r;

	buf_printf(&sql, form, part->database, part->table, part->partition, part->first_block,
		   part->last_block, part->level);
	r = buf_error(&sql);
	if (r == 0)
		r = part_ask(c, sql.data, NULL, &out, NULL);
	if (r < 0)
		return r;
	return sscanf(out.data, "%" SCNu64 "\t%" SCNu64, ret_count, ret_rows) == 2 ? 0 : -EBADMSG;
}

/*
 * The lines "1 TAB part TAB token" of a deduplication log: a byte of each token is changed where it
 * stands, since a full disk takes nothing that is longer.
 */
static int forget_in(int folder, const char *file, const char *name)
{
	_cleanup_close_ int fd = openat(folder, file, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	_cleanup_free_ char *text = NULL;
	char begin[256];
	struct stat st;
	int len = snprintf(begin, sizeof(begin), "1\t%s\t", name);

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size > TOKENS_FILE_MAX)
		return -EFBIG;
	text = calloc(1, (size_t)st.st_size + 1);
	if (!text)
		return -ENOMEM;
	if (fd_read_full(fd, text, (size_t)st.st_size) < 0)
		return -EIO;
	for (char *line = text; *line; line += strcspn(line, "\n") + 1) {
		char *end = line + strcspn(line, "\n");

		if (strncmp(line, begin, (size_t)len) == 0 && end > line + len &&
		    pwrite(fd, "-", 1, end - 1 - text) != 1)
			return -errno;
		if (!*end)
			break;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/* Else a block that is sent again would pass for one that is there. The engine reads them at its
 * start. */
static int forget_tokens(const char *table_dir, const char *name)
{
	char path[PART_PATH_SIZE + 32];
	struct dirent *entry;
	DIR *dir;
	int r = 0;

	snprintf(path, sizeof(path), "%s/deduplication_logs", table_dir);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (r == 0 && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			r = forget_in(dirfd(dir), entry->d_name, name);
	}
	closedir(dir);
	return r;
}

/* Moves PATH/ of TABLE/PART/ to TABLE/detached/broken_PART; ret_to has PART_PATH_SIZE bytes. */
int part_move_aside(const struct part *part, char *ret_to)
{
	char from[PART_PATH_SIZE - 512]; /* leaves room for the rest */
	size_t len = strlen(part->path);
	char *slash;
	int r;

	while (len && part->path[len - 1] == '/')
		len--;
	if (len >= sizeof(from))
		return -ENAMETOOLONG;
	memcpy(from, part->path, len);
	from[len] = '\0';
	slash = strrchr(from, '/');
	if (!slash || strcmp(slash + 1, part->name))
		return -EINVAL;
	*slash = '\0';
	/* What is not forgotten or not yet durable is no reason to leave the table as it is. */
	r = forget_tokens(from, part->name);
	if (r < 0)
		log_debug("tokens of %s: %s", part->name, strerror(-r));
	for (int n = 0; n < ASIDE_TRIES_MAX; n++) {
		char again[16] = "";

		if (n)
			snprintf(again, sizeof(again), "_try%d", n);
		snprintf(ret_to, PART_PATH_SIZE, "%s/detached/broken_%s%s", from, part->name,
			 again);
		if (rename(part->path, ret_to) == 0) {
			(void)dir_sync(from);
			return 0;
		}
		if (errno != EEXIST && errno != ENOTEMPTY)
			return -errno;
	}
	return -EEXIST;
}
