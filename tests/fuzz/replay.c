/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay.c - runs a fuzz target over every file of a folder, without libFuzzer
 *
 * What once broke a parser stays in the corpus and is tried in every test run. An empty folder is
 * an error: a fuzzer without a corpus would pass without having run.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
	size_t count = 0;
	struct dirent *e;
	DIR *dir;

	if (argc != 2 || !(dir = opendir(argv[1]))) {
		fprintf(stderr, "usage: %s CORPUS-FOLDER\n", argv[0]);
		return 2;
	}
	while ((e = readdir(dir))) {
		_cleanup_free_ char *data = NULL;
		char path[4096];
		size_t len;

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", argv[1], e->d_name);
		if (file_read(path, 64 << 20, &data, &len, NULL) < 0) {
			fprintf(stderr, "cannot read %s\n", path);
			return 1;
		}
		(void)LLVMFuzzerTestOneInput((const uint8_t *)data, len);
		count++;
	}
	closedir(dir);
	printf("%zu inputs replayed\n", count);
	return count > 0 ? 0 : 1;
}
