/* SPDX-License-Identifier: GPL-2.0 */
/*
 * task.bpf.h - who acts: identity of a task, read at the moment of the event
 */
#pragma once

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "record.h"

static __always_inline __u64 task_start(struct task_struct *task)
{
	return BPF_CORE_READ(task, group_leader, start_boottime);
}

static __always_inline void task_credentials(struct task_struct *task, struct record_task *t)
{
	const struct cred *cred = BPF_CORE_READ(task, cred);

	t->uid = BPF_CORE_READ(cred, uid.val);
	t->gid = BPF_CORE_READ(cred, gid.val);
	t->euid = BPF_CORE_READ(cred, euid.val);
	t->egid = BPF_CORE_READ(cred, egid.val);
	/* Two words of 32 bits before 6.3, one of 64 since: the same eight bytes. */
	bpf_core_read(&t->cap_effective, sizeof(t->cap_effective), &cred->cap_effective);
}

static __always_inline void task_fill(struct task_struct *task, struct record_task *t)
{
	struct task_struct *parent = BPF_CORE_READ(task, real_parent);
	struct nsproxy *ns = BPF_CORE_READ(task, nsproxy);

	t->pid = BPF_CORE_READ(task, tgid);
	t->tid = BPF_CORE_READ(task, pid);
	t->ppid = BPF_CORE_READ(parent, tgid);
	t->start_boottime_ns = task_start(task);
	t->parent_start_boottime_ns = task_start(parent);
	t->loginuid = BPF_CORE_READ(task, loginuid.val);
	t->session = BPF_CORE_READ(task, signal, pids[PIDTYPE_SID], numbers[0].nr);
	t->cgroup_id = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	t->mnt_ns = ns ? BPF_CORE_READ(ns, mnt_ns, ns.inum) : 0;
	t->net_ns = ns ? BPF_CORE_READ(ns, net_ns, ns.inum) : 0;
	t->pid_ns = ns ? BPF_CORE_READ(ns, pid_ns_for_children, ns.inum) : 0;
	task_credentials(task, t);
	BPF_CORE_READ_STR_INTO(&t->comm, task, comm);
}
