/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network_events.c - rows of DeviceNetworkEvents
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

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
		return "ListeningConnectionCreated";
	case KERNEL_NET_ACCEPT:
		return "InboundConnectionAccepted";
	default:
		if (e->net.error)
			return "ConnectionFailed";
		return e->net.protocol == IPPROTO_TCP ? "ConnectionSuccess" : "ConnectionRequest";
	}
}

void monitor_network_event(struct monitor *m, const struct kernel_event *e)
{
	const struct process *p = process_table_of_task(m->table, &e->task);

	if (!p)
		return;
	monitor_begin(m, EVENT_DeviceNetworkEvents, e, action_of(e));
	monitor_set_initiating(m, p);
	monitor_set_address(m, e->net.family, e->net.local_address, T(LocalIP), T(LocalIPType));
	if (e->net.local_port)
		event_set_int(&m->event, T(LocalPort), e->net.local_port);
	event_set_str(&m->event, T(Protocol), e->net.protocol == IPPROTO_UDP ? "Udp" : "Tcp");
	if (e->kind != KERNEL_NET_LISTEN) {
		monitor_set_address(m, e->net.family, e->net.remote_address, T(RemoteIP),
				    T(RemoteIPType));
		event_set_int(&m->event, T(RemotePort), e->net.remote_port);
		event_set_int(&m->event, T(Initiated), e->kind == KERNEL_NET_CONNECT);
	}
	if (e->net.error)
		event_set_int(&m->event, T(ConnectError), e->net.error);
	monitor_emit(m, &m->event);
}
