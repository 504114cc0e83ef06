/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/local_socket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CALLERS_MAX 8
#define ANSWER_MAX (160u << 10)

struct caller {
	struct local_socket *socket;
	struct loop_source *source;
	int fd;
};

struct local_socket {
	struct loop *loop;
	struct loop_source *source;
	int fd;
	local_socket_fn fn;
	void *arg;
	struct caller callers[CALLERS_MAX];
	unsigned int next; /* the slot that a new caller takes */
};

static void drop_caller(struct caller *c)
{
	if (c->fd < 0)
		return;
	loop_remove(c->socket->loop, c->source);
	close(c->fd);
	c->fd = -1;
}

static int on_request(void *arg, uint32_t events _unused_)
{
	_cleanup_buf_ struct buf out = BUF_INIT(ANSWER_MAX);
	struct caller *c = arg;
	char request[1024];

	if (recv(c->fd, request, sizeof(request), MSG_DONTWAIT) > 0) {
		c->socket->fn(c->socket->arg, &out);
		buf_append_byte(&out, '\n');
		/* Fits the socket's buffer; a caller that does not read loses it. */
		if (buf_error(&out) == 0)
			(void)send(c->fd, out.data, out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	drop_caller(c);
	return 0;
}

static int on_caller(void *arg, uint32_t events _unused_)
{
	struct local_socket *s = arg;
	struct caller *c = &s->callers[s->next];
	int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return 0;
	s->next = (s->next + 1) % CALLERS_MAX;
	drop_caller(c);
	c->fd = fd;
	if (loop_add_fd(s->loop, fd, EPOLLIN, on_request, c, &c->source) < 0) {
		close(fd);
		c->fd = -1;
	}
	return 0;
}

static int bind_socket(int fd, const char *path, struct err *err)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	if (snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path) >= (int)sizeof(sa.sun_path))
		return err_setf(err, -ENAMETOOLONG, "%s: path of the socket is too long", path);
	/* The state's lock is held: what lies there is left over. */
	(void)unlink(path);
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 || chmod(path, 0666) < 0 ||
	    listen(fd, CALLERS_MAX) < 0)
		return err_setf(err, -errno, "%s: %m", path);
	return 0;
}

int local_socket_open(struct loop *l, const char *path, local_socket_fn fn, void *arg,
		      struct local_socket **ret_socket, struct err *err)
{
	_cleanup_(local_socket_closep) struct local_socket *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_setf(err, -ENOMEM, "out of memory");
	s->loop = l;
	s->fn = fn;
	s->arg = arg;
	for (unsigned int i = 0; i < CALLERS_MAX; i++)
		s->callers[i] = (struct caller){ .socket = s, .fd = -1 };
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0)
		return err_setf(err, -errno, "socket: %m");
	r = bind_socket(s->fd, path, err);
	if (r < 0)
		return r;
	r = loop_add_fd(l, s->fd, EPOLLIN, on_caller, s, &s->source);
	if (r < 0)
		return err_setf(err, r, "event loop: %s", path);
	*ret_socket = TAKE_PTR(s);
	return 0;
}

void local_socket_close(struct local_socket *s)
{
	if (!s)
		return;
	for (unsigned int i = 0; i < CALLERS_MAX; i++)
		drop_caller(&s->callers[i]);
	if (s->source)
		loop_remove(s->loop, s->source);
	if (s->fd >= 0)
		close(s->fd);
	free(s);
}
