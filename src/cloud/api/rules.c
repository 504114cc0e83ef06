/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules.c - which rules are in use, and which of them ever match
 *
 * For whoever keeps the rules: one that floods, one that never matched. Counts are of the whole
 * control plane, not of one tenant, so only those who run it may read them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/api/events.h"
#include "cloud/api/handlers.h"
#include "cloud/incident/classify.h"

#define RULES_SHOWN_MAX 5000 /* as answers.toml says */

struct row {
	uint64_t matches;
	json_t *json; /* owned; NULL: out of memory */
};

struct rows {
	struct row *rows;
	size_t count, room;
};

static void add_rule(void *arg, const struct detect_rule *rule)
{
	struct rows *list = arg;
	const struct rules_info *info = rule->info;

	/* Rules that came since they were counted wait for the next question. */
	if (list->count == list->room)
		return;
	list->rows[list->count++] = (struct row){
		rule->matches,
		json_pack("{s:s,s:s,s:s,s:s,s:b,s:I,s:o}", "id", info->id, "title", info->title,
			  "level", rules_level_name(info->level), "severity",
			  classify_severity(info->level), "custom", rule->custom, "matches",
			  (json_int_t)rule->matches, "lastMatchTime",
			  event_time(rule->last_match_ns)),
	};
}

static int compare(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->matches != y->matches)
		return x->matches < y->matches ? 1 : -1;
	return strcmp(json_string_value(json_object_get(x->json, "title")) ?: "",
		      json_string_value(json_object_get(y->json, "title")) ?: "");
}

/* Takes what the rows own; NULL where memory is short. */
static json_t *make_list(struct rows *list)
{
	json_t *value = json_array();
	bool whole = value;

	qsort(list->rows, list->count, sizeof(*list->rows), compare);
	for (size_t i = 0; i < list->count; i++) {
		if (i >= RULES_SHOWN_MAX)
			json_decref(list->rows[i].json);
		else
			whole = json_array_append_new(value, list->rows[i].json) == 0 && whole;
	}
	if (whole)
		return value;
	json_decref(value);
	return NULL;
}

int api_rules(struct http_request *req _unused_, struct http_response *res, void *arg)
{
	struct api *a = arg;
	struct detect_stats stats;
	struct rows list = { 0 };
	json_t *value;

	detect_get_stats(a->detect, &stats);
	list.room = stats.rules;
	list.rows = calloc(list.room + 1, sizeof(*list.rows));
	if (!list.rows)
		return -ENOMEM;
	detect_each_rule(a->detect, add_rule, &list);
	value = make_list(&list);
	free(list.rows);
	return api_send(res, 200,
			json_pack("{s:o,s:I,s:I,s:o}", "since", event_time(stats.since_ns), "total",
				  (json_int_t)stats.rules, "refused", (json_int_t)stats.refused,
				  "value", value));
}
