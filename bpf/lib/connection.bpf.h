/* SPDX-License-Identifier: GPL-2.0 */
/*
 * connection.bpf.h - who made or took a TCP connection, kept by socket until it ends
 *
 * The end comes in an interrupt more often than not, where current is somebody else. Whoever takes
 * an entry out of the table tells the end, so that it is told once: by whichever program, and of
 * two builds that hand over to each other by one.
 */
#pragma once

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "lib/net_record.bpf.h"

#define SOCK_DONE_BIT 1 /* enum sock_flags: the other end's FIN has come, in all kernels */

/* Set before load: whose ends are told, as enum kernel_ends has it. */
const volatile __u32 connection_ends = 2;
#define ENDS_REMOTE 1
#define ENDS_ALL 2

struct connection {
	struct record_task task;
	__u64 begun_boottime_ns;
	__u64 accepted;
};

/*
 * Each entry goes with its connection. The end of those that are more than fit is counted as lost.
 * Takes memory for those there are.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct connection);
} connections SEC(".maps");

/* Bytes of the programs on both ends: neither SYN nor FIN, and what was sent again once. */
static __always_inline void fill_bytes(struct record_net_close *r, const struct sock *sk)
{
	const struct tcp_sock *tcp = (const struct tcp_sock *)sk;
	bool fin = BPF_CORE_READ(sk, __sk_common.skc_flags) >> SOCK_DONE_BIT & 1;

	r->bytes_sent = BPF_CORE_READ(tcp, bytes_sent) - BPF_CORE_READ(tcp, bytes_retrans);
	r->bytes_received = BPF_CORE_READ(tcp, bytes_received);
	if (fin && r->bytes_received)
		r->bytes_received--;
}

static __always_inline void connection_ended(const struct sock *sk)
{
	__u64 key = (__u64)sk;
	const struct connection *c = bpf_map_lookup_elem(&connections, &key);
	struct record_net_close r = {};

	if (!c)
		return;
	r.net.h.kind = RECORD_NET_CLOSE;
	r.net.h.task = c->task;
	r.net.accepted = c->accepted;
	r.begun_boottime_ns = c->begun_boottime_ns;
	if (bpf_map_delete_elem(&connections, &key) < 0)
		return;
	fill_socket(&r.net, sk);
	/* The port it was given is taken from it before it ends, but for this copy. */
	r.net.local_port = bpf_ntohs(BPF_CORE_READ((const struct inet_sock *)sk, inet_sport));
	fill_bytes(&r, sk);
	ring_number(&r.net.h);
	ring_send(&r.net.h, sizeof(r));
}

static __always_inline bool ends_told(bool remote)
{
	return connection_ends == ENDS_ALL || (connection_ends == ENDS_REMOTE && remote);
}

static __always_inline void connection_begun(const struct sock *sk, const struct record_task *task,
					     __u64 accepted)
{
	struct connection c = { .task = *task, .accepted = accepted };
	__u64 key = (__u64)sk;

	c.begun_boottime_ns = bpf_ktime_get_boot_ns();
	if (bpf_map_update_elem(&connections, &key, &c, BPF_ANY) < 0)
		ring_lost(RECORD_NET_CLOSE);
}

/* One that was accepted may have ended before that: nothing will come that tells of it. */
static __always_inline void connection_accepted(const struct sock *sk,
						const struct record_task *task)
{
	connection_begun(sk, task, 1);
	if (BPF_CORE_READ(sk, __sk_common.skc_state) == BPF_TCP_CLOSE)
		connection_ended(sk);
}
