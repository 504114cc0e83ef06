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
#include "lib/access.bpf.h"
#include "lib/file_record.bpf.h"
#include "lib/file_words.bpf.h"
#include "lib/syscall.bpf.h"

#define AT_REMOVEDIR 0x200
#define OPEN_FOR_MORE_THAN_READING 0103 /* O_WRONLY, O_RDWR, O_CREAT */
#define CLOSE_RANGE_CLOEXEC 4
#define FDS_A_WORD 64
#define FD_WORDS_MAX 64 /* of the numbers that are looked at when many close at once */

static __always_inline void opened(long fd, __u64 flags)
{
	struct file *file = file_of_fd(bpf_get_current_task_btf(), fd);

	if (file && !file_opened(file, flags))
		pseudo_file_opened(file);
}

static __always_inline void closing_file(struct task_struct *task, struct file *file)
{
	if (file && (BPF_CORE_READ(file, f_mode) & (FILE_MODE_WRITE | FILE_MODE_STREAM)) ==
			    FILE_MODE_WRITE)
		file_closing(task, file, false);
}

static __always_inline void closing(struct task_struct *task, __u32 fd)
{
	closing_file(task, file_of_fd(task, fd));
}

/* Numbers that close at once, found by the table's bits. */
struct fd_walk {
	struct file **files;
	const unsigned long *open, *chosen; /* chosen: of the open ones only these; or NULL */
	__u64 word;
	__u32 words, base, first, last;
};

static long walk_bit(__u32 bit, void *arg)
{
	struct fd_walk *w = arg;
	__u64 rest = w->word >> (bit & (FDS_A_WORD - 1));
	__u32 fd = w->base + bit;
	struct file *file = NULL;

	if (!rest || fd > w->last)
		return 1;
	if (!(rest & 1) || fd < w->first)
		return 0;
	bpf_probe_read_kernel(&file, sizeof(file), w->files + fd);
	closing_file(bpf_get_current_task_btf(), file);
	return 0;
}

static long walk_word(__u32 i, void *arg)
{
	struct fd_walk *w = arg;
	__u64 chosen = ~0ULL;

	i += w->first / FDS_A_WORD;
	w->base = i * FDS_A_WORD;
	if (i >= w->words || w->base > w->last)
		return 1;
	bpf_probe_read_kernel(&w->word, sizeof(w->word), w->open + i);
	if (w->chosen)
		bpf_probe_read_kernel(&chosen, sizeof(chosen), w->chosen + i);
	w->word &= chosen;
	if (w->word)
		bpf_loop(FDS_A_WORD, walk_bit, w, 0);
	return 0;
}

static __always_inline void closing_many(struct task_struct *task, __u32 first, __u32 last,
					 bool at_exec)
{
	struct files_struct *files = task->files;
	struct fd_walk w = { .first = first, .last = last };

	if (!files)
		return;
	w.files = files->fdt->fd;
	w.open = files->fdt->open_fds;
	if (at_exec)
		w.chosen = files->fdt->close_on_exec;
	w.words = files->fdt->max_fds / FDS_A_WORD;
	bpf_loop(FD_WORDS_MAX, walk_word, &w, 0);
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

SEC("tp/syscalls/sys_enter_close_range")
int on_close_range(struct trace_event_raw_sys_enter *ctx)
{
	if (!(ctx->args[2] & CLOSE_RANGE_CLOEXEC))
		closing_many(bpf_get_current_task_btf(), ctx->args[0], ctx->args[1], false);
	return 0;
}

/* What is marked closes behind this point, and before the tracepoint of the new program. */
SEC("tp_btf/sched_prepare_exec")
int BPF_PROG(on_prepare_exec, struct task_struct *task)
{
	closing_many(task, 0, ~0U, true);
	return 0;
}

/* Many programs leave closing to the kernel: the table still stands when the process ends. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit_files, struct task_struct *task)
{
	if (task->signal->live.counter == 0)
		closing_many(task, 0, ~0U, false);
	return 0;
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

static __always_inline void named(__u32 kind, int dir, const char *name)
{
	struct scratch *s = scratch_take(kind);

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
		named(RECORD_FILE_DELETE, AT_FDCWD, (const char *)PT_REGS_PARM1_SYSCALL(arguments()));
	return 0;
}

SEC("tp/syscalls/sys_exit_unlinkat")
int on_unlinkat(struct trace_event_raw_sys_exit *ctx)
{
	struct pt_regs *regs = arguments();

	if (ctx->ret == 0 && !(PT_REGS_PARM3_SYSCALL(regs) & AT_REMOVEDIR))
		named(RECORD_FILE_DELETE, PT_REGS_PARM1_SYSCALL(regs),
		      (const char *)PT_REGS_PARM2_SYSCALL(regs));
	return 0;
}

SEC("tp/syscalls/sys_exit_link")
int on_link(struct trace_event_raw_sys_exit *ctx)
{
	if (ctx->ret == 0)
		named(RECORD_FILE_CREATE, AT_FDCWD,
		      (const char *)PT_REGS_PARM2_SYSCALL(arguments()));
	return 0;
}

SEC("tp/syscalls/sys_exit_linkat")
int on_linkat(struct trace_event_raw_sys_exit *ctx)
{
	struct pt_regs *regs = arguments();

	if (ctx->ret == 0)
		named(RECORD_FILE_CREATE, PT_REGS_PARM3_SYSCALL(regs),
		      (const char *)PT_REGS_PARM4_SYSCALL(regs));
	return 0;
}

SEC("tp/syscalls/sys_exit_symlink")
int on_symlink(struct trace_event_raw_sys_exit *ctx)
{
	if (ctx->ret == 0)
		named(RECORD_FILE_CREATE, AT_FDCWD,
		      (const char *)PT_REGS_PARM2_SYSCALL(arguments()));
	return 0;
}

SEC("tp/syscalls/sys_exit_symlinkat")
int on_symlinkat(struct trace_event_raw_sys_exit *ctx)
{
	struct pt_regs *regs = arguments();

	if (ctx->ret == 0)
		named(RECORD_FILE_CREATE, PT_REGS_PARM2_SYSCALL(regs),
		      (const char *)PT_REGS_PARM3_SYSCALL(regs));
	return 0;
}

SEC("tp/syscalls/sys_exit_mknod")
int on_mknod(struct trace_event_raw_sys_exit *ctx)
{
	if (ctx->ret == 0)
		named(RECORD_FILE_CREATE, AT_FDCWD,
		      (const char *)PT_REGS_PARM1_SYSCALL(arguments()));
	return 0;
}

SEC("tp/syscalls/sys_exit_mknodat")
int on_mknodat(struct trace_event_raw_sys_exit *ctx)
{
	struct pt_regs *regs = arguments();

	if (ctx->ret == 0)
		named(RECORD_FILE_CREATE, PT_REGS_PARM1_SYSCALL(regs),
		      (const char *)PT_REGS_PARM2_SYSCALL(regs));
	return 0;
}
