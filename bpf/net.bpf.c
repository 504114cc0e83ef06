// SPDX-License-Identifier: GPL-2.0
/*
 * net.bpf.c - TCP connections made and ended, and sockets that listen
 *
 * The tracepoint inet_sock_set_state loads on every tier. A connection begins in the process that
 * asks for it but ends in an interrupt, where current is somebody else: who asked is kept by socket
 * from the first SYN to the outcome.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lib/connection.bpf.h"
#include "lib/net_record.bpf.h"

/*
 * Connections under way. Each ends with a change of state, so none stays; more than fit, as of a
 * program that tries a whole network at once, are counted as lost. Takes memory for those there are.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct record_task);
} connecting SEC(".maps");

static __always_inline void on_outcome(const struct sock *sk, int newstate)
{
	__u64 key = (__u64)sk;
	struct record_task *kept = bpf_map_lookup_elem(&connecting, &key);
	__s32 error = 0;
	bool remote;

	if (!kept)
		return;
	if (newstate != BPF_TCP_ESTABLISHED && !tcp_has_sent(sk)) {
		/* The system call's outcome tells why. */
		bpf_map_delete_elem(&connecting, &key);
		return;
	}
	if (newstate != BPF_TCP_ESTABLISHED) {
		error = BPF_CORE_READ(sk, sk_err);
		if (!error)
			error = 104; /* ECONNRESET: closed by its own program before an answer */
	}
	remote = send_socket(sk, RECORD_NET_CONNECT, kept, error);
	if (!error && ends_told(remote))
		connection_begun(sk, kept, 0);
	bpf_map_delete_elem(&connecting, &key);
}

static __always_inline void remember(const struct sock *sk, const struct record_task *task)
{
	__u64 key = (__u64)sk;

	if (bpf_map_update_elem(&connecting, &key, task, BPF_ANY) < 0)
		ring_lost(RECORD_NET_CONNECT);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_tcp_state, const struct sock *sk, const int oldstate, const int newstate)
{
	__u16 family = sk->__sk_common.skc_family;
	struct record_task task = {};

	/* The states on the way to a connection's end tell nothing. */
	if (oldstate != BPF_TCP_SYN_SENT && newstate != BPF_TCP_SYN_SENT &&
	    newstate != BPF_TCP_LISTEN && newstate != BPF_TCP_ESTABLISHED &&
	    newstate != BPF_TCP_CLOSE)
		return 0;
	if (family != AF_INET && family != AF_INET6)
		return 0;
	/* Makes the cookie that fill_socket() reads; sockets nobody asks for have none. */
	if (newstate == BPF_TCP_SYN_SENT || newstate == BPF_TCP_LISTEN ||
	    newstate == BPF_TCP_ESTABLISHED)
		bpf_get_socket_cookie((void *)sk);
	if (oldstate == BPF_TCP_SYN_SENT) {
		on_outcome(sk, newstate);
		return 0;
	}
	if (newstate == BPF_TCP_CLOSE) {
		/* Most are of the machine with itself: known without a look at the table. */
		if (ends_told(family != AF_INET || sk->__sk_common.skc_daddr !=
							   sk->__sk_common.skc_rcv_saddr))
			connection_ended(sk);
		return 0;
	}
	if (newstate != BPF_TCP_SYN_SENT && newstate != BPF_TCP_LISTEN)
		return 0;
	task_fill(bpf_get_current_task_btf(), &task);
	if (newstate == BPF_TCP_SYN_SENT)
		remember(sk, &task);
	else
		send_socket(sk, RECORD_NET_LISTEN, &task, 0);
	return 0;
}

