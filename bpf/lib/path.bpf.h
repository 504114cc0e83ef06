/* SPDX-License-Identifier: GPL-2.0 */
/*
 * path.bpf.h - absolute path of a dentry by walking up to the task's root
 *
 * bpf_d_path() is refused in tracepoints, so names are read one by one and written from the end of
 * a buffer to its start. What passes PATH_DEPTH names or RECORD_PATH_MAX bytes loses its beginning.
 */
#pragma once

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "record.h"

#define PATH_DEPTH 64
#define NAME_MASK 255

struct path_buffer {
	/* The last name may begin anywhere below RECORD_PATH_MAX: room for one more behind it. */
	char data[RECORD_PATH_MAX + NAME_MASK + 1];
	/* Kept here and not on the stack: a value the verifier does not follow ends its search. */
	__u32 start;
};

static __always_inline struct mount *path_mount(struct vfsmount *m)
{
	return (struct mount *)((char *)m - bpf_core_field_offset(struct mount, mnt));
}

/*
 * Whether the task's root is another than its mount namespace's: no mount's root, or that of a mount
 * that lies somewhere below. What lies over the first root of all, as after switch_root(8), does not.
 */
static __always_inline bool path_root_is_other(struct task_struct *task)
{
	struct dentry *root = task->fs->root.dentry;
	struct vfsmount *vfs = task->fs->root.mnt;
	struct mount *mnt = path_mount(vfs), *up = BPF_CORE_READ(mnt, mnt_parent);

	return root != vfs->mnt_root ||
	       (up != mnt && BPF_CORE_READ(mnt, mnt_mountpoint) != BPF_CORE_READ(up, mnt.mnt_root));
}

struct path_walk {
	struct path_buffer *b;
	struct dentry *dentry, *root;
	struct vfsmount *root_mnt;
	struct mount *mnt;
};

/* Members of struct dentry that follow each other, read at once. */
struct path_names {
	struct dentry *d_parent;
	struct qstr d_name;
};

static __always_inline void path_read(struct path_names *names, const struct dentry *dentry)
{
	if (bpf_core_field_offset(struct dentry, d_name) ==
	    bpf_core_field_offset(struct dentry, d_parent) + sizeof(void *)) {
		bpf_probe_read_kernel(names, sizeof(*names),
				      (const char *)dentry +
					      bpf_core_field_offset(struct dentry, d_parent));
		return;
	}
	names->d_parent = BPF_CORE_READ(dentry, d_parent);
	names->d_name.len = BPF_CORE_READ(dentry, d_name.len);
	names->d_name.name = BPF_CORE_READ(dentry, d_name.name);
}

/* One step up, for bpf_loop(): 1 ends the walk. A plain loop is too much for the verifier. */
static long path_step(__u32 i, void *arg)
{
	struct path_walk *w = arg;
	struct path_buffer *b = w->b;
	/* Copies: CO-RE would relocate struct path_walk as if it were the kernel's. */
	struct dentry *dentry = w->dentry;
	struct mount *mnt = w->mnt;
	struct vfsmount *vfs =
		(struct vfsmount *)((char *)mnt + bpf_core_field_offset(struct mount, mnt));
	__u32 len, pos = b->start;
	struct path_names names;

	if (dentry == w->root && vfs == w->root_mnt)
		return 1;
	path_read(&names, dentry);
	if (dentry == BPF_CORE_READ(vfs, mnt_root)) {
		struct mount *up = BPF_CORE_READ(mnt, mnt_parent);

		if (mnt == up)
			return 1;
		w->dentry = BPF_CORE_READ(mnt, mnt_mountpoint);
		w->mnt = up;
		return 0;
	}
	len = names.d_name.len & NAME_MASK;
	if (pos < len + 1)
		return 1;
	pos -= len;
	bpf_probe_read_kernel(&b->data[pos & (RECORD_PATH_MAX - 1)], len,
			      names.d_name.name);
	pos--;
	b->data[pos & (RECORD_PATH_MAX - 1)] = '/';
	b->start = pos;
	w->dentry = names.d_parent;
	/* Its own parent and no root: it never had a place, as a memfd. */
	return dentry == names.d_parent;
}

/* Fills b; the path is b->data[b->start .. RECORD_PATH_MAX). Returns its length. */
static __always_inline __u32 path_walk(struct path_buffer *b, struct dentry *dentry,
				       struct vfsmount *vfsmount, struct task_struct *task)
{
	struct path_walk w = {
		.b = b,
		.dentry = dentry,
		.root = task->fs->root.dentry,
		.root_mnt = task->fs->root.mnt,
		.mnt = path_mount(vfsmount),
	};

	b->start = RECORD_PATH_MAX;
	bpf_loop(PATH_DEPTH, path_step, &w, 0);
	if (b->start == RECORD_PATH_MAX) { /* the root itself */
		b->start--;
		b->data[RECORD_PATH_MAX - 1] = '/';
	}
	return RECORD_PATH_MAX - b->start;
}
