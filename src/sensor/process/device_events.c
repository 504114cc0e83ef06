/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_events.c - rows of DeviceEvents: what processes do to each other and to the system
 *
 * A row has the process that acts, and where there is one the process that is acted on.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>

#include "base/utf8.h"
#include "sensor/process/flag_names.h"
#include "sensor/process/monitor_internal.h"

#define T(name) DeviceEvents_##name
#define TEXT_BYTES_MAX 4096u

static const char *action_of(const struct monitor *m, const struct kernel_event *e,
			     const struct process *target)
{
	switch (e->kind) {
	case KERNEL_PROCESS_TRACE:
		return "PTraceDetected";
	case KERNEL_PROCESS_READ:
		return "ReadProcessMemoryApiCall";
	case KERNEL_PROCESS_WRITE:
		return "WriteProcessMemoryApiCall";
	case KERNEL_MODULE_LOAD:
		return "DriverLoad";
	case KERNEL_BPF_LOAD:
		return "BpfProgramLoaded";
	case KERNEL_MOUNT:
		return "FileSystemMounted";
	case KERNEL_UNMOUNT:
		return "FileSystemUnmounted";
	case KERNEL_NAMESPACE:
		return e->act.call == KERNEL_BY_SETNS ? "NamespaceEntered" : "NamespaceCreated";
	case KERNEL_MEMORY_FILE:
		return "MemoryFileCreated";
	case KERNEL_PRIVILEGE:
		return "ProcessPrimaryTokenModified";
	default:
		return target && monitor_is_own(m, target) &&
				       (e->act.call == SIGKILL || e->act.call == SIGSTOP) ?
			       "TamperingAttempt" :
			       "ProcessSignaled";
	}
}

/* UTF-8 in the row's arena, behind a prefix; NULL where memory is short. */
static const char *text_of(struct monitor *m, const char *prefix, const char *data, size_t len)
{
	char escaped[4 * TEXT_BYTES_MAX];

	len = utf8_escape(escaped, data, MIN(len, TEXT_BYTES_MAX));
	return arena_printf(&m->arena, "%s%.*s", prefix, (int)len, escaped);
}

static void set_path(struct monitor *m, const char *path)
{
	if (!path)
		return;
	event_set_str(&m->event, T(FolderPath), path);
	event_set_str(&m->event, T(FileName), monitor_base_name(path));
}

static void set_account(struct monitor *m, uint32_t uid)
{
	event_set_str(&m->event, T(AccountName),
		      arena_strdup(&m->arena, user_names_get(m->users, uid)));
	event_set_str(&m->event, T(AccountDomain), m->host_name);
	monitor_set_id(m, T(AccountSid), uid);
}

static void set_target(struct monitor *m, const struct kernel_event *e, const struct process *p)
{
	struct event *row = &m->event;

	event_set_int(row, T(ProcessId), e->act.target_pid);
	event_set_int(row, T(ProcessCreationTime),
		      monitor_wall_ns(m, process_tick(e->act.target_start_boottime_ns)));
	set_account(m, e->act.target_uid);
	if (!p)
		return;
	set_path(m, p->path);
	event_set_str(row, T(SHA1), p->hashes.sha1);
	event_set_str(row, T(SHA256), p->hashes.sha256);
	event_set_str(row, T(MD5), p->hashes.md5);
	if (p->file_size)
		event_set_int(row, T(FileSize), (int64_t)p->file_size);
	event_set_str(row, T(ProcessCommandLine), p->command_line);
	event_set_str(row, T(TargetProcessUniqueId), p->unique_id);
}

static const char *request_name(uint32_t request)
{
	switch (request) {
	case PTRACE_TRACEME:
		return "PTRACE_TRACEME";
	case PTRACE_ATTACH:
		return "PTRACE_ATTACH";
	default:
		return "PTRACE_SEIZE";
	}
}

static void set_flags(struct monitor *m, unsigned int field, enum flag_set set, uint64_t flags)
{
	char names[FLAG_NAMES_MAX];

	flag_names(set, flags, names);
	event_set_str(&m->event, field, arena_strdup(&m->arena, names));
}

static void set_mount(struct monitor *m, const struct kernel_event *e)
{
	const struct kernel_str *text = &e->act.text;
	size_t source = strnlen(text->data, text->len);
	const char *type = text->data + source + 1;

	set_path(m, text_of(m, "", e->act.path.data, e->act.path.len));
	if (e->kind == KERNEL_UNMOUNT) {
		set_flags(m, T(MountFlags), FLAGS_UNMOUNT, e->act.values[0]);
		return;
	}
	event_set_str(&m->event, T(MountSource), text_of(m, "", text->data, source));
	if (source + 1 < text->len)
		event_set_str(&m->event, T(MountFileSystem),
			      text_of(m, "", type, strnlen(type, text->len - source - 1)));
	set_flags(m, T(MountFlags), FLAGS_MOUNT, e->act.values[0]);
}

static void set_namespace(struct monitor *m, const struct kernel_event *e)
{
	static const char *const calls[] = { "clone", "unshare", "setns" };

	set_flags(m, T(Namespaces), FLAGS_NAMESPACE, e->act.values[0]);
	if (e->act.call < ARRAY_SIZE(calls))
		event_set_str(&m->event, T(NamespaceCall), calls[e->act.call]);
}

static void set_privilege(struct monitor *m, const struct kernel_event *e)
{
	uint64_t gained = e->act.values[1] & ~e->act.values[0];

	set_account(m, (uint32_t)e->act.values[2]);
	if (gained)
		event_set_str(&m->event, T(CapabilitiesGained),
			      arena_printf(&m->arena, "%llx", (unsigned long long)gained));
}

static void set_signal(struct monitor *m, uint32_t number)
{
	const char *name = sigabbrev_np((int)number);

	event_set_str(&m->event, T(Signal),
		      name ? arena_printf(&m->arena, "SIG%s", name) :
			     arena_printf(&m->arena, "%u", number));
}

/* What only rows of this kind have. */
static void set_own(struct monitor *m, const struct kernel_event *e)
{
	struct event *row = &m->event;
	const struct kernel_str *text = &e->act.text;

	switch (e->kind) {
	case KERNEL_PROCESS_TRACE:
		event_set_str(row, T(TraceRequest), request_name(e->act.call));
		break;
	case KERNEL_PROCESS_READ:
	case KERNEL_PROCESS_WRITE:
		event_set_str(row, T(AccessWay),
			      e->act.call == KERNEL_ACCESS_FILE ? "MemFile" : "ProcessVm");
		break;
	case KERNEL_MODULE_LOAD:
		event_set_str(row, T(ModuleName), text_of(m, "", text->data, text->len));
		if (e->act.path.len)
			set_path(m, text_of(m, "", e->act.path.data, e->act.path.len));
		break;
	case KERNEL_BPF_LOAD:
		event_set_str(row, T(BpfProgramName), text_of(m, "", text->data, text->len));
		event_set_str(row, T(BpfProgramType), kernel_bpf_type_name(e->act.call));
		event_set_int(row, T(BpfProgramId), (int64_t)e->act.values[0]);
		break;
	case KERNEL_MOUNT:
	case KERNEL_UNMOUNT:
		set_mount(m, e);
		break;
	case KERNEL_NAMESPACE:
		set_namespace(m, e);
		break;
	case KERNEL_MEMORY_FILE:
		/* As /proc shows it. */
		set_path(m, text_of(m, "/memfd:", text->data, text->len));
		set_flags(m, T(MemoryFileFlags), FLAGS_MEMORY_FILE, e->act.values[0]);
		break;
	case KERNEL_PRIVILEGE:
		set_privilege(m, e);
		break;
	default:
		set_signal(m, e->act.call);
		break;
	}
}

void monitor_device_event(struct monitor *m, const struct kernel_event *e)
{
	const struct process *p = process_table_of_task(m->table, &e->task), *target = NULL;

	if (!p)
		return;
	if (e->act.target_pid)
		target = process_table_find(m->table, e->act.target_pid,
					    e->act.target_start_boottime_ns);
	monitor_begin(m, EVENT_DeviceEvents, e, action_of(m, e, target));
	monitor_set_initiating(m, p);
	if (e->act.target_pid)
		set_target(m, e, target);
	set_own(m, e);
	monitor_emit(m, &m->event);
}
