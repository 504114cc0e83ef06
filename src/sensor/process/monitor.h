/* SPDX-License-Identifier: Apache-2.0 */
/*
 * monitor.h - kernel events in, enriched rows of the event tables out
 *
 * Owns the process table and everything that enriches: names, hashes, containers. One thread.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "event/event.h"
#include "sensor/kernel/kernel.h"
#include "sensor/logs/log_line.h"
#include "sensor/process/package_owner.h"

struct monitor;

/* The event and its strings are valid during the call. */
typedef void (*monitor_event_fn)(void *arg, const struct event *e);

struct monitor_options {
	const char *boot_id;
	size_t processes_max;
	uint64_t hash_max_bytes; /* larger executables are not hashed */
	monitor_event_fn on_event;
	/*
	 * The kernel need not record what this process does (start_ns: boot time, rounded down to
	 * PROCESS_TICK_NS), or exclusion < 0, has to. Nullable.
	 */
	void (*exclude)(void *arg, uint32_t pid, int64_t start_ns, int exclusion);
	void *arg;
};

/* Counters for health; they only grow, but for the table's size. */
struct monitor_stats {
	uint64_t events[EVENT_TABLE_COUNT];
	uint64_t lost;            /* reported by the kernel */
	uint64_t dns_malformed;   /* messages of port 53 that are none */
	uint64_t table_refused;
	uint64_t table_count;
	struct package_owner_stats packages;
};

int monitor_new(const struct monitor_options *options, struct monitor **ret_monitor,
		struct err *err);
void monitor_free(struct monitor *m);
DEFINE_CLEANUP(struct monitor *, monitor_free)

/* hash_max_bytes from now on. */
void monitor_configure(struct monitor *m, uint64_t hash_max_bytes);
struct exclusions;
/*
 * What is not told from now on, as the setting's JSON; a row of SensorGaps says so. After
 * monitor_read_proc(). -ENOMEM.
 */
int monitor_set_exclusions(struct monitor *m, const char *json);
const struct exclusions *monitor_exclusions(const struct monitor *m);
/* To be given to kernel_open() with the monitor as arg. */
void monitor_on_event(void *monitor, const struct kernel_event *e);
void monitor_on_loss(void *monitor, const struct kernel_loss *loss);
/* A row of DeviceLogEvents. */
void monitor_log_line(struct monitor *m, const struct log_line *line);
/* Fills the process table from /proc; after the kernel's programs are attached. */
int monitor_read_proc(struct monitor *m);
/* A row of SensorGaps: blind from then until then (boot time). lost < 0: not known. */
void monitor_gap(struct monitor *m, const char *action, const char *kind, int64_t lost,
		 const char *reason, int64_t since_ns, int64_t until_ns);
/* A row of DeviceInfo. */
void monitor_device_info(struct monitor *m);
/* Once a second: forgets old processes, looks for changed user names. */
void monitor_tick(struct monitor *m);
void monitor_get_stats(const struct monitor *m, struct monitor_stats *ret_stats);
