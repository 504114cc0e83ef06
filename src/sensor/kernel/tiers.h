/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tiers.h - which programs provide which signal on this kernel
 *
 * A signal has parts (opens, links, ...), a part has one set of programs a tier. The best set that
 * this kernel takes is chosen for each part by really loading and attaching, never by reading how
 * the kernel was configured; of one part never two sets, which would tell everything twice.
 */
#pragma once

#include <stdbool.h>

#include "sensor/kernel/kernel.h"

struct tiers;
struct vakt_bpf;

/* Tiers above first will be left alone. */
int tiers_new(enum kernel_tier first, struct tiers **ret_tiers);
void tiers_free(struct tiers *t);
DEFINE_CLEANUP(struct tiers *, tiers_free)
/* Tries every hook of the kernel's types with a program that does nothing. */
int tiers_try_hooks(struct tiers *t, struct err *err);
/* Marks what shall be loaded of an object that was opened. */
void tiers_select(struct tiers *t, struct vakt_bpf *bpf);
/*
 * After the object as a whole was refused: loads each selected program alone. True if one was
 * refused: tiers_select() will choose another in its place.
 */
bool tiers_try_each(struct tiers *t, const struct vakt_bpf *bpf);
/* Attaches what is loaded. True if all went well, else tiers_select() will choose differently. */
bool tiers_attach(struct tiers *t, struct vakt_bpf *bpf);
/* What an earlier run left attached in the folder, instead of trying. */
void tiers_read_pins(struct tiers *t, const struct vakt_bpf *bpf, const char *folder);
/* Fills provider and missing of all signals; the texts belong to t. */
void tiers_describe(struct tiers *t, const struct vakt_bpf *bpf,
		    struct kernel_signal signals[KERNEL_KIND_COUNT]);
