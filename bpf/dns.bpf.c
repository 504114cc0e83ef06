// SPDX-License-Identifier: GPL-2.0
/*
 * dns.bpf.c - names asked for and what was answered, from the root of the control groups
 *
 * Works on every tier. Every packet of the machine passes here, so the first thing is to let go of
 * it: a socket with a peer on another port needs no look at the packet. What is of port 53 goes to
 * the reader as bytes: a message is a stranger's, and is not read in the kernel. Only the asking end
 * is told, on a machine that answers too.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "kinds.h"
#include "lib/asker.bpf.h"
#include "lib/scratch.bpf.h"

#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86dd
#define IPV4_FRAGMENT 0x1fff
#define DNS_HEADER 12
#define INCOMING 1

struct packet {
	__u32 payload, len;
	__u16 source, target; /* ports, host byte order */
	__u8 family, protocol;
};

/* Where the payload begins; false for what cannot be a message. */
static __always_inline bool packet_read(struct __sk_buff *skb, struct packet *p)
{
	__be16 ports[2];
	__u8 first, offset;
	__be16 fragment;
	__u32 at;

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		if (bpf_skb_load_bytes(skb, 0, &first, 1) < 0 ||
		    bpf_skb_load_bytes(skb, 6, &fragment, 2) < 0 ||
		    bpf_skb_load_bytes(skb, 9, &p->protocol, 1) < 0 ||
		    fragment & bpf_htons(IPV4_FRAGMENT))
			return false;
		p->family = AF_INET;
		at = (first & 15) * 4;
	} else {
		/* Extension headers, which such packets do not have, are not followed. */
		if (bpf_skb_load_bytes(skb, 6, &p->protocol, 1) < 0)
			return false;
		p->family = AF_INET6;
		at = 40;
	}
	if ((p->protocol != IPPROTO_UDP && p->protocol != IPPROTO_TCP) ||
	    bpf_skb_load_bytes(skb, at, ports, sizeof(ports)) < 0)
		return false;
	p->source = bpf_ntohs(ports[0]);
	p->target = bpf_ntohs(ports[1]);
	if (p->protocol == IPPROTO_UDP) {
		at += 8;
	} else {
		if (bpf_skb_load_bytes(skb, at + 12, &offset, 1) < 0)
			return false;
		at += (offset >> 4) * 4;
	}
	p->payload = at;
	p->len = skb->len - at;
	return skb->len > at + DNS_HEADER;
}

static __always_inline void packet_addresses(struct __sk_buff *skb, const struct packet *p,
					     struct record_dns *r, bool incoming)
{
	void *source = incoming ? r->remote_address : r->local_address;
	void *target = incoming ? r->local_address : r->remote_address;

	if (p->family == AF_INET) {
		bpf_skb_load_bytes(skb, 12, source, 4);
		bpf_skb_load_bytes(skb, 16, target, 4);
	} else {
		bpf_skb_load_bytes(skb, 8, source, 16);
		bpf_skb_load_bytes(skb, 24, target, 16);
	}
}

static __always_inline void send_message(struct __sk_buff *skb, const struct packet *p,
					 bool incoming)
{
	struct scratch *s = scratch_take(RECORD_DNS);
	__u64 cookie = bpf_get_socket_cookie(skb);
	struct record_task *task = bpf_map_lookup_elem(&askers, &cookie);
	__u64 len = p->len;

	if (!s)
		return;
	if (task)
		s->h.task = *task;
	s->dns.family = p->family;
	s->dns.protocol = p->protocol;
	s->dns.incoming = incoming;
	s->dns.local_port = incoming ? p->target : p->source;
	s->dns.remote_port = incoming ? p->source : p->target;
	packet_addresses(skb, p, &s->dns, incoming);
	if (len > RECORD_DNS_MAX) {
		len = RECORD_DNS_MAX;
		s->dns.cut = 1;
	}
	/* Two checks that the compiler may not make into one: the verifier wants to see both bounds. */
	asm volatile("" : "+r"(len));
	if (len > RECORD_DNS_MAX)
		goto give_back;
	asm volatile("" : "+r"(len));
	if (len < DNS_HEADER || bpf_skb_load_bytes(skb, p->payload, s->tail, len) < 0)
		goto give_back;
	s->dns.message_len = len;
	scratch_send(s, len);
	return;
give_back:
	scratch_give_back(s);
}

static __always_inline void packet_passes(struct __sk_buff *skb, bool incoming)
{
	__u32 peer = bpf_ntohl(skb->remote_port);
	struct packet p = {};

	if ((peer && peer != DNS_PORT) ||
	    (skb->protocol != bpf_htons(ETH_P_IP) && skb->protocol != bpf_htons(ETH_P_IPV6)))
		return;
	if (packet_read(skb, &p) && (incoming ? p.source : p.target) == DNS_PORT)
		send_message(skb, &p, incoming);
}

SEC("cgroup_skb/egress")
int on_packet_out(struct __sk_buff *skb)
{
	packet_passes(skb, false);
	return 1;
}

SEC("cgroup_skb/ingress")
int on_packet_in(struct __sk_buff *skb)
{
	packet_passes(skb, true);
	return 1;
}

/* Who asks: datagrams are noted where they are sent (net_datagram.bpf.c), sockets that connect here. */
SEC("cgroup/connect4")
int on_connect4(struct bpf_sock_addr *ctx)
{
	asker_note(bpf_get_socket_cookie(ctx), ctx->user_port);
	return 1;
}

SEC("cgroup/connect6")
int on_connect6(struct bpf_sock_addr *ctx)
{
	asker_note(bpf_get_socket_cookie(ctx), ctx->user_port);
	return 1;
}
