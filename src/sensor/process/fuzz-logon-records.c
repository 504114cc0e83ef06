/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz-logon-records.c - any bytes as a file of log-ons, read in two looks: nothing is told twice
 *
 * The first byte says how much of the rest is there at the first look.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "sensor/process/logon_records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[] = "/tmp/vakt-fuzz-logons-XXXXXX", path[64];

static void remove_folder(void)
{
	unlink(path);
	rmdir(folder);
}

static void make_folder(void)
{
	if (path[0])
		return;
	if (!mkdtemp(folder))
		abort();
	snprintf(path, sizeof(path), "%s/btmp", folder);
	atexit(remove_folder);
}

static void append(const uint8_t *data, size_t size)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
}

static void count(void *arg, const struct utmp *record, bool failed)
{
	size_t *told = arg;

	if (!failed || (record->ut_type != LOGIN_PROCESS && record->ut_type != USER_PROCESS))
		abort();
	++*told;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(logon_records_freep) struct logon_records *l = NULL;
	size_t first, told = 0;

	if (!size)
		return 0;
	make_folder();
	unlink(path);
	first = (size - 1) * data[0] / 255;
	if (logon_records_new(folder, &l) < 0)
		abort();
	append(data + 1, first);
	logon_records_read(l, path, strlen(path), count, &told);
	append(data + 1 + first, size - 1 - first);
	logon_records_read(l, path, strlen(path), count, &told);
	if (told > (size - 1) / sizeof(struct utmp))
		abort();
	return 0;
}
