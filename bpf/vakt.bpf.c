// SPDX-License-Identifier: GPL-2.0
/*
 * vakt.bpf.c - one object of all domains: they share the ring and the counters
 */
#include "file.bpf.c" /* before process: what an exit closes is told before the exit */
#include "file_hook.bpf.c"
#include "file_attribute.bpf.c"
#include "memory.bpf.c"
#include "module.bpf.c"
#include "mount.bpf.c"
#include "namespace.bpf.c"
#include "privilege.bpf.c"
#include "process.bpf.c"
#include "net.bpf.c"
#include "net_bind.bpf.c"
#include "net_datagram.bpf.c"
#include "dns.bpf.c"
#include "net_hook.bpf.c"
#include "net_syscall.bpf.c"
#include "signal.bpf.c"
