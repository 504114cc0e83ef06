/* SPDX-License-Identifier: GPL-2.0 */
/*
 * net_record.bpf.h - records of sockets, for all tiers of the network programs
 */
#pragma once

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "kinds.h"
#include "lib/ring.bpf.h"
#include "lib/task.bpf.h"

#define AF_INET 2
#define AF_INET6 10
#define EINVAL 22
#define EAFNOSUPPORT 97
#define EISCONN 106
#define EALREADY 114
#define EINPROGRESS 115

static __always_inline void fill_socket(struct record_net *r, const struct sock *sk)
{
	/* Read in pairs, as they lie: every read is a call. */
	struct { __be16 remote; __u16 local; } ports;
	struct { __be32 remote, local; } v4;

	BPF_CORE_READ_INTO(&ports, sk, __sk_common.skc_portpair);
	r->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	r->protocol = BPF_CORE_READ(sk, sk_protocol);
	r->local_port = ports.local;
	r->remote_port = bpf_ntohs(ports.remote);
	r->socket_cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	if (r->family == AF_INET) {
		BPF_CORE_READ_INTO(&v4, sk, __sk_common.skc_addrpair);
		__builtin_memcpy(r->remote_address, &v4.remote, sizeof(v4.remote));
		__builtin_memcpy(r->local_address, &v4.local, sizeof(v4.local));
		return;
	}
	BPF_CORE_READ_INTO(&r->local_address, sk, __sk_common.skc_v6_rcv_saddr.in6_u.u6_addr8);
	BPF_CORE_READ_INTO(&r->remote_address, sk, __sk_common.skc_v6_daddr.in6_u.u6_addr8);
}

static __always_inline bool is_remote(const struct record_net *r)
{
	const __u64 *local = (const __u64 *)r->local_address;
	const __u64 *remote = (const __u64 *)r->remote_address;

	if (r->family == AF_INET)
		return (__u32)*local != (__u32)*remote && r->remote_address[0] != 127;
	return local[0] != remote[0] || local[1] != remote[1];
}

/* True where the other end is on another machine. */
static __always_inline bool send_socket(const struct sock *sk, __u32 kind,
					const struct record_task *task, __s32 error)
{
	struct record_net r = {};

	r.h.kind = kind;
	r.h.task = *task;
	r.error = error;
	fill_socket(&r, sk);
	ring_number(&r.h);
	ring_send(&r.h, sizeof(r));
	return is_remote(&r);
}

static __always_inline bool socket_is_inet(const struct sock *sk, __u16 protocol)
{
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	return (family == AF_INET || family == AF_INET6) &&
	       BPF_CORE_READ(sk, sk_protocol) == protocol;
}

/* Whether a TCP socket has ever sent a packet: its first takes the first number. */
static __always_inline bool tcp_has_sent(const struct sock *sk)
{
	return BPF_CORE_READ((const struct tcp_sock *)sk, write_seq) != 0;
}

/* The address that a program gave; false where it is none of the internet. */
static __always_inline bool fill_remote(struct record_net *r, const struct sockaddr_in6 *a)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)a;

	r->remote_port = bpf_ntohs(a->sin6_port);
	if (a->sin6_family == AF_INET)
		__builtin_memcpy(r->remote_address, &v4->sin_addr, 4);
	else if (a->sin6_family == AF_INET6)
		__builtin_memcpy(r->remote_address, &a->sin6_addr, 16);
	else
		return false;
	return true;
}

/*
 * What connect(2) came to, where the socket's states do not tell: TCP that failed before a packet
 * was sent, and datagrams.
 */
static __always_inline void connect_returned(const struct sock *sk, const struct sockaddr_in6 *a,
					     long ret)
{
	struct record_net r = {};
	bool udp = socket_is_inet(sk, IPPROTO_UDP);

	if (!udp && (ret >= 0 || !socket_is_inet(sk, IPPROTO_TCP) || tcp_has_sent(sk)))
		return;
	/* Not attempts: the program is told that its words make no sense, or to wait. */
	if (ret == -EINVAL || ret == -EAFNOSUPPORT || ret == -EISCONN || ret == -EALREADY ||
	    ret == -EINPROGRESS)
		return;
	fill_socket(&r, sk);
	if (!fill_remote(&r, a)) /* AF_UNSPEC: taken back */
		return;
	r.h.kind = RECORD_NET_CONNECT;
	r.error = ret < 0 ? -ret : 0;
	task_fill(bpf_get_current_task_btf(), &r.h.task);
	ring_number(&r.h);
	ring_send(&r.h, sizeof(r));
}
