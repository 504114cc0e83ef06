/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_listen.c - the listening socket: an address with a port, or the path of a Unix socket
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/http_internal.h"

static int listen_unix(const char *path, int *ret_fd, struct err *err)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = -1;

	if (strlen(path) >= sizeof(sa.sun_path))
		return err_setf(err, -ENAMETOOLONG, "%s: path of the socket is too long", path);
	strcpy(sa.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_setf(err, -errno, "socket: %m");
	unlink(path);
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(fd, SOMAXCONN) < 0)
		return err_setf(err, -errno, "%s: %m", path);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static int parse_address(const struct http_server_options *o, union address *ret_sa,
			 socklen_t *ret_len, struct err *err)
{
	union address sa = { 0 };

	if (inet_pton(AF_INET, o->address, &sa.v4.sin_addr) == 1) {
		sa.v4.sin_family = AF_INET;
		sa.v4.sin_port = htons(o->port);
		*ret_len = sizeof(sa.v4);
	} else if (inet_pton(AF_INET6, o->address, &sa.v6.sin6_addr) == 1) {
		sa.v6.sin6_family = AF_INET6;
		sa.v6.sin6_port = htons(o->port);
		*ret_len = sizeof(sa.v6);
	} else {
		return err_setf(err, -EINVAL, "'%s' is not an IP address", o->address);
	}
	*ret_sa = sa;
	return 0;
}

static int listen_tcp(const struct http_server_options *o, int *ret_fd, uint16_t *ret_port,
		      struct err *err)
{
	_cleanup_close_ int fd = -1;
	union address sa;
	socklen_t len;
	int on = 1, r = parse_address(o, &sa, &len, err);

	if (r < 0)
		return r;
	fd = socket(sa.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_setf(err, -errno, "socket: %m");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* Accepted connections inherit it; without it each answer waits for a delayed ACK. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (bind(fd, &sa.any, len) < 0 || listen(fd, SOMAXCONN) < 0)
		return err_setf(err, -errno, "%s port %u: %m", o->address, o->port);
	len = sizeof(sa);
	if (getsockname(fd, &sa.any, &len) < 0)
		return err_setf(err, -errno, "getsockname: %m");
	*ret_port = ntohs(sa.any.sa_family == AF_INET ? sa.v4.sin_port : sa.v6.sin6_port);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int http_listen(const struct http_server_options *options, int *ret_fd, uint16_t *ret_port,
		struct err *err)
{
	if (options->address[0] == '/')
		return listen_unix(options->address, ret_fd, err);
	return listen_tcp(options, ret_fd, ret_port, err);
}
