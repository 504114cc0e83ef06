/* SPDX-License-Identifier: Apache-2.0 */
#include "event/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fd.h"
#include "event/spool_files.h"

/* The reader unlinks behind our back, so the folder is counted anew now and then. */
#define RECOUNT_INTERVAL_NS (NSEC_PER_SEC)

struct spool_writer {
	char dir[SPOOL_PATH_MAX - 64];
	uint64_t max_bytes;
	uint64_t bytes; /* in the folder, as last counted, and what was written since */
	int64_t counted_ns;
	uint64_t segment;
	uint64_t segment_bytes;
	int fd;
};

void spool_segment_path(const char *dir, uint64_t number, char path[SPOOL_PATH_MAX])
{
	snprintf(path, SPOOL_PATH_MAX, "%s/%012" PRIu64 ".seg", dir, number);
}

int spool_segments(const char *dir, uint64_t from, uint64_t *ret_first, uint64_t *ret_last,
		   uint64_t *ret_bytes)
{
	uint64_t first = UINT64_MAX, last = 0, bytes = 0;
	struct dirent *e;
	DIR *d = opendir(dir);

	if (!d)
		return -errno;
	while ((e = readdir(d))) {
		uint64_t number;
		struct stat st;
		int end = 0;

		if (sscanf(e->d_name, "%12" SCNu64 ".seg%n", &number, &end) != 1 || end != 16 ||
		    e->d_name[end])
			continue;
		if (ret_bytes && fstatat(dirfd(d), e->d_name, &st, 0) == 0)
			bytes += (uint64_t)st.st_size;
		if (number >= from)
			first = MIN(first, number);
		last = MAX(last, number);
	}
	closedir(d);
	if (ret_first)
		*ret_first = first;
	if (ret_last)
		*ret_last = last;
	if (ret_bytes)
		*ret_bytes = bytes;
	return 0;
}

static int open_segment(struct spool_writer *w, struct err *err)
{
	char path[SPOOL_PATH_MAX];

	spool_segment_path(w->dir, w->segment, path);
	w->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0640);
	if (w->fd < 0)
		return err_setf(err, -errno, "%s: %m", path);
	w->segment_bytes = 0;
	return 0;
}

int spool_writer_open(const char *dir, uint64_t max_bytes, struct spool_writer **ret_writer,
		      struct err *err)
{
	_cleanup_(spool_writer_closep) struct spool_writer *w = calloc(1, sizeof(*w));
	uint64_t last;
	int r;

	if (!w)
		return err_setf(err, -ENOMEM, "out of memory");
	w->fd = -1;
	w->max_bytes = max_bytes;
	if (snprintf(w->dir, sizeof(w->dir), "%s", dir) >= (int)sizeof(w->dir))
		return err_setf(err, -ENAMETOOLONG, "%s: path too long", dir);
	r = dir_make(dir, 0750, err);
	if (r < 0)
		return r;
	r = spool_segments(dir, 0, NULL, &last, &w->bytes);
	if (r < 0)
		return err_setf(err, r, "%s: %s", dir, strerror(-r));
	/*
	 * Always a fresh segment: the last one may end in a torn frame. It is made with its first
	 * frame, since with it the reader deletes the last one.
	 */
	w->segment = last + 1;
	w->counted_ns = clock_monotonic_ns();
	*ret_writer = TAKE_PTR(w);
	return 0;
}

void spool_writer_close(struct spool_writer *w)
{
	if (!w)
		return;
	if (w->fd >= 0) {
		(void)fdatasync(w->fd); /* the sensor ends; what cannot be synced cannot be helped */
		close(w->fd);
	}
	free(w);
}

uint64_t spool_writer_bytes(struct spool_writer *w)
{
	int64_t now = clock_monotonic_ns();

	if (now - w->counted_ns >= RECOUNT_INTERVAL_NS) {
		(void)spool_segments(w->dir, 0, NULL, NULL, &w->bytes);
		w->counted_ns = now;
	}
	return w->bytes;
}

void spool_writer_set_max(struct spool_writer *w, uint64_t max_bytes)
{
	w->max_bytes = max_bytes;
}

int spool_writer_sync(struct spool_writer *w)
{
	return w->fd >= 0 && fdatasync(w->fd) < 0 ? -errno : 0;
}

static int next_segment(struct spool_writer *w, struct err *err)
{
	int r = spool_writer_sync(w);

	if (r < 0)
		return err_setf(err, r, "spool segment %" PRIu64 ": sync: %s", w->segment, strerror(-r));
	close(w->fd);
	w->fd = -1;
	w->segment++;
	return open_segment(w, err);
}

int spool_writer_append(struct spool_writer *w, const void *frame, size_t len, struct err *err)
{
	int r;

	if (spool_writer_bytes(w) + len > w->max_bytes)
		return err_setf(err, -ENOSPC, "spool %s: %" PRIu64 " of %" PRIu64 " bytes used", w->dir,
				w->bytes, w->max_bytes);
	if (w->fd < 0 || w->segment_bytes + len > SPOOL_SEGMENT_BYTES) {
		r = w->fd < 0 ? open_segment(w, err) : next_segment(w, err);
		if (r < 0)
			return r;
	}
	r = fd_write_all(w->fd, frame, len);
	if (r < 0) {
		/* Half a frame must not stand in front of the next one. */
		if (ftruncate(w->fd, (off_t)w->segment_bytes) < 0) {
			close(w->fd);
			w->fd = -1;
			w->segment++;
		}
		return err_setf(err, r, "spool %s: %s", w->dir, strerror(-r));
	}
	w->segment_bytes += len;
	w->bytes += len;
	return 0;
}
