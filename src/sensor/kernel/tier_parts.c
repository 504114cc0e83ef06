/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/kernel/tier_parts.h"

#include <string.h>

#include "base/macro.h"

#define KIND(name) (1u << KERNEL_##name)
#define LSM KERNEL_TIER_LSM
#define FENTRY KERNEL_TIER_FENTRY
#define TRACEPOINT KERNEL_TIER_TRACEPOINT

#define NOT_BY_TRACEPOINT "not seen: io_uring, 32-bit programs"
#define GROWTH "bytes written are growth"
#define CUT_BY_NAME "not seen: files cut by name"
#define WORDS "no inode, links not followed"

#define OTHER_WIDTH "not seen: 32-bit programs"
#define WORDS_OF_MOUNT OTHER_WIDTH "; links not followed"
#define ASKED "told when it is asked for"
#define BY_SYSCALL(function, tracepoint)                                                 \
	.by_tier = {                                                                     \
		[FENTRY] = { .programs = { function }, .blind = OTHER_WIDTH },           \
		[TRACEPOINT] = { .programs = { tracepoint }, .blind = OTHER_WIDTH },     \
	}

#define CHANGED_WORDS OTHER_WIDTH "; " WORDS "; before not known"
#define XATTR_BLIND "not seen: io_uring, 32-bit programs, setxattrat(2); " WORDS
#define XATTR_BY_SYSCALL(call)                                                                  \
	.by_tier = {                                                                            \
		[FENTRY] = { .programs = { "fexit_" call, "fexit_l" call, "fexit_f" call },     \
			     .blind = XATTR_BLIND },                                            \
		[TRACEPOINT] = { .programs = { "on_" call, "on_l" call, "on_f" call },          \
				 .blind = XATTR_BLIND "; flags of chattr(1)" },                 \
	}

const struct tier_part tier_parts[] = {
	/*
	 * Typed tracepoints, on all tiers: they come when a thing has happened, whoever asked for
	 * it. Hooks of an exec come before it is sure, and know no more.
	 */
	{ .kinds = KIND(PROCESS_FORK), .by_tier[TRACEPOINT] = { .programs = { "on_fork" } } },
	{ .kinds = KIND(PROCESS_EXEC), .by_tier[TRACEPOINT] = { .programs = { "on_exec" } } },
	{ .kinds = KIND(PROCESS_EXIT), .by_tier[TRACEPOINT] = { .programs = { "on_exit" } } },
	{ .kinds = KIND(NET_CONNECT) | KIND(NET_LISTEN),
	  .by_tier[TRACEPOINT] = { .programs = { "on_tcp_state" } } },
	{ .kinds = KIND(NET_CLOSE),
	  .by_tier[TRACEPOINT] = { .programs = { "on_tcp_state" },
				   .blind = "not seen: connections from before the sensor" } },
	{ .kinds = KIND(NET_BIND),
	  .by_tier[TRACEPOINT] = { .programs = { "on_bind4", "on_bind6" } } },
	/* Opens; what they make, and what is written later. */
	{ .kinds = KIND(FILE_CREATE),
	  .by_tier = {
		[LSM] = { .programs = { "lsm_file_open" } },
		[FENTRY] = { .programs = { "fentry_file_open" } },
		[TRACEPOINT] = { .programs = { "on_openat", "on_open", "on_openat2", "on_creat" },
				 .blind = NOT_BY_TRACEPOINT },
	  } },
	{ .kinds = KIND(FILE_WRITE),
	  .by_tier = {
		[LSM] = { .programs = { "lsm_file_release" },
			  .blind = GROWTH "; " CUT_BY_NAME },
		[FENTRY] = { .programs = { "fentry_fput" }, .blind = GROWTH "; " CUT_BY_NAME },
		[TRACEPOINT] = { .programs = { "on_close", "on_dup2", "on_dup3", "on_close_range",
					       "on_prepare_exec", "on_exit_files" },
				 .blind = NOT_BY_TRACEPOINT ", numbers over 4095 at the end of a "
					  "process; " GROWTH "; " CUT_BY_NAME },
	  } },
	/* Names made otherwise: links of both sorts, devices, pipes, sockets. */
	{ .kinds = KIND(FILE_CREATE), .asks = true,
	  .by_tier = {
		[LSM] = { .programs = { "lsm_path_link", "fexit_vfs_link" } },
		[FENTRY] = { .programs = { "fentry_path_link", "fexit_vfs_link" } },
		[TRACEPOINT] = { .programs = { "on_link", "on_linkat" },
				 .blind = "links and special files: " WORDS },
	  } },
	{ .kinds = KIND(FILE_CREATE), .asks = true,
	  .by_tier = {
		[LSM] = { .programs = { "lsm_path_symlink", "fexit_vfs_symlink" } },
		[FENTRY] = { .programs = { "fentry_path_symlink", "fexit_vfs_symlink" } },
		[TRACEPOINT] = { .programs = { "on_symlink", "on_symlinkat" } },
	  } },
	{ .kinds = KIND(FILE_CREATE), .asks = true,
	  .by_tier = {
		[LSM] = { .programs = { "lsm_path_mknod", "fexit_vfs_mknod", "fexit_vfs_create" } },
		[FENTRY] = { .programs = { "fentry_path_mknod", "fexit_vfs_mknod",
					   "fexit_vfs_create" } },
		[TRACEPOINT] = { .programs = { "on_mknod", "on_mknodat" },
				 .blind = "not seen: sockets that get a name" },
	  } },
	{ .kinds = KIND(FILE_RENAME), .asks = true,
	  .by_tier = {
		[LSM] = { .programs = { "lsm_path_rename", "fexit_vfs_rename" } },
		[FENTRY] = { .programs = { "fentry_path_rename", "fexit_vfs_rename" } },
		[TRACEPOINT] = { .programs = { "on_rename", "on_renameat", "on_renameat2" },
				 .blind = NOT_BY_TRACEPOINT "; " WORDS },
	  } },
	{ .kinds = KIND(FILE_DELETE), .asks = true,
	  .by_tier = {
		[LSM] = { .programs = { "lsm_path_unlink", "fexit_vfs_unlink" } },
		[FENTRY] = { .programs = { "fentry_path_unlink", "fexit_vfs_unlink" } },
		[TRACEPOINT] = { .programs = { "on_unlink", "on_unlinkat" },
				 .blind = NOT_BY_TRACEPOINT "; " WORDS },
	  } },
	/* Of what is there already: mode, owner, attributes. */
	{ .kinds = KIND(FILE_MODE), .asks = true,
	  .by_tier = {
		[LSM] = { .programs = { "lsm_path_chmod", "fexit_chmod_common" } },
		[FENTRY] = { .programs = { "fentry_path_chmod", "fexit_chmod_common" } },
		[TRACEPOINT] = { .programs = { "on_chmod", "on_fchmodat", "on_fchmodat2", "on_fchmod" },
				 .blind = CHANGED_WORDS },
	  } },
	{ .kinds = KIND(FILE_OWNER), .asks = true,
	  .by_tier = {
		[LSM] = { .programs = { "lsm_path_chown", "fexit_chown_common" } },
		[FENTRY] = { .programs = { "fentry_path_chown", "fexit_chown_common" } },
		[TRACEPOINT] = { .programs = { "on_chown", "on_lchown", "on_fchownat", "on_fchown" },
				 .blind = CHANGED_WORDS },
	  } },
	{ .kinds = KIND(FILE_ATTRIBUTE), XATTR_BY_SYSCALL("setxattr") },
	{ .kinds = KIND(FILE_ATTRIBUTE), XATTR_BY_SYSCALL("removexattr") },
	{ .kinds = KIND(FILE_ATTRIBUTE),
	  .by_tier[FENTRY] = { .programs = { "fexit_fileattr_set" },
			       .blind = "not seen: flags set by file_setattr(2)" } },
	/* What connect(2) came to where the socket's states do not tell; datagrams. */
	{ .kinds = KIND(NET_CONNECT),
	  .by_tier = {
		[FENTRY] = { .programs = { "fexit_connect_file" } },
		[TRACEPOINT] = { .programs = { "on_connect" },
				 .blind = "not seen: connections of io_uring and 32-bit programs "
					  "that fail before a packet is sent, and their datagram "
					  "sockets that connect" },
	  } },
	{ .kinds = KIND(NET_CONNECT),
	  .by_tier[TRACEPOINT] = { .programs = { "on_sendmsg4", "on_sendmsg6" },
				   .blind = "not seen: datagrams from servers' ports" } },
	{ .kinds = KIND(NET_ACCEPT),
	  .by_tier = {
		[FENTRY] = { .programs = { "fexit_inet_csk_accept" } },
		[TRACEPOINT] = { .programs = { "on_accept", "on_accept4" },
				 .blind = NOT_BY_TRACEPOINT },
	  } },
	/* System calls that nothing else leads to: their ends are the same on tiers B and C. */
	{ .kinds = KIND(PROCESS_TRACE), BY_SYSCALL("fexit_ptrace", "on_ptrace") },
	{ .kinds = KIND(PROCESS_READ),
	  .by_tier = {
		[FENTRY] = { .programs = { "fexit_process_vm_readv" }, .blind = OTHER_WIDTH },
		[TRACEPOINT] = { .programs = { "on_process_vm_readv" },
				 .blind = OTHER_WIDTH ", /proc/PID/mem opened to read" },
	  } },
	{ .kinds = KIND(PROCESS_WRITE),
	  .by_tier = {
		[FENTRY] = { .programs = { "fexit_process_vm_writev" }, .blind = OTHER_WIDTH },
		[TRACEPOINT] = { .programs = { "on_process_vm_writev" },
				 .blind = NOT_BY_TRACEPOINT },
	  } },
	{ .kinds = KIND(BPF_LOAD), BY_SYSCALL("fexit_bpf", "on_bpf") },
	{ .kinds = KIND(MEMORY_FILE), BY_SYSCALL("fexit_memfd_create", "on_memfd_create") },
	{ .kinds = KIND(NAMESPACE), BY_SYSCALL("fexit_unshare", "on_unshare") },
	{ .kinds = KIND(NAMESPACE), BY_SYSCALL("fexit_setns", "on_setns") },
	{ .kinds = KIND(NAMESPACE), .by_tier[TRACEPOINT] = { .programs = { "on_clone_namespace" } } },
	/* On tier C the programs of opened files look for it, in what is opened for writing. */
	{ .kinds = KIND(PROCESS_READ) | KIND(PROCESS_WRITE),
	  .by_tier[FENTRY] = { .programs = { "fexit_mem_open" } } },
	{ .kinds = KIND(MODULE_LOAD), .only_with = "/proc/modules",
	  .without = "this kernel takes no modules",
	  .by_tier[TRACEPOINT] = { .programs = { "on_module_load" },
				   .blind = "no path of modules that programs hand over as bytes" } },
	{ .kinds = KIND(MOUNT),
	  .by_tier = {
		[FENTRY] = { .programs = { "fexit_path_mount" } },
		[TRACEPOINT] = { .programs = { "on_mount" }, .blind = WORDS_OF_MOUNT },
	  } },
	{ .kinds = KIND(MOUNT),
	  .by_tier = {
		[LSM] = { .programs = { "lsm_move_mount" } },
		[FENTRY] = { .programs = { "fentry_move_mount" } },
		[TRACEPOINT] = { .programs = { "on_move_mount" }, .blind = WORDS_OF_MOUNT },
	  } },
	{ .kinds = KIND(UNMOUNT),
	  .by_tier = {
		[LSM] = { .programs = { "lsm_sb_umount" }, .blind = ASKED },
		[FENTRY] = { .programs = { "fentry_sb_umount" }, .blind = ASKED },
		[TRACEPOINT] = { .programs = { "on_umount" }, .blind = WORDS_OF_MOUNT },
	  } },
	{ .kinds = KIND(DNS),
	  .by_tier[TRACEPOINT] = { .programs = { "on_packet_out", "on_packet_in", "on_connect4",
						 "on_connect6" },
				   .blind = "not seen: encrypted questions (DNS over TLS, HTTPS, QUIC), "
					    "other ports, names that a resolver or cache of this machine "
					    "asks or knows for others; of TCP the first segment of a "
					    "message" } },
	{ .kinds = KIND(SIGNAL),
	  .by_tier[TRACEPOINT] = { .programs = { "on_signal" },
				   .blind = "only to other users' processes, and KILL and STOP to "
					    "Vakt's own" } },
	{ .kinds = KIND(PRIVILEGE),
	  .by_tier = {
		[FENTRY] = { .programs = { "fentry_commit_creds" } },
		[TRACEPOINT] = { .programs = { "on_setuid", "on_setreuid", "on_setresuid" },
				 .blind = "only what is asked of the kernel, not what a hole in it "
					  "gives; " OTHER_WIDTH },
	  } },
};

const size_t tier_parts_count = ARRAY_SIZE(tier_parts);

_Static_assert(ARRAY_SIZE(tier_parts) <= TIER_PARTS_MAX, "more parts than there is room for");

const char *tier_parts_program(const char *name)
{
	for (size_t i = 0; i < tier_parts_count * KERNEL_TIER_COUNT; i++) {
		const struct tier_choice *c =
			&tier_parts[i / KERNEL_TIER_COUNT].by_tier[i % KERNEL_TIER_COUNT];

		for (size_t j = 0; j < TIER_PROGRAMS_MAX && c->programs[j]; j++) {
			if (strcmp(c->programs[j], name) == 0)
				return c->programs[j];
		}
	}
	return NULL;
}
