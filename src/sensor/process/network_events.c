/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network_events.c - rows of DeviceNetworkEvents
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "sensor/process/ip_type.h"
#include "sensor/process/monitor_internal.h"

#define T(name) DeviceNetworkEvents_##name

void monitor_set_address(struct monitor *m, uint8_t family, const uint8_t *address,
			 unsigned int ip_field, unsigned int type_field)
{
	char text[INET6_ADDRSTRLEN];

	if (!inet_ntop(family, address, text, sizeof(text)))
		return;
	event_set_str(&m->event, ip_field, arena_strdup(&m->arena, text));
	if (type_field != UINT32_MAX)
		event_set_str(&m->event, type_field, ip_type(family, address));
}

static const char *action_of(const struct kernel_event *e)
{
	switch (e->kind) {
	case KERNEL_NET_LISTEN:
	case KERNEL_NET_BIND:
		return "ListeningConnectionCreated";
	case KERNEL_NET_CLOSE:
		return "ConnectionClosed";
	case KERNEL_NET_ACCEPT:
		return "InboundConnectionAccepted";
	default:
		if (e->net.error)
			return "ConnectionFailed";
		return e->net.protocol == IPPROTO_TCP ? "ConnectionSuccess" : "ConnectionRequest";
	}
}

/* A connection may outlive who made it: then it is known for the row, and forgotten soon. */
static const struct process *process_of(struct monitor *m, const struct kernel_event *e)
{
	struct process *p = process_table_find(m->table, e->task.pid, e->task.start_boottime_ns);

	if (p || e->kind != KERNEL_NET_CLOSE)
		return p ? p : process_table_of_task(m->table, &e->task);
	p = process_table_of_task(m->table, &e->task);
	if (p)
		process_table_exit(m->table, p, e->boottime_ns);
	return p;
}

static void set_remote(struct monitor *m, const struct kernel_event *e)
{
	monitor_set_address(m, e->net.family, e->net.remote_address, T(RemoteIP), T(RemoteIPType));
	event_set_int(&m->event, T(RemotePort), e->net.remote_port);
	event_set_int(&m->event, T(Initiated),
		      e->kind == KERNEL_NET_CONNECT ||
			      (e->kind == KERNEL_NET_CLOSE && !e->net.accepted));
}

static void set_end(struct monitor *m, const struct kernel_event *e)
{
	struct event *row = &m->event;

	event_set_int(row, T(BytesSent), (int64_t)e->net.bytes_sent);
	event_set_int(row, T(BytesReceived), (int64_t)e->net.bytes_received);
	event_set_int(row, T(DurationMs), (e->boottime_ns - e->net.begun_boottime_ns) / NSEC_PER_MSEC);
}

void monitor_network_event(struct monitor *m, const struct kernel_event *e)
{
	const struct process *p = process_of(m, e);

	if (!p)
		return;
	monitor_begin(m, EVENT_DeviceNetworkEvents, e, action_of(e));
	monitor_set_initiating(m, p);
	monitor_set_address(m, e->net.family, e->net.local_address, T(LocalIP), T(LocalIPType));
	if (e->net.local_port)
		event_set_int(&m->event, T(LocalPort), e->net.local_port);
	event_set_str(&m->event, T(Protocol), e->net.protocol == IPPROTO_UDP ? "Udp" : "Tcp");
	if (e->kind != KERNEL_NET_LISTEN && e->kind != KERNEL_NET_BIND)
		set_remote(m, e);
	if (e->kind == KERNEL_NET_CLOSE)
		set_end(m, e);
	if (e->net.error)
		event_set_int(&m->event, T(ConnectError), e->net.error);
	monitor_emit(m, &m->event);
}
