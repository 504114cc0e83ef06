/* SPDX-License-Identifier: Apache-2.0 */
/*
 * monitor_internal.h - the monitor's own parts, shared by its files only
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/hex.h"
#include "base/map.h"
#include "sensor/process/account_files.h"
#include "sensor/process/exclusions.h"
#include "sensor/process/file_hash.h"
#include "sensor/process/logon_records.h"
#include "sensor/process/monitor.h"
#include "sensor/process/package_owner.h"
#include "sensor/process/process_table.h"
#include "sensor/process/user_names.h"

struct monitor {
	struct monitor_options options;
	char boot_id[UUID_TEXT_SIZE];
	char host_name[256];
	char own_programs[4096]; /* path of the running program up to "vakt-"; "": not known */
	int64_t boot_realtime_ns; /* wall clock minus boot time */
	struct process_table *table;
	struct user_names *users;
	struct file_hash_cache *hashes;
	struct package_owner *packages;
	struct account_files *accounts;
	struct logon_records *logons;
	uint64_t installed_inode, installed_device; /* the service or task made last */
	uint64_t host_mnt_ns;     /* of process 1; 0: not known */
	bool unified_cgroups;     /* one hierarchy of version 2 */
	struct map *containers;   /* cgroup id, or in version 1 container id -> interned id */
	struct buf text;        /* command line under work */
	struct event event;     /* row under work */
	struct arena arena;     /* its strings */
	struct exclusions *exclusions; /* NULL: not set yet */
	uint64_t own_sequence;
	struct monitor_stats stats;
};

/* Begins a row: identity, Timestamp, ActionType. */
struct event *monitor_begin(struct monitor *m, enum event_table_id table,
			    const struct kernel_event *e, const char *action);
/* The same for what no kernel record stands behind. */
struct event *monitor_begin_own(struct monitor *m, enum event_table_id table, int64_t boottime_ns,
				const char *action);
void monitor_emit(struct monitor *m, const struct event *e);
int64_t monitor_wall_ns(const struct monitor *m, int64_t boottime_ns);
int monitor_find_containers(struct monitor *m);
void monitor_free_containers(struct monitor *m);
/* Sees the machine's own mounts, as the sensor's paths do. */
bool monitor_is_host(const struct monitor *m, const struct kernel_task *task);
/* Container of a task by its control group. */
const char *monitor_container(struct monitor *m, const struct kernel_task *task);
/* Whether the process is one of Vakt's own programs. */
bool monitor_is_own(const struct monitor *m, const struct process *p);
/* Path's last part. */
const char *monitor_base_name(const char *path);
/* An address as text; type_field takes what kind it is, unless that is UINT32_MAX. */
void monitor_set_address(struct monitor *m, uint8_t family, const uint8_t *address,
			 unsigned int ip_field, unsigned int type_field);
/* A numeric id as text in the row's arena. */
void monitor_set_id(struct monitor *m, unsigned int field, uint32_t id);

/* The acting process's columns stand in every table; these are their indices in one. */
struct initiating_fields {
	uint8_t account_name, account_domain, account_sid, sha1, sha256, md5, file_name,
		folder_path, file_size, process_id, command_line, creation_time, parent_id,
		parent_file_name, parent_creation_time, session_id, unique_id, container_id;
};
/* The table's set, or NULL where it has none. */
const struct initiating_fields *initiating_fields_of(enum event_table_id table);
void monitor_set_initiating(struct monitor *m, const struct process *p);

/* A program began; a process began as a copy of another; it ended. */
void monitor_exclude_program(struct monitor *m, struct process *p);
void monitor_exclude_child(struct monitor *m, struct process *child, const struct process *parent);
void monitor_exclude_no_more(struct monitor *m, struct process *p);
/* Whether an exclusion is in the way of this event; it has counted then. */
bool monitor_leaves_out(struct monitor *m, const struct kernel_event *e);
/* Likewise of a file's row alone: what follows from it is told. */
bool monitor_leaves_file_out(struct monitor *m, const struct kernel_event *e);

/* Rows of each table; called by monitor_on_event(). */
void monitor_process_event(struct monitor *m, const struct kernel_event *e);
void monitor_file_event(struct monitor *m, const struct kernel_event *e);
void monitor_device_event(struct monitor *m, const struct kernel_event *e);
/* Rows that follow from a file's. */
void monitor_derive(struct monitor *m, const struct kernel_event *e, const struct process *p);
/* What the process added to a file of log-ons. */
void monitor_logon_records(struct monitor *m, const struct kernel_event *e, const struct process *p);
void monitor_dns_event(struct monitor *m, const struct kernel_event *e);
void monitor_network_event(struct monitor *m, const struct kernel_event *e);
