/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pid.bpf.h - the task that a number means to the calling process
 *
 * Kernels before 6.2 have no function of their own for programs to ask, and later ones know only
 * the numbers of the machine, not those of a container.
 */
#pragma once

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define RADIX_LEVELS 6 /* of 64 places each: more than 32 bits */
#define RADIX_PLACES 64
#define RADIX_IS_NODE(entry) (((entry) & 3) == 2) /* xa_is_internal(), include/linux/xarray.h */

static __always_inline struct task_struct *task_of_pid(const struct pid *pid)
{
	struct hlist_node *first = BPF_CORE_READ(pid, tasks[PIDTYPE_PID].first);

	if (!first)
		return NULL;
	return (struct task_struct *)((char *)first -
				      bpf_core_field_offset(struct task_struct, pid_links));
}

/* The namespace that the task itself is numbered in. */
static __always_inline struct pid_namespace *namespace_of_pid(const struct pid *pid)
{
	struct pid_namespace *ns = NULL;
	const struct upid *last = &pid->numbers[0];
	__u32 level = BPF_CORE_READ(pid, level);

	last = (const struct upid *)((const char *)pid +
				     bpf_core_field_offset(struct pid, numbers) +
				     (level & 31) * bpf_core_type_size(struct upid));
	ns = BPF_CORE_READ(last, ns);
	return ns;
}

/* NULL where there is none. nr is a number of a thread or a process, as current would say it. */
static __always_inline struct task_struct *task_of_number(__u32 nr)
{
	struct pid *self = bpf_get_current_task_btf()->thread_pid;
	struct pid_namespace *ns = namespace_of_pid(self);
	__u64 entry = (__u64)BPF_CORE_READ(ns, idr.idr_rt.xa_head);
	void *slot;

	nr -= BPF_CORE_READ(ns, idr.idr_base);
	for (int i = 0; i < RADIX_LEVELS && RADIX_IS_NODE(entry); i++) {
		struct xa_node *node = (struct xa_node *)(entry & ~3ULL);
		__u32 at = nr >> (BPF_CORE_READ(node, shift) & 31);

		/* Past the end of the tree there is nothing; only the first node can tell. */
		if (i == 0 && at >= RADIX_PLACES)
			return NULL;
		bpf_probe_read_kernel(&slot, sizeof(slot),
				      (char *)node + bpf_core_field_offset(struct xa_node, slots) +
					      (at & (RADIX_PLACES - 1)) * sizeof(slot));
		entry = (__u64)slot;
	}
	return entry && !RADIX_IS_NODE(entry) ? task_of_pid((const struct pid *)entry) : NULL;
}
