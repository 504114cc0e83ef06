// SPDX-License-Identifier: GPL-2.0
/*
 * net_datagram.bpf.c - datagrams to an address given with each, from the root of the control groups
 *
 * Works on every tier. The first from a socket to an address is told as a connection; who sends
 * thousands to the same is told once. A socket on a port outside of the range for outgoing
 * connections is a server that answers: its datagrams are not told.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "lib/asker.bpf.h"
#include "lib/net_record.bpf.h"

/* Set before load, from /proc/sys/net/ipv4/ip_local_port_range. */
const volatile __u32 outgoing_port_min = 32768, outgoing_port_max = 60999;

struct destination {
	__u64 socket_cookie;
	__u32 address[4];
	__u32 port, family;
};

/* Where sockets have sent to; the least recently used are forgotten when there are more. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct destination);
	__type(value, __u8);
} destinations SEC(".maps");

static __always_inline void datagram(const struct destination *to, __u32 local_port,
				     const struct record_net *from)
{
	struct record_net r = *from;
	__u8 known = 1;

	if (local_port < outgoing_port_min || local_port > outgoing_port_max)
		return;
	if (bpf_map_lookup_elem(&destinations, to))
		return;
	bpf_map_update_elem(&destinations, to, &known, BPF_ANY);
	r.h.kind = RECORD_NET_CONNECT;
	r.family = to->family;
	r.protocol = IPPROTO_UDP;
	r.local_port = local_port;
	r.remote_port = bpf_ntohs(to->port);
	r.socket_cookie = to->socket_cookie;
	__builtin_memcpy(r.remote_address, to->address, sizeof(r.remote_address));
	task_fill(bpf_get_current_task_btf(), &r.h.task);
	ring_number(&r.h);
	ring_send(&r.h, sizeof(r));
}

SEC("cgroup/sendmsg4")
int on_sendmsg4(struct bpf_sock_addr *ctx)
{
	struct destination to = { .family = AF_INET };
	struct record_net from = {};
	struct bpf_sock *sk = ctx->sk;

	if (!sk || ctx->protocol != IPPROTO_UDP)
		return 1;
	to.socket_cookie = bpf_get_socket_cookie(ctx);
	to.port = ctx->user_port;
	asker_note(to.socket_cookie, to.port);
	to.address[0] = ctx->user_ip4;
	*(__u32 *)from.local_address = sk->src_ip4;
	datagram(&to, sk->src_port, &from);
	return 1;
}

SEC("cgroup/sendmsg6")
int on_sendmsg6(struct bpf_sock_addr *ctx)
{
	struct destination to = { .family = AF_INET6 };
	__u32 local[4];
	struct record_net from = {};
	struct bpf_sock *sk = ctx->sk;

	if (!sk || ctx->protocol != IPPROTO_UDP)
		return 1;
	to.socket_cookie = bpf_get_socket_cookie(ctx);
	to.port = ctx->user_port;
	asker_note(to.socket_cookie, to.port);
	to.address[0] = ctx->user_ip6[0];
	to.address[1] = ctx->user_ip6[1];
	to.address[2] = ctx->user_ip6[2];
	to.address[3] = ctx->user_ip6[3];
	local[0] = sk->src_ip6[0];
	local[1] = sk->src_ip6[1];
	local[2] = sk->src_ip6[2];
	local[3] = sk->src_ip6[3];
	__builtin_memcpy(from.local_address, local, sizeof(local));
	datagram(&to, sk->src_port, &from);
	return 1;
}
