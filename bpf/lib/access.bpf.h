/* SPDX-License-Identifier: GPL-2.0 */
/*
 * access.bpf.h - memory of a process read or written by another
 *
 * Debuggers and message passing between processes read again and again: who does so to whom is told
 * once for each way.
 */
#pragma once

#include "lib/act_record.bpf.h"
#include "lib/pid.bpf.h"

#define BY_CALL 0
#define BY_FILE 1
#define PROC_SUPER_MAGIC 0x9fa0

struct access {
	__u64 start, target_start;
	__u32 pid, target_pid;
	__u32 kind, way;
};

/* Who has done what to whom; the least recently seen are forgotten when there are more. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct access);
	__type(value, __u8);
} accesses SEC(".maps");

static __always_inline void accessed(__u32 kind, __u32 way, struct task_struct *target)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct access a = { .kind = kind, .way = way };
	struct scratch *s;
	__u8 known = 1;

	a.pid = task->tgid;
	a.target_pid = BPF_CORE_READ(target, tgid);
	if (!target || a.pid == a.target_pid)
		return;
	a.start = task_start(task);
	a.target_start = BPF_CORE_READ(target, group_leader, start_boottime);
	if (bpf_map_lookup_elem(&accesses, &a))
		return;
	bpf_map_update_elem(&accesses, &a, &known, BPF_ANY);
	s = act_begin(kind);
	if (!s)
		return;
	act_target(s, target);
	s->act.call = way;
	act_send(s);
}

static __always_inline void memory_opened(const struct inode *inode, const struct file *file)
{
	const struct proc_inode *proc =
		(const void *)((const char *)inode -
			       bpf_core_field_offset(struct proc_inode, vfs_inode));
	struct task_struct *target = task_of_pid(BPF_CORE_READ(proc, pid));
	__u32 mode = BPF_CORE_READ(file, f_mode);

	accessed(mode & FILE_MODE_WRITE ? RECORD_PROCESS_WRITE : RECORD_PROCESS_READ, BY_FILE,
		 target);
}

/* The same where a program has found the file open: only /proc/PID/mem is looked at. */
static __always_inline void pseudo_file_opened(const struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	char name[4] = "";

	if (BPF_CORE_READ(inode, i_sb, s_magic) != PROC_SUPER_MAGIC)
		return;
	bpf_probe_read_kernel(name, sizeof(name), BPF_CORE_READ(file, f_path.dentry, d_name.name));
	if (name[0] == 'm' && name[1] == 'e' && name[2] == 'm' && name[3] == '\0')
		memory_opened(inode, file);
}
