/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/detect/subject.h"

#define NO SUBJECT_NONE

/* The process that acts, in the tables where it is the subject. */
#define ACTING(T)                                                                                  \
	.time = T##_Timestamp, .report_id = T##_ReportId, .action = T##_ActionType,                \
	.unique_id = T##_InitiatingProcessUniqueId, .process_id = T##_InitiatingProcessId,         \
	.file_name = T##_InitiatingProcessFileName,                                                \
	.folder_path = T##_InitiatingProcessFolderPath,                                            \
	.command_line = T##_InitiatingProcessCommandLine,                                          \
	.creation_time = T##_InitiatingProcessCreationTime, .sha1 = T##_InitiatingProcessSHA1,     \
	.sha256 = T##_InitiatingProcessSHA256, .account_name = T##_InitiatingProcessAccountName,   \
	.account_domain = T##_InitiatingProcessAccountDomain,                                      \
	.account_sid = T##_InitiatingProcessAccountSid, .parent_unique_id = NO,                    \
	.parent_id = T##_InitiatingProcessParentId,                                                \
	.parent_file_name = T##_InitiatingProcessParentFileName, .parent_folder_path = NO,         \
	.parent_creation_time = T##_InitiatingProcessParentCreationTime

#define E(name) DeviceEvents_##name
#define L(name) DeviceLogonEvents_##name
#define P(name) DeviceProcessEvents_##name
#define F(name) DeviceFileEvents_##name
#define N(name) DeviceNetworkEvents_##name

static const struct subject_columns tables[EVENT_TABLE_COUNT] = {
	[EVENT_DeviceProcessEvents] = {
		.time = P(Timestamp), .report_id = P(ReportId), .action = P(ActionType),
		.unique_id = P(ProcessUniqueId), .process_id = P(ProcessId),
		.file_name = P(FileName), .folder_path = P(FolderPath),
		.command_line = P(ProcessCommandLine), .creation_time = P(ProcessCreationTime),
		.sha1 = P(SHA1), .sha256 = P(SHA256), .account_name = P(AccountName),
		.account_domain = P(AccountDomain), .account_sid = P(AccountSid),
		.parent_unique_id = P(InitiatingProcessUniqueId),
		.parent_id = P(InitiatingProcessId),
		.parent_file_name = P(InitiatingProcessFileName),
		.parent_folder_path = P(InitiatingProcessFolderPath),
		.parent_creation_time = P(InitiatingProcessCreationTime),
		.target_path = NO, .target_name = NO, .target_sha1 = NO, .target_sha256 = NO,
		.remote_ip = NO, .remote_port = NO,
	},
	[EVENT_DeviceEvents] = {
		ACTING(DeviceEvents),
		.target_path = E(FolderPath), .target_name = E(FileName),
		.target_sha1 = E(SHA1), .target_sha256 = E(SHA256),
		.remote_ip = E(RemoteIP), .remote_port = E(RemotePort),
	},
	[EVENT_DeviceFileEvents] = {
		ACTING(DeviceFileEvents),
		.target_path = F(FolderPath), .target_name = F(FileName),
		.target_sha1 = F(SHA1), .target_sha256 = F(SHA256),
		.remote_ip = NO, .remote_port = NO,
	},
	[EVENT_DeviceLogonEvents] = {
		ACTING(DeviceLogonEvents),
		.target_path = NO, .target_name = NO, .target_sha1 = NO, .target_sha256 = NO,
		.remote_ip = L(RemoteIP), .remote_port = NO,
	},
	[EVENT_DeviceLogEvents] = {
		ACTING(DeviceLogEvents),
		.target_path = NO, .target_name = NO, .target_sha1 = NO, .target_sha256 = NO,
		.remote_ip = NO, .remote_port = NO,
	},
	[EVENT_DeviceNetworkEvents] = {
		ACTING(DeviceNetworkEvents),
		.target_path = NO, .target_name = NO, .target_sha1 = NO, .target_sha256 = NO,
		.remote_ip = N(RemoteIP), .remote_port = N(RemotePort),
	},
};

const struct subject_columns *subject_columns(const struct event_table *table)
{
	const struct subject_columns *columns = &tables[table - event_tables];

	return columns->process_id ? columns : NULL;
}

const char *subject_text(const struct event *e, uint8_t column, size_t *ret_len)
{
	if (column == SUBJECT_NONE || !event_has(e, column)) {
		*ret_len = 0;
		return "";
	}
	*ret_len = e->values[column].len;
	return e->values[column].s;
}

int64_t subject_number(const struct event *e, uint8_t column)
{
	return column != SUBJECT_NONE && event_has(e, column) ? e->values[column].i : 0;
}

bool subject_begins_sessions(const char *file_name, size_t len)
{
	static const char *const names[] = {
		"systemd",
		"init",
		"runsv",
		"runsvdir",
		"s6-supervise",
		"supervisord",
		"sshd",
		"sshd-session",
		"login",
		"agetty",
		"getty",
		"inetd",
		"xinetd",
		"cron",
		"crond",
		"anacron",
		"atd",
		"dockerd",
		"containerd",
		"containerd-shim",
		"containerd-shim-runc-v2",
		"conmon",
		"runc",
		"tmux",
		"screen",
		"gdm-session-worker",
		"sddm-helper",
		"lightdm",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strlen(names[i]) == len && memcmp(names[i], file_name, len) == 0)
			return true;
	}
	return false;
}

static void copy_id(const struct event *e, uint8_t column, char ret_id[EVENT_UNIQUE_ID_SIZE])
{
	size_t len;
	const char *id = subject_text(e, column, &len);

	len = MIN(len, (size_t)EVENT_UNIQUE_ID_SIZE - 1);
	memcpy(ret_id, id, len);
	ret_id[len] = '\0';
}

void subject_actor(const struct event *e, char ret_id[EVENT_UNIQUE_ID_SIZE])
{
	const struct subject_columns *columns = subject_columns(e->table);
	const char *parent;
	size_t len;

	ret_id[0] = '\0';
	if (!columns)
		return;
	parent = subject_text(e, columns->parent_file_name, &len);
	if (columns->parent_unique_id != SUBJECT_NONE &&
	    subject_number(e, columns->parent_id) > 1 && !subject_begins_sessions(parent, len))
		copy_id(e, columns->parent_unique_id, ret_id);
	if (!ret_id[0])
		copy_id(e, columns->unique_id, ret_id);
}
