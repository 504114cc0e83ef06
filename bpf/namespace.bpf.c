// SPDX-License-Identifier: GPL-2.0
/*
 * namespace.bpf.c - namespaces made, and entered
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lib/act_record.bpf.h"
#include "lib/syscall.bpf.h"

/* Of the user, mount, process, network, IPC, name and control group. That of time is a signal's bit. */
#define NEW_NAMESPACES 0x7e020000
#define NEW_TIME 0x80

/* The kind stood with the operations until 6.17. */
struct proc_ns_operations___6_17 {
	int type;
} __attribute__((preserve_access_index));

#define BY_CLONE 0
#define BY_UNSHARE 1
#define BY_SETNS 2

static __always_inline void separated(__u32 call, __u64 namespaces, struct task_struct *target)
{
	struct scratch *s = act_begin(RECORD_NAMESPACE);

	if (!s)
		return;
	if (target)
		act_target(s, target);
	s->act.call = call;
	s->act.values[0] = namespaces;
	act_send(s);
}

SEC("tp_btf/task_newtask")
int BPF_PROG(on_clone_namespace, struct task_struct *task, unsigned long flags)
{
	if (flags & NEW_NAMESPACES)
		separated(BY_CLONE, flags & NEW_NAMESPACES, task);
	return 0;
}

static __always_inline void unshared(struct pt_regs *regs, long ret)
{
	__u64 namespaces = PT_REGS_PARM1_SYSCALL(regs) & (NEW_NAMESPACES | NEW_TIME);

	if (ret == 0 && namespaces)
		separated(BY_UNSHARE, namespaces, NULL);
}

ON_SYSCALL(unshare, unshared(regs, ret))

static __always_inline __u32 kind_of(const struct ns_common *ns)
{
	const struct proc_ns_operations___6_17 *ops;

	if (bpf_core_field_exists(ns->ns_type))
		return BPF_CORE_READ(ns, ns_type);
	ops = (const void *)BPF_CORE_READ(ns, ops);
	return BPF_CORE_READ(ops, type);
}

/* With a file of /proc/PID/ns the kind may be left out: then the file tells. */
static __always_inline void entered(struct pt_regs *regs, long ret)
{
	__u64 namespaces = (__u32)PT_REGS_PARM2_SYSCALL(regs);
	struct file *file;
	const struct ns_common *ns;

	if (ret != 0)
		return;
	if (!namespaces) {
		file = file_of_fd(bpf_get_current_task_btf(), PT_REGS_PARM1_SYSCALL(regs));
		ns = BPF_CORE_READ(file, f_inode, i_private);
		namespaces = kind_of(ns);
	}
	separated(BY_SETNS, namespaces & (NEW_NAMESPACES | NEW_TIME), NULL);
}

ON_SYSCALL(setns, entered(regs, ret))
