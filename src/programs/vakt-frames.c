/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vakt-frames.c - prints the events of spool segments or recordings as JSON, a line each
 *
 * For developers and tests: what a sensor saw, to look at or to make a rule's case from. Reads
 * only; a torn frame at the end of a file (the sensor is writing) ends the file quietly.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "event/event_json.h"
#include "event/wire.h"

#define FILE_MAX (1u << 30)

static int print_frame(struct wire_reader *r, const char *data, size_t len, struct err *err)
{
	_cleanup_buf_ struct buf line = BUF_INIT(WIRE_UNPACKED_MAX);
	static struct event e;
	struct wire_batch batch;
	int res = wire_reader_open(r, data, len, &batch, err);

	if (res < 0)
		return res;
	while ((res = wire_reader_next(r, &e, err)) > 0) {
		buf_clear(&line);
		if (event_to_json(&e, &line) == 0)
			puts(line.data);
	}
	return res;
}

static int print_file(const char *path, struct err *err)
{
	_cleanup_(wire_reader_freep) struct wire_reader *r = NULL;
	_cleanup_free_ char *data = NULL;
	size_t len, at = 0;
	int res = file_read(path, FILE_MAX, &data, &len, err);

	if (res < 0)
		return res;
	if (wire_reader_new(&r) < 0)
		return err_setf(err, -ENOMEM, "out of memory");
	while (at < len) {
		int64_t frame = wire_frame_length(data + at, len - at);

		if (frame == -EAGAIN || (frame > 0 && (size_t)frame > len - at))
			return 0;
		if (frame < 0)
			return err_setf(err, -EBADMSG, "%s: no frame at byte %zu", path, at);
		res = print_frame(r, data + at, (size_t)frame, err);
		if (res < 0)
			return err_prefix(err, res, "%s: byte %zu: ", path, at);
		at += (size_t)frame;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct err err = { 0 };

	log_init("frames");
	if (argc < 2) {
		fprintf(stderr, "usage: vakt-frames FILE...\n");
		return 2;
	}
	for (int i = 1; i < argc; i++) {
		int r = print_file(argv[i], &err);

		if (r < 0) {
			log_error("%s", err_msg(&err, r));
			return 1;
		}
	}
	return 0;
}
