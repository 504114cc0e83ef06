/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/health.h"

#include <string.h>
#include <unistd.h>

#include "sensor/process/exclusions.h"

static void add_text(struct buf *out, const char *key, const char *value)
{
	buf_printf(out, ",\"%s\":", key);
	if (value)
		buf_append_json(out, value, strlen(value));
	else
		buf_append_str(out, "null");
}

static void add_signals(const struct kernel *k, struct buf *out)
{
	const struct kernel_signal *signals;
	size_t count = kernel_signals(k, &signals);

	buf_append_str(out, ",\"signals\":[");
	for (size_t i = 0; i < count; i++) {
		buf_append_str(out, i ? ",{\"name\":" : "{\"name\":");
		buf_append_json(out, signals[i].name, strlen(signals[i].name));
		add_text(out, "provider", signals[i].provider);
		add_text(out, "missing", signals[i].missing);
		buf_printf(out, ",\"absent\":%s}", signals[i].absent ? "true" : "false");
	}
	buf_append_byte(out, ']');
}

static void add_rows(const struct monitor_stats *stats, struct buf *out)
{
	buf_append_str(out, ",\"rows\":{");
	for (unsigned int i = 0; i < EVENT_TABLE_COUNT; i++)
		buf_printf(out, "%s\"%s\":%llu", i ? "," : "", event_tables[i].name,
			   (unsigned long long)stats->events[i]);
	buf_append_byte(out, '}');
}

static void add_exclusions(const struct kernel *k, const struct exclusions *x, struct buf *out)
{
	buf_append_str(out, ",\"exclusions\":[");
	for (size_t i = 0; i < exclusions_count(x); i++) {
		_cleanup_buf_ struct buf text = BUF_INIT(EXCLUSIONS_TEXT_MAX);

		exclusions_describe(x, (int)i, &text);
		buf_append_str(out, i ? ",{\"exclusion\":" : "{\"exclusion\":");
		buf_append_json(out, text.data, text.len);
		buf_printf(out, ",\"left_out\":%llu}",
			   (unsigned long long)(exclusions_noted(x, (int)i) +
						kernel_excluded(k, (unsigned int)i)));
	}
	buf_append_byte(out, ']');
}

void sensor_health(const struct sensor_parts *parts, struct buf *out)
{
	const struct kernel *k = parts->kernel;
	struct monitor_stats monitor;
	struct outbox_stats outbox;

	monitor_get_stats(parts->monitor, &monitor);
	outbox_get_stats(parts->outbox, &outbox);
	buf_printf(out, "{\"pid\":%d,\"version\":\"%s\",\"kernel_memory_bytes\":%zu", getpid(),
		   VAKT_VERSION, kernel_memory_bytes(k));
	buf_printf(out, ",\"events_lost\":%llu,\"processes\":%llu,\"processes_refused\":%llu",
		   (unsigned long long)monitor.lost, (unsigned long long)monitor.table_count,
		   (unsigned long long)monitor.table_refused);
	buf_printf(out, ",\"batches\":%llu,\"events_spooled\":%llu,\"events_dropped\":%llu"
		   ",\"spool_bytes\":%llu",
		   (unsigned long long)outbox.batches, (unsigned long long)outbox.events,
		   (unsigned long long)outbox.dropped_events,
		   (unsigned long long)outbox.spool_bytes);
	buf_printf(out, ",\"packages\":{\"packages\":%zu,\"files\":%zu,\"bytes\":%zu,\"refused\":%llu}",
		   monitor.packages.packages, monitor.packages.files, monitor.packages.bytes,
		   (unsigned long long)monitor.packages.refused);
	buf_printf(out, ",\"dns_malformed\":%llu", (unsigned long long)monitor.dns_malformed);
	add_rows(&monitor, out);
	add_exclusions(k, monitor_exclusions(parts->monitor), out);
	buf_append_str(out, ",\"configuration\":");
	config_set_report(parts->config, CONFIG_SENSOR, out);
	add_signals(k, out);
	buf_append_str(out, ",\"logs\":");
	logs_health(parts->logs, out);
	buf_append_byte(out, '}');
}
