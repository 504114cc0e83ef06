/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz-tail.c - a file of any bytes that is written in two parts, followed, left and taken up again
 *
 * However it is divided, the same lines come, each once.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fd.h"
#include "sensor/logs/tail.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[] = "/tmp/vakt-fuzz-tail-XXXXXX", path[64];

static void remove_folder(void)
{
	unlink(path);
	rmdir(folder);
}

static void append(const uint8_t *data, size_t size)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
}

static void note(void *arg, const char *line, size_t len, int64_t next _unused_)
{
	buf_append(arg, line, len);
	buf_append_byte(arg, '\n');
}

static void read_all(const struct tail_place *from, struct tail_place *ret_to, struct buf *out)
{
	_cleanup_(tail_freep) struct tail *t = NULL;

	if (tail_new(path, from, &t) < 0)
		abort();
	while (tail_read(t, 1000, note, out) == TAIL_MORE)
		;
	tail_place(t, ret_to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_buf_ struct buf whole = BUF_INIT(1 << 24), parts = BUF_INIT(1 << 24);
	static const struct tail_place absent;
	struct tail_place place;
	size_t first;

	if (!size)
		return 0;
	if (!path[0]) {
		if (!mkdtemp(folder))
			abort();
		snprintf(path, sizeof(path), "%s/log", folder);
		atexit(remove_folder);
	}
	first = (size - 1) * data[0] / 255;
	unlink(path);
	append(data + 1, first);
	read_all(&absent, &place, &parts);
	append(data + 1 + first, size - 1 - first);
	read_all(&place, &place, &parts);
	read_all(&absent, &place, &whole);
	if (whole.len != parts.len || (whole.len && memcmp(whole.data, parts.data, whole.len) != 0))
		abort();
	return 0;
}
