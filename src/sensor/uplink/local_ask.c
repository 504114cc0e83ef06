/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/uplink/local_ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base/fd.h"

#define ANSWER_MAX (256 << 10)
#define PATIENCE_S 3

json_t *local_ask(const char *run_dir, const char *name)
{
	static const char request[] = "{\"request\":\"health\"}\n";
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = PATIENCE_S };
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	_cleanup_free_ char *text = malloc(ANSWER_MAX);
	ssize_t n;

	if (fd < 0 || !text)
		return NULL;
	if (snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/%s.sock", run_dir, name) >=
	    (int)sizeof(sa.sun_path))
		return NULL;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 ||
	    fd_write_all(fd, request, sizeof(request) - 1) < 0)
		return NULL;
	n = fd_read_full(fd, text, ANSWER_MAX);
	return n > 0 ? json_loadb(text, (size_t)n, 0, NULL) : NULL;
}
