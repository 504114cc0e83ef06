/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/ingest/group.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct group {
	struct group_options options;
	pthread_mutex_t lock; /* all below */
	pthread_cond_t changed;
	struct group_member *first, **last;
	unsigned int running;
};

int group_new(const struct group_options *options, struct group **ret_group)
{
	struct group *g = calloc(1, sizeof(*g));

	if (!g)
		return -ENOMEM;
	g->options = *options;
	g->last = &g->first;
	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->changed, NULL);
	*ret_group = g;
	return 0;
}

void group_free(struct group *g)
{
	if (!g)
		return;
	pthread_cond_destroy(&g->changed);
	pthread_mutex_destroy(&g->lock);
	free(g);
}

/* Whether m may go with those that were taken before it. */
static bool fits(const struct group *g, struct group_member *const *members, unsigned int count,
		 size_t bytes, const struct group_member *m)
{
	if (!count)
		return true;
	return count < GROUP_MEMBERS_MAX && bytes + m->bytes <= g->options.bytes_max && !m->alone &&
	       !members[0]->alone;
}

/* In the order in which they came, so that nobody waits for ever. Called with the lock. */
static unsigned int take(struct group *g, struct group_member **members)
{
	unsigned int count = 0;
	size_t bytes = 0;

	while (g->first && fits(g, members, count, bytes, g->first)) {
		struct group_member *m = g->first;

		g->first = m->next;
		m->taken = true;
		bytes += m->bytes;
		members[count++] = m;
	}
	if (!g->first)
		g->last = &g->first;
	return count;
}

/* Called with the lock, which it gives up while it runs. */
static void lead(struct group *g)
{
	struct group_member *members[GROUP_MEMBERS_MAX];
	unsigned int count = take(g, members);

	g->running++;
	pthread_mutex_unlock(&g->lock);
	g->options.run(g->options.arg, members, count);
	pthread_mutex_lock(&g->lock);
	g->running--;
	for (unsigned int i = 0; i < count; i++)
		members[i]->done = true;
	pthread_cond_broadcast(&g->changed);
}

int group_join(struct group *g, struct group_member *m, struct err *err)
{
	m->next = NULL;
	m->taken = m->done = false;
	pthread_mutex_lock(&g->lock);
	*g->last = m;
	g->last = &m->next;
	while (!m->done) {
		if (!m->taken && g->running < g->options.runs_max)
			lead(g);
		else
			pthread_cond_wait(&g->changed, &g->lock);
	}
	pthread_mutex_unlock(&g->lock);
	if (m->result < 0 && err)
		*err = m->err;
	return m->result;
}
