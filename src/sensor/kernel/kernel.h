/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel.h - what the kernel saw, decoded: the border between kernel/ and the rest of the sensor
 *
 * kernel/ owns the BPF object, its maps and links, the tiers and the ring. It hands each record on
 * as one struct kernel_event whose strings point into the ring: they are valid during the callback
 * only and are not NUL-terminated. Nothing is enriched here: no /proc, no hashes, no names.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum kernel_kind {
	KERNEL_PROCESS_FORK,
	KERNEL_PROCESS_EXEC,
	KERNEL_PROCESS_EXIT,
	KERNEL_FILE_CREATE, /* any name for anything but a folder: files, links, pipes, sockets */
	KERNEL_FILE_WRITE, /* closed after having been open for writing and written to */
	KERNEL_FILE_RENAME,
	KERNEL_FILE_DELETE,
	KERNEL_FILE_MODE,
	KERNEL_FILE_OWNER,
	KERNEL_FILE_ATTRIBUTE, /* security.* of extended attributes; flags of chattr(1) */
	/*
	 * The outcome: error 0 = connected, else errno of the failure. Datagrams: a socket that
	 * connects, or its first to an address.
	 */
	KERNEL_NET_CONNECT,
	KERNEL_NET_ACCEPT,
	KERNEL_NET_LISTEN,
	/* What is done to others and to the system; members of act below. */
	KERNEL_PROCESS_TRACE, /* call: request of ptrace(2); of PTRACE_TRACEME the target is itself */
	KERNEL_PROCESS_READ,  /* call: enum kernel_access; once for each pair of processes */
	KERNEL_PROCESS_WRITE, /* likewise */
	KERNEL_MODULE_LOAD,   /* text: name; path where there was a file, values[0] its inode */
	KERNEL_BPF_LOAD,      /* text: name; call: enum bpf_prog_type; values[0]: id */
	KERNEL_MOUNT,	      /* path; text: source NUL type NUL; values[0]: MS_* of mount(2) */
	KERNEL_UNMOUNT,	      /* path; values[0]: MNT_* of umount2(2) */
	KERNEL_NAMESPACE,     /* call: enum kernel_separation; values[0]: CLONE_NEW* */
	KERNEL_MEMORY_FILE,   /* text: name of memfd_create(2); values[0]: its flags */
	KERNEL_SIGNAL,	      /* call: the signal */
	KERNEL_PRIVILEGE,     /* values: permitted capabilities before, and after; new effective user */
	KERNEL_DNS, /* a message to or from port 53 of another end, as bytes */
	KERNEL_NET_CLOSE, /* of TCP; the task is who made or accepted it, not who ended it */
	KERNEL_NET_BIND,  /* a datagram socket was given a port by name */
	KERNEL_KIND_COUNT,
};

enum kernel_access { KERNEL_ACCESS_CALL, KERNEL_ACCESS_FILE }; /* process_vm_*, /proc/PID/mem */
enum kernel_separation { KERNEL_BY_CLONE, KERNEL_BY_UNSHARE, KERNEL_BY_SETNS };

struct kernel_str {
	const char *data; /* bytes as the kernel has them: any encoding, no NUL at the end */
	uint32_t len;
};

/* Who acted: read in the kernel at the moment of the event. */
struct kernel_task {
	uint32_t pid;  /* thread group id, in the initial namespace */
	uint32_t tid;
	uint32_t ppid; /* thread group id of the real parent */
	uint32_t uid, gid, euid, egid, loginuid, session;
	int64_t start_boottime_ns;        /* of the thread group leader */
	int64_t parent_start_boottime_ns; /* likewise of the parent */
	uint64_t cgroup_id;
	uint64_t mnt_ns, pid_ns, net_ns; /* inode numbers */
	uint64_t cap_effective;
	char comm[16]; /* NUL-terminated */
};

struct kernel_event {
	enum kernel_kind kind;
	uint16_t cpu;
	/* Per CPU, rising by 1 but for losses and what is excluded; from the boot time of loading, so unique in a boot. */
	uint64_t sequence;
	int64_t boottime_ns; /* CLOCK_BOOTTIME */
	struct kernel_task task; /* fork: the parent; exec and exit: the process itself */
	union {
		struct {
			uint32_t child_pid, child_tid;
			int64_t child_start_boottime_ns;
			uint64_t clone_flags;
		} fork;
		struct {
			struct kernel_str path;  /* the executable, absolute, as seen from its root */
			struct kernel_str argv;  /* arguments, each followed by a NUL */
			struct kernel_str cwd;
			uint64_t inode, device, size;
			int64_t ctime_ns, mtime_ns; /* with inode and device: the key of the hash cache */
			uint32_t mode, owner;
			bool argv_truncated; /* more in /proc/PID/cmdline while the process lives */
			bool gained_privilege; /* set-user-id, set-group-id or file capabilities took effect */
			bool from_memory;     /* memfd or a file that has no name any more */
		} exec;
		struct {
			uint32_t exit_code; /* as wait(2) gives it: status << 8 | signal */
		} exit;
		struct {
			struct kernel_str path, old_path; /* old_path for rename only */
			uint64_t inode, device, size; /* inode 0: nothing known but the path */
			int64_t ctime_ns, mtime_ns;
			uint32_t mode, owner, group; /* UINT32_MAX: not known */
			/*
			 * Of a write: bytes. Of a mode: the one before. Of an owner: user before, and group
			 * before in the upper half. Of an attribute: 0 set, 1 removed; without a name
			 * the FS_*_FL that are set now. UINT64_MAX: not known.
			 */
			uint64_t change;
			struct kernel_str attribute; /* name of an extended attribute */
			bool other_root; /* of a write: the task's root is not its mounts' */
		} file;
		struct {
			uint8_t family;   /* AF_INET or AF_INET6 */
			uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP */
			uint16_t local_port, remote_port; /* host byte order */
			uint8_t local_address[16], remote_address[16]; /* first 4 bytes for AF_INET */
			uint64_t socket_cookie;
			int32_t error;
			/* Of a close only. */
			bool accepted; /* else made here */
			uint64_t bytes_sent, bytes_received;
			int64_t begun_boottime_ns;
		} net;
		struct {
			uint32_t target_pid; /* the process acted on; 0: none */
			uint32_t target_uid;
			int64_t target_start_boottime_ns;
			uint32_t call;
			uint64_t values[3];
			struct kernel_str path, text;
		} act;
		struct {
			uint8_t family, protocol;
			bool incoming; /* an answer comes in */
			bool cut;      /* there was more of it */
			uint16_t local_port, remote_port;
			uint8_t local_address[16], remote_address[16];
			struct kernel_str message; /* a stranger's bytes; TCP: of one segment */
		} dns; /* task.pid 0: not known who asks */
	};
};

/* Lost records since the last call of on_loss, by kind; the interval they were lost in. */
struct kernel_loss {
	uint64_t by_kind[KERNEL_KIND_COUNT];
	int64_t since_boottime_ns, until_boottime_ns;
};

struct kernel_handlers {
	/* Called from kernel_poll() for each record in the order of its ring. */
	void (*on_event)(void *arg, const struct kernel_event *e);
	void (*on_loss)(void *arg, const struct kernel_loss *loss);
	void *arg;
};

/* Ways to a signal, the best first; of each signal's parts the first that works here is taken. */
enum kernel_tier {
	KERNEL_TIER_LSM,	/* A: hooks of BPF LSM */
	KERNEL_TIER_FENTRY,	/* B: entries and exits of the kernel's functions */
	KERNEL_TIER_TRACEPOINT, /* C: tracepoints and control groups, wherever BPF loads */
	KERNEL_TIER_COUNT,
};

/* Of which connections the end is told. */
enum kernel_ends {
	KERNEL_ENDS_NONE,
	KERNEL_ENDS_REMOTE, /* with other machines: those within one are many and say little */
	KERNEL_ENDS_ALL,
};

struct kernel_options {
	uint32_t ring_bytes; /* power of two; 0: the default */
	enum kernel_tier first_tier; /* those above are not tried */
	enum kernel_ends connection_ends;
	/*
	 * Folder in a BPF file system, NULL: none. Programs and ring are kept there and go on when
	 * the sensor ends in whatever way; the next one reads on where it was, and where it is of
	 * another build its programs take over from those. The text must outlive the kernel.
	 */
	const char *pin_dir;
	/* Records stay in the ring until kernel_commit(); else each goes when it was handed on. */
	bool hold;
};

/* One signal and what provides it here, for `vakt health --details sensors`. */
struct kernel_signal {
	enum kernel_kind kind;
	const char *name;     /* "process_exec", ... */
	const char *provider; /* "lsm/bprm_committed_creds", "tp_btf/sched_process_exec", ... or NULL */
	const char *missing;  /* why there is no provider, or what it cannot see here; NULL: complete */
	bool absent; /* this kernel has nothing of the kind: no provider, and none is wanted */
};

struct kernel;

int kernel_open(const struct kernel_options *options, const struct kernel_handlers *handlers,
		struct kernel **ret_kernel, struct err *err);
/*
 * Detaches, unless pinned; what is still in the ring is then lost, so poll until empty before.
 * Pinned links stay, with a descriptor each until the program ends.
 */
void kernel_close(struct kernel *k);
DEFINE_CLEANUP(struct kernel *, kernel_close)
/* Detaches what was pinned there, at the end of the sensor's life on a machine. */
int kernel_unpin(const char *pin_dir);
/* To be watched for reading; wake-ups are batched. */
int kernel_fd(const struct kernel *k);
/* Hands all that is in the ring to the handlers, and losses. Count, or negative errno. */
int kernel_poll(struct kernel *k);
/*
 * What was handed on is safe now: a next sensor need not see it again. From within on_event that is
 * all before the event, with current also that one.
 */
void kernel_commit(struct kernel *k, bool current);
/* Bytes of the ring that wait for kernel_commit(); past kernel_hold_max() its room gets short. */
size_t kernel_held(const struct kernel *k);
size_t kernel_hold_max(const struct kernel *k);
/* Whether the kernel was recording already, for a sensor before: nothing was missed in between. */
bool kernel_resumed(const struct kernel *k);
size_t kernel_signals(const struct kernel *k, const struct kernel_signal **ret_signals);
/*
 * Records of files, connections and names of this process are left out from now on and counted for
 * this exclusion (below KERNEL_EXCLUSIONS_MAX), until it runs another program; < 0: no more. Best
 * effort: what still comes is the caller's to leave out. start_ns: of the process, in boot time.
 */
#define KERNEL_EXCLUSIONS_MAX 64
void kernel_exclude(struct kernel *k, uint32_t pid, int64_t start_ns, int exclusion);
/* Nobody is excluded, nothing was left out. */
void kernel_exclude_none(struct kernel *k);
uint64_t kernel_excluded(const struct kernel *k, unsigned int exclusion);
/* Bytes of rings and maps, beside the process's own memory. */
size_t kernel_memory_bytes(const struct kernel *k);
const char *kernel_kind_name(enum kernel_kind kind);
/* As bpftool names the types of programs; NULL for one that is newer than this build. */
const char *kernel_bpf_type_name(uint32_t type);
/* "lsm", "fentry", "tracepoint"; -EINVAL for others. */
int kernel_tier_parse(const char *name, enum kernel_tier *ret_tier);
