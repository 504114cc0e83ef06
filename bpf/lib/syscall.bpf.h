/* SPDX-License-Identifier: GPL-2.0 */
/*
 * syscall.bpf.h - one body for the two ways to the end of a system call
 *
 * Where trampolines are allowed the kernel's function behind the system call is taken: a tracepoint
 * of system calls makes each of them slower for all, whichever it is. Both see the same: programs
 * of the machine's own width only. Not for what io_uring can do as well.
 */
#pragma once

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#if defined(__TARGET_ARCH_arm64)
#define SYSCALL_FUNCTION "__arm64_sys_"
#define SYSCALL_NUMBER(regs) ((regs)->syscallno)
#define SYSCALL_IOCTL 29
#define SYSCALL_FINIT_MODULE 273
#else
#define SYSCALL_FUNCTION "__x64_sys_"
#define SYSCALL_NUMBER(regs) ((regs)->orig_ax)
#define SYSCALL_IOCTL 16
#define SYSCALL_FINIT_MODULE 313
#endif

/* The words of the system call. The verifier knows the type: members need no bpf_core_read(). */
static __always_inline struct pt_regs *arguments(void)
{
	return (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
}

/* call sees regs and ret. */
#define ON_SYSCALL(name, call)                                     \
	SEC("fexit/" SYSCALL_FUNCTION #name)                       \
	int BPF_PROG(fexit_##name, struct pt_regs *regs, long ret) \
	{                                                          \
		call;                                              \
		return 0;                                          \
	}                                                          \
	SEC("tp/syscalls/sys_exit_" #name)                         \
	int on_##name(struct trace_event_raw_sys_exit *ctx)        \
	{                                                          \
		struct pt_regs *regs = arguments();                \
		long ret = ctx->ret;                               \
                                                                   \
		call;                                              \
		return 0;                                          \
	}
