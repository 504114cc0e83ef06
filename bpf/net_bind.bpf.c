// SPDX-License-Identifier: GPL-2.0
/*
 * net_bind.bpf.c - datagram sockets that are given a port by name, from the root of the control groups
 *
 * Works on every tier. Runs when the port is theirs; a socket that only sends never comes here. Of
 * TCP it is listening that tells.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "lib/net_record.bpf.h"

static __always_inline void bound(struct record_net *r, struct bpf_sock *sk)
{
	r->h.kind = RECORD_NET_BIND;
	r->family = sk->family;
	r->protocol = sk->protocol;
	r->local_port = sk->src_port;
	r->socket_cookie = bpf_get_socket_cookie(sk);
	task_fill(bpf_get_current_task_btf(), &r->h.task);
	ring_number(&r->h);
	ring_send(&r->h, sizeof(*r));
}

SEC("cgroup/post_bind4")
int on_bind4(struct bpf_sock *sk)
{
	struct record_net r = {};

	if (sk->protocol != IPPROTO_UDP)
		return 1;
	*(__u32 *)r.local_address = sk->src_ip4;
	bound(&r, sk);
	return 1;
}

SEC("cgroup/post_bind6")
int on_bind6(struct bpf_sock *sk)
{
	struct record_net r = {};
	__u32 local[4];

	if (sk->protocol != IPPROTO_UDP)
		return 1;
	local[0] = sk->src_ip6[0];
	local[1] = sk->src_ip6[1];
	local[2] = sk->src_ip6[2];
	local[3] = sk->src_ip6[3];
	__builtin_memcpy(r.local_address, local, sizeof(local));
	bound(&r, sk);
	return 1;
}
