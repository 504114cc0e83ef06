/* SPDX-License-Identifier: GPL-2.0 */
/*
 * task.bpf.h - who acts: identity of a task, read at the moment of the event
 */
#pragma once

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "record.h"

/*
 * Members are read by plain dereference, not by bpf_core_read(): on a pointer whose type the
 * verifier knows (a tracepoint's argument, bpf_get_current_task_btf()) that is one instruction and
 * no call, and a bad pointer reads as 0. What is read this way took a tenth of the time.
 */
static __always_inline __u64 task_start(struct task_struct *task)
{
	return task->group_leader->start_boottime;
}

static __always_inline void task_credentials(struct task_struct *task, struct record_task *t)
{
	const struct cred *cred = task->cred;

	t->uid = cred->uid.val;
	t->gid = cred->gid.val;
	t->euid = cred->euid.val;
	t->egid = cred->egid.val;
	/* Two words of 32 bits before 6.3, one of 64 since: the same eight bytes. */
	t->cap_effective = *(__u64 *)&cred->cap_effective;
}

static __always_inline void task_fill(struct task_struct *task, struct record_task *t)
{
	struct task_struct *parent = task->real_parent;
	struct nsproxy *ns = task->nsproxy;

	t->pid = task->tgid;
	t->tid = task->pid;
	t->ppid = parent->tgid;
	t->start_boottime_ns = task_start(task);
	t->parent_start_boottime_ns = task_start(parent);
	t->loginuid = task->loginuid.val;
	t->session = task->signal->pids[PIDTYPE_SID]->numbers[0].nr;
	t->cgroup_id = task->cgroups->dfl_cgrp->kn->id;
	t->mnt_ns = ns ? ns->mnt_ns->ns.inum : 0;
	t->net_ns = ns ? ns->net_ns->ns.inum : 0;
	t->pid_ns = ns ? ns->pid_ns_for_children->ns.inum : 0;
	task_credentials(task, t);
	BPF_CORE_READ_STR_INTO(&t->comm, task, comm);
}
