/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vakt-uplink.c - sends the spool; answers health on a local socket
 *
 * Two threads: one sends and may wait for the network, the main one answers the socket at any time.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/fd.h"
#include "base/log.h"
#include "sensor/uplink/uplink.h"

static atomic_bool stopping;

static void *send_main(void *arg)
{
	struct uplink *u = arg;

	while (!atomic_load(&stopping)) {
		unsigned int wait_ms = uplink_step(u);

		if (wait_ms)
			usleep(wait_ms * 1000);
	}
	return NULL;
}

static int open_socket(const char *run_dir, struct err *err)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = -1;
	int r = dir_make(run_dir, 0755, err);

	if (r < 0)
		return r;
	if (snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/uplink.sock", run_dir) >=
	    (int)sizeof(sa.sun_path))
		return err_setf(err, -ENAMETOOLONG, "path of the socket is too long");
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_setf(err, -errno, "socket: %m");
	unlink(sa.sun_path);
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 || chmod(sa.sun_path, 0660) < 0 ||
	    listen(fd, 16) < 0)
		return err_setf(err, -errno, "%s: %m", sa.sun_path);
	return TAKE_FD(fd);
}

/* One request a line, one answer; whatever is asked, health is all there is to say. */
static void answer(struct uplink *u, int listen_fd)
{
	_cleanup_buf_ struct buf out = BUF_INIT(64 << 10);
	_cleanup_close_ int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
	struct timeval limit = { .tv_sec = 1 };
	char request[1024];

	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (recv(fd, request, sizeof(request), 0) <= 0)
		return;
	uplink_health(u, &out);
	buf_append_byte(&out, '\n');
	if (buf_error(&out) == 0)
		send(fd, out.data, out.len, MSG_NOSIGNAL);
}

static int run(const char *state_dir, const char *run_dir, struct err *err)
{
	struct uplink_options o = { .state_dir = state_dir, .run_dir = run_dir };
	_cleanup_(uplink_freep) struct uplink *u = NULL;
	_cleanup_close_ int fd = open_socket(run_dir, err), signals = -1;
	pthread_t sender;
	sigset_t set;
	int r;

	if (fd < 0)
		return fd;
	r = uplink_new(&o, &u, err);
	if (r < 0)
		return r;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0)
		return err_setf(err, -errno, "signalfd: %m");
	r = -pthread_create(&sender, NULL, send_main, u);
	if (r < 0)
		return err_setf(err, r, "cannot start the sending thread");
	for (;;) {
		struct pollfd fds[] = { { .fd = fd, .events = POLLIN },
					{ .fd = signals, .events = POLLIN } };

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			break;
		if (fds[1].revents)
			break;
		if (fds[0].revents)
			answer(u, fd);
	}
	atomic_store(&stopping, true);
	pthread_join(sender, NULL);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "state-dir", required_argument, NULL, 's' },
		{ "run-dir", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *state_dir = "/var/lib/vakt", *run_dir = "/run/vakt";
	struct err err = { "" };
	int c, r;

	log_init("uplink");
	while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
		if (c == 's') {
			state_dir = optarg;
		} else if (c == 'r') {
			run_dir = optarg;
		} else {
			printf("vakt-uplink [--state-dir DIR] [--run-dir DIR]\n");
			return c == 'h' ? 0 : 2;
		}
	}
	r = run(state_dir, run_dir, &err);
	if (r < 0)
		log_error("%s", err_msg(&err, r));
	return r < 0;
}
