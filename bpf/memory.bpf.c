// SPDX-License-Identifier: GPL-2.0
/*
 * memory.bpf.c - processes traced, memory of others read and written, files in memory
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lib/access.bpf.h"
#include "lib/syscall.bpf.h"

#define PTRACE_TRACEME 0
#define PTRACE_ATTACH 16
#define PTRACE_SEIZE 0x4206

static __always_inline void traced(struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf(), *target = task;
	long request = PT_REGS_PARM1_SYSCALL(regs);
	struct list_head *latest;
	struct scratch *s;

	if (ret != 0 || (request != PTRACE_TRACEME && request != PTRACE_ATTACH &&
			 request != PTRACE_SEIZE))
		return;
	if (request != PTRACE_TRACEME) {
		latest = BPF_CORE_READ(task, ptraced.next);
		target = (struct task_struct *)((char *)latest -
						bpf_core_field_offset(struct task_struct,
								      ptrace_entry));
	}
	s = act_begin(RECORD_PROCESS_TRACE);
	if (!s)
		return;
	act_target(s, target);
	s->act.call = request;
	act_send(s);
}

ON_SYSCALL(ptrace, traced(regs, ret))

static __always_inline void copied(__u32 kind, struct pt_regs *regs, long ret)
{
	if (ret >= 0)
		accessed(kind, BY_CALL, task_of_number(PT_REGS_PARM1_SYSCALL(regs)));
}

ON_SYSCALL(process_vm_readv, copied(RECORD_PROCESS_READ, regs, ret))
ON_SYSCALL(process_vm_writev, copied(RECORD_PROCESS_WRITE, regs, ret))

/* /proc/PID/mem, by whatever way; no other file is opened by this function. */
SEC("fexit/mem_open")
int BPF_PROG(fexit_mem_open, struct inode *inode, struct file *file, int ret)
{
	if (ret == 0)
		memory_opened(inode, file);
	return 0;
}

static __always_inline void memory_made(struct pt_regs *regs, long ret)
{
	struct scratch *s = ret >= 0 ? act_begin(RECORD_MEMORY_FILE) : NULL;

	if (!s)
		return;
	act_text(s, (const char *)PT_REGS_PARM1_SYSCALL(regs), true, false);
	s->act.values[0] = (__u32)PT_REGS_PARM2_SYSCALL(regs);
	act_send(s);
}

ON_SYSCALL(memfd_create, memory_made(regs, ret))
