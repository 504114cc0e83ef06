/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file_events.c - rows of DeviceFileEvents
 *
 * Of written files only programs are hashed (file_hash_is_program()). What Vakt's
 * own programs write is left out: the store and the spool write because of events, so a row for
 * each of their files would feed itself for ever on a machine that hosts both.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/utf8.h"
#include "sensor/process/flag_names.h"
#include "sensor/process/monitor_internal.h"

#define T(name) DeviceFileEvents_##name
#define PATH_BYTES_MAX 4096u

static const char *action_of(enum kernel_kind kind)
{
	switch (kind) {
	case KERNEL_FILE_CREATE:
		return "FileCreated";
	case KERNEL_FILE_RENAME:
		return "FileRenamed";
	case KERNEL_FILE_DELETE:
		return "FileDeleted";
	case KERNEL_FILE_MODE:
		return "FilePermissionsModified";
	case KERNEL_FILE_OWNER:
		return "FileOwnerModified";
	case KERNEL_FILE_ATTRIBUTE:
		return "FileAttributesModified";
	default:
		return "FileModified";
	}
}

/* UTF-8 in the row's arena; NULL where memory is short. */
static const char *path_text(struct monitor *m, const struct kernel_str *path)
{
	char escaped[4 * PATH_BYTES_MAX];
	size_t len = utf8_escape(escaped, path->data, MIN(path->len, PATH_BYTES_MAX));

	return arena_strndup(&m->arena, escaped, len);
}

/* Folder and name apart, as the reference has it for the earlier name. */
static void set_previous(struct monitor *m, const char *path)
{
	const char *name = monitor_base_name(path);
	size_t folder = (size_t)(name - path);

	event_set_str(&m->event, T(PreviousFileName), name);
	event_set_text(&m->event, T(PreviousFolderPath), path, folder > 1 ? folder - 1 : folder);
}

/* The shortest is "#!" and a name: what is empty or holds a number need not be opened. */
#define PROGRAM_BYTES_MIN 4

/* True for a program; *ret_id is what the file is now. */
static bool is_program(const char *path, uint64_t inode, struct file_identity *ret_id)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char head[FILE_HASH_HEAD];
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_ino != inode)
		return false;
	n = pread(fd, head, sizeof(head), 0);
	if (n < 0 || !file_hash_is_program(head, (size_t)n, path))
		return false;
	memset(ret_id, 0, sizeof(*ret_id));
	ret_id->device = st.st_dev;
	ret_id->inode = st.st_ino;
	ret_id->size = (uint64_t)st.st_size;
	ret_id->ctime_ns = st.st_ctim.tv_sec * NSEC_PER_SEC + st.st_ctim.tv_nsec;
	ret_id->mtime_ns = st.st_mtim.tv_sec * NSEC_PER_SEC + st.st_mtim.tv_nsec;
	return true;
}

static void set_hashes(struct monitor *m, const struct kernel_event *e)
{
	char path[PATH_BYTES_MAX + 32];
	struct process_hashes hashes;
	struct file_identity id;
	int len = (int)MIN(e->file.path.len, PATH_BYTES_MAX);
	bool found = false;

	if (e->file.size < PROGRAM_BYTES_MIN)
		return;
	/* Where the process sees other mounts or another root, through it, while it lives. */
	if (!monitor_is_host(m, &e->task) || e->file.other_root) {
		snprintf(path, sizeof(path), "/proc/%u/root%.*s", e->task.pid, len,
			 e->file.path.data);
		found = is_program(path, e->file.inode, &id);
	}
	if (!found) {
		snprintf(path, sizeof(path), "%.*s", len, e->file.path.data);
		if (!is_program(path, e->file.inode, &id))
			return;
	}
	file_hash(m->hashes, &id, path, &hashes);
	event_set_str(&m->event, T(SHA1), arena_strdup(&m->arena, hashes.sha1));
	event_set_str(&m->event, T(SHA256), arena_strdup(&m->arena, hashes.sha256));
	event_set_str(&m->event, T(MD5), arena_strdup(&m->arena, hashes.md5));
}

static void set_file(struct monitor *m, const struct kernel_event *e)
{
	struct event *row = &m->event;
	const char *path = path_text(m, &e->file.path);

	if (path) {
		event_set_str(row, T(FolderPath), path);
		event_set_str(row, T(FileName), monitor_base_name(path));
	}
	if (e->kind == KERNEL_FILE_RENAME) {
		const char *old = path_text(m, &e->file.old_path);

		if (old)
			set_previous(m, old);
	}
	if (!e->file.inode) /* where a name is all that is known */
		return;
	event_set_int(row, T(FileSize), (int64_t)e->file.size);
	event_set_int(row, T(FileMode), e->file.mode & 07777);
	event_set_int(row, T(FileOwnerId), e->file.owner);
	event_set_int(row, T(FileInode), (int64_t)e->file.inode);
	event_set_int(row, T(FileDevice), (int64_t)e->file.device);
}

static void set_owner(struct monitor *m, const struct kernel_event *e)
{
	struct event *row = &m->event;

	if (e->file.owner != UINT32_MAX)
		event_set_int(row, T(FileOwnerId), e->file.owner);
	if (e->file.group != UINT32_MAX)
		event_set_int(row, T(FileGroupId), e->file.group);
	if (e->file.change == UINT64_MAX)
		return;
	event_set_int(row, T(PreviousFileOwnerId), (uint32_t)e->file.change);
	event_set_int(row, T(PreviousFileGroupId), (uint32_t)(e->file.change >> 32));
}

/* What only changes of what is there already have. */
static void set_change(struct monitor *m, const struct kernel_event *e)
{
	const struct kernel_str *name = &e->file.attribute;
	struct event *row = &m->event;
	char names[FLAG_NAMES_MAX];

	if (e->kind == KERNEL_FILE_MODE) {
		event_set_int(row, T(FileMode), e->file.mode & 07777);
		if (e->file.change != UINT64_MAX)
			event_set_int(row, T(PreviousFileMode), (int64_t)e->file.change & 07777);
	} else if (e->kind == KERNEL_FILE_OWNER) {
		set_owner(m, e);
	} else if (name->len) {
		event_set_str(row, T(AttributeName), path_text(m, name));
		event_set_int(row, T(AttributeRemoved), e->file.change == 1);
	} else {
		flag_names(FLAGS_FILE, e->file.change, names);
		event_set_str(row, T(FileFlags), arena_strdup(&m->arena, names));
	}
}

static void tell_file(struct monitor *m, const struct kernel_event *e, const struct process *p)
{
	monitor_begin(m, EVENT_DeviceFileEvents, e, action_of(e->kind));
	monitor_set_initiating(m, p);
	set_file(m, e);
	if (e->kind == KERNEL_FILE_WRITE)
		set_hashes(m, e);
	if (e->kind >= KERNEL_FILE_MODE)
		set_change(m, e);
	monitor_emit(m, &m->event);
}

void monitor_file_event(struct monitor *m, const struct kernel_event *e)
{
	const struct process *p = process_table_of_task(m->table, &e->task);

	if (!p || monitor_is_own(m, p))
		return;
	if (!monitor_leaves_file_out(m, e))
		tell_file(m, e, p);
	monitor_derive(m, e, p);
}
