/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/custom/record.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/map.h"
#include "cloud/custom/text.h"
#include "cloud/detect/subject.h"
#include "cloud/incident/ancestry.h"
#include "cloud/incident/incident.h"

#define TEXTS_MAX (64u << 20)

/* One device's trees, for the alerts that are new. */
struct tree {
	char device[64];
	struct ancestry *ancestry;
	struct tree *next;
};

struct record {
	struct custom *custom;
	const struct custom_rule *rule;
	struct results *results;
	struct groups groups;
	struct found *found;
	struct tree *trees;
	struct arena arena;
	struct rules_info info; /* what a detection says of its rule */
	int64_t now_ns;
};

void record_free(struct record *r)
{
	if (!r)
		return;
	while (r->trees) {
		struct tree *tree = r->trees;

		r->trees = tree->next;
		ancestry_free(tree->ancestry);
		free(tree);
	}
	found_free(r->found);
	groups_done(&r->groups);
	arena_done(&r->arena);
	free(r);
}

static struct state_conn *conn_of(const struct record *r)
{
	return state_get(r->custom->options.state);
}

static int is_seen(void *arg, const struct result *row)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	const struct record *r = arg;
	int result = state_query(
	    conn_of(r), &st, NULL,
	    "SELECT 1 FROM custom_seen WHERE tenant_id = ? AND rule_id = ? AND result = ?", "sis",
	    r->rule->tenant_id, r->rule->id, row->id);

	return result < 0 ? result : state_step(st, NULL);
}

static int find_device(struct state_conn *c, const char *tenant_id, const char *name,
		       char ret_id[64], struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(c, &st, err,
			    "SELECT id FROM device WHERE tenant_id = ? AND computer_dns_name = ? "
			    "ORDER BY last_seen_ns DESC LIMIT 1",
			    "ss", tenant_id, name);

	if (r == 0)
		r = state_step(st, err);
	if (r == 1)
		snprintf(ret_id, 64, "%s", state_text(st, 0));
	return MIN(r, 0);
}

int record_resolve(struct state_conn *c, const char *tenant_id, struct results *results,
		   struct err *err)
{
	char name[64] = "", id[64] = "";
	int r = 0;

	if (!results->columns.device_is_name)
		return 0;
	for (size_t i = 0; i < results->count && r == 0; i++) {
		struct result *row = &results->list[i];

		if (strcmp(row->device, name) != 0) {
			snprintf(name, sizeof(name), "%s", row->device);
			snprintf(id, sizeof(id), "%s", row->device);
			r = find_device(c, tenant_id, name, id, err);
		}
		snprintf(row->device, sizeof(row->device), "%s", id);
	}
	return r;
}

int record_device_name(struct state_conn *c, const char *tenant_id, const char *device_id,
		       char ret_name[256], struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(c, &st, err,
			    "SELECT computer_dns_name FROM device WHERE tenant_id = ? AND id = ?",
			    "ss", tenant_id, device_id);

	if (r == 0)
		r = state_step(st, err);
	if (r >= 0)
		snprintf(ret_name, 256, "%s", r == 1 ? state_text(st, 0) : "");
	return MIN(r, 0);
}

static char *filled(const char *text, size_t max, const struct result_filling *f)
{
	_cleanup_buf_ struct buf out = BUF_INIT(1u << 20);

	if (text_fill(text, result_fill, (void *)f, max, &out) < 0)
		return NULL;
	return arena_strdup(f->arena, out.data);
}

int record_texts(const struct custom_draft *draft, const struct result_columns *columns,
		 const json_t *values, struct arena *arena, struct incident_text *ret_text)
{
	const struct result_filling filling = { columns, values, arena };
	char *title = filled(draft->title, CUSTOM_TITLE_MAX, &filling);
	char *description = filled(draft->description, CUSTOM_DESCRIPTION_MAX, &filling);

	if (description && !*description)
		description = title;
	if (description && draft->recommended)
		description = arena_printf(arena, "%s\n\n%s", description, draft->recommended);
	if (!title || !description)
		return -ENOMEM;
	*ret_text = (struct incident_text){
		.title = title,
		.description = description,
		.severity = draft->severity,
		.category = draft->category,
		.source = "CustomDetection",
	};
	return 0;
}

/* Events and ids of a group's first rows, as far as the store has them. */
static void fill_detection(const struct record *r, const struct group *g, struct detection *d)
{
	*d = (struct detection){ .rule = &r->info,
				 .custom = true,
				 .count = g->count,
				 .first_ns = g->first->time_ns,
				 .last_ns = g->last->time_ns };
	for (const struct result *row = g->first; row && d->id_count < DETECTION_IDS_MAX;
	     row = row->next) {
		struct event *e =
		    r->found ? found_get(r->found, row->device, row->report_id) : NULL;

		if (!e)
			continue;
		if (d->sample_count < DETECTION_SAMPLES_MAX)
			d->samples[d->sample_count++] = e;
		/* The event's own time: that of the result has been cut. */
		d->ids[d->id_count++] = (struct detection_id){
			row->report_id, subject_number(e, subject_columns(e->table)->time), e->table
		};
	}
	if (d->sample_count)
		subject_actor(d->samples[0], d->actor);
}

static void fill_custom(const struct record *r, const struct group *g, const struct detection *d,
			struct incident_custom *custom)
{
	char key[128];
	int n = snprintf(key, sizeof(key), "%s/%s", r->rule->detector_id, g->first->id);

	*custom = (struct incident_custom){
		.detection = d,
		.join_ns = r->rule->draft.suppress_s * NSEC_PER_SEC,
	};
	memcpy(custom->id, "da", 2);
	incident_hash(key, MIN((size_t)n, sizeof(key) - 1), custom->id + 2);
	snprintf(custom->group_key, sizeof(custom->group_key), "%s", g->key);
}

/* Which groups are new alerts, which join one, which are too many. */
static int decide(struct record *r, struct err *err)
{
	unsigned int made = 0;
	int result = 0;

	for (size_t i = 0; i < r->groups.count && result >= 0; i++) {
		const struct incident_scope scope = { r->rule->tenant_id,
						      r->groups.list[i].first->device, "" };
		struct group *g = &r->groups.list[i];
		struct incident_custom custom;
		struct detection d;

		fill_detection(r, g, &d);
		fill_custom(r, g, &d, &custom);
		result = incident_would_join(conn_of(r), &scope, &custom, err);
		g->fate = result > 0		     ? GROUP_JOINS
			  : made < CUSTOM_ALERTS_MAX ? GROUP_NEW
						     : GROUP_LEFT;
		if (i >= RECORD_GROUPS_MAX)
			g->fate = GROUP_LEFT;
		made += g->fate == GROUP_NEW;
	}
	return MIN(result, 0);
}

/* The first of each group before the second of any. */
static size_t choose_keys(const struct record *r, struct found_key *keys)
{
	size_t count = 0;

	for (unsigned int depth = 0; depth < DETECTION_SAMPLES_MAX; depth++) {
		for (size_t i = 0; i < r->groups.count; i++) {
			const struct group *g = &r->groups.list[i];
			const struct result *row = g->fate == GROUP_LEFT ? NULL : g->first;

			for (unsigned int k = 0; row && k < depth; k++)
				row = row->next;
			if (!row || !row->report_id || count == FOUND_MAX)
				continue;
			keys[count].report_id = row->report_id;
			keys[count].time_ns = row->time_ns;
			memcpy(keys[count++].device, row->device, sizeof(keys->device));
		}
	}
	return count;
}

static int load_events(struct record *r, const struct kql_query *q, struct err *err)
{
	_cleanup_free_ struct found_key *keys = calloc(FOUND_MAX, sizeof(*keys));
	size_t count;

	if (!keys)
		return err_setf(err, -ENOMEM, "out of memory");
	count = choose_keys(r, keys);
	return count ? found_load(&(struct found_question){ r->custom->options.telemetry,
							    r->rule->tenant_id, q, keys, count },
				  &r->found, err)
		     : 0;
}

static struct tree *tree_of(struct record *r, const char *device)
{
	struct tree *tree = r->trees;

	while (tree && strcmp(tree->device, device) != 0)
		tree = tree->next;
	if (tree)
		return tree;
	tree = calloc(1, sizeof(*tree));
	if (!tree || ancestry_new(r->rule->tenant_id, device, r->custom->options.lineage,
				  &tree->ancestry) < 0) {
		free(tree);
		return NULL;
	}
	snprintf(tree->device, sizeof(tree->device), "%s", device);
	tree->next = r->trees;
	r->trees = tree;
	return tree;
}

/* For each new alert whose process is known. */
static int each_actor(struct record *r, int (*want)(struct ancestry *a, const char *id))
{
	for (size_t i = 0; i < r->groups.count; i++) {
		const struct group *g = &r->groups.list[i];
		struct detection d;
		struct tree *tree;

		if (g->fate != GROUP_NEW)
			continue;
		fill_detection(r, g, &d);
		if (!d.actor[0])
			continue;
		tree = tree_of(r, g->first->device);
		if (!tree || want(tree->ancestry, d.actor) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* As for the matches of frames: a store that is away ends the run, one that is slow costs names. */
static int load_trees(struct record *r, struct err *err)
{
	struct telemetry *t = r->custom->options.telemetry;
	int result = each_actor(r, ancestry_want);

	for (struct tree *tree = r->trees; tree && result == 0; tree = tree->next)
		result = ancestry_load(tree->ancestry, t, err);
	if (result == 0)
		result = each_actor(r, ancestry_want_names);
	for (struct tree *tree = r->trees; tree && result == 0; tree = tree->next)
		result = ancestry_load_names(tree->ancestry, t, err);
	return result == -EAGAIN || result == -ENOMEM ? result : 0;
}

int record_new(struct custom *c, const struct custom_rule *rule, struct results *results,
	       const struct kql_query *q, struct record **ret_record, struct err *err)
{
	_cleanup_(record_freep) struct record *r = calloc(1, sizeof(*r));
	int result;

	if (!r)
		return err_setf(err, -ENOMEM, "out of memory");
	arena_init(&r->arena, TEXTS_MAX);
	r->custom = c;
	r->rule = rule;
	r->results = results;
	r->now_ns = clock_realtime_ns();
	r->info = (struct rules_info){ .id = rule->detector_id, .title = rule->draft.name };
	result = record_resolve(conn_of(r), rule->tenant_id, results, err);
	if (result == 0)
		result = groups_make(
		    results,
		    &(struct grouping){ rule->detector_id, rule->draft.suppress_s, is_seen, r },
		    &r->groups);
	if (result == 0)
		result = decide(r, err);
	if (result == 0)
		result = load_events(r, q, err);
	if (result == 0)
		result = load_trees(r, err);
	if (result < 0)
		return result;
	*ret_record = TAKE_PTR(r);
	return 0;
}

static enum evidence_type evidence_type_of(enum custom_kind kind)
{
	switch (kind) {
	case CUSTOM_FILE:
		return EVIDENCE_FILE;
	case CUSTOM_PROCESS:
		return EVIDENCE_PROCESS;
	case CUSTOM_ADDRESS:
		return EVIDENCE_IP;
	default:
		return EVIDENCE_USER;
	}
}

static unsigned int entities_of(struct record *r, const json_t *values,
				struct incident_entity list[CUSTOM_ENTITIES_MAX])
{
	const struct custom_draft *draft = &r->rule->draft;
	const struct result_columns *c = &r->results->columns;
	unsigned int count = 0;

	for (unsigned int i = 0; i < draft->entity_count; i++) {
		const struct custom_entity *e = &draft->entities[i];
		const struct result_filling f = { c, values, &r->arena };
		const char *value = result_fill((void *)&f, e->column, strlen(e->column));

		if (e->kind != CUSTOM_DEVICE && value)
			list[count++] =
			    (struct incident_entity){ evidence_type_of(e->kind), e->column, value };
	}
	return count;
}

static int remember(struct record *r, const struct group *g, const char *alert_id, struct err *err)
{
	int result = 0;

	for (const struct result *row = g->first; row && result == 0; row = row->next)
		result = state_exec(conn_of(r), err,
				    "INSERT INTO custom_seen VALUES (?, ?, ?, ?, ?) ON CONFLICT DO "
				    "NOTHING",
				    "sissi", r->rule->tenant_id, r->rule->id, row->id, alert_id,
				    r->now_ns);
	return result;
}

static int name_device(struct record *r, const struct group *g, const json_t *values,
		       char ret_name[256], struct err *err)
{
	const struct result_filling f = { &r->results->columns, values, &r->arena };
	int result =
	    record_device_name(conn_of(r), r->rule->tenant_id, g->first->device, ret_name, err);

	if (result == 0 && !ret_name[0])
		snprintf(ret_name, 256, "%s", result_fill((void *)&f, "DeviceName", 10) ?: "");
	return result;
}

/* 1: a new alert. */
static int write_group(struct record *r, const struct group *g, struct err *err)
{
	_cleanup_(json_decrefp) json_t *values = result_values(r->results, g->first);
	struct incident_entity entities[CUSTOM_ENTITIES_MAX];
	struct incident_custom custom;
	struct incident_scope scope = { r->rule->tenant_id, g->first->device, NULL };
	const struct tree *tree = r->trees;
	char name[256], id[INCIDENT_ALERT_ID_SIZE];
	struct detection d;
	int result = name_device(r, g, values, name, err), made;

	if (result < 0)
		return result;
	scope.device_name = name;
	fill_detection(r, g, &d);
	fill_custom(r, g, &d, &custom);
	result =
	    record_texts(&r->rule->draft, &r->results->columns, values, &r->arena, &custom.text);
	if (result < 0)
		return err_setf(err, result, "out of memory");
	custom.text.techniques = r->rule->techniques;
	custom.entities = entities;
	custom.entity_count = entities_of(r, values, entities);
	while (tree && strcmp(tree->device, g->first->device) != 0)
		tree = tree->next;
	made = incident_record_custom(conn_of(r), &scope, &custom, tree ? tree->ancestry : NULL, id,
				      err);
	if (made < 0)
		return made;
	result = remember(r, g, id, err);
	return result < 0 ? result : made;
}

int record_write(struct record *r, struct run_outcome *outcome, struct err *err)
{
	int result = 0;

	for (size_t i = 0; i < r->groups.count && result >= 0; i++) {
		const struct group *g = &r->groups.list[i];

		if (g->fate == GROUP_LEFT) {
			outcome->left += g->count;
			continue;
		}
		result = write_group(r, g, err);
		outcome->alerts += result == 1;
		outcome->joined += result == 0 ? g->count : 0;
	}
	return MIN(result, 0);
}
