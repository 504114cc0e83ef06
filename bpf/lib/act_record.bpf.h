/* SPDX-License-Identifier: GPL-2.0 */
/*
 * act_record.bpf.h - records of what a process does to others and to the system
 */
#pragma once

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "kinds.h"
#include "lib/file.bpf.h"
#include "lib/scratch.bpf.h"
#include "lib/task.bpf.h"

#define ACT_TEXT_MAX 4096

static __always_inline struct scratch *act_begin(__u32 kind)
{
	struct scratch *s = scratch_take(kind);

	if (s)
		task_fill(bpf_get_current_task_btf(), &s->h.task);
	return s;
}

/* Any thread of the process that is acted on. */
static __always_inline void act_target(struct scratch *s, struct task_struct *task)
{
	s->act.target_pid = BPF_CORE_READ(task, tgid);
	s->act.target_uid = BPF_CORE_READ(task, cred, uid.val);
	s->act.target_start_boottime_ns = BPF_CORE_READ(task, group_leader, start_boottime);
}

/* The path is the first piece of the tail. */
static __always_inline void act_path(struct scratch *s, struct dentry *dentry, struct vfsmount *mnt)
{
	__u32 len = path_walk(&s->path, dentry, mnt, bpf_get_current_task_btf());

	s->act.path_len = scratch_append_path(s, 0, len);
}

/* Adds to the text, after the path; with more a NUL parts it from what follows. */
static __always_inline void act_text(struct scratch *s, const char *text, bool of_user, bool more)
{
	__u32 off = s->act.path_len + s->act.text_len;
	long n;

	if (off > 2 * RECORD_PATH_MAX)
		return;
	n = of_user ? bpf_probe_read_user_str(scratch_at(s, off), ACT_TEXT_MAX, text) :
		      bpf_probe_read_kernel_str(scratch_at(s, off), ACT_TEXT_MAX, text);
	if (n <= 0 || n > ACT_TEXT_MAX) {
		*scratch_at(s, off) = '\0';
		n = 1;
	}
	s->act.text_len += more ? n : n - 1;
}

static __always_inline void act_send(struct scratch *s)
{
	scratch_send(s, s->act.path_len + s->act.text_len);
}
