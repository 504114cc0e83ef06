/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ring.bpf.h - numbers a record, sends it, counts it when there is no room
 *
 * Waking the reader for each record costs a fifth of an exec; it polls by itself, so it is woken
 * only when the ring has filled past a mark.
 */
#pragma once

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "kinds.h"
#include "record.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 * 1024 * 1024);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct record_counters);
} counters SEC(".maps");

/* The reader's own memory: losses it has reported, kept where it survives the reader. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RECORD_KINDS);
	__type(key, __u32);
	__type(value, __u64);
} reported SEC(".maps");

/* Set before load: how full the ring may get before the reader is woken. */
extern const volatile __u64 wake_bytes; /* defined once, in process.bpf.c */

static __always_inline struct record_counters *ring_counters(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&counters, &zero);
}

static __always_inline void ring_number(struct record_header *h)
{
	struct record_counters *c = ring_counters();

	h->cpu = bpf_get_smp_processor_id();
	h->boottime_ns = bpf_ktime_get_boot_ns();
	/* Atomic: an interrupt on this processor may send a record in between. */
	h->sequence = c ? __sync_fetch_and_add(&c->sequence, 1) + 1 : 0;
}

static __always_inline void ring_lost(__u32 kind)
{
	struct record_counters *c = ring_counters();

	if (c && kind < RECORD_KINDS)
		__sync_fetch_and_add(&c->lost[kind], 1);
}

/* By process id; whom the reader has put here. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct record_excluded);
} excluded SEC(".maps");

/* Records that were not made, by exclusion. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RECORD_EXCLUSIONS);
	__type(key, __u32);
	__type(value, __u64);
} left_out SEC(".maps");

static __always_inline bool ring_leaves_out(const struct record_header *h)
{
	const struct record_excluded *e;
	__u64 *count;

	if (h->kind < RECORD_FILE_CREATE || (h->kind > RECORD_NET_LISTEN && h->kind < RECORD_DNS))
		return false;
	e = bpf_map_lookup_elem(&excluded, &h->task.pid);
	if (!e || e->start_tick != h->task.start_boottime_ns / RECORD_TICK_NS)
		return false;
	count = bpf_map_lookup_elem(&left_out, &e->exclusion);
	if (count)
		__sync_fetch_and_add(count, 1);
	return true;
}

static __always_inline void ring_send(struct record_header *h, __u64 size)
{
	__u64 flags;

	if (ring_leaves_out(h))
		return;
	flags = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) < wake_bytes ? BPF_RB_NO_WAKEUP :
									     BPF_RB_FORCE_WAKEUP;
	if (bpf_ringbuf_output(&ring, h, size, flags) < 0)
		ring_lost(h->kind);
}
