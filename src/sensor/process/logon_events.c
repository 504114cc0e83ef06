/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logon_events.c - rows of DeviceLogonEvents, from what a program has added to wtmp or btmp
 *
 * The row's process is the one that wrote the record: sshd, login, su.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "sensor/process/ip_type.h"
#include "sensor/process/logon_records.h"
#include "sensor/process/monitor_internal.h"

#define T(name) DeviceLogonEvents_##name

struct telling {
	struct monitor *m;
	const struct kernel_event *e;
	const struct process *p;
};

/* A member of the record, which a NUL ends only where there is room. */
static const char *member(struct monitor *m, const char *data, size_t size)
{
	char escaped[4 * UT_HOSTSIZE];
	size_t len = utf8_escape(escaped, data, MIN(strnlen(data, size), (size_t)UT_HOSTSIZE));

	return arena_strndup(&m->arena, escaped, len);
}

static void set_remote(struct monitor *m, const struct utmp *u, const char *host)
{
	const uint8_t *address = (const uint8_t *)u->ut_addr_v6;
	bool v6 = u->ut_addr_v6[1] || u->ut_addr_v6[2] || u->ut_addr_v6[3];
	uint8_t given[16];

	if (v6 || u->ut_addr_v6[0]) {
		monitor_set_address(m, v6 ? AF_INET6 : AF_INET, address, T(RemoteIP),
				    T(RemoteIPType));
	} else if (host && inet_pton(AF_INET, host, given) == 1) {
		monitor_set_address(m, AF_INET, given, T(RemoteIP), T(RemoteIPType));
	} else if (host && inet_pton(AF_INET6, host, given) == 1) {
		monitor_set_address(m, AF_INET6, given, T(RemoteIP), T(RemoteIPType));
	}
	event_set_str(&m->event, T(RemoteDeviceName), host);
}

static void set_user(struct monitor *m, const char *user)
{
	uint32_t uid;

	event_set_str(&m->event, T(AccountName), user);
	event_set_str(&m->event, T(AccountDomain), m->host_name);
	if (!user || user_names_find(m->users, user, &uid) < 0)
		return;
	monitor_set_id(m, T(AccountSid), uid);
	event_set_int(&m->event, T(IsLocalAdmin), uid == 0);
}

static void tell(void *arg, const struct utmp *u, bool failed)
{
	const struct telling *t = arg;
	struct monitor *m = t->m;
	struct event *row = monitor_begin_own(m, EVENT_DeviceLogonEvents, t->e->boottime_ns,
					      failed ? "LogonFailed" : "LogonSuccess");
	const char *host = member(m, u->ut_host, sizeof(u->ut_host));

	monitor_set_initiating(m, t->p);
	set_user(m, member(m, u->ut_user, sizeof(u->ut_user)));
	set_remote(m, u, host);
	event_set_str(row, T(LogonType), host && host[0] ? "RemoteInteractive" : "Interactive");
	event_set_str(row, T(Terminal), member(m, u->ut_line, sizeof(u->ut_line)));
	if (u->ut_pid > 0)
		event_set_int(row, T(LogonProcessId), u->ut_pid);
	if (strncmp(monitor_base_name(t->p->path), "sshd", 4) == 0)
		event_set_str(row, T(Protocol), "Ssh");
	monitor_emit(m, row);
}

void monitor_logon_records(struct monitor *m, const struct kernel_event *e, const struct process *p)
{
	struct telling t = { m, e, p };

	logon_records_read(m->logons, e->file.path.data, e->file.path.len, tell, &t);
}
