/* SPDX-License-Identifier: GPL-2.0 */
/*
 * file_record.bpf.h - what all tiers of the file programs share: who writes, and the records
 *
 * A file open for writing is remembered with its size and time of change; when it is closed it is
 * reported if they differ. Which hook tells of opens and closes is the tier's business.
 */
#pragma once

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "kinds.h"
#include "lib/file.bpf.h"
#include "lib/ring.bpf.h"
#include "lib/scratch.bpf.h"
#include "lib/task.bpf.h"

#define OPEN_TRUNCATES 01000

struct written {
	__u64 inode; /* its address: the kernel uses the memory of a closed file again */
	__s64 mtime_ns;
	__u64 size;
};

/* Files open for writing; the least recently used are forgotten when there are more. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, __u64);
	__type(value, struct written);
} writers SEC(".maps");

#define MOUNTED_NOWHERE ((struct mnt_namespace *)-22L) /* MNT_NS_INTERNAL of fs/mount.h */

/* Files below a stacked file system, and memory that looks like one, have no name in any tree. */
static __always_inline bool file_is_interesting(struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct mount *mount = path_mount(BPF_CORE_READ(file, f_path.mnt));

	return BPF_CORE_READ(mount, mnt_ns) != MOUNTED_NOWHERE &&
	       (BPF_CORE_READ(inode, i_mode) & FILE_TYPE_MASK) == FILE_TYPE_REGULAR &&
	       !inode_is_pseudo(inode);
}

static __always_inline void file_fill_inode(struct record_file *r, const struct inode *inode)
{
	r->inode = BPF_CORE_READ(inode, i_ino);
	r->device = inode_device(inode);
	r->size = BPF_CORE_READ(inode, i_size);
	r->mode = BPF_CORE_READ(inode, i_mode);
	r->owner = BPF_CORE_READ(inode, i_uid.val);
	r->group = BPF_CORE_READ(inode, i_gid.val);
	r->ctime_ns = inode_ctime(inode);
	r->mtime_ns = inode_mtime(inode);
}

static __always_inline void file_send(struct task_struct *task, struct file *file, __u32 kind,
				      __u64 change)
{
	struct scratch *s = scratch_take(kind);
	struct record_file *r;

	if (!s)
		return;
	r = &s->file;
	task_fill(task, &r->h.task);
	file_fill_inode(r, BPF_CORE_READ(file, f_inode));
	r->change = change;
	r->other_root = kind == RECORD_FILE_WRITE && path_root_is_other(task);
	r->path_len = path_walk(&s->path, BPF_CORE_READ(file, f_path.dentry),
				BPF_CORE_READ(file, f_path.mnt), task);
	r->path_len = scratch_append_path(s, 0, r->path_len);
	scratch_send(s, r->path_len);
}

/*
 * A file that was opened, before or after it was emptied as the flags may ask. False where it was
 * for writing, but is no file of any tree.
 */
static __always_inline bool file_opened(struct file *file, __u64 flags)
{
	__u32 mode = BPF_CORE_READ(file, f_mode);
	__u64 key = (__u64)file;
	struct written w = {};

	if (!(mode & (FILE_MODE_WRITE | FILE_MODE_CREATED)) || mode & FILE_MODE_INNER)
		return true;
	if (!file_is_interesting(file))
		return false;
	if (mode & FILE_MODE_WRITE) {
		w.inode = (__u64)BPF_CORE_READ(file, f_inode);
		/* A file emptied by this open is changed already: no time is like 0. */
		if (mode & FILE_MODE_CREATED || !(flags & OPEN_TRUNCATES)) {
			w.mtime_ns = inode_mtime(BPF_CORE_READ(file, f_inode));
			w.size = BPF_CORE_READ(file, f_inode, i_size);
		}
		bpf_map_update_elem(&writers, &key, &w, BPF_ANY);
	}
	if (mode & FILE_MODE_CREATED)
		file_send(bpf_get_current_task_btf(), file, RECORD_FILE_CREATE, 0);
	return true;
}

/* A file that is closed; it may be open under further numbers, unless this is its end. */
static __always_inline void file_closing(struct task_struct *task, struct file *file, bool end)
{
	__u64 key = (__u64)file, size, old;
	struct inode *inode;
	struct written *w;
	bool changed;
	__s64 mtime;

	w = bpf_map_lookup_elem(&writers, &key);
	if (!w)
		return;
	inode = BPF_CORE_READ(file, f_inode);
	mtime = inode_mtime(inode);
	size = BPF_CORE_READ(inode, i_size);
	old = w->size;
	changed = w->inode == (__u64)inode && (mtime != w->mtime_ns || size != old);
	if (end) {
		bpf_map_delete_elem(&writers, &key);
	} else if (changed) { /* only what comes after is news again */
		w->mtime_ns = mtime;
		w->size = size;
	}
	if (changed)
		file_send(task, file, RECORD_FILE_WRITE, size > old ? size - old : 0);
}
