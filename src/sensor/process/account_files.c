/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/account_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/map.h"

#define FILE_BYTES_MAX (8u << 20)
#define LINES_MAX 65536
#define FIELDS_MAX 9 /* of shadow; passwd has 7, group 4 */
#define FIELD_MAX 1024 /* bytes of one member's name that are compared */

enum { PASSWD, GROUP, SHADOW, FILES };

static const char *const names[FILES] = { "passwd", "group", "shadow" };

struct account_files {
	char path[FILES][256];
	char *text[FILES]; /* each line ends with NUL instead of a newline */
	size_t len[FILES];
};

/* One line's fields, which are not NUL-terminated. */
struct line {
	const char *field[FIELDS_MAX];
	size_t len[FIELDS_MAX];
	size_t count;
};

struct comparison {
	struct account_files *files;
	unsigned int which;
	struct map *before; /* name -> line, of the earlier text */
	account_event_fn fn;
	void *arg;
};

static void split(const char *text, struct line *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (const char *end; ret->count < FIELDS_MAX; text = end + 1) {
		end = strchrnul(text, ':');
		ret->field[ret->count] = text;
		ret->len[ret->count++] = (size_t)(end - text);
		if (!*end)
			break;
	}
}

/* Lines that an account or a group has; there are others, as of NIS. */
static bool is_entry(const struct line *l)
{
	return l->count >= 3 && l->len[0];
}

static bool is_same(const struct line *a, const struct line *b, size_t field)
{
	return a->len[field] == b->len[field] &&
	       (!a->len[field] || memcmp(a->field[field], b->field[field], a->len[field]) == 0);
}

static uint32_t number(const struct line *l, size_t field)
{
	char text[16], *end;
	unsigned long n;

	if (field >= l->count || !l->len[field] || l->len[field] >= sizeof(text))
		return UINT32_MAX;
	memcpy(text, l->field[field], l->len[field]);
	text[l->len[field]] = '\0';
	n = strtoul(text, &end, 10);
	return *end || n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

static void tell(const struct comparison *c, enum account_change change, const struct line *l,
		 const char *account, size_t account_len, const char *what)
{
	char name[256], group[256];
	struct account_event e = { .change = change, .account = name, .group = group, .what = what,
				   .uid = UINT32_MAX, .gid = UINT32_MAX };

	snprintf(name, sizeof(name), "%.*s", (int)account_len, account);
	snprintf(group, sizeof(group), "%.*s", c->which == GROUP ? (int)l->len[0] : 0, l->field[0]);
	if (c->which == PASSWD) {
		e.uid = number(l, 2);
		e.gid = number(l, 3);
	}
	if (c->which == GROUP)
		e.gid = number(l, 2);
	c->fn(c->arg, &e);
}

static bool has_member(const struct line *l, const char *member, size_t len)
{
	const char *at = l->count > 3 ? l->field[3] : "", *end = at + (l->count > 3 ? l->len[3] : 0);

	while (at < end) {
		const char *stop = memchr(at, ',', (size_t)(end - at)) ?: end;

		if ((size_t)(stop - at) == len && memcmp(at, member, len) == 0)
			return true;
		at = stop + 1;
	}
	return false;
}

/* Members of one that the other has not; other is nullable. */
static void tell_members(const struct comparison *c, const struct line *l, const struct line *other,
			 enum account_change change)
{
	const char *at = l->count > 3 ? l->field[3] : "", *end = at + (l->count > 3 ? l->len[3] : 0);

	while (at < end) {
		const char *stop = memchr(at, ',', (size_t)(end - at)) ?: end;
		size_t len = (size_t)(stop - at);

		if (len && len < FIELD_MAX && !(other && has_member(other, at, len)))
			tell(c, change, l, at, len, "");
		at = stop + 1;
	}
}

static void tell_difference(const struct comparison *c, const struct line *l, const struct line *old)
{
	static const char *const fields[] = { "name", "password", "uid", "gid", "comment", "home", "shell" };
	char what[128] = "";

	if (c->which == GROUP) {
		tell_members(c, l, old, ACCOUNT_MEMBER_ADDED);
		tell_members(c, old, l, ACCOUNT_MEMBER_REMOVED);
		return;
	}
	for (size_t i = 1; i < ARRAY_SIZE(fields); i++) {
		size_t used = strlen(what);

		if (!is_same(l, old, i) && (c->which == PASSWD || i == 1))
			snprintf(what + used, sizeof(what) - used, "%s%s", used ? "," : "", fields[i]);
	}
	/* The other fields of shadow: how long a password is good, and the account. */
	if (c->which == SHADOW && !what[0])
		snprintf(what, sizeof(what), "expiry");
	tell(c, ACCOUNT_MODIFIED, l, l->field[0], l->len[0], what);
}

static void compare_line(const struct comparison *c, const char *text)
{
	struct line l, old;
	const char *before;

	split(text, &l);
	if (!is_entry(&l))
		return;
	before = map_remove(c->before, l.field[0], l.len[0]);
	if (before && strcmp(before, text) == 0)
		return;
	if (before) {
		split(before, &old);
		tell_difference(c, &l, &old);
	} else if (c->which == PASSWD) {
		tell(c, ACCOUNT_CREATED, &l, l.field[0], l.len[0], "");
	} else if (c->which == GROUP) {
		tell(c, ACCOUNT_GROUP_CREATED, &l, "", 0, "");
		tell_members(c, &l, NULL, ACCOUNT_MEMBER_ADDED);
	}
}

static void tell_gone(const struct comparison *c)
{
	void *text;

	for (size_t i = 0; map_next(c->before, &i, NULL, NULL, &text);) {
		struct line l;

		split(text, &l);
		if (c->which == PASSWD)
			tell(c, ACCOUNT_DELETED, &l, l.field[0], l.len[0], "");
		else if (c->which == GROUP)
			tell(c, ACCOUNT_GROUP_DELETED, &l, "", 0, "");
	}
}

/* The text with NUL for newlines. */
static int read_text(const char *path, char **ret_text, size_t *ret_len)
{
	int r = file_read(path, FILE_BYTES_MAX, ret_text, ret_len, NULL);

	for (size_t i = 0; r == 0 && i < *ret_len; i++) {
		if ((*ret_text)[i] == '\n')
			(*ret_text)[i] = '\0';
	}
	return r;
}

static int index_before(const struct account_files *f, unsigned int which, struct map *before)
{
	const char *at = f->text[which], *end = at ? at + f->len[which] : NULL;

	for (; at < end; at += strlen(at) + 1) {
		struct line l;
		int r;

		split(at, &l);
		if (!is_entry(&l) || map_get(before, at, l.len[0]))
			continue;
		r = map_put(before, at, l.len[0], (void *)at, NULL);
		if (r < 0)
			return r;
	}
	return 0;
}

static void compare(struct comparison *c, const char *text, size_t len)
{
	if (index_before(c->files, c->which, c->before) < 0)
		return;
	for (const char *at = text; at < text + len; at += strlen(at) + 1)
		compare_line(c, at);
	tell_gone(c);
}

static int which_of(const struct account_files *f, const char *path, size_t len)
{
	for (int i = 0; i < FILES; i++) {
		if (strlen(f->path[i]) == len && memcmp(f->path[i], path, len) == 0)
			return i;
	}
	return -ENOENT;
}

bool account_files_have(const struct account_files *f, const char *path, size_t len)
{
	return which_of(f, path, len) >= 0;
}

void account_files_read(struct account_files *f, const char *path, size_t len, account_event_fn fn,
			void *arg)
{
	int which = which_of(f, path, len);
	_cleanup_(map_freep) struct map *before = map_new(LINES_MAX);
	struct comparison c = { f, (unsigned int)which, before, fn, arg };
	_cleanup_free_ char *text = NULL;
	size_t size;

	/* An empty one is being written anew. */
	if (which < 0 || !before || read_text(f->path[which], &text, &size) < 0 || !size)
		return;
	compare(&c, text, size);
	free(f->text[which]);
	f->text[which] = TAKE_PTR(text);
	f->len[which] = size;
}

int account_files_new(const char *etc, struct account_files **ret_files)
{
	struct account_files *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	for (int i = 0; i < FILES; i++) {
		snprintf(f->path[i], sizeof(f->path[i]), "%s/%s", etc, names[i]);
		(void)read_text(f->path[i], &f->text[i], &f->len[i]);
	}
	*ret_files = f;
	return 0;
}

void account_files_free(struct account_files *f)
{
	if (!f)
		return;
	for (int i = 0; i < FILES; i++)
		free(f->text[i]);
	free(f);
}
