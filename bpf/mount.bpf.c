// SPDX-License-Identifier: GPL-2.0
/*
 * mount.bpf.c - file systems mounted and taken away
 *
 * Where trampolines are allowed a mount is told by the kernel's function with its outcome. A mount
 * that is taken away has no path any more when that is done: it is told when the security framework
 * is asked, as is one that move_mount(2) puts into the tree.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lib/act_record.bpf.h"
#include "lib/file_words.bpf.h"
#include "lib/hook.bpf.h"
#include "lib/syscall.bpf.h"

#define MS_MGC_VAL 0xC0ED0000
#define MS_MGC_MSK 0xffff0000
#define MOVE_MOUNT_F_EMPTY_PATH 4

static __always_inline __u64 mount_flags(__u64 flags)
{
	/* A mark that programs from before 1999 still give. */
	return (flags & MS_MGC_MSK) == MS_MGC_VAL ? flags & ~MS_MGC_MSK : flags;
}

SEC("fexit/path_mount")
int BPF_PROG(fexit_path_mount, const char *source, struct path *path, const char *type,
	     unsigned long flags, void *data, int ret)
{
	struct scratch *s = ret == 0 ? act_begin(RECORD_MOUNT) : NULL;

	if (!s)
		return 0;
	act_path(s, BPF_CORE_READ(path, dentry), BPF_CORE_READ(path, mnt));
	act_text(s, source, false, true);
	act_text(s, type, false, true);
	s->act.values[0] = mount_flags(flags);
	act_send(s);
	return 0;
}

static __always_inline void moved(const struct path *from, const struct path *to)
{
	struct vfsmount *mnt = BPF_CORE_READ(from, mnt);
	struct scratch *s = act_begin(RECORD_MOUNT);

	if (!s)
		return;
	act_path(s, BPF_CORE_READ(to, dentry), BPF_CORE_READ(to, mnt));
	act_text(s, BPF_CORE_READ(path_mount(mnt), mnt_devname), false, true);
	act_text(s, BPF_CORE_READ(mnt, mnt_sb, s_type, name), false, true);
	act_send(s);
}

ON_SECURITY(move_mount, moved(from, to), const struct path *from, const struct path *to)

static __always_inline void unmounting(struct vfsmount *mnt, int flags)
{
	struct scratch *s = act_begin(RECORD_UNMOUNT);

	if (!s)
		return;
	act_path(s, BPF_CORE_READ(mnt, mnt_root), mnt);
	s->act.values[0] = flags;
	act_send(s);
}

ON_SECURITY(sb_umount, unmounting(mnt, flags), struct vfsmount *mnt, int flags)

SEC("tp/syscalls/sys_exit_mount")
int on_mount(struct trace_event_raw_sys_exit *ctx)
{
	struct scratch *s = ctx->ret == 0 ? act_begin(RECORD_MOUNT) : NULL;
	struct pt_regs *regs = arguments();

	if (!s)
		return 0;
	s->act.path_len =
		append_named(s, 0, AT_FDCWD, (const char *)PT_REGS_PARM2_SYSCALL(regs));
	act_text(s, (const char *)PT_REGS_PARM1_SYSCALL(regs), true, true);
	act_text(s, (const char *)PT_REGS_PARM3_SYSCALL(regs), true, true);
	s->act.values[0] = mount_flags(PT_REGS_PARM4_SYSCALL(regs));
	act_send(s);
	return 0;
}

/* The mount's own descriptor tells what it is, its new place are words. */
SEC("tp/syscalls/sys_exit_move_mount")
int on_move_mount(struct trace_event_raw_sys_exit *ctx)
{
	struct scratch *s = ctx->ret == 0 ? act_begin(RECORD_MOUNT) : NULL;
	struct pt_regs *regs = arguments();
	struct file *file;
	struct vfsmount *mnt;

	if (!s)
		return 0;
	s->act.path_len = append_named(s, 0, PT_REGS_PARM3_SYSCALL(regs),
				       (const char *)PT_REGS_PARM4_SYSCALL(regs));
	file = file_of_fd(bpf_get_current_task_btf(), PT_REGS_PARM1_SYSCALL(regs));
	if (file) {
		mnt = BPF_CORE_READ(file, f_path.mnt);
		act_text(s, BPF_CORE_READ(path_mount(mnt), mnt_devname), false, true);
		act_text(s, BPF_CORE_READ(mnt, mnt_sb, s_type, name), false, true);
	}
	act_send(s);
	return 0;
}

SEC("tp/syscalls/sys_exit_umount")
int on_umount(struct trace_event_raw_sys_exit *ctx)
{
	struct scratch *s = ctx->ret == 0 ? act_begin(RECORD_UNMOUNT) : NULL;
	struct pt_regs *regs = arguments();

	if (!s)
		return 0;
	s->act.path_len =
		append_named(s, 0, AT_FDCWD, (const char *)PT_REGS_PARM1_SYSCALL(regs));
	s->act.values[0] = (__u32)PT_REGS_PARM2_SYSCALL(regs);
	act_send(s);
	return 0;
}
