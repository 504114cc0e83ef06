/* SPDX-License-Identifier: GPL-2.0 */
/*
 * intent.bpf.h - what the security framework was asked, kept with the task until it is answered
 */
#pragma once

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lib/file_record.bpf.h"

/* What a task asked to do to a name. */
struct intent {
	__u64 dentry; /* of the name: tells whether an answer belongs to it */
	__u64 mnt, old_mnt;
	__u64 old_dir; /* dentry of the folder that a renamed file leaves */
	__u64 inode;   /* of the file where it is there already; the caller holds it */
	__u64 before;  /* what is to be changed, as record_file has it */
	__u32 kind;
	__u32 old_name_len;
	char old_name[NAME_MASK + 1];
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct intent);
} intents SEC(".maps");

static __always_inline struct intent *intend(__u32 kind, const struct path *dir,
					     struct dentry *dentry, struct dentry *source)
{
	struct intent *it = bpf_task_storage_get(&intents, bpf_get_current_task_btf(), NULL,
						 BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!it) { /* no memory, or another program of this processor has the storage in hand */
		ring_lost(kind);
		return NULL;
	}
	it->dentry = (__u64)dentry;
	it->mnt = (__u64)BPF_CORE_READ(dir, mnt);
	it->inode = (__u64)BPF_CORE_READ(source, d_inode);
	it->kind = kind;
	it->old_name_len = 0;
	return it;
}

/* The current task's intent, if the file system has now done it. */
static __always_inline struct intent *done(void *ctx, struct dentry *dentry)
{
	struct intent *it;
	__u64 error = 0;

	if (bpf_get_func_ret(ctx, &error) < 0 || (int)error != 0)
		return NULL;
	it = bpf_task_storage_get(&intents, bpf_get_current_task_btf(), NULL, 0);
	return it && it->dentry == (__u64)dentry ? it : NULL;
}

static __always_inline struct scratch *begin(const struct intent *it, struct dentry *dentry,
					     __u64 mnt, const struct inode *inode)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scratch *s = scratch_take(it->kind);
	__u32 len;

	if (!s)
		return NULL;
	task_fill(task, &s->h.task);
	file_fill_inode(&s->file, inode);
	len = path_walk(&s->path, dentry, (struct vfsmount *)mnt, task);
	s->file.path_len = scratch_append_path(s, 0, len);
	return s;
}
