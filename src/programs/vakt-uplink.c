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
#include "program_config.h"
#include "sensor/uplink/uplink.h"

#define HEALTH_MAX (512u << 10)

static atomic_bool stopping, hung_up;

struct arguments {
	const char *state_dir, *run_dir;
	const char *config_dir; /* NULL: the usual places */
};

struct sender {
	struct uplink *uplink;
	struct config_set *config; /* the sending thread's alone */
};

static void follow_configuration(struct sender *s)
{
	bool read = atomic_exchange(&hung_up, false) ? config_set_reload(s->config)
						     : config_set_poll(s->config);

	if (!read)
		return;
	program_config_tell(s->config);
	uplink_configure(s->uplink);
	log_notice("configuration %s is in force", config_set_version(s->config));
}

static void *send_main(void *arg)
{
	struct sender *s = arg;

	while (!atomic_load(&stopping)) {
		unsigned int wait_ms;

		follow_configuration(s);
		wait_ms = uplink_step(s->uplink);

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
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 || chmod(sa.sun_path, 0666) < 0 ||
	    listen(fd, 16) < 0)
		return err_setf(err, -errno, "%s: %m", sa.sun_path);
	return TAKE_FD(fd);
}

/* One request a line, one answer; whatever is asked, health is all there is to say. */
static void answer(struct uplink *u, int listen_fd)
{
	_cleanup_buf_ struct buf out = BUF_INIT(HEALTH_MAX);
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

/* Answers and waits for signals until one says stop. */
static void serve(struct uplink *u, int fd, int signals)
{
	for (;;) {
		struct pollfd fds[] = { { .fd = fd, .events = POLLIN },
					{ .fd = signals, .events = POLLIN } };
		struct signalfd_siginfo info;

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return;
		if (fds[1].revents) {
			if (read(signals, &info, sizeof(info)) != sizeof(info) ||
			    info.ssi_signo != SIGHUP)
				return;
			atomic_store(&hung_up, true);
		}
		if (fds[0].revents)
			answer(u, fd);
	}
}

static int run(const struct arguments *a, struct err *err)
{
	struct uplink_options o = { .state_dir = a->state_dir, .run_dir = a->run_dir };
	_cleanup_(config_set_freep) struct config_set *config = NULL;
	_cleanup_(uplink_freep) struct uplink *u = NULL;
	_cleanup_close_ int fd = open_socket(a->run_dir, err), signals = -1;
	struct sender sender;
	pthread_t thread;
	sigset_t set;
	int r;

	if (fd < 0)
		return fd;
	r = program_config_open(a->config_dir, a->state_dir, false, &config, err);
	o.config = config;
	if (r == 0)
		r = uplink_new(&o, &u, err);
	if (r < 0)
		return r;
	sender = (struct sender){ u, config };
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0)
		return err_setf(err, -errno, "signalfd: %m");
	r = -pthread_create(&thread, NULL, send_main, &sender);
	if (r < 0)
		return err_setf(err, r, "cannot start the sending thread");
	serve(u, fd, signals);
	atomic_store(&stopping, true);
	pthread_join(thread, NULL);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "state-dir", required_argument, NULL, 's' },
		{ "run-dir", required_argument, NULL, 'r' },
		{ "config-dir", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct arguments a = { .state_dir = "/var/lib/vakt", .run_dir = "/run/vakt" };
	struct err err = { "" };
	int c, r;

	log_init("uplink");
	while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
		if (c == 's') {
			a.state_dir = optarg;
		} else if (c == 'r') {
			a.run_dir = optarg;
		} else if (c == 'c') {
			a.config_dir = optarg;
		} else {
			printf("vakt-uplink [--state-dir DIR] [--run-dir DIR] "
			       "[--config-dir DIR]\n");
			return c == 'h' ? 0 : 2;
		}
	}
	r = run(&a, &err);
	if (r < 0)
		log_error("%s", err_msg(&err, r));
	return r < 0;
}
