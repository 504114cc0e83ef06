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
#include "record_layout.h"
#include "vakt.skel.h"

#define BPF_FS "/sys/fs/bpf"
#define BPF_FS_TYPE 0xcafe4a11

#define UNFINISHED "_new"
#define RETIRED "_old"
#define RETIRED_MAX 100

/* FNV-1a: names a build, protects against nothing. */
static uint64_t object_hash(const struct kernel_options *options)
{
	uint64_t hash = 14695981039346656037ULL ^ options->ring_bytes ^
			(uint64_t)options->first_tier << 32 ^ (uint64_t)options->hold << 40 ^
			(uint64_t)options->connection_ends << 48;
	size_t size;
	const uint8_t *bytes = vakt_bpf__elf_bytes(&size);

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 1099511628211ULL;
	return hash;
}

int pins_prepare(const char *base, const struct kernel_options *options,
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
	snprintf(ret_folder, PINS_PATH_MAX, "%s/%s-%016llx", base, RECORD_LAYOUT,
		 (unsigned long long)object_hash(options));
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

	snprintf(fresh, sizeof(fresh), "%s" UNFINISHED, folder);
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

static bool is_unfinished(const char *name)
{
	size_t len = strlen(name), tail = strlen(UNFINISHED);

	return len > tail && strcmp(name + len - tail, UNFINISHED) == 0;
}

bool pins_find_other(const char *base, const char *keep, size_t n, char ret_folder[PINS_PATH_MAX])
{
	char path[PINS_PATH_MAX + 256];
	DIR *d = opendir(base);
	const struct dirent *e;
	bool found = false;

	while (d && !found && (e = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", base, e->d_name);
		found = e->d_name[0] != '.' && !is_unfinished(e->d_name) &&
			strcmp(path, keep) != 0 && strlen(path) < PINS_PATH_MAX && n-- == 0;
	}
	if (found)
		memcpy(ret_folder, path, strlen(path) + 1);
	if (d)
		closedir(d);
	return found;
}

bool pins_are_alike(const char *folder, const char *other)
{
	const char *a = strrchr(folder, '/'), *b = strrchr(other, '/'), *end = strchr(b, '-');

	return end && strncmp(a, b, (size_t)(end - b) + 1) == 0;
}

static void remove_files(const char *folder, const char *prefix)
{
	DIR *d = opendir(folder);
	const struct dirent *e;

	while (d && (e = readdir(d))) {
		if (strncmp(e->d_name, prefix, strlen(prefix)) == 0)
			unlinkat(dirfd(d), e->d_name, 0); /* "." and "..": refused, as they should be */
	}
	if (d)
		closedir(d);
}

static bool is_retired(const char *folder)
{
	const char *name = strrchr(folder, '/');

	return strstr(name, RETIRED) != NULL;
}

void pins_retire(char folder[PINS_PATH_MAX])
{
	char other[PINS_PATH_MAX + 32];

	for (int i = 0; !is_retired(folder) && i < RETIRED_MAX; i++) {
		snprintf(other, sizeof(other), "%s" RETIRED "%d", folder, i);
		if (strlen(other) < PINS_PATH_MAX && access(other, F_OK) < 0 &&
		    rename(folder, other) == 0)
			memcpy(folder, other, strlen(other) + 1);
	}
	remove_files(folder, "link_");
}

void pins_remove_folder(const char *folder)
{
	remove_files(folder, "");
	rmdir(folder);
}

int pins_remove(const char *base, bool all)
{
	char path[PINS_PATH_MAX + 256];
	DIR *d = opendir(base);
	const struct dirent *e;

	if (!d)
		return errno == ENOENT ? 0 : -errno;
	while ((e = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", base, e->d_name);
		if (e->d_name[0] != '.' && (all || is_unfinished(e->d_name)))
			pins_remove_folder(path);
	}
	closedir(d);
	return 0;
}
