/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * record.h - the ring's records, shared by the kernel programs and their reader
 *
 * Fixed parts with explicit padding, largest members first; a tail of bytes follows whose pieces
 * are given by lengths, in the order of the length members. Ships inside one binary, so the layout
 * may change freely. The reader believes none of it (src/sensor/kernel/decode.c).
 */
#pragma once

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define RECORD_KINDS 27
#define RECORD_DNS_MAX 1500 /* bytes of a message of names */
#define RECORD_PATH_MAX 4096
#define RECORD_ARGV_MAX 16384
/* path + cwd + argv, rounded up to a power of two so that an offset can be masked */
#define RECORD_TAIL_MAX 32768
/* Exclusions that there may be; clock ticks of 10 ms in which starts of processes are told apart. */
#define RECORD_EXCLUSIONS 64
#define RECORD_TICK_NS 10000000
/* Places a processor has for records under construction: programs that may preempt each other. */
#define RECORD_SCRATCHES 3

struct record_task {
	__u64 start_boottime_ns;
	__u64 parent_start_boottime_ns;
	__u64 cgroup_id;
	__u64 cap_effective;
	__u32 mnt_ns, pid_ns, net_ns;
	__u32 pid, tid, ppid;
	__u32 uid, gid, euid, egid;
	__u32 loginuid, session;
	char comm[16];
};

struct record_header {
	__u32 kind; /* enum kernel_kind */
	__u32 cpu;
	__u64 sequence;
	__u64 boottime_ns;
	struct record_task task;
};

struct record_fork {
	struct record_header h;
	__u64 child_start_boottime_ns;
	__u64 clone_flags;
	__u32 child_pid, child_tid;
};

struct record_exec {
	struct record_header h;
	__u64 inode, device, size;
	__s64 ctime_ns, mtime_ns;
	__u32 mode, owner;
	__u32 path_len, cwd_len, argv_len; /* pieces of the tail */
	__u8 argv_truncated, gained_privilege, from_memory, pad[9];
	/* then the tail */
};

struct record_file {
	struct record_header h;
	__u64 inode, device, size;
	/* Bytes written; mode before; user before | group before << 32; flags. ~0: not known. */
	__u64 change;
	__s64 ctime_ns, mtime_ns;
	__u32 owner, group, pad2;
	__u16 mode;
	__u8 other_root, pad; /* of FILE_WRITE: the path begins at a root of the task's own */
	__u32 path_len, old_path_len; /* pieces of the tail; of FILE_ATTRIBUTE the second is its name */
	/* then the tail */
};

struct record_exit {
	struct record_header h;
	__u32 exit_code, pad;
};

struct record_net {
	struct record_header h;
	__u64 socket_cookie;
	__u8 local_address[16], remote_address[16];
	__s32 error;
	__u16 local_port, remote_port; /* host byte order */
	__u8 family, protocol, accepted, pad[5];
};

/* The end of a connection. The task is who made or accepted it. */
struct record_net_close {
	struct record_net net;
	__u64 bytes_sent, bytes_received;
	__u64 begun_boottime_ns; /* made, or accepted */
};

/* What a process does to another, or to the system: which members mean what is the kind's. */
struct record_act {
	struct record_header h;
	__u64 target_start_boottime_ns; /* of the process acted on; its pid is 0 where there is none */
	__u64 values[3];
	__u32 target_pid, target_uid;
	__u32 call;
	__u32 path_len, text_len; /* pieces of the tail */
	__u32 pad[5];
	/* then the tail */
};

/* A message to or from port 53, as it was on the wire; of TCP what one segment has of it. */
struct record_dns {
	struct record_header h; /* the task that gave the socket its peer; all 0: not known */
	__u8 local_address[16], remote_address[16];
	__u32 message_len; /* of the tail */
	__u16 local_port, remote_port; /* host byte order */
	__u8 family, protocol, incoming, cut;
	__u32 pad[7];
	/* then the tail */
};

/* A process whose files, connections and names are not recorded. */
struct record_excluded {
	__u64 start_tick;
	__u32 exclusion, pad;
};

/* Per processor: what the reader must know about losses. */
struct record_counters {
	__u64 sequence;
	__u64 lost[RECORD_KINDS];
};

_Static_assert(sizeof(struct record_task) == 96, "no hidden padding");
_Static_assert(sizeof(struct record_header) == 120, "no hidden padding");
_Static_assert(sizeof(struct record_fork) == 144, "no hidden padding");
_Static_assert(sizeof(struct record_exec) == 192, "no hidden padding");
_Static_assert(sizeof(struct record_file) == 192, "no hidden padding");
_Static_assert(sizeof(struct record_act) == 192, "no hidden padding");
_Static_assert(sizeof(struct record_dns) == 192, "no hidden padding");
_Static_assert(sizeof(struct record_exit) == 128, "no hidden padding");
_Static_assert(sizeof(struct record_net) == 176, "no hidden padding");
_Static_assert(sizeof(struct record_net_close) == 200, "no hidden padding");
