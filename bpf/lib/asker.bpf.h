/* SPDX-License-Identifier: GPL-2.0 */
/*
 * asker.bpf.h - which process asks names by a socket, kept by the socket's cookie
 *
 * A packet passes when nobody knows any more who sent it; the call that gave the socket its peer
 * was made by a process.
 */
#pragma once

#include "vmlinux.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "lib/task.bpf.h"

#define DNS_PORT 53

/* The least recently used are forgotten when there are more. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 2048);
	__type(key, __u64);
	__type(value, struct record_task);
} askers SEC(".maps");

static __always_inline void asker_note(__u64 cookie, __u32 port)
{
	struct record_task task = {};

	if (port != bpf_htons(DNS_PORT))
		return;
	task_fill(bpf_get_current_task_btf(), &task);
	bpf_map_update_elem(&askers, &cookie, &task, BPF_ANY);
}
