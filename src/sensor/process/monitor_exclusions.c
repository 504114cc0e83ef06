/* SPDX-License-Identifier: Apache-2.0 */
/*
 * monitor_exclusions.c - which process or file is left out, and that it is
 *
 * Left out are rows of files, connections and names asked for. Starts and ends of processes always
 * make rows, and so does what one does to another or to the system: trees stay whole, and nobody
 * hides behind an exclusion what reaches beyond files. Of an excluded program the kernel is told, so
 * that its records are not even made; what it does before that is left out here.
 */
#include "base/clock.h"
#include "base/utf8.h"
#include "sensor/process/monitor_internal.h"

#define PATH_BYTES_MAX 4096u

static void put(struct monitor *m, struct process *p, int exclusion)
{
	bool was = p->exclusion;

	p->exclusion = (uint16_t)(exclusion + 1);
	if (m->options.exclude && (was || p->exclusion))
		m->options.exclude(m->options.arg, p->pid, p->start_ns, exclusion);
}

void monitor_exclude_program(struct monitor *m, struct process *p)
{
	int before = p->exclusion - 1, now;

	now = exclusions_find_process(m->exclusions, p->path, p->container_id);
	if (now < 0 && before >= 0 && exclusions_inherited(m->exclusions, before))
		now = before;
	put(m, p, now);
}

void monitor_exclude_child(struct monitor *m _unused_, struct process *child,
			   const struct process *parent)
{
	/* The kernel is told when it has a program of its own: it may have by now. */
	child->exclusion = parent->exclusion;
}

void monitor_exclude_no_more(struct monitor *m, struct process *p)
{
	if (p->exclusion)
		put(m, p, -1);
}

static bool may_be_left_out(enum kernel_kind kind)
{
	return (kind >= KERNEL_FILE_CREATE && kind <= KERNEL_NET_LISTEN) || kind >= KERNEL_DNS;
}

bool monitor_leaves_out(struct monitor *m, const struct kernel_event *e)
{
	const struct process *p;
	int i;

	if (!exclusions_count(m->exclusions) || !may_be_left_out(e->kind))
		return false;
	p = process_table_find(m->table, e->task.pid, e->task.start_boottime_ns);
	i = p && p->exclusion ? p->exclusion - 1 : -1;
	if (i < 0 && e->task.pid)
		i = exclusions_find_user(m->exclusions, e->task.uid);
	if (i >= 0)
		exclusions_note(m->exclusions, i);
	return i >= 0;
}

static int of_path(const struct monitor *m, const struct kernel_str *path)
{
	char text[4 * PATH_BYTES_MAX + 1];

	text[utf8_escape(text, path->data, MIN(path->len, PATH_BYTES_MAX))] = '\0';
	return exclusions_find_file(m->exclusions, text);
}

bool monitor_leaves_file_out(struct monitor *m, const struct kernel_event *e)
{
	int i;

	if (!exclusions_count(m->exclusions))
		return false;
	i = of_path(m, &e->file.path);
	/* What leaves an excluded place, or comes into it, is told. */
	if (i < 0 || (e->kind == KERNEL_FILE_RENAME && of_path(m, &e->file.old_path) < 0))
		return false;
	exclusions_note(m->exclusions, i);
	return true;
}

static void judge_again(void *monitor, struct process *p)
{
	struct monitor *m = monitor;

	p->exclusion = 0;
	put(m, p, exclusions_find_process(m->exclusions, p->path, p->container_id));
}

static void tell(struct monitor *m)
{
	_cleanup_buf_ struct buf text = BUF_INIT(EXCLUSIONS_TEXT_MAX);
	int64_t now = clock_boottime_ns();

	for (size_t i = 0; i < exclusions_count(m->exclusions); i++) {
		buf_append_str(&text, i ? "; " : "left out: ");
		exclusions_describe(m->exclusions, (int)i, &text);
	}
	monitor_gap(m, "ExclusionsInForce", "file, network", -1,
		    text.len ? text.data : "nothing is left out any more", now, now);
}

int monitor_set_exclusions(struct monitor *m, const char *json)
{
	struct exclusions *x;
	bool had = exclusions_count(m->exclusions);
	int r = exclusions_new(json, m->users, &x);

	if (r < 0)
		return r;
	exclusions_free(m->exclusions);
	m->exclusions = x;
	/* An inherited one is lost for what was started before: who it came from may be gone. */
	if (had || exclusions_count(x)) {
		process_table_each(m->table, judge_again, m);
		tell(m);
	}
	return 0;
}

const struct exclusions *monitor_exclusions(const struct monitor *m)
{
	return m->exclusions;
}
