/* SPDX-License-Identifier: Apache-2.0 */
#include "audit_view.h"

#include <stdlib.h>
#include <string.h>

#define E(name) DeviceEvents_##name
#define F(name) DeviceFileEvents_##name
#define L(name) DeviceLogonEvents_##name
#define N(name) DeviceNetworkEvents_##name
#define P(name) DeviceProcessEvents_##name

#define ARGUMENTS_MAX 100u /* as many as rules could name */

/* Who asked for it. */
#define ACTOR(T)                                                                                   \
	{ "exe", SLOT_COLUMN, T##_InitiatingProcessFolderPath },                                   \
	    { "comm", SLOT_BASE, T##_InitiatingProcessCommandLine },                               \
	    { "pid", SLOT_COLUMN, T##_InitiatingProcessId },                                       \
	    { "ppid", SLOT_COLUMN, T##_InitiatingProcessParentId },                                \
	    { "uid", SLOT_COLUMN, T##_InitiatingProcessAccountSid },                               \
	{                                                                                          \
		"euid", SLOT_COLUMN, T##_InitiatingProcessAccountSid                               \
	}

static const struct audit_field execution[] = {
	{ "exe", SLOT_COLUMN, P(FolderPath) },
	{ "comm", SLOT_BASE, P(ProcessCommandLine) },
	{ "cwd", SLOT_COLUMN, P(ProcessCurrentDirectory) },
	{ "pid", SLOT_COLUMN, P(ProcessId) },
	{ "ppid", SLOT_COLUMN, P(InitiatingProcessId) },
	{ "uid", SLOT_COLUMN, P(AccountSid) },
	{ "euid", SLOT_COLUMN, P(AccountSid) },
	{ 0 },
};
static const struct audit_field executed_file[] = { { "name", SLOT_COLUMN, P(FolderPath) },
						    { "pid", SLOT_COLUMN, P(ProcessId) },
						    { 0 } };
static const struct audit_field file[] = { { "name", SLOT_COLUMN, F(FolderPath) },
					   ACTOR(DeviceFileEvents),
					   { 0 } };
static const struct audit_field act[] = { { "name", SLOT_COLUMN, E(FileName) },
					  { "acct", SLOT_COLUMN, E(AccountName) },
					  ACTOR(DeviceEvents),
					  { 0 } };
static const struct audit_field connection[] = { { "addr", SLOT_COLUMN, N(RemoteIP) },
						 ACTOR(DeviceNetworkEvents),
						 { 0 } };
static const struct audit_field logon[] = { { "acct", SLOT_COLUMN, L(AccountName) },
					    { "addr", SLOT_COLUMN, L(RemoteIP) },
					    { "hostname", SLOT_COLUMN, L(RemoteDeviceName) },
					    { "terminal", SLOT_COLUMN, L(Terminal) },
					    ACTOR(DeviceLogonEvents),
					    { 0 } };

#define WHO "uid is the effective one; no auid, key, tty, ses"
#define WORDS "arguments with blanks in them are several; " WHO
#define WRITES "only writing, making, renaming, deleting are seen, never reading; " WHO
#define SPELLING "variants of the system call are one; " WHO

/* .arguments = -1 where there are none: column 0 is one. */
#define NO_WORDS .arguments = -1
#define CALL(table_, action_, name, fields_, text)                                                 \
	{                                                                                          \
		.table = EVENT_##table_, .action = action_, .type = "SYSCALL", .syscall = name,    \
		.fields = fields_, NO_WORDS,                                                       \
		.texts = { table_##_InitiatingProcessCommandLine, text }, .differs = SPELLING      \
	}
#define FILE_PATH(action_, nametype_)                                                              \
	{                                                                                          \
		.table = EVENT_DeviceFileEvents, .action = action_, .type = "PATH",                \
		.nametype = nametype_, .fields = file, NO_WORDS, .texts = { F(FolderPath), -1 },   \
		.differs = WRITES                                                                  \
	}
#define ACCOUNT(action_, type_)                                                                    \
	{                                                                                          \
		.table = EVENT_DeviceEvents, .action = action_, .type = type_, .res = "success",   \
		.fields = act, NO_WORDS, .texts = { E(AccountName), -1 }, .differs = WHO           \
	}
#define LOGON(action_, result)                                                                     \
	{                                                                                          \
		.table = EVENT_DeviceLogonEvents, .action = action_, .type = "USER_LOGIN",         \
		.res = result, .fields = logon, NO_WORDS,                                          \
		.texts = { L(AccountName), L(RemoteIP) }, .differs = WHO                           \
	}

const struct audit_view audit_views[] = {
	{ .table = EVENT_DeviceProcessEvents,
	  .action = "ProcessCreated",
	  .type = "EXECVE",
	  .fields = execution,
	  .arguments = P(ProcessCommandLine),
	  .texts = { P(ProcessCommandLine), P(FolderPath) },
	  .differs = WORDS },
	{ .table = EVENT_DeviceProcessEvents,
	  .action = "ProcessCreated",
	  .type = "SYSCALL",
	  .syscall = "execve",
	  .fields = execution,
	  NO_WORDS,
	  .texts = { P(ProcessCommandLine), P(FolderPath) },
	  .differs = SPELLING },
	{ .table = EVENT_DeviceProcessEvents,
	  .action = "ProcessCreated",
	  .type = "PATH",
	  .nametype = "NORMAL",
	  .fields = executed_file,
	  NO_WORDS,
	  .texts = { P(FolderPath), -1 },
	  .differs = WRITES },
	FILE_PATH("FileCreated", "CREATE"),
	FILE_PATH("FileModified", "NORMAL"),
	FILE_PATH("FileRenamed", "CREATE"),
	FILE_PATH("FileDeleted", "DELETE"),
	FILE_PATH("FilePermissionsModified", "NORMAL"),
	FILE_PATH("FileOwnerModified", "NORMAL"),
	FILE_PATH("FileAttributesModified", "NORMAL"),
	CALL(DeviceFileEvents, "FileRenamed", "rename", file, F(FolderPath)),
	CALL(DeviceFileEvents, "FileDeleted", "unlink", file, F(FolderPath)),
	CALL(DeviceFileEvents, "FilePermissionsModified", "chmod", file, F(FolderPath)),
	CALL(DeviceFileEvents, "FileOwnerModified", "chown", file, F(FolderPath)),
	CALL(DeviceEvents, "MemoryFileCreated", "memfd_create", act, E(FileName)),
	CALL(DeviceEvents, "DriverLoad", "finit_module", act, E(FileName)),
	CALL(DeviceEvents, "PTraceDetected", "ptrace", act, -1),
	CALL(DeviceEvents, "ReadProcessMemoryApiCall", "process_vm_readv", act, -1),
	CALL(DeviceEvents, "WriteProcessMemoryApiCall", "process_vm_writev", act, -1),
	CALL(DeviceEvents, "BpfProgramLoaded", "bpf", act, -1),
	CALL(DeviceEvents, "NamespaceCreated", "unshare", act, -1),
	CALL(DeviceEvents, "NamespaceEntered", "setns", act, -1),
	CALL(DeviceEvents, "FileSystemMounted", "mount", act, E(FolderPath)),
	CALL(DeviceEvents, "FileSystemUnmounted", "umount2", act, E(FolderPath)),
	CALL(DeviceEvents, "ProcessSignaled", "kill", act, -1),
	CALL(DeviceNetworkEvents, "ConnectionSuccess", "connect", connection, N(RemoteIP)),
	CALL(DeviceNetworkEvents, "ConnectionFailed", "connect", connection, N(RemoteIP)),
	CALL(DeviceNetworkEvents, "ConnectionRequest", "connect", connection, N(RemoteIP)),
	CALL(DeviceNetworkEvents, "InboundConnectionAccepted", "accept", connection, N(RemoteIP)),
	CALL(DeviceNetworkEvents, "ListeningConnectionCreated", "listen", connection, -1),
	ACCOUNT("UserAccountCreated", "ADD_USER"),
	ACCOUNT("UserAccountDeleted", "DEL_USER"),
	ACCOUNT("SecurityGroupCreated", "ADD_GROUP"),
	ACCOUNT("SecurityGroupDeleted", "DEL_GROUP"),
	ACCOUNT("DriverLoad", "KERN_MODULE"),
	LOGON("LogonSuccess", "success"),
	LOGON("LogonFailed", "failed"),
};
const size_t audit_view_count = ARRAY_SIZE(audit_views);

static struct slot constant(const char *text)
{
	return (struct slot){ .kind = text ? SLOT_TEXT : SLOT_NONE, .text = text };
}

static bool argument_number(const char *field, unsigned int *ret_number)
{
	char *end;
	unsigned long number;

	if (field[0] != 'a' || field[1] < '0' || field[1] > '9')
		return false;
	number = strtoul(field + 1, &end, 10);
	*ret_number = (unsigned int)number;
	return !*end && number < ARGUMENTS_MAX;
}

struct slot audit_view_slot(const struct audit_view *view, const char *field)
{
	unsigned int number;

	if (!strcmp(field, "type"))
		return constant(view->type);
	if (!strcmp(field, "SYSCALL"))
		return constant(view->syscall);
	if (!strcmp(field, "nametype"))
		return constant(view->nametype);
	if (!strcmp(field, "res"))
		return constant(view->res);
	if (view->arguments >= 0 && argument_number(field, &number))
		return (struct slot){ .kind = SLOT_WORD,
				      .column = (uint16_t)view->arguments,
				      .word = (uint16_t)number };
	for (const struct audit_field *f = view->fields; f->name; f++)
		if (!strcmp(f->name, field))
			return (struct slot){ .kind = f->kind, .column = f->column };
	return constant(NULL);
}
