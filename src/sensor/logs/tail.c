/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/logs/tail.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/fd.h"

#define CHUNK (64u << 10)
#define HEAD_MAX 256u
/* Who has the file open goes on writing until it is told of the new one. */
#define RENAMED_GRACE_NS (5 * NSEC_PER_SEC)
#define SIBLINGS_MAX 4096u /* names looked at in the folder */

struct tail {
	char *path;
	int fd; /* -1: no file */
	int error;
	struct tail_place place;
	bool aside;	      /* fd is what was renamed or copied away: nobody writes there */
	bool lost;
	int64_t quiet_since; /* monotonic: since when a renamed file did not grow; 0: not renamed */
	uint64_t cut;
	char chunk[CHUNK];
};

static int open_plain(int dir, const char *name, struct stat *st)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return -errno;
	if (fstat(fd, st) == 0 && S_ISREG(st->st_mode))
		return fd;
	close(fd);
	return -EINVAL;
}

static bool hash_head(int fd, uint32_t len, uint64_t *ret_hash)
{
	char head[HEAD_MAX];

	if (pread(fd, head, len, 0) != (ssize_t)len)
		return false;
	*ret_hash = XXH3_64bits(head, len);
	return true;
}

/* Whether the file begins as the one that was read did. */
static bool begins_alike(int fd, const struct tail_place *p)
{
	uint64_t hash;

	return !p->head_len || (hash_head(fd, p->head_len, &hash) && hash == p->head);
}

static bool is_same(const struct stat *st, const struct tail_place *p)
{
	return st->st_ino == p->inode && st->st_dev == p->device;
}

static void use(struct tail *t, int fd, const struct stat *st, bool aside)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = fd;
	t->aside = aside;
	t->error = 0;
	t->quiet_since = 0;
	if (aside)
		return;
	t->place.device = st->st_dev;
	t->place.inode = st->st_ino;
}

/* ---- what was renamed or copied away ---- */

static bool is_packed(const char *name)
{
	static const char *const ends[] = { ".gz", ".xz", ".bz2", ".zst", ".lz4" };
	size_t len = strlen(name);

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (len > strlen(ends[i]) && !strcmp(name + len - strlen(ends[i]), ends[i]))
			return true;
	return false;
}

/* The file under that name if it holds what was read, and goes on from there; else -1. */
static int open_sibling(const struct tail *t, int dir, const char *name, uint64_t not_inode)
{
	struct stat st;
	int fd = open_plain(dir, name, &st);

	if (fd < 0)
		return -1;
	if (st.st_ino != not_inode && st.st_size >= t->place.offset &&
	    (is_same(&st, &t->place) || t->place.head_len) && begins_alike(fd, &t->place))
		return fd;
	close(fd);
	return -1;
}

static int find_sibling(const struct tail *t, uint64_t not_inode)
{
	const char *slash = strrchr(t->path, '/'), *base = slash ? slash + 1 : t->path;
	_cleanup_free_ char *folder = slash ? strndup(t->path, (size_t)(slash + 1 - t->path)) : strdup(".");
	DIR *dir = folder ? opendir(folder) : NULL;
	const struct dirent *d;
	int fd = -1;

	for (unsigned int n = 0; fd < 0 && dir && n < SIBLINGS_MAX && (d = readdir(dir)); n++)
		if (!strncmp(d->d_name, base, strlen(base)) && strcmp(d->d_name, base) != 0 &&
		    !is_packed(d->d_name))
			fd = open_sibling(t, dirfd(dir), d->d_name, not_inode);
	if (dir)
		closedir(dir);
	return fd;
}

/* Reads what is left of it aside, or else says that it is lost. */
static bool turn_aside(struct tail *t, uint64_t not_inode)
{
	int fd = find_sibling(t, not_inode);

	if (fd < 0) {
		t->lost = true;
		return false;
	}
	use(t, fd, NULL, true);
	return true;
}

/* ---- the file under the path ---- */

static void begin_anew(struct tail *t, int fd, const struct stat *st)
{
	t->place = (struct tail_place){ 0 };
	use(t, fd, st, false);
}

/* Opens the path where there is no file yet. */
static void try_open(struct tail *t)
{
	struct stat st;
	int fd = open_plain(AT_FDCWD, t->path, &st);

	t->error = fd < 0 ? -fd : 0;
	if (fd >= 0)
		begin_anew(t, fd, &st);
}

static void open_at_end(struct tail *t)
{
	struct stat st;

	try_open(t);
	if (t->fd < 0 || fstat(t->fd, &st) < 0)
		return;
	t->place.offset = st.st_size;
	t->place.head_len = (uint32_t)MIN(st.st_size, (off_t)HEAD_MAX);
	if (!hash_head(t->fd, t->place.head_len, &t->place.head))
		t->place.head_len = 0;
}

static void open_at_place(struct tail *t, const struct tail_place *place)
{
	struct stat st;
	int fd = open_plain(AT_FDCWD, t->path, &st);

	t->place = *place;
	t->error = fd < 0 ? -fd : 0;
	if (!place->inode) {
		if (fd >= 0)
			begin_anew(t, fd, &st);
	} else if (fd >= 0 && is_same(&st, place) && st.st_size >= place->offset &&
		   begins_alike(fd, place)) {
		use(t, fd, &st, false);
	} else if (turn_aside(t, 0)) {
		if (fd >= 0)
			close(fd);
	} else if (fd >= 0) {
		begin_anew(t, fd, &st);
	} else {
		t->place = (struct tail_place){ 0 };
	}
}

int tail_new(const char *path, const struct tail_place *place, struct tail **ret_tail)
{
	_cleanup_(tail_freep) struct tail *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->fd = -1;
	t->path = strdup(path);
	if (!t->path)
		return -ENOMEM;
	if (place)
		open_at_place(t, place);
	else
		open_at_end(t);
	*ret_tail = TAKE_PTR(t);
	return 0;
}

void tail_free(struct tail *t)
{
	if (!t)
		return;
	if (t->fd >= 0)
		close(t->fd);
	free(t->path);
	free(t);
}

/* ---- reading ---- */

static void note_head(struct tail *t)
{
	uint32_t len = (uint32_t)MIN(t->place.offset, (int64_t)HEAD_MAX);

	if (len > t->place.head_len && hash_head(t->fd, len, &t->place.head))
		t->place.head_len = len;
}

static void hand_on(struct tail *t, const char *line, size_t len, tail_line_fn fn, void *arg)
{
	/* Where a file was emptied under its writer it begins with as many NULs. */
	while (len && !*line) {
		line++;
		len--;
	}
	if (len && line[len - 1] == '\r')
		len--;
	t->cut += len > TAIL_LINE_MAX;
	if (len)
		fn(arg, line, MIN(len, (size_t)TAIL_LINE_MAX), t->place.offset);
}

/* Whole lines of the chunk; a line that fills it alone is cut. The bytes that are done. */
static size_t hand_on_lines(struct tail *t, size_t n, tail_line_fn fn, void *arg)
{
	const char *line = t->chunk, *end = t->chunk + n, *stop;

	while (line < end && (stop = memchr(line, '\n', (size_t)(end - line)))) {
		bool skipped = t->place.skipping;

		t->place.offset += stop + 1 - line;
		t->place.skipping = false;
		if (!skipped)
			hand_on(t, line, (size_t)(stop - line), fn, arg);
		line = stop + 1;
	}
	if (line == t->chunk && n == CHUNK) {
		bool skipped = t->place.skipping;

		t->place.offset += (int64_t)n;
		t->place.skipping = true;
		if (!skipped)
			hand_on(t, line, n, fn, arg);
		return n;
	}
	return (size_t)(line - t->chunk);
}

/* The last line of a file that nobody will write to again needs no end. */
static void finish(struct tail *t, tail_line_fn fn, void *arg)
{
	ssize_t n = pread(t->fd, t->chunk, CHUNK, t->place.offset);

	if (n <= 0)
		return;
	t->place.offset += n;
	if (!t->place.skipping)
		hand_on(t, t->chunk, (size_t)n, fn, arg);
}

static enum tail_result read_lines(struct tail *t, size_t max_bytes, tail_line_fn fn, void *arg)
{
	size_t done = 0, used;

	do {
		ssize_t n = pread(t->fd, t->chunk, CHUNK, t->place.offset);

		if (n < 0) {
			t->error = errno;
			return TAIL_CAUGHT;
		}
		used = n ? hand_on_lines(t, (size_t)n, fn, arg) : 0;
		done += used;
	} while (used && done < max_bytes);
	note_head(t);
	if (done)
		t->quiet_since = 0;
	return used ? TAIL_MORE : TAIL_CAUGHT;
}

/* Whether the path leads to another file for so long that this one is done with. */
static bool was_renamed(struct tail *t)
{
	struct stat st;
	int64_t now = clock_monotonic_ns();

	if (lstat(t->path, &st) < 0 || !S_ISREG(st.st_mode) || is_same(&st, &t->place)) {
		t->quiet_since = 0;
		return false;
	}
	if (!t->quiet_since)
		t->quiet_since = now;
	return now - t->quiet_since >= RENAMED_GRACE_NS;
}

enum tail_result tail_read(struct tail *t, size_t max_bytes, tail_line_fn fn, void *arg)
{
	enum tail_result result;
	struct stat st;

	if (t->fd < 0)
		try_open(t);
	if (t->fd < 0 || fstat(t->fd, &st) < 0)
		return TAIL_CAUGHT;
	if (st.st_size < t->place.offset || (st.st_size > t->place.offset && !begins_alike(t->fd, &t->place))) {
		if (t->aside || !turn_aside(t, st.st_ino))
			return TAIL_ENDED;
	}
	result = read_lines(t, max_bytes, fn, arg);
	if (result == TAIL_MORE || (!t->aside && !was_renamed(t)))
		return result;
	finish(t, fn, arg);
	return TAIL_ENDED;
}

void tail_next(struct tail *t)
{
	close(t->fd);
	t->fd = -1;
	t->place = (struct tail_place){ 0 };
	t->aside = false;
	t->quiet_since = 0;
	try_open(t);
}

void tail_place(const struct tail *t, struct tail_place *ret_place)
{
	*ret_place = t->place;
}

void tail_forward(struct tail *t, int64_t offset)
{
	struct stat st;

	if (t->fd < 0 || fstat(t->fd, &st) < 0 || offset > st.st_size)
		return;
	t->place.offset = offset;
	t->place.skipping = false;
	note_head(t);
}

int64_t tail_waiting(const struct tail *t)
{
	struct stat st;

	return t->fd >= 0 && fstat(t->fd, &st) == 0 ? MAX(st.st_size - t->place.offset, (int64_t)0) : 0;
}

int64_t tail_skip_to_end(struct tail *t)
{
	int64_t waiting = tail_waiting(t);

	t->place.offset += waiting;
	/* The end may stand inside of a line. */
	t->place.skipping = waiting > 0;
	return waiting;
}

enum tail_state tail_state(const struct tail *t, int *ret_error)
{
	*ret_error = t->error;
	if (t->fd >= 0 && !t->error)
		return TAIL_READING;
	return t->error == ENOENT || t->error == ENOTDIR ? TAIL_ABSENT : TAIL_FORBIDDEN;
}

uint64_t tail_cut(const struct tail *t)
{
	return t->cut;
}

bool tail_take_loss(struct tail *t)
{
	bool lost = t->lost;

	t->lost = false;
	return lost;
}
