/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/detect/detection.h"

#include <errno.h>
#include <stdlib.h>

#include "base/map.h"
#include "cloud/detect/subject.h"

struct detections {
	struct detection *entries[2 * DETECTIONS_MAX]; /* the second half: one for all processes */
	size_t count;
	struct map *by_key;
};

struct key {
	const struct rules_info *rule;
	char actor[EVENT_UNIQUE_ID_SIZE];
};

int detections_new(struct detections **ret_list)
{
	_cleanup_(detections_freep) struct detections *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->by_key = map_new(2 * DETECTIONS_MAX);
	if (!l->by_key)
		return -ENOMEM;
	*ret_list = TAKE_PTR(l);
	return 0;
}

void detections_free(struct detections *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->count; i++) {
		for (unsigned int s = 0; s < l->entries[i]->sample_count; s++)
			free(l->entries[i]->samples[s]);
		free(l->entries[i]);
	}
	map_free(l->by_key);
	free(l);
}

static int find_entry(struct detections *l, const struct key *key, struct detection **ret_entry)
{
	struct detection *d = map_get(l->by_key, key, sizeof(*key));
	int r;

	if (d) {
		*ret_entry = d;
		return 0;
	}
	if (l->count >= DETECTIONS_MAX && key->actor[0]) {
		struct key all;

		memset(&all, 0, sizeof(all)); /* padding is part of the key */
		all.rule = key->rule;
		return find_entry(l, &all, ret_entry);
	}
	if (l->count == ARRAY_SIZE(l->entries))
		return -ENOSPC;
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	r = map_put(l->by_key, key, sizeof(*key), d, NULL);
	if (r < 0) {
		free(d);
		return r;
	}
	d->rule = key->rule;
	memcpy(d->actor, key->actor, sizeof(d->actor));
	l->entries[l->count++] = d;
	*ret_entry = d;
	return 0;
}

static void keep_id(struct detection *d, const struct event *e, int64_t time,
		    const struct subject_columns *columns)
{
	if (d->id_count == DETECTION_IDS_MAX)
		return;
	d->ids[d->id_count++] = (struct detection_id){
		.report_id = subject_number(e, columns->report_id),
		.time_ns = time,
		.table = e->table,
	};
}

static int keep_sample(struct detection *d, const struct event *e)
{
	struct event *copy;

	if (d->sample_count == DETECTION_SAMPLES_MAX)
		return 0;
	copy = malloc(sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	*copy = *e;
	d->samples[d->sample_count++] = copy;
	return 0;
}

int detections_add(struct detections *l, const struct detection_rule *rule, const struct event *e)
{
	const struct subject_columns *columns = subject_columns(e->table);
	struct detection *d;
	struct key key;
	int64_t time;
	int r;

	if (!columns)
		return 0;
	memset(&key, 0, sizeof(key));
	key.rule = rule->info;
	subject_actor(e, key.actor);
	r = find_entry(l, &key, &d);
	if (r == 0)
		r = keep_sample(d, e);
	if (r < 0)
		return r;
	time = subject_number(e, columns->time);
	keep_id(d, e, time, columns);
	d->level = rule->level;
	d->custom = rule->custom;
	d->first_ns = d->count ? MIN(d->first_ns, time) : time;
	d->last_ns = d->count ? MAX(d->last_ns, time) : time;
	d->count++;
	return 0;
}

size_t detections_count(const struct detections *l)
{
	return l->count;
}

const struct detection *detections_get(const struct detections *l, size_t i)
{
	return l->entries[i];
}
