/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/flag_names.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>

#include "base/macro.h"

struct flag {
	uint64_t bit;
	const char *name;
};

#define NEW_TIME 0x80 /* CLONE_NEWTIME of linux/sched.h, which glibc's header does not go with */
#define NO_EXEC_SEAL 8 /* MFD_NOEXEC_SEAL and MFD_EXEC of linux/memfd.h, since 6.3 */
#define EXEC 16
#define FLAGS_A_SET 24

/* As mount(8), unshare(1) and memfd_create(2) say. Ends with no name. */
static const struct flag sets[][FLAGS_A_SET] = {
	[FLAGS_MOUNT] = {
		{ MS_RDONLY, "ro" }, { MS_NOSUID, "nosuid" }, { MS_NODEV, "nodev" },
		{ MS_NOEXEC, "noexec" }, { MS_SYNCHRONOUS, "sync" }, { MS_REMOUNT, "remount" },
		{ MS_MANDLOCK, "mand" }, { MS_DIRSYNC, "dirsync" }, { MS_NOATIME, "noatime" },
		{ MS_NODIRATIME, "nodiratime" }, { MS_BIND, "bind" }, { MS_MOVE, "move" },
		{ MS_REC, "rec" }, { MS_SILENT, "silent" }, { MS_UNBINDABLE, "unbindable" },
		{ MS_PRIVATE, "private" }, { MS_SLAVE, "slave" }, { MS_SHARED, "shared" },
		{ MS_RELATIME, "relatime" }, { MS_STRICTATIME, "strictatime" },
		{ MS_LAZYTIME, "lazytime" },
	},
	[FLAGS_UNMOUNT] = {
		{ MNT_FORCE, "force" }, { MNT_DETACH, "lazy" }, { MNT_EXPIRE, "expire" },
		{ UMOUNT_NOFOLLOW, "nofollow" },
	},
	[FLAGS_NAMESPACE] = {
		{ CLONE_NEWNS, "mount" }, { CLONE_NEWUTS, "uts" }, { CLONE_NEWIPC, "ipc" },
		{ CLONE_NEWUSER, "user" }, { CLONE_NEWPID, "pid" }, { CLONE_NEWNET, "net" },
		{ CLONE_NEWCGROUP, "cgroup" }, { NEW_TIME, "time" },
	},
	/* As lsattr(1) spells them out; linux/fs.h and sys/mount.h do not go together. */
	[FLAGS_FILE] = {
		{ 0x10, "immutable" }, { 0x20, "append" }, { 0x40, "nodump" }, { 0x80, "noatime" },
		{ 0x4, "compress" }, { 0x800000, "nocow" }, { 0x1, "secrm" }, { 0x2, "unrm" },
		{ 0x8, "sync" }, { 0x4000, "journal_data" }, { 0x8000, "notail" },
		{ 0x10000, "dirsync" }, { 0x80000, "extents" }, { 0x10000000, "inline_data" },
		{ 0x20000000, "project" }, { 0x40000000, "casefold" },
	},
	[FLAGS_MEMORY_FILE] = {
		{ MFD_CLOEXEC, "cloexec" }, { MFD_ALLOW_SEALING, "allow_sealing" },
		{ MFD_HUGETLB, "hugetlb" }, { NO_EXEC_SEAL, "noexec_seal" }, { EXEC, "exec" },
	},
};

__attribute__((format(printf, 2, 3))) static void add(char *text, const char *fmt, ...)
{
	size_t len = strlen(text);
	va_list ap;

	if (len && len < FLAG_NAMES_MAX - 1)
		text[len++] = ',';
	va_start(ap, fmt);
	vsnprintf(text + len, FLAG_NAMES_MAX - len, fmt, ap);
	va_end(ap);
}

void flag_names(enum flag_set set, uint64_t flags, char ret_text[FLAG_NAMES_MAX])
{
	ret_text[0] = '\0';
	for (size_t i = 0; i < FLAGS_A_SET && sets[set][i].name; i++) {
		if (flags & sets[set][i].bit)
			add(ret_text, "%s", sets[set][i].name);
		flags &= ~sets[set][i].bit;
	}
	if (flags)
		add(ret_text, "0x%llx", (unsigned long long)flags);
}
