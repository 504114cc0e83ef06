/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/monitor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "sensor/process/monitor_internal.h"
#include "sensor/process/proc_read.h"

#define ROW_TEXT_MAX (1u << 20)
#define COMMAND_LINE_TEXT_MAX (16u << 20)
#define TEXT_KEEP (256u << 10)
/* A process that ended stays known: its children's rows and late events name it. */
#define KEEP_EXITED_NS (60 * NSEC_PER_SEC)
/* Rows that no kernel record stands behind are numbered on a processor that does not exist. */
#define OWN_CPU UINT16_MAX

/* Where this program and its siblings lie. */
static void find_own_programs(struct monitor *m)
{
	ssize_t n = readlink("/proc/self/exe", m->own_programs, sizeof(m->own_programs) - 8);
	char *slash;

	m->own_programs[n > 0 ? n : 0] = '\0';
	slash = strrchr(m->own_programs, '/');
	if (slash && strncmp(slash, "/vakt-", 6) == 0)
		slash[6] = '\0';
	else
		m->own_programs[0] = '\0';
}

bool monitor_is_own(const struct monitor *m, const struct process *p)
{
	size_t len = strlen(m->own_programs);

	return len && strncmp(p->path, m->own_programs, len) == 0;
}

int monitor_new(const struct monitor_options *options, struct monitor **ret_monitor, struct err *err)
{
	_cleanup_(monitor_freep) struct monitor *m = calloc(1, sizeof(*m));

	if (!m)
		return err_setf(err, -ENOMEM, "out of memory");
	m->options = *options;
	snprintf(m->boot_id, sizeof(m->boot_id), "%s", options->boot_id);
	if (gethostname(m->host_name, sizeof(m->host_name) - 1) < 0)
		return err_setf(err, -errno, "host name: %m");
	m->boot_realtime_ns = clock_realtime_ns() - clock_boottime_ns();
	find_own_programs(m);
	arena_init(&m->arena, ROW_TEXT_MAX);
	buf_init(&m->text, COMMAND_LINE_TEXT_MAX);
	if (monitor_find_containers(m) < 0 || process_table_new(m->boot_id, options->processes_max, &m->table) < 0 ||
	    user_names_new("/etc/passwd", &m->users) < 0 ||
	    account_files_new("/etc", &m->accounts) < 0 ||
	    logon_records_new("/var/log", &m->logons) < 0 ||
	    file_hash_cache_new(options->hash_max_bytes, &m->hashes) < 0 ||
	    package_owner_new("", &m->packages) < 0)
		return err_setf(err, -ENOMEM, "out of memory");
	*ret_monitor = TAKE_PTR(m);
	return 0;
}

void monitor_free(struct monitor *m)
{
	if (!m)
		return;
	process_table_free(m->table);
	user_names_free(m->users);
	account_files_free(m->accounts);
	logon_records_free(m->logons);
	file_hash_cache_free(m->hashes);
	package_owner_free(m->packages);
	exclusions_free(m->exclusions);
	monitor_free_containers(m);
	buf_done(&m->text);
	arena_done(&m->arena);
	free(m);
}

void monitor_configure(struct monitor *m, uint64_t hash_max_bytes)
{
	file_hash_set_max(m->hashes, hash_max_bytes);
}

int64_t monitor_wall_ns(const struct monitor *m, int64_t boottime_ns)
{
	return boottime_ns + m->boot_realtime_ns;
}

const char *monitor_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void monitor_set_id(struct monitor *m, unsigned int field, uint32_t id)
{
	event_set_str(&m->event, field, arena_printf(&m->arena, "%u", id));
}

static struct event *begin(struct monitor *m, enum event_table_id table, int64_t boottime_ns,
			   const char *action)
{
	struct event *e = &m->event;

	arena_reset(&m->arena);
	event_init(e, table);
	e->boottime_ns = boottime_ns;
	/* Timestamp and ActionType stand in every table. */
	event_set_int(e, (unsigned int)event_field_find(e->table, "Timestamp"),
		      monitor_wall_ns(m, boottime_ns));
	event_set_str(e, (unsigned int)event_field_find(e->table, "ActionType"), action);
	return e;
}

struct event *monitor_begin(struct monitor *m, enum event_table_id table,
			    const struct kernel_event *k, const char *action)
{
	struct event *e = begin(m, table, k->boottime_ns, action);

	e->cpu = k->cpu;
	e->sequence = k->sequence;
	return e;
}

struct event *monitor_begin_own(struct monitor *m, enum event_table_id table, int64_t boottime_ns,
				const char *action)
{
	struct event *e = begin(m, table, boottime_ns, action);

	e->cpu = OWN_CPU;
	e->sequence = (uint64_t)clock_boottime_ns() << 8 | (m->own_sequence++ & 0xff);
	return e;
}

void monitor_emit(struct monitor *m, const struct event *e)
{
	m->stats.events[e->table - event_tables]++;
	m->options.on_event(m->options.arg, e);
}

void monitor_on_event(void *monitor, const struct kernel_event *e)
{
	struct monitor *m = monitor;

	if (monitor_leaves_out(m, e))
		return;
	switch (e->kind) {
	case KERNEL_PROCESS_FORK:
	case KERNEL_PROCESS_EXEC:
	case KERNEL_PROCESS_EXIT:
		monitor_process_event(m, e);
		break;
	case KERNEL_FILE_CREATE:
	case KERNEL_FILE_WRITE:
	case KERNEL_FILE_RENAME:
	case KERNEL_FILE_DELETE:
	case KERNEL_FILE_MODE:
	case KERNEL_FILE_OWNER:
	case KERNEL_FILE_ATTRIBUTE:
		monitor_file_event(m, e);
		break;
	case KERNEL_NET_CONNECT:
	case KERNEL_NET_ACCEPT:
	case KERNEL_NET_LISTEN:
	case KERNEL_NET_CLOSE:
	case KERNEL_NET_BIND:
		monitor_network_event(m, e);
		break;
	case KERNEL_DNS:
		monitor_dns_event(m, e);
		break;
	case KERNEL_KIND_COUNT:
		break;
	default:
		monitor_device_event(m, e);
		break;
	}
}

void monitor_gap(struct monitor *m, const char *action, const char *kind, int64_t lost,
		 const char *reason, int64_t since_ns, int64_t until_ns)
{
	struct event *e = monitor_begin_own(m, EVENT_SensorGaps, since_ns, action);

	event_set_int(e, SensorGaps_EndTime, monitor_wall_ns(m, until_ns));
	event_set_str(e, SensorGaps_LostKind, kind);
	if (lost >= 0)
		event_set_int(e, SensorGaps_LostEvents, lost);
	event_set_str(e, SensorGaps_Reason, reason);
	monitor_emit(m, e);
}

void monitor_on_loss(void *monitor, const struct kernel_loss *loss)
{
	struct monitor *m = monitor;

	for (unsigned int i = 0; i < KERNEL_KIND_COUNT; i++) {
		if (!loss->by_kind[i])
			continue;
		m->stats.lost += loss->by_kind[i];
		monitor_gap(m, "EventsDropped", kernel_kind_name((enum kernel_kind)i),
			    (int64_t)loss->by_kind[i], "the kernel's ring was full",
			    loss->since_boottime_ns, loss->until_boottime_ns);
	}
}

int monitor_read_proc(struct monitor *m)
{
	return proc_read_all(m->table, m->packages);
}

void monitor_tick(struct monitor *m)
{
	process_table_expire(m->table, clock_boottime_ns() - KEEP_EXITED_NS);
	user_names_refresh(m->users);
	/* One giant command line does not take its memory for ever. */
	if (m->text.cap > TEXT_KEEP)
		buf_done(&m->text);
	package_owner_tick(m->packages);
	/* Follows corrections of the wall clock; rows already made keep their time. */
	m->boot_realtime_ns = clock_realtime_ns() - clock_boottime_ns();
}

void monitor_get_stats(const struct monitor *m, struct monitor_stats *ret_stats)
{
	*ret_stats = m->stats;
	ret_stats->table_count = process_table_count(m->table);
	ret_stats->table_refused = process_table_refused(m->table);
	package_owner_get_stats(m->packages, &ret_stats->packages);
}
