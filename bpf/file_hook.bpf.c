// SPDX-License-Identifier: GPL-2.0
/*
 * file_hook.bpf.c - files created, written, renamed and deleted, where trampolines are allowed
 *
 * Tiers A and B. Whatever way a file is reached - any system call of any width, io_uring - it
 * passes here, and the path is the kernel's own: links and dots are resolved. A file is reported
 * as written when its last user lets go of it. The security framework is asked before a name is
 * changed and the file system answers later: what was asked is kept with the task, and told if
 * the answer was yes. The file system's functions alone would not do: they know no mount, and
 * stacked file systems call them once more for what lies below.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lib/file_record.bpf.h"
#include "lib/hook.bpf.h"
#include "lib/intent.bpf.h"

#define RENAME_EXCHANGE 2

ON_SECURITY(file_open, file_opened(file, BPF_CORE_READ(file, f_flags)), struct file *file)

static __always_inline void released(struct file *file)
{
	if (file->f_mode & FILE_MODE_WRITE)
		file_closing(bpf_get_current_task_btf(), file, true);
}

SEC("lsm/file_release")
int BPF_PROG(lsm_file_release, struct file *file)
{
	released(file);
	return 0;
}

SEC("fentry/__fput")
int BPF_PROG(fentry_fput, struct file *file)
{
	released(file);
	return 0;
}

static __always_inline void intend_rename(const struct path *old_dir, struct dentry *old_dentry,
					  const struct path *new_dir)
{
	struct intent *it = intend(RECORD_FILE_RENAME, new_dir, old_dentry, old_dentry);
	__u32 len;

	if (!it)
		return;
	it->old_mnt = (__u64)BPF_CORE_READ(old_dir, mnt);
	it->old_dir = (__u64)BPF_CORE_READ(old_dir, dentry);
	len = BPF_CORE_READ(old_dentry, d_name.len) & NAME_MASK;
	bpf_probe_read_kernel(it->old_name, len, BPF_CORE_READ(old_dentry, d_name.name));
	it->old_name_len = len;
}

/* Open files are told by themselves; of the rest only folders are left out, as no files. */
ON_SECURITY(path_mknod, intend(RECORD_FILE_CREATE, dir, dentry, dentry), const struct path *dir,
	    struct dentry *dentry)
ON_SECURITY(path_symlink, intend(RECORD_FILE_CREATE, dir, dentry, dentry), const struct path *dir,
	    struct dentry *dentry)
ON_SECURITY(path_link, intend(RECORD_FILE_CREATE, dir, dentry, old_dentry),
	    struct dentry *old_dentry, const struct path *dir, struct dentry *dentry)
ON_SECURITY(path_unlink, intend(RECORD_FILE_DELETE, dir, dentry, dentry), const struct path *dir,
	    struct dentry *dentry)
ON_SECURITY(path_rename, intend_rename(old_dir, old_dentry, new_dir), const struct path *old_dir,
	    struct dentry *old_dentry, const struct path *new_dir)

static __always_inline void tell(void *ctx, struct dentry *dentry)
{
	struct intent *it = done(ctx, dentry);
	struct scratch *s;
	__u64 inode;

	if (!it)
		return;
	inode = it->inode;
	if (!inode) /* made just now */
		inode = (__u64)BPF_CORE_READ(dentry, d_inode);
	it->dentry = 0;
	s = begin(it, dentry, it->mnt, (const struct inode *)inode);
	if (s)
		scratch_send(s, s->file.path_len);
}

/* Behind the new path the old one, and off it goes. */
static __always_inline void send_renamed(struct scratch *s, struct intent *it)
{
	__u32 at = s->file.path_len, off = at, len = it->old_name_len & NAME_MASK;

	off = scratch_append_path(s, off, path_walk(&s->path, (struct dentry *)it->old_dir,
						    (struct vfsmount *)it->old_mnt,
						    bpf_get_current_task_btf()));
	*scratch_at(s, off) = '/';
	off++;
	bpf_probe_read_kernel(scratch_at(s, off), len, it->old_name);
	off += len;
	s->file.old_path_len = off - at;
	scratch_send(s, off);
}

/* Two files that changed places: either is where the other was. */
static __always_inline void tell_moved_for(const struct intent *it, struct dentry *dentry,
					   __u64 mnt, struct dentry *other, __u64 other_mnt)
{
	struct scratch *s = begin(it, dentry, mnt, BPF_CORE_READ(dentry, d_inode));
	__u32 at;

	if (!s)
		return;
	at = s->file.path_len;
	s->file.old_path_len = path_walk(&s->path, other, (struct vfsmount *)other_mnt,
					 bpf_get_current_task_btf());
	s->file.old_path_len = scratch_append_path(s, at, s->file.old_path_len) - at;
	scratch_send(s, at + s->file.old_path_len);
}

SEC("fexit/vfs_rename")
int BPF_PROG(fexit_vfs_rename, struct renamedata *rd)
{
	struct dentry *dentry = BPF_CORE_READ(rd, old_dentry), *other;
	struct intent *it = done(ctx, dentry);
	struct scratch *s;

	if (!it)
		return 0;
	it->dentry = 0;
	/* It has moved: its path is the new one. */
	if (BPF_CORE_READ(rd, flags) & RENAME_EXCHANGE) {
		other = BPF_CORE_READ(rd, new_dentry);
		tell_moved_for(it, dentry, it->mnt, other, it->old_mnt);
		tell_moved_for(it, other, it->old_mnt, dentry, it->mnt);
		return 0;
	}
	s = begin(it, dentry, it->mnt, BPF_CORE_READ(dentry, d_inode));
	if (s)
		send_renamed(s, it);
	return 0;
}

SEC("fexit/vfs_unlink")
int BPF_PROG(fexit_vfs_unlink, void *idmap, struct inode *dir, struct dentry *dentry)
{
	tell(ctx, dentry);
	return 0;
}

SEC("fexit/vfs_link")
int BPF_PROG(fexit_vfs_link, struct dentry *old, void *idmap, struct inode *dir,
	     struct dentry *dentry)
{
	tell(ctx, dentry);
	return 0;
}

SEC("fexit/vfs_symlink")
int BPF_PROG(fexit_vfs_symlink, void *idmap, struct inode *dir, struct dentry *dentry)
{
	tell(ctx, dentry);
	return 0;
}

SEC("fexit/vfs_mknod")
int BPF_PROG(fexit_vfs_mknod, void *idmap, struct inode *dir, struct dentry *dentry)
{
	tell(ctx, dentry);
	return 0;
}

/* mknod(2) of an ordinary file; open(2) does not come this way. */
SEC("fexit/vfs_create")
int BPF_PROG(fexit_vfs_create, void *idmap, struct inode *dir, struct dentry *dentry)
{
	tell(ctx, dentry);
	return 0;
}
