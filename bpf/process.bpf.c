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
#include "lib/kinds.bpf.h"
#include "lib/path.bpf.h"
#include "lib/ring.bpf.h"
#include "lib/task.bpf.h"

char LICENSE[] SEC("license") = "GPL";

const volatile __u64 wake_bytes = 1024 * 1024;

/* An exec record is too large for the stack: one a processor, never sent from an interrupt. */
struct exec_scratch {
	struct record_exec record;
	char tail[RECORD_TAIL_MAX];
	struct path_buffer path;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* set to the number of processors before load */
	__type(key, __u32);
	__type(value, struct exec_scratch);
} exec_scratches SEC(".maps");

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	struct record_fork r = {};

	if (BPF_CORE_READ(child, pid) != BPF_CORE_READ(child, tgid))
		return 0;
	r.h.kind = RECORD_PROCESS_FORK;
	task_fill(parent, &r.h.task);
	ring_number(&r.h);
	r.child_pid = BPF_CORE_READ(child, tgid);
	r.child_tid = BPF_CORE_READ(child, pid);
	r.child_start_boottime_ns = BPF_CORE_READ(child, start_boottime);
	ring_send(&r.h, sizeof(r));
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	struct record_exit r = {};

	/* The tracepoint comes after this thread was taken off the count. */
	if (BPF_CORE_READ(task, signal, live.counter) != 0)
		return 0;
	r.h.kind = RECORD_PROCESS_EXIT;
	task_fill(task, &r.h.task);
	ring_number(&r.h);
	r.exit_code = BPF_CORE_READ(task, signal, group_exit_code);
	if (!r.exit_code)
		r.exit_code = BPF_CORE_READ(task, exit_code);
	ring_send(&r.h, sizeof(r));
	return 0;
}

static __always_inline __s64 inode_time(struct inode *inode, bool change)
{
	/* Two members since 6.11, a struct timespec64 before. */
	if (bpf_core_field_exists(inode->i_ctime_sec))
		return change ? BPF_CORE_READ(inode, i_ctime_sec) * 1000000000LL +
					BPF_CORE_READ(inode, i_ctime_nsec) :
				BPF_CORE_READ(inode, i_mtime_sec) * 1000000000LL +
					BPF_CORE_READ(inode, i_mtime_nsec);
	return 0;
}

static __always_inline void fill_file(struct record_exec *r, struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);

	r->inode = BPF_CORE_READ(inode, i_ino);
	r->device = BPF_CORE_READ(inode, i_sb, s_dev);
	r->size = BPF_CORE_READ(inode, i_size);
	r->mode = BPF_CORE_READ(inode, i_mode);
	r->owner = BPF_CORE_READ(inode, i_uid.val);
	r->ctime_ns = inode_time(inode, true);
	r->mtime_ns = inode_time(inode, false);
	r->from_memory = BPF_CORE_READ(inode, i_nlink) == 0;
}

/* Copies a walked path to the tail at off; returns the new offset. */
static __always_inline __u32 append_path(struct exec_scratch *s, __u32 off, __u32 len)
{
	if (len > RECORD_PATH_MAX || off > RECORD_PATH_MAX)
		return off;
	/* RECORD_PATH_MAX itself cannot occur: a path that long begins at a later name. */
	len &= RECORD_PATH_MAX - 1;
	bpf_probe_read_kernel(&s->tail[off & (RECORD_TAIL_MAX / 2 - 1)], len,
			      &s->path.data[s->path.start & (RECORD_PATH_MAX - 1)]);
	return off + len;
}

static __always_inline __u32 append_argv(struct exec_scratch *s, __u32 off, struct task_struct *task)
{
	unsigned long start = BPF_CORE_READ(task, mm, arg_start);
	unsigned long len = BPF_CORE_READ(task, mm, arg_end) - start;

	if (len >= RECORD_ARGV_MAX) {
		len = RECORD_ARGV_MAX - 1;
		s->record.argv_truncated = 1;
	}
	len &= RECORD_ARGV_MAX - 1;
	if (bpf_probe_read_user(&s->tail[off & (RECORD_TAIL_MAX / 2 - 1)], len, (void *)start) < 0) {
		s->record.argv_truncated = 1;
		len = 0;
	}
	s->record.argv_len = len;
	return off + len;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	__u32 cpu = bpf_get_smp_processor_id(), off;
	struct exec_scratch *s = bpf_map_lookup_elem(&exec_scratches, &cpu);
	struct file *file = BPF_CORE_READ(bprm, file);
	struct record_exec *r;
	__u64 size;

	if (!s)
		return 0;
	r = &s->record;
	__builtin_memset(r, 0, sizeof(*r));
	r->h.kind = RECORD_PROCESS_EXEC;
	task_fill(task, &r->h.task);
	ring_number(&r->h);
	fill_file(r, file);
	r->gained_privilege = BPF_CORE_READ_BITFIELD_PROBED(bprm, secureexec);
	r->path_len = path_walk(&s->path, BPF_CORE_READ(file, f_path.dentry),
				BPF_CORE_READ(file, f_path.mnt), task);
	off = append_path(s, 0, r->path_len);
	r->path_len = off;
	r->cwd_len = path_walk(&s->path, BPF_CORE_READ(task, fs, pwd.dentry),
			       BPF_CORE_READ(task, fs, pwd.mnt), task);
	off = append_path(s, off, r->cwd_len);
	r->cwd_len = off - r->path_len;
	off = append_argv(s, off, task);
	size = sizeof(*r) + off;
	if (size <= sizeof(*r) + RECORD_TAIL_MAX)
		ring_send(&r->h, size);
	return 0;
}
