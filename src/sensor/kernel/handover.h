/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handover.h - from the pinned programs of another build to ours, without a gap and without doubles
 *
 * Ours are attached before the others end, so for a moment both record. The others' ring is read
 * to its end, before ours; what both have recorded is told once. What a task is about to do (open
 * files, connections under way) is shared by both. Where the other build's records are made
 * differently they cannot be read: they are counted as lost.
 *
 * Owns the folders of other builds' pins, and removes them when their rings are empty and given up.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sensor/kernel/kernel.h"
#include "sensor/kernel/ring.h"

struct handover;
struct vakt_bpf;

/* *ret_handover is NULL where base holds no folder but keep. fn is called by handover_read(). */
int handover_open(const char *base, const char *keep, ring_fn fn, void *arg,
		  struct handover **ret_handover, struct err *err);
void handover_free(struct handover *h);
DEFINE_CLEANUP(struct handover *, handover_free)
/* Gives an object that was opened, not loaded, the others' maps of state. */
void handover_share(const struct handover *h, struct vakt_bpf *bpf);
/*
 * Ends the others' programs. since_ns: boot time before the first of ours was attached; 0: not
 * known. Adds what they lost and nobody was told to lost.
 */
void handover_end_programs(struct handover *h, int64_t since_ns, uint64_t lost[KERNEL_KIND_COUNT]);
/* Hands on what is in the others' ring. Count. */
int handover_read(struct handover *h);
/* Keeps in mind an event of the others' ring. */
void handover_note(struct handover *h, const struct kernel_event *e);
/* Whether an event of our ring was in the others' as well. */
bool handover_has(struct handover *h, const struct kernel_event *e);
/* As ring_commit(), ring_held(). */
void handover_commit(struct handover *h, bool current);
size_t handover_held(const struct handover *h);
/* Nothing is left of it; to be freed, which removes the folder. Else that stays for the next. */
bool handover_is_done(struct handover *h);
