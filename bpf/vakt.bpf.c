// SPDX-License-Identifier: GPL-2.0
/*
 * vakt.bpf.c - one object of all domains: they share the ring and the counters
 */
#include "process.bpf.c"
#include "net.bpf.c"
