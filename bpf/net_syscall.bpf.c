// SPDX-License-Identifier: GPL-2.0
/*
 * net_syscall.bpf.c - connections accepted and asked for, by tracepoints of system calls (tier C)
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lib/connection.bpf.h"
#include "lib/file.bpf.h"
#include "lib/net_record.bpf.h"

/* The socket behind a number of the calling process; NULL where there is none. */
static __always_inline struct sock *sock_of_fd(__u32 fd)
{
	struct file *file = file_of_fd(bpf_get_current_task_btf(), fd);
	struct socket *socket;

	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & FILE_TYPE_MASK) != FILE_TYPE_SOCKET)
		return NULL;
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}

static __always_inline void accepted(long fd)
{
	struct sock *sk = fd >= 0 ? sock_of_fd(fd) : NULL;
	struct record_task task = {};

	if (!sk || !socket_is_inet(sk, IPPROTO_TCP))
		return;
	task_fill(bpf_get_current_task_btf(), &task);
	if (ends_told(send_socket(sk, RECORD_NET_ACCEPT, &task, 0)))
		connection_accepted(sk, &task);
}

SEC("tp/syscalls/sys_exit_accept")
int on_accept(struct trace_event_raw_sys_exit *ctx)
{
	accepted(ctx->ret);
	return 0;
}

SEC("tp/syscalls/sys_exit_accept4")
int on_accept4(struct trace_event_raw_sys_exit *ctx)
{
	accepted(ctx->ret);
	return 0;
}

SEC("tp/syscalls/sys_exit_connect")
int on_connect(struct trace_event_raw_sys_exit *ctx)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	struct sock *sk = sock_of_fd(PT_REGS_PARM1_SYSCALL(regs));
	struct sockaddr_in6 address = {};

	if (!sk)
		return 0;
	/* The shorter address of IPv4 may lie at the end of a page. */
	if (bpf_probe_read_user(&address, sizeof(address),
				(const void *)PT_REGS_PARM2_SYSCALL(regs)) < 0)
		bpf_probe_read_user(&address, sizeof(struct sockaddr_in),
				    (const void *)PT_REGS_PARM2_SYSCALL(regs));
	connect_returned(sk, &address, ctx->ret);
	return 0;
}
