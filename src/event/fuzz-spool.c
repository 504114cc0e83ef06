/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz-spool.c - a segment with any content, followed by an empty one: the reader must end
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "event/spool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(spool_reader_closep) struct spool_reader *r = NULL;
	_cleanup_buf_ struct buf frame = BUF_INIT(32u << 20);
	static const char *const names[] = { "000000000001.seg", "000000000002.seg", "acked" };
	char dir[] = "/tmp/vakt-fuzz-XXXXXX", path[64];

	if (!mkdtemp(dir))
		return 0;
	snprintf(path, sizeof(path), "%s/%s", dir, names[0]);
	file_write_atomic(path, data, size, 0600, NULL);
	snprintf(path, sizeof(path), "%s/%s", dir, names[1]);
	file_write_atomic(path, "", 0, 0600, NULL);
	if (spool_reader_open(dir, &r, NULL) == 0) {
		while (spool_reader_next(r, &frame, NULL) > 0)
			spool_reader_ack(r, NULL);
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
	return 0;
}
