/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule_text.c - a Sigma rule's text as the beginning of a rule of one's own
 *
 * What is answered has ids of its own, so that it stands beside the rule it was copied from once it
 * lies in the operator's folder. Nothing is written here.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/hex.h"
#include "cloud/api/handlers.h"

#define RULE_TEXT_MAX (1u << 20)
#define ID_KEY "id: "

struct place {
	const char *id;
	char path[4096];
};

static void find(void *arg, const struct detect_rule *rule)
{
	struct place *place = arg;

	if (strcmp(rule->info->id, place->id) == 0)
		snprintf(place->path, sizeof(place->path), "%s", rule->info->file);
}

/* Every mention, so that what refers to the rule within its file goes with it. */
static void replace_all(char *text, const char *old, const char *new)
{
	for (char *at = strstr(text, old); at; at = strstr(at + UUID_TEXT_SIZE - 1, old))
		memcpy(at, new, UUID_TEXT_SIZE - 1);
}

static void give_new_ids(char *text)
{
	for (char *line = text; line; line = strchr(line, '\n')) {
		char old[UUID_TEXT_SIZE], new[UUID_TEXT_SIZE];

		line += *line == '\n';
		if (strncmp(line, ID_KEY, strlen(ID_KEY)) != 0)
			continue;
		line += strlen(ID_KEY);
		if (strspn(line, "0123456789abcdefABCDEF-") != UUID_TEXT_SIZE - 1)
			continue;
		snprintf(old, sizeof(old), "%s", line);
		uuid_random(new);
		replace_all(text, old, new);
	}
}

int api_rules_text(struct http_request *req, struct http_response *res, void *arg)
{
	struct place place = { .id = http_request_param(req, "id") };
	_cleanup_free_ char *text = NULL;
	struct api *a = arg;
	const char *slash;
	size_t len;
	int r;

	detect_each_rule(a->detect, find, &place);
	if (!place.path[0])
		return api_errorf(req, res, 404, "ResourceNotFound", "There is no rule %s.",
				  place.id);
	r = file_read(place.path, RULE_TEXT_MAX, &text, &len, NULL);
	/* It was taken away since it was loaded. */
	if (r == -ENOENT)
		return api_errorf(req, res, 404, "ResourceNotFound", "The rule's file is gone.");
	if (r < 0)
		return r;
	give_new_ids(text);
	slash = strrchr(place.path, '/');
	return api_send(
	    res, 200,
	    json_pack("{s:s,s:s}", "fileName", slash ? slash + 1 : place.path, "text", text));
}
