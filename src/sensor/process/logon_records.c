/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/logon_records.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

#define RECORD sizeof(struct utmp)
#define RECORDS_AT_ONCE 4096u /* of one look; those before are left out, as an attack makes them */

struct logon_records {
	struct log {
		char path[256];
		uint64_t read; /* bytes that are known */
		/* Which file it was: a number is given again as soon as it is free. */
		uint64_t inode;
		struct statx_timestamp made;
		bool failed;
	} files[2];
};

/* A file's number, size and when it was made; nothing where there is none. */
static struct statx look(int dir, const char *path)
{
	struct statx st = { 0 };

	if (statx(dir, path, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME, &st) < 0)
		st = (struct statx){ 0 };
	return st;
}

static void remember(struct log *l, const struct statx *st, uint64_t read)
{
	l->read = read;
	l->inode = st->stx_ino;
	l->made = st->stx_btime;
}

int logon_records_new(const char *log, struct logon_records **ret_records)
{
	struct logon_records *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(l->files); i++) {
		struct statx st;

		l->files[i].failed = i == 1;
		snprintf(l->files[i].path, sizeof(l->files[i].path), "%s/%s", log,
			 l->files[i].failed ? "btmp" : "wtmp");
		st = look(AT_FDCWD, l->files[i].path);
		remember(&l->files[i], &st, st.stx_size);
	}
	*ret_records = l;
	return 0;
}

void logon_records_free(struct logon_records *l)
{
	free(l);
}

static int which_of(const struct logon_records *l, const char *path, size_t len)
{
	for (int i = 0; i < (int)ARRAY_SIZE(l->files); i++) {
		if (strlen(l->files[i].path) == len && memcmp(l->files[i].path, path, len) == 0)
			return i;
	}
	return -ENOENT;
}

bool logon_records_have(const struct logon_records *l, const char *path, size_t len)
{
	return which_of(l, path, len) >= 0;
}

/* Where to go on: behind what is known, unless it is another file or was cut. */
static uint64_t begin_of(const struct log *l, const struct statx *st, uint64_t whole)
{
	bool same = st->stx_ino == l->inode && st->stx_btime.tv_sec == l->made.tv_sec &&
		    st->stx_btime.tv_nsec == l->made.tv_nsec;
	uint64_t at = same && l->read <= whole ? l->read - l->read % RECORD : 0;

	return whole - at > RECORDS_AT_ONCE * RECORD ? whole - RECORDS_AT_ONCE * RECORD : at;
}

/* Of wtmp also ends of sessions and starts of the machine; sshd's failures are LOGIN. */
static bool is_logon(const struct log *l, const struct utmp *u)
{
	return u->ut_type == USER_PROCESS || (l->failed && u->ut_type == LOGIN_PROCESS);
}

void logon_records_read(struct logon_records *records, const char *path, size_t len, logon_record_fn fn,
			void *arg)
{
	int i = which_of(records, path, len);
	struct log *l = i < 0 ? NULL : &records->files[i];
	_cleanup_close_ int fd = l ? open(l->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
	struct statx st;
	struct utmp u;
	uint64_t whole;

	if (fd < 0)
		return;
	st = look(fd, "");
	if (!S_ISREG(st.stx_mode))
		return;
	whole = st.stx_size - st.stx_size % RECORD;
	for (uint64_t at = begin_of(l, &st, whole); at < whole; at += RECORD) {
		if (pread(fd, &u, sizeof(u), (off_t)at) != (ssize_t)sizeof(u))
			break;
		if (is_logon(l, &u))
			fn(arg, &u, l->failed);
	}
	remember(l, &st, whole);
}
