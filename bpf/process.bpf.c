// SPDX-License-Identifier: GPL-2.0
/*
 * process.bpf.c - fork, exec and exit of processes
 *
 * Typed tracepoints of the scheduler: they load wherever there is BTF, on every tier with BPF.
 * Threads are no processes: they neither fork nor exit here.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "kinds.h"
#include "lib/file.bpf.h"
#include "lib/path.bpf.h"
#include "lib/ring.bpf.h"
#include "lib/scratch.bpf.h"
#include "lib/task.bpf.h"

char LICENSE[] SEC("license") = "GPL";

const volatile __u64 wake_bytes = 1024 * 1024;

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	struct record_fork r = {};

	if (child->pid != child->tgid)
		return 0;
	r.h.kind = RECORD_PROCESS_FORK;
	task_fill(parent, &r.h.task);
	ring_number(&r.h);
	r.child_pid = child->tgid;
	r.child_tid = child->pid;
	r.child_start_boottime_ns = child->start_boottime;
	ring_send(&r.h, sizeof(r));
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	struct record_exit r = {};

	/* The tracepoint comes after this thread was taken off the count. */
	if (task->signal->live.counter != 0)
		return 0;
	r.h.kind = RECORD_PROCESS_EXIT;
	task_fill(task, &r.h.task);
	ring_number(&r.h);
	r.exit_code = task->signal->group_exit_code;
	if (!r.exit_code)
		r.exit_code = task->exit_code;
	ring_send(&r.h, sizeof(r));
	return 0;
}

static __always_inline void fill_file(struct record_exec *r, struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);

	r->inode = BPF_CORE_READ(inode, i_ino);
	r->device = inode_device(inode);
	r->size = BPF_CORE_READ(inode, i_size);
	r->mode = BPF_CORE_READ(inode, i_mode);
	r->owner = BPF_CORE_READ(inode, i_uid.val);
	r->ctime_ns = inode_ctime(inode);
	r->mtime_ns = inode_mtime(inode);
	r->from_memory = BPF_CORE_READ(inode, i_nlink) == 0;
}

static __always_inline __u32 append_argv(struct scratch *s, __u32 off, struct task_struct *task)
{
	unsigned long start = task->mm->arg_start;
	unsigned long len = task->mm->arg_end - start;

	if (len >= RECORD_ARGV_MAX) {
		len = RECORD_ARGV_MAX - 1;
		s->exec.argv_truncated = 1;
	}
	len &= RECORD_ARGV_MAX - 1;
	if (bpf_probe_read_user(scratch_at(s, off), len, (void *)start) < 0) {
		s->exec.argv_truncated = 1;
		len = 0;
	}
	s->exec.argv_len = len;
	return off + len;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	struct scratch *s = scratch_take(RECORD_PROCESS_EXEC);
	struct file *file = bprm->file;
	struct record_exec *r;
	__u32 off;

	if (!s)
		return 0;
	r = &s->exec;
	task_fill(task, &r->h.task);
	/* Another program, about which the reader has to decide anew. */
	bpf_map_delete_elem(&excluded, &r->h.task.pid);
	fill_file(r, file);
	r->gained_privilege = BPF_CORE_READ_BITFIELD_PROBED(bprm, secureexec);
	r->path_len = path_walk(&s->path, BPF_CORE_READ(file, f_path.dentry),
				BPF_CORE_READ(file, f_path.mnt), task);
	off = scratch_append_path(s, 0, r->path_len);
	r->path_len = off;
	r->cwd_len = path_walk(&s->path, BPF_CORE_READ(task, fs, pwd.dentry),
			       BPF_CORE_READ(task, fs, pwd.mnt), task);
	off = scratch_append_path(s, off, r->cwd_len);
	r->cwd_len = off - r->path_len;
	off = append_argv(s, off, task);
	scratch_send(s, off);
	return 0;
}
