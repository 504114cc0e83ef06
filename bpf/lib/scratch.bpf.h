/* SPDX-License-Identifier: GPL-2.0 */
/*
 * scratch.bpf.h - where records with a tail are put together: too large for the stack
 *
 * Programs may be preempted on kernels built for it, so a processor has several places and a
 * program takes a free one. None free: the record is counted as lost, never mixed with another.
 */
#pragma once

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "path.bpf.h"
#include "ring.bpf.h"

struct scratch {
	__u64 busy;
	union {
		struct record_header h;
		struct record_exec exec;
		struct record_file file;
		struct record_act act;
		struct record_dns dns;
	};
	char tail[RECORD_TAIL_MAX];
	struct path_buffer path;
};

_Static_assert(sizeof(struct record_exec) == sizeof(struct record_file), "tail follows the record");
_Static_assert(sizeof(struct record_exec) == sizeof(struct record_act), "tail follows the record");
_Static_assert(sizeof(struct record_exec) == sizeof(struct record_dns), "tail follows the record");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RECORD_SCRATCHES); /* times the number of processors, set before load */
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

static __always_inline struct scratch *scratch_take(__u32 kind)
{
	__u32 first = bpf_get_smp_processor_id() * RECORD_SCRATCHES;

	for (__u32 i = 0; i < RECORD_SCRATCHES; i++) {
		__u32 key = first + i;
		struct scratch *s = bpf_map_lookup_elem(&scratches, &key);

		if (!s || __sync_val_compare_and_swap(&s->busy, 0, 1) != 0)
			continue;
		__builtin_memset(&s->exec, 0, sizeof(s->exec));
		s->h.kind = kind;
		return s;
	}
	ring_lost(kind);
	return NULL;
}

static __always_inline void scratch_give_back(struct scratch *s)
{
	__sync_lock_test_and_set(&s->busy, 0);
}

/* Sends record and tail, and gives the scratch back. */
static __always_inline void scratch_send(struct scratch *s, __u64 tail_len)
{
	ring_number(&s->h);
	/* Hides what the compiler knows, so that it keeps the check the verifier wants to see. */
	asm volatile("" : "+r"(tail_len));
	if (tail_len < RECORD_TAIL_MAX)
		ring_send(&s->h, sizeof(s->exec) + tail_len);
	else
		ring_lost(s->h.kind);
	scratch_give_back(s);
}

/* A place in the tail. The compiler must not know the bound, or it drops the verifier's mask. */
static __always_inline char *scratch_at(struct scratch *s, __u64 off)
{
	asm volatile("" : "+r"(off));
	return &s->tail[off & (RECORD_TAIL_MAX / 2 - 1)];
}

/* Copies the path last walked to the tail at off; returns the new offset. */
static __always_inline __u32 scratch_append_path(struct scratch *s, __u32 off, __u32 len)
{
	if (len > RECORD_PATH_MAX || off > 2 * RECORD_PATH_MAX)
		return off;
	/* RECORD_PATH_MAX itself cannot occur: a path that long begins at a later name. */
	len &= RECORD_PATH_MAX - 1;
	bpf_probe_read_kernel(scratch_at(s, off), len,
			      &s->path.data[s->path.start & (RECORD_PATH_MAX - 1)]);
	return off + len;
}
