/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tier_parts.h - the one table of signals, their parts, and the programs of bpf/ for each tier
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sensor/kernel/kernel.h"

#define TIER_PROGRAMS_MAX 7
#define TIER_PARTS_MAX 48

struct tier_choice {
	const char *programs[TIER_PROGRAMS_MAX]; /* the first is named as the provider */
	const char *blind;			 /* what this cannot see; NULL: nothing known */
};

struct tier_part {
	uint32_t kinds; /* bits of enum kernel_kind */
	bool asks;	/* its programs of tiers A and B keep what a task asked for */
	/* A file without which there is nothing to be seen, and how to say so; NULL: always. */
	const char *only_with, *without;
	struct tier_choice by_tier[KERNEL_TIER_COUNT];
};

extern const struct tier_part tier_parts[];
extern const size_t tier_parts_count;

/* The table's own copy of a program's name; NULL where it stands in no part. */
const char *tier_parts_program(const char *name);
