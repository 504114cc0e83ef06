// SPDX-License-Identifier: GPL-2.0
/*
 * signal.bpf.c - signals that reach processes of another user, and those that stop Vakt's own
 *
 * The typed tracepoint loads on every tier and tells what was really delivered, whoever sent it.
 * Most signals of a machine are the kernel's own, such as the end of a child: they go no further
 * than the first line.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lib/act_record.bpf.h"

#define SIGKILL 9
#define SIGCHLD 17
#define SIGSTOP 19
#define TRACE_SIGNAL_DELIVERED 0
#define SEND_SIG_PRIV 1 /* and what is below: not a pointer, the kernel's own (linux/signal.h) */

/* By the name of its first thread, which costs no lookup; anybody may call himself so. */
static __always_inline bool is_ours(struct task_struct *task)
{
	char name[8] = "";

	bpf_probe_read_kernel(name, sizeof(name), &task->group_leader->comm);
	return name[0] == 'v' && name[1] == 'a' && name[2] == 'k' && name[3] == 't' &&
	       (name[4] == '-' || name[4] == '\0');
}

SEC("tp_btf/signal_generate")
int BPF_PROG(on_signal, int sig, struct kernel_siginfo *info, struct task_struct *target, int group,
	     int result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 kind = (__u64)info;
	struct scratch *s;
	__u32 other;
	int code = 0;

	if (sig == SIGCHLD || result != TRACE_SIGNAL_DELIVERED || kind <= SEND_SIG_PRIV ||
	    task->tgid == target->tgid)
		return 0;
	bpf_probe_read_kernel(&code, sizeof(code),
			      (const char *)info +
				      bpf_core_field_offset(struct kernel_siginfo, si_code));
	if (code > 0) /* not by a system call */
		return 0;
	other = target->cred->uid.val;
	if ((task->cred->uid.val == other || task->cred->euid.val == other) &&
	    !((sig == SIGKILL || sig == SIGSTOP) && is_ours(target)))
		return 0;
	s = act_begin(RECORD_SIGNAL);
	if (!s)
		return 0;
	act_target(s, target);
	s->act.call = sig;
	act_send(s);
	return 0;
}
