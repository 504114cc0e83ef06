// SPDX-License-Identifier: GPL-2.0
/*
 * file_attribute.bpf.c - mode, owner and attributes of files that are there already
 *
 * Where trampolines are allowed what was before is known, and a change that changes nothing, as
 * installers make by the thousand, is not told. Tracepoints know only the words of the system call,
 * or the file where it is named by its number. Of extended attributes those of security are told.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lib/file_words.bpf.h"
#include "lib/hook.bpf.h"
#include "lib/intent.bpf.h"
#include "lib/syscall.bpf.h"

#define NOT_KNOWN (~0ULL)
#define XATTR_NAME_MAX 256
#define XATTR_SET 0
#define XATTR_REMOVED 1

static __always_inline __u64 owners_of(const struct inode *inode)
{
	return BPF_CORE_READ(inode, i_uid.val) | (__u64)BPF_CORE_READ(inode, i_gid.val) << 32;
}

static __always_inline void intend_change(__u32 kind, const struct path *path)
{
	struct dentry *dentry = BPF_CORE_READ(path, dentry);
	struct inode *inode = BPF_CORE_READ(dentry, d_inode);
	struct intent *it;

	if (inode_is_pseudo(inode))
		return;
	it = intend(kind, path, dentry, dentry);
	if (it)
		it->before = kind == RECORD_FILE_MODE ? BPF_CORE_READ(inode, i_mode) :
							owners_of(inode);
}

ON_SECURITY(path_chmod, intend_change(RECORD_FILE_MODE, path), const struct path *path)
ON_SECURITY(path_chown, intend_change(RECORD_FILE_OWNER, path), const struct path *path)

static __always_inline void tell_change(void *ctx, const struct path *path, __u32 kind)
{
	struct dentry *dentry = BPF_CORE_READ(path, dentry);
	struct intent *it = done(ctx, dentry);
	struct scratch *s;
	struct inode *inode;

	if (!it || it->kind != kind)
		return;
	it->dentry = 0;
	inode = (struct inode *)it->inode;
	if (it->before == (kind == RECORD_FILE_MODE ? BPF_CORE_READ(inode, i_mode) : owners_of(inode)))
		return;
	s = begin(it, dentry, it->mnt, inode);
	if (!s)
		return;
	s->file.change = it->before;
	scratch_send(s, s->file.path_len);
}

SEC("fexit/chmod_common")
int BPF_PROG(fexit_chmod_common, const struct path *path)
{
	tell_change(ctx, path, RECORD_FILE_MODE);
	return 0;
}

SEC("fexit/chown_common")
int BPF_PROG(fexit_chown_common, const struct path *path)
{
	tell_change(ctx, path, RECORD_FILE_OWNER);
	return 0;
}

/* By the words of a system call; what they do not say is ~0. */
static __always_inline void changed_by_name(__u32 kind, int dir, unsigned long name, __u32 mode,
					    __u32 owner, __u32 group)
{
	struct scratch *s = scratch_take(kind);

	if (!s)
		return;
	task_fill(bpf_get_current_task_btf(), &s->h.task);
	s->file.mode = mode;
	s->file.owner = owner;
	s->file.group = group;
	s->file.change = NOT_KNOWN;
	s->file.path_len = append_named(s, 0, dir, (const char *)name);
	scratch_send(s, s->file.path_len);
}

static __always_inline void changed_by_number(__u32 kind, __u32 fd)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct file *file = file_of_fd(task, fd);

	if (file && !inode_is_pseudo(BPF_CORE_READ(file, f_inode)))
		file_send(task, file, kind, NOT_KNOWN);
}

#define ON_CHANGE(name, call)                              \
	SEC("tp/syscalls/sys_exit_" #name)                 \
	int on_##name(struct trace_event_raw_sys_exit *ctx) \
	{                                                  \
		struct pt_regs *regs = arguments();        \
                                                           \
		if (ctx->ret == 0)                         \
			call;                              \
		return 0;                                  \
	}

ON_CHANGE(chmod, changed_by_name(RECORD_FILE_MODE, AT_FDCWD, PT_REGS_PARM1_SYSCALL(regs),
				 PT_REGS_PARM2_SYSCALL(regs), ~0U, ~0U))
ON_CHANGE(fchmodat, changed_by_name(RECORD_FILE_MODE, PT_REGS_PARM1_SYSCALL(regs),
				    PT_REGS_PARM2_SYSCALL(regs), PT_REGS_PARM3_SYSCALL(regs), ~0U,
				    ~0U))
ON_CHANGE(fchmodat2, changed_by_name(RECORD_FILE_MODE, PT_REGS_PARM1_SYSCALL(regs),
				     PT_REGS_PARM2_SYSCALL(regs), PT_REGS_PARM3_SYSCALL(regs), ~0U,
				     ~0U))
ON_CHANGE(fchmod, changed_by_number(RECORD_FILE_MODE, PT_REGS_PARM1_SYSCALL(regs)))
ON_CHANGE(chown, changed_by_name(RECORD_FILE_OWNER, AT_FDCWD, PT_REGS_PARM1_SYSCALL(regs), 0,
				 PT_REGS_PARM2_SYSCALL(regs), PT_REGS_PARM3_SYSCALL(regs)))
ON_CHANGE(lchown, changed_by_name(RECORD_FILE_OWNER, AT_FDCWD, PT_REGS_PARM1_SYSCALL(regs), 0,
				  PT_REGS_PARM2_SYSCALL(regs), PT_REGS_PARM3_SYSCALL(regs)))
ON_CHANGE(fchownat, changed_by_name(RECORD_FILE_OWNER, PT_REGS_PARM1_SYSCALL(regs),
				    PT_REGS_PARM2_SYSCALL(regs), 0, PT_REGS_PARM3_SYSCALL(regs),
				    PT_REGS_PARM4_SYSCALL(regs)))
ON_CHANGE(fchown, changed_by_number(RECORD_FILE_OWNER, PT_REGS_PARM1_SYSCALL(regs)))

/* security.*, by its first letters; read once, so that it is what is told. */
static __always_inline bool append_name(struct scratch *s, unsigned long name)
{
	char *at = scratch_at(s, s->file.path_len);
	long n = bpf_probe_read_user_str(at, XATTR_NAME_MAX, (const char *)name);

	if (n < (long)sizeof("security.") || n > XATTR_NAME_MAX)
		return false;
	if (at[0] != 's' || at[1] != 'e' || at[2] != 'c' || at[3] != 'u' || at[8] != '.')
		return false;
	s->file.old_path_len = n - 1;
	return true;
}

static __always_inline void xattr_changed(unsigned long path, int fd, unsigned long name, __u64 how)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scratch *s = scratch_take(RECORD_FILE_ATTRIBUTE);
	struct file *file = path ? NULL : file_of_fd(task, fd);

	if (!s)
		return;
	/* The name alone, before anything that costs. */
	if (!append_name(s, name)) {
		scratch_give_back(s);
		return;
	}
	task_fill(task, &s->h.task);
	s->file.change = how;
	s->file.owner = s->file.group = ~0U;
	if (file) {
		file_fill_inode(&s->file, BPF_CORE_READ(file, f_inode));
		s->file.path_len = path_walk(&s->path, BPF_CORE_READ(file, f_path.dentry),
					     BPF_CORE_READ(file, f_path.mnt), task);
		s->file.path_len = scratch_append_path(s, 0, s->file.path_len);
	} else {
		s->file.path_len = append_named(s, 0, AT_FDCWD, (const char *)path);
	}
	s->file.old_path_len = 0;
	append_name(s, name);
	scratch_send(s, s->file.path_len + s->file.old_path_len);
}

#define P1 PT_REGS_PARM1_SYSCALL(regs)
#define P2 PT_REGS_PARM2_SYSCALL(regs)

ON_SYSCALL(setxattr, if (ret == 0) xattr_changed(P1, 0, P2, XATTR_SET))
ON_SYSCALL(lsetxattr, if (ret == 0) xattr_changed(P1, 0, P2, XATTR_SET))
ON_SYSCALL(fsetxattr, if (ret == 0) xattr_changed(0, P1, P2, XATTR_SET))
ON_SYSCALL(removexattr, if (ret == 0) xattr_changed(P1, 0, P2, XATTR_REMOVED))
ON_SYSCALL(lremovexattr, if (ret == 0) xattr_changed(P1, 0, P2, XATTR_REMOVED))
ON_SYSCALL(fremovexattr, if (ret == 0) xattr_changed(0, P1, P2, XATTR_REMOVED))

/* chattr(1). Its flags come first in a structure that changed its name with 6.17. */
SEC("fexit/vfs_fileattr_set")
int BPF_PROG(fexit_fileattr_set, void *idmap, struct dentry *dentry, void *attributes, int ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = arguments();
	struct file *file = NULL;
	__u32 flags = 0;

	if (ret == 0 && SYSCALL_NUMBER(regs) == SYSCALL_IOCTL)
		file = file_of_fd(task, P1);
	/* A stacked file system calls once more for what lies below. */
	if (!file || BPF_CORE_READ(file, f_path.dentry) != dentry)
		return 0;
	bpf_probe_read_kernel(&flags, sizeof(flags), attributes);
	file_send(task, file, RECORD_FILE_ATTRIBUTE, flags);
	return 0;
}
