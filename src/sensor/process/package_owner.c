/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/package_owner.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/fd.h"
#include "sensor/process/package_index.h"

#define STATUS_MAX_BYTES (64u << 20)
#define LIST_MAX_BYTES (16u << 20)
#define DIVERSIONS_MAX 1024
#define ANSWERS 512 /* a power of two */
/* A tick may take this long; the clock is looked at every so many files. */
#define STEP_NS (2 * NSEC_PER_MSEC)
#define STEP_FILES 256

static const char *const merged_folders[] = { "/bin/",	 "/sbin/",   "/lib/",
					      "/lib32/", "/lib64/", "/libx32/" };

/* What nothing is ever started from: more than a third of all files. */
static const char *const left_out[] = {
	"/usr/include/",       "/usr/share/doc/",      "/usr/share/man/",  "/usr/share/locale/",
	"/usr/share/zoneinfo/", "/usr/share/lintian/", "/usr/share/icons/", "/usr/share/info/",
};

struct diversion {
	const char *from, *to, *package;
	size_t from_len;
};

struct diversions {
	char *text; /* what the entries point into */
	struct diversion entries[DIVERSIONS_MAX];
	size_t count;
};

/* An executable is started again and again: its path need not be looked at each time. */
struct answer {
	uint64_t hash, inode;
	const char *name; /* NULL: no answer kept here */
};

struct package_owner {
	char root[256], status_path[320];
	bool merged[ARRAY_SIZE(merged_folders)];
	struct stat seen;
	struct package_index *index;   /* in force; NULL: nothing is installed by packages */
	struct package_index *building; /* NULL: the index in force is that of the database */
	struct diversions *diversions; /* while building */
	size_t next;                   /* the package whose list is read */
	char *list, *line;             /* that list, and how far it is read; NULL: not yet */
	struct answer answers[ANSWERS]; /* by the index in force */
};

static void replace_index(struct package_owner *o, struct package_index *index)
{
	package_index_free(o->index);
	o->index = index;
	memset(o->answers, 0, sizeof(o->answers));
}

static void stop_building(struct package_owner *o)
{
	package_index_free(TAKE_PTR(o->building));
	if (o->diversions)
		free(o->diversions->text);
	free(TAKE_PTR(o->diversions));
	free(TAKE_PTR(o->list));
	o->line = NULL;
	o->next = 0;
}

/* A folder of the root that is a link into /usr. */
static bool is_merged(const struct package_owner *o, const char *folder)
{
	char path[320], target[64];
	ssize_t n;

	snprintf(path, sizeof(path), "%s%.*s", o->root, (int)(strlen(folder) - 1), folder);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = '\0';
	return strncmp(target, "usr/", 4) == 0 || strncmp(target, "/usr/", 5) == 0;
}

/* The file's hash under the name that the kernel knows it by. */
static uint64_t hash_path(const struct package_owner *o, const char *path, size_t len)
{
	char merged[4200];

	for (size_t i = 0; i < ARRAY_SIZE(merged_folders); i++) {
		size_t n = strlen(merged_folders[i]);

		if (!o->merged[i] || len <= n || len >= 4096 || memcmp(path, merged_folders[i], n) != 0)
			continue;
		memcpy(merged, "/usr", 4);
		memcpy(merged + 4, path, len);
		return XXH3_64bits(merged, len + 4);
	}
	return XXH3_64bits(path, len);
}

static bool is_left_out(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(left_out); i++)
		if (strncmp(path, left_out[i], strlen(left_out[i])) == 0)
			return true;
	return false;
}

/* Where dpkg has really put the path of a package. */
static const char *divert(const struct diversions *d, const char *path, size_t len,
			  const char *package)
{
	for (size_t i = 0; d && i < d->count; i++) {
		const struct diversion *e = &d->entries[i];

		if (e->from_len == len && memcmp(e->from, path, len) == 0 &&
		    strcmp(e->package, package) != 0)
			return e->to;
	}
	return path;
}

/* Triples of lines: from, to, the package that is not diverted (":" for none). */
static struct diversions *read_diversions(const struct package_owner *o)
{
	struct diversions *d = calloc(1, sizeof(*d));
	char path[320], *save = NULL, *line;

	if (!d)
		return NULL;
	snprintf(path, sizeof(path), "%s/var/lib/dpkg/diversions", o->root);
	if (file_read(path, LIST_MAX_BYTES, &d->text, NULL, NULL) < 0)
		return d;
	line = strtok_r(d->text, "\n", &save);
	while (line && d->count < DIVERSIONS_MAX) {
		struct diversion *e = &d->entries[d->count];

		e->from = line;
		e->from_len = strlen(line);
		e->to = strtok_r(NULL, "\n", &save);
		e->package = strtok_r(NULL, "\n", &save);
		if (!e->to || !e->package)
			break;
		d->count++;
		line = strtok_r(NULL, "\n", &save);
	}
	return d;
}

/* The value of a field in a paragraph of status; false where it is missing. */
static bool field(const char *paragraph, const char *name, char *dst, size_t size)
{
	size_t len = strlen(name);

	for (const char *p = paragraph; p && *p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (strncmp(p, name, len) != 0 || p[len] != ':')
			continue;
		p += len + 1;
		p += strspn(p, " ");
		return snprintf(dst, size, "%.*s", (int)strcspn(p, "\n"), p) < (int)size;
	}
	return false;
}

static int add_package(struct package_index *index, const char *paragraph)
{
	char name[256], version[256], status[128], arch[64];

	if (!field(paragraph, "Package", name, sizeof(name)) ||
	    !field(paragraph, "Status", status, sizeof(status)) ||
	    !field(paragraph, "Version", version, sizeof(version)) ||
	    !field(paragraph, "Architecture", arch, sizeof(arch)))
		return 0;
	/* "want error status": only what has files. */
	if (strstr(status, " not-installed") || strstr(status, " config-files"))
		return 0;
	return package_index_add_package(index, name, version, arch);
}

static int read_status(const struct package_owner *o, struct package_index *index)
{
	_cleanup_free_ char *text = NULL;
	char *paragraph, *end;
	int r = file_read(o->status_path, STATUS_MAX_BYTES, &text, NULL, NULL);

	for (paragraph = r < 0 ? NULL : text; paragraph && *paragraph && r == 0; paragraph = end) {
		end = strstr(paragraph, "\n\n");
		if (end) {
			*end = '\0';
			end += 2;
		}
		r = add_package(index, paragraph);
	}
	return r;
}

static int start_building(struct package_owner *o)
{
	int r = package_index_new(&o->building);

	if (r == 0)
		r = read_status(o, o->building);
	if (r == 0) {
		o->diversions = read_diversions(o);
		r = o->diversions ? 0 : -ENOMEM;
	}
	if (r < 0)
		stop_building(o);
	return r;
}

/* dpkg writes "name:arch.list" for packages that can be there for several architectures. */
static int read_list(const struct package_owner *o, size_t package, char **ret_text)
{
	const char *name = package_index_name(o->building, package);
	char path[1024];

	snprintf(path, sizeof(path), "%s/var/lib/dpkg/info/%s.list", o->root, name);
	if (file_read(path, LIST_MAX_BYTES, ret_text, NULL, NULL) == 0)
		return 0;
	snprintf(path, sizeof(path), "%s/var/lib/dpkg/info/%s:%s.list", o->root, name,
		 package_index_architecture(o->building, package));
	return file_read(path, LIST_MAX_BYTES, ret_text, NULL, NULL);
}

static int add_file(struct package_owner *o, const char *line, size_t len, const char *behind)
{
	const char *path;

	/* A folder stands before what is in it. */
	if (strncmp(behind, line, len) == 0 && behind[len] == '/')
		return 0;
	if (!len || is_left_out(line))
		return 0;
	path = divert(o->diversions, line, len, package_index_name(o->building, o->next));
	return package_index_add_file(o->building, hash_path(o, path, strlen(path)), o->next);
}

/* Some files of the list under work, or goes on to the next list. */
static int build_some(struct package_owner *o)
{
	int r = 0;

	/* A package without a list has no files. */
	if (!o->list && read_list(o, o->next, &o->list) < 0) {
		o->next++;
		return 0;
	}
	if (!o->line)
		o->line = o->list;
	for (int i = 0; i < STEP_FILES && *o->line && r == 0; i++) {
		char *line = o->line;
		size_t len = strcspn(line, "\n");

		o->line += len + (line[len] != '\0');
		line[len] = '\0';
		r = add_file(o, line, len, o->line);
	}
	if (!*o->line) {
		free(TAKE_PTR(o->list));
		o->line = NULL;
		o->next++;
	}
	return r;
}

static void build(struct package_owner *o, int64_t deadline_ns)
{
	while (o->next < package_index_packages(o->building)) {
		if (build_some(o) < 0) {
			stop_building(o);
			return;
		}
		if (clock_monotonic_ns() >= deadline_ns)
			return;
	}
	replace_index(o, TAKE_PTR(o->building));
	stop_building(o);
}

static bool database_changed(struct package_owner *o)
{
	struct stat now;

	if (stat(o->status_path, &now) < 0)
		memset(&now, 0, sizeof(now));
	if (now.st_ino == o->seen.st_ino && now.st_size == o->seen.st_size &&
	    now.st_mtim.tv_sec == o->seen.st_mtim.tv_sec &&
	    now.st_mtim.tv_nsec == o->seen.st_mtim.tv_nsec)
		return false;
	o->seen = now;
	return true;
}

static void tick(struct package_owner *o, int64_t deadline_ns)
{
	if (database_changed(o)) {
		stop_building(o);
		if (!o->seen.st_ino)
			replace_index(o, NULL);
		else
			(void)start_building(o);
	}
	if (o->building)
		build(o, deadline_ns);
}

void package_owner_tick(struct package_owner *o)
{
	tick(o, clock_monotonic_ns() + STEP_NS);
}

int package_owner_new(const char *root, struct package_owner **ret_owner)
{
	struct package_owner *o = calloc(1, sizeof(*o));

	if (!o)
		return -ENOMEM;
	if (snprintf(o->root, sizeof(o->root), "%s", root) >= (int)sizeof(o->root)) {
		free(o);
		return -ENAMETOOLONG;
	}
	snprintf(o->status_path, sizeof(o->status_path), "%s/var/lib/dpkg/status", root);
	for (size_t i = 0; i < ARRAY_SIZE(merged_folders); i++)
		o->merged[i] = is_merged(o, merged_folders[i]);
	tick(o, INT64_MAX);
	*ret_owner = o;
	return 0;
}

void package_owner_free(struct package_owner *o)
{
	if (!o)
		return;
	stop_building(o);
	package_index_free(o->index);
	free(o);
}

const char *package_owner_find(struct package_owner *o, const char *path, uint64_t inode)
{
	uint64_t hash = hash_path(o, path, strlen(path));
	struct answer *kept = &o->answers[(hash ^ inode) & (ANSWERS - 1)];
	const char *name = o->index ? package_index_find(o->index, hash) : NULL;
	char below[4200];
	struct stat st;

	if (!name)
		return "";
	if (kept->name && kept->hash == hash && kept->inode == inode)
		return kept->name;
	if (snprintf(below, sizeof(below), "%s%s", o->root, path) >= (int)sizeof(below) ||
	    stat(below, &st) < 0 || st.st_ino != inode)
		return "";
	*kept = (struct answer){ hash, inode, name };
	return name;
}

void package_owner_get_stats(const struct package_owner *o, struct package_owner_stats *ret_stats)
{
	memset(ret_stats, 0, sizeof(*ret_stats));
	if (o->index)
		package_index_get_stats(o->index, ret_stats);
}
