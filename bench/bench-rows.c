/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench-rows.c - what a row costs the sensor's user side, from decoded kernel event to sealed frame
 *
 * Makes the events of process starts, written files and connections as the kernel programs do and
 * hands them to the real monitor and outbox; nothing has to happen on the machine, so the figure is
 * steady where a live one is not. Argument: how many of each (default 100,000).
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fd.h"
#include "sensor/process/monitor.h"
#include "sensor/process/outbox.h"

#define FIRST_PID 5000000u /* above pid_max: /proc knows none of them */

struct bench {
	struct monitor *monitor;
	struct outbox *outbox;
	struct kernel_event event; /* with the task of the parent */
	struct stat program;
	uint64_t sequence;
	int64_t now_ns;
};

static int64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

static void on_row(void *arg, const struct event *e)
{
	struct bench *b = arg;

	outbox_add(b->outbox, e);
}

static void hand_on(struct bench *b, struct kernel_event *e, enum kernel_kind kind)
{
	e->kind = kind;
	e->sequence = ++b->sequence;
	e->boottime_ns = b->now_ns += 1000;
	monitor_on_event(b->monitor, e);
}

static struct kernel_event of_child(const struct bench *b, uint32_t pid, int64_t start)
{
	struct kernel_event e = b->event;

	e.task.parent_start_boottime_ns = e.task.start_boottime_ns;
	e.task.start_boottime_ns = start;
	e.task.ppid = e.task.pid;
	e.task.pid = e.task.tid = pid;
	return e;
}

static void do_start(struct bench *b, uint64_t i)
{
	static const char argv[] = "/bin/true\0vakt-bench";
	uint32_t pid = FIRST_PID + 1 + (uint32_t)i;
	int64_t start = b->now_ns;
	struct kernel_event e = b->event;

	e.fork.child_pid = e.fork.child_tid = pid;
	e.fork.child_start_boottime_ns = start;
	hand_on(b, &e, KERNEL_PROCESS_FORK);
	e = of_child(b, pid, start);
	e.exec.path = (struct kernel_str){ "/usr/bin/true", 13 };
	e.exec.argv = (struct kernel_str){ argv, sizeof(argv) };
	e.exec.cwd = (struct kernel_str){ "/var/tmp", 8 };
	e.exec.device = b->program.st_dev;
	e.exec.inode = b->program.st_ino;
	e.exec.size = (uint64_t)b->program.st_size;
	e.exec.mtime_ns = b->program.st_mtim.tv_sec * NSEC_PER_SEC + b->program.st_mtim.tv_nsec;
	hand_on(b, &e, KERNEL_PROCESS_EXEC);
	e = of_child(b, pid, start);
	hand_on(b, &e, KERNEL_PROCESS_EXIT);
}

static void do_file(struct bench *b, uint64_t i)
{
	struct kernel_event e = b->event;
	char path[64];

	e.file.path.len = (uint32_t)snprintf(path, sizeof(path), "/var/tmp/no-such/file-%llu",
					     (unsigned long long)i);
	e.file.path.data = path;
	e.file.inode = i;
	e.file.size = 10;
	hand_on(b, &e, KERNEL_FILE_CREATE);
}

static void do_connect(struct bench *b, uint64_t i)
{
	struct kernel_event e = b->event;

	e.net.family = AF_INET;
	e.net.protocol = IPPROTO_TCP;
	e.net.local_port = (uint16_t)i;
	e.net.remote_port = 443;
	memcpy(e.net.local_address, "\x7f\0\0\1", 4);
	memcpy(e.net.remote_address, "\x0a\0\0\1", 4);
	hand_on(b, &e, KERNEL_NET_CONNECT);
}

static void measure(struct bench *b, const char *what, uint64_t count,
		    void (*fn)(struct bench *b, uint64_t i))
{
	struct outbox_stats before, after;
	int64_t start = cpu_ns(), used;

	outbox_get_stats(b->outbox, &before);
	for (uint64_t i = 0; i < count; i++)
		fn(b, i);
	outbox_tick(b->outbox, true);
	used = cpu_ns() - start;
	outbox_get_stats(b->outbox, &after);
	printf("%-14s %8.2f us CPU, %5.1f bytes in the spool a row\n", what,
	       (double)used / 1000 / (double)count,
	       (double)(after.frame_bytes - before.frame_bytes) /
		       (double)(after.events - before.events));
}

static int bench_open(struct bench *b, const char *dir, struct err *err)
{
	struct monitor_options monitor = { .boot_id = "5f4e4a4c-0000-4000-8000-000000000000",
					   .processes_max = 1u << 20, .hash_max_bytes = 1u << 28,
					   .on_event = on_row, .arg = b };
	struct outbox_options outbox = { .boot_id = monitor.boot_id, .spool_dir = dir,
					 .spool_max_bytes = 1ULL << 32,
					 .seal_after_ns = 250 * NSEC_PER_MSEC };
	struct stat mounts;
	int r = outbox_new(&outbox, &b->outbox, err);

	if (r == 0)
		r = monitor_new(&monitor, &b->monitor, err);
	if (r < 0)
		return r;
	if (stat("/bin/true", &b->program) < 0 || stat("/proc/self/ns/mnt", &mounts) < 0)
		return err_setf(err, -errno, "/bin/true, /proc/self/ns/mnt: %m");
	b->now_ns = clock_boottime_ns();
	b->event.task = (struct kernel_task){ .pid = FIRST_PID, .tid = FIRST_PID, .ppid = 1,
					      .start_boottime_ns = b->now_ns, .cgroup_id = 4711, .mnt_ns = mounts.st_ino,
					      .cap_effective = UINT64_MAX };
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
	char dir[] = "/tmp/vakt-bench-XXXXXX", command[64];
	struct bench b = { 0 };
	struct err err = { 0 };
	int r = mkdtemp(dir) ? bench_open(&b, dir, &err) : -errno;

	if (r == 0) {
		do_start(&b, count); /* hashes the program */
		measure(&b, "process start", count, do_start);
		measure(&b, "file", count, do_file);
		measure(&b, "connection", count, do_connect);
	} else {
		fprintf(stderr, "bench-rows: %s\n", err_msg(&err, r));
	}
	monitor_free(b.monitor);
	outbox_free(b.outbox);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) != 0 || r < 0;
}
