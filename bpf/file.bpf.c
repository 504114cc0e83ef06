// SPDX-License-Identifier: GPL-2.0
/*
 * file.bpf.c - files created, written, renamed and deleted, by tracepoints of system calls
 *
 * The tier for kernels that allow neither BPF LSM nor trampolines. An open is looked at when it has
 * succeeded: the kernel's own struct file then tells path, mode and whether it made the file.
 * Opens for reading cost a look at their flags and send nothing. A file open for writing is
 * remembered with its size and time of change; at each close, and at the end of a process, it is
 * reported if they differ. Renames and deletions have no struct file: their paths are the words of
 * the system call behind the folder they start from.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lib/file.bpf.h"
#include "kinds.h"
#include "lib/ring.bpf.h"
#include "lib/scratch.bpf.h"
#include "lib/task.bpf.h"

#define AT_FDCWD -100
#define AT_REMOVEDIR 0x200
#define OPEN_FOR_MORE_THAN_READING 0103 /* O_WRONLY, O_RDWR, O_CREAT */
#define OPEN_TRUNCATES 01000
#define EXIT_FDS_MAX 256

struct written {
	__u64 inode; /* its address: the kernel uses the memory of a closed file again */
	__s64 mtime_ns;
	__u64 size;
};

/* Files open for writing; the least recently used are forgotten when there are more. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, __u64);
	__type(value, struct written);
} writers SEC(".maps");

static __always_inline bool file_is_interesting(struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);

	return (BPF_CORE_READ(inode, i_mode) & FILE_TYPE_MASK) == FILE_TYPE_REGULAR &&
	       !inode_is_pseudo(inode);
}

static __always_inline void send_file(struct task_struct *task, struct file *file, __u32 kind,
				      __u64 bytes_written)
{
	struct scratch *s = scratch_take(kind);
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct record_file *r;

	if (!s)
		return;
	r = &s->file;
	task_fill(task, &r->h.task);
	r->inode = BPF_CORE_READ(inode, i_ino);
	r->device = inode_device(inode);
	r->size = BPF_CORE_READ(inode, i_size);
	r->mode = BPF_CORE_READ(inode, i_mode);
	r->owner = BPF_CORE_READ(inode, i_uid.val);
	r->ctime_ns = inode_ctime(inode);
	r->mtime_ns = inode_mtime(inode);
	r->bytes_written = bytes_written;
	r->path_len = path_walk(&s->path, BPF_CORE_READ(file, f_path.dentry),
				BPF_CORE_READ(file, f_path.mnt), task);
	r->path_len = scratch_append_path(s, 0, r->path_len);
	scratch_send(s, r->path_len);
}

static __always_inline void opened(long fd, __u64 flags)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct written w = {};
	struct file *file;
	__u32 mode;
	__u64 key;

	file = file_of_fd(task, fd);
	if (!file)
		return;
	mode = BPF_CORE_READ(file, f_mode);
	if (!(mode & (FILE_MODE_WRITE | FILE_MODE_CREATED)) || !file_is_interesting(file))
		return;
	if (mode & FILE_MODE_WRITE) {
		key = (__u64)file;
		w.inode = (__u64)BPF_CORE_READ(file, f_inode);
		/* A file emptied by this open is changed already: no time is like 0. */
		if (mode & FILE_MODE_CREATED || !(flags & OPEN_TRUNCATES))
			w.mtime_ns = inode_mtime(BPF_CORE_READ(file, f_inode));
		w.size = BPF_CORE_READ(file, f_inode, i_size);
		bpf_map_update_elem(&writers, &key, &w, BPF_ANY);
	}
	if (mode & FILE_MODE_CREATED)
		send_file(task, file, RECORD_FILE_CREATE, 0);
}

static __always_inline void closing(struct task_struct *task, __u32 fd)
{
	struct file *file = file_of_fd(task, fd);
	__u64 key = (__u64)file, size, old;
	struct inode *inode;
	struct written *w;
	__s64 mtime;

	if (!file || !(BPF_CORE_READ(file, f_mode) & FILE_MODE_WRITE))
		return;
	w = bpf_map_lookup_elem(&writers, &key);
	inode = BPF_CORE_READ(file, f_inode);
	if (!w || w->inode != (__u64)inode)
		return;
	mtime = inode_mtime(inode);
	size = BPF_CORE_READ(inode, i_size);
	old = w->size;
	if (mtime == w->mtime_ns && size == old)
		return;
	/* The file may be open under further numbers: only what comes after is news again. */
	w->mtime_ns = mtime;
	w->size = size;
	send_file(task, file, RECORD_FILE_WRITE, size > old ? size - old : 0);
}

/* The verifier knows the type, so its members need no bpf_core_read(). */
static __always_inline struct pt_regs *arguments(void)
{
	return (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
}

/* The kernel takes O_TRUNC out of f_flags, so the words of the system call are needed. */
static __always_inline void opened_with(long fd, __u64 flags)
{
	if (fd >= 0 && flags & OPEN_FOR_MORE_THAN_READING)
		opened(fd, flags);
}

SEC("tp/syscalls/sys_exit_openat")
int on_openat(struct trace_event_raw_sys_exit *ctx)
{
	opened_with(ctx->ret, PT_REGS_PARM3_SYSCALL(arguments()));
	return 0;
}

SEC("tp/syscalls/sys_exit_open")
int on_open(struct trace_event_raw_sys_exit *ctx)
{
	opened_with(ctx->ret, PT_REGS_PARM2_SYSCALL(arguments()));
	return 0;
}

SEC("tp/syscalls/sys_exit_openat2")
int on_openat2(struct trace_event_raw_sys_exit *ctx)
{
	__u64 flags = 0; /* first member of struct open_how */

	bpf_probe_read_user(&flags, sizeof(flags), (void *)PT_REGS_PARM3_SYSCALL(arguments()));
	opened_with(ctx->ret, flags);
	return 0;
}

SEC("tp/syscalls/sys_exit_creat")
int on_creat(struct trace_event_raw_sys_exit *ctx)
{
	if (ctx->ret >= 0)
		opened(ctx->ret, OPEN_TRUNCATES);
	return 0;
}

SEC("tp/syscalls/sys_enter_close")
int on_close(struct trace_event_raw_sys_enter *ctx)
{
	closing(bpf_get_current_task_btf(), ctx->args[0]);
	return 0;
}

SEC("tp/syscalls/sys_enter_dup2")
int on_dup2(struct trace_event_raw_sys_enter *ctx)
{
	closing(bpf_get_current_task_btf(), ctx->args[1]);
	return 0;
}

SEC("tp/syscalls/sys_enter_dup3")
int on_dup3(struct trace_event_raw_sys_enter *ctx)
{
	closing(bpf_get_current_task_btf(), ctx->args[1]);
	return 0;
}

struct open_fds {
	__u64 bits;
	__u32 first;
};

static long close_next(__u32 bit, void *arg)
{
	struct open_fds *open = arg;
	__u64 rest = open->bits >> (bit & 63);

	if (rest & 1)
		closing(bpf_get_current_task_btf(), open->first + bit);
	return rest == 0;
}

/*
 * Many programs leave closing to the kernel: the table still stands when the process ends. Its
 * bitmap tells which numbers are open, for few are.
 */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit_files, struct task_struct *task)
{
	struct files_struct *files = task->files;
	struct open_fds open;

	if (task->signal->live.counter != 0 || !files)
		return 0;
	for (__u32 fd = 0; fd < EXIT_FDS_MAX; fd += 64) {
		if (fd >= files->fdt->max_fds)
			break;
		open.first = fd;
		bpf_probe_read_kernel(&open.bits, sizeof(open.bits), files->fdt->open_fds + fd / 64);
		bpf_loop(64, close_next, &open, 0);
	}
	return 0;
}

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

static __always_inline void renamed(int old_dir, const char *old, int new_dir, const char *new)
{
	struct scratch *s = scratch_take(RECORD_FILE_RENAME);
	__u32 off;

	if (!s)
		return;
	task_fill(bpf_get_current_task_btf(), &s->h.task);
	off = append_named(s, 0, new_dir, new);
	s->file.path_len = off;
	off = append_named(s, off, old_dir, old);
	s->file.old_path_len = off - s->file.path_len;
	scratch_send(s, off);
}

static __always_inline void deleted(int dir, const char *name)
{
	struct scratch *s = scratch_take(RECORD_FILE_DELETE);

	if (!s)
		return;
	task_fill(bpf_get_current_task_btf(), &s->h.task);
	s->file.path_len = append_named(s, 0, dir, name);
	scratch_send(s, s->file.path_len);
}

SEC("tp/syscalls/sys_exit_rename")
int on_rename(struct trace_event_raw_sys_exit *ctx)
{
	struct pt_regs *regs = arguments();

	if (ctx->ret == 0)
		renamed(AT_FDCWD, (const char *)PT_REGS_PARM1_SYSCALL(regs), AT_FDCWD,
			(const char *)PT_REGS_PARM2_SYSCALL(regs));
	return 0;
}

static __always_inline void renamed_at(long ret)
{
	struct pt_regs *regs = arguments();

	if (ret == 0)
		renamed(PT_REGS_PARM1_SYSCALL(regs),
			(const char *)PT_REGS_PARM2_SYSCALL(regs),
			PT_REGS_PARM3_SYSCALL(regs),
			(const char *)PT_REGS_PARM4_SYSCALL(regs));
}

SEC("tp/syscalls/sys_exit_renameat")
int on_renameat(struct trace_event_raw_sys_exit *ctx)
{
	renamed_at(ctx->ret);
	return 0;
}

SEC("tp/syscalls/sys_exit_renameat2")
int on_renameat2(struct trace_event_raw_sys_exit *ctx)
{
	renamed_at(ctx->ret);
	return 0;
}

SEC("tp/syscalls/sys_exit_unlink")
int on_unlink(struct trace_event_raw_sys_exit *ctx)
{
	if (ctx->ret == 0)
		deleted(AT_FDCWD, (const char *)PT_REGS_PARM1_SYSCALL(arguments()));
	return 0;
}

SEC("tp/syscalls/sys_exit_unlinkat")
int on_unlinkat(struct trace_event_raw_sys_exit *ctx)
{
	struct pt_regs *regs = arguments();

	if (ctx->ret == 0 && !(PT_REGS_PARM3_SYSCALL(regs) & AT_REMOVEDIR))
		deleted(PT_REGS_PARM1_SYSCALL(regs),
			(const char *)PT_REGS_PARM2_SYSCALL(regs));
	return 0;
}
