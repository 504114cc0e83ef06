/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loads.c - what the sensor is measured under: process starts, opens, writes, connections
 *
 * Does one thing many times and prints what it took as one line of JSON: {"ops", "wall_ns",
 * "cpu_ns"}, CPU of its children included. Touches only the folder and the ports it is given or
 * makes itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/macro.h"

struct load {
	const char *dir; /* for files */
	int listener;
	struct sockaddr_in address;
	char path[4096];
	uint64_t number;
};

static void die(const char *what)
{
	fprintf(stderr, "bench-loads: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void do_exec(struct load *l _unused_)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		execl("/bin/true", "/bin/true", "vakt-bench", NULL);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) < 0 || status != 0)
		die("/bin/true");
}

static void do_open(struct load *l _unused_)
{
	int fd = open("/etc/hostname", O_RDONLY);

	if (fd < 0)
		die("/etc/hostname");
	close(fd);
}

/* One file written again and again: the sensor tells of each close. */
static void do_write(struct load *l)
{
	int fd = open(l->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, "vakt-bench", 10) != 10)
		die(l->path);
	close(fd);
}

/* Three events: made, written, deleted. */
static void do_file(struct load *l)
{
	snprintf(l->path, sizeof(l->path), "%s/vakt-bench-%d-%llu", l->dir, getpid(),
		 (unsigned long long)l->number++);
	do_write(l);
	if (unlink(l->path) < 0)
		die(l->path);
}

static void open_listener(struct load *l)
{
	socklen_t len = sizeof(l->address);

	l->address.sin_family = AF_INET;
	l->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	l->listener = socket(AF_INET, SOCK_STREAM, 0);
	if (l->listener < 0 || bind(l->listener, (struct sockaddr *)&l->address, len) < 0 ||
	    listen(l->listener, 16) < 0 ||
	    getsockname(l->listener, (struct sockaddr *)&l->address, &len) < 0)
		die("listening socket");
}

/* Two events: connected, accepted. The reset at the end spares the ports' waiting time. */
static void do_connect(struct load *l)
{
	const struct linger reset = { .l_onoff = 1 };
	int fd = socket(AF_INET, SOCK_STREAM, 0), peer;

	if (fd < 0 || connect(fd, (struct sockaddr *)&l->address, sizeof(l->address)) < 0)
		die("connect");
	peer = accept(l->listener, NULL, NULL);
	if (peer < 0 || setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) < 0)
		die("accept");
	close(fd);
	close(peer);
}

static const struct kind {
	const char *name;
	void (*fn)(struct load *l);
	unsigned int events; /* kernel events of one */
} kinds[] = {
	{ "exec", do_exec, 3 },	 { "open", do_open, 0 },       { "write", do_write, 1 },
	{ "file", do_file, 3 },	 { "connect", do_connect, 2 },
};

static int64_t cpu_ns(int who)
{
	struct rusage u;

	getrusage(who, &u);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * NSEC_PER_SEC +
	       (u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1000;
}

/* Up to rate events a second, each second's share as one burst; 0: no limit. */
static uint64_t run(const struct kind *k, struct load *l, uint64_t count, unsigned int seconds,
		    uint64_t rate)
{
	int64_t start = clock_monotonic_ns(), end = start + seconds * NSEC_PER_SEC;
	uint64_t share = rate && k->events ? MAX(rate / k->events, (uint64_t)1) : UINT64_MAX;
	uint64_t done = 0;

	while (seconds ? clock_monotonic_ns() < end : done < count) {
		if (done % share == 0) {
			int64_t left = start + (int64_t)(done / share) * NSEC_PER_SEC -
				       clock_monotonic_ns();

			if (left > 0)
				usleep((useconds_t)(left / 1000));
		}
		k->fn(l);
		done++;
	}
	return done;
}

int main(int argc, char **argv)
{
	struct load l = { .listener = -1 };
	unsigned int seconds = 0;
	uint64_t count = 0, rate = 0, ops;
	int64_t start;
	int c;

	while ((c = getopt(argc, argv, "n:s:r:d:")) != -1) {
		if (c == 'n')
			count = strtoull(optarg, NULL, 10);
		else if (c == 's')
			seconds = (unsigned int)strtoul(optarg, NULL, 10);
		else if (c == 'r')
			rate = strtoull(optarg, NULL, 10);
		else if (c == 'd')
			l.dir = optarg;
		else
			return 2;
	}
	for (size_t i = 0; optind == argc - 1 && (count || seconds) && i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(argv[optind], kinds[i].name) != 0)
			continue;
		snprintf(l.path, sizeof(l.path), "%s/vakt-bench", l.dir ? l.dir : "/tmp");
		open_listener(&l);
		start = clock_monotonic_ns();
		ops = run(&kinds[i], &l, count, seconds, rate);
		printf("{\"ops\":%llu,\"events\":%llu,\"wall_ns\":%lld,\"cpu_ns\":%lld}\n",
		       (unsigned long long)ops, (unsigned long long)(ops * kinds[i].events),
		       (long long)(clock_monotonic_ns() - start),
		       (long long)(cpu_ns(RUSAGE_SELF) + cpu_ns(RUSAGE_CHILDREN)));
		return 0;
	}
	fprintf(stderr, "usage: bench-loads -n COUNT | -s SECONDS [-r EVENTS_PER_SECOND] [-d DIR] "
			"exec|open|write|file|connect\n");
	return 2;
}
