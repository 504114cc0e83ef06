/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader.c - a sensor of kernel events and nothing else, for tests of what one build leaves another
 *
 * reader PINS PREFIX [TIER [RING]]: prints the rest of each path under PREFIX of files that were made, until
 * SIGTERM, behind c, w or d for made, written, deleted; "ready" on standard error when it has begun, losses there as well.
 * reader make PREFIX COUNT: makes files named PREFIX0, PREFIX1, ..., some hundred a second, each
 * written and removed, and an empty one left open while the next are made.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sensor/kernel/kernel.h"

#define POLL_US 20000
#define PAUSE_US 200

static const char *prefix;
static volatile sig_atomic_t ended;

static void on_signal(int number)
{
	(void)number;
	ended = 1;
}

static void on_event(void *arg, const struct kernel_event *e)
{
	static const char letters[KERNEL_KIND_COUNT] = { [KERNEL_FILE_CREATE] = 'c',
							 [KERNEL_FILE_WRITE] = 'w',
							 [KERNEL_FILE_DELETE] = 'd' };
	size_t len = strlen(prefix);

	(void)arg;
	if (letters[e->kind] && e->file.path.len > len && memcmp(e->file.path.data, prefix, len) == 0)
		printf("%c%.*s\n", letters[e->kind], (int)(e->file.path.len - len),
		       e->file.path.data + len);
}

static void on_loss(void *arg, const struct kernel_loss *loss)
{
	(void)arg;
	for (unsigned int i = 0; i < KERNEL_KIND_COUNT; i++) {
		if (loss->by_kind[i])
			fprintf(stderr, "lost %s %llu\n", kernel_kind_name((enum kernel_kind)i),
				(unsigned long long)loss->by_kind[i]);
	}
}

static int make(const char *name, int count)
{
	char path[4096];
	int before = -1;

	for (int i = 0; i < count; i++) {
		int fd;

		snprintf(path, sizeof(path), "%s%d", name, i);
		fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
		if (fd < 0 || write(fd, "x", 1) != 1)
			return 1;
		/* Closed, and told as written, one file later than made. */
		if (before >= 0)
			close(before);
		before = fd;
		if (unlink(path) < 0)
			return 1;
		usleep(PAUSE_US);
	}
	close(before);
	return 0;
}

static int read_events(const struct kernel_options *options)
{
	static const struct kernel_handlers handlers = { .on_event = on_event, .on_loss = on_loss };
	struct err err = { 0 };
	struct kernel *k;

	if (kernel_open(options, &handlers, &k, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		return 1;
	}
	fprintf(stderr, "ready%s\n", kernel_resumed(k) ? ", resumed" : "");
	while (!ended) {
		usleep(POLL_US);
		kernel_poll(k);
		fflush(stdout);
		kernel_commit(k, false);
	}
	kernel_close(k);
	return 0;
}

int main(int argc, char **argv)
{
	struct kernel_options options = { .hold = true };

	if (argc == 4 && strcmp(argv[1], "make") == 0)
		return make(argv[2], atoi(argv[3]));
	if (argc < 3 || (argc > 3 && kernel_tier_parse(argv[3], &options.first_tier) < 0))
		return 2;
	signal(SIGTERM, on_signal);
	options.pin_dir = argv[1];
	options.ring_bytes = argc > 4 ? (uint32_t)atoi(argv[4]) : 0;
	prefix = argv[2];
	return read_events(&options);
}
