/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns_events.c - rows of DeviceEvents for names that are asked for, and for what was answered
 */
#include <netinet/in.h>
#include <string.h>

#include "sensor/process/dns_message.h"
#include "sensor/process/monitor_internal.h"

#define T(name) DeviceEvents_##name

static void set_message(struct monitor *m, const struct dns_message *dns)
{
	struct event *row = &m->event;
	const char *type = dns_type_name(dns->type), *code = dns_code_name(dns->code);

	event_set_str(row, T(DnsQueryString), arena_strdup(&m->arena, dns->name));
	event_set_str(row, T(DnsQueryType),
		      type ?: arena_printf(&m->arena, "TYPE%u", dns->type));
	event_set_int(row, T(DnsId), dns->id);
	if (!dns->response)
		return;
	event_set_str(row, T(DnsResponseCode), code ?: arena_printf(&m->arena, "%u", dns->code));
	event_set_str(row, T(DnsQueryResult), arena_strdup(&m->arena, dns->result));
}

static void set_ends(struct monitor *m, const struct kernel_event *e)
{
	struct event *row = &m->event;

	monitor_set_address(m, e->dns.family, e->dns.local_address, T(LocalIP), UINT32_MAX);
	monitor_set_address(m, e->dns.family, e->dns.remote_address, T(RemoteIP), UINT32_MAX);
	event_set_int(row, T(LocalPort), e->dns.local_port);
	event_set_int(row, T(RemotePort), e->dns.remote_port);
	event_set_str(row, T(Protocol), e->dns.protocol == IPPROTO_UDP ? "Udp" : "Tcp");
}

void monitor_dns_event(struct monitor *m, const struct kernel_event *e)
{
	const struct process *p = NULL;
	struct dns_message dns;
	int r;

	r = e->dns.protocol == IPPROTO_UDP ?
		    dns_message_parse(e->dns.message.data, e->dns.message.len, &dns) :
		    dns_message_parse_tcp(e->dns.message.data, e->dns.message.len, &dns);
	if (r < 0) {
		m->stats.dns_malformed++;
		return;
	}
	/* A packet that goes the wrong way for what it says: of one that answers, not of one that asks. */
	if (dns.response != e->dns.incoming)
		return;
	if (e->task.pid) /* it may have asked before there was a sensor */
		p = process_table_of_task(m->table, &e->task);
	monitor_begin(m, EVENT_DeviceEvents, e,
		      dns.response ? "DnsQueryResponse" : "DnsQueryRequest");
	if (p)
		monitor_set_initiating(m, p);
	set_message(m, &dns);
	set_ends(m, e);
	monitor_emit(m, &m->event);
}
