// SPDX-License-Identifier: GPL-2.0
/*
 * net.bpf.c - TCP connections made and sockets that listen
 *
 * The tracepoint inet_sock_set_state loads on every tier. A connection begins in the process that
 * asks for it but ends in an interrupt, where current is somebody else: who asked is kept by socket
 * from the first SYN to the outcome.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lib/file.bpf.h"
#include "kinds.h"
#include "lib/ring.bpf.h"
#include "lib/task.bpf.h"

#define AF_INET 2
#define AF_INET6 10

/* Connections under way; the oldest are forgotten when there are more. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct record_task);
} connecting SEC(".maps");

static __always_inline void fill_socket(struct record_net *r, const struct sock *sk)
{
	r->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	r->protocol = BPF_CORE_READ(sk, sk_protocol);
	r->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	r->remote_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	r->socket_cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	if (r->family == AF_INET) {
		BPF_CORE_READ_INTO(&r->local_address, sk, __sk_common.skc_rcv_saddr);
		BPF_CORE_READ_INTO(&r->remote_address, sk, __sk_common.skc_daddr);
		return;
	}
	BPF_CORE_READ_INTO(&r->local_address, sk, __sk_common.skc_v6_rcv_saddr.in6_u.u6_addr8);
	BPF_CORE_READ_INTO(&r->remote_address, sk, __sk_common.skc_v6_daddr.in6_u.u6_addr8);
}

static __always_inline void send_socket(const struct sock *sk, __u32 kind,
					const struct record_task *task, __s32 error)
{
	struct record_net r = {};

	r.h.kind = kind;
	r.h.task = *task;
	r.error = error;
	fill_socket(&r, sk);
	ring_number(&r.h);
	ring_send(&r.h, sizeof(r));
}

static __always_inline void on_outcome(const struct sock *sk, int newstate)
{
	__u64 key = (__u64)sk;
	struct record_task *kept = bpf_map_lookup_elem(&connecting, &key);
	struct record_task task;
	__s32 error = 0;

	if (!kept)
		return;
	task = *kept;
	if (newstate != BPF_TCP_ESTABLISHED) {
		error = BPF_CORE_READ(sk, sk_err);
		if (!error)
			error = 104; /* ECONNRESET: closed by its own program before an answer */
	}
	bpf_map_delete_elem(&connecting, &key);
	send_socket(sk, RECORD_NET_CONNECT, &task, error);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_tcp_state, const struct sock *sk, const int oldstate, const int newstate)
{
	__u16 family = sk->__sk_common.skc_family;
	struct record_task task = {};
	__u64 key = (__u64)sk;

	/* The states of a connection's end, which are half of all, tell nothing. */
	if (oldstate != BPF_TCP_SYN_SENT && newstate != BPF_TCP_SYN_SENT &&
	    newstate != BPF_TCP_LISTEN && newstate != BPF_TCP_ESTABLISHED)
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
	if (newstate != BPF_TCP_SYN_SENT && newstate != BPF_TCP_LISTEN)
		return 0;
	task_fill(bpf_get_current_task_btf(), &task);
	if (newstate == BPF_TCP_SYN_SENT)
		bpf_map_update_elem(&connecting, &key, &task, BPF_ANY);
	else
		send_socket(sk, RECORD_NET_LISTEN, &task, 0);
	return 0;
}

/* The socket behind a number of the calling process; NULL where there is none. */
static __always_inline struct sock *sock_of_fd(struct task_struct *task, __u32 fd)
{
	struct file *file = file_of_fd(task, fd);
	struct socket *socket;

	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & FILE_TYPE_MASK) != FILE_TYPE_SOCKET)
		return NULL;
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}

static __always_inline void report_fd(__u32 fd, __u32 kind, __u16 protocol, __s32 error)
{
	struct task_struct *current_task = bpf_get_current_task_btf();
	struct sock *sk = sock_of_fd(current_task, fd);
	struct record_task task = {};
	__u16 family;

	if (!sk)
		return;
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if ((family != AF_INET && family != AF_INET6) ||
	    BPF_CORE_READ(sk, sk_protocol) != protocol)
		return;
	task_fill(current_task, &task);
	send_socket(sk, kind, &task, error);
}

SEC("tp/syscalls/sys_exit_accept")
int on_accept(struct trace_event_raw_sys_exit *ctx)
{
	if (ctx->ret >= 0)
		report_fd(ctx->ret, RECORD_NET_ACCEPT, IPPROTO_TCP, 0);
	return 0;
}

SEC("tp/syscalls/sys_exit_accept4")
int on_accept4(struct trace_event_raw_sys_exit *ctx)
{
	if (ctx->ret >= 0)
		report_fd(ctx->ret, RECORD_NET_ACCEPT, IPPROTO_TCP, 0);
	return 0;
}

/* TCP's outcome comes by its states; a datagram socket has no states to speak of. */
SEC("tp/syscalls/sys_exit_connect")
int on_connect(struct trace_event_raw_sys_exit *ctx)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());

	report_fd(PT_REGS_PARM1_CORE_SYSCALL(regs), RECORD_NET_CONNECT, IPPROTO_UDP,
		  ctx->ret < 0 ? -ctx->ret : 0);
	return 0;
}
