/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/proc_read.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/utf8.h"

#define PROC_STAT_MAX 4096
#define PROC_CGROUP_MAX 16384
#define COMMAND_LINE_MAX (4u << 20)

struct proc_stat {
	uint32_t ppid, session;
	int64_t start_ns;
};

/* proc(5), /proc/pid/stat: the name in parentheses may hold anything, so the last ')' counts. */
static int read_stat(uint32_t pid, struct proc_stat *ret)
{
	_cleanup_free_ char *text = NULL;
	unsigned long long ticks;
	unsigned int ppid, session;
	char path[64], *p;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	if (file_read(path, PROC_STAT_MAX, &text, NULL, NULL) < 0)
		return -ESRCH;
	p = strrchr(text, ')');
	if (!p || sscanf(p + 1,
			 " %*c %u %*d %u %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d "
			 "%*d %llu",
			 &ppid, &session, &ticks) != 3)
		return -EBADMSG;
	ret->ppid = ppid;
	ret->session = session;
	ret->start_ns = (int64_t)ticks * (1000000000LL / sysconf(_SC_CLK_TCK));
	return 0;
}

int proc_join_arguments(const char *args, size_t len, struct buf *out)
{
	while (len > 0 && args[len - 1] == '\0')
		len--;
	if (buf_reserve(out, 4 * len) < 0)
		return buf_error(out);
	for (size_t at = 0; at < len;) {
		size_t n = strnlen(args + at, len - at);

		out->len += utf8_escape(out->data + out->len, args + at, n);
		at += n + 1;
		if (at <= len)
			out->data[out->len++] = ' ';
	}
	out->data[out->len] = '\0';
	return 0;
}

static int read_arguments(uint32_t pid, struct buf *out)
{
	_cleanup_free_ char *text = NULL;
	char path[64];
	size_t len;
	int r;

	snprintf(path, sizeof(path), "/proc/%u/cmdline", pid);
	r = file_read(path, COMMAND_LINE_MAX, &text, &len, NULL);
	return r < 0 ? r : proc_join_arguments(text, len, out);
}

int proc_read_command_line(uint32_t pid, int64_t start_ns, struct buf *out)
{
	struct proc_stat st;
	int r = read_arguments(pid, out);

	/* Looked at afterwards: had the pid been used anew, the start would differ. */
	if (r == 0 && (read_stat(pid, &st) < 0 || st.start_ns != process_tick(start_ns)))
		r = -ESRCH;
	return r;
}

void proc_parse_container(const char *text, char out[65])
{
	out[0] = '\0';
	for (const char *p = text; *p; p++) {
		size_t n = 0;

		while (isxdigit((unsigned char)p[n]) && !isupper((unsigned char)p[n]))
			n++;
		if (n == 64) {
			memcpy(out, p, 64);
			out[64] = '\0';
			return;
		}
		if (n > 0)
			p += n - 1;
	}
}

int proc_read_container(uint32_t pid, char out[65])
{
	_cleanup_free_ char *text = NULL;
	char path[64];
	int r;

	out[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%u/cgroup", pid);
	r = file_read(path, PROC_CGROUP_MAX, &text, NULL, NULL);
	if (r == 0)
		proc_parse_container(text, out);
	return r;
}

static void read_status(uint32_t pid, struct kernel_task *task)
{
	_cleanup_free_ char *text = NULL;
	unsigned long long caps;
	char path[64], *p;

	snprintf(path, sizeof(path), "/proc/%u/status", pid);
	if (file_read(path, 16384, &text, NULL, NULL) < 0)
		return;
	p = strstr(text, "\nUid:");
	if (p)
		(void)sscanf(p, "\nUid: %u %u", &task->uid, &task->euid);
	p = strstr(text, "\nGid:");
	if (p)
		(void)sscanf(p, "\nGid: %u %u", &task->gid, &task->egid);
	p = strstr(text, "\nCapEff:");
	if (p && sscanf(p, "\nCapEff: %llx", &caps) == 1)
		task->cap_effective = caps;
}

static void read_loginuid(uint32_t pid, struct kernel_task *task)
{
	_cleanup_free_ char *text = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/loginuid", pid);
	task->loginuid = UINT32_MAX;
	if (file_read(path, 64, &text, NULL, NULL) == 0)
		task->loginuid = (uint32_t)strtoul(text, NULL, 10);
}

static void read_executable(struct process *p, struct package_owner *packages)
{
	char link[64], path[4096], escaped[4 * sizeof(path)];
	struct stat st;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%u/exe", p->pid);
	n = readlink(link, path, sizeof(path));
	if (n <= 0)
		return; /* a kernel thread */
	(void)process_set_text(&p->path, escaped, utf8_escape(escaped, path, (size_t)n));
	if (stat(link, &st) < 0)
		return;
	p->file_size = (uint64_t)st.st_size;
	if (packages) {
		const char *package = package_owner_find(packages, p->path, st.st_ino);

		(void)process_set_text(&p->package, package, strlen(package));
	}
}

static int read_process(struct process_table *t, uint32_t pid, struct package_owner *packages)
{
	struct kernel_task task = { .pid = pid, .tid = pid };
	_cleanup_buf_ struct buf line = BUF_INIT(4 * COMMAND_LINE_MAX);
	struct proc_stat st, parent;
	struct process *p;
	int r = read_stat(pid, &st);

	if (r < 0)
		return r;
	task.ppid = st.ppid;
	task.session = st.session;
	task.start_boottime_ns = st.start_ns;
	if (read_stat(st.ppid, &parent) == 0)
		task.parent_start_boottime_ns = parent.start_ns;
	read_status(pid, &task);
	read_loginuid(pid, &task);
	p = process_table_of_task(t, &task);
	if (!p)
		return -ENOMEM;
	read_executable(p, packages);
	if (read_arguments(pid, &line) == 0 && line.data)
		(void)process_set_text(&p->command_line, line.data, line.len);
	return 0;
}

int proc_read_all(struct process_table *t, struct package_owner *packages)
{
	struct dirent *e;
	int count = 0;
	DIR *dir = opendir("/proc");

	if (!dir)
		return -errno;
	while ((e = readdir(dir))) {
		unsigned long pid = strtoul(e->d_name, NULL, 10);

		/* A process that ends meanwhile is no error. */
		if (pid > 0 && pid <= UINT32_MAX && read_process(t, (uint32_t)pid, packages) == 0)
			count++;
	}
	closedir(dir);
	return count;
}
