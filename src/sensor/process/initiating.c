/* SPDX-License-Identifier: Apache-2.0 */
/*
 * initiating.c - the columns of the acting process, which every event table repeats
 */
#include "sensor/process/monitor_internal.h"

#define INITIATING_FIELDS(T)                                                                       \
	{                                                                                          \
		.account_name = T##_InitiatingProcessAccountName,                                  \
		.account_domain = T##_InitiatingProcessAccountDomain,                              \
		.account_sid = T##_InitiatingProcessAccountSid,                                    \
		.sha1 = T##_InitiatingProcessSHA1,                                                 \
		.sha256 = T##_InitiatingProcessSHA256, .md5 = T##_InitiatingProcessMD5,            \
		.file_name = T##_InitiatingProcessFileName,                                        \
		.folder_path = T##_InitiatingProcessFolderPath,                                    \
		.file_size = T##_InitiatingProcessFileSize,                                        \
		.process_id = T##_InitiatingProcessId,                                             \
		.command_line = T##_InitiatingProcessCommandLine,                                  \
		.creation_time = T##_InitiatingProcessCreationTime,                                \
		.parent_id = T##_InitiatingProcessParentId,                                        \
		.parent_file_name = T##_InitiatingProcessParentFileName,                           \
		.parent_creation_time = T##_InitiatingProcessParentCreationTime,                   \
		.session_id = T##_InitiatingProcessSessionId,                                      \
		.unique_id = T##_InitiatingProcessUniqueId, .container_id = T##_ContainerId,       \
	}

static const struct initiating_fields tables[EVENT_TABLE_COUNT] = {
	[EVENT_DeviceEvents] = INITIATING_FIELDS(DeviceEvents),
	[EVENT_DeviceProcessEvents] = INITIATING_FIELDS(DeviceProcessEvents),
	[EVENT_DeviceFileEvents] = INITIATING_FIELDS(DeviceFileEvents),
	[EVENT_DeviceLogEvents] = INITIATING_FIELDS(DeviceLogEvents),
	[EVENT_DeviceLogonEvents] = INITIATING_FIELDS(DeviceLogonEvents),
	[EVENT_DeviceNetworkEvents] = INITIATING_FIELDS(DeviceNetworkEvents),
};

const struct initiating_fields *initiating_fields_of(enum event_table_id table)
{
	return tables[table].process_id ? &tables[table] : NULL;
}

static void set_parent(struct monitor *m, const struct initiating_fields *f,
		       const struct process *p)
{
	struct event *e = &m->event;
	const struct process *parent = process_table_find(m->table, p->ppid, p->parent_start_ns);

	event_set_int(e, f->parent_id, p->ppid);
	if (p->ppid)
		event_set_int(e, f->parent_creation_time, monitor_wall_ns(m, p->parent_start_ns));
	if (parent)
		event_set_str(e, f->parent_file_name, monitor_base_name(parent->path));
}

void monitor_set_initiating(struct monitor *m, const struct process *p)
{
	struct event *e = &m->event;
	const struct initiating_fields *f =
		initiating_fields_of((enum event_table_id)(e->table - event_tables));

	event_set_str(e, f->account_name, arena_strdup(&m->arena, user_names_get(m->users, p->uid)));
	event_set_str(e, f->account_domain, m->host_name);
	monitor_set_id(m, f->account_sid, p->uid);
	event_set_str(e, f->sha1, p->hashes.sha1);
	event_set_str(e, f->sha256, p->hashes.sha256);
	event_set_str(e, f->md5, p->hashes.md5);
	event_set_str(e, f->file_name, monitor_base_name(p->path));
	event_set_str(e, f->folder_path, p->path);
	if (p->file_size)
		event_set_int(e, f->file_size, (int64_t)p->file_size);
	event_set_int(e, f->process_id, p->pid);
	event_set_str(e, f->command_line, p->command_line);
	event_set_int(e, f->creation_time, monitor_wall_ns(m, p->start_ns));
	event_set_int(e, f->session_id, p->session);
	event_set_str(e, f->unique_id, p->unique_id);
	event_set_str(e, f->container_id, p->container_id);
	set_parent(m, f, p);
}
