/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process_events.c - rows of DeviceProcessEvents: starts, forks and ends
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "sensor/process/monitor_internal.h"
#include "sensor/process/proc_read.h"

#define T(name) DeviceProcessEvents_##name
#define CAPABILITIES_ALL 0x1ffffffffffULL

static const char *integrity_level(const struct process *p)
{
	if (p->uid == 0 && (p->cap_effective & CAPABILITIES_ALL) == CAPABILITIES_ALL)
		return "System";
	return p->cap_effective ? "High" : "Medium";
}

/* The columns of the process that the row is about. */
static void set_created(struct monitor *m, const struct process *p)
{
	struct event *e = &m->event;

	event_set_str(e, T(FileName), monitor_base_name(p->path));
	event_set_str(e, T(FolderPath), p->path);
	event_set_str(e, T(SHA1), p->hashes.sha1);
	event_set_str(e, T(SHA256), p->hashes.sha256);
	event_set_str(e, T(MD5), p->hashes.md5);
	if (p->file_size)
		event_set_int(e, T(FileSize), (int64_t)p->file_size);
	event_set_int(e, T(ProcessId), p->pid);
	event_set_str(e, T(ProcessCommandLine), p->command_line);
	event_set_str(e, T(ProcessIntegrityLevel), integrity_level(p));
	event_set_int(e, T(ProcessCreationTime), monitor_wall_ns(m, p->start_ns));
	event_set_str(e, T(AccountName), arena_strdup(&m->arena, user_names_get(m->users, p->uid)));
	event_set_str(e, T(AccountDomain), m->host_name);
	monitor_set_id(m, T(AccountSid), p->uid);
	if (p->loginuid != UINT32_MAX)
		event_set_int(e, T(LogonId), p->loginuid);
	event_set_int(e, T(CreatedProcessSessionId), p->session);
	event_set_int(e, T(ProcessGroupId), p->gid);
	event_set_str(e, T(ProcessUniqueId), p->unique_id);
	event_set_str(e, T(ProcessPackage), p->package);
}

static void on_fork(struct monitor *m, const struct kernel_event *e)
{
	struct process *child = process_table_fork(m->table, e);
	struct process *parent = process_table_of_task(m->table, &e->task);

	if (!child || !parent)
		return;
	monitor_exclude_child(m, child, parent);
	monitor_begin(m, EVENT_DeviceProcessEvents, e, "ProcessForked");
	set_created(m, child);
	monitor_set_initiating(m, parent);
	monitor_emit(m, &m->event);
}

/* The path that a file without a name has in /proc, too. */
#define NAMELESS " (deleted)"

static void set_image(struct monitor *m, struct process *p, const struct kernel_event *e)
{
	const struct file_identity id = { e->exec.device, e->exec.inode, e->exec.size,
					  e->exec.ctime_ns, e->exec.mtime_ns };
	char escaped[4 * 4096 + sizeof(NAMELESS)], exe[64];
	const char *package;
	size_t len = utf8_escape(escaped, e->exec.path.data, MIN(e->exec.path.len, 4096u));

	if (e->exec.from_memory) {
		memcpy(escaped + len, NAMELESS, sizeof(NAMELESS));
		len += sizeof(NAMELESS) - 1;
	}
	(void)process_set_text(&p->path, escaped, len);
	p->file_size = e->exec.size;
	/* Through the process where it lives: its root may not be ours. */
	snprintf(exe, sizeof(exe), "/proc/%u/exe", p->pid);
	file_hash(m->hashes, &id, exe, &p->hashes);
	if (!p->hashes.sha256[0])
		file_hash(m->hashes, &id, p->path, &p->hashes);
	package = package_owner_find(m->packages, p->path, id.inode);
	(void)process_set_text(&p->package, package, strlen(package));
}

/* True when the whole command line is known. */
static bool set_command_line(struct monitor *m, struct process *p, const struct kernel_event *e)
{
	bool whole = !e->exec.argv_truncated;

	buf_clear(&m->text);
	if (!whole && proc_read_command_line(p->pid, p->start_ns, &m->text) == 0) {
		whole = true;
	} else {
		buf_clear(&m->text);
		(void)proc_join_arguments(e->exec.argv.data, e->exec.argv.len, &m->text);
	}
	if (m->text.data)
		(void)process_set_text(&p->command_line, m->text.data, m->text.len);
	return whole;
}

static void on_exec(struct monitor *m, const struct kernel_event *e)
{
	struct process *p = process_table_of_task(m->table, &e->task), *parent;
	char cwd[4 * 4096];
	bool whole;

	if (!p)
		return;
	p->container_id = monitor_container(m, &e->task);
	set_image(m, p, e);
	monitor_exclude_program(m, p);
	whole = set_command_line(m, p, e);
	monitor_begin(m, EVENT_DeviceProcessEvents, e, "ProcessCreated");
	set_created(m, p);
	event_set_str(&m->event, T(ProcessTokenElevation),
		      e->exec.gained_privilege ? "TokenElevationTypeFull" :
						 "TokenElevationTypeDefault");
	event_set_text(&m->event, T(ProcessCurrentDirectory), cwd,
		       utf8_escape(cwd, e->exec.cwd.data, MIN(e->exec.cwd.len, 4096u)));
	if (!whole)
		event_set_int(&m->event, T(CommandLineTruncated), 1);
	parent = process_table_find(m->table, p->ppid, p->parent_start_ns);
	if (parent)
		monitor_set_initiating(m, parent);
	else
		event_set_int(&m->event, T(InitiatingProcessId), p->ppid);
	event_set_str(&m->event, T(ContainerId), p->container_id);
	monitor_emit(m, &m->event);
}

static void on_end(struct monitor *m, const struct kernel_event *e)
{
	struct process *p = process_table_of_task(m->table, &e->task), *parent;
	uint32_t code = e->exit.exit_code;

	if (!p)
		return;
	process_table_exit(m->table, p, e->boottime_ns);
	monitor_exclude_no_more(m, p);
	monitor_begin(m, EVENT_DeviceProcessEvents, e, "ProcessTerminated");
	set_created(m, p);
	if (code & 0x7f)
		event_set_int(&m->event, T(ExitSignal), code & 0x7f);
	else
		event_set_int(&m->event, T(ExitCode), code >> 8 & 0xff);
	parent = process_table_find(m->table, p->ppid, p->parent_start_ns);
	if (parent)
		monitor_set_initiating(m, parent);
	event_set_str(&m->event, T(ContainerId), p->container_id);
	monitor_emit(m, &m->event);
}

void monitor_process_event(struct monitor *m, const struct kernel_event *e)
{
	if (e->kind == KERNEL_PROCESS_FORK)
		on_fork(m, e);
	else if (e->kind == KERNEL_PROCESS_EXEC)
		on_exec(m, e);
	else
		on_end(m, e);
}
