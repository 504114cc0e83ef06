// SPDX-License-Identifier: GPL-2.0
/*
 * other.bpf.c - the kernel object of another build: the same programs, not the same bytes
 */
#include "vakt.bpf.c"

const volatile __u64 of_another_build = 1;
