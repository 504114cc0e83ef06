/* SPDX-License-Identifier: Apache-2.0 */
#include "loop.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"

#define LOOP_EVENTS_MAX 32

enum source_kind { SOURCE_FD, SOURCE_TIMER, SOURCE_SIGNAL };

struct loop_source {
	struct loop_source *next;
	enum source_kind kind;
	int fd;
	bool removed; /* freed after the round: events of this round may still name it */
	loop_fd_fn fd_fn;
	loop_timer_fn timer_fn;
	void *arg;
};

struct loop {
	int epoll_fd;
	bool stopping;
	struct loop_source *sources;
};

int loop_new(struct loop **ret_loop, struct err *err)
{
	_cleanup_(loop_freep) struct loop *l = calloc(1, sizeof(*l));

	if (!l)
		return err_setf(err, -ENOMEM, "out of memory");
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll_fd < 0)
		return err_setf(err, -errno, "epoll_create1: %m");
	*ret_loop = TAKE_PTR(l);
	return 0;
}

static void source_free(struct loop_source *s)
{
	if (s->kind != SOURCE_FD && s->fd >= 0)
		close(s->fd);
	free(s);
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	while (l->sources) {
		struct loop_source *s = l->sources;

		l->sources = s->next;
		source_free(s);
	}
	if (l->epoll_fd >= 0)
		close(l->epoll_fd);
	free(l);
}

static int add(struct loop *l, enum source_kind kind, int fd, uint32_t events,
	       struct loop_source **ret_source)
{
	struct loop_source *s = calloc(1, sizeof(*s));
	struct epoll_event ev = { .events = events, .data.ptr = s };

	if (!s)
		return -ENOMEM;
	s->kind = kind;
	s->fd = fd;
	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0) {
		int r = -errno;

		free(s);
		return r;
	}
	s->next = l->sources;
	l->sources = s;
	*ret_source = s;
	return 0;
}

int loop_add_fd(struct loop *l, int fd, uint32_t events, loop_fd_fn fn, void *arg,
		struct loop_source **ret_source)
{
	struct loop_source *s;
	int r = add(l, SOURCE_FD, fd, events, &s);

	if (r < 0)
		return r;
	s->fd_fn = fn;
	s->arg = arg;
	if (ret_source)
		*ret_source = s;
	return 0;
}

static int set_interval(int timer_fd, int64_t interval_ns)
{
	struct timespec ts = { interval_ns / NSEC_PER_SEC, interval_ns % NSEC_PER_SEC };
	struct itimerspec spec = { .it_interval = ts, .it_value = ts };

	return timerfd_settime(timer_fd, 0, &spec, NULL) < 0 ? -errno : 0;
}

int loop_set_interval(struct loop_source *timer, int64_t interval_ns)
{
	return set_interval(timer->fd, interval_ns);
}

int loop_add_timer(struct loop *l, int64_t interval_ns, loop_timer_fn fn, void *arg,
		   struct loop_source **ret_source)
{
	_cleanup_close_ int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	struct loop_source *s;
	int r;

	if (fd < 0)
		return -errno;
	r = set_interval(fd, interval_ns);
	if (r < 0)
		return r;
	r = add(l, SOURCE_TIMER, fd, EPOLLIN, &s);
	if (r < 0)
		return r;
	(void)TAKE_FD(fd);
	s->timer_fn = fn;
	s->arg = arg;
	if (ret_source)
		*ret_source = s;
	return 0;
}

int loop_handle_signals(struct loop *l, loop_timer_fn on_hangup, void *arg)
{
	_cleanup_close_ int fd = -1;
	struct loop_source *s;
	sigset_t set;
	int r;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	r = add(l, SOURCE_SIGNAL, fd, EPOLLIN, &s);
	if (r < 0)
		return r;
	(void)TAKE_FD(fd);
	s->timer_fn = on_hangup;
	s->arg = arg;
	return 0;
}

void loop_remove(struct loop *l, struct loop_source *source)
{
	if (!source)
		return;
	epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
	source->removed = true;
}

static void sweep(struct loop *l)
{
	for (struct loop_source **at = &l->sources; *at;) {
		struct loop_source *s = *at;

		if (!s->removed) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		source_free(s);
	}
}

static int dispatch(struct loop *l, struct loop_source *s, uint32_t events)
{
	struct signalfd_siginfo info;
	uint64_t ticks;

	switch (s->kind) {
	case SOURCE_FD:
		return s->fd_fn(s->arg, events);
	case SOURCE_TIMER:
		if (read(s->fd, &ticks, sizeof(ticks)) != sizeof(ticks))
			return 0;
		return s->timer_fn(s->arg);
	case SOURCE_SIGNAL:
		if (read(s->fd, &info, sizeof(info)) != sizeof(info))
			return 0;
		if (info.ssi_signo == SIGHUP)
			return s->timer_fn ? s->timer_fn(s->arg) : 0;
		loop_stop(l);
		return 0;
	}
	return 0;
}

int loop_run(struct loop *l)
{
	struct epoll_event events[LOOP_EVENTS_MAX];

	while (!l->stopping) {
		int n = epoll_wait(l->epoll_fd, events, LOOP_EVENTS_MAX, -1);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		for (int i = 0; i < n && !l->stopping; i++) {
			struct loop_source *s = events[i].data.ptr;
			int r;

			if (s->removed)
				continue;
			r = dispatch(l, s, events[i].events);
			if (r < 0)
				return r;
		}
		sweep(l);
	}
	return 0;
}

void loop_stop(struct loop *l)
{
	l->stopping = true;
}
