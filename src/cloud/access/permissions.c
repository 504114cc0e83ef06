/* SPDX-License-Identifier: Apache-2.0 */
/*
 * permissions.c - answers from the access table; the table itself stands in permissions.h
 */
#include <string.h>

#include "cloud/access/access.h"

static const struct {
	const char *name;
	unsigned int roles;
	const char *apps;
} table[] = {
#define X(name, roles_, apps_) [ACCESS_PERMISSION_##name] = { #name, roles_, apps_ },
	ACCESS_PERMISSIONS(X)
#undef X
};

static bool list_has(const char *list, const char *word, size_t len)
{
	for (const char *p = list; *p;) {
		size_t n = strcspn(p, " ");

		if (n == len && !memcmp(p, word, len))
			return true;
		p += n + strspn(p + n, " ");
	}
	return false;
}

bool access_allows(const struct access_identity *id, enum access_permission permission)
{
	if (permission == ACCESS_PERMISSION_ANONYMOUS)
		return true;
	if (!id || permission <= ACCESS_PERMISSION_NONE || permission >= ARRAY_SIZE(table))
		return false;
	if (id->roles & table[permission].roles)
		return true;
	for (const char *p = id->app_permissions; *p;) {
		size_t n = strcspn(p, " ");

		if (n > 0 && list_has(table[permission].apps, p, n))
			return true;
		p += n + strspn(p + n, " ");
	}
	return false;
}

const char *access_role_name(enum access_role role)
{
	switch (role) {
#define X(name, text)                                                                              \
	case ACCESS_##name:                                                                        \
		return text;
		ACCESS_ROLES(X)
#undef X
	}
	return "";
}

const char *access_permission_name(enum access_permission permission)
{
	return permission < ARRAY_SIZE(table) && table[permission].name ? table[permission].name
									: "";
}

const char *const access_role_names[] = {
#define X(name, text) text,
	ACCESS_ROLES(X)
#undef X
	    NULL,
};

unsigned int access_role_of(const char *name)
{
	for (unsigned int i = 0; access_role_names[i]; i++)
		if (strcmp(access_role_names[i], name) == 0)
			return 1U << i;
	return 0;
}

bool access_app_permission_known(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].apps && list_has(table[i].apps, name, strlen(name)))
			return true;
	return false;
}

unsigned int access_permission_roles(enum access_permission permission)
{
	return permission < ARRAY_SIZE(table) ? table[permission].roles : 0;
}

const char *access_permission_apps(enum access_permission permission)
{
	return permission < ARRAY_SIZE(table) && table[permission].apps ? table[permission].apps
									: "";
}
