/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_exclusions.c - what a list of exclusions may hold: the reference's kinds and Vakt's own
 */
#include <string.h>

#include "base/config.h"
#include "base/jdoc.h"

const struct config_exclusion_kind config_exclusion_kinds[CONFIG_EXCLUSION_KINDS] = {
	[CONFIG_EXCLUDED_PATH] = { "excludedPath", "path" },
	[CONFIG_EXCLUDED_EXTENSION] = { "excludedFileExtension", "extension" },
	[CONFIG_EXCLUDED_PROCESS] = { "excludedFileName", "name" },
	[CONFIG_EXCLUDED_USER] = { "excludedUser", "user" },
	[CONFIG_EXCLUDED_CONTAINER] = { "excludedContainer", "container" },
};

int config_exclusion_kind(const struct jdoc *exclusion)
{
	const struct jdoc *type = jdoc_member(exclusion, "$type");

	for (int i = 0; type && type->type == JDOC_TEXT && i < CONFIG_EXCLUSION_KINDS; i++)
		if (strcmp(type->text, config_exclusion_kinds[i].type) == 0)
			return i;
	return -1;
}

static bool is_exclusion(const struct jdoc *d)
{
	const struct jdoc *what, *scopes;
	int kind;

	if (d->type != JDOC_OBJECT)
		return false;
	kind = config_exclusion_kind(d);
	if (kind < 0)
		return false;
	what = jdoc_member(d, config_exclusion_kinds[kind].member);
	scopes = jdoc_member(d, "scopes");
	return what && what->type == JDOC_TEXT && *what->text &&
	       strlen(what->text) < CONFIG_EXCLUSION_SIZE && (!scopes || scopes->type == JDOC_LIST);
}

bool config_are_exclusions(const struct jdoc *d)
{
	unsigned int count = 0;

	if (d->type != JDOC_LIST)
		return false;
	for (const struct jdoc *e = d->first; e; e = e->next)
		if (++count > CONFIG_EXCLUSIONS_MAX || !is_exclusion(e))
			return false;
	return true;
}
