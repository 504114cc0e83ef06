// SPDX-License-Identifier: GPL-2.0
/*
 * net_hook.bpf.c - connections accepted and asked for, where trampolines are allowed (tiers A, B)
 *
 * Every way to a socket ends in these functions: io_uring and system calls of any width.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lib/connection.bpf.h"
#include "lib/net_record.bpf.h"

/* Its arguments changed with 6.10, its answer did not. */
SEC("fexit/inet_csk_accept")
int BPF_PROG(fexit_inet_csk_accept)
{
	struct record_task task = {};
	const struct sock *sk;
	__u64 ret = 0;

	if (bpf_get_func_ret(ctx, &ret) < 0 || !ret)
		return 0;
	sk = (const struct sock *)ret;
	if (!socket_is_inet(sk, IPPROTO_TCP))
		return 0;
	task_fill(bpf_get_current_task_btf(), &task);
	if (ends_told(send_socket(sk, RECORD_NET_ACCEPT, &task, 0)))
		connection_accepted(sk, &task);
	return 0;
}

SEC("fexit/__sys_connect_file")
int BPF_PROG(fexit_connect_file, struct file *file, void *words)
{
	struct sockaddr_in6 address = {};
	struct socket *socket = BPF_CORE_READ(file, private_data);
	__u64 ret = 0;

	if (bpf_get_func_ret(ctx, &ret) < 0)
		return 0;
	bpf_probe_read_kernel(&address, sizeof(address), words);
	connect_returned(BPF_CORE_READ(socket, sk), &address, (int)ret);
	return 0;
}
