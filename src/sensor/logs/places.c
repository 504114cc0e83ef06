/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/logs/places.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/fd.h"

#define FILE_MAX (128u << 10)
#define HEAD "vakt log places 1 "

static bool read_place(const char *line, struct place *p)
{
	unsigned int skipping = 0;
	int name = 0;
	bool whole = sscanf(line,
		      "%" SCNu32 " %" SCNu64 " %" SCNu64 " %" SCNd64 " %" SCNx64 " %" SCNu32 " %u %255s %n",
		      &p->generation, &p->file.device, &p->file.inode, &p->file.offset, &p->file.head,
		      &p->file.head_len, &skipping, p->cursor, &name) == 8 &&
		     name;

	p->file.skipping = whole && skipping;
	return whole && p->file.offset >= 0 && p->file.head_len <= 256 &&
	       snprintf(p->name, sizeof(p->name), "%s", line + name) < (int)sizeof(p->name);
}

int places_read(const char *path, struct places *p, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	char *line, *save = NULL;
	size_t len;
	int r = file_read(path, FILE_MAX, &text, &len, err);

	*p = (struct places){ 0 };
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	line = strtok_r(text, "\n", &save);
	if (!line || sscanf(line, HEAD "%" SCNu32, &p->next_generation) != 1)
		return err_setf(err, -EBADMSG, "%s: not a list of places", path);
	while ((line = strtok_r(NULL, "\n", &save)) && p->count < PLACES_MAX) {
		struct place *one = &p->list[p->count];

		if (!read_place(line, one)) {
			*p = (struct places){ 0 };
			return err_setf(err, -EBADMSG, "%s: not a place: %.100s", path, line);
		}
		if (!strcmp(one->cursor, "-"))
			one->cursor[0] = '\0';
		p->count++;
	}
	return 0;
}

int places_write(const char *path, const struct places *p, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT(FILE_MAX), other = BUF_INIT(4096);
	_cleanup_close_ int fd = -1;
	int r;

	buf_printf(&other, "%s.new", path);
	buf_printf(&text, HEAD "%" PRIu32 "\n", p->next_generation);
	for (unsigned int i = 0; i < p->count; i++) {
		const struct place *one = &p->list[i];

		buf_printf(&text,
			   "%" PRIu32 " %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRIx64 " %" PRIu32 " %u %s %s\n",
			   one->generation, one->file.device, one->file.inode, one->file.offset,
			   one->file.head, one->file.head_len, one->file.skipping,
			   *one->cursor ? one->cursor : "-", one->name);
	}
	if (buf_error(&text) || buf_error(&other))
		return err_setf(err, -ENOMEM, "out of memory");
	fd = open(other.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	r = fd < 0 ? -errno : fd_write_all(fd, text.data, text.len);
	if (r == 0 && rename(other.data, path) < 0)
		r = -errno;
	return r < 0 ? err_setf(err, r, "%s: %s", path, strerror(-r)) : 0;
}

struct place *places_find(struct places *p, const char *name)
{
	for (unsigned int i = 0; i < p->count; i++)
		if (!strcmp(p->list[i].name, name))
			return &p->list[i];
	return NULL;
}
