/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/kernel/path_clean.h"

#include <string.h>

static size_t drop_last(const char *out, size_t n)
{
	while (n > 0 && out[--n] != '/')
		;
	return n;
}

size_t path_clean(const char *path, size_t len, char *out)
{
	size_t n = 0, i = 0;

	if (!len)
		return 0;
	while (i < len) {
		size_t start, size;

		while (i < len && path[i] == '/')
			i++;
		start = i;
		while (i < len && path[i] != '/')
			i++;
		size = i - start;
		if (size == 0 || (size == 1 && path[start] == '.'))
			continue;
		if (size == 2 && path[start] == '.' && path[start + 1] == '.') {
			n = drop_last(out, n);
			continue;
		}
		/* Each name came with a slash, the first of a relative path excepted: len + 1. */
		out[n++] = '/';
		memcpy(out + n, path + start, size);
		n += size;
	}
	if (n == 0)
		out[n++] = '/';
	return n;
}
