/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/exclusions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/jdoc.h"

struct exclusion {
	int kind; /* enum config_excluded */
	char text[CONFIG_EXCLUSION_SIZE + 2]; /* of a folder with the wildcard behind it */
	bool inherited;
	uint32_t uid;
	uint64_t noted;
};

struct exclusions {
	size_t count;
	struct exclusion list[CONFIG_EXCLUSIONS_MAX];
};

/*
 * "?" is one character, "*" any number: within one folder, but at the end whatever follows. Where a
 * part of the pattern fails only the last "*" need be tried again: a "/" ends what one may take.
 */
static bool matches(const char *pattern, const char *text)
{
	const char *star = NULL, *again = NULL;

	while (*text) {
		if (pattern[0] == '*' && !pattern[1])
			return true;
		if (*pattern == '*') {
			star = pattern++;
			again = text;
		} else if (*pattern == *text || (*pattern == '?' && *text != '/')) {
			pattern++;
			text++;
		} else if (star && *again != '/') {
			pattern = star + 1;
			text = ++again;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}

static bool is_global(const struct jdoc *d)
{
	const struct jdoc *scopes = jdoc_member(d, "scopes");

	for (const struct jdoc *s = scopes ? scopes->first : NULL; s; s = s->next)
		if (s->type == JDOC_TEXT && strcmp(s->text, "global") == 0)
			return true;
	return false;
}

static bool flag(const struct jdoc *d, const char *name)
{
	const struct jdoc *m = jdoc_member(d, name);

	return m && m->type == JDOC_BOOL && m->boolean;
}

static uint32_t find_uid(struct user_names *users, const char *name)
{
	uint32_t uid;
	char *end;

	if (user_names_find(users, name, &uid) == 0)
		return uid;
	uid = (uint32_t)strtoul(name, &end, 10);
	return *end ? UINT32_MAX : uid;
}

static void add(struct exclusions *x, const struct jdoc *d, struct user_names *users)
{
	struct exclusion *e = &x->list[x->count];
	const char *text;

	e->kind = config_exclusion_kind(d);
	text = jdoc_member(d, config_exclusion_kinds[e->kind].member)->text;
	if (e->kind == CONFIG_EXCLUDED_EXTENSION && *text == '.')
		text++;
	snprintf(e->text, sizeof(e->text), "%s", text);
	e->inherited = flag(d, "inherit");
	if (e->kind == CONFIG_EXCLUDED_USER)
		e->uid = find_uid(users, text);
	if (e->kind == CONFIG_EXCLUDED_PATH && flag(d, "isDirectory")) {
		size_t len = strlen(e->text);

		while (len && e->text[len - 1] == '/')
			len--;
		strcpy(e->text + len, "/*");
	}
	x->count++;
}

int exclusions_new(const char *json, struct user_names *users, struct exclusions **ret_exclusions)
{
	struct exclusions *x = calloc(1, sizeof(*x));
	const struct jdoc *list;
	struct arena arena;

	if (!x)
		return -ENOMEM;
	arena_init(&arena, 4 * CONFIG_FILE_MAX);
	if (jdoc_parse(&arena, json, strlen(json), &list, NULL) == 0 && config_are_exclusions(list)) {
		for (const struct jdoc *d = list->first; d; d = d->next)
			if (is_global(d))
				add(x, d, users);
	}
	arena_done(&arena);
	*ret_exclusions = x;
	return 0;
}

void exclusions_free(struct exclusions *x)
{
	free(x);
}

size_t exclusions_count(const struct exclusions *x)
{
	return x ? x->count : 0;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int exclusions_find_process(const struct exclusions *x, const char *path, const char *container)
{
	for (size_t i = 0; i < exclusions_count(x); i++) {
		const struct exclusion *e = &x->list[i];

		if (e->kind == CONFIG_EXCLUDED_PROCESS &&
		    matches(e->text, strchr(e->text, '/') ? path : base_name(path)))
			return (int)i;
		/* A container may be named by the beginning of its id, as its runtime prints it. */
		if (e->kind == CONFIG_EXCLUDED_CONTAINER && *container &&
		    strncmp(container, e->text, strlen(e->text)) == 0)
			return (int)i;
	}
	return -1;
}

int exclusions_find_user(const struct exclusions *x, uint32_t uid)
{
	for (size_t i = 0; i < exclusions_count(x); i++)
		if (x->list[i].kind == CONFIG_EXCLUDED_USER && x->list[i].uid == uid &&
		    uid != UINT32_MAX)
			return (int)i;
	return -1;
}

int exclusions_find_file(const struct exclusions *x, const char *path)
{
	const char *dot = strrchr(base_name(path), '.');

	for (size_t i = 0; i < exclusions_count(x); i++) {
		const struct exclusion *e = &x->list[i];

		if ((e->kind == CONFIG_EXCLUDED_PATH && matches(e->text, path)) ||
		    (e->kind == CONFIG_EXCLUDED_EXTENSION && dot && strcmp(dot + 1, e->text) == 0))
			return (int)i;
	}
	return -1;
}

bool exclusions_inherited(const struct exclusions *x, int i)
{
	return x->list[i].inherited || x->list[i].kind == CONFIG_EXCLUDED_CONTAINER;
}

void exclusions_note(struct exclusions *x, int i)
{
	x->list[i].noted++;
}

uint64_t exclusions_noted(const struct exclusions *x, int i)
{
	return x->list[i].noted;
}

void exclusions_describe(const struct exclusions *x, int i, struct buf *out)
{
	static const char *const words[CONFIG_EXCLUSION_KINDS] = {
		"path", "extension", "process", "user", "container"
	};
	const struct exclusion *e = &x->list[i];

	buf_printf(out, "%s %s%s", words[e->kind], e->text,
		   e->inherited && e->kind == CONFIG_EXCLUDED_PROCESS ? " and what it starts" : "");
}
