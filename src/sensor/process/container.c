/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container.c - which container a task is in, by its control group
 */
#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "sensor/process/monitor_internal.h"
#include "sensor/process/proc_read.h"

#define CONTAINERS_MAX 65536

/* A control group that is no container's. */
static char no_container[] = "";

/* Process 1's, where it may be looked at: the sensor's service may have mounts of its own. */
int monitor_find_containers(struct monitor *m)
{
	struct statfs fs;
	struct stat st;

	if (stat("/proc/1/ns/mnt", &st) == 0 || stat("/proc/self/ns/mnt", &st) == 0)
		m->host_mnt_ns = st.st_ino;
	m->unified_cgroups = statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
	m->containers = map_new(CONTAINERS_MAX);
	return m->containers ? 0 : -ENOMEM;
}

void monitor_free_containers(struct monitor *m)
{
	void *id;

	for (size_t i = 0; m->containers && map_next(m->containers, &i, NULL, NULL, &id);) {
		if (id != no_container)
			free(id);
	}
	map_free(m->containers);
}

bool monitor_is_host(const struct monitor *m, const struct kernel_task *task)
{
	return m->host_mnt_ns && task->mnt_ns == m->host_mnt_ns;
}

/* The ids stay, for processes point to them; that a control group is none may be found again. */
static void forget_none(struct monitor *m)
{
	const void *at;
	uint64_t key;
	void *id;

	for (size_t i = 0; map_next(m->containers, &i, &at, NULL, &id);) {
		memcpy(&key, at, sizeof(key));
		if (id == no_container)
			map_remove(m->containers, &key, sizeof(key));
	}
}

static const char *keep_container(struct monitor *m, const void *key, size_t len, const char *id)
{
	char *kept = *id ? strdup(id) : no_container;

	if (map_len(m->containers) >= CONTAINERS_MAX)
		forget_none(m);
	if (kept && map_put(m->containers, key, len, kept, NULL) == 0)
		return kept;
	if (kept != no_container)
		free(kept);
	return "";
}

/* Reading /proc costs more than all else about a start, so it is done once a control group. */
const char *monitor_container(struct monitor *m, const struct kernel_task *task)
{
	char id[65], *kept;

	/*
	 * Where version 1 holds the containers, the version 2 group that the kernel tells of is the
	 * same for all: nothing can be kept by it.
	 */
	if (!m->unified_cgroups) {
		if (monitor_is_host(m, task) || proc_read_container(task->pid, id) < 0 || !id[0])
			return "";
		kept = map_get(m->containers, id, strlen(id));
		return kept ? kept : keep_container(m, id, strlen(id), id);
	}
	kept = map_get_u64(m->containers, task->cgroup_id);
	if (kept)
		return kept;
	if (proc_read_container(task->pid, id) < 0)
		return "";
	return keep_container(m, &task->cgroup_id, sizeof(task->cgroup_id), id);
}
