/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/kernel/pins.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/macro.h"
#include "vakt.skel.h"

#define BPF_FS "/sys/fs/bpf"
#define BPF_FS_TYPE 0xcafe4a11

/* FNV-1a: names a build, protects against nothing. */
static uint64_t object_hash(uint32_t ring_bytes)
{
	uint64_t hash = 14695981039346656037ULL ^ ring_bytes;
	size_t size;
	const uint8_t *bytes = vakt_bpf__elf_bytes(&size);

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 1099511628211ULL;
	return hash;
}

int pins_prepare(const char *base, uint32_t ring_bytes,
		 char ret_folder[PINS_PATH_MAX], struct err *err)
{
	struct statfs fs;

	if (strncmp(base, BPF_FS "/", strlen(BPF_FS) + 1) == 0 && statfs(BPF_FS, &fs) == 0 &&
	    (uint64_t)fs.f_type != BPF_FS_TYPE &&
	    mount("bpf", BPF_FS, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=700") < 0)
		return err_setf(err, -errno, "mount of %s: %m", BPF_FS);
	if (mkdir(base, 0700) < 0 && errno != EEXIST)
		return err_setf(err, -errno, "%s: %m", base);
	if (strlen(base) > PINS_PATH_MAX / 2)
		return err_setf(err, -ENAMETOOLONG, "%s: too long", base);
	snprintf(ret_folder, PINS_PATH_MAX, "%s/%016llx", base,
		 (unsigned long long)object_hash(ring_bytes));
	return 0;
}

bool pins_exist(const char *folder)
{
	return access(folder, F_OK) == 0;
}

static int pin_all(const char *folder, struct vakt_bpf *bpf)
{
	char path[PINS_PATH_MAX + 64];
	struct bpf_map *m;

	bpf_object__for_each_map(m, bpf->obj) {
		if (bpf_map__is_internal(m) || !bpf_map__autocreate(m))
			continue;
		snprintf(path, sizeof(path), "%s/map_%s", folder, bpf_map__name(m));
		if (bpf_obj_pin(bpf_map__fd(m), path) < 0)
			return -errno;
	}
	for (int i = 0; i < bpf->skeleton->prog_cnt; i++) {
		struct bpf_prog_skeleton *p = &bpf->skeleton->progs[i];
		int r;

		if (!*p->link)
			continue;
		snprintf(path, sizeof(path), "%s/link_%s", folder, p->name);
		r = bpf_link__pin(*p->link, path);
		if (r < 0)
			return r;
	}
	return 0;
}

int pins_write(const char *folder, struct vakt_bpf *bpf, struct err *err)
{
	char fresh[PINS_PATH_MAX + 8];
	int r;

	snprintf(fresh, sizeof(fresh), "%s_new", folder);
	if (mkdir(fresh, 0700) < 0)
		return err_setf(err, -errno, "%s: %m", fresh);
	r = pin_all(fresh, bpf);
	if (r < 0)
		return err_setf(err, r, "%s: %s", fresh, strerror(-r));
	if (rename(fresh, folder) < 0)
		return err_setf(err, -errno, "%s: %m", folder);
	/* Destroying a tracepoint's link would switch it off for all, the pin included. */
	for (int i = 0; i < bpf->skeleton->prog_cnt; i++) {
		if (*bpf->skeleton->progs[i].link)
			bpf_link__disconnect(*bpf->skeleton->progs[i].link);
	}
	return 0;
}

bool pins_have_program(const char *folder, const char *program)
{
	char path[PINS_PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/link_%s", folder, program);
	return access(path, F_OK) == 0;
}

int pins_open_map(const char *folder, const char *map)
{
	char path[PINS_PATH_MAX + 64];
	int fd;

	snprintf(path, sizeof(path), "%s/map_%s", folder, map);
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

static void remove_folder(const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *e;

	if (!d)
		return;
	while ((e = readdir(d)))
		unlinkat(dirfd(d), e->d_name, 0); /* "." and "..": refused, as they should be */
	closedir(d);
	rmdir(folder);
}

int pins_remove(const char *base, const char *keep)
{
	char path[PINS_PATH_MAX + 256];
	DIR *d = opendir(base);
	struct dirent *e;

	if (!d)
		return errno == ENOENT ? 0 : -errno;
	while ((e = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", base, e->d_name);
		if (e->d_name[0] != '.' && !(keep && strcmp(path, keep) == 0))
			remove_folder(path);
	}
	closedir(d);
	return 0;
}
