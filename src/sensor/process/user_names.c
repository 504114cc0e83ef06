/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/user_names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/map.h"

#define USERS_MAX 65536

struct user_names {
	char path[256];
	struct map *by_uid; /* owned strings */
	struct timespec modified;
	char number[16];
};

static void forget_all(struct user_names *n)
{
	void *name;

	for (size_t i = 0; map_next(n->by_uid, &i, NULL, NULL, &name);)
		free(name);
	map_clear(n->by_uid);
}

/* "name:x:uid:gid:..."; the first line of a uid counts, as for getpwuid(3). */
static void read_line(struct user_names *n, char *line)
{
	char *rest = line, *name = strsep(&rest, ":"), *uid, *end;
	unsigned long number;

	strsep(&rest, ":");
	uid = strsep(&rest, ":");
	if (!rest || !*name)
		return;
	number = strtoul(uid, &end, 10);
	if (*end || number > UINT32_MAX || map_get_u64(n->by_uid, number))
		return;
	name = strdup(name);
	if (name && map_put_u64(n->by_uid, number, name, NULL) < 0)
		free(name);
}

void user_names_refresh(struct user_names *n)
{
	struct stat st;
	char *line = NULL;
	size_t cap = 0;
	FILE *f;

	if (stat(n->path, &st) < 0 || (st.st_mtim.tv_sec == n->modified.tv_sec &&
				       st.st_mtim.tv_nsec == n->modified.tv_nsec))
		return;
	f = fopen(n->path, "re");
	if (!f)
		return;
	n->modified = st.st_mtim;
	forget_all(n);
	while (getline(&line, &cap, f) > 0)
		read_line(n, line);
	free(line);
	fclose(f);
}

int user_names_new(const char *passwd_path, struct user_names **ret_names)
{
	struct user_names *n = calloc(1, sizeof(*n));

	if (!n)
		return -ENOMEM;
	n->by_uid = map_new(USERS_MAX);
	if (!n->by_uid) {
		free(n);
		return -ENOMEM;
	}
	snprintf(n->path, sizeof(n->path), "%s", passwd_path);
	user_names_refresh(n);
	*ret_names = n;
	return 0;
}

void user_names_free(struct user_names *n)
{
	if (!n)
		return;
	forget_all(n);
	map_free(n->by_uid);
	free(n);
}

const char *user_names_get(struct user_names *n, uint32_t uid)
{
	const char *name = map_get_u64(n->by_uid, uid);

	if (name)
		return name;
	snprintf(n->number, sizeof(n->number), "%u", uid);
	return n->number;
}

int user_names_find(struct user_names *n, const char *name, uint32_t *ret_uid)
{
	const void *key;
	void *known;
	uint64_t uid;

	for (size_t i = 0; map_next(n->by_uid, &i, &key, NULL, &known);) {
		if (strcmp(known, name) == 0) {
			memcpy(&uid, key, sizeof(uid));
			*ret_uid = (uint32_t)uid;
			return 0;
		}
	}
	return -ENOENT;
}
