/* SPDX-License-Identifier: Apache-2.0 */
/*
 * derived_events.c - what a changed file means: accounts, services, scheduled tasks, log-ons
 *
 * A row of DeviceEvents beside the file's own, by the same process. No kernel record is numbered for
 * it, so the number is the monitor's: a sensor that is killed between the two rows tells only the
 * file's.
 */
#include <string.h>

#include "base/utf8.h"
#include "sensor/process/account_files.h"
#include "sensor/process/monitor_internal.h"

#define T(name) DeviceEvents_##name
#define PATH_BYTES_MAX 4096u

/* Where files lie that make something run, and what one of them is. */
struct place {
	const char *prefix; /* NULL: anywhere */
	const char *part;   /* within the path; NULL: any */
	const char *suffix; /* NULL: any */
	bool scheduled;	    /* else a service */
};

static const struct place places[] = {
	{ "/etc/systemd/", NULL, ".service", false },
	{ "/run/systemd/system/", NULL, ".service", false },
	{ "/usr/lib/systemd/", NULL, ".service", false },
	{ "/usr/local/lib/systemd/", NULL, ".service", false },
	{ NULL, "/.config/systemd/user/", ".service", false },
	{ NULL, "/.local/share/systemd/user/", ".service", false },
	{ "/etc/init.d/", NULL, NULL, false },
	{ "/etc/rc.local", NULL, NULL, false },
	{ "/etc/sv/", NULL, "/run", false },
	{ "/etc/systemd/", NULL, ".timer", true },
	{ "/run/systemd/system/", NULL, ".timer", true },
	{ "/usr/lib/systemd/", NULL, ".timer", true },
	{ "/usr/local/lib/systemd/", NULL, ".timer", true },
	{ NULL, "/.config/systemd/user/", ".timer", true },
	{ NULL, "/.local/share/systemd/user/", ".timer", true },
	{ "/etc/cron.", NULL, NULL, true },
	{ "/etc/crontab", NULL, NULL, true },
	{ "/etc/anacrontab", NULL, NULL, true },
	{ "/var/spool/cron/", NULL, NULL, true },
	{ "/var/spool/at/", NULL, NULL, true },
};

/* Names that editors and installers give to what will get its name later. */
static bool is_temporary(const char *name)
{
	static const char *const endings[] = { "~", ".swp", ".dpkg-new", ".dpkg-tmp", ".tmp" };
	size_t len = strlen(name);

	if (name[0] == '.' || strncmp(name, "tmp.", 4) == 0 || strncmp(name, "#", 1) == 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		size_t n = strlen(endings[i]);

		if (len >= n && strcmp(name + len - n, endings[i]) == 0)
			return true;
	}
	return false;
}

static const struct place *place_of(const char *path)
{
	size_t len = strlen(path);

	if (is_temporary(monitor_base_name(path)))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		const struct place *p = &places[i];
		size_t suffix = p->suffix ? strlen(p->suffix) : 0;

		if ((!p->prefix || strncmp(path, p->prefix, strlen(p->prefix)) == 0) &&
		    (!p->part || strstr(path, p->part)) && len > suffix &&
		    (!p->suffix || strcmp(path + len - suffix, p->suffix) == 0))
			return p;
	}
	return NULL;
}

static const char *place_action(const struct place *place, enum kernel_kind kind)
{
	if (kind == KERNEL_FILE_WRITE)
		return place->scheduled ? "ScheduledTaskUpdated" : "ServiceModified";
	return place->scheduled ? "ScheduledTaskCreated" : "ServiceInstalled";
}

/* A file that is made and then written is told once. */
static bool is_told(struct monitor *m, const struct kernel_event *e)
{
	bool told = e->kind == KERNEL_FILE_WRITE && e->file.inode == m->installed_inode &&
		    e->file.device == m->installed_device;

	if (e->kind == KERNEL_FILE_CREATE) {
		m->installed_inode = e->file.inode;
		m->installed_device = e->file.device;
	} else if (told) {
		m->installed_inode = 0; /* what is written later is news */
	}
	return told;
}

static void tell_place(struct monitor *m, const struct kernel_event *e, const struct process *p)
{
	char path[4 * PATH_BYTES_MAX + 1];
	const struct place *place;

	path[utf8_escape(path, e->file.path.data, MIN(e->file.path.len, PATH_BYTES_MAX))] = '\0';
	place = place_of(path);
	if (!place || is_told(m, e))
		return;
	monitor_begin_own(m, EVENT_DeviceEvents, e->boottime_ns, place_action(place, e->kind));
	monitor_set_initiating(m, p);
	event_set_str(&m->event, T(FolderPath), path);
	event_set_str(&m->event, T(FileName), monitor_base_name(path));
	monitor_emit(m, &m->event);
}

struct telling {
	struct monitor *m;
	const struct kernel_event *e;
	const struct process *p;
};

static void tell_account(void *arg, const struct account_event *a)
{
	static const char *const actions[] = {
		[ACCOUNT_CREATED] = "UserAccountCreated",
		[ACCOUNT_MODIFIED] = "UserAccountModified",
		[ACCOUNT_DELETED] = "UserAccountDeleted",
		[ACCOUNT_GROUP_CREATED] = "SecurityGroupCreated",
		[ACCOUNT_GROUP_DELETED] = "SecurityGroupDeleted",
		[ACCOUNT_MEMBER_ADDED] = "UserAccountAddedToLocalGroup",
		[ACCOUNT_MEMBER_REMOVED] = "UserAccountRemovedFromLocalGroup",
	};
	const struct telling *t = arg;
	struct event *row = &t->m->event;

	monitor_begin_own(t->m, EVENT_DeviceEvents, t->e->boottime_ns, actions[a->change]);
	monitor_set_initiating(t->m, t->p);
	event_set_str(row, T(AccountName), a->account);
	event_set_str(row, T(AccountDomain), t->m->host_name);
	if (a->uid != UINT32_MAX)
		monitor_set_id(t->m, T(AccountSid), a->uid);
	event_set_str(row, T(GroupName), a->group);
	if (a->gid != UINT32_MAX)
		event_set_int(row, T(GroupId), a->gid);
	event_set_str(row, T(AccountChanges), a->what);
	monitor_emit(t->m, row);
}

void monitor_derive(struct monitor *m, const struct kernel_event *e, const struct process *p)
{
	struct telling t = { m, e, p };

	if (e->kind != KERNEL_FILE_CREATE && e->kind != KERNEL_FILE_WRITE &&
	    e->kind != KERNEL_FILE_RENAME)
		return;
	/* What lies in a container is none of the machine's. */
	if (!monitor_is_host(m, &e->task) || e->file.other_root)
		return;
	if (e->kind != KERNEL_FILE_CREATE &&
	    account_files_have(m->accounts, e->file.path.data, e->file.path.len))
		account_files_read(m->accounts, e->file.path.data, e->file.path.len, tell_account, &t);
	else if (e->kind == KERNEL_FILE_WRITE &&
		 logon_records_have(m->logons, e->file.path.data, e->file.path.len))
		monitor_logon_records(m, e, p);
	else
		tell_place(m, e, p);
}
