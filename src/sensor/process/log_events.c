/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_events.c - rows of DeviceLogEvents; the acting process is the one that the line names
 */
#include "base/clock.h"
#include "base/utf8.h"
#include "sensor/process/monitor_internal.h"

#define T(name) DeviceLogEvents_##name

static void set_text(struct monitor *m, unsigned int field, struct log_text text)
{
	char *escaped = text.len ? arena_alloc(&m->arena, 4 * text.len) : NULL;

	if (escaped)
		event_set_text(&m->event, field, escaped, utf8_escape(escaped, text.s, text.len));
}

/* A number may have been given again since: such a process began after the line. */
static const struct process *find_process(struct monitor *m, const struct log_line *line)
{
	const struct process *p = process_table_latest(m->table, (uint32_t)line->pid);

	if (!p || p->start_ns > m->event.boottime_ns + NSEC_PER_SEC)
		return NULL;
	return p;
}

void monitor_log_line(struct monitor *m, const struct log_line *line)
{
	const struct process *p;
	struct event *e = monitor_begin_own(m, EVENT_DeviceLogEvents,
					    line->time_ns - m->boot_realtime_ns, line->action);

	e->cpu = LOG_CPU;
	e->sequence = line->sequence;
	event_set_int(e, T(Timestamp), line->time_ns);
	event_set_str(e, T(LogSource), line->source);
	event_set_str(e, T(Facility), line->facility);
	event_set_str(e, T(Severity), line->severity);
	set_text(m, T(Identifier), line->identifier);
	set_text(m, T(Message), line->message);
	set_text(m, T(AuditType), line->type);
	/* Printed as JSON, it is UTF-8 already. */
	event_set_text(e, T(LogFields), line->fields.s, line->fields.len);
	if (line->serial)
		event_set_int(e, T(AuditSerial), line->serial);
	if (line->pid > 0) {
		event_set_int(e, T(LogProcessId), line->pid);
		p = find_process(m, line);
		if (p)
			monitor_set_initiating(m, p);
	}
	monitor_emit(m, e);
}
