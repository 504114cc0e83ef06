// SPDX-License-Identifier: GPL-2.0
/*
 * privilege.bpf.c - privilege that a running process gains
 *
 * A program that is started gains by what its file says, which the start tells. Here is the rest:
 * a process that was of no user 0 in any of its ids and now is, or whose permitted capabilities
 * grew. Whatever gives credentials to a task passes commit_creds(), also a hole in the kernel.
 * What a process has in a user namespace of its own is no gain; that it made one is told as such.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lib/act_record.bpf.h"

#define CAP_SETUID_BIT (1ULL << 7)

static __always_inline bool is_any_root(const struct cred *cred)
{
	return !BPF_CORE_READ(cred, uid.val) || !BPF_CORE_READ(cred, euid.val) ||
	       !BPF_CORE_READ(cred, suid.val);
}

/* Two words of 32 bits before 6.3, one of 64 since: the same eight bytes. */
static __always_inline __u64 permitted_of(const struct cred *cred)
{
	__u64 caps = 0;

	bpf_probe_read_kernel(&caps, sizeof(caps),
			      (const char *)cred + bpf_core_field_offset(struct cred, cap_permitted));
	return caps;
}

static __always_inline void gained(__u64 before, __u64 after, __u32 new_uid)
{
	struct scratch *s = act_begin(RECORD_PRIVILEGE);

	if (!s)
		return;
	s->act.values[0] = before;
	s->act.values[1] = after;
	s->act.values[2] = new_uid;
	act_send(s);
}

SEC("fentry/commit_creds")
int BPF_PROG(fentry_commit_creds, struct cred *new)
{
	struct task_struct *task = bpf_get_current_task_btf();
	const struct cred *old = task->real_cred;
	__u64 before, after;

	if (BPF_CORE_READ_BITFIELD_PROBED(task, in_execve) || new->user_ns != old->user_ns)
		return 0;
	before = permitted_of(old);
	after = permitted_of(new);
	if (!(after & ~before) && (is_any_root(old) || !is_any_root(new)))
		return 0;
	gained(before, after, new->euid.val);
	return 0;
}

/* Tier C: what is asked for, where it will be granted. */
static __always_inline void asked(bool root)
{
	const struct cred *cred = bpf_get_current_task_btf()->real_cred;
	__u64 permitted;

	if (!root || BPF_CORE_READ(cred, user_ns, level) || is_any_root(cred))
		return;
	permitted = permitted_of(cred);
	if (*(__u64 *)&cred->cap_effective & CAP_SETUID_BIT)
		gained(permitted, permitted, 0);
}

SEC("tp/syscalls/sys_enter_setuid")
int on_setuid(struct trace_event_raw_sys_enter *ctx)
{
	asked((__u32)ctx->args[0] == 0);
	return 0;
}

SEC("tp/syscalls/sys_enter_setreuid")
int on_setreuid(struct trace_event_raw_sys_enter *ctx)
{
	asked((__u32)ctx->args[0] == 0 || (__u32)ctx->args[1] == 0);
	return 0;
}

SEC("tp/syscalls/sys_enter_setresuid")
int on_setresuid(struct trace_event_raw_sys_enter *ctx)
{
	asked((__u32)ctx->args[0] == 0 || (__u32)ctx->args[1] == 0 ||
	      (__u32)ctx->args[2] == 0);
	return 0;
}
