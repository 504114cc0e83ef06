/* SPDX-License-Identifier: GPL-2.0 */
/*
 * file.bpf.h - what a struct file says of itself, on kernels from 6.1 on
 */
#pragma once

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "record.h"

#define FILE_MODE_WRITE 0x2
#define FILE_MODE_CREATED 0x100000
#define FILE_MODE_STREAM 0x200000 /* pipes and sockets */
/* Not counted, as the kernel says: a stacked file system's own view of a file below it. */
#define FILE_MODE_INNER 0x20000000
#define FILE_TYPE_MASK 0170000
#define FILE_TYPE_SOCKET 0140000
#define FILE_TYPE_REGULAR 0100000

/* i_ctime and i_mtime were a struct timespec64 each before 6.11; between 6.6 and 6.11 renamed. */
struct inode___6_1 {
	struct timespec64 i_mtime, i_ctime;
} __attribute__((preserve_access_index));
struct inode___6_6 {
	struct timespec64 __i_ctime;
} __attribute__((preserve_access_index));
struct inode___6_7 {
	struct timespec64 __i_mtime;
} __attribute__((preserve_access_index));

static __always_inline __s64 inode_ctime(const struct inode *inode)
{
	const struct inode___6_1 *v1 = (const void *)inode;
	const struct inode___6_6 *v6 = (const void *)inode;

	/* The top bit of the nanoseconds marks a time that somebody has asked for (since 6.13). */
	if (bpf_core_field_exists(inode->i_ctime_sec))
		return BPF_CORE_READ(inode, i_ctime_sec) * 1000000000LL +
		       (BPF_CORE_READ(inode, i_ctime_nsec) & 0x7fffffff);
	if (bpf_core_field_exists(v6->__i_ctime))
		return BPF_CORE_READ(v6, __i_ctime.tv_sec) * 1000000000LL +
		       BPF_CORE_READ(v6, __i_ctime.tv_nsec);
	if (bpf_core_field_exists(v1->i_ctime))
		return BPF_CORE_READ(v1, i_ctime.tv_sec) * 1000000000LL +
		       BPF_CORE_READ(v1, i_ctime.tv_nsec);
	return 0;
}

static __always_inline __s64 inode_mtime(const struct inode *inode)
{
	const struct inode___6_1 *v1 = (const void *)inode;
	const struct inode___6_7 *v7 = (const void *)inode;

	if (bpf_core_field_exists(inode->i_mtime_sec))
		return BPF_CORE_READ(inode, i_mtime_sec) * 1000000000LL +
		       BPF_CORE_READ(inode, i_mtime_nsec);
	if (bpf_core_field_exists(v7->__i_mtime))
		return BPF_CORE_READ(v7, __i_mtime.tv_sec) * 1000000000LL +
		       BPF_CORE_READ(v7, __i_mtime.tv_nsec);
	if (bpf_core_field_exists(v1->i_mtime))
		return BPF_CORE_READ(v1, i_mtime.tv_sec) * 1000000000LL +
		       BPF_CORE_READ(v1, i_mtime.tv_nsec);
	return 0;
}

/* The kernel's dev_t has 20 bits of minor; stat(2) shows another layout: made here into that. */
static __always_inline __u64 inode_device(const struct inode *inode)
{
	__u32 dev = BPF_CORE_READ(inode, i_sb, s_dev);
	__u64 major = dev >> 20, minor = dev & 0xfffff;

	return (minor & 0xff) | major << 8 | (minor & ~0xffULL) << 12;
}

/* proc, sysfs, cgroup and the like: a write there is a message to the kernel, not a file. */
static __always_inline bool inode_is_pseudo(const struct inode *inode)
{
	switch ((__u32)BPF_CORE_READ(inode, i_sb, s_magic)) {
	case 0x9fa0:     /* proc */
	case 0x62656572: /* sysfs */
	case 0x27e0eb:   /* cgroup */
	case 0x63677270: /* cgroup2 */
	case 0x64626720: /* debugfs */
	case 0x74726163: /* tracefs */
	case 0x73636673: /* securityfs */
	case 0xcafe4a11: /* bpf */
	case 0x6165676c: /* pstore */
	case 0xde5e81e4: /* efivarfs */
	case 0x42494e4d: /* binfmt_misc */
	case 0x19800202: /* mqueue */
		return true;
	}
	return false;
}

/* NULL where the number is not open. */
static __always_inline struct file *file_of_fd(struct task_struct *task, __u32 fd)
{
	struct fdtable *fdt = task->files->fdt;
	struct file *file = NULL;

	if (fd >= fdt->max_fds)
		return NULL;
	bpf_probe_read_kernel(&file, sizeof(file), &fdt->fd[fd]);
	return file;
}
