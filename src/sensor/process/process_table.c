/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/process_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/map.h"

struct key {
	int64_t start_ns;
	uint64_t pid;
};

struct process_table {
	char boot_id[UUID_TEXT_SIZE];
	struct map *by_key;
	struct map *by_pid; /* the one that began last */
	size_t max, exited_max, exited_count;
	struct process *exited_first, *exited_last; /* in the order of their ends */
	uint64_t refused;
};

/* What fields point to until they are set. */
static char empty[] = "";

int process_table_new(const char *boot_id, size_t max, struct process_table **ret_table)
{
	struct process_table *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->by_key = map_new(max);
	t->by_pid = map_new(max);
	if (!t->by_key || !t->by_pid) {
		process_table_free(t);
		return -ENOMEM;
	}
	t->max = max;
	t->exited_max = max / PROCESS_EXITED_SHARE;
	strncpy(t->boot_id, boot_id, sizeof(t->boot_id) - 1);
	*ret_table = t;
	return 0;
}

static void free_text(char *text)
{
	if (text != empty)
		free(text);
}

static void process_free(struct process *p)
{
	free_text(p->path);
	free_text(p->command_line);
	free_text(p->package);
	free(p);
}

static void forget_oldest(struct process_table *t)
{
	struct process *p = t->exited_first;
	struct key key = { p->start_ns, p->pid };

	t->exited_first = p->next_exited;
	t->exited_count--;
	map_remove(t->by_key, &key, sizeof(key));
	if (map_get_u64(t->by_pid, p->pid) == p)
		map_remove_u64(t->by_pid, p->pid);
	process_free(p);
}

void process_table_free(struct process_table *t)
{
	void *p;

	if (!t)
		return;
	for (size_t i = 0; t->by_key && map_next(t->by_key, &i, NULL, NULL, &p);)
		process_free(p);
	map_free(t->by_key);
	map_free(t->by_pid);
	free(t);
}

void process_table_each(struct process_table *t, void (*fn)(void *arg, struct process *p), void *arg)
{
	void *p;

	for (size_t i = 0; map_next(t->by_key, &i, NULL, NULL, &p);)
		if (!((struct process *)p)->exited_ns)
			fn(arg, p);
}

size_t process_table_count(const struct process_table *t)
{
	return map_len(t->by_key);
}

uint64_t process_table_refused(const struct process_table *t)
{
	return t->refused;
}

struct process *process_table_find(struct process_table *t, uint32_t pid, int64_t start_ns)
{
	struct key key = { process_tick(start_ns), pid };

	return map_get(t->by_key, &key, sizeof(key));
}

struct process *process_table_latest(struct process_table *t, uint32_t pid)
{
	return map_get_u64(t->by_pid, pid);
}

/* Without room it is found by its start alone. */
static void note_latest(struct process_table *t, struct process *p)
{
	const struct process *before = map_get_u64(t->by_pid, p->pid);

	if (!before || before->start_ns <= p->start_ns)
		(void)map_put_u64(t->by_pid, p->pid, p, NULL);
}

int process_set_text(char **field, const char *text, size_t len)
{
	char *copy;

	if (*field && strlen(*field) == len && memcmp(*field, text, len) == 0)
		return 0;
	copy = strndup(text, len);
	if (!copy)
		return -ENOMEM;
	free_text(*field);
	*field = copy;
	return 0;
}

static struct process *make(struct process_table *t, uint32_t pid, int64_t start_ns)
{
	struct key key = { process_tick(start_ns), pid };
	struct process *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->pid = pid;
	p->start_ns = key.start_ns;
	p->path = p->command_line = p->package = empty;
	p->container_id = "";
	if (map_len(t->by_key) >= t->max && t->exited_count)
		forget_oldest(t);
	if (map_put(t->by_key, &key, sizeof(key), p, NULL) < 0) {
		t->refused++;
		process_free(p);
		return NULL;
	}
	event_process_unique_id(t->boot_id, pid, key.start_ns, p->unique_id);
	note_latest(t, p);
	return p;
}

struct process *process_table_of_task(struct process_table *t, const struct kernel_task *task)
{
	struct process *p = process_table_find(t, task->pid, task->start_boottime_ns);

	if (!p)
		p = make(t, task->pid, task->start_boottime_ns);
	if (!p)
		return NULL;
	/* Credentials and parent may have changed since the last event. */
	p->ppid = task->ppid;
	p->parent_start_ns = process_tick(task->parent_start_boottime_ns);
	p->uid = task->uid;
	p->gid = task->gid;
	p->loginuid = task->loginuid;
	p->session = task->session;
	p->cap_effective = task->cap_effective;
	return p;
}

struct process *process_table_fork(struct process_table *t, const struct kernel_event *e)
{
	struct process *child, *parent;

	child = process_table_find(t, e->fork.child_pid, e->fork.child_start_boottime_ns);
	if (!child)
		child = make(t, e->fork.child_pid, e->fork.child_start_boottime_ns);
	parent = process_table_of_task(t, &e->task);
	if (!child || !parent)
		return child;
	child->ppid = parent->pid;
	child->parent_start_ns = parent->start_ns;
	child->uid = parent->uid;
	child->gid = parent->gid;
	child->loginuid = parent->loginuid;
	child->session = parent->session;
	child->cap_effective = parent->cap_effective;
	child->container_id = parent->container_id;
	child->file_size = parent->file_size;
	child->hashes = parent->hashes;
	(void)process_set_text(&child->path, parent->path, strlen(parent->path));
	(void)process_set_text(&child->command_line, parent->command_line,
			       strlen(parent->command_line));
	(void)process_set_text(&child->package, parent->package, strlen(parent->package));
	return child;
}

void process_table_exit(struct process_table *t, struct process *p, int64_t boottime_ns)
{
	if (p->exited_ns)
		return;
	p->exited_ns = boottime_ns;
	if (t->exited_count++)
		t->exited_last->next_exited = p;
	else
		t->exited_first = p;
	t->exited_last = p;
	if (t->exited_count > t->exited_max + 1)
		forget_oldest(t);
}

void process_table_expire(struct process_table *t, int64_t before_boottime_ns)
{
	while (t->exited_count && t->exited_first->exited_ns < before_boottime_ns)
		forget_oldest(t);
}
