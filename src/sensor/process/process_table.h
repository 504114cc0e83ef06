/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process_table.h - every process that lives, and those that ended a moment ago
 *
 * Identity is (pid, start): a pid that is used again is another process. Starts are kept in clock
 * ticks of 10 ms, because /proc tells no finer: so a process has the same unique id whether its
 * start was seen or it was found running.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "event/event.h"
#include "sensor/kernel/kernel.h"

#define PROCESS_TICK_NS 10000000LL
/* At most so much of the table holds processes that ended: 1/8. They give way when it is full. */
#define PROCESS_EXITED_SHARE 8

struct process_hashes {
	char sha1[41], sha256[65], md5[33]; /* hex, empty where unknown */
};

struct process {
	uint32_t pid, ppid;
	uint32_t uid, gid, loginuid, session;
	uint64_t cap_effective;
	int64_t start_ns;        /* boot time, rounded down to the tick */
	int64_t parent_start_ns; /* likewise */
	int64_t exited_ns;       /* boot time, 0 while it lives */
	struct process *next_exited;
	char unique_id[EVENT_UNIQUE_ID_SIZE];
	char *path;         /* executable, UTF-8; "" where unknown */
	char *command_line; /* UTF-8; "" for kernel threads */
	char *package;      /* name=version or "" */
	uint16_t exclusion; /* its place in the monitor's list + 1; 0: none */
	const char *container_id; /* interned by the enricher; "" outside of containers */
	uint64_t file_size;
	struct process_hashes hashes;
};

struct process_table;

/* max: processes beyond which a new one is refused and counted. */
int process_table_new(const char *boot_id, size_t max, struct process_table **ret_table);
void process_table_free(struct process_table *t);
DEFINE_CLEANUP(struct process_table *, process_table_free)

static inline int64_t process_tick(int64_t boottime_ns)
{
	return boottime_ns - boottime_ns % PROCESS_TICK_NS;
}

/* The process, or NULL. start_ns need not be rounded. */
struct process *process_table_find(struct process_table *t, uint32_t pid, int64_t start_ns);
/* Of the processes with that number the one that began last, or NULL. */
struct process *process_table_latest(struct process_table *t, uint32_t pid);
/*
 * The process of a task, made from what the kernel said where it is new. NULL when out of memory
 * or the table is full of living processes.
 */
struct process *process_table_of_task(struct process_table *t, const struct kernel_task *task);
/* A child that begins as a copy of its parent. */
struct process *process_table_fork(struct process_table *t, const struct kernel_event *e);
/* It ended. It stays known for a while, as one of at most a share of the table. */
void process_table_exit(struct process_table *t, struct process *p, int64_t boottime_ns);
/* Copies text into *field, one of a process's; the old is freed. */
int process_set_text(char **field, const char *text, size_t len);
/* Forgets processes that ended before then. */
void process_table_expire(struct process_table *t, int64_t before_boottime_ns);
/* Calls fn for each living process; it must not add or remove any. */
void process_table_each(struct process_table *t, void (*fn)(void *arg, struct process *p), void *arg);
size_t process_table_count(const struct process_table *t);
/* Living processes that could not be kept because the table was full. */
uint64_t process_table_refused(const struct process_table *t);
