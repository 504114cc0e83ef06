/* SPDX-License-Identifier: GPL-2.0 */
/*
 * file_words.bpf.h - a path as a system call's words name it, behind the folder they start from
 *
 * Links and dots are as the program wrote them: the reader takes the dots out.
 */
#pragma once

#include "lib/file.bpf.h"
#include "lib/scratch.bpf.h"

#define AT_FDCWD -100

/* Puts the path named by a system call's words at off of the tail; returns the new offset. */
static __always_inline __u32 append_named(struct scratch *s, __u32 off, int dir, const char *name)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 at = off;
	char first = 0;
	long n;

	bpf_probe_read_user(&first, 1, name);
	if (first != '/') {
		struct path path = {};
		struct file *file;

		if (dir == AT_FDCWD) {
			path.dentry = BPF_CORE_READ(task, fs, pwd.dentry);
			path.mnt = BPF_CORE_READ(task, fs, pwd.mnt);
		} else {
			file = file_of_fd(task, dir);
			path.dentry = BPF_CORE_READ(file, f_path.dentry);
			path.mnt = BPF_CORE_READ(file, f_path.mnt);
		}
		at = scratch_append_path(s, at, path_walk(&s->path, path.dentry, path.mnt, task));
		*scratch_at(s, at) = '/';
		at++;
	}
	n = bpf_probe_read_user_str(scratch_at(s, at), RECORD_PATH_MAX, name);
	return n > 0 && n <= RECORD_PATH_MAX ? at + n - 1 : off;
}
