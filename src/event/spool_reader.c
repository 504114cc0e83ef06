/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spool_reader.c - follows the segments, frame by frame, and forgets what is acknowledged
 *
 * The place is kept in the file "acked" as "SEGMENT OFFSET\n". Losing it costs a resend, which is
 * harmless; it is written without fsync for that reason.
 */
#include "event/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "event/spool_files.h"
#include "event/wire.h"

struct spool_reader {
	char dir[SPOOL_PATH_MAX - 64];
	uint64_t segment; /* of the next frame; 0: none known yet */
	uint64_t offset;
	uint64_t pending; /* length of the frame given out and not acknowledged, 0: none */
	uint64_t skipped;
	int fd;
};

static void acked_path(const struct spool_reader *r, const char *suffix, char path[SPOOL_PATH_MAX])
{
	snprintf(path, SPOOL_PATH_MAX, "%s/acked%s", r->dir, suffix);
}

/* A missing or broken file means: from the first segment that is there. */
static void read_acked(struct spool_reader *r)
{
	_cleanup_free_ char *text = NULL;
	char path[SPOOL_PATH_MAX];

	acked_path(r, "", path);
	if (file_read(path, 256, &text, NULL, NULL) < 0)
		return;
	if (sscanf(text, "%" SCNu64 " %" SCNu64, &r->segment, &r->offset) != 2)
		r->segment = r->offset = 0;
}

static int write_acked(const struct spool_reader *r, struct err *err)
{
	char path[SPOOL_PATH_MAX], tmp[SPOOL_PATH_MAX], text[64];
	_cleanup_close_ int fd = -1;
	int n, res;

	acked_path(r, "", path);
	acked_path(r, ".tmp", tmp);
	n = snprintf(text, sizeof(text), "%" PRIu64 " %" PRIu64 "\n", r->segment, r->offset);
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0)
		return err_setf(err, -errno, "%s: %m", tmp);
	res = fd_write_all(fd, text, (size_t)n);
	if (res == 0 && rename(tmp, path) < 0)
		res = -errno;
	return res < 0 ? err_setf(err, res, "%s: %s", path, strerror(-res)) : 0;
}

int spool_reader_open(const char *dir, struct spool_reader **ret_reader, struct err *err)
{
	struct spool_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return err_setf(err, -ENOMEM, "out of memory");
	r->fd = -1;
	if (snprintf(r->dir, sizeof(r->dir), "%s", dir) >= (int)sizeof(r->dir)) {
		free(r);
		return err_setf(err, -ENAMETOOLONG, "%s: path too long", dir);
	}
	read_acked(r);
	*ret_reader = r;
	return 0;
}

void spool_reader_close(struct spool_reader *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		close(r->fd);
	free(r);
}

uint64_t spool_reader_skipped_bytes(const struct spool_reader *r)
{
	return r->skipped;
}

/* Leaves the current segment for good and goes to the start of the next. */
static void leave_segment(struct spool_reader *r, uint64_t next)
{
	char path[SPOOL_PATH_MAX];

	if (r->fd >= 0) {
		close(r->fd);
		r->fd = -1;
	}
	spool_segment_path(r->dir, r->segment, path);
	unlink(path);
	r->segment = next;
	r->offset = 0;
}

/* 1: r->fd is open on the segment to read, 0: there is none. */
static int find_segment(struct spool_reader *r, struct err *err)
{
	char path[SPOOL_PATH_MAX];
	uint64_t first;
	int res;

	if (r->fd >= 0)
		return 1;
	res = spool_segments(r->dir, r->segment, &first, NULL, NULL);
	if (res == -ENOENT)
		return 0;
	if (res < 0)
		return err_setf(err, res, "%s: %s", r->dir, strerror(-res));
	if (first == UINT64_MAX)
		return 0;
	if (first != r->segment) {
		r->segment = first;
		r->offset = 0;
	}
	spool_segment_path(r->dir, first, path);
	r->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (r->fd < 0)
		return err_setf(err, -errno, "%s: %m", path);
	return 1;
}

/* Reads the frame at the offset: 1, 0 not whole (yet), -EBADMSG. */
static int read_frame(struct spool_reader *r, struct buf *out)
{
	char head[WIRE_HEADER_SIZE];
	ssize_t n = pread(r->fd, head, sizeof(head), (off_t)r->offset);
	int64_t len;

	if (n < 0)
		return -errno;
	len = wire_frame_length(head, (size_t)n);
	if (len == -EAGAIN)
		return 0;
	if (len < 0)
		return (int)len;
	buf_clear(out);
	if (buf_reserve(out, (size_t)len) < 0)
		return buf_error(out);
	n = pread(r->fd, out->data, (size_t)len, (off_t)r->offset);
	if (n < 0)
		return -errno;
	if (n < len)
		return 0;
	out->len = (size_t)len;
	return 1;
}

int spool_reader_next(struct spool_reader *r, struct buf *out, struct err *err)
{
	for (;;) {
		uint64_t next;
		struct stat st;
		int res = find_segment(r, err);

		if (res <= 0)
			return res;
		/* Looked up before reading: a segment with a successor gets no more frames. */
		res = spool_segments(r->dir, r->segment + 1, &next, NULL, NULL);
		if (res < 0)
			return err_setf(err, res, "%s: %s", r->dir, strerror(-res));
		res = read_frame(r, out);
		if (res == 1) {
			r->pending = out->len;
			return 1;
		}
		if (res < 0 && res != -EBADMSG)
			return err_setf(err, res, "spool segment %" PRIu64 ": %s", r->segment,
					strerror(-res));
		if (next == UINT64_MAX)
			return 0;
		/* What is left of an old segment is a torn or damaged frame. */
		if (fstat(r->fd, &st) == 0 && (uint64_t)st.st_size > r->offset)
			r->skipped += (uint64_t)st.st_size - r->offset;
		leave_segment(r, next);
	}
}

int spool_reader_ack(struct spool_reader *r, struct err *err)
{
	if (!r->pending)
		return err_setf(err, -EINVAL, "no frame was given out");
	r->offset += r->pending;
	r->pending = 0;
	return write_acked(r, err);
}

/* Goes past the frame at the offset and says where it began; 0: there is no whole one. */
static int skim_frame(struct spool_reader *r, uint64_t *ret_begin)
{
	char head[WIRE_HEADER_SIZE];
	struct stat st;
	ssize_t n = pread(r->fd, head, sizeof(head), (off_t)r->offset);
	int64_t len;

	if (n < 0 || fstat(r->fd, &st) < 0)
		return -errno;
	len = wire_frame_length(head, (size_t)n);
	if (len < 0 || r->offset + (uint64_t)len > (uint64_t)st.st_size)
		return 0;
	*ret_begin = r->offset;
	r->offset += (uint64_t)len;
	return 1;
}

int spool_last_frame(const char *dir, struct buf *out, struct err *err)
{
	struct spool_reader r = { .fd = -1 };
	_cleanup_close_ int fd = -1;
	char path[SPOOL_PATH_MAX];
	uint64_t last = UINT64_MAX;
	int more, res = spool_segments(dir, 0, NULL, &r.segment, NULL);

	if (res == -ENOENT || (res == 0 && !r.segment))
		return 0;
	if (res == 0) {
		spool_segment_path(dir, r.segment, path);
		fd = r.fd = open(path, O_RDONLY | O_CLOEXEC);
		res = fd < 0 ? -errno : 0;
	}
	while (res == 0 && (more = skim_frame(&r, &last)) != 0)
		res = MIN(more, 0);
	if (res == 0 && last != UINT64_MAX) {
		r.offset = last;
		res = read_frame(&r, out);
	}
	return res < 0 ? err_setf(err, res, "spool %s: %s", dir, strerror(-res)) : res;
}
